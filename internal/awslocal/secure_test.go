package awslocal_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/awslocal"
)

func TestSecureStringIsAKMSCiphertextUnderItsKeyAndARN(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	key := newKey(t, w.kms(), "alias/app")
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/a/b"), Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/app"), Value: aws.String("sample")})
	out, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/b")})
	if err != nil {
		t.Fatal(err)
	}
	stored := aws.ToString(out.Parameter.Value)
	if !strings.HasPrefix(stored, "AQICAH") {
		t.Errorf("undecrypted value begins %.6q", stored)
	}
	blob, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:ssm:us-east-1:000000000000:parameter/a/b"
	opened, err := w.kms().Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: &key, EncryptionContext: map[string]string{"PARAMETER_ARN": arn}})
	if err != nil || string(opened.Plaintext) != "sample" {
		t.Errorf("kms:Decrypt of the stored value: %v", err)
	}
	_, err = w.kms().Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: &key})
	refused(t, err, "InvalidCiphertextException", "")
	plain, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/b"), WithDecryption: aws.Bool(true)})
	if err != nil || aws.ToString(plain.Parameter.Value) != "sample" {
		t.Errorf("decrypted: %v", err)
	}
}

func TestDefaultKeyOpensThroughSSMOnly(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("plainly"), Type: types.ParameterTypeSecureString, Value: aws.String("sample")})
	out, err := w.ssm().GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/plainly"}, WithDecryption: aws.Bool(true)})
	if err != nil || len(out.Parameters) != 1 || aws.ToString(out.Parameters[0].Value) != "sample" {
		t.Fatalf("decrypted: %v %v", out, err)
	}
	out, err = w.ssm().GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"plainly"}})
	if err != nil {
		t.Fatal(err)
	}
	blob, _ := base64.StdEncoding.DecodeString(aws.ToString(out.Parameters[0].Value))
	_, err = w.kms().Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob,
		EncryptionContext: map[string]string{"PARAMETER_ARN": aws.ToString(out.Parameters[0].ARN)}})
	refused(t, err, "AccessDeniedException", "")
}

func TestAdvancedTierIsNoKMSCiphertext(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	newKey(t, w.kms(), "alias/app")
	long := strings.Repeat("x", 8192)
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/a/long"), Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/app"),
		Tier: types.ParameterTierAdvanced, Value: &long})
	out, err := w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/long"), WithDecryption: aws.Bool(true)})
	if err != nil || aws.ToString(out.Parameter.Value) != long {
		t.Fatalf("decrypted: %v", err)
	}
	out, err = w.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/a/long")})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(aws.ToString(out.Parameter.Value), "AYADe") {
		t.Errorf("undecrypted value begins %.6q", aws.ToString(out.Parameter.Value))
	}
	blob, _ := base64.StdEncoding.DecodeString(aws.ToString(out.Parameter.Value))
	_, err = w.kms().Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob[:4096],
		EncryptionContext: map[string]string{"PARAMETER_ARN": aws.ToString(out.Parameter.ARN)}})
	refused(t, err, "InvalidCiphertextException", "")
}

func TestUnusableKeyFailsTheWholeBatchInKMSWords(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	key := newKey(t, w.kms(), "alias/app")
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/a/clear"), Type: types.ParameterTypeString, Value: aws.String("sample")})
	put(t, w.ssm(), &ssm.PutParameterInput{Name: aws.String("/a/secret"), Type: types.ParameterTypeSecureString, KeyId: &key, Value: aws.String("sample")})
	if _, err := w.kms().DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	in := &ssm.GetParametersInput{Names: []string{"/a/clear", "/a/secret"}, WithDecryption: aws.Bool(true)}
	_, err := w.ssm().GetParameters(ctx, in)
	refused(t, err, "InvalidKeyId", "is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException;")
	in.WithDecryption = nil
	if out, err := w.ssm().GetParameters(ctx, in); err != nil || len(out.Parameters) != 2 {
		t.Errorf("undecrypted: %v", err)
	}
	_, err = w.ssm().PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/a/other"), Type: types.ParameterTypeSecureString,
		KeyId: aws.String("alias/absent"), Value: aws.String("sample")})
	refused(t, err, "InvalidKeyId", "")
}

func TestBehaviourThatAWSDoesNotDocumentCanBeSwitched(t *testing.T) {
	ctx := context.Background()
	in := &ssm.GetParametersInput{Names: []string{"/app/off", "/app/on", "/app/off"}, WithDecryption: aws.Bool(true)}
	prepared := func(o ...awslocal.Option) world {
		w := start(t, o...)
		for name, alias := range map[string]string{"/app/on": "alias/on", "/app/off": "alias/off"} {
			newKey(t, w.kms(), alias)
			put(t, w.ssm(), &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeSecureString, KeyId: &alias, Value: aws.String("sample")})
		}
		return w
	}
	w := prepared()
	if out, err := w.ssm().GetParameters(ctx, in); err != nil || len(out.Parameters) != 2 {
		t.Errorf("by default a name asked for twice is answered once: %v", err)
	}
	_, err := prepared(awslocal.WithDuplicatesRefused()).ssm().GetParameters(ctx, in)
	refused(t, err, "ValidationException", "distinct")
	w = prepared(awslocal.WithPartialBatches(), awslocal.WithFaults(awslocal.Fault{Operation: "ssm:GetParameters", Kind: awslocal.DisableKey, Key: "alias/off"}))
	out, err := w.ssm().GetParameters(ctx, in)
	if err != nil || len(out.Parameters) != 1 || len(out.InvalidParameters) != 1 || out.InvalidParameters[0] != "/app/off" {
		t.Errorf("partial: %v %v", out, err)
	}
}

func TestCallerIdentityOfTheServersCredentials(t *testing.T) {
	w := start(t)
	out, err := w.sts().GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(out.Account) != "000000000000" || aws.ToString(out.Arn) != "arn:aws:iam::000000000000:root" {
		t.Errorf("identity %v %v", aws.ToString(out.Account), aws.ToString(out.Arn))
	}
}
