package sealed

import "strings"

// An arn is an Amazon Resource Name, split into its parts
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
type arn struct{ partition, service, region, account, resource string }

func parseARN(s string) (arn, bool) {
	var parts [5]string
	for i := range parts {
		var more bool
		if parts[i], s, more = strings.Cut(s, ":"); !more {
			return arn{}, false
		}
	}
	a := arn{parts[1], parts[2], parts[3], parts[4], s}
	ok := parts[0] == "arn" && validWord(a.partition) && validWord(a.region) && len(a.account) == 12
	for i := range len(a.account) {
		ok = ok && isDigit(a.account[i])
	}
	return a, ok
}

// validWord reports whether s has the form of a partition or a region.
func validWord(s string) bool {
	return len(s) >= 1 && len(s) <= 32 && only(s, "-") && strings.ToLower(s) == s
}

func validParameterARN(s string) bool {
	a, ok := parseARN(s)
	name, found := strings.CutPrefix(a.resource, "parameter/")
	if !ok || a.service != "ssm" || !found {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || !only(part, "_.-") {
			return false
		}
	}
	return true
}

// validSecretARN reports whether s is the full ARN of a secret of Secrets
// Manager, with the six characters that it appends to a name (F-36).
func validSecretARN(s string) bool {
	const hyphenAndSuffix = 7 // characters
	a, ok := parseARN(s)
	rest, found := strings.CutPrefix(a.resource, "secret:")
	end := len(rest) - hyphenAndSuffix
	return ok && found && a.service == "secretsmanager" && end >= 1 && end <= 512 &&
		only(rest[:end], "/_+=.@-!") && rest[end] == '-' && only(rest[end+1:], "")
}

func parseKeyARN(s string) (arn, bool) {
	a, ok := parseARN(s)
	id, found := strings.CutPrefix(a.resource, "key/")
	return a, ok && found && a.service == "kms" && len(id) >= 1 && len(id) <= 128 && only(id, "-")
}
