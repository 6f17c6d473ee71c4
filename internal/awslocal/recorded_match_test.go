package awslocal_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// wire is the last answer as it was on the wire.
type wire struct {
	client *http.Client
	last   answer
}

type answer struct {
	status int
	code   string // of an error
	body   any    // members
}

// captured is a configuration whose answers can be looked at.
func captured(cfg aws.Config) (aws.Config, *wire) {
	w := &wire{client: http.DefaultClient}
	cfg.HTTPClient = w
	return cfg, w
}

// Do implements aws.HTTPClient.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	reply, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(reply.Body)
	_ = reply.Body.Close()
	reply.Body = io.NopCloser(bytes.NewReader(body))
	w.last = answer{status: reply.StatusCode}
	if reply.StatusCode >= 300 {
		w.last.code = reply.Header.Get("X-Amzn-Errortype")
	}
	if strings.Contains(reply.Header.Get("Content-Type"), "xml") {
		w.last.body = xmlMembers(body)
	} else if len(body) > 0 {
		err = errors.Join(err, json.Unmarshal(body, &w.last.body))
	}
	return reply, err
}

// xmlMembers are the members of an answer of the query protocol.
func xmlMembers(body []byte) any {
	type node struct {
		XMLName xml.Name
		Nodes   []node `xml:",any"`
		Text    string `xml:",chardata"`
	}
	var members func(n node) any
	members = func(n node) any {
		if len(n.Nodes) == 0 {
			return n.Text
		}
		m := map[string]any{}
		for _, child := range n.Nodes {
			m[child.XMLName.Local] = members(child)
		}
		return m
	}
	var root node
	if xml.Unmarshal(body, &root) != nil || len(root.Nodes) == 0 {
		return nil
	}
	return members(root.Nodes[0])
}

// boto3 is an answer in the form of the recordings: as the AWS SDK for Python returns it.
func (a answer) boto3() any {
	metadata := map[string]any{"HTTPHeaders": map[string]any{}, "HTTPStatusCode": float64(a.status)}
	members, _ := a.body.(map[string]any)
	if members == nil {
		members = map[string]any{}
	}
	out := map[string]any{"ResponseMetadata": metadata}
	for name, value := range members {
		if name != "__type" {
			out[name] = value
		}
	}
	if a.code == "" {
		return out
	}
	if _, ok := members["Code"]; ok { // the query protocol
		return map[string]any{"Error": members, "ResponseMetadata": metadata}
	}
	message, ok := members["message"]
	if !ok {
		message, ok = members["Message"]
	}
	if !ok {
		message = ""
	}
	out["Error"] = map[string]any{"Code": a.code, "Message": message}
	if !slices.Contains(modeled(), a.code) {
		delete(out, "message")
		delete(out, "Message")
	}
	return out
}

// modeled are the errors with members in the service models. Only of these does the SDK for Python show the members.
func modeled() []string {
	return []string{
		"TagException", "NotFoundException", "InvalidKeyUsageException", "IncorrectKeyException", "UnsupportedOperationException", "DisabledException",
		"KMSInvalidStateException", "ResourceNotFoundException", "InvalidParameterValueException", "ResourceConflictException", "PreconditionFailedException",
		"InvalidRequestException", "InvalidParameterException", "ResourceExistsException",
	}
}

func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

// constraintsOf is the form in which the suite recorded some errors: their constraints, sorted.
func constraintsOf(reply map[string]any) any {
	failed, _ := reply["Error"].(map[string]any)
	text, _ := failed["Message"].(string)
	detected := regexp.MustCompile(`^[0-9]+ validation errors? detected: `)
	if !detected.MatchString(text) {
		return map[string]any{"Code": failed["Code"], "Message": text}
	}
	all := []any{}
	broken := strings.Split(detected.ReplaceAllString(text, ""), "; ")
	slices.Sort(broken)
	for _, text := range broken {
		all = append(all, text)
	}
	return map[string]any{"Code": failed["Code"], "Count": float64(len(all)), "Errors": all}
}

// matching compares answers with recorded ones, in which what differs between runs is replaced: "<key-id:1>" is the same everywhere
// in one test, and "<key-id:2>" is another.
type matching struct {
	account string
	bound   map[string]string
	differ  []string // members that are explained
}

var repeatedLetters = regexp.MustCompile(`<a:len\(([0-9]+)\)>`)

// answer compares one answer. The arguments are a member of the reply to compare instead of the whole, "of:" and a member of what was
// recorded, and "beside": another service passed the error on, with a prefix to its code. "raw" compares the body as it was on the wire, and "says:" with an
// operation the text of the SDK for Python.
func (m *matching) answer(recorded json.RawMessage, got answer, args []string) error {
	text := strings.ReplaceAll(string(recorded), "111111111111", m.account)
	text = repeatedLetters.ReplaceAllStringFunc(text, func(letters string) string {
		n, _ := strconv.Atoi(repeatedLetters.FindStringSubmatch(letters)[1])
		return strings.Repeat("a", n)
	})
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		return err
	}
	reply := got.boto3()
	if members, ok := want.(map[string]any); ok && members["ResponseMetadata"] == nil && (isText(members["ARN"]) || members["SecretList"] != nil) {
		delete(reply.(map[string]any), "ResponseMetadata") // some tests of Secrets Manager recorded the members alone
	}
	if members, ok := want.(map[string]any); ok && members["Error"] == nil && isText(members["Code"]) {
		reply = constraintsOf(reply.(map[string]any))
	}
	for _, arg := range args {
		if arg == "beside" {
			want.(map[string]any)["Error"].(map[string]any)["Code"] = got.code
			delete(reply.(map[string]any), "message")
			continue
		}
		if arg == "raw" {
			reply = got.body
			continue
		}
		if operation, ok := strings.CutPrefix(arg, "says:"); ok {
			reply = fmt.Sprintf("An error occurred (%s) when calling the %s operation: %v", got.code, operation, lookUp(reply, "Error.Message"))
			continue
		}
		if member, ok := strings.CutPrefix(arg, "of:"); ok {
			want = want.(map[string]any)[member]
			continue
		}
		reply = lookUp(reply, arg)
	}
	return m.same(want, reply, "")
}

func (m *matching) same(want, got any, at string) error {
	if slices.Contains(m.differ, at) {
		return nil
	}
	at = strings.TrimPrefix(at, ".")
	switch w := want.(type) {
	case map[string]any:
		return m.sameMembers(w, got, at)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Errorf("%s is %v, not %v", at, got, want)
		}
		for i := range w {
			if err := m.same(w[i], g[i], at+"."+strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	case string:
		return m.sameText(w, got, at)
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%s is %v, not %v", at, got, want)
	}
	return nil
}

func (m *matching) sameMembers(want map[string]any, got any, at string) error {
	if text, ok := got.(string); ok { // a document, which the suite parsed
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			return fmt.Errorf("%s is %v", at, got)
		}
	}
	g, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %v, not %v", at, got, want)
	}
	want = m.named(want, g)
	path := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	for name := range g {
		if _, ok := want[name]; !ok && !slices.Contains(m.differ, path(name)) {
			return fmt.Errorf("%s should not be there: %v", path(name), g[name])
		}
	}
	for name, value := range want {
		if _, ok := g[name]; !ok && !slices.Contains(m.differ, path(name)) {
			return fmt.Errorf("%s is missing: %v", path(name), value)
		}
		if err := m.same(value, g[name], path(name)); err != nil {
			return err
		}
	}
	return nil
}

// named is an object with the names that placeholders stand for. If it is clear what a new one stands for, it is bound.
func (m *matching) named(want, got map[string]any) map[string]any {
	out, unbound := map[string]any{}, []string{}
	for name, value := range want {
		switch bound, ok := m.bound[name]; {
		case ok:
			out[bound] = value
		case placeholder.MatchString(name):
			unbound = append(unbound, name)
		default:
			out[name] = value
		}
	}
	others := slices.DeleteFunc(slices.Collect(maps.Keys(got)), func(name string) bool { return out[name] != nil })
	for _, name := range unbound {
		if len(unbound) == 1 && len(others) == 1 && m.bind(name, others[0]) == nil {
			out[others[0]] = want[name]
		} else {
			out[name] = want[name]
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`<[a-zA-Z][^<>]*>`)

// sameText compares a text in which parts are replaced, or all of it.
func (m *matching) sameText(want string, got any, at string) error {
	if slices.Contains([]string{"datetime", "date", "plaintext", "ciphertext-blob"}, want) && got != nil {
		return nil
	}
	text := fmt.Sprint(got)
	if got == nil {
		return fmt.Errorf("%s is missing: %v", at, want)
	}
	names := placeholder.FindAllString(want, -1)
	pattern, groups := "", []string{}
	for i, literal := range placeholder.Split(want, -1) {
		pattern += regexp.QuoteMeta(literal)
		if i == len(names) {
			break
		}
		if known, ok := m.bound[names[i]]; ok {
			pattern += regexp.QuoteMeta(known)
			continue
		}
		if strings.HasPrefix(names[i], "<ArnPart-") { // the end of a secret's ARN, behind its name
			pattern += "(-[A-Za-z0-9]{6})"
		} else {
			pattern += "(.+?)"
		}
		groups = append(groups, names[i])
	}
	found := regexp.MustCompile("(?s)^" + pattern + "$").FindStringSubmatch(text)
	if found == nil {
		return fmt.Errorf("%s is\n%q, not\n%q", at, text, want)
	}
	for i, name := range groups {
		if err := m.bind(name, found[i+1]); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

// bind remembers what a numbered placeholder stands for.
func (m *matching) bind(name, value string) error {
	kind, number, numbered := strings.Cut(strings.Replace(name, "-", ":", strings.Count(name, "idx>")), ":") // "<SecretId-0idx>"
	if !numbered {
		return nil
	}
	for other, bound := range m.bound {
		if otherKind, n, _ := strings.Cut(other, ":"); otherKind == kind && n != number && bound == value {
			return fmt.Errorf("%s and %s are both %q", name, other, value)
		}
	}
	m.bound[name] = value
	return nil
}

// TestOtherAnswersAreFound compares answers with recorded ones that differ.
func TestOtherAnswersAreFound(t *testing.T) {
	const recorded = `{"Keys": [{"Id": "<id:1>", "Arn": "arn:<partition>:kms:<region>:111111111111:key/<id:1>"}, {"Id": "<id:2>"}],
		"When": "datetime", "ResponseMetadata": {"HTTPHeaders": {}, "HTTPStatusCode": 200}}`
	reply := func(text string) (a answer) {
		a.status = http.StatusOK
		if err := json.Unmarshal([]byte(text), &a.body); err != nil {
			t.Fatal(err)
		}
		return a
	}
	const right = `{"Keys": [{"Id": "a", "Arn": "arn:aws:kms:eu-west-1:000000000000:key/a"}, {"Id": "b"}], "When": 1.5}`
	compare := func(got answer) error {
		m := matching{account: "000000000000", bound: map[string]string{}}
		return m.answer(json.RawMessage(recorded), got, nil)
	}
	if err := compare(reply(right)); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string][2]string{
		"another account": {"000000000000", "222222222222"}, "another key": {"key/a", "key/b"}, "one key twice": {`"b"`, `"a"`},
		"no date": {`1.5`, `null`}, "one more member": {`"When"`, `"Why": 1, "When"`}, "one less": {`, "When": 1.5`, ``},
		"one more item": {`{"Id": "b"}`, `{"Id": "b"}, {"Id": "c"}`}, "one less item": {`, {"Id": "b"}`, ``},
	} {
		if compare(reply(strings.Replace(right, edit[0], edit[1], 1))) == nil {
			t.Errorf("%s: not found", name)
		}
	}
	failed := reply(right)
	failed.status = http.StatusCreated
	if compare(failed) == nil {
		t.Error("another status: not found")
	}
}
