package arn

import "strings"

// Key returns the ID of the KMS key; "" if the ARN is not that of a key.
func (a ARN) Key() string {
	id, ok := strings.CutPrefix(a.Resource, "key/")
	if !ok || a.Service != "kms" {
		return ""
	}
	return id
}

// IsAlias reports whether a reference to a KMS key is an alias or the ARN of one.
// An alias can be moved to another key:
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
func IsAlias(ref string) bool {
	if a, ok := Parse(ref); ok {
		ref = a.Resource
	}
	return strings.HasPrefix(ref, "alias/")
}

// AWSManaged reports whether a reference to a KMS key is the alias of an AWS
// managed key. Only those can begin with alias/aws/:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
func AWSManaged(ref string) bool {
	if a, ok := Parse(ref); ok {
		ref = a.Resource
	}
	return strings.HasPrefix(ref, "alias/aws/")
}

// MultiRegion reports whether a key ID or ARN is that of a multi-Region key:
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func MultiRegion(ref string) bool {
	if a, ok := Parse(ref); ok {
		ref = a.Key()
	}
	return strings.HasPrefix(ref, "mrk-")
}
