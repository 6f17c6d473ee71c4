package secretsmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsreply"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/pipeline/secret"
)

const (
	account   = "222222222222"
	place     = "arn:aws:secretsmanager:us-west-2:222222222222:secret:"
	requestID = "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54"
	first     = "11111111-1111-4111-8111-111111111111"
	second    = "terraform-20250627043834191900000095"
)

// request is a call that the fake received.
type request struct {
	Operation                         string `json:"-"`
	SecretId, VersionId, VersionStage *string
	IncludeDeprecated                 bool
	NextToken                         string
}

func (r request) String() string {
	text := r.Operation + " " + aws.ToString(r.SecretId)
	if r.VersionId != nil {
		text += " id=" + *r.VersionId
	}
	if r.VersionStage != nil {
		text += " stage=" + *r.VersionStage
	}
	if r.IncludeDeprecated {
		text += " deprecated"
	}
	return text + r.NextToken
}

// answer is what the fake replies: a status, and a body that is marshaled unless it is a
// string.
type answer struct {
	status int
	body   any
}

func refusal(code, message string) answer {
	return answer{400, map[string]any{"__type": code, "Message": message}}
}

// fake is a Secrets Manager that can send invalid replies.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
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
		f.requests = append(f.requests, in.String())
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

// asked returns the requests so far.
func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

// changed returns a reply with changes. nil takes a member away.
func changed(reply, change map[string]any) map[string]any {
	all := maps.Clone(reply)
	for k, v := range change {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	return all
}

// description is the reply to DescribeSecret for a name.
func description(name string) map[string]any {
	return map[string]any{
		"ARN": place + name + "-a1B2c3", "Name": name, "CreatedDate": 1761998400.123, "LastChangedDate": 1761998500.4567,
		"VersionIdsToStages": map[string]any{first: []string{"AWSPREVIOUS"}, second: []string{"AWSCURRENT", "stable"}},
	}
}

// value is the reply to GetSecretValue for a name.
func value(name string) map[string]any {
	return map[string]any{
		"ARN": place + name + "-a1B2c3", "Name": name, "CreatedDate": 1761998400.1239, "VersionId": second,
		"VersionStages": []string{"AWSCURRENT", "stable"}, "SecretString": "value of " + name,
	}
}

// nameOf returns the name of a request for a name or an ARN.
func nameOf(in request) string {
	name := strings.TrimPrefix(aws.ToString(in.SecretId), place)
	if name != *in.SecretId {
		name = strings.TrimSuffix(name, "-a1B2c3")
	}
	return name
}

// honest answers correctly.
func honest(in request) answer {
	name := nameOf(in)
	switch in.Operation {
	case "DescribeSecret":
		return answer{200, description(name)}
	case "ListSecretVersionIds":
		return answer{200, map[string]any{"ARN": place + name + "-a1B2c3", "Name": name, "Versions": []any{
			map[string]any{"VersionId": first, "CreatedDate": 1761998300}, map[string]any{"VersionId": second, "CreatedDate": 1761998400.1239},
		}}}
	}
	reply := value(name)
	if id := aws.ToString(in.VersionId); id != "" && id != second {
		reply["VersionId"], reply["VersionStages"] = id, []string{"AWSPREVIOUS"}
	}
	return answer{200, reply}
}

func config(url string) aws.Config {
	return aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""),
		HTTPClient:  readOnly{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		APIOptions:  []func(*middleware.Stack) error{awsreply.Check},
	}
}

// readOnly sends bodies that can only be read, as internal/awsclient does.
type readOnly struct{ *http.Client }

func (c readOnly) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.Client.Do(r)
}

func source(url string) *Source {
	s := New(config(url), Options{Account: account})
	s.pacer.Patience = 0             // a reply counts at once
	s.listing = pacing.New(1e6, 1e6) // and no list waits
	s.client = secretsmanager.NewFromConfig(config(url), s.paced, only(reads))
	return s
}

// named returns references to the current versions of names.
func named(names ...string) []secret.Ref {
	var all []secret.Ref
	for _, name := range names {
		all = append(all, secret.Ref{Store: secret.SecretsManager, Name: name, Selector: Current})
	}
	return all
}

func numbered(n int) []secret.Ref {
	var all []secret.Ref
	for i := range n {
		all = append(all, named(fmt.Sprintf("prod/s%03d", i))...)
	}
	return all
}

// collect gathers results, and checks that none comes twice or beside another.
func collect(t *testing.T, read func(got func(Result)) error) (map[secret.Ref]Result, error) {
	t.Helper()
	all, busy := make(map[secret.Ref]Result), false
	err := read(func(r Result) {
		if busy {
			t.Error("two results at a time")
		}
		busy = true
		if _, ok := all[r.Ref]; ok {
			t.Errorf("%+v comes twice", r.Ref)
		}
		all[r.Ref] = r
		busy = false
	})
	return all, err
}

func (f *fake) versions(t *testing.T, refs ...secret.Ref) (map[secret.Ref]Result, error) {
	t.Helper()
	return collect(t, func(got func(Result)) error { return source(f.URL).Versions(t.Context(), refs, got) })
}

func (f *fake) read(t *testing.T, refs ...secret.Ref) (map[secret.Ref]Result, error) {
	t.Helper()
	return collect(t, func(got func(Result)) error { return source(f.URL).Read(t.Context(), refs, got) })
}
