package seal

import (
	"context"
	"encoding/base64"
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
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline/secret"
)

const (
	keyARN = "arn:aws:kms:us-west-2:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	canary = `{"DB_PASSWORD":"cAnArY-7f3a9e51-0123456789"}`
)

func config(url string) aws.Config {
	return aws.Config{
		Region:       "us-west-2",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAEXAMPLE000000000", "example", ""),
		HTTPClient:   &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// lying returns a KMS that always gets this reply.
func lying(t *testing.T, status int, body string) *KMS {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-RequestId", "1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return New(config(s.URL))
}

func metadata(change map[string]any) string {
	m := map[string]any{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "Arn": keyARN, "AWSAccountId": "222222222222", "Enabled": true,
		"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "KeyManager": "CUSTOMER", "MultiRegion": false}
	for k, v := range change {
		m[k] = v
	}
	b, err := json.Marshal(map[string]any{"KeyMetadata": m})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func refusal(code, message string) string {
	return fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message)
}

func TestDescribeClassifiesKeys(t *testing.T) {
	good := Key{ARN: keyARN, Partition: "aws", Region: "us-west-2", Account: "222222222222", State: "Enabled", Enabled: true, Symmetric: true,
		Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", CustomerManaged: true}
	with := func(change func(*Key)) Key { k := good; change(&k); return k }
	for _, tt := range []struct {
		ref    string
		change map[string]any
		want   Key
	}{
		{keyARN, nil, good},
		{"1234abcd-12ab-34cd-56ef-1234567890ab", nil, good},
		{"alias/x", nil, good},
		{"arn:aws:kms:us-west-2:222222222222:alias/x", nil, good},
		{keyARN, map[string]any{"Enabled": false, "KeyState": "Disabled"}, with(func(k *Key) { k.Enabled, k.State = false, "Disabled" })},
		{keyARN, map[string]any{"KeyState": "PendingDeletion"}, with(func(k *Key) { k.Enabled, k.State = false, "PendingDeletion" })},
		{keyARN, map[string]any{"Enabled": false}, with(func(k *Key) { k.Enabled = false })},
		{keyARN, map[string]any{"KeySpec": "RSA_2048"}, with(func(k *Key) { k.Symmetric, k.Spec = false, "RSA_2048" })},
		{keyARN, map[string]any{"KeyUsage": "GENERATE_VERIFY_MAC"}, with(func(k *Key) { k.Symmetric, k.Usage = false, "GENERATE_VERIFY_MAC" })},
		{keyARN, map[string]any{"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
			with(func(k *Key) { k.Symmetric, k.Spec, k.Usage = false, "ML_KEM_768", "ENCAPSULATE_DECAPSULATE" })},
		{keyARN, map[string]any{"KeySpec": "NEW\x1b[31m"}, with(func(k *Key) { k.Symmetric, k.Spec = false, "unknown" })},
		{keyARN, map[string]any{"KeySpec": ""}, with(func(k *Key) { k.Symmetric, k.Spec = false, "unknown" })},
		{keyARN, map[string]any{"KeyManager": "AWS"}, with(func(k *Key) { k.CustomerManaged = false })},
		{keyARN, map[string]any{"KeyManager": ""}, with(func(k *Key) { k.CustomerManaged = false })},
		{keyARN, map[string]any{"MultiRegion": true}, good},
	} {
		got, err := lying(t, 200, metadata(tt.change)).Describe(t.Context(), tt.ref)
		if err != nil || got != tt.want {
			t.Errorf("%s with %v: %+v, %v", tt.ref, tt.change, got, err)
		}
	}
}

func TestDescribeRefusesReplies(t *testing.T) {
	for _, tt := range []struct {
		ref, body string
	}{
		{"alias/x", "{}"},
		{"alias/x", `{"KeyMetadata":{}}`},
		{"alias/x", metadata(map[string]any{"Arn": "arn:aws:kms:us-west-2:222222222222:alias/x"})},
		{"alias/x", metadata(map[string]any{"Arn": "arn:aws:ssm:us-west-2:222222222222:key/x"})},
		{"alias/x", metadata(map[string]any{"Arn": "arn:aws:kms:us-west-2:222222222222:key/"})},
		{"alias/x", metadata(map[string]any{"Arn": "arn:aws:kms:us-west-2:222222222222:key/x\ny"})},
		{"alias/x", metadata(map[string]any{"Arn": "arn:aws:kms::222222222222:key/x"})},
		{"alias/x", metadata(map[string]any{"Arn": "arn:aws:kms:us-west-2:22222:key/x", "AWSAccountId": "22222"})},
		{"alias/x", metadata(map[string]any{"AWSAccountId": "333333333333"})},
		{"alias/x", metadata(map[string]any{"AWSAccountId": nil})},
		{"arn:aws:kms:us-west-2:222222222222:key/other", metadata(nil)},
		{"arn:aws:kms:us-west-2:333333333333:key/1234abcd-12ab-34cd-56ef-1234567890ab", metadata(nil)},
		{"arn:aws:kms:us-west-2:333333333333:alias/x", metadata(nil)},
		{"arn:aws:kms:us-west-2:222222222223:alias/x", metadata(nil)},
		{"arn:aws:kms:eu-west-1:222222222222:alias/x", metadata(nil)},
		{"arn:aws-cn:kms:us-west-2:222222222222:alias/x", metadata(nil)},
		{"other", metadata(nil)},
		{"7890ab", metadata(nil)},
	} {
		if got, err := lying(t, 200, tt.body).Describe(t.Context(), tt.ref); !errors.Is(err, ErrReply) || got != (Key{}) {
			t.Errorf("%s: %s: %+v, %v", tt.ref, tt.body, got, err)
		}
	}
}

func TestErrorsAreNamed(t *testing.T) {
	for code, want := range map[string]error{
		"NotFoundException": ErrKeyMissing, "InvalidArnException": ErrKeyMissing, "AccessDeniedException": ErrKeyDenied,
		"DisabledException": ErrKeyState, "KMSInvalidStateException": ErrKeyState, "InvalidKeyUsageException": ErrKeyState,
		"KMSInternalException": ErrUnavailable, "KeyUnavailableException": ErrUnavailable, "DependencyTimeoutException": ErrUnavailable,
		"ThrottlingException": ErrUnavailable, "ExpiredTokenException": ErrCredentials, "UnrecognizedClientException": ErrCredentials,
		"InvalidSignatureException": ErrCredentials, "ValidationException": ErrReply, "SomethingNew": ErrReply,
	} {
		k := lying(t, 400, refusal(code, "the message."))
		_, err := k.Describe(t.Context(), "alias/x")
		_, err2 := k.Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil)
		for i, err := range []error{err, err2} {
			if i == 0 && code == "ValidationException" {
				want = ErrKeyMissing // an invalid reference to a key
			} else if code == "ValidationException" {
				want = ErrReply
			}
			if !errors.Is(err, want) || !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), "(request id 1f0c2a9e-5b7d-4c31-8a6e-0d9b3f7e2c54)") || strings.Contains(err.Error(), "the message") {
				t.Errorf("%s: %v, want %v", code, err, want)
			}
		}
	}
	for _, reply := range []struct {
		status int
		body   string
	}{{500, ""}, {503, "<html>"}, {200, "<html>"}, {200, `{"KeyId":"`}, {302, ""}, {407, ""}, {500, refusal("SomethingNew", "")}, {403, "no"}} {
		k := lying(t, reply.status, reply.body)
		_, err := k.Describe(t.Context(), "alias/x")
		_, err2 := k.Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil)
		for _, err := range []error{err, err2} {
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("%+v: %v", reply, err)
			}
		}
	}
}

func TestEncryptRefusesReplies(t *testing.T) {
	blob := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for name, body := range map[string]string{
		"empty":            "{}",
		"no ciphertext":    fmt.Sprintf(`{"KeyId":%q}`, keyARN),
		"empty ciphertext": fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":""}`, keyARN),
		"huge ciphertext":  fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN, blob(maxCiphertext+1)),
		"short ciphertext": fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN, blob(len(canary))),
		"the plaintext":    fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN, base64.StdEncoding.EncodeToString([]byte(canary))),
		"in a ciphertext":  fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN, base64.StdEncoding.EncodeToString([]byte("AQICAH"+canary+"x"))),
		"no key":           fmt.Sprintf(`{"CiphertextBlob":%q}`, blob(200)),
		"another key":      fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN+"c", blob(200)),
		"bare key id":      fmt.Sprintf(`{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","CiphertextBlob":%q}`, blob(200)),
		"alias":            fmt.Sprintf(`{"KeyId":"arn:aws:kms:us-west-2:222222222222:alias/x","CiphertextBlob":%q}`, blob(200)),
		"echo":             fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, canary, blob(200)),
	} {
		got, err := lying(t, 200, body).Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil)
		if !errors.Is(err, ErrReply) || got != nil || strings.Contains(err.Error(), "cAnArY") {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	// A few bytes can occur in a ciphertext by chance.
	for plaintext, want := range map[string]error{"sample7": nil, "sample78": ErrReply} {
		body := fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN, base64.StdEncoding.EncodeToString([]byte("AQICAH"+plaintext+"x")))
		if _, err := lying(t, 200, body).Encrypt(t.Context(), keyARN, secret.New([]byte(plaintext)), nil); !errors.Is(err, want) {
			t.Errorf("%d bytes in a ciphertext: %v", len(plaintext), err)
		}
	}
	got, err := lying(t, 200, fmt.Sprintf(`{"KeyId":%q,"CiphertextBlob":%q}`, keyARN, blob(maxCiphertext))).
		Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil)
	if err != nil || len(got) != maxCiphertext {
		t.Errorf("the longest ciphertext: %d bytes, %v", len(got), err)
	}
}

func TestEncryptTakesOnlyTheARNOfAKey(t *testing.T) {
	const account = "arn:aws:kms:us-west-2:222222222222"
	for _, ref := range []string{
		"", "alias/x", account + ":alias/x", "1234abcd-12ab-34cd-56ef-1234567890ab",
		account, account + ":x", account + ":key", account + ":key/", account + ":key/a:b", account + ":key/a/b", account + ":key/a b", account + ":key/a\nb",
		"urn:aws:kms:us-west-2:222222222222:key/1", "arn::kms:us-west-2:222222222222:key/1", "arn:aws:ssm:us-west-2:222222222222:key/1",
		"arn:aws:kms::222222222222:key/1", "arn:aws:kms:us-west-2::key/1", "arn:aws:kms:us-west-2:22222222222:key/1",
		"arn:aws:kms:us-west-2:2222222222222:key/1", "arn:aws:kms:us-west-2:22222222222a:key/1",
	} {
		if _, err := lying(t, 200, "{}").Encrypt(t.Context(), ref, secret.New([]byte(canary)), nil); !errors.Is(err, ErrKeyMissing) {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func TestErrorsRepeatNoPlaintext(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte(canary))
	for name, message := range map[string]string{
		"raw": "failed: " + canary, "base64": "failed: " + encoded, "part": "x" + canary[5:30] + "y", "part of base64": encoded[3:40],
	} {
		for _, code := range []string{"ValidationException", "AccessDeniedException", message} {
			_, err := lying(t, 400, refusal(code, message)).Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil)
			if err == nil || strings.Contains(err.Error(), "cAnArY") || strings.Contains(err.Error(), encoded[4:30]) {
				t.Errorf("%s as %s: %v", name, code, err)
			}
		}
	}
	// Not even in a message of a form that would be quoted.
	const form = "User: arn:aws:sts::222222222222:assumed-role/x/y is not authorized to perform: kms:Encrypt on resource: "
	_, err := lying(t, 400, refusal("AccessDeniedException", form+encoded)).Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil)
	if err == nil || strings.Contains(err.Error(), encoded[4:30]) || !strings.Contains(err.Error(), "withheld") {
		t.Errorf("got %v", err)
	}
	// What a box and a message can have in common by chance is not an echo.
	const message = "User: arn:aws:sts::222222222222:assumed-role/x/y is not authorized to perform: kms:Encrypt on resource: " + keyARN
	box := secret.New([]byte(`{"REGION":"us-west-2","QUEUE":"arn:aws:sqs:us-west-2:1"}`))
	if _, err := lying(t, 400, refusal("AccessDeniedException", message)).Encrypt(t.Context(), keyARN, box, nil); !strings.Contains(err.Error(), message) {
		t.Errorf("got %v", err)
	}
	if _, err := lying(t, 200, `{"KeyId":"cAnArY`).Encrypt(t.Context(), keyARN, secret.New([]byte(canary)), nil); strings.Contains(err.Error(), "cAnArY") {
		t.Errorf("got %v", err)
	}
}

// marked is the error of bundle's own credentials if there are none.
type marked struct{ error }

func (marked) Class() awsfault.Class { return awsfault.Credentials }

func TestTheContextAndTimeoutsAreDistinguished(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(s.CloseClientConnections)
	k := New(config(s.URL))

	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := k.Describe(canceled, "alias/x"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("canceled: %v", err)
	}
	expired, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := k.Encrypt(expired, keyARN, secret.New([]byte(canary)), nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("out of time: %v", err)
	}
	slow := config(s.URL)
	slow.HTTPClient = &http.Client{Timeout: 20 * time.Millisecond}
	if _, err := New(slow).Describe(t.Context(), "alias/x"); !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("timeout of an attempt: %v", err)
	}
	none := config(s.URL)
	none.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, marked{errors.New("there are none")}
	})
	if _, err := New(none).Describe(t.Context(), "alias/x"); !errors.Is(err, ErrCredentials) || !strings.Contains(err.Error(), "there are none") {
		t.Errorf("no credentials: %v", err)
	}
	nobody := config("http://127.0.0.1:1")
	if _, err := New(nobody).Describe(t.Context(), "alias/x"); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestEncryptingWithTheEmbeddedAWS(t *testing.T) {
	server, err := awslocal.New(awslocal.WithSeed([]byte(`{"region": "us-west-2", "keys": [{"alias": "alias/one"}, {"alias": "alias/off"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(url)
	id, key := server.Credentials()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, key, "")
	k, ctx := New(cfg), t.Context()

	one, err := k.Describe(ctx, "alias/one")
	if err != nil || !one.Enabled || !one.Symmetric || !one.CustomerManaged || one.Account != "000000000000" || one.Region != "us-west-2" {
		t.Fatalf("got %+v, %v", one, err)
	}
	if _, err := k.Describe(ctx, "alias/none"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("absent alias: %v", err)
	}
	off, err := k.Describe(ctx, "alias/off")
	if err != nil {
		t.Fatal(err)
	}
	client := kms.NewFromConfig(cfg)
	if _, err := client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(off.ARN)}); err != nil {
		t.Fatal(err)
	}
	if off, err = k.Describe(ctx, off.ARN); err != nil || off.Enabled || off.State != "Disabled" {
		t.Errorf("disabled key: %+v, %v", off, err)
	}
	if _, err := k.Encrypt(ctx, off.ARN, secret.New([]byte(canary)), nil); !errors.Is(err, ErrKeyState) {
		t.Errorf("disabled key: %v", err)
	}

	encryption := map[string]string{"bundle:function": "payments/hello", "bundle:box": "1/1"}
	for _, n := range []int{1, 4096} {
		box := secret.New([]byte(strings.Repeat("x", n)))
		blob, err := k.Encrypt(ctx, one.ARN, box, encryption)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		out, err := client.Decrypt(ctx, &kms.DecryptInput{KeyId: aws.String(one.ARN), CiphertextBlob: blob, EncryptionContext: encryption})
		if err != nil || len(out.Plaintext) != n {
			t.Errorf("%d bytes come back as %d, %v", n, len(out.Plaintext), err)
		}
		if _, err := client.Decrypt(ctx, &kms.DecryptInput{KeyId: aws.String(one.ARN), CiphertextBlob: blob}); err == nil {
			t.Error("the ciphertext opens without its context")
		}
	}
	if _, err := k.Encrypt(ctx, one.ARN, secret.New(make([]byte, 4097)), nil); !errors.Is(err, ErrReply) {
		t.Errorf("4097 bytes: %v", err)
	}
}

func TestAnEchoIsFoundAnywhere(t *testing.T) {
	plaintext := "sample-0123456789-abcdef" // 20 bytes of it in a row are an echo
	encoded := base64.StdEncoding.EncodeToString([]byte(plaintext))
	for text, echo := range map[string]bool{
		"": false, "x": false, plaintext: true, "x" + plaintext: true, plaintext + "x": true, "x" + plaintext[:20]: true, plaintext[4:]: true,
		"x" + plaintext[:19]: false, plaintext[:19] + "x": false, "x" + encoded[:20]: true, encoded[12:]: true, encoded[:19] + "_": false,
	} {
		if got := withoutEcho(text, []byte(plaintext)); (got != text) != echo {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if got := withoutEcho("it is short7", []byte("short7")); !strings.Contains(got, "withheld") {
		t.Errorf("a short plaintext: %q", got)
	}
	if got := withoutEcho("text", nil); got != "text" {
		t.Errorf("no plaintext: %q", got)
	}
}
