package secret

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/arn"
)

// Limits of Parameter Store.
const (
	// MaxName is the largest length of a parameter's name in characters.
	// MaxLevels is the largest number of its levels.
	//
	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
	MaxName   = 1011
	MaxLevels = 15

	// MaxLabel is the largest length of a label in characters.
	//
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
	MaxLabel = 100
)

// Ref names a parameter or a secret of Secrets Manager, and one version of it. Refs are
// comparable: two spellings of one parameter parse to the same Ref.
type Ref struct {
	Store Store // where it is kept; the zero value is Parameter Store

	// Name is "/a/b" or "a" for a parameter; never "/a", which is "a" in Parameter Store.
	// Of a secret it is the name, or the full ARN once that is known.
	Name string

	// Selector is "" for the current version of a parameter, "7" for a version, else a label.
	// Of a secret it is the stage; "" if ID names the version alone.
	Selector string

	ID string // the version ID of a secret; "" for the version at the stage
}

// noName is the reason for an empty reference.
const noName = "has no name"

// RefError reports an invalid reference to a parameter or a secret, and what to write instead.
type RefError struct {
	What   string // is invalid: "parameter", "secret", "stage" or "version ID"
	Ref    string // as written, clipped; "" if it does not look like a name, because it may be a value
	Reason string // what is wrong with it
	Remedy string // what to write instead, as a sentence without its period
}

// Error names the reference and the reason.
func (e *RefError) Error() string {
	if e.Ref == "" && e.Reason != noName {
		return fmt.Sprintf("the %s (not shown because it could be a value instead of a name) %s", e.What, e.Reason)
	}
	return fmt.Sprintf("%s %q %s", e.What, e.Ref, e.Reason)
}

// ParseRef parses "NAME" or "NAME:SELECTOR". Its errors are of type *RefError.
//
// It refuses what Parameter Store would refuse, and what bundle cannot read: ARNs,
// the reserved tree below /aws/, and names that begin with "aws" or "ssm" in any
// case. The rules for names are those of
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func ParseRef(s string) (Ref, error) {
	refuse := func(reason, remedy string) (Ref, error) {
		return Ref{}, &RefError{What: "parameter", Ref: shown(s), Reason: reason, Remedy: remedy}
	}
	if elsewhere, known := readElsewhere(s); known {
		return refuse(elsewhere.what, "in place of parameter, "+elsewhere.remedy())
	}
	if arn.Looks(strings.ToLower(s)) {
		return refuse("is an ARN", "write the parameter's name, such as \"/prod/db/password\"; parameters are read from the environment's own account and region")
	}
	name, selector, selected := strings.Cut(s, ":")
	if reason, remedy := checkName(name); reason != "" {
		return refuse(reason, remedy)
	}
	if selected {
		if reason, remedy := checkSelector(selector); reason != "" {
			return refuse(reason, remedy)
		}
	}
	if strings.HasPrefix(name, "/") && strings.Count(name, "/") == 1 {
		name = name[1:]
	}
	return Ref{Name: name, Selector: selector}, nil
}

// String returns the reference to a parameter as in a request, "NAME" or
// "NAME:SELECTOR", and the name of a secret.
func (r Ref) String() string {
	if r.Selector == "" || r.Store == SecretsManager {
		return r.Name
	}
	return r.Name + ":" + r.Selector
}

// Bare returns the reference without its selector.
func (r Ref) Bare() Ref {
	return Ref{Store: r.Store, Name: r.Name}
}

// checkName returns why a name is refused and what to write instead, or "".
func checkName(name string) (reason, remedy string) {
	switch {
	case name == "":
		return noName, "write the parameter's name, such as \"/prod/db/password\""
	case strings.ContainsAny(name, " \t\r\n"):
		return "contains white space", "remove it: Parameter Store does not allow it in names"
	case strings.Contains(name, "{{"):
		return "contains an unfilled placeholder", "write ${…} for a value of the manifest"
	}
	for _, c := range name {
		if !isNameChar(c) && c != '/' {
			return fmt.Sprintf("contains %q", c), "use letters, digits, \".\", \"-\", \"_\" and \"/\" only"
		}
	}
	if len(name) > MaxName {
		return fmt.Sprintf("is %d characters long", len(name)), fmt.Sprintf("a name has at most %d characters", MaxName)
	}
	return checkLevels(name)
}

// checkLevels checks the levels of a name with valid characters.
func checkLevels(name string) (reason, remedy string) {
	path, rooted := strings.CutPrefix(name, "/")
	levels := strings.Split(path, "/")
	switch {
	case path == "":
		return "has no name after the slash", "write the parameter's name, such as \"/prod/db/password\""
	case strings.HasSuffix(path, "/"):
		return "ends in a slash", "name one parameter; to take all parameters below a path, write a parameters block"
	case !rooted && len(levels) > 1:
		return "has levels but no leading slash", "begin it with a slash"
	case strings.Contains(path, "//"), strings.HasPrefix(path, "/"):
		return "has an empty level", "write single slashes"
	case len(levels) > MaxLevels:
		return fmt.Sprintf("has %d levels", len(levels)), fmt.Sprintf("a name has at most %d levels", MaxLevels)
	}
	first := strings.ToLower(levels[0])
	switch {
	case first == "aws" || first == "ssm":
		return fmt.Sprintf("is below %q, which AWS reserves", "/"+first+"/"), "use one of your own parameters"
	case len(levels) == 1 && (strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm")):
		return fmt.Sprintf("begins with %q, which AWS reserves", first[:3]), "use one of your own parameters"
	}
	return "", ""
}

// checkSelector returns why the text after the colon is refused, or "". A label
// cannot begin with a digit, so digits are always a version:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func checkSelector(s string) (reason, remedy string) {
	const either = "write a version such as \":7\", a label such as \":stable\", or neither"
	switch {
	case s == "":
		return "ends in a colon", either
	case strings.Contains(s, ":"):
		return "has more than one colon", either
	case s[0] >= '0' && s[0] <= '9':
		if n, err := strconv.ParseInt(s, 10, 64); err != nil || n < 1 || strconv.FormatInt(n, 10) != s {
			return fmt.Sprintf("asks for version %q", clip(s)), "write a version as a number from 1, without leading zeros"
		}
		return "", ""
	case len(s) > MaxLabel:
		return fmt.Sprintf("has a label of %d characters", len(s)), fmt.Sprintf("a label has at most %d characters", MaxLabel)
	}
	for _, c := range s {
		if !isNameChar(c) {
			return fmt.Sprintf("has a label that contains %q", c), "a label has letters, digits, \".\", \"-\" and \"_\" only"
		}
	}
	if low := strings.ToLower(s); strings.HasPrefix(low, "aws") || strings.HasPrefix(low, "ssm") {
		return fmt.Sprintf("has a label that begins with %q, which AWS reserves", low[:3]), either
	}
	return "", ""
}

func isNameChar(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// shown returns a string in the place of a reference as errors quote it, or "" if it
// does not look like a name, because it could be a password.
func shown(s string) string {
	text := strings.TrimSpace(s)
	for _, beginning := range []string{"/", ":", "arn:", "ARN:", "{{"} {
		if strings.HasPrefix(text, beginning) {
			return clip(s)
		}
	}
	if s == "" || strings.ContainsFunc(text, func(c rune) bool { return !isNameChar(c) && c != '/' && c != ':' }) {
		return ""
	}
	return clip(s)
}

// clip shortens a string for an error message.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
