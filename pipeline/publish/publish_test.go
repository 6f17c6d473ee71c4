package publish

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
)

func config(url, id, key string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider(id, key, ""),
		HTTPClient:  &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// embedded starts the embedded AWS.
func embedded(t *testing.T, o ...awslocal.Option) (*awslocal.Server, *Lambda) {
	t.Helper()
	server, err := awslocal.New(o...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, key := server.Credentials()
	return server, New(config(url, id, key), awslocal.Account)
}

func archive(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("file")
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func publish(t *testing.T, l *Lambda, name string, layer []byte) Version {
	t.Helper()
	v, err := l.Publish(t.Context(), name, "a layer", layer)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWhatIsPublishedIsFoundAndDownloaded(t *testing.T) {
	server, l := embedded(t)
	first, second := archive(t, "one"), archive(t, "two")
	one := publish(t, l, "shop-dev", first)
	two := publish(t, l, "shop-dev", second)
	if one.Number != 1 || two.Number != 2 || !strings.HasSuffix(two.ARN, ":layer:shop-dev:2") {
		t.Errorf("published %+v and %+v", one, two)
	}
	for _, c := range []struct {
		ref   string
		want  []byte
		calls map[string]int
	}{
		{"shop-dev", second, map[string]int{"lambda:ListLayerVersions": 1, "lambda:GetLayerVersion": 1}},
		{strings.TrimSuffix(one.ARN, ":1"), second, map[string]int{"lambda:ListLayerVersions": 1, "lambda:GetLayerVersion": 1}},
		{one.ARN, first, map[string]int{"lambda:GetLayerVersion": 1}},
	} {
		ref := Ref{Layer: c.ref}
		if strings.HasPrefix(c.ref, "arn:") {
			var err error
			if ref, err = ParseARN(c.ref); err != nil {
				t.Fatal(err)
			}
		}
		server.ResetCalls()
		v, err := l.Find(t.Context(), ref)
		if err != nil {
			t.Errorf("%s: %v", c.ref, err)
			continue
		}
		content, err := l.Download(t.Context(), v)
		if err != nil || !bytes.Equal(content, c.want) {
			t.Errorf("%s: %d bytes, %v", c.ref, len(content), err)
		}
		if calls := server.Calls(); fmt.Sprint(calls) != fmt.Sprint(c.calls) {
			t.Errorf("%s: calls %v, not %v", c.ref, calls, c.calls)
		}
	}
}

func TestMissingPartsAreReported(t *testing.T) {
	_, l := embedded(t)
	v := publish(t, l, "shop-dev", archive(t, "one"))
	for _, ref := range []Ref{{Layer: "other"}, {Layer: "shop-dev", Version: 2}, {Layer: strings.TrimSuffix(v.ARN, ":1"), Version: 9}} {
		if _, err := l.Find(t.Context(), ref); !errors.Is(err, ErrNoLayer) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestAVersionThatIsListedMustBeThere(t *testing.T) {
	server, l := embedded(t)
	publish(t, l, "shop-dev", archive(t, "one"))
	server.Inject(awslocal.Fault{Kind: awslocal.Fail, Operation: "lambda:GetLayerVersion", Status: 404, Code: "ResourceNotFoundException"})
	if _, err := l.Find(t.Context(), Ref{Layer: "shop-dev"}); !errors.Is(err, ErrVanished) || errors.Is(err, ErrNoLayer) {
		t.Error(err)
	}
}

func TestRefusalsAreDistinguished(t *testing.T) {
	layer := archive(t, "one")
	for _, c := range []struct {
		code string
		want error
	}{
		{"AccessDeniedException", ErrDenied},
		{"ExpiredTokenException", ErrCredentials},
		{"InvalidParameterValueException", ErrRefused},
		{"CodeStorageExceededException", ErrFull},
		{"ResourceNotFoundException", ErrNoLayer},
	} {
		server, l := embedded(t)
		server.Inject(awslocal.Fault{Kind: awslocal.Fail, Operation: "lambda:*", Status: 400, Code: c.code, Message: "no."})
		if _, err := l.Find(t.Context(), Ref{Layer: "x"}); !errors.Is(err, c.want) {
			t.Errorf("Find, %s: %v", c.code, err)
		}
		server.ResetCalls()
		if _, err := l.Publish(t.Context(), "x", "", layer); !errors.Is(err, c.want) || errors.Is(err, ErrUnclear) {
			t.Errorf("Publish, %s: %v", c.code, err)
		}
		if calls := server.Calls(); calls["lambda:PublishLayerVersion"] != 1 || len(calls) != 1 {
			t.Errorf("%s: calls %v", c.code, calls)
		}
	}
}

// A lost answer must not lead to two versions.
func TestALostAnswerPublishesOnce(t *testing.T) {
	layer := archive(t, "one")
	for _, kind := range []awslocal.Kind{awslocal.Cut, awslocal.Truncate} {
		server, l := embedded(t)
		server.Inject(awslocal.Fault{Kind: kind, Operation: "lambda:PublishLayerVersion"})
		v, err := l.Publish(t.Context(), "shop", "", layer)
		if err != nil || v.Number != 1 {
			t.Errorf("%s: %+v, %v", kind, v, err)
		}
		if n := server.Calls()["lambda:PublishLayerVersion"]; n != 1 {
			t.Errorf("%s: published %d times", kind, n)
		}
	}
	for _, fault := range []awslocal.Fault{
		{Kind: awslocal.Reset}, {Kind: awslocal.Empty}, {Kind: awslocal.NoBody}, {Kind: awslocal.HTML},
		{Kind: awslocal.Fail, Status: 500, Code: "ServiceException"}, {Kind: awslocal.Redirect, Location: "http://127.0.0.1:1/"},
	} {
		server, l := embedded(t)
		publish(t, l, "shop", archive(t, "zero"))
		server.ResetCalls()
		fault.Operation = "lambda:PublishLayerVersion"
		server.Inject(fault)
		if v, err := l.Publish(t.Context(), "shop", "", layer); !errors.Is(err, ErrUnclear) {
			t.Errorf("%s: %+v, %v", fault.Kind, v, err)
		}
		if n := server.Calls()["lambda:PublishLayerVersion"]; n != 1 {
			t.Errorf("%s: published %d times", fault.Kind, n)
		}
	}
}

func TestThrottledPublishingIsRepeated(t *testing.T) {
	server, l := embedded(t)
	server.Inject(awslocal.Fault{Kind: awslocal.Fail, Operation: "lambda:PublishLayerVersion", Nth: 1, Status: 429, Code: "TooManyRequestsException"})
	if v := publish(t, l, "shop", archive(t, "one")); v.Number != 1 {
		t.Errorf("%+v", v)
	}
	if n := server.Calls()["lambda:PublishLayerVersion"]; n != 2 {
		t.Errorf("%d calls", n)
	}
}

// described is a reply of GetLayerVersion with a link to content at location.
func described(location string, content []byte, change map[string]any) []byte {
	sum := sha256.Sum256(content)
	inner := map[string]any{"Location": location, "CodeSha256": base64.StdEncoding.EncodeToString(sum[:]), "CodeSize": len(content)}
	reply := map[string]any{"LayerVersionArn": "arn:aws:lambda:us-east-1:222222222222:layer:shop:3", "Version": 3, "Content": inner}
	for k, v := range change {
		if _, ok := inner[k]; ok {
			inner[k] = v
		} else {
			reply[k] = v
		}
	}
	b, err := json.Marshal(reply)
	if err != nil {
		panic(err)
	}
	return b
}

// lying is a Lambda with replies made up by the test: reply describes a version, and
// storage serves what the link points to.
func lying(t *testing.T, reply func(url string) []byte, storage http.HandlerFunc) *Lambda {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("/content", func(w http.ResponseWriter, r *http.Request) { storage(w, r) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(reply(s.URL))
	})
	return New(config(s.URL, "AKIAEXAMPLE000000000", "example"), "222222222222")
}

func TestUnexpectedRepliesAreRefused(t *testing.T) {
	content := []byte("content")
	for name, change := range map[string]map[string]any{
		"another layer":   {"LayerVersionArn": "arn:aws:lambda:us-east-1:222222222222:layer:other:3"},
		"another version": {"Version": 4},
		"both":            {"Version": 4, "LayerVersionArn": "arn:aws:lambda:us-east-1:222222222222:layer:shop:4"},
		"another account": {"LayerVersionArn": "arn:aws:lambda:us-east-1:333333333333:layer:shop:3"},
		"another region":  {"LayerVersionArn": "arn:aws:lambda:us-west-2:222222222222:layer:shop:3"},
		"no ARN":          {"LayerVersionArn": nil},
		"no content":      {"Content": nil},
		"no digest":       {"CodeSha256": ""},
		"short digest":    {"CodeSha256": "AAAA"},
		"odd digest":      {"CodeSha256": "%"},
		"negative size":   {"CodeSize": -1},
	} {
		l := lying(t, func(url string) []byte { return described(url+"/content", content, change) }, nil)
		if v, err := l.Find(t.Context(), Ref{Layer: "shop", Version: 3}); !errors.Is(err, ErrReply) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

func TestListsAreReadAsFarAsNeeded(t *testing.T) {
	page := func(next string, versions ...int) string {
		var items []string
		for _, v := range versions {
			items = append(items, fmt.Sprintf(`{"Version": %d}`, v))
		}
		return fmt.Sprintf(`{"LayerVersions": [%s], "NextMarker": %q}`, strings.Join(items, ","), next)
	}
	for name, c := range map[string]struct {
		pages  []string
		before int64
		want   int64
		err    error
		read   int
	}{
		"newest first":       {[]string{page("m", 9, 8), page("", 7)}, 0, 9, nil, 1},
		"oldest first":       {[]string{page("m", 1, 2), page("", 12, 3)}, 0, 12, nil, 2},
		"an empty page":      {[]string{page("m"), page("", 4)}, 0, 4, nil, 2},
		"nothing":            {[]string{page("")}, 0, 0, ErrNoLayer, 1},
		"an odd number":      {[]string{page("", -4)}, 0, 0, ErrReply, 1},
		"in circles":         {nil, 0, 0, ErrReply, 2},
		"without an end":     {[]string{"endless"}, 0, 0, ErrReply, 50},
		"a foreign one":      {[]string{`{"LayerVersions": [{"Version": 4, "LayerVersionArn": "arn:aws:lambda:us-east-1:333333333333:layer:shop:4"}]}`}, 0, 0, ErrReply, 1},
		"another one":        {[]string{`{"LayerVersions": [{"Version": 4, "LayerVersionArn": "arn:aws:lambda:us-east-1:222222222222:layer:shop:5"}]}`}, 0, 0, ErrReply, 1},
		"nothing at last":    {[]string{page("m"), page("")}, 0, 0, ErrNoLayer, 2},
		"below another":      {[]string{page("m", 9, 8, 7), page("", 6)}, 9, 8, nil, 1},
		"on the next page":   {[]string{page("m", 9, 8), page("", 7, 6)}, 8, 7, nil, 2},
		"nothing below":      {[]string{page("m", 9, 8), page("", 7)}, 7, 0, ErrNoLayer, 2},
		"below and unsorted": {[]string{page("m", 1, 2), page("", 12, 3)}, 12, 3, nil, 2},
	} {
		read := 0
		l := lying(t, func(string) []byte {
			read++
			if c.pages == nil {
				return []byte(page("m"))
			}
			if c.pages[0] == "endless" {
				return []byte(page(fmt.Sprint(read)))
			}
			return []byte(c.pages[read-1])
		}, nil)
		got, err := l.newest(t.Context(), "shop", c.before)
		if got != c.want || !errors.Is(err, c.err) || read != c.read {
			t.Errorf("%s: version %d, %v, after %d pages", name, got, err, read)
		}
	}
}

func TestDownloadsAreCheckedAgainstTheirDigest(t *testing.T) {
	content := []byte("the content that was published")
	serve := func(status int, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	failures := 0
	for name, c := range map[string]struct {
		change   map[string]any
		location string
		storage  http.HandlerFunc
		want     error
	}{
		"as published":    {storage: serve(200, content)},
		"another content": {storage: serve(200, []byte("the content that was publishes")), want: ErrDamaged},
		"cut at the end":  {storage: serve(200, content[:10]), want: ErrDamaged},
		"more than there": {storage: serve(200, append(content, '!')), want: ErrDamaged},
		"another size":    {change: map[string]any{"CodeSize": 7}, storage: serve(200, content), want: ErrDamaged},
		"too large":       {change: map[string]any{"CodeSize": layerbuild.MaxBytes + 1}, want: ErrDamaged},
		"expired":         {storage: serve(403, nil), want: ErrReply},
		"redirected":      {storage: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, want: ErrReply},
		"no link":         {change: map[string]any{"Location": ""}, want: ErrReply},
		"not secure":      {location: "http://storage.example.com/content", want: ErrReply},
		"a file":          {location: "file:///etc/passwd", want: ErrReply},
		"with a user":     {location: "https://user@storage.example.com/content", want: ErrReply},
		"first faulty": {storage: func(w http.ResponseWriter, r *http.Request) {
			if failures++; failures == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = w.Write(content)
		}},
	} {
		l := lying(t, func(url string) []byte {
			if c.location == "" {
				return described(url+"/content", content, c.change)
			}
			return described(c.location, content, c.change)
		}, c.storage)
		v, err := l.Find(t.Context(), Ref{Layer: "shop", Version: 3})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := l.Download(t.Context(), v)
		if !errors.Is(err, c.want) || c.want == nil && !bytes.Equal(got, content) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestAnInterruptedDownloadEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := lying(t, func(url string) []byte { return described(url+"/content", []byte("x"), nil) }, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	v, err := l.Find(ctx, Ref{Layer: "shop", Version: 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Download(ctx, v); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestParseARN(t *testing.T) {
	for _, c := range []struct {
		arn  string
		want Ref
	}{
		{"arn:aws:lambda:us-east-1:222222222222:layer:shop", Ref{Layer: "arn:aws:lambda:us-east-1:222222222222:layer:shop", Region: "us-east-1"}},
		{"arn:aws-cn:lambda:cn-north-1:222222222222:layer:a-b_C:12",
			Ref{Layer: "arn:aws-cn:lambda:cn-north-1:222222222222:layer:a-b_C", Version: 12, Region: "cn-north-1"}},
		{arn: ""}, {arn: "shop"}, {arn: "arn:aws:lambda:us-east-1:222222222222:function:shop"}, {arn: "arn:aws:lambda:us-east-1:2222:layer:shop"},
		{arn: "arn:aws:lambda:us-east-1:222222222222:layer:shop:0"}, {arn: "arn:aws:lambda:us-east-1:222222222222:layer:shop:x"},
		{arn: "arn:aws:lambda:us-east-1:222222222222:layer:shop:1:2"}, {arn: "arn:aws:lambda:us-east-1:222222222222:layer:"},
		{arn: "arn:aws:lambda::222222222222:layer:shop"}, {arn: "arn:aws:lambda:us-east-1:222222222222:layer:sh op"},
		{arn: "arn:aws:s3:us-east-1:222222222222:layer:shop"}, {arn: "arn:aws:lambda:us-east-1:222222222222:layer:" + strings.Repeat("x", 141)},
	} {
		got, err := ParseARN(c.arn)
		if got != c.want || (err == nil) != (c.want != Ref{}) {
			t.Errorf("%q: %+v, %v", c.arn, got, err)
		}
		if err == nil && got.String() != c.arn {
			t.Errorf("%q is written %q", c.arn, got)
		}
	}
}

// Find returns the same digest that pipeline computes of a file.
func TestDigestsAreHex(t *testing.T) {
	_, l := embedded(t)
	layer := archive(t, "one")
	sum := sha256.Sum256(layer)
	if v := publish(t, l, "shop", layer); v.SHA256 != hex.EncodeToString(sum[:]) || v.Size != int64(len(layer)) {
		t.Errorf("%+v", v)
	}
}

// A version that is deleted during Find does not mean that the layer has no versions:
// otherwise, a caller would take the next one for the first.
func TestAVersionDeletedMeanwhileIsNoMissingLayer(t *testing.T) {
	server, l := embedded(t)
	publish(t, l, "shop", archive(t, "one"))
	gone := awslocal.Fault{Kind: awslocal.Fail, Operation: "lambda:GetLayerVersion", Nth: 1, Status: 404, Code: "ResourceNotFoundException"}
	server.Inject(gone)
	server.ResetCalls()
	if v, err := l.Find(t.Context(), Ref{Layer: "shop"}); err != nil || v.Number != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	if calls := server.Calls(); calls["lambda:ListLayerVersions"] != 2 || calls["lambda:GetLayerVersion"] != 2 {
		t.Errorf("calls %v", calls)
	}
	gone.Nth = 0 // every call
	server.Inject(gone)
	if v, err := l.Find(t.Context(), Ref{Layer: "shop"}); !errors.Is(err, ErrVanished) || errors.Is(err, ErrNoLayer) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestDatesOfVersionsAreShownOnly(t *testing.T) {
	for reply, want := range map[string]string{
		"2026-11-01T10:00:00.123+0000": "2026-11-01T10:00:00.123Z", "2026-11-01T12:00:00+0200": "2026-11-01T10:00:00Z",
		"2026-11-01T10:00:00Z": "2026-11-01T10:00:00Z", "": "", "yesterday": "", "2026-11-01": "",
	} {
		l := lying(t, func(url string) []byte {
			return described(url+"/content", []byte("x"), map[string]any{"CreatedDate": reply})
		}, nil)
		v, err := l.Find(t.Context(), Ref{Layer: "shop", Version: 3})
		got := ""
		if !v.Created.IsZero() {
			got = v.Created.Format(time.RFC3339Nano)
		}
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", reply, got, err)
		}
	}
}
