package manifest

import "github.com/whispering/bundle/internal/arn"

// The rules for values in a manifest, for programs that write one. Each function returns
// what is wrong, or "".

// BadName checks the label of a block other than a secret. kind is, for example, "environment" or "function".
func BadName(kind, name string) string { return badName(kind, name) }

// BadSecretName checks the label of a secret block. For reserved names, see Lookup.
func BadSecretName(name string) string { return badSecretName(name) }

// BadKey checks a function's kms_key.
func BadKey(key string) string {
	switch {
	case !isKey(key):
		return "it is not a KMS key"
	case arn.AWSManaged(key):
		return "it is an AWS managed key, which can only be used through its AWS service"
	}
	return ""
}

// BadAccount checks an environment's account_id.
func BadAccount(id string) string {
	switch {
	case !accountPattern.MatchString(id):
		return "an account ID has 12 digits"
	case id == "000000000000":
		return "account 000000000000 is reserved for the embedded AWS"
	}
	return ""
}

// BadRegion checks an element of an environment's regions.
func BadRegion(region string) string {
	if !regionPattern.MatchString(region) {
		return "it is not a region name, such as eu-central-1"
	}
	return ""
}

// BadPath checks the path of a parameters block.
func BadPath(path string) string {
	if !pathPattern.MatchString(path) {
		return "a path starts with a slash and has 2 to 15 levels of letters, digits and _ . -"
	}
	return ""
}

// Canonical returns the text of a manifest in canonical form.
func Canonical(src []byte) ([]byte, error) { return format(src) }
