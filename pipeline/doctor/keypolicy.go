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

// keyPolicy names who may decrypt under a function's key, as far as the key's
// own policy tells. Grants, and what IAM policies add where the account decides,
// are not in it.
func (d *Doctor) keyPolicy(ctx context.Context, f Function) Finding {
	found := Finding{Check: CheckKeyPolicy, Status: Note, Function: f.Name, Action: "kms:GetKeyPolicy", Resource: f.KeyARN, At: f.Key}
	out, err := d.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(f.KeyARN)})
	if err != nil {
		if class := awsfault.Classify(err); class != awsfault.Denied && (class != awsfault.Other || awsfault.Code(err) == "") {
			return found.failed(found.problem(ctx, err, problem.Resource{Lead: fmt.Sprintf("The policy of key %q is not available", f.Key.Value)}))
		}
		found.Detail = fmt.Sprintf("who else may open the secrets of function %q is not known: %s", f.Name, awsfault.Describe(err))
		return found
	}
	var object map[string]json.RawMessage
	who, err := openers(aws.ToString(out.Policy))
	switch {
	case json.Unmarshal([]byte(aws.ToString(out.Policy)), &object) != nil || object["Statement"] == nil:
		return found.failed(problem.New(problem.Integrity, &f.Key.Range, "Unexpected answer from KMS", fmt.Sprintf(
			"What KMS gives as the policy of key %q is none. Nothing was written.", f.Key.Value)))
	case err != nil:
		found.Detail = fmt.Sprintf("the policy of key %q cannot be read: %v", f.Key.Value, err)
	case len(who.names) == 0:
		found.Detail = fmt.Sprintf("the policy of key %q does not allow anyone to decrypt, not even the role of function %q", f.Key.Value, f.Name)
	case who.open:
		found.Detail = fmt.Sprintf("more than the role of function %q may decrypt: %s. bundle policy --kind key writes a key policy for that role alone",
			f.Name, strings.Join(who.names, ", "))
	default:
		found.Status, found.Detail = OK, "may decrypt: "+strings.Join(who.names, ", ")
	}
	return found
}

// who says who may decrypt.
type who struct {
	names []string // ARNs, or words for more than one principal
	open  bool     // some name stands for more than one principal
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

// openers reads a key policy. What it does not understand of a Deny does not
// count, so that it may name too many and never too few.
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
			name, w.open = "whoever the IAM policies of account "+a.Account+" allow it", true
		case strings.ContainsAny(name, "*?"):
			name, w.open = "whoever is "+name, true
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

// principals returns whom a statement names. A statement that names an AWS
// service does so for calls that AWS makes on its own.
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

// deniesAllBut returns whom a Deny of everyone leaves out, by the one condition
// that does so.
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

// restrict keeps of the names those that are excepted; a name that stands for
// many becomes those of them that are.
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

// matches compares a text with a pattern in which * stands for any run of
// characters and ? for any one.
func matches(pattern, text string) bool {
	hide := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02") // have a meaning of their own in path.Match
	ok, err := path.Match(hide.Replace(pattern), hide.Replace(text))
	return ok && err == nil
}
