package param

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awsreply"
	"github.com/whispering/bundle/pipeline/secret"
)

// canary is in the values of the seeds of FuzzReplies.
const canary = "cAnArY"

// scripted is a Parameter Store that has the same answer to every call, without a network.
type scripted struct {
	status int
	body   []byte
	calls  int
}

func (s *scripted) Do(r *http.Request) (*http.Response, error) {
	if s.calls++; s.calls > 1000 {
		return nil, errors.New("too many calls")
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", requestID)
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body)
	reply := w.Result()
	reply.Request = r
	return reply, nil
}

func (s *scripted) source(checked bool) *Source {
	cfg := benchConfig("http://127.0.0.1:1")
	cfg.HTTPClient = s
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if checked { // as in every run; the checks of this package must also hold without it
		cfg.APIOptions = append(cfg.APIOptions, awsreply.Check)
	}
	source := New(cfg, Options{Account: "222222222222", TPS: new(float64)})
	source.pacer.Patience = 0 // a reply counts at once
	return source
}

// FuzzReplies sends any reply to every call. Whatever it is, each reference has exactly one result; a result or a list
// has nothing that was not requested; and no error shows a value.
func FuzzReplies(f *testing.F) {
	one := func(name, more string) string {
		arn := "arn:aws:ssm:us-west-2:222222222222:parameter/" + strings.TrimPrefix(name, "/")
		return `{"Name":"` + name + `","ARN":"` + arn + `","Type":"SecureString","Version":7,"LastModifiedDate":1700000000.123,"Value":"` + canary + `"` + more + `}`
	}
	for _, body := range []string{
		`{"Parameters":[` + one("/z/a", "") + `,` + one("/z/b", `,"Selector":":7"`) + `,` + one("/z/c", `,"Selector":":label"`) + `],"InvalidParameters":["top"]}`,
		`{"Parameters":[` + one("/z/a", "") + `,` + one("/z/a", "") + `],"InvalidParameters":["/z/b:7","/z/c:label","top"]}`,
		`{"Parameters":[` + one("/z/a", `,"Selector":":6"`) + `],"InvalidParameters":["` + canary + `"]}`,
		`{"Parameters":[` + one("/top", "") + `,` + one("top", "") + `],"NextToken":"` + canary + `"}`,
		`{"Parameters":[` + one("/z/p/x", "") + `,` + one("/z/p/y/z", "") + `],"NextToken":""}`,
		`{"Parameters":[],"NextToken":"1"}`, `{"Parameters":null}`, `{}`, ``, `null`, `[]`, `{"Parameters":[null]}`, `{"Parameters":[{}]}`,
		`{"Parameters":[{"Name":"/z/a","Type":"SecureString","KeyId":"alias/` + canary + `","Tier":"Standard"},{"Name":"top","Type":"String"}]}`,
		`{"Parameters":[{"Name":"/z/a","Value":"` + canary + `","ARN":5}]}`, `{"Parameters":[{"Name":"/z/a","Value":"` + canary,
		`{"__type":"ParameterNotFound","message":"` + canary + `"}`, `{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt ` + canary + `"}`,
		`{"__type":"ThrottlingException"}`, `{"__type":"InvalidKeyId","message":"` + canary + `"}`, `{"code":"` + canary + `"}`,
	} {
		for _, status := range []int{200, 400, 503} {
			f.Add(status, []byte(body))
		}
	}
	asked := parsed("/z/a", "/z/b:7", "/z/c:label", "top", "/z/a")
	fake := &scripted{}
	sources := []*Source{fake.source(true), fake.source(false)}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			t.Skip()
		}
		secret := secretCanary(body)
		for _, source := range sources {
			for _, what := range []kind{versions, values, ciphertexts} {
				got := make(map[string]Result)
				*fake = scripted{status: status, body: body}
				err := source.read(context.Background(), asked, what, func(r Result) {
					if _, twice := got[r.Ref.String()]; twice {
						t.Fatalf("two results for %s", r.Ref)
					}
					got[r.Ref.String()] = r
				})
				checkError(t, err, secret)
				if err == nil && len(got) != 4 {
					t.Fatalf("%d results", len(got))
				}
				for _, r := range got {
					checkError(t, r.Err, secret)
					checkParameter(t, r.Err, r.Parameter, r.Ref, what, body)
				}
			}
			for _, recursive := range []bool{true, false} {
				*fake = scripted{status: status, body: body}
				all, err := source.List(context.Background(), "/z/p", recursive)
				checkError(t, err, secret)
				for i, p := range all {
					if !strings.HasPrefix(p.Ref.Name, "/z/p/") || !recursive && strings.Contains(p.Ref.Name[5:], "/") || i > 0 && all[i-1].Ref.Name >= p.Ref.Name {
						t.Fatalf("%q is in the list of /z/p", p.Ref)
					}
					checkParameter(t, err, p, p.Ref, versions, body)
				}
			}
			*fake = scripted{status: status, body: body}
			all, err := source.Describe(context.Background(), []string{"/z/a", "top"}, []string{"/z/p/"})
			checkError(t, err, secret)
			for _, d := range all {
				if d.Name != "/z/a" && d.Name != "top" && !strings.HasPrefix(d.Name, "/z/p/") || d.Type == "SecureString" && d.Key == "" {
					t.Fatalf("described %+v", d)
				}
			}
		}
	})
}

func parsed(names ...string) (all []secret.Ref) {
	for _, name := range names {
		ref, err := secret.ParseRef(name)
		if err != nil {
			panic(err)
		}
		all = append(all, ref)
	}
	return all
}

// secretCanary reports whether the canary is only where a value or a message is, so that no error may show it. Names and ARNs can
// be shown.
func secretCanary(body []byte) bool {
	var document any
	if json.Unmarshal(body, &document) != nil {
		return true // nothing of it is shown
	}
	return !shown(document)
}

func shown(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, of := range v {
			if text, ok := of.(string); ok && strings.Contains(text, canary) &&
				slices.ContainsFunc([]string{"Name", "ARN", "__type", "code"}, func(n string) bool { return strings.EqualFold(n, key) }) || shown(of) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, shown)
	}
	return false
}

func checkError(t *testing.T, err error, secret bool) {
	t.Helper()
	if err == nil {
		return
	}
	known := slices.ContainsFunc([]error{ErrMissing, ErrVersion, ErrDenied, ErrUndecryptable, ErrReply, ErrUnavailable, ErrCredentials},
		func(sentinel error) bool { return errors.Is(err, sentinel) })
	if !known {
		t.Fatalf("an error of no kind: %v", err)
	}
	if secret && strings.Contains(err.Error(), canary) {
		t.Fatalf("a value in %q", err)
	}
	if strings.ContainsAny(err.Error(), "\n\r\x00\x1b\u2028\u202e") {
		t.Fatalf("%q is not printable", err)
	}
}

var parameterARN = regexp.MustCompile(`^arn:aws(-[a-z-]+)?:ssm:us-west-2:222222222222:parameter/`)

// checkParameter holds what was accepted to the request and to the reply.
func checkParameter(t *testing.T, err error, p Parameter, ref secret.Ref, what kind, body []byte) {
	t.Helper()
	if err != nil {
		if p.Value.Reveal() != nil || p.Ciphertext != nil || p.Version.ARN != "" {
			t.Fatalf("%s: a parameter and %v", ref, err)
		}
		return
	}
	v := p.Version
	name := "/" + strings.TrimPrefix(ref.Name, "/")
	if p.Ref != ref || !parameterARN.MatchString(v.ARN) || !strings.HasSuffix(v.ARN, ":parameter"+name) || v.Number < 1 || v.Modified.IsZero() {
		t.Fatalf("%s: accepted %+v", ref, p)
	}
	if ref.Selector == "7" && v.Number != 7 {
		t.Fatalf("%s: accepted version %d", ref, v.Number)
	}
	if what != values && p.Value.Reveal() != nil || what != ciphertexts && p.Ciphertext != nil ||
		what == ciphertexts && (p.Type == "SecureString") != (len(p.Ciphertext) > 0) {
		t.Fatalf("%s: has what was not requested, or lacks what was", ref)
	}
	if what == values && p.Value.Reveal() == nil {
		t.Fatalf("%s: no value", ref)
	}
	if !json.Valid(bytes.TrimSpace(body)) {
		t.Fatalf("%s: accepted from a reply that is not JSON", ref)
	}
}
