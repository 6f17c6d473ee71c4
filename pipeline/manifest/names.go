package manifest

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/lazyregexp"
)

var (
	// namePattern is for names that are part of a document (docs/format.md, F-7), and for groups.
	namePattern = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	// layerPattern: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
	layerPattern = lazyregexp.New(`^[A-Za-z0-9_-]{1,140}$`)
	// secretPattern: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, and docs/format.md, F-8
	secretPattern   = lazyregexp.New(`^[A-Za-z][A-Za-z0-9_]{1,127}$`)
	variablePattern = lazyregexp.New(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	prefixPattern   = lazyregexp.New(`^([A-Za-z][A-Za-z0-9_]{0,126})?$`)
	// pathPattern: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
	pathPattern = lazyregexp.New(`^(/[A-Za-z0-9_.-]+){2,15}/?$`)

	accountPattern = lazyregexp.New(`^[0-9]{12}$`)
	// regionPattern: https://docs.aws.amazon.com/general/latest/gr/rande.html
	regionPattern = lazyregexp.New(`^[a-z]{2,8}(-[a-z]{2,16}){1,3}-[1-9][0-9]?$`)
	// In an ARN: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
	partitionPattern = lazyregexp.New(`^aws[a-z-]*$`)
	placePattern     = lazyregexp.New(`^[a-z0-9-]+$`)
	// rolePattern: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
	rolePattern = lazyregexp.New(`^role/([!-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$`)
	// A key is named by its alias, its ID, or the ARN of either:
	// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
	aliasPattern  = lazyregexp.New(`^alias/[A-Za-z0-9/_-]{1,250}$`)
	keyIDPattern  = lazyregexp.New(`^(mrk-)?[0-9a-f-]{32,36}$`)
	keyARNPattern = lazyregexp.New(`^key/[A-Za-z0-9-]{1,128}$`)
)

// isKey reports whether a string names a KMS key.
func isKey(ref string) bool {
	a, ok := arn.Parse(ref)
	if !ok {
		return aliasPattern.MatchString(ref) || keyIDPattern.MatchString(ref)
	}
	return a.Service == "kms" && partitionPattern.MatchString(a.Partition) && placePattern.MatchString(a.Region) && a.HasAccount() &&
		(aliasPattern.MatchString(a.Resource) || keyARNPattern.MatchString(a.Resource))
}

// roleAccount returns the account of a role. ok is false if the string is not the ARN of a role.
func roleAccount(role string) (account string, ok bool) {
	a, ok := arn.Parse(role)
	return a.Account, ok && a.Service == "iam" && a.Region == "" && partitionPattern.MatchString(a.Partition) && a.HasAccount() && rolePattern.MatchString(a.Resource)
}

// openQuote is for a name that contains the rest of its line and more. That is not quoted, because it may be anything.
const openQuote = "The name contains a line break, because a quote before it is not closed. Close the quote."

// swallows reports whether a name contains what follows its line.
func swallows(name string) bool { return strings.ContainsAny(name, "\r\n") }

// badName returns what is wrong with the label of a block of this kind, or "".
func badName(kind, name string) string {
	if swallows(name) {
		return openQuote
	}
	if kind == "variable" {
		if variablePattern.MatchString(name) {
			return ""
		}
		return fmt.Sprintf("The name %q cannot be set with BUNDLE_VAR_NAME. Use 1 to 64 letters, digits and underscores, starting with a letter.", name)
	}
	if namePattern.MatchString(name) {
		return ""
	}
	return fmt.Sprintf("The name %q is not valid. Use 1 to 64 letters, digits, underscores and hyphens, starting with a letter or a digit.", name)
}

// badSecretName returns what is wrong with the name of a secret, or "". It ignores reserved names, for which the
// evaluation has a better message.
func badSecretName(name string) string {
	if swallows(name) {
		return openQuote
	}
	if n, _ := Lookup(name); n.refusal(name, false) != "" {
		return ""
	}
	return illegalSecretName(name)
}

func illegalSecretName(name string) string {
	if secretPattern.MatchString(name) {
		return ""
	}
	return fmt.Sprintf("The name %q is not a valid Lambda environment variable name. Use 2 to 128 letters, digits and underscores, starting with a letter.", name)
}

// Name returns the name of the secret that a parameter below the import's path becomes: the prefix, followed by the rest
// of the parameter's name in capitals, with "_" for "/", "-" and ".". It is an error if the parameter is not below the
// path, or if the result is not a valid secret name (2 to 128 letters, digits and underscores, starting with a letter).
// The caller must check with Lookup that the name is not reserved.
func (i Import) Name(parameter string) (string, error) {
	rest, below := i.Below(parameter)
	if !below {
		return "", fmt.Errorf("parameter %q is not below the path %q", parameter, i.Path.Value)
	}
	name := i.Prefix.Value + strings.ToUpper(strings.NewReplacer("/", "_", "-", "_", ".", "_").Replace(rest))
	if !secretPattern.MatchString(name) {
		return "", fmt.Errorf("parameter %q would become the secret %q, which is not 2 to 128 letters, digits and underscores starting with a letter", parameter, name)
	}
	return name, nil
}
