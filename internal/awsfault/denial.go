package awsfault

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A Denial is what AWS says about an action that it denied. It comes only from
// messages in AWS's documented form.
type Denial struct {
	Action   string // such as "kms:Decrypt"; "" if AWS does not say
	Resource string // ARN; "" if AWS does not say
	Policy   string // the kind of policy that decided, such as "service control policy"; "" if AWS does not say
	Explicit bool   // the policy denies the action, so no Allow can permit it

	// Key says that KMS refused a ciphertext, and nobody said which key it is
	// encrypted under, whether that key exists, or which action was denied.
	Key bool
}

// OfKey reports whether access to a key was denied.
func (d Denial) OfKey() bool { return d.Key || strings.HasPrefix(d.Action, "kms:") }

// The forms of AWS's messages about denied actions:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var (
	denialForm = lazyregexp.New(`^User: [\w:/+=,.@-]{1,300} is not authorized to perform: ([a-z0-9-]{1,40}:[A-Za-z]{1,60})` +
		`(?: on (?:this )?resource(?:: ([\w:/+=,.@*$-]{1,600}))?)?((?: (?:because|with) [A-Za-z' ,-]{1,240})?)`)
	resourceForm = lazyregexp.New(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:[\w:/+=,.@$-]{1,512}$`)
	explicitForm = lazyregexp.New(`^ with an explicit deny in an? (` + policies + `)`)
	implicitForm = lazyregexp.New(`^ because no (` + policies + `) allows? the `)
	keyForm      = lazyregexp.New(`^Access to KMS is not allowed`) // of Secrets Manager
	webForm      = lazyregexp.New(`^Not authorized to perform (sts:AssumeRoleWithWebIdentity)`)
	hiddenForm   = lazyregexp.New(`^The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access`)
)

// policies are the kinds of policies that AWS names.
const policies = `identity-based policy|resource-based policy|service control policy|resource control policy|permissions boundary|session policy|VPC endpoint policy`

// DenialOf reads what AWS says about a denied action.
func DenialOf(err error) Denial {
	var api smithy.APIError
	if !errors.As(err, &api) || classifyCode(api.ErrorCode(), 0) != Denied {
		return Denial{}
	}
	return denial(api.ErrorMessage())
}

func denial(message string) Denial {
	if hiddenForm.MatchString(message) || keyForm.MatchString(message) {
		return Denial{Key: true}
	}
	if m := webForm.FindStringSubmatch(message); m != nil {
		return Denial{Action: m[1]}
	}
	m := denialForm.FindStringSubmatch(message)
	if m == nil {
		return Denial{}
	}
	d := Denial{Action: m[1], Resource: resourceForm.FindString(strings.TrimRight(m[2], ".,"))}
	if why := explicitForm.FindStringSubmatch(m[3]); why != nil {
		d.Policy, d.Explicit = why[1], true
	} else if why := implicitForm.FindStringSubmatch(m[3]); why != nil {
		d.Policy = why[1]
	}
	return d
}
