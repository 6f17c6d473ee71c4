package seal_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsreply"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// scripted is a KMS that has the same answer to every call, without a network.
type scripted struct {
	status int
	body   []byte
}

func (s *scripted) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body)
	reply := w.Result()
	reply.Request = r
	return reply, nil
}

// FuzzReplies sends any reply to every call of KMS. Whatever it is, a key that is described is the one that was asked for, a ciphertext
// is of the key that was named and does not contain the plaintext, and an error is printable and shows no plaintext.
func FuzzReplies(f *testing.F) {
	const (
		key, other = "arn:aws:kms:us-west-2:222222222222:key/11111111-1111-4111-8111-111111111111", "arn:aws:kms:us-west-2:222222222222:key/22222222-2222-4222-8222-222222222222"
		plaintext  = "cAnArY-plaintext"
	)
	describe := `{"KeyMetadata":{"Arn":"` + key + `","AWSAccountId":"222222222222","KeyId":"11111111-1111-4111-8111-111111111111","KeyState":"Enabled","Enabled":true,` +
		`"KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","KeyManager":"CUSTOMER"}}`
	sealed := `{"KeyId":"` + key + `","SourceKeyId":"` + other + `","CiphertextBlob":"QVFJQ0FIZ3dNREF3TURBd01EQXdNREF3TURBeE1URXhNVEV4TFRFeE1URXRO"}`
	for _, body := range []string{
		describe, strings.Replace(describe, "11111111", "33333333", 1), strings.Replace(describe, "us-west-2", "eu-west-1", 1), strings.Replace(describe, "Enabled", "Odd", 1), `{"KeyMetadata":null}`,
		sealed, strings.Replace(sealed, other, key, 1), strings.Replace(sealed, key, other, 1), strings.Replace(sealed, "key/222", "key/\\u001b[2J", 1), `{"KeyId":"` + key + `","CiphertextBlob":"Y0FuQXJZLXBsYWludGV4dA=="}`,
		`{"KeyId":"` + plaintext + `","CiphertextBlob":"` + plaintext + `"}`, `{"KeyId":"` + key + `","CiphertextBlob":""}`, `{}`, ``, `null`, `{"CiphertextBlob":`,
		`{"__type":"DryRunOperationException"}`, `{"__type":"NotFoundException","message":"` + plaintext + `"}`, `{"__type":"ValidationException","message":"` + plaintext + `"}`,
		`{"__type":"AccessDeniedException","Message":"User: x is not authorized to perform: kms:Encrypt on resource: ` + plaintext + `"}`, `{"__type":"` + plaintext + `"}`,
	} {
		for _, status := range []int{200, 400, 503} {
			f.Add(status, []byte(body))
		}
	}
	fake := &scripted{}
	type clients struct {
		kms   *seal.KMS
		blind *seal.Blind
	}
	var all []clients
	for _, options := range [][]func(*middleware.Stack) error{{awsreply.Check}, nil} { // the checks of this package must also hold without the first
		cfg := aws.Config{
			Region: "us-west-2", BaseEndpoint: aws.String("https://kms.test"), Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""),
			HTTPClient: fake, Retryer: func() aws.Retryer { return aws.NopRetryer{} }, APIOptions: options,
		}
		all = append(all, clients{seal.New(cfg), seal.NewBlind(cfg)})
	}
	box := secret.New([]byte(plaintext))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			t.Skip()
		}
		*fake = scripted{status, body}
		for _, c := range all {
			for _, ref := range []string{key, "11111111-1111-4111-8111-111111111111", "alias/x", "arn:aws:kms:us-west-2:222222222222:alias/x"} {
				found, err := c.kms.Describe(context.Background(), ref)
				if checkError(t, err); err != nil {
					continue
				}
				if !strings.HasPrefix(found.ARN, "arn:") || !strings.Contains(ref, "alias/") && found.ARN != ref && !strings.HasSuffix(found.ARN, ":key/"+ref) || strings.HasPrefix(ref, "arn:") &&
					!strings.HasPrefix(found.ARN, "arn:aws:kms:us-west-2:222222222222:key/") || strings.ContainsAny(found.ARN, "\x00\x1b\n ") {
					t.Fatalf("%s is %+v", ref, found)
				}
			}
			blob, err := c.kms.Encrypt(context.Background(), key, box, nil)
			if err != nil && strings.Contains(err.Error(), plaintext) {
				t.Fatalf("a plaintext in %q", err)
			}
			if checkError(t, err); err == nil && (len(blob) <= len(plaintext) || bytes.Contains(blob, []byte(plaintext)) || !bytes.Contains(body, []byte("11111111"))) {
				t.Fatalf("a ciphertext of %d bytes", len(blob))
			}
			move := seal.Move{Ciphertext: []byte("ciphertext"), Parameter: "arn:aws:ssm:us-west-2:222222222222:parameter/x", Sources: []string{other}, To: key}
			blob, err = c.blind.ReEncrypt(context.Background(), move)
			if checkError(t, err); err == nil && (len(blob) == 0 || bytes.Equal(blob, move.Ciphertext) || !bytes.Contains(body, []byte("22222222"))) {
				t.Fatalf("a ciphertext of %d bytes", len(blob))
			}
			checkError(t, c.blind.Try(context.Background(), move))
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	known := slices.ContainsFunc([]error{seal.ErrKeyMissing, seal.ErrKeyDenied, seal.ErrKeyState, seal.ErrReply, seal.ErrUnavailable, seal.ErrCredentials, seal.ErrCiphertext, seal.ErrSourceKey},
		func(sentinel error) bool { return errors.Is(err, sentinel) })
	if !known {
		t.Fatalf("an error of no kind: %v", err)
	}
	if strings.ContainsAny(err.Error(), "\n\r\x00\x1b\u2028\u202e") {
		t.Fatalf("%q is not printable", err)
	}
}
