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

// timeUnit is the precision of dates: Parameter Store gives milliseconds.
const timeUnit = time.Millisecond

// reply is one parameter of a reply before it has been held to the request.
type reply struct {
	name, selector string
	hasValue       bool
	badCiphertext  bool // what should be a ciphertext is none
	parameter      Parameter
}

// matcher holds the reply to one call against its request. Replies come in
// another order than requests, name a parameter without its selector, and put
// the selector into a field of its own, with a leading colon:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
type matcher struct {
	home    home
	refs    []secret.Ref
	entries map[secret.Ref]*entry
	strays  bool // there is what was not asked for, and is not shown: it may be a value
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

// found takes in a parameter of the reply.
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

// invalid takes in a name that the reply lists as invalid: as it was asked for,
// and for whatever reason it could not be found.
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

// results returns one result for each reference, in the order of the request.
// A reply with something that was not asked for is not to be trusted with the
// rest either.
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

// unanswered returns the results of a call whose reply is not to be trusted with
// any of them.
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

// elsewhere says of an ARN which it is, where it is one of a parameter of that
// name. Anything else in its place may be a value.
func elsewhere(arn, name string) string {
	place, found := strings.CutSuffix(arn, "/"+strings.TrimPrefix(name, "/"))
	if !found || !placeForm.MatchString(place) {
		return "another ARN"
	}
	return fmt.Sprintf("the ARN %q", arn)
}

var placeForm = lazyregexp.New(`^arn:aws[a-z-]*:ssm:[a-z]{2}[a-z0-9-]{0,30}:[0-9]{12}:parameter$`)

// A home is where all parameters of a source are.
type home struct{ account, region string }

// has reports whether an ARN is that of a parameter of this name there. The ARN of
// "/a/b" ends in "parameter/a/b", that of "a" in "parameter/a".
func (h home) has(named, name string) bool {
	a, ok := arn.Parse(named)
	return ok && arn.InPartition(a.Partition, h.region) && a.HasAccount() && a == arn.Parameter(a.Partition, h.region, h.account, name)
}

// canonical writes a name as secret.Ref does: Parameter Store takes "/a" for "a".
func canonical(name string) string {
	if strings.HasPrefix(name, "/") && strings.Count(name, "/") == 1 {
		return name[1:]
	}
	return name
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
