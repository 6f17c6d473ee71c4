package awsclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awsfault"
)

// hijack takes the connection from under a reply.
func hijack(w http.ResponseWriter) net.Conn {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	return c
}

// cut promises more of a reply than it sends, and closes the connection.
func cut(body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		c := hijack(w)
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%s", len(body)+100, body)
		_ = c.Close()
	}
}

// reset breaks the connection off in the middle of a reply.
func reset(_ int, w http.ResponseWriter, _ *http.Request) {
	c := hijack(w)
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Para")
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func TestFailedAttemptsAreRepeated(t *testing.T) {
	good := text(200, `{"KeyId":"x","CiphertextBlob":"eA==","Parameters":[]}`)
	for name, bad := range map[string]func(int, http.ResponseWriter, *http.Request){
		"throttled":            text(400, awsError("ThrottlingException")),
		"internal error":       text(500, awsError("InternalServerError")),
		"KMS error":            text(500, awsError("KMSInternalException")),
		"bare 503":             text(503, ""),
		"429 in HTML":          html(429),
		"reset":                reset,
		"cut in JSON":          cut(`{"Parameters":[{"Na`),
		"cut before JSON":      cut(""),
		"truncated JSON":       text(200, `{"Parameters":[{"Value":"x`),
		"truncated after item": text(200, `{"Parameters":[{"Value":"x"},`),
		"closed at once":       func(_ int, w http.ResponseWriter, _ *http.Request) { _ = hijack(w).Close() },
	} {
		for call, do := range map[string]func(context.Context, aws.Config) error{"GetParameters": getParameters, "Encrypt": encrypt} {
			if call == "Encrypt" && strings.HasPrefix(name, "truncated") {
				bad = text(200, `{"KeyId":"x","Cipher`)
			}
			s := newServer(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					bad(n, w, r)
					return
				}
				good(n, w, r)
			})
			if err := do(t.Context(), local(t, s.URL, nil)); err != nil || s.count() != 2 {
				t.Errorf("%s, %s: %v after %d requests", call, name, err, s.count())
			}
		}
	}
}

func TestFinalFailuresAreNotRepeated(t *testing.T) {
	for name, bad := range map[string]func(int, http.ResponseWriter, *http.Request){
		"AccessDeniedException":       text(400, awsError("AccessDeniedException")),
		"DisabledException":           text(400, awsError("DisabledException")),
		"ExpiredTokenException":       text(400, awsError("ExpiredTokenException")),
		"UnrecognizedClientException": text(400, awsError("UnrecognizedClientException")),
		"200 in HTML":                 html(200),
		"403 in HTML":                 html(403),
	} {
		s := newServer(t, bad)
		if err := getParameters(t.Context(), local(t, s.URL, nil)); err == nil || s.count() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, s.count())
		}
	}
}

// A publication is not idempotent: a reply that was cut may mean that it is done.
func TestCutRepliesOfWritesAreNotRepeated(t *testing.T) {
	s := newServer(t, cut(`{"Ver`))
	_, err := lambda.NewFromConfig(local(t, s.URL, nil)).PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{
		LayerName: aws.String("x"), Content: &types.LayerVersionContentInput{ZipFile: []byte("x")},
	})
	if err == nil || s.count() != 1 {
		t.Errorf("%v after %d requests", err, s.count())
	}
}

// With the SDK's shared retry quota, about a hundred throttled calls use up what
// all calls of a client may retry.
func TestManyThrottledCallsDoNotUseUpAQuota(t *testing.T) {
	r := Options{}.retryer()
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	for range 10000 {
		if _, err := r.GetRetryToken(t.Context(), throttled); err != nil {
			t.Fatal(err)
		}
	}
	if r.MaxAttempts() != 8 || !r.IsErrorRetryable(throttled) {
		t.Errorf("%d attempts", r.MaxAttempts())
	}
	for attempt, most := range []time.Duration{1, 2, 4, 8, 16, 20, 20} {
		shortest, longest := most*time.Second, time.Duration(0)
		for range 200 {
			d, err := r.RetryDelay(attempt+1, throttled)
			if err != nil {
				t.Fatal(err)
			}
			shortest, longest = min(shortest, d), max(longest, d)
		}
		if longest > most*time.Second || longest < most*time.Second*3/4 || shortest > most*time.Second/4 {
			t.Errorf("after attempt %d: delays of %v to %v, want full jitter up to %d s", attempt+1, shortest, longest, most)
		}
	}
}

func TestHangingServersTimeOutPerAttempt(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0: // before the reply
			<-release
		case 1: // in the middle of it
			_, _ = io.WriteString(w, `{"Para`)
			_ = http.NewResponseController(w).Flush()
			<-release
		default:
			text(200, `{"Parameters":[]}`)(n, w, r)
		}
	})
	defer close(release)
	cfg := local(t, s.URL, func(o *Options) { o.Timeout = 100 * time.Millisecond })
	if err := getParameters(t.Context(), cfg); err != nil || s.count() != 3 {
		t.Errorf("%v after %d requests", err, s.count())
	}
}

func TestClassify(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancelExpired := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelExpired()

	classify := func(ctx context.Context, url string) awsfault.Class {
		t.Helper()
		cfg := local(t, url, func(o *Options) { o.Timeout = time.Second })
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		err := getParameters(ctx, cfg)
		if err == nil {
			t.Error("no error")
		}
		return awsfault.Classify(err)
	}
	for code, want := range map[string]awsfault.Class{
		"AccessDeniedException": awsfault.Denied, "ThrottlingException": awsfault.Throttled, "ExpiredTokenException": awsfault.Credentials,
		"UnrecognizedClientException": awsfault.Credentials, "InvalidSignatureException": awsfault.Credentials, "IncompleteSignatureException": awsfault.Credentials,
		"com.amazon.coral.service#AccessDeniedException": awsfault.Denied,
		"ValidationException":                            awsfault.Other, "ParameterNotFound": awsfault.Other, "InternalServerError": awsfault.Unavailable,
		"ServiceUnavailable": awsfault.Unavailable, "KeyUnavailableException": awsfault.Unavailable,
	} {
		if got := classify(t.Context(), newServer(t, text(400, awsError(code))).URL); got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
	for name, reply := range map[string]func(int, http.ResponseWriter, *http.Request){
		"500": text(500, "{}"), "503 HTML": html(503), "403 HTML": html(403), "200 HTML": html(200),
		"new 5xx code": text(500, awsError("SomethingNew")), "407": text(407, ""), "302": text(302, ""), "cut": cut("{"), "reset": reset,
		"truncated": text(200, `{"Parameters":[`), "hang": func(int, http.ResponseWriter, *http.Request) { <-hang },
	} {
		if got := classify(t.Context(), newServer(t, reply).URL); got != awsfault.Unavailable {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := classify(t.Context(), closedPort(t)); got != awsfault.Unavailable {
		t.Errorf("connection refused: %v", got)
	}
	if got := classify(t.Context(), "http://localhost:1"); got != awsfault.Unavailable {
		t.Errorf("nobody there: %v", got)
	}
	if got := classify(canceled, closedPort(t)); got != awsfault.Canceled {
		t.Errorf("canceled: %v", got)
	}
	if got := classify(expired, newServer(t, func(int, http.ResponseWriter, *http.Request) { <-hang }).URL); got != awsfault.Unavailable {
		t.Errorf("out of time: %v", got)
	}
	if awsfault.Classify(nil) != awsfault.Other || awsfault.Classify(errors.New("x")) != awsfault.Other || awsfault.Classify(fmt.Errorf("x: %w", ErrCredentials)) != awsfault.Credentials {
		t.Error("plain errors")
	}
}

func TestEveryAttemptIsCountedAndReported(t *testing.T) {
	s := newServer(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0:
			text(500, awsError("InternalServerError"))(n, w, r)
		case 1:
			cut(`{"CiphertextBlob":"UkVQTFlTRUNSRVQ`)(n, w, r)
		default:
			text(200, `{"KeyId":"x","CiphertextBlob":"UkVQTFlTRUNSRVQ="}`)(n, w, r)
		}
	})
	var debug bytes.Buffer
	calls, own := &Calls{}, &Calls{}
	if err := encrypt(WithCalls(t.Context(), own), local(t, s.URL, func(o *Options) { o.Calls, o.Debug = calls, &debug })); err != nil {
		t.Fatal(err)
	}
	if got := calls.Snapshot(); len(got) != 1 || got["kms:Encrypt"] != 3 {
		t.Errorf("calls %v", got)
	}
	if got := own.Snapshot(); len(got) != 1 || got["kms:Encrypt"] != 3 {
		t.Errorf("calls of the context %v", got)
	}
	lines := strings.Split(strings.TrimSpace(debug.String()), "\n")
	for i, want := range []string{
		`aws: kms:Encrypt attempt 1: 500 "InternalServerError" in `,
		`aws: kms:Encrypt attempt 2: 200 unavailable in `,
		`aws: kms:Encrypt attempt 3: 200 in `,
	} {
		if len(lines) != 3 || !strings.HasPrefix(lines[i], want) {
			t.Fatalf("got\n%s\nwant line %d to begin %s", debug.String(), i+1, want)
		}
	}
	if !strings.HasSuffix(lines[2], `request id "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54"`) || !strings.HasSuffix(lines[0], `request id "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54"`) {
		t.Errorf("request ids are missing:\n%s", debug.String())
	}
	for _, part := range []string{"PLAINTEXT", "UExBSU5URVhU", "UkVQTFl", "AKIA", "the message"} {
		if strings.Contains(debug.String(), part) {
			t.Errorf("the report shows %q:\n%s", part, debug.String())
		}
	}
}

func TestCallsAreSafeForConcurrentUse(t *testing.T) {
	s := newServer(t, text(200, `{"Parameters":[]}`))
	calls := &Calls{}
	var debug bytes.Buffer
	cfg := local(t, s.URL, func(o *Options) { o.Calls, o.Debug = calls, &debug })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := getParameters(t.Context(), cfg); err != nil {
				t.Error(err)
			}
			calls.Snapshot()
		})
	}
	wg.Wait()
	if calls.Snapshot()["ssm:GetParameters"] != 20 || strings.Count(debug.String(), "\n") != 20 {
		t.Errorf("calls %v, report\n%s", calls.Snapshot(), debug.String())
	}
}

func TestTheUserAgentNamesTheProduct(t *testing.T) {
	var agent string
	s := newServer(t, func(n int, w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		text(200, `{"Parameters":[]}`)(n, w, r)
	})
	if err := getParameters(t.Context(), local(t, s.URL, func(o *Options) { o.Version = "1.2.3" })); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(agent, "app/bundle/1.2.3") && !strings.Contains(agent, "app/bundle-1.2.3") {
		t.Errorf("user agent %q", agent)
	}
}
