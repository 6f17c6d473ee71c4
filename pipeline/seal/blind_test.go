package seal

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/internal/awslocal"
)

const (
	sourceARN    = "arn:aws:kms:us-west-2:222222222222:key/0b0b0b0b-12ab-34cd-56ef-1234567890ab"
	parameterARN = "arn:aws:ssm:us-west-2:222222222222:parameter/prod/db"
)

func lyingBlind(t *testing.T, status int, body string) *Blind {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return NewBlind(config(s.URL))
}

func TestBlindClientSendsNothingButReEncrypt(t *testing.T) {
	sent := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent++
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	client, ctx, key := NewBlind(config(s.URL)).client, t.Context(), aws.String(keyARN)
	for what, call := range map[string]func() error{
		"Decrypt": func() error {
			_, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: []byte("x")})
			return err
		},
		"Encrypt": func() error {
			_, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")})
			return err
		},
		"GenerateDataKey": func() error {
			_, err := client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: key, KeySpec: types.DataKeySpecAes256})
			return err
		},
		"GenerateDataKeyWithoutPlaintext": func() error {
			_, err := client.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: key, KeySpec: types.DataKeySpecAes256})
			return err
		},
		"GenerateDataKeyPair": func() error {
			_, err := client.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{KeyId: key, KeyPairSpec: types.DataKeyPairSpecEccNistP256})
			return err
		},
		"CreateGrant": func() error {
			_, err := client.CreateGrant(ctx, &kms.CreateGrantInput{KeyId: key, GranteePrincipal: key, Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "a blind build does not send") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if sent != 0 {
		t.Errorf("%d requests were sent", sent)
	}
}

func TestReEncryptChecksTheReplyAgainstTheRequest(t *testing.T) {
	reply := func(change map[string]any) string {
		m := map[string]any{"KeyId": keyARN, "SourceKeyId": sourceARN, "CiphertextBlob": []byte("blob")}
		for k, v := range change {
			m[k] = v
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	long := make([]byte, maxCiphertext+1)
	for _, tt := range []struct {
		name    string
		sources []string
		body    string
		want    error
	}{
		{"as asked", nil, reply(nil), nil},
		{"the one expected key", []string{sourceARN}, reply(nil), nil},
		{"one of the expected keys", []string{sourceARN + "x", sourceARN}, reply(nil), nil},
		{"another source key", []string{sourceARN + "x"}, reply(nil), ErrSourceKey},
		{"another source key than the two", []string{sourceARN + "x", sourceARN + "y"}, reply(nil), ErrSourceKey},
		{"its own key", nil, reply(map[string]any{"SourceKeyId": keyARN}), ErrSourceKey},
		{"its own key, expected", []string{keyARN}, reply(map[string]any{"SourceKeyId": keyARN}), ErrSourceKey},
		{"another key", nil, reply(map[string]any{"KeyId": sourceARN}), ErrReply},
		{"keys the wrong way round", nil, reply(map[string]any{"KeyId": sourceARN, "SourceKeyId": keyARN}), ErrReply},
		{"no key", nil, reply(map[string]any{"KeyId": nil}), ErrReply},
		{"no source key", nil, reply(map[string]any{"SourceKeyId": nil}), ErrReply},
		{"an alias for the source key", nil, reply(map[string]any{"SourceKeyId": "alias/x"}), ErrReply},
		{"a short id", nil, reply(map[string]any{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}), ErrReply},
		{"no ciphertext", nil, reply(map[string]any{"CiphertextBlob": nil}), ErrReply},
		{"an empty ciphertext", nil, reply(map[string]any{"CiphertextBlob": ""}), ErrReply},
		{"the longest ciphertext", nil, reply(map[string]any{"CiphertextBlob": long[1:]}), nil},
		{"a long ciphertext", nil, reply(map[string]any{"CiphertextBlob": long}), ErrReply},
		{"the old ciphertext", nil, reply(map[string]any{"CiphertextBlob": []byte("stored")}), ErrReply},
		{"an empty reply", nil, "{}", ErrReply},
	} {
		got, err := lyingBlind(t, 200, tt.body).ReEncrypt(t.Context(), Move{
			Ciphertext: []byte("stored"), Parameter: parameterARN, Sources: tt.sources, To: keyARN,
		})
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || (got != nil) != (tt.want == nil) {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func TestReEncryptDistinguishesRefusals(t *testing.T) {
	for code, want := range map[string]error{
		"InvalidCiphertextException": ErrCiphertext,
		"IncorrectKeyException":      ErrSourceKey,
		"AccessDeniedException":      ErrKeyDenied,
		"NotFoundException":          ErrKeyMissing,
		"DisabledException":          ErrKeyState,
		"KMSInvalidStateException":   ErrKeyState,
		"KeyUnavailableException":    ErrUnavailable,
		"ThrottlingException":        ErrUnavailable,
		"ExpiredTokenException":      ErrCredentials,
		"ValidationException":        ErrReply,
		"DryRunOperationException":   ErrReply, // not a dry run
	} {
		b := lyingBlind(t, 400, refusal(code, "the message"))
		if _, err := b.ReEncrypt(t.Context(), Move{To: keyARN}); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
		if code == "DryRunOperationException" {
			want = nil
		}
		if err := b.Try(t.Context(), Move{To: keyARN}); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s to a dry run: %v", code, err)
		}
	}
	if err := lyingBlind(t, 200, "{}").Try(t.Context(), Move{To: keyARN}); !errors.Is(err, ErrReply) {
		t.Errorf("a dry run that is answered: %v", err)
	}
}

func TestReEncryptingWithTheEmbeddedAWS(t *testing.T) {
	server, err := awslocal.New(awslocal.WithSeed([]byte(`{"region": "us-west-2", "keys": [{"alias": "alias/stored"}, {"alias": "alias/other"}, {"alias": "alias/function"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(url)
	id, secretKey := server.Credentials()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secretKey, "")
	client, ctx := kms.NewFromConfig(cfg), t.Context()
	arn := func(alias string) string {
		key, err := New(cfg).Describe(ctx, alias)
		if err != nil {
			t.Fatal(err)
		}
		return key.ARN
	}
	stored, other, function := arn("alias/stored"), arn("alias/other"), arn("alias/function")
	out, err := client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: &stored, Plaintext: []byte(canary), EncryptionContext: map[string]string{"PARAMETER_ARN": parameterARN},
	})
	if err != nil {
		t.Fatal(err)
	}
	good := Move{Ciphertext: out.CiphertextBlob, Parameter: parameterARN, To: function, Context: map[string]string{"bundle:box": "1/1"}}
	with := func(change func(*Move)) Move { m := good; change(&m); return m }
	b := NewBlind(cfg)
	for _, tt := range []struct {
		name  string
		m     Move
		want  error
		tried error
	}{
		{"as stored", good, nil, nil},
		{"under the expected key", with(func(m *Move) { m.Sources = []string{stored} }), nil, nil},
		{"under one of two", with(func(m *Move) { m.Sources = []string{other, stored} }), nil, nil},
		{"under another key", with(func(m *Move) { m.Sources = []string{other} }), ErrSourceKey, ErrSourceKey},
		{"to its own key", with(func(m *Move) { m.To = stored }), ErrSourceKey, nil},
		{"of another parameter", with(func(m *Move) { m.Parameter += "x" }), ErrCiphertext, ErrCiphertext},
		{"damaged", with(func(m *Move) { m.Ciphertext = append([]byte("x"), m.Ciphertext[1:]...) }), ErrCiphertext, ErrCiphertext},
		{"to no key", with(func(m *Move) { m.To = function + "0" }), ErrKeyMissing, ErrKeyMissing},
	} {
		got, err := b.ReEncrypt(ctx, tt.m)
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := b.Try(ctx, tt.m); !errors.Is(err, tt.tried) || (err == nil) != (tt.tried == nil) {
			t.Errorf("%s, dry: %v", tt.name, err)
		}
		if tt.want != nil {
			continue
		}
		opened, err := client.Decrypt(ctx, &kms.DecryptInput{KeyId: &function, CiphertextBlob: got, EncryptionContext: tt.m.Context})
		if err != nil || string(opened.Plaintext) != canary {
			t.Errorf("%s: does not open: %v", tt.name, err)
		}
	}
}
