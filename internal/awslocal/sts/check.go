package sts

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Limits of https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
const (
	shortestSession = 900   // seconds
	longestSession  = 43200 // seconds
	longestChained  = 3600  // seconds, for a role assumed by a role
	// mostPolicies is how many managed policies a role can have, and largestPolicy how many characters each can have, without
	// white space (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
	mostPolicies  = 10
	largestPolicy = 6144
	// shortestMaxSession is the default of a role's maximum, and the least that a role can have, in seconds.
	shortestMaxSession = 3600
	longestPolicy      = 2048 // characters
	longestPadded      = 4096 // bytes of a token that MinimumSessionTokenSize can ask for

	// packedLimit is how many bytes of policy and tags a session token can hold, and 100 % of its size. AWS packs them in an
	// undocumented form, and refuses what is too large when packed. AWS's limit is another number.
	packedLimit = 4096
)

// assumption is a request to assume a role, read and checked.
type assumption struct {
	arn            string
	role           Role
	name           string
	seconds        int
	policy         json.RawMessage // of the session; nil for none
	externalID     string
	sourceIdentity string
	tags           map[string]string // of the request
	transitive     []string          // keys of tags
	inherited      map[string]string // transitive tags of the calling session
	packed         int               // percent of what a session can hold
	tokenSize      int               // bytes that the session token must have at least
}

var (
	namePattern     = lazyregexp.New(`^[A-Za-z0-9_+=,.@-]*$`)
	externalPattern = lazyregexp.New(`^[A-Za-z0-9_+=,.@:/-]*$`)
	policyPattern   = lazyregexp.New(`^[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+$`)
)

const policyText = `[\u0009\u000A\u000D\u0020-\u00FF]+`

// constraint is a constraint on a member that is a string.
type constraint struct {
	member      string
	required    bool
	least, most int
	pattern     *lazyregexp.Regexp
	says        string
}

func constraints() []constraint {
	return []constraint{
		{"RoleArn", true, 20, 2048, nil, ""},
		{"RoleSessionName", true, 2, 64, namePattern, `[\w+=,.@-]*`},
		{"Policy", false, 1, longestPolicy, policyPattern, policyText},
		{"ExternalId", false, 2, 1224, externalPattern, `[\w+=,.@:\/-]*`},
		{"SourceIdentity", false, 2, 256, namePattern, `[\w+=,.@-]*`},
	}
}

// checkUnseen checks the length of a string. The message does not repeat the string.
func checkUnseen(member, value string, least, most int) error {
	switch length := utf8.RuneCountInString(value); {
	case length < least:
		return invalid("Value at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d", member, least)
	case length > most:
		return invalid("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", member, most)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return call.NewError("ValidationError", call.Detected(fmt.Sprintf(format, args...)))
}

func readAssume(req *call.Request, members map[string]string) (*assumption, error) {
	for _, t := range constraints() {
		value, ok := members[t.member]
		length, name := utf8.RuneCountInString(value), lowerFirst(t.member)
		switch {
		case !ok && t.required:
			return nil, invalid("Value null at '%s' failed to satisfy constraint: Member must not be null", name)
		case !ok:
		case length < t.least:
			return nil, invalid("Value '%s' at '%s' failed to satisfy constraint: Member must have length greater than or equal to %d", value, name, t.least)
		case length > t.most:
			return nil, invalid("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", value, name, t.most)
		case t.pattern != nil && !t.pattern.MatchString(value):
			return nil, invalid("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, name, t.says)
		}
	}
	parts := roleARNPattern.FindStringSubmatch(members["RoleArn"])
	if parts == nil {
		return nil, call.NewError("ValidationError", members["RoleArn"]+" is invalid")
	}
	in := &assumption{
		arn: members["RoleArn"], role: Role{Account: parts[1], Name: parts[2]}, name: members["RoleSessionName"],
		externalID: members["ExternalId"], sourceIdentity: members["SourceIdentity"],
	}
	if in.sourceIdentity == "" {
		in.sourceIdentity = req.Caller.SourceIdentity
	}
	for _, check := range []func(*call.Request, map[string]string) error{in.readSeconds, in.readTokenSize, in.readTags, in.readTransitive, in.readPolicy} {
		if err := check(req, members); err != nil {
			return nil, err
		}
	}
	return in, nil
}

func (in *assumption) readSeconds(req *call.Request, members map[string]string) (err error) {
	in.seconds, err = number(members, "DurationSeconds", 3600, shortestSession, longestSession)
	if err == nil && in.seconds > longestChained && strings.Contains(req.Caller.ARN, ":assumed-role/") {
		err = call.NewError("ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return err
}

// number reads a member that is a number, with a standard value if it is not there.
func number(members map[string]string, member string, standard, least, most int) (int, error) {
	text, ok := members[member]
	if !ok {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, call.NewError("MalformedInput", member+" is not a number")
	case n < least:
		return 0, invalid("Value '%d' at '%s' failed to satisfy constraint: Member must have value greater than or equal to %d", n, lowerFirst(member), least)
	case n > most:
		return 0, invalid("Value '%d' at '%s' failed to satisfy constraint: Member must have value less than or equal to %d", n, lowerFirst(member), most)
	}
	return n, nil
}

// readPolicy reads the session policy, and finds out whether a session can hold it together with the tags.
func (in *assumption) readPolicy(_ *call.Request, members map[string]string) error {
	if members["PolicyArns.member.1.arn"] != "" {
		return call.NewError("ValidationError", "the embedded AWS does not offer managed policies")
	}
	size, what := 0, "Packed size of session tags consumes %d%% of allotted space."
	for key, value := range in.tags {
		size += len(key) + len(value)
	}
	if document := members["Policy"]; document != "" {
		if _, err := iam.ParseIdentity([]byte(document)); err != nil {
			return call.NewError("MalformedPolicyDocument", err.Error())
		}
		in.policy = json.RawMessage(document)
		size, what = size+len(document), "Packed policy consumes %d%% of allotted space, please use smaller policy."
	}
	if in.packed = percent(size); in.packed > 100 {
		return call.NewError("PackedPolicyTooLarge", fmt.Sprintf(what, in.packed))
	}
	return nil
}

// percent is how much of what a session token can hold a number of bytes takes.
func percent(bytes int) int { return (100*bytes + packedLimit - 1) / packedLimit }

func (in *assumption) readTokenSize(_ *call.Request, members map[string]string) (err error) {
	in.tokenSize, err = tokenSize(members)
	return err
}

func tokenSize(members map[string]string) (int, error) {
	return number(members, "MinimumSessionTokenSize", 0, 0, longestPadded)
}
