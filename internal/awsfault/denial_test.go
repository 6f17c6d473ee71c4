package awsfault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awsfault"
)

func TestDenialsAreReadStrictly(t *testing.T) {
	const (
		user = "User: arn:aws:sts::222222222222:assumed-role/ci/x is not authorized to perform: "
		key  = "arn:aws-us-gov:kms:us-gov-west-1:222222222222:key/1234"
	)
	for message, want := range map[string]awsfault.Denial{
		user + "kms:Decrypt on resource: " + key + " because no identity-based policy allows the kms:Decrypt action":       {Action: "kms:Decrypt", Resource: key, Policy: "identity-based policy"},
		user + "kms:Decrypt on resource: " + key + " with an explicit deny in a resource control policy: arn:aws:iam::1:x": {Action: "kms:Decrypt", Resource: key, Policy: "resource control policy", Explicit: true},
		user + "ssm:GetParameters with an explicit deny in a permissions boundary":                                         {Action: "ssm:GetParameters", Policy: "permissions boundary", Explicit: true},
		user + "kms:Decrypt on resource: " + key + " (Service: AWSKMS; Status Code: 400)":                                  {Action: "kms:Decrypt", Resource: key},
		user + "lambda:PublishLayerVersion on resource: *":                                                                 {Action: "lambda:PublishLayerVersion"},
		user + "ssm:GetParameters on resource: c4nary because no c4nary policy allows the ssm:GetParameters action":        {Action: "ssm:GetParameters"},
		user + "c4nary": {},
		"x " + user + "kms:Decrypt on resource: " + key:                                                                                        {},
		"User: a b is not authorized to perform: kms:Decrypt":                                                                                  {},
		"Not authorized to perform sts:AssumeRoleWithWebIdentity":                                                                              {Action: "sts:AssumeRoleWithWebIdentity"},
		"The ciphertext refers to a customer master key that c4nary":                                                                           {},
		"The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.": {Key: true},
	} {
		err := fmt.Errorf("call: %w", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: message})
		if got := awsfault.DenialOf(err); got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", message, got, want)
		}
	}
	if got := awsfault.DenialOf(&smithy.GenericAPIError{Code: "ValidationException", Message: user + "kms:Decrypt"}); got != (awsfault.Denial{}) {
		t.Errorf("another error: %+v", got)
	}
	if got := awsfault.DenialOf(errors.New(user + "kms:Decrypt")); got != (awsfault.Denial{}) {
		t.Errorf("no error of AWS: %+v", got)
	}
}
