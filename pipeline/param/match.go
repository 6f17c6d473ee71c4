package param

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// timeUnit is the precision of dates in Parameter Store.
const timeUnit = time.Millisecond

// reply is one parameter of a reply, not yet checked against the request.
type reply struct {
	name, selector string
	hasValue       bool
	badCiphertext  bool // the ciphertext cannot be decoded
	parameter      Parameter
}

// matcher checks the reply to one call against its request. Replies have another
// order than requests, name a parameter without its selector, and return the
// selector in a separate field with a leading colon:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
type matcher struct {
	home    home
	results []Result // one for each reference, in the order of the request
	replies []int    // to each of them
	strays  bool     // the reply has something that was not requested; never shown, as it may be a value
}

func newMatcher(home home, refs []secret.Ref) *matcher {
	m := &matcher{home: home, results: make([]Result, len(refs)), replies: make([]int, len(refs))}
	for i, ref := range refs {
		m.results[i].Ref = ref
	}
	return m
}

// find returns the index of a reference, -1 if it was not requested.
func (m *matcher) find(is func(secret.Ref) bool) int {
	for i := range m.results {
		if is(m.results[i].Ref) {
			return i
		}
	}
	return -1
}

// found adds a parameter of the reply.
func (m *matcher) found(r reply) {
	ref := secret.Ref{Name: canonical(r.name), Selector: strings.TrimPrefix(r.selector, ":")}
	i := m.find(func(other secret.Ref) bool { return other == ref })
	if i < 0 {
		m.strays = true
		return
	}
	m.replies[i]++
	r.parameter.Ref = ref
	if fault := checkReply(r, ref, m.home); fault != "" {
		m.results[i].Err = replyError("the reply to %q %s", ref, fault)
		return
	}
	m.results[i].Parameter = r.parameter
}

// invalid adds a name that the reply lists as invalid. AWS lists it as it was
// requested, whatever the reason that it was not found.
func (m *matcher) invalid(name string) {
	i := m.find(func(ref secret.Ref) bool { return ref.String() == name })
	if i < 0 {
		m.strays = true
		return
	}
	m.replies[i]++
	m.results[i].Err = missingError(m.results[i].Ref)
}

// checked returns the results. If the reply has anything that was not requested, none
// of it is trusted.
func (m *matcher) checked() []Result {
	for i := range m.results {
		r := &m.results[i]
		switch {
		case m.strays:
			r.Err = replyError("the reply to %q and others contains a parameter that was not requested", r.Ref)
		case m.replies[i] == 0:
			r.Err = replyError("the reply does not include %q", r.Ref)
		case m.replies[i] > 1:
			r.Err = replyError("the reply contains %q %d times", r.Ref, m.replies[i])
		}
		if r.Err != nil {
			r.Parameter = Parameter{}
		}
	}
	return m.results
}

// unanswered returns the results of a call whose reply is not trusted at all.
func unanswered(refs []secret.Ref, cause error) []Result {
	all := make([]Result, len(refs))
	for i, ref := range refs {
		all[i] = Result{Ref: ref, Err: replyError("%q was requested, but %s", ref, awsfault.Describe(cause))}
	}
	return all
}

// checkReply returns what is wrong with a parameter of a reply, or "".
func checkReply(r reply, ref secret.Ref, home home) string {
	v := r.parameter.Version
	switch {
	case !home.has(v.ARN, ref.Name):
		return "has " + elsewhere(v.ARN, ref.Name)
	case v.Number < 1:
		return fmt.Sprintf("has version %d", v.Number)
	case ref.Selector != "" && isDigit(ref.Selector[0]) && ref.Selector != strconv.FormatInt(v.Number, 10):
		return fmt.Sprintf("has version %d", v.Number)
	case v.Modified.IsZero():
		return "has no date"
	case !r.hasValue:
		return "has no value"
	case r.badCiphertext:
		return "has no ciphertext in base64"
	}
	switch types.ParameterType(r.parameter.Type) {
	case types.ParameterTypeString, types.ParameterTypeStringList, types.ParameterTypeSecureString:
		return ""
	}
	return "has an unknown type"
}

// elsewhere describes an ARN: in full if it is the ARN of a parameter of that name.
// Anything else is not shown, because it may be a value.
func elsewhere(arn, name string) string {
	place, found := strings.CutSuffix(arn, "/"+strings.TrimPrefix(name, "/"))
	if !found || !placeForm.MatchString(place) {
		return "another ARN"
	}
	return fmt.Sprintf("the ARN %q", arn)
}

var placeForm = lazyregexp.New(`^arn:aws[a-z-]*:ssm:[a-z]{2}[a-z0-9-]{0,30}:[0-9]{12}:parameter$`)

// A home is the account and region of a source's parameters.
type home struct{ account, region string }

// has reports whether an ARN is that of a parameter of this name there. The ARN of
// "/a/b" ends in "parameter/a/b", and that of "a" in "parameter/a".
func (h home) has(named, name string) bool {
	a, ok := arn.Parse(named)
	return ok && arn.InPartition(a.Partition, h.region) && a.HasAccount() && a == arn.Parameter(a.Partition, h.region, h.account, name)
}

// canonical returns a name as in secret.Ref: for Parameter Store, "/a" is "a".
func canonical(name string) string {
	if strings.HasPrefix(name, "/") && strings.Count(name, "/") == 1 {
		return name[1:]
	}
	return name
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
