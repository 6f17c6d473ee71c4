package house

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// awsFor starts an AWS that plays the account of the README's environment, and
// returns the variables that make the AWS CLI use it. The tool refuses such
// variables, so a wrapper named bundle passes the address as --endpoint-url
// where a real environment is built.
func awsFor(t *testing.T, bundle, home string) []string {
	t.Helper()
	server, err := awslocal.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	id, key := sts.NewAccessKey("AKIA")
	err = server.PutRole(sts.Role{
		Name: "reader", Account: "111111111111", AccessKeyID: id, SecretAccessKey: key,
		Policy: json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for role, policy := range map[string]string{ // that the pages name
		"plan": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": ["kms:DescribeKey", "lambda:*LayerVersion*"]},
			{"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:aws:ssm:*:*:parameter/dev/*"}]}`,
		"put": fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": ["ssm:DescribeParameters", "kms:DescribeKey"]},
			{"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "arn:aws:ssm:*:*:parameter/dev/*"},
			{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": %q, "Condition": {"StringLike": {"kms:ViaService": "ssm.*"}}}]}`,
			parameterKey(t, url, id, key)),
		"hello": `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {
			"kms:EncryptionContext:bundle:function": "payments/hello", "kms:EncryptionContext:bundle:environment": "dev"}}}}`,
	} {
		if err := server.PutRole(sts.Role{Name: role, Account: "111111111111", Policy: json.RawMessage(policy)}); err != nil {
			t.Fatal(err)
		}
	}
	wrapper := fmt.Sprintf(`#!/bin/sh
case " $* " in
*" --endpoint-url "* | " matrix "* | *" --events "* | *" --athena "*) ;;
*" --env dev "* | *" --env="* | *" --all "*)
	unset AWS_ENDPOINT_URL
	case $1 in run) shift; exec %[1]q run --endpoint-url %[2]q "$@" ;; esac # what follows -- is the command's
	exec %[1]q "$@" --endpoint-url %[2]q ;;
esac
exec %[1]q "$@"
`, bundle, url)
	if err := os.WriteFile(filepath.Join(home, "bundle"), []byte(wrapper), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{
		"PATH=" + home + ":" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key,
		"AWS_REGION=us-west-2", "AWS_DEFAULT_REGION=us-west-2",
	}
}

// parameterKey returns the ARN of the account's alias/aws/ssm.
func parameterKey(t *testing.T, url, id, secret string) string {
	t.Helper()
	c := kms.New(kms.Options{Region: "us-west-2", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")})
	out, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/ssm")})
	if err != nil {
		t.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}
