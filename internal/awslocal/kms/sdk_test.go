package kms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awslocal"
)

// sdkServer serves over HTTP and gives the real SDK's client of an access key; "" is the server's own.
func sdkServer(t *testing.T, o ...awslocal.Option) func(accessKey string) *sdk.Client {
	t.Helper()
	s, err := awslocal.New(o...)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(accessKey string) *sdk.Client {
		id, secret := s.Credentials()
		if accessKey != "" {
			id, secret = accessKey, "secret-of-"+accessKey
		}
		return sdk.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: &url, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
			HTTPClient: &http.Client{Transport: &http.Transport{}},
		})
	}
}

// typed checks that an error has this type of the SDK and this message.
func typed[E interface {
	error
	ErrorMessage() string
}](t *testing.T, err error, message string) {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Errorf("error %v, want %T", err, e)
		return
	}
	if e.ErrorMessage() != message {
		t.Errorf("message %q, want %q", e.ErrorMessage(), message)
	}
}

func sdkCode(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func TestSDKSeesTheTypedErrors(t *testing.T) {
	ctx := t.Context()
	c := sdkServer(t)("")
	key, err := c.CreateKey(ctx, &sdk.CreateKeyInput{Description: aws.String("d"), Tags: []types.Tag{{TagKey: aws.String("k"), TagValue: aws.String("v")}}})
	if err != nil {
		t.Fatal(err)
	}
	arn := key.KeyMetadata.Arn
	other, err := c.CreateKey(ctx, &sdk.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	context := map[string]string{"a": "bc"}
	sealed, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: arn, Plaintext: []byte("text"), EncryptionContext: context})
	if err != nil || aws.ToString(sealed.KeyId) != *arn {
		t.Fatal(sealed, err)
	}
	opened, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context, KeyId: arn})
	if err != nil || !bytes.Equal(opened.Plaintext, []byte("text")) || aws.ToString(opened.KeyId) != *arn {
		t.Errorf("Decrypt gave %v, %v", opened, err)
	}
	moved, err := c.ReEncrypt(ctx, &sdk.ReEncryptInput{CiphertextBlob: sealed.CiphertextBlob, SourceEncryptionContext: context, DestinationKeyId: other.KeyMetadata.KeyId})
	if err != nil || aws.ToString(moved.SourceKeyId) != *arn || aws.ToString(moved.KeyId) != *other.KeyMetadata.Arn {
		t.Errorf("ReEncrypt gave %v, %v", moved, err)
	}

	_, err = c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: map[string]string{"ab": "c"}})
	typed[*types.InvalidCiphertextException](t, err, "")
	_, err = c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context, KeyId: other.KeyMetadata.Arn})
	typed[*types.IncorrectKeyException](t, err, wrongKey)
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: aws.String("alias/none"), Plaintext: []byte("x")})
	typed[*types.NotFoundException](t, err, "Alias arn:aws:kms:us-east-1:"+awslocal.Account+":alias/none is not found.")
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: arn, Plaintext: []byte("x"), DryRun: aws.Bool(true)})
	typed[*types.DryRunOperationException](t, err, "The request would have succeeded, but the DryRun option is set.")
	_, err = c.Decrypt(ctx, &sdk.DecryptInput{KeyId: arn, DryRun: aws.Bool(true), DryRunModifiers: []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}})
	typed[*types.DryRunOperationException](t, err, "The request would have succeeded, but the DryRun option is set.")
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: arn, Plaintext: make([]byte, 4097)})
	if sdkCode(err) != "ValidationException" {
		t.Errorf("4097 bytes: %v", err)
	}
	_, err = c.PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: arn, Policy: aws.String("{")})
	var malformed *types.MalformedPolicyDocumentException
	if !errors.As(err, &malformed) {
		t.Errorf("a broken policy: %v", err)
	}
	if _, err := c.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: arn}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context})
	typed[*types.DisabledException](t, err, *arn+" is disabled.")
	scheduled, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: arn, PendingWindowInDays: aws.Int32(7)})
	if err != nil || scheduled.DeletionDate == nil || scheduled.KeyState != types.KeyStatePendingDeletion {
		t.Errorf("ScheduleKeyDeletion gave %v, %v", scheduled, err)
	}
	_, err = c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context})
	typed[*types.KMSInvalidStateException](t, err, *arn+" is pending deletion.")
	described, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: arn})
	if err != nil || described.KeyMetadata.KeyState != types.KeyStatePendingDeletion || described.KeyMetadata.KeyManager != types.KeyManagerTypeCustomer ||
		!described.KeyMetadata.CreationDate.Equal(*key.KeyMetadata.CreationDate) {
		t.Errorf("DescribeKey gave %+v, %v", described, err)
	}
}

func TestSDKRolesAndKeyPolicies(t *testing.T) {
	ctx := t.Context()
	const n = 3
	everything := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	var roles []map[string]any
	for i := range n {
		id := fmt.Sprintf("AKIAFAKEROLE%08d", i)
		roles = append(roles, map[string]any{"name": fmt.Sprintf("fn-%d", i), "access_key_id": id, "secret_access_key": "secret-of-" + id, "policy": json.RawMessage(everything)})
	}
	seed, err := json.Marshal(map[string]any{"roles": roles})
	if err != nil {
		t.Fatal(err)
	}
	as := sdkServer(t, awslocal.WithSeed(seed))
	admin := as("")
	for i := range n {
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"%[1]s"},"Action":"kms:*","Resource":"*"},
			{"Effect":"Deny","Principal":"*","Action":["kms:Decrypt","kms:ReEncryptFrom"],"Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::%[1]s:role/fn-%[2]d"}}}]}`, awslocal.Account, i)
		key, err := admin.CreateKey(ctx, &sdk.CreateKeyInput{Policy: &policy})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := admin.Encrypt(ctx, &sdk.EncryptInput{KeyId: key.KeyMetadata.Arn, Plaintext: []byte("text")})
		if err != nil {
			t.Fatal(err)
		}
		for j := range n {
			role := as(fmt.Sprintf("AKIAFAKEROLE%08d", j))
			_, err := role.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, KeyId: key.KeyMetadata.Arn})
			if i == j && err != nil || i != j && sdkCode(err) != "AccessDeniedException" {
				t.Errorf("role %d on key %d: %v", j, i, err)
			}
			_, err = role.ReEncrypt(ctx, &sdk.ReEncryptInput{CiphertextBlob: sealed.CiphertextBlob, DestinationKeyId: key.KeyMetadata.Arn})
			if i == j && err != nil || i != j && sdkCode(err) != "AccessDeniedException" {
				t.Errorf("role %d re-encrypting from key %d: %v", j, i, err)
			}
		}
		_, err = admin.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, KeyId: key.KeyMetadata.Arn})
		if sdkCode(err) != "AccessDeniedException" {
			t.Errorf("the account's root opened what the key policy denies to all but one role: %v", err)
		}
	}
}

func TestFixedKeysOpenFixedCiphertexts(t *testing.T) {
	const fixed = "12345678-1234-4234-8234-1234567890ab"
	material := bytes.Repeat([]byte{7}, 32)
	var blob any
	for range 2 {
		s, c := newService(t)
		arn := c.key(nil)
		for name, err := range map[string]error{
			"another key":      s.Fix("arn:aws:kms:us-east-1:111111111111:key/"+nobody, fixed, material),
			"short material":   s.Fix(arn, fixed, material[1:]),
			"no id":            s.Fix(arn, "x", material),
			"id of other kind": s.Fix(arn, "mrk-d3b95762d3b95762d3b95762d3b95762", material),
		} {
			if err == nil {
				t.Errorf("Fix accepted %s", name)
			}
		}
		if err := s.Fix(arn, fixed, material); err != nil {
			t.Fatal(err)
		}
		if err := s.Fix(c.key(nil), fixed, material); err == nil {
			t.Error("Fix gave two keys one id")
		}
		if blob == nil {
			blob = c.do("Encrypt", object{"KeyId": fixed, "Plaintext": b64("x")})["CiphertextBlob"]
		}
		if out := c.do("Decrypt", object{"CiphertextBlob": blob}); out["Plaintext"] != b64("x") {
			t.Errorf("opened %v", out)
		}
	}
}
