package sigv4

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/needs"
)

const (
	suiteID  = "AKIDEXAMPLE"
	suiteKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// suite finds AWS's published test cases, which the repository does not carry: they are expected beside it.
func suite(t *testing.T) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(root) == root {
			t.Fatal("no go.mod above the test")
		}
		root = filepath.Dir(root)
	}
	dir := filepath.Join(filepath.Dir(root), "shared", "data", "sigv4")
	if _, err := os.Stat(dir); err != nil {
		needs.Absent(t, "AWS's Signature Version 4 test cases (aws-sig-v4-test-suite) are not in shared/data/sigv4 beside the repository")
	}
	return dir
}

// readCase parses a request as the suite writes it: not always one that net/http would accept.
func readCase(t *testing.T, text string) (r *http.Request, rawPath string, body []byte) {
	t.Helper()
	in := bufio.NewReader(strings.NewReader(text))
	line, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	method, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	target := strings.TrimSuffix(rest, " HTTP/1.1")
	header, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if body, err = io.ReadAll(in); err != nil {
		t.Fatal(err)
	}
	rawPath, query, _ := strings.Cut(target, "?")
	r = &http.Request{Method: method, Host: header.Get("Host"), Header: http.Header(header), URL: &url.URL{RawQuery: query}}
	r.Header.Del("Host")
	return r, rawPath, body
}

func TestOfficialCases(t *testing.T) {
	dir := suite(t)
	cases := 0
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".req") {
			return err
		}
		cases++
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) { officialCase(t, strings.TrimSuffix(path, ".req")) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cases < 30 {
		t.Fatalf("only %d cases found in %s", cases, dir)
	}
}

func officialCase(t *testing.T, base string) {
	read := func(suffix string) string {
		b, err := os.ReadFile(base + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	r, rawPath, body := readCase(t, read(".req"))
	authorization := read(".authz")
	r.Header.Set("Authorization", authorization)
	want := read(".creq")
	if token := textLine(want, "x-amz-security-token:"); token != "" {
		r.Header.Set("X-Amz-Security-Token", token)
	}
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	// The suite's paths are as a person types them, so the path goes in unescaped here, where a server has it escaped once.
	got := strings.Join([]string{r.Method, canonicalPath(rawPath), canonicalQuery(r.URL.RawQuery),
		canonicalHeaders(r, s.headers), strings.Join(s.headers, ";"), hexSum(body)}, "\n")
	if got != want {
		t.Errorf("canonical request:\n%s\nwant:\n%s", got, want)
	}
	text := s.stringToSign(got)
	if want := read(".sts"); text != want {
		t.Errorf("string to sign:\n%s\nwant:\n%s", text, want)
	}
	if sum := hex.EncodeToString(s.sign(suiteKey, text)); !strings.HasSuffix(authorization, "Signature="+sum) {
		t.Errorf("signature %s, want %s", sum, authorization)
	}
}

func textLine(text, prefix string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func signed(t *testing.T, body string, change func(*http.Request)) (*http.Request, *Signature) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:1234/a%2Fb/c?q=1&p=x+y", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameters")
	Sign(r, []byte(body), Credentials{ID: suiteID, Key: suiteKey, Token: "token"}, "eu-west-1", "ssm", time.Unix(1_700_000_000, 5))
	change(r)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func TestSignedRequestVerifiesAndNamesItsScope(t *testing.T) {
	r, s := signed(t, "{}", func(*http.Request) {})
	if err := s.Verify(r, []byte("{}"), suiteKey); err != nil {
		t.Fatal(err)
	}
	if s.KeyID != suiteID || s.Region != "eu-west-1" || s.Service != "ssm" || s.Token != "token" || s.Presigned || s.Time.Unix() != 1_700_000_000 {
		t.Errorf("parsed %+v", s)
	}
}

func TestVerifyRefusesWhatWasNotSigned(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"method":       func(r *http.Request) { r.Method = http.MethodPut },
		"path":         func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/a/b/c", "" },
		"query":        func(r *http.Request) { r.URL.RawQuery = "q=2&p=x+y" },
		"host":         func(r *http.Request) { r.Host = "127.0.0.1:99" },
		"target":       func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSSM.PutParameter") },
		"token":        func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") },
		"date":         func(r *http.Request) { r.Header.Set("X-Amz-Date", "20231114T221321Z") },
		"payload hash": func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) },
	} {
		r, s := signed(t, "{}", change)
		if err := s.Verify(r, []byte("{}"), suiteKey); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s changed: %v, want a mismatch", name, err)
		}
	}
	r, s := signed(t, "{}", func(*http.Request) {})
	if err := s.Verify(r, []byte("{ }"), suiteKey); !errors.Is(err, ErrMismatch) {
		t.Errorf("another body: %v", err)
	}
	if err := s.Verify(r, []byte("{}"), "another key"); !errors.Is(err, ErrMismatch) {
		t.Errorf("another key: %v", err)
	}
}

func TestUnsignedPayloadLeavesTheBodyFree(t *testing.T) {
	body := []byte("anything")
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Content-Sha256", unsigned)
	r.Header.Set("X-Amz-Date", "20231114T221321Z")
	r.Header.Set("Authorization", algorithm+" Credential="+suiteID+"/20231114/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	s.sum = s.sign(suiteKey, s.stringToSign(s.canonical(r, unsigned)))
	if err := s.Verify(r, body, suiteKey); err != nil {
		t.Error(err)
	}
}

func TestParseRefusesMalformedSignatures(t *testing.T) {
	const good = algorithm + " Credential=ID/20231114/us-east-1/ssm/aws4_request, SignedHeaders=host;x-amz-date, Signature=" +
		"00000000000000000000000000000000000000000000000000000000000000ff"
	for name, auth := range map[string]string{
		"other scheme":        "Basic abc",
		"no credential":       algorithm + " SignedHeaders=host, Signature=00",
		"short scope":         strings.Replace(good, "/ssm", "", 1),
		"other terminator":    strings.Replace(good, "aws4_request", "aws5_request", 1),
		"other day":           strings.Replace(good, "20231114", "20231113", 1),
		"host not signed":     strings.Replace(good, "host;", "", 1),
		"signature not hex":   strings.Replace(good, "00ff", "00fg", 1),
		"signature too short": strings.Replace(good, "00ff", "ff", 1),
	} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
		r.Header.Set("X-Amz-Date", "20231114T221321Z")
		r.Header.Set("Authorization", auth)
		var malformed *MalformedError
		if _, err := Parse(r); !errors.As(err, &malformed) {
			t.Errorf("%s: %v, want a malformed signature", name, err)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", nil)
	if _, err := Parse(r); !errors.Is(err, ErrMissing) {
		t.Errorf("no signature: %v", err)
	}
	r.Header.Set("Authorization", good)
	var malformed *MalformedError
	if _, err := Parse(r); !errors.As(err, &malformed) {
		t.Errorf("no date: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(algorithm+" Credential=ID/20231114/us-east-1/ssm/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64), "a=b")
	f.Add("", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Date=20231114T221321Z")
	f.Add(algorithm, "%zz&=&;")
	f.Fuzz(func(t *testing.T, auth, query string) {
		r := &http.Request{Method: http.MethodGet, Host: "h", Header: http.Header{"Authorization": {auth}, "X-Amz-Date": {"20231114T221321Z"}},
			URL: &url.URL{Path: "/", RawQuery: query}}
		s, err := Parse(r)
		if err != nil {
			return
		}
		if err := s.Verify(r, nil, suiteKey); err == nil {
			t.Error("a signature that nobody made verifies")
		}
	})
}
