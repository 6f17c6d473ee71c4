package helpertest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// A parsed document is what a parser made of one: the rule that it breaks, or its content and, if there are plaintexts, the values.
type parsed struct {
	Rule     string            `json:"rule,omitempty"`
	Key      string            `json:"key,omitempty"`
	Secrets  map[string]string `json:"secrets,omitempty"` // the encodings
	Boxes    []parsedBox       `json:"boxes,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // in base64
	Tampered string            `json:"tampered,omitempty"`
}

type parsedBox struct {
	Names      []string          `json:"names"`
	Part       int               `json:"part"`
	Parts      int               `json:"parts"`
	Ciphertext string            `json:"ciphertext"`
	Context    map[string]string `json:"context"`
}

// A mutant is a document, and the plaintexts of its boxes if the parser of Go accepts it.
type mutant struct {
	document   []byte
	plaintexts [][]byte
	edits      int  // of the document
	loose      bool // the document can break several rules
	want       parsed
}

// TestParsersAgree changes the vectors at random and shows them to the parsers of all languages: each refuses or accepts what Go's
// does, and reads the same from it. BUNDLE_TEST_MUTATIONS is how many, BUNDLE_TEST_SEED where they begin.
func TestParsersAgree(t *testing.T) {
	n, seed := setting(t, "BUNDLE_TEST_MUTATIONS", 5000), setting(t, "BUNDLE_TEST_SEED", 1)
	m := newMutator(t, uint64(seed))
	mutants := make([]mutant, n)
	accepted, opened := 0, 0
	for i := range mutants {
		mutants[i] = m.mutant()
		if mutants[i].want.Rule == "" {
			accepted++
		}
		if mutants[i].want.Values != nil {
			opened++
		}
	}
	if accepted < n/10 || accepted > n*9/10 || opened < n/50 {
		t.Errorf("of %d, %d are accepted and %d open", n, accepted, opened)
	}
	each(t, func(t *testing.T, l language) {
		got := l.parseAll(t, mutants)
		for i, one := range mutants {
			if one.loose && one.want.Rule != "" && strings.HasPrefix(got[i].Rule, "F-") {
				continue // of several broken rules, a parser names any
			}
			if !reflect.DeepEqual(got[i], one.want) {
				t.Fatalf("mutant %d of BUNDLE_TEST_SEED=%d: got %+v, Go has %+v, of %d edits to\n%q\nwith plaintexts\n%q",
					i, seed, got[i], one.want, one.edits, one.document, one.plaintexts)
			}
		}
	})
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// parseAll runs one process of a language over all mutants.
func (l language) parseAll(t *testing.T, mutants []mutant) []parsed {
	t.Helper()
	needs.Program(t, l.program, l.from)
	script, parser := "parse.cjs", "../../runtime/node/package/lib/document.cjs"
	if l.kind == "python" {
		script, parser = "parse.py", "../../runtime/python/python"
	}
	parser, err := filepath.Abs(parser)
	if err != nil {
		t.Fatal(err)
	}
	var in, stderr bytes.Buffer
	for _, m := range mutants {
		in.WriteString(base64.StdEncoding.EncodeToString(m.document))
		for i, p := range m.plaintexts {
			in.WriteString(map[bool]string{true: " ", false: ","}[i == 0] + base64.StdEncoding.EncodeToString(p))
		}
		in.WriteByte('\n')
	}
	cmd := exec.Command(l.program, filepath.Join("testdata", script), parser)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
	cmd.Stdin, cmd.Stderr = &in, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	var all []parsed
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var one parsed
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if len(all) != len(mutants) || lines.Err() != nil {
		t.Fatalf("%d answers for %d mutants, %v", len(all), len(mutants), lines.Err())
	}
	return all
}

// parseGo is the parser that the others are compared with.
func parseGo(document []byte) (*sealed.Document, parsed) {
	doc, err := sealed.Parse(document)
	if err != nil {
		var broken *sealed.FormatError
		if !errors.As(err, &broken) {
			return nil, parsed{Rule: err.Error()}
		}
		return nil, parsed{Rule: broken.Rule}
	}
	p := parsed{Key: doc.Key, Secrets: map[string]string{}}
	for _, s := range doc.Header.Sources {
		p.Secrets[s.Secret] = s.Encoding
	}
	for i, b := range doc.Header.Boxes {
		p.Boxes = append(p.Boxes, parsedBox{b.Secrets, b.Part, b.Parts, base64.StdEncoding.EncodeToString(doc.Ciphertexts[i]), doc.Context(i)})
	}
	return doc, p
}

// A mutator makes mutants of the vectors.
type mutator struct {
	*rand.Rand
	valid, broken [][]byte
	lines         [][]byte // of all documents, for splices
}

func newMutator(t *testing.T, seed uint64) *mutator {
	t.Helper()
	m := &mutator{Rand: rand.New(rand.NewPCG(seed, 0))}
	paths, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		v := readVector(t, strings.TrimSuffix(filepath.Base(path), ".txt"))
		if len(v.document) == 0 || len(v.document) > 16<<10 {
			continue
		}
		if _, err := sealed.Parse([]byte(v.document)); err == nil {
			m.valid = append(m.valid, []byte(v.document))
		} else {
			m.broken = append(m.broken, []byte(v.document))
		}
		m.lines = append(m.lines, bytes.SplitAfter([]byte(v.document), []byte("\n"))...)
	}
	return m
}

func (m *mutator) mutant() mutant {
	from := m.valid
	if m.IntN(4) == 0 {
		from = m.broken
	}
	document := slices.Clone(pick(m, from))
	one := mutant{edits: []int{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 4}[m.IntN(12)]}
	for range one.edits {
		var several bool
		document, several = m.edit(document)
		one.loose = one.loose || several || one.edits > 1 || &from[0] == &m.broken[0]
	}
	one.document = document
	doc, want := parseGo(document)
	one.want = want
	if doc == nil {
		return one
	}
	for _, b := range doc.Header.Boxes {
		one.plaintexts = append(one.plaintexts, m.plaintext(doc.Header.Mode, b))
	}
	values, err := doc.Assemble(one.plaintexts)
	if err != nil {
		one.want.Tampered = "tampered"
		return one
	}
	one.want.Values = map[string]string{}
	for name, value := range values {
		one.want.Values[name] = base64.StdEncoding.EncodeToString(value)
	}
	return one
}

func pick[T any](m *mutator, all []T) T { return all[m.IntN(len(all))] }

// edit changes one thing of a document, and reports whether that alone can break several rules.
func (m *mutator) edit(b []byte) (edited []byte, several bool) {
	if len(b) == 0 {
		return b, false
	}
	at := m.IntN(len(b))
	lines := bytes.SplitAfter(b, []byte("\n"))
	line, other := m.IntN(len(lines)), m.IntN(len(lines))
	length, words := len(b), separators(b)
	switch m.IntN(14) {
	case 0:
		b[at] ^= 1 << m.IntN(8)
	case 1:
		b[at] = m.character()
	case 2:
		b = slices.Insert(b, at, m.character())
	case 3:
		b = slices.Delete(b, at, at+1)
	case 4:
		b = b[:at]
	case 5:
		b = append(b, b[at:]...)
	case 6: // a line twice
		b = bytes.Join(slices.Insert(lines, line, lines[line]), nil)
	case 7:
		b = bytes.Join(slices.Delete(lines, line, line+1), nil)
	case 8:
		lines[line], lines[other] = lines[other], lines[line]
		b = bytes.Join(lines, nil)
	case 9: // a line of any document
		lines[line] = pick(m, m.lines)
		return bytes.Join(lines, nil), true
	case 10, 11: // the words of a line
		lines[line] = m.words(lines[line])
		return bytes.Join(lines, nil), true
	default:
		b = m.number(b, at)
	}
	return b, len(b) <= length+1 && separators(b) > words // of a word, two were made, and neither may be right
}

func separators(b []byte) int { return bytes.Count(b, []byte(" ")) + bytes.Count(b, []byte("\n")) }

// character returns a byte that is likely to mean something.
func (m *mutator) character() byte {
	const some = " \n\t\r\x00\x7f\xc3\xff:/.,=_-+%~!09AZaz"
	return some[m.IntN(len(some))]
}

// words removes, repeats, swaps or replaces a word of a line.
func (m *mutator) words(line []byte) []byte {
	words := strings.Split(strings.TrimSuffix(string(line), "\n"), " ")
	i, j := m.IntN(len(words)), m.IntN(len(words))
	switch m.IntN(5) {
	case 0:
		words = slices.Delete(words, i, i+1)
	case 1:
		words = slices.Insert(words, i, words[j])
	case 2:
		words[i], words[j] = words[j], words[i]
	case 3:
		words[i] = strings.ToUpper(words[i])
	default:
		words[i] = []string{"", "-", "0", "A9", "1/1", "1/2", "pack", "blind", "text", "base64", "ssm", "secretsmanager", "bundle/1", "bundle/2", "bundle/3", "/a", "/a.b", "/%2E", "/%20",
			"0123456789abcdef0123456789abcdef", "__proto__", "constructor", "2026-02-29T10:00:00.123Z",
			"0000-02-29T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "9223372036854775808", "min_length=1", "AA==", "AB==", "a.b", "a..b"}[m.IntN(31)]
	}
	return []byte(strings.Join(words, " ") + "\n")
}

// number replaces the digits at or after a position.
func (m *mutator) number(b []byte, at int) []byte {
	from := at + bytes.IndexAny(b[at:], "0123456789")
	if from < at {
		return b
	}
	to := from
	for to < len(b) && b[to] >= '0' && b[to] <= '9' {
		to++
	}
	digits := string(b[from:to])
	n, _ := strconv.ParseInt(digits, 10, 64)
	return slices.Replace(b, from, to, []byte([]string{"0", "1", "-1", "+1", "0" + digits, strconv.FormatInt(n+1, 10), strconv.FormatInt(n-1, 10), "1000", "1001", "10000",
		"9223372036854775807", "9223372036854775808", "99999999999999999999", "1e3", "1_0", "٣"}[m.IntN(16)])...)
}

// plaintext makes what a box could open to: what belongs into it, or something like it.
func (m *mutator) plaintext(mode sealed.Mode, b sealed.Box) []byte {
	right := m.IntN(3) > 0
	switch {
	case (mode == sealed.Blind || b.Parts > 0) && right:
		size := 1 + m.IntN(100)
		if b.Part < b.Parts {
			size = sealed.MaxBox
		}
		return bytes.Repeat([]byte("s"), size)
	case mode == sealed.Blind || b.Parts > 0:
		size := []int{0, 1, 2, 31, sealed.MaxBox - 1, sealed.MaxBox, sealed.MaxBox + 1}[m.IntN(7)]
		return bytes.Repeat([]byte("é"), size+1)[m.IntN(2):][:size]
	case right:
		return []byte(m.object(b.Secrets, values[:4], func() string { return "" }))
	}
	text := []byte(m.object(b.Secrets, values, m.space))
	for range []int{0, 1, 3}[m.IntN(3)] {
		const some = "{}[]\",:\\u0dn\x00\x01\xff /"
		at := m.IntN(len(text)) // never empty: at most three of its bytes go
		switch c := some[m.IntN(len(some))]; m.IntN(3) {
		case 0:
			text[at] = c
		case 1:
			text = slices.Insert(text, at, c)
		default:
			text = slices.Delete(text, at, at+1)
		}
	}
	return text
}

// object writes a JSON object, perhaps with a member twice or in another order if there are spaces.
func (m *mutator) object(names, values []string, space func() string) string {
	var members []string
	for _, name := range names {
		members = append(members, quoted(name)+space()+":"+space()+pick(m, values))
	}
	if space() != "" {
		members = slices.Insert(members, 0, pick(m, members))
	}
	return space() + "{" + strings.Join(members, space()+",") + space() + "}" + space()
}

func (m *mutator) space() string {
	return []string{"", "", "", "", "", "", "", "", "", "", " ", "\n", "\t\r", "\v", "\ufeff", "\u00a0"}[m.IntN(16)]
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// values are members of an object in a box, as they stand there.
var values = []string{`"x"`, `"x"`, `"x"`, `"sample \"value\""`, `"\u00e9é"`, `"\ud83d\ude00"`, `"\ud800"`, `"\udc00\ud800"`, `""`, `null`, `1`, `true`, `NaN`, `{}`, `["x"]`, `{"x":"y"}`,
	`"a\/b"`, `"\u0000"`, `"\x41"`, `'x'`, "\"tab\there\"", "\"\u2028\"", `"\u0061"`, `"😀"`, `"\uD83D\uDE00"`, `"\u12"`, `"x" "y"`, "\"\xed\xa0\x80\""}
