package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/pipeline/problem"
)

// keyPolicy lists who can decrypt under a function's key according to its key policy.
// It does not see grants, or the IAM policies of an account that the key policy
// allows.
func (d *Doctor) keyPolicy(ctx context.Context, f Function) Finding {
	found := Finding{Check: CheckKeyPolicy, Status: Note, Function: f.Name, Action: "kms:GetKeyPolicy", Resource: f.KeyARN, At: f.Key}
	out, err := d.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(f.KeyARN)})
	if err != nil {
		if class := awsfault.Classify(err); class != awsfault.Denied && (class != awsfault.Other || awsfault.Code(err) == "") {
			return found.failed(found.problem(ctx, err, problem.Resource{Lead: fmt.Sprintf("The policy of key %q is not available", f.Key.Value)}))
		}
		found.Detail = fmt.Sprintf("could not check who else can open the secrets of function %q: %s", f.Name, awsfault.Describe(err))
		return found
	}
	var object map[string]json.RawMessage
	who, err := openers(aws.ToString(out.Policy))
	switch {
	case json.Unmarshal([]byte(aws.ToString(out.Policy)), &object) != nil || object["Statement"] == nil:
		return found.failed(problem.New(problem.Integrity, &f.Key.Range, "Unexpected answer from KMS", fmt.Sprintf(
			"The reply of KMS for the policy of key %q is not a key policy. Check that the endpoint is AWS, with no proxy in between. If it is, please report this as a bug.", f.Key.Value)))
	case err != nil:
		found.Detail = fmt.Sprintf("the policy of key %q cannot be read: %v", f.Key.Value, err)
	case len(who.names) == 0:
		found.Detail = fmt.Sprintf("the policy of key %q does not allow anyone to decrypt, not even the role of function %q", f.Key.Value, f.Name)
	case who.open:
		found.Detail = fmt.Sprintf("the policy of key %q allows more than the role of function %q to decrypt: %s. "+
			"To allow only that role, use the key policy that bundle policy --kind key writes", f.Key.Value, f.Name, strings.Join(who.names, ", "))
	default:
		found.Status, found.Detail = OK, "can decrypt: "+strings.Join(who.names, ", ")
	}
	return found
}

// who has the principals that can decrypt.
type who struct {
	names []string // ARNs, or descriptions of several principals
	open  bool     // a name means more than one principal
}

type policy struct{ Statement list[statement] }

type statement struct {
	Effect    string
	Principal json.RawMessage
	Action    list[string]
	NotAction list[string]
	Condition map[string]map[string]list[string]
}

// A list is a JSON value, or a list of such values.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	var many []T
	if err := json.Unmarshal(b, &many); err == nil {
		*l = many
		return nil
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = list[T]{one}
	return err
}

// openers parses a key policy. It ignores a Deny that it does not understand, so that
// it may list too many principals, and never too few.
func openers(document string) (who, error) {
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return who{}, errors.New("it is not a policy document")
	}
	var names []string
	for _, s := range p.Statement {
		if s.Effect == "Allow" && s.decrypts() {
			names = append(names, s.principals()...)
		}
	}
	for _, s := range p.Statement {
		if except, ok := s.deniesAllBut(); ok {
			names = restrict(names, except)
		}
	}
	slices.Sort(names)
	w := who{}
	for _, name := range slices.Compact(names) {
		a, _ := arn.Parse(name)
		switch {
		case name == "*":
			name, w.open = "everyone", true
		case a.Resource == "root":
			name, w.open = "anyone whom the IAM policies of account "+a.Account+" allow", true
		case strings.ContainsAny(name, "*?"):
			name, w.open = "every principal that matches "+name, true
		}
		w.names = append(w.names, awsfault.Printable(name))
	}
	return w, nil
}

func (s statement) decrypts() bool {
	const action = "kms:decrypt"
	covers := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.ToLower(p), action) })
	}
	if len(s.NotAction) > 0 {
		return !covers(s.NotAction)
	}
	return covers(s.Action)
}

// principals returns the principals of a statement. An AWS service is one for the
// calls that it makes itself.
func (s statement) principals() []string {
	var all string
	if json.Unmarshal(s.Principal, &all) == nil {
		return []string{all}
	}
	var kinds map[string]list[string]
	if json.Unmarshal(s.Principal, &kinds) != nil {
		return nil
	}
	names := slices.Clone(kinds["AWS"])
	for i, name := range names {
		if root := (arn.ARN{Partition: "aws", Service: "iam", Account: name, Resource: "root"}); root.HasAccount() {
			names[i] = root.String()
		}
	}
	for _, kind := range []string{"Service", "Federated", "CanonicalUser"} {
		names = append(names, kinds[kind]...)
	}
	return names
}

// deniesAllBut returns the exceptions of a Deny of everyone, if its only condition
// makes them.
func (s statement) deniesAllBut() (except []string, ok bool) {
	if s.Effect != "Deny" || !s.decrypts() || !slices.Contains(s.principals(), "*") {
		return nil, false
	}
	if len(s.Condition) == 0 {
		return nil, true
	}
	if len(s.Condition) > 1 {
		return nil, false
	}
	for operator, keys := range s.Condition {
		switch operator {
		case "StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike":
		default:
			return nil, false
		}
		for key, values := range keys {
			if len(keys) == 1 && strings.EqualFold(key, "aws:PrincipalArn") {
				return values, true
			}
		}
	}
	return nil, false
}

// restrict returns the names that are among the exceptions. A name that means several
// principals is replaced by the exceptions that it covers.
func restrict(names, except []string) []string {
	var kept []string
	for _, name := range names {
		account, _ := arn.Parse(name)
		for _, e := range except {
			of, _ := arn.Parse(e)
			of.Resource = "root"
			switch {
			case name == "*", of == account:
				kept = append(kept, e)
			case matches(e, name):
				kept = append(kept, name)
			}
		}
	}
	return kept
}

// matches compares text with a pattern, in which * matches any characters and ? any
// single one.
func matches(pattern, text string) bool {
	hide := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02") // these are special in path.Match
	ok, err := path.Match(hide.Replace(pattern), hide.Replace(text))
	return ok && err == nil
}
