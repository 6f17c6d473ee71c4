package awsclient

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awslocal"
)

func TestCallingTheEmbeddedAWS(t *testing.T) {
	server, err := awslocal.New(awslocal.WithSeed([]byte(`{
	  "region": "us-west-2",
	  "keys": [{"alias": "alias/x"}],
	  "roles": [
	    {"name": "ci", "access_key_id": "AKIACI00000000000000", "secret_access_key": "ci", "policy":
	      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::000000000000:role/build"}]}},
	    {"name": "build", "trust": ["*"], "policy":
	      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*"}]}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const ci, build, other = "AKIACI00000000000000", "arn:aws:iam::000000000000:role/build", "arn:aws:iam::000000000000:role/other"
	for _, tt := range []struct {
		name, id, key, role, arn string
		describe                 awsfault.Class // of a call that only the role build may make
	}{
		{"as itself", ci, "ci", "", "arn:aws:iam::000000000000:role/ci", awsfault.Denied},
		{"as a role", ci, "ci", build, "arn:aws:sts::000000000000:assumed-role/build/bundle-7-c0ffee", awsfault.Other},
		{"as a role that may not be assumed", ci, "ci", other, "", awsfault.Credentials},
		{"as nobody", "AKIANOBODY0000000000", "x", "", "", awsfault.Credentials},
		{"with a wrong key", ci, "wrong", "", "", awsfault.Credentials},
		{"as a role with a wrong key", ci, "wrong", build, "", awsfault.Credentials},
	} {
		cfg := local(t, url, func(o *Options) {
			o.Role, o.Static, o.Environ = RoleToAssume{ARN: tt.role}, &Static{tt.id, tt.key}, []string{"GITHUB_RUN_ID=7", "GITHUB_SHA=c0ffee"}
		})
		id, err := Caller(t.Context(), cfg)
		if id.ARN != tt.arn || (err == nil) != (tt.arn != "") || err != nil && !errors.Is(err, ErrCredentials) {
			t.Errorf("%s: %+v, %v", tt.name, id, err)
		}
		alias := "alias/x"
		if _, err = kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias}); awsfault.Classify(err) != tt.describe {
			t.Errorf("%s: %v (%v)", tt.name, err, awsfault.Classify(err))
		}
	}
}
