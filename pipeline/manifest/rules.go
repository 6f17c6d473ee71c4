package manifest

import "github.com/whispering/bundle/internal/arn"

// The rules for what stands in a manifest, for who writes one. Each says what is
// wrong, "" if nothing.

// BadName is about the label of a block that is no secret: "environment", "function".
func BadName(kind, name string) string { return badName(kind, name) }

// BadSecretName is about the label of a secret block; what is reserved, Lookup knows.
func BadSecretName(name string) string { return badSecretName(name) }

// BadKey is about a function's kms_key.
func BadKey(key string) string {
	switch {
	case !isKey(key):
		return "it is not a KMS key"
	case arn.AWSManaged(key):
		return "it is an AWS managed key, which can only be used through its AWS service"
	}
	return ""
}

// BadAccount is about an environment's account_id.
func BadAccount(id string) string {
	switch {
	case !accountPattern.MatchString(id):
		return "an account ID has 12 digits"
	case id == "000000000000":
		return "account 000000000000 is reserved for the embedded AWS"
	}
	return ""
}

// BadRegion is about an element of an environment's regions.
func BadRegion(region string) string {
	if !regionPattern.MatchString(region) {
		return "it is not a region name, such as eu-central-1"
	}
	return ""
}

// BadPath is about the path of a parameters block.
func BadPath(path string) string {
	if !pathPattern.MatchString(path) {
		return "a path starts with a slash and has 2 to 15 levels of letters, digits and _ . -"
	}
	return ""
}

// Canonical lays out the text of a manifest in canonical form.
func Canonical(src []byte) ([]byte, error) { return format(src) }
