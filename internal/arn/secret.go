package arn

import "strings"

// suffixLength is the length of the random characters at the end of a secret's ARN.
const suffixLength = 6

// SecretName returns the name in the full ARN of a secret of Secrets Manager, which ends
// in a hyphen and six letters or digits. It is "" for any other string.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
func SecretName(s string) string {
	a, _ := Parse(s)
	full, ok := strings.CutPrefix(a.Resource, "secret:")
	end := len(full) - suffixLength - 1
	if !ok || a.Service != "secretsmanager" || end < 1 || full[end] != '-' || strings.ContainsAny(full, ": ") || strings.ContainsFunc(full[end+1:], notAlphanumeric) {
		return ""
	}
	return full[:end]
}

func notAlphanumeric(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
}
