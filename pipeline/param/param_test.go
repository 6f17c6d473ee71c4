package param

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/secret"
)

// request is a call that the fake received.
type request struct {
	Operation      string `json:"-"`
	Names          []string
	WithDecryption bool
	Path           string
	Recursive      bool
	NextToken      string
	MaxResults     int
}

// answer is what the fake replies: a status, and a body that is marshaled unless it
// is a string.
type answer struct {
	status int
	body   any
}

func refusal(code, message string) answer {
	return answer{400, map[string]any{"__type": code, "message": message}}
}

// requestID is that of every reply of a fake.
const requestID = "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54"

// fake is a Parameter Store that can send invalid replies.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

func newFake(t *testing.T, reply func(request) answer) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		in := request{Operation: operation}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			if r.Context().Err() == nil && !errors.Is(err, io.ErrUnexpectedEOF) { // otherwise, the client gave up
				t.Error(err)
			}
			return
		}
		f.mu.Lock()
		f.requests = append(f.requests, in)
		f.mu.Unlock()
		a := reply(in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-RequestId", requestID)
		w.WriteHeader(a.status)
		if text, ok := a.body.(string); ok {
			_, _ = io.WriteString(w, text)
			return
		}
		if err := json.NewEncoder(w).Encode(a.body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// asked returns the requests so far, in a form that tests can compare.
func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.requests {
		text := strings.Join(r.Names, " ")
		if r.WithDecryption {
			text += " decrypted"
		}
		all = append(all, text)
	}
	return all
}

// honest answers correctly for every name except the missing ones.
func honest(in request, absent ...string) answer {
	parameters, invalid := []map[string]any{}, []string{}
	for _, name := range in.Names {
		if slices.Contains(absent, name) {
			invalid = append(invalid, name)
			continue
		}
		p := parameter(name, nil)
		if _, selector, ok := strings.Cut(name, ":"); ok && isDigit(selector[0]) {
			p["Version"] = json.Number(selector)
		}
		parameters = append(parameters, p)
	}
	slices.SortFunc(parameters, func(a, b map[string]any) int { return strings.Compare(a["Name"].(string), b["Name"].(string)) })
	return answer{200, map[string]any{"Parameters": parameters, "InvalidParameters": invalid}}
}

func source(url string) *Source {
	cfg := benchConfig(url)
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	s := New(cfg, Options{Account: "222222222222", TPS: new(float64)})
	s.pacer.Patience = 0 // a reply counts at once
	return s
}

func refs(t *testing.T, names ...string) []secret.Ref {
	t.Helper()
	var all []secret.Ref
	for _, name := range names {
		ref, err := secret.ParseRef(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ref)
	}
	return all
}

func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("/z/p%03d", n-i)) // not in alphabetical order
	}
	return all
}

// readAll collects results, and the order in which they arrived.
func readAll(t *testing.T, s *Source, decrypt bool, names ...string) (map[string]Result, []string, error) {
	t.Helper()
	results := make(map[string]Result)
	var order []string
	busy := false
	what := versions
	if decrypt {
		what = values
	}
	err := s.read(t.Context(), refs(t, names...), what, func(r Result) {
		if busy {
			t.Error("two results at a time")
		}
		busy = true
		if _, ok := results[r.Ref.String()]; ok {
			t.Errorf("%s is handed out twice", r.Ref)
		}
		results[r.Ref.String()] = r
		order = append(order, r.Ref.String())
		busy = false
	})
	return results, order, err
}

func TestParametersAreReadInBatchesOfTen(t *testing.T) {
	for n, batches := range map[int][]int{0: nil, 1: {1}, 10: {10}, 11: {10, 1}, 20: {10, 10}, 21: {10, 10, 1}} {
		for _, decrypt := range []bool{false, true} {
			f := newFake(t, func(in request) answer { return honest(in) })
			names := numbered(n)
			results, order, err := readAll(t, source(f.URL), decrypt, names...)
			if err != nil || len(results) != n {
				t.Fatalf("%d parameters: %d results, %v", n, len(results), err)
			}
			var sizes []int
			for _, r := range f.requests {
				sizes = append(sizes, len(r.Names))
				if first := slices.Index(names, r.Names[0]); first%10 != 0 || !slices.Equal(r.Names, names[first:min(first+10, n)]) {
					t.Errorf("%d parameters: batch %v is not in the order given", n, r.Names)
				}
				if r.WithDecryption != decrypt {
					t.Errorf("WithDecryption is %v", r.WithDecryption)
				}
				if at := slices.Index(order, r.Names[0]); !slices.Equal(order[at:at+len(r.Names)], r.Names) {
					t.Errorf("%d parameters: results came as %v", n, order)
				}
			}
			slices.SortFunc(sizes, func(a, b int) int { return b - a })
			if !slices.Equal(sizes, batches) {
				t.Errorf("%d parameters: batches of %v, want %v", n, sizes, batches)
			}
			for name, r := range results {
				v := r.Parameter.Version
				if r.Err != nil || r.Parameter.Ref != r.Ref || r.Parameter.Type != "SecureString" || v.Number != 7 ||
					v.ARN != "arn:aws:ssm:us-west-2:222222222222:parameter"+name ||
					v.Modified != time.Date(2025, 11, 1, 12, 0, 0, 123e6, time.UTC) {
					t.Errorf("%s: %+v", name, r)
				}
				want := ""
				if decrypt {
					want = "value of " + name
				}
				if got := string(r.Parameter.Value.Reveal()); got != want {
					t.Errorf("%s: value %q, want %q", name, got, want)
				}
			}
		}
	}
}

func TestSelectorsAndSpellingsAreMatched(t *testing.T) {
	f := newFake(t, func(in request) answer {
		a := honest(in)
		for _, p := range a.body.(map[string]any)["Parameters"].([]map[string]any) {
			if p["Name"] == "plain" {
				p["Name"] = "/plain" // as in PutParameter
			}
		}
		return a
	})
	results, _, err := readAll(t, source(f.URL), true, "/a/b", "/a/b:3", "/a/b:stable", "/a/b", "plain", "/plain:2", "/a/b")
	if err != nil || len(results) != 5 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for name, version := range map[string]int64{"/a/b": 7, "/a/b:3": 3, "/a/b:stable": 7, "plain": 7, "plain:2": 2} {
		r := results[name]
		if r.Err != nil || r.Parameter.Version.Number != version || r.Parameter.Ref.String() != name {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if got := f.asked(); len(got) != 1 || got[0] != "/a/b /a/b:3 /a/b:stable plain plain:2 decrypted" {
		t.Errorf("asked %q", got)
	}
}

func TestMissingParametersAndVersionsAreDistinguished(t *testing.T) {
	f := newFake(t, func(in request) answer {
		return honest(in, "/a/gone", "/a/gone:1", "/a/gone:x", "/a/here:9", "/a/here:nope")
	})
	results, _, err := readAll(t, source(f.URL), true, "/a/gone", "/a/gone:1", "/a/here:9", "/a/fine", "/a/here:nope", "/a/gone:x", "/a/here:2")
	if err != nil || len(results) != 7 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for name, want := range map[string]error{
		"/a/gone": ErrMissing, "/a/gone:1": ErrMissing, "/a/gone:x": ErrMissing,
		"/a/here:9": ErrVersion, "/a/here:nope": ErrVersion, "/a/fine": nil, "/a/here:2": nil,
	} {
		if r := results[name]; !errors.Is(r.Err, want) {
			t.Errorf("%s: %v, want %v", name, r.Err, want)
		}
	}
	if got := f.asked(); len(got) != 2 || got[1] != "/a/gone /a/here" {
		t.Errorf("asked %q", got)
	}
}

// store answers like Parameter Store if the caller cannot read or decrypt some
// names: one such name fails the whole call.
func store(denied, undecryptable, disabled []string, absent ...string) func(request) answer {
	return func(in request) answer {
		for _, name := range in.Names {
			bare, _, _ := strings.Cut(name, ":")
			switch {
			case slices.Contains(denied, bare):
				return refusal("AccessDeniedException", "User: x is not authorized to perform: ssm:GetParameters on resource: "+bare)
			case in.WithDecryption && slices.Contains(undecryptable, bare):
				return refusal("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist.")
			case in.WithDecryption && slices.Contains(disabled, bare):
				return refusal("InvalidKeyId", "arn:aws:kms:x is disabled.")
			}
		}
		return honest(in, absent...)
	}
}

func TestRefusalsAreDistinguishedAndAllReported(t *testing.T) {
	f := newFake(t, store([]string{"/a/d1", "/b/d2"}, []string{"/a/u"}, []string{"/a/k"}, "/a/m", "/a/v:1"))
	names := []string{"/a/ok1", "/a/d1", "/a/u", "/a/k", "/a/m", "/a/v:1", "/a/ok2", "/a/ok3", "/a/ok4", "/a/ok5", "/b/d2", "/b/ok6"}
	want := map[string]error{"/a/d1": ErrDenied, "/b/d2": ErrDenied, "/a/u": ErrUndecryptable, "/a/k": ErrUndecryptable, "/a/m": ErrMissing, "/a/v:1": ErrVersion}
	results, _, err := readAll(t, source(f.URL), true, names...)
	if err != nil || len(results) != len(names) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, name := range names {
		r := results[name]
		if !errors.Is(r.Err, want[name]) || want[name] == nil && string(r.Parameter.Value.Reveal()) != "value of "+name {
			t.Errorf("%s: %v, want %v", name, r.Err, want[name])
		}
	}
	if got := results["/a/d1"].Err.Error(); !strings.Contains(got, "ssm:GetParameters on resource: /a/d1") || !strings.Contains(got, requestID) {
		t.Errorf("the error does not say what AWS said: %s", got)
	}

	// Without decryption, only read permissions matter.
	results, _, err = readAll(t, source(f.URL), false, names...)
	if err != nil {
		t.Fatal(err)
	}
	delete(want, "/a/u")
	delete(want, "/a/k")
	for _, name := range names {
		if r := results[name]; !errors.Is(r.Err, want[name]) {
			t.Errorf("%s: %v, want %v", name, r.Err, want[name])
		}
	}
}

// Digits select a version, so another version in the reply is wrong.
func TestVersionsAreCheckedAgainstTheirSelectors(t *testing.T) {
	for _, n := range []string{"1", "9", "90", "19"} {
		for version, want := range map[string]error{n: nil, n + "1": ErrReply, "2": ErrReply} {
			f := newFake(t, func(request) answer {
				number, _ := strconv.Atoi(version)
				return answer{200, map[string]any{"Parameters": []any{parameter("/a/x:"+n, map[string]any{"Version": number})}}}
			})
			results, _, err := readAll(t, source(f.URL), true, "/a/x:"+n)
			if r := results["/a/x:"+n]; err != nil || !errors.Is(r.Err, want) {
				t.Errorf("version %s for %s: %v, %v", version, n, r.Err, err)
			}
		}
	}
}

// An ARN is shown only if it is the ARN of a parameter of that name. Anything else may be a value.
func TestErrorsShowOnlyARNsOfParameters(t *testing.T) {
	for arn, shown := range map[string]bool{
		"arn:aws:ssm:eu-west-1:222222222222:parameter/a/x":      true,
		"arn:aws-cn:ssm:us-west-2:333333333333:parameter/a/x":   true,
		"arn:aws:ssm:us-west-2:333333333333:parameter/a/y":      false,
		"arn:aws:ssm:us-west-2:333333333333:parameter/a/x/a/yy": false,
		"value of /a/x": false,
		"arn:aws:ssm:us-west-2:value of:parameter/a/x":        false,
		"arn:aws:ssm:us-west-2:333333333333:value of/a/x":     false,
		"value of arn:aws:ssm:us-west-2:333333333333:paramet": false,
	} {
		f := newFake(t, func(request) answer {
			return answer{200, map[string]any{"Parameters": []any{parameter("/a/x", map[string]any{"ARN": arn})}}}
		})
		results, _, err := readAll(t, source(f.URL), true, "/a/x")
		r := results["/a/x"]
		if err != nil || !errors.Is(r.Err, ErrReply) || strings.Contains(r.Err.Error(), arn) != shown || strings.Contains(r.Err.Error(), "another ARN") == shown {
			t.Errorf("%s: %v, %v", arn, r.Err, err)
		}
	}
}

// Only a parameter whose key is denied is read again, without decryption.
func TestRefusalsCostACallWhereDecryptionMayBeWhy(t *testing.T) {
	for name, tt := range map[string]struct {
		decrypt bool
		reply   func(request) answer
		want    error
		calls   int
	}{
		"denied":                      {true, store([]string{"/a/x"}, nil, nil), ErrDenied, 2},
		"denied, without decryption":  {false, store([]string{"/a/x"}, nil, nil), ErrDenied, 1},
		"undecryptable":               {true, store(nil, []string{"/a/x"}, nil), ErrUndecryptable, 2},
		"a key that is disabled":      {true, store(nil, nil, []string{"/a/x"}), ErrUndecryptable, 1},
		"refused for another reason":  {true, func(request) answer { return refusal("ValidationException", "") }, ErrReply, 1},
		"refused without decryption":  {false, func(request) answer { return refusal("ValidationException", "") }, ErrReply, 1},
		"a parameter that is missing": {true, store(nil, nil, nil, "/a/x"), ErrMissing, 1},
	} {
		f := newFake(t, tt.reply)
		results, _, err := readAll(t, source(f.URL), tt.decrypt, "/a/x")
		if r := results["/a/x"]; err != nil || !errors.Is(r.Err, tt.want) || len(f.asked()) != tt.calls {
			t.Errorf("%s: %v, %v after %d calls", name, r.Err, err, len(f.asked()))
		}
	}
}

// If only the read with decryption is denied, the key is denied, unless AWS says what it denied.
func TestDeniedKeysAreReported(t *testing.T) {
	for name, tt := range map[string]struct {
		answer answer
		key    bool
	}{
		"the key is hidden":        {refusal("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."), true},
		"nothing is said":          {refusal("AccessDeniedException", ""), true},
		"an action is named":       {refusal("AccessDeniedException", "User: arn:aws:sts::222222222222:assumed-role/x/y is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-west-2:222222222222:parameter/a/x"), false},
		"the key is not permitted": {refusal("AccessDeniedException", "User: arn:aws:sts::222222222222:assumed-role/x/y is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-west-2:222222222222:key/1"), false},
		"the key is disabled":      {refusal("InvalidKeyId", ""), false},
	} {
		f := newFake(t, func(in request) answer {
			if in.WithDecryption {
				return tt.answer
			}
			return honest(in)
		})
		results, _, err := readAll(t, source(f.URL), true, "/a/x")
		r := results["/a/x"]
		if why := awsfault.Find(r.Err); err != nil || !errors.Is(r.Err, ErrUndecryptable) || why == nil || why.Denial.Key != tt.key {
			t.Errorf("%s: %v, %v, %+v", name, r.Err, err, why)
		}
	}
}

func TestErrorsCostNoCallsWhereThereAreNone(t *testing.T) {
	f := newFake(t, func(in request) answer { return honest(in, "/z/p003") })
	if _, _, err := readAll(t, source(f.URL), true, numbered(21)...); err != nil {
		t.Fatal(err)
	}
	if got := len(f.asked()); got != 3 {
		t.Errorf("%d calls, want 3: a missing bare name needs no second question", got)
	}
}

func TestRepliesAreCheckedAgainstTheRequest(t *testing.T) {
	// Each case changes the reply to "/a/x", "/a/y" and "/a/z:7".
	good := func() []map[string]any {
		return []map[string]any{parameter("/a/x", nil), parameter("/a/y", nil), parameter("/a/z:7", nil)}
	}
	change := func(i int, c map[string]any) []map[string]any {
		p := good()
		maps.Copy(p[i], c)
		return p
	}
	arn := func(s string) []map[string]any { return change(0, map[string]any{"ARN": s}) }
	all := []string{"/a/x", "/a/y", "/a/z:7"}
	for name, tt := range map[string]struct {
		parameters []map[string]any
		invalid    []string
		bad        []string
	}{
		"nothing":            {nil, nil, all},
		"short":              {good()[:2], nil, all[2:]},
		"doubled":            {append(good(), parameter("/a/x", nil)), nil, all[:1]},
		"found and invalid":  {good(), []string{"/a/x"}, all[:1]},
		"invalid twice":      {good()[1:], []string{"/a/x", "/a/x"}, all[:1]},
		"unasked for":        {append(good(), parameter("/a/other", nil)), nil, all},
		"invalid unasked":    {good(), []string{"/a/other"}, all},
		"invalid bare name":  {good()[:2], []string{"/a/z"}, all},
		"wrong case":         {change(0, map[string]any{"Name": "/A/x"}), nil, all},
		"no name":            {change(0, map[string]any{"Name": ""}), nil, all},
		"no selector":        {change(2, map[string]any{"Selector": ""}), nil, all},
		"wrong selector":     {change(2, map[string]any{"Selector": ":8"}), nil, all},
		"unasked selector":   {change(0, map[string]any{"Selector": ":7"}), nil, all},
		"wrong version":      {change(2, map[string]any{"Version": 8}), nil, all[2:]},
		"version 10, not 7":  {change(2, map[string]any{"Version": 10}), nil, all[2:]},
		"version 0":          {change(0, map[string]any{"Version": 0}), nil, all[:1]},
		"negative version":   {change(0, map[string]any{"Version": -1}), nil, all[:1]},
		"no ARN":             {arn(""), nil, all[:1]},
		"another's ARN":      {arn("arn:aws:ssm:us-west-2:222222222222:parameter/a/y"), nil, all[:1]},
		"ARN of a tree":      {arn("arn:aws:ssm:us-west-2:222222222222:parameter/b/a/x"), nil, all[:1]},
		"ARN with version":   {arn("arn:aws:ssm:us-west-2:222222222222:parameter/a/x:7"), nil, all[:1]},
		"ARN of a service":   {arn("arn:aws:kms:us-west-2:222222222222:parameter/a/x"), nil, all[:1]},
		"ARN of a region":    {arn("arn:aws:ssm:eu-west-1:222222222222:parameter/a/x"), nil, all[:1]},
		"ARN of no account":  {arn("arn:aws:ssm:us-west-2::parameter/a/x"), nil, all[:1]},
		"ARN of a short one": {arn("arn:aws:ssm:us-west-2:22222222222:parameter/a/x"), nil, all[:1]},
		"ARN of another":     {arn("arn:aws:ssm:us-west-2:333333333333:parameter/a/x"), nil, all[:1]},
		"ARN of China":       {arn("arn:aws-cn:ssm:us-west-2:222222222222:parameter/a/x"), nil, all[:1]},
		"ARN of GovCloud":    {arn("arn:aws-us-gov:ssm:us-west-2:222222222222:parameter/a/x"), nil, all[:1]},
		"no partition":       {arn("arn::ssm:us-west-2:222222222222:parameter/a/x"), nil, all[:1]},
		"no ARN at all":      {arn("/a/x"), nil, all[:1]},
		"no date":            {change(0, map[string]any{"LastModifiedDate": nil}), nil, all[:1]},
		"no value":           {change(0, map[string]any{"Value": nil}), nil, all[:1]},
		"no type":            {change(0, map[string]any{"Type": ""}), nil, all[:1]},
		"unknown type":       {change(0, map[string]any{"Type": "Secret"}), nil, all[:1]},
	} {
		f := newFake(t, func(request) answer {
			return answer{200, map[string]any{"Parameters": tt.parameters, "InvalidParameters": tt.invalid}}
		})
		results, _, err := readAll(t, source(f.URL), true, all...)
		if err != nil || len(results) != 3 {
			t.Errorf("%s: %d results, %v", name, len(results), err)
			continue
		}
		for ref, r := range results {
			bad := slices.Contains(tt.bad, ref)
			if errors.Is(r.Err, ErrReply) != bad || !bad && r.Err != nil {
				t.Errorf("%s: %s: %v", name, ref, r.Err)
			}
			if bad && (r.Parameter.Value.Reveal() != nil || r.Parameter.Type != "" || r.Parameter.Version.ARN != "") {
				t.Errorf("%s: %s has a parameter and an error", name, ref)
			}
			if r.Err != nil && strings.Contains(r.Err.Error(), "value of") {
				t.Errorf("%s: the error shows a value: %v", name, r.Err)
			}
		}
	}
}

func TestAnEmptyReplyIsAnErrorForEveryName(t *testing.T) {
	for _, body := range []string{"{}", `{"Parameters":null}`, `{"Parameters":[],"InvalidParameters":[]}`} {
		f := newFake(t, func(request) answer { return answer{200, body} })
		results, _, err := readAll(t, source(f.URL), true, numbered(21)...)
		if err != nil || len(results) != 21 {
			t.Fatalf("%s: %d results, %v", body, len(results), err)
		}
		for name, r := range results {
			if !errors.Is(r.Err, ErrReply) || !strings.Contains(r.Err.Error(), name) {
				t.Errorf("%s: %v", name, r.Err)
			}
		}
	}
}

func TestWhatEveryCallWouldMeetStopsTheRead(t *testing.T) {
	const canary = "cAnArY7f3a9e"
	for name, tt := range map[string]struct {
		answer answer
		want   error
		text   string
	}{
		"throttled":       {refusal("ThrottlingException", "Rate exceeded"), ErrUnavailable, "ThrottlingException (request id " + requestID + ")"},
		"internal":        {answer{500, map[string]any{"__type": "InternalServerError"}}, ErrUnavailable, "InternalServerError"},
		"503 HTML":        {answer{503, "<html>"}, ErrUnavailable, "HTTP status 503"},
		"200 HTML":        {answer{200, "<html>"}, ErrUnavailable, "HTTP status 200"},
		"302":             {answer{302, ""}, ErrUnavailable, "HTTP status 302"},
		"truncated":       {answer{200, `{"Parameters":[{"Name":"/a/x","Value":"` + canary}, ErrUnavailable, "cut short"},
		"not JSON inside": {answer{200, `{"Parameters":[{"Name":"/a/x","Value":` + canary + `}]}`}, ErrUnavailable, "not from AWS"},
		"value a number":  {answer{200, `{"Parameters":[{"Name":"/a/x","Value":true` + canary + `}]}`}, ErrUnavailable, "not from AWS"},
		"empty":           {answer{500, ""}, ErrUnavailable, "HTTP status 500"},
		"expired":         {refusal("ExpiredTokenException", "The security token included in the request is expired"), ErrCredentials, "expired"},
		"unknown key":     {refusal("UnrecognizedClientException", "The security token included in the request is invalid."), ErrCredentials, "does not recognize the access key id"},
		"bad signature":   {refusal("InvalidSignatureException", "no"), ErrCredentials, "InvalidSignatureException"},
	} {
		f := newFake(t, func(request) answer { return tt.answer })
		results, _, err := readAll(t, source(f.URL), true, numbered(50)...)
		if !errors.Is(err, tt.want) || len(results) != 0 || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %d results, %v, want %v: %q", name, len(results), err, tt.want, tt.text)
		}
		if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), canary[:4])) {
			t.Errorf("%s: the error shows the reply: %v", name, err)
		}
	}
}

// marked is the error of bundle's own credentials if there are none.
type marked struct{ error }

func (marked) Class() awsfault.Class { return awsfault.Credentials }

func TestMissingCredentialsStopTheRead(t *testing.T) {
	f := newFake(t, func(in request) answer { return honest(in) })
	cfg := benchConfig(f.URL)
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, marked{errors.New("there are none")}
	})
	err := New(cfg, Options{}).Read(t.Context(), refs(t, "/a/x"), func(Result) { t.Error("a result") })
	if !errors.Is(err, ErrCredentials) || !strings.Contains(err.Error(), "there are none") || len(f.asked()) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestOneFailureCancelsTheOtherCalls(t *testing.T) {
	started := make(chan struct{}, 100)
	f := newFake(t, nil)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "/z/p500") { // in the first batch
			<-started // another call is in progress
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		started <- struct{}{}
		<-r.Context().Done()
	})
	if _, _, err := readAll(t, source(f.URL), true, numbered(500)...); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
	if len(started) > 2*defaultConcurrency {
		t.Errorf("%d calls were begun", len(started))
	}
}

func TestTheContextEndsTheRead(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := newFake(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	f.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		cancel()
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	err := source(f.URL).Read(ctx, refs(t, numbered(500)...), func(Result) { t.Error("a result") })
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("canceled: %v", err)
	}
	if err := source(f.URL).Read(ctx, refs(t, "/a/x"), func(Result) { t.Error("a result") }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before: %v", err)
	}
	if _, err := source(f.URL).List(ctx, "/a/b", true); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}

	expired, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	err = source(f.URL).Read(expired, refs(t, numbered(500)...), func(Result) { t.Error("a result") })
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("out of time: %v", err)
	}
}

// The timeout of an attempt must not look like the end of the caller's context.
func TestATimeoutOfOneAttemptIsUnavailable(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := newFake(t, nil)
	f.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	cfg := benchConfig(f.URL)
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	cfg.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond}
	err := New(cfg, Options{}).Read(t.Context(), refs(t, "/a/x"), func(Result) { t.Error("a result") })
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v", err)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	var now, most atomic.Int64
	full := make(chan struct{})
	f := newFake(t, func(in request) answer {
		if n := now.Add(1); n == 3 {
			close(full) // as many calls as allowed run at once
		} else if n > most.Load() {
			most.Store(n)
		}
		<-full
		now.Add(-1)
		return honest(in)
	})
	s := source(f.URL)
	s.concurrency = 3
	if _, _, err := readAll(t, s, false, numbered(30)...); err != nil {
		t.Fatal(err)
	}
	if most.Load() > 3 {
		t.Errorf("%d calls at once", most.Load())
	}
}
