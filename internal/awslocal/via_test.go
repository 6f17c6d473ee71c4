package awslocal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	awssts "github.com/whispering/bundle/internal/awslocal/sts"
)

// SSM uses KMS as its caller: what the caller may not do, SSM does not do for it.
func TestSSMUsesKMSAsItsCaller(t *testing.T) {
	ctx := context.Background()
	w := start(t)
	key := newKey(t, w.kms(), "alias/app")
	for name, alias := range map[string]string{"/app/own": "alias/app", "/app/default": "alias/aws/ssm", "/other/own": "alias/app"} {
		put(t, w.ssm(), &ssm.PutParameterInput{Name: &name, Type: types.ParameterTypeSecureString, KeyId: &alias, Value: aws.String("sample")})
	}
	const ssmOnly = `{"Effect":"Allow","Action":"ssm:*","Resource":"*"}`
	for name, test := range map[string]struct {
		statement  string
		parameter  string
		read, seal string // error codes of a decrypting read, and of an overwrite
		direct     string // error code of kms:Decrypt on what SSM hands out
	}{
		"no right to the key":          {ssmOnly, "/app/own", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"},
		"the default key needs none":   {ssmOnly, "/app/default", "", "", "AccessDeniedException"},
		"through SSM only":             {`{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com"}}}`, "/app/own", "", "", "AccessDeniedException"},
		"through another service only": {`{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}}`, "/app/own", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"},
		"read only":                    {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}`, "/app/own", "", "AccessDeniedException", ""},
		"by parameter":                 {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:*:*:parameter/app/*"}}}`, "/app/own", "", "AccessDeniedException", ""},
		"by another parameter":         {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:*:*:parameter/app/*"}}}`, "/other/own", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := `{"Version":"2012-10-17","Statement":[` + ssmOnly + `,` + test.statement + `]}`
			if err := w.PutRole(awssts.Role{Name: "build", AccessKeyID: buildID, SecretAccessKey: buildKey, Policy: json.RawMessage(policy)}); err != nil {
				t.Fatal(err)
			}
			c := w.as(buildID, buildKey, "")
			_, err := ssm.NewFromConfig(c).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{test.parameter}, WithDecryption: aws.Bool(true)})
			refused(t, err, test.read, text(test.read, "is not authorized to perform: kms:Decrypt on resource: "+key))
			_, err = ssm.NewFromConfig(c).PutParameter(ctx, &ssm.PutParameterInput{Name: &test.parameter, KeyId: keyOf(test.parameter), Value: aws.String("sample"), Overwrite: aws.Bool(true)})
			refused(t, err, test.seal, text(test.seal, "(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException;"))
			sealed, err := ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: &test.parameter})
			if err != nil {
				t.Fatal(err)
			}
			blob, err := base64.StdEncoding.DecodeString(aws.ToString(sealed.Parameter.Value))
			if err != nil {
				t.Fatal(err)
			}
			_, err = kms.NewFromConfig(c).Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob,
				EncryptionContext: map[string]string{"PARAMETER_ARN": aws.ToString(sealed.Parameter.ARN)}})
			refused(t, err, test.direct, "")
		})
	}
}

// text is what an error must say, if there is to be one.
func text(code, want string) string {
	if code == "" {
		return ""
	}
	return want
}

func keyOf(parameter string) *string {
	if parameter == "/app/default" {
		return nil
	}
	return aws.String("alias/app")
}
