package pipeline_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/problem"
)

// editReplies returns the address of a proxy that replaces a string in the replies
// to one operation. The operation "" is that of STS.
func editReplies(t *testing.T, to, operation, from, text string) string {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }, // the signature covers the host
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if asked := r.Request.Header.Get("X-Amz-Target"); asked == operation || strings.HasSuffix(asked, "."+operation) {
				body = bytes.ReplaceAll(body, []byte(from), []byte(text))
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return err
		},
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL
}

// What AWS returns about another account, partition or region than the
// environment's is refused, in both modes and by plan, before anything is encrypted.
func TestWhatIsElsewhereIsRefused(t *testing.T) {
	s := newSample()
	s.key("alias/packed")
	s.key("alias/blind")
	s.put("/shop/one", "not-a-real-value")
	s.put("/shop/below/two", "not-a-real-value")
	s.writef("function \"packed\" {\n  kms_key = \"alias/packed\"\n  secret \"ONE\" { parameter = \"/shop/one\" }\n}\n")
	s.writef("function \"blind\" {\n  kms_key = \"alias/blind\"\n  blind = true\n  parameters { path = \"/shop/below\" }\n}\n")
	w := newWorld(t, s)
	first := w.expect(t, nil, sum(calls(1, 2, 1, 1, 1), map[string]int{"kms:ReEncrypt": 1, "ssm:GetParametersByPath": 1}))
	layer, err := layerbuild.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, operation, from, to string
		kind                      problem.Kind
		want                      string
	}{
		{"another account", "GetParameters", ":000000000000:parameter/", ":333333333333:parameter/", problem.Integrity, `has the ARN "arn:aws:ssm:us-east-1:333333333333:`},
		{"another partition", "GetParameters", "arn:aws:ssm:", "arn:aws-cn:ssm:", problem.Integrity, `has the ARN "arn:aws-cn:`},
		{"another region", "GetParameters", ":us-east-1:000000000000:parameter/", ":us-east-2:000000000000:parameter/", problem.Integrity, "us-east-2"},
		{"another account below a path", "GetParametersByPath", ":000000000000:parameter/", ":333333333333:parameter/", problem.Integrity, `"/shop/below/two" in the list of`},
		{"another partition below a path", "GetParametersByPath", "arn:aws:ssm:", "arn:aws-us-gov:ssm:", problem.Integrity, "arn:aws-us-gov:"},
		{"a key in another account", "DescribeKey", "000000000000", "333333333333", problem.Missing, "belongs to account 333333333333"},
		{"a key in another partition", "DescribeKey", "arn:aws:kms:", "arn:aws-cn:kms:", problem.Missing, "is in partition aws-cn"},
		{"a key in another region", "DescribeKey", ":us-east-1:", ":us-east-2:", problem.Missing, "is in region us-east-2"},
		{"a caller in another account", "", "000000000000", "333333333333", problem.Access, "to account 333333333333"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.build()
			b.url = editReplies(t, w.url, c.operation, c.from, c.to)
			for _, previous := range []*layerbuild.Layer{nil, layer} {
				p, _, err := b.pipeline(t.Context(), previous)
				if err != nil {
					t.Fatal(err)
				}
				w.server.ResetCalls()
				_, problems := p.Run(t.Context())
				_, planned := planned(t.Context(), p)
				for _, all := range []problem.Problems{problems, planned} {
					if len(all) == 0 {
						t.Fatal("no problem")
					}
					for _, p := range all {
						if p.Kind != c.kind || !strings.Contains(p.Detail, c.want) {
							t.Errorf("%v: %s: %s, want %v: %s", p.Kind, p.Summary, p.Detail, c.kind, c.want)
						}
					}
				}
				if calls := w.server.Calls(); calls["kms:Encrypt"]+calls["kms:ReEncrypt"] > 0 {
					t.Errorf("it was sealed: %v", calls)
				}
			}
		})
	}
}
