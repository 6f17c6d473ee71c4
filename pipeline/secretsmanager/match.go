package secretsmanager

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// placeForm is the form of an ARN up to the name.
var placeForm = lazyregexp.New(`^arn:aws[a-z-]*:secretsmanager:[a-z]{2}[a-z0-9-]{0,30}:[0-9]{12}:secret:$`)

// maxWord is the largest length of a key, service or region in a description in bytes.
const maxWord = 1000

// maxStage is the largest length of a stage in characters:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
const maxStage = 256

// A home is the account and region of a source's secrets.
type home struct{ account, region string }

// has reports whether an ARN is that of a secret there.
func (h home) has(named string) bool {
	a, ok := arn.Parse(named)
	return ok && a.Service == "secretsmanager" && arn.InPartition(a.Partition, h.region) && a.Region == h.region &&
		a.HasAccount() && a.Account == h.account && arn.SecretName(named) != ""
}

// misplaced returns what is wrong with a name or ARN that is asked for, or "". The ARN of
// a secret in another account or region is not asked for.
func (h home) misplaced(asked string) string {
	if arn.Looks(asked) && !h.has(asked) {
		return "is not a secret of the environment's account and region"
	}
	return ""
}

// check returns what is wrong with the ARN and name in a reply, or "". A name that ends
// in a hyphen and six characters looks like the end of an ARN to Secrets Manager, which
// can then find another secret:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
func (h home) check(named, name, asked string) string {
	if arn.Looks(asked) {
		switch {
		case named != asked:
			return "has " + elsewhere(named, arn.SecretName(asked))
		case name != arn.SecretName(asked):
			return "has another name"
		}
		return ""
	}
	switch {
	case name != asked:
		return "has another name"
	case !h.has(named) || arn.SecretName(named) != asked:
		return "has " + elsewhere(named, asked)
	}
	return ""
}

// elsewhere describes an ARN: in full if it is the ARN of a secret of that name. Anything
// else is not shown, because it may be a value.
func elsewhere(named, name string) string {
	if arn.SecretName(named) == name && placeForm.MatchString(strings.TrimSuffix(named, named[strings.LastIndex(named, ":secret:")+len(":secret:"):])) {
		return fmt.Sprintf("the ARN %q", named)
	}
	return "another ARN"
}

// unread returns the error of a call whose reply is not trusted at all.
func unread(ref secret.Ref, cause error) error {
	return replyError("%q was requested, but %s", ref, awsfault.Describe(cause))
}

// stageOf returns the stage that a request for a reference names, or "" if it names only
// a version.
func stageOf(ref secret.Ref) string {
	if ref.Selector == "" && ref.ID == "" {
		return Current
	}
	return ref.Selector
}

// isID reports whether a document can hold a version ID.
func isID(id string) bool { return secret.CheckVersionID(id) == nil }

// isWord reports whether a string can be a key, service or region in a description, or is
// "". Every secret has some, and a regular expression would take longer than the rest of
// the check.
func isWord(s string) bool {
	return len(s) <= maxWord && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(":/_.@-", c)
	})
}

// isStage reports whether a string can be a stage, in one line of a message.
func isStage(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxStage &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// date returns a date of a reply in UTC, truncated as in Parameter Store; zero if there is
// none.
func date(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
