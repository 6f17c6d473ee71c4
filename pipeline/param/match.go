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
	refs    []secret.Ref
	entries map[secret.Ref]*entry
	strays  bool // the reply has something that was not requested; never shown, as it may be a value
}

type entry struct {
	replies int
	result  Result
}

func newMatcher(home home, refs []secret.Ref) *matcher {
	m := &matcher{home: home, refs: refs, entries: make(map[secret.Ref]*entry, len(refs))}
	for _, ref := range refs {
		m.entries[ref] = &entry{result: Result{Ref: ref}}
	}
	return m
}

// found adds a parameter of the reply.
func (m *matcher) found(r reply) {
	ref := secret.Ref{Name: canonical(r.name), Selector: strings.TrimPrefix(r.selector, ":")}
	e := m.entries[ref]
	if e == nil {
		m.strays = true
		return
	}
	e.replies++
	r.parameter.Ref = ref
	if fault := checkReply(r, ref, m.home); fault != "" {
		e.result.Err = replyError("the reply to %q %s", ref, fault)
		return
	}
	e.result.Parameter = r.parameter
}

// invalid adds a name that the reply lists as invalid. AWS lists it as it was
// requested, whatever the reason that it was not found.
func (m *matcher) invalid(name string) {
	for ref, e := range m.entries {
		if ref.String() == name {
			e.replies++
			e.result.Err = missingError(ref)
			return
		}
	}
	m.strays = true
}

// results returns one result for each reference, in the order of the request. If the
// reply has anything that was not requested, none of it is trusted.
func (m *matcher) results() []Result {
	all := make([]Result, len(m.refs))
	for i, ref := range m.refs {
		e := m.entries[ref]
		switch {
		case m.strays:
			e.result.Err = replyError("the reply to %q and others contains a parameter that was not requested", ref)
		case e.replies == 0:
			e.result.Err = replyError("the reply does not include %q", ref)
		case e.replies > 1:
			e.result.Err = replyError("the reply contains %q %d times", ref, e.replies)
		}
		if e.result.Err != nil {
			e.result.Parameter = Parameter{}
		}
		all[i] = e.result
	}
	return all
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
