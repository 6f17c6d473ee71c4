package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/problem"
)

// The names of the two policies that a key can have. Resource Access Manager keeps
// the second one for a key that is shared through it:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
const (
	defaultPolicy = "default"
	ramPolicy     = "AWS_RAM"
)

// An access is what is known of who can use a function's key.
type access struct {
	documents []string // of the key policies, that of the name default first
	grants    []grantee
	unseen    []string // what could not be read, and why
}

// keyPolicy lists who can decrypt under a function's key according to its key
// policies and its grants. It does not see the IAM policies of an account that they
// allow.
func (d *Doctor) keyPolicy(ctx context.Context, f Function) []Finding {
	found := Finding{Check: CheckKeyPolicy, Status: Note, Function: f.Name, Action: "kms:GetKeyPolicy", Resource: f.KeyARN, At: f.Key}
	var seen access
	for _, name := range []string{defaultPolicy, ramPolicy} {
		document, err := d.readPolicy(ctx, f.KeyARN, name)
		switch {
		case name == ramPolicy && awsfault.Code(err) == "NotFoundException": // the key is not shared
		case err == nil && !isPolicy(document):
			return []Finding{found.failed(found.unexpected("The reply of KMS for the policy %s of key %q is not a key policy.", name, f.Key.Value))}
		case err == nil:
			seen.documents = append(seen.documents, document)
		case !unanswerable(err):
			return []Finding{found.failed(found.problem(ctx, err, problem.Resource{Lead: fmt.Sprintf("The policy of key %q is not available", f.Key.Value)}))}
		case name == defaultPolicy:
			found.Detail = fmt.Sprintf("could not check who else can open the secrets of function %q: %s", f.Name, unanswered(err))
			return []Finding{found}
		default:
			seen.unseen = append(seen.unseen, fmt.Sprintf("the policy %s, with which Resource Access Manager shares a key (%s)", name, awsfault.Describe(err)))
		}
	}
	grants, complete, err := d.grants(ctx, f.KeyARN)
	switch {
	case isReply(err):
		return []Finding{found.failed(found.unexpected("The reply of KMS for the grants of key %q %s.", f.Key.Value, err))}
	case err != nil && !unanswerable(err):
		found.Action = "kms:ListGrants"
		return []Finding{found.failed(found.problem(ctx, err, problem.Resource{Lead: fmt.Sprintf("The grants of key %q are not available", f.Key.Value)}))}
	case err != nil:
		seen.unseen = append(seen.unseen, fmt.Sprintf("the grants (%s)", awsfault.Describe(err)))
	case !complete:
		seen.unseen = append(seen.unseen, fmt.Sprintf("the grants after the first %d", maxGrantPages*grantsPerPage))
	}
	seen.grants = grants
	return append([]Finding{found.openers(f, seen)}, found.ineffective(f, seen.documents[0])...)
}

// readPolicy reads one of the two policies of a key.
func (d *Doctor) readPolicy(ctx context.Context, keyARN, name string) (string, error) {
	out, err := d.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(keyARN), PolicyName: aws.String(name)})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

func isPolicy(document string) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal([]byte(document), &object) == nil && object["Statement"] != nil
}

// unanswerable reports whether an error is an answer of KMS that this caller cannot
// have what it asked for.
func unanswerable(err error) bool {
	class := awsfault.Classify(err)
	return class == awsfault.Denied || class == awsfault.Other && awsfault.Code(err) != ""
}

// unanswered describes such an error, and says which policy has the right.
func unanswered(err error) string {
	text := awsfault.Describe(err)
	if awsfault.Classify(err) == awsfault.Denied {
		text += ". For keys in the environment's account, the policy that bundle policy --kind doctor writes allows it"
	}
	return text
}

// openers completes the finding with who can decrypt, and who else can move a document
// to another key, to decrypt it there.
func (f Finding) openers(of Function, seen access) Finding {
	who, movers, err := openers(of.KeyARN, seen.documents, seen.grants)
	switch {
	case err != nil:
		f.Detail = fmt.Sprintf("the policy of key %q cannot be read: it is not a policy document", of.Key.Value)
		return f
	case len(who.names) == 0:
		f.Detail = fmt.Sprintf("the policy of key %q does not allow anyone to decrypt, not even the role of function %q", of.Key.Value, of.Name)
	case who.open:
		f.Detail = fmt.Sprintf("the policy of key %q allows more than the role of function %q to decrypt: %s. "+
			"To allow only that role, use the key policy that bundle policy --kind key writes", of.Key.Value, of.Name, strings.Join(who.names, ", "))
	default:
		f.Status, f.Detail = OK, "can decrypt: "+strings.Join(who.names, ", ")
	}
	if more := movers.besides(who); len(more) > 0 {
		f.Status = Note
		f.Detail += ". Can re-encrypt documents under another key (kms:ReEncryptFrom), and decrypt them there: " + strings.Join(more, ", ")
	}
	if len(seen.unseen) > 0 {
		if !who.closed || !movers.closed { // otherwise the policy denies everyone whom they could add
			f.Status = Note
		}
		f.Detail += ". Not seen: " + strings.Join(seen.unseen, "; ")
	}
	return f
}

// sidForm matches the Sids of KMS's own examples. Others are not printed.
var sidForm = lazyregexp.New(`^[\w -]{1,100}$`)

// ineffective reports the statements that KMS accepts and ignores:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func (f Finding) ineffective(of Function, document string) []Finding {
	var p policy
	if json.Unmarshal([]byte(document), &p) != nil {
		return nil // has been reported
	}
	var all []Finding
	for i, s := range p.Statement {
		if s.effective() {
			continue
		}
		name, missing := fmt.Sprintf("statement %d", i+1), "Action"
		if sidForm.MatchString(s.Sid) {
			name = fmt.Sprintf("statement %d (%q)", i+1, s.Sid)
		}
		if s.hasAction() {
			missing = "Resource"
		}
		f.Status, f.Detail = Note, fmt.Sprintf("%s of the policy of key %q has no %s. KMS accepts such a statement and ignores it. Add the %[3]s", name, of.Key.Value, missing)
		all = append(all, f)
	}
	return all
}
