package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/kms"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// The keys of vectors.seed.json.
const (
	keyPrefix  = "arn:aws:kms:us-east-1:000000000000:key/"
	mainKey    = keyPrefix + "11111111-1111-4111-8111-111111111111"
	otherKey   = keyPrefix + "22222222-2222-4222-8222-222222222222"
	mrkKey     = keyPrefix + "mrk-33333333333333333333333333333333"
	offKey     = keyPrefix + "44444444-4444-4444-8444-444444444444"
	deniedKey  = keyPrefix + "55555555-5555-4555-8555-555555555555"
	absentKey  = keyPrefix + "66666666-6666-4666-8666-666666666666"
	vectorRoot = "testdata/vectors"
)

// A vector is one case before it is written. The document consists of header,
// unchanged and valid or not, and one ciphertext per plaintext of boxes.
type vector struct {
	name, comment, expect string
	rule, call            string
	files, env, unset     []string
	secrets               []pair // what the call must return
	bytes                 []pair // what bytes must return, if that differs

	header  string
	key     string                                 // of the key line; "" is mainKey
	sealKey string                                 // the key that seals; "" is key
	boxes   []string                               // plaintexts
	context func(box int, pairs map[string]string) // changes the encryption context
	edit    func(document string) string           // changes the finished document
}

type pair struct{ name, value string }

// sealer encrypts with the keys of the seed file, regardless of their state.
type sealer struct {
	service *kms.Service
	request call.Request
}

func newSealer(t *testing.T) *sealer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorRoot, "vectors.seed.json"))
	if err != nil {
		t.Fatal(err)
	}
	var seed struct {
		Keys []struct{ ID, Material string }
	}
	if err := json.Unmarshal(text, &seed); err != nil {
		t.Fatal(err)
	}
	const account = "000000000000"
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}}`
	var keys []map[string]any
	for _, k := range seed.Keys {
		keys = append(keys, map[string]any{"id": k.ID, "material": k.Material, "account": account, "region": "us-east-1",
			"spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT", "origin": "AWS_KMS", "state": "Enabled", "policy": policy})
	}
	snapshot, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	s := kms.New()
	if err := s.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	root := call.Principal{ARN: "arn:aws:iam::000000000000:root", Account: account, Root: true}
	return &sealer{s, call.Request{Service: "kms", Region: "us-east-1", Account: account, Caller: root, Now: time.Now()}}
}

// seal makes a ciphertext. If the seed does not have the key, it uses mainKey.
func (s *sealer) seal(t *testing.T, key, plaintext string, context map[string]string) []byte {
	t.Helper()
	if !slices.Contains([]string{mainKey, otherKey, mrkKey, offKey, deniedKey}, key) {
		key = mainKey
	}
	r := s.request
	blob, _, err := s.service.EncryptFor(&r, key, []byte(plaintext), context)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// document builds the document of v. It derives the contexts from the text of
// the header, without the package's own code, so that a reader that misses the
// fault would open the document.
func (v vector) document(t *testing.T, s *sealer) string {
	key, sealKey := mainKey, v.sealKey
	if v.key != "" {
		key = v.key
	}
	if sealKey == "" {
		sealKey = key
	}
	sum := sha256.Sum256([]byte(v.header))
	setting := map[string]string{}
	var boxes []string
	for line := range strings.SplitSeq(v.header, "\n") {
		keyword, rest, _ := strings.Cut(line, " ")
		if keyword == "box" {
			boxes = append(boxes, rest)
		}
		setting[keyword] = rest
	}
	text := v.header + "key " + key + "\n"
	for i, plaintext := range v.boxes {
		context := map[string]string{
			"bundle:document":    hex.EncodeToString(sum[:]),
			"bundle:function":    setting["bundle"] + "/" + setting["function"],
			"bundle:environment": setting["environment"],
			"bundle:box":         strconv.Itoa(i+1) + "/" + strconv.Itoa(len(v.boxes)),
		}
		if setting["mode"] == "blind" {
			context["bundle:secret"] = boxes[i]
		}
		if v.context != nil {
			v.context(i, context)
		}
		text += base64.StdEncoding.EncodeToString(s.seal(t, sealKey, plaintext, context)) + "\n"
	}
	if v.edit != nil {
		text = v.edit(text)
	}
	return text
}

// text returns the whole file.
func (v vector) text(t *testing.T, s *sealer) []byte {
	document := v.document(t, s)
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			b.WriteString(key + ": " + value + "\n")
		}
	}
	line("comment", v.comment)
	line("expect", v.expect)
	line("rule", v.rule)
	line("call", v.call)
	for _, f := range v.files {
		line("file", f)
	}
	for _, e := range v.env {
		line("env", strings.ReplaceAll(e, "{digest}", digest(document)))
	}
	for _, u := range v.unset {
		line("unset", u)
	}
	for _, p := range v.secrets {
		line("secret", p.name+" "+encoded(p.value))
	}
	for _, p := range v.bytes {
		if strings.HasPrefix(p.value, "!") {
			line("bytes", p.name+" "+p.value)
			continue
		}
		line("bytes", p.name+" "+encoded(p.value))
	}
	return []byte(b.String() + "\n" + document)
}

func encoded(value string) string {
	if len(value) > 300 {
		return "sha256:" + digest(value)
	}
	return base64.StdEncoding.EncodeToString([]byte(value))
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// TestVectorFilesAreAllThere compares the folder with the table. With -update,
// it writes missing files. Without it, a missing or unknown file fails the test.
func TestVectorFilesAreAllThere(t *testing.T) {
	all := allVectors()
	known := map[string]bool{}
	var s *sealer
	for _, v := range all {
		if known[v.name] {
			t.Fatalf("two vectors are called %q", v.name)
		}
		known[v.name] = true
		path := filepath.Join(vectorRoot, v.name+".txt")
		old, err := os.ReadFile(path)
		switch {
		case err == nil && !bytes.HasPrefix(old, []byte("comment: "+v.comment+"\nexpect: "+v.expect+"\n")):
			t.Errorf("%s differs from the table; delete it and run with -update", path)
		case err == nil:
		case !*update:
			t.Errorf("%v; run with -update", err)
		default:
			if s == nil {
				s = newSealer(t)
			}
			if err := os.WriteFile(path, v.text(t, s), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(vectorRoot, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !known[strings.TrimSuffix(filepath.Base(path), ".txt")] {
			t.Errorf("%s is not in the table", path)
		}
	}
}

// The parts of headers. Fixed dates and names; the values are samples.

func head(mode string) string {
	return "bundle/1\nbundle payments\nenvironment prod\nfunction hello\nname payments-prod-hello\nmode " + mode + "\n"
}

func src(name string) string { return srcWith(name, "text", "7", "2026-11-01T10:00:00.123Z", "-") }

func srcWith(name, encoding, version, date, field string) string {
	return fmt.Sprintf("source %s %s ssm arn:aws:ssm:us-east-1:000000000000:parameter/prod/payments/%s %s %s %s\n",
		name, encoding, strings.ToLower(name), version, date, field)
}

// object returns a box of whole secrets as a writer writes it (F-23). In the
// values, it escapes only quotes, backslashes and line feeds.
func object(secrets ...pair) string {
	var members []string
	for _, p := range secrets {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(p.value)
		members = append(members, `"`+p.name+`":"`+value+`"`)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// pack is a document of whole secrets, each of the given boxes one object.
func pack(boxes ...[]pair) vector {
	v := vector{expect: "ok", files: []string{home}}
	var sources, lines []string
	for _, box := range boxes {
		line := "box"
		for _, p := range box {
			sources = append(sources, p.name)
			line += " " + p.name
			v.secrets = append(v.secrets, p)
		}
		lines = append(lines, line+"\n")
		v.boxes = append(v.boxes, object(box...))
	}
	v.header = head("pack") + sourceLines(sources) + strings.Join(lines, "") + "\n"
	return v
}

// blind is a document of one box per secret.
func blind(secrets ...pair) vector {
	v := vector{expect: "ok", files: []string{home}, secrets: secrets}
	var names []string
	lines := ""
	for _, p := range secrets {
		names = append(names, p.name)
		lines += "box " + p.name + "\n"
		v.boxes = append(v.boxes, p.value)
	}
	v.header = head("blind") + sourceLines(names) + lines + "\n"
	return v
}

// parts is a document of one secret, split into parts (F-25).
func parts(name, value string) vector {
	v := vector{expect: "ok", files: []string{home}, secrets: []pair{{name, value}}}
	for rest := value; rest != ""; {
		n := min(len(rest), sealed.MaxBox)
		v.boxes, rest = append(v.boxes, rest[:n]), rest[n:]
	}
	lines := ""
	for i := range v.boxes {
		lines += fmt.Sprintf("box %s %d/%d\n", name, i+1, len(v.boxes))
	}
	v.header = head("pack") + src(name) + lines + "\n"
	return v
}

func sourceLines(names []string) string {
	lines := ""
	for _, name := range slices.Sorted(slices.Values(names)) {
		lines += src(name)
	}
	return lines
}

// base is the document that most faults are made from. Without a fault, it opens.
func base() vector {
	return pack([]pair{{"DB_PASSWORD", "sample-password"}, {"STRIPE_KEY", "sample-stripe-key"}})
}

const home = "payments-prod-hello.sealed"

// as names a vector.
func (v vector) as(name, comment string) vector {
	v.name, v.comment = name, comment
	return v
}

// fails makes a vector expect an error, and no secret.
func (v vector) fails(code string) vector {
	v.expect, v.secrets, v.bytes = code, nil, nil
	return v
}

// breaks makes a vector expect that Parse names a rule.
func (v vector) breaks(rule string) vector {
	v = v.fails("bad_document")
	v.rule = rule
	return v
}

// swap replaces the first occurrence of a text in the header, before sealing.
func (v vector) swap(old, with string) vector {
	if !strings.Contains(v.header, old) {
		panic("vector " + v.name + ": no " + old)
	}
	v.header = strings.Replace(v.header, old, with, 1)
	return v
}

// after replaces the first occurrence of a text in the document, after sealing.
func (v vector) after(old, with string) vector {
	v.edit = func(document string) string {
		if !strings.Contains(document, old) {
			panic("vector " + v.name + ": no " + old)
		}
		return strings.Replace(document, old, with, 1)
	}
	return v
}

// lines edits the ciphertext lines of the finished document.
func (v vector) lines(edit func(ciphertexts []string) []string) vector {
	v.edit = func(document string) string {
		at := strings.Index(document, "\nkey ") + 1
		at += strings.Index(document[at:], "\n") + 1
		list := strings.Split(strings.TrimSuffix(document[at:], "\n"), "\n")
		return document[:at] + strings.Join(edit(list), "\n") + "\n"
	}
	return v
}

func (v vector) with(env ...string) vector { v.env = append(v.env, env...); return v }
func (v vector) less(unset ...string) vector {
	v.unset = append(v.unset, unset...)
	return v
}
func (v vector) at(files ...string) vector  { v.files = files; return v }
func (v vector) calling(call string) vector { v.call = call; return v }
