package arn

import "strings"

// Key is the id of a KMS key in its ARN; "" for an ARN of anything else.
func (a ARN) Key() string {
	id, ok := strings.CutPrefix(a.Resource, "key/")
	if !ok || a.Service != "kms" {
		return ""
	}
	return id
}

// IsAlias reports whether a reference to a KMS key is an alias or the ARN of one,
// as it stands for another key once it is moved:
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
func IsAlias(ref string) bool {
	if a, ok := Parse(ref); ok {
		ref = a.Resource
	}
	return strings.HasPrefix(ref, "alias/")
}

// AWSManaged reports whether a reference to a KMS key is the alias of one that AWS
// manages, which alone may begin with alias/aws/:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
func AWSManaged(ref string) bool {
	if a, ok := Parse(ref); ok {
		ref = a.Resource
	}
	return strings.HasPrefix(ref, "alias/aws/")
}

// MultiRegion reports whether a reference to a KMS key, by its id or ARN, is to a
// multi-Region key:
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func MultiRegion(ref string) bool {
	if a, ok := Parse(ref); ok {
		ref = a.Key()
	}
	return strings.HasPrefix(ref, "mrk-")
}
