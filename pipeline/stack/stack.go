package stack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// ErrSize reports what no role, key or template can have.
var ErrSize = errors.New("too large")

// Kinds lists the kinds of policies of roles that work for all functions.
func Kinds() []string { return []string{policy.KindCI, policy.KindPlan, policy.KindPut} }

// A Stack is the resources of one environment in one region.
type Stack struct {
	Bundle, Environment        string
	Partition, Region, Account string
	Roles                      []Role
	Keys                       []Key

	arns      map[string]reference // of what the resources create, by the ARN in the documents
	left      []Left               // in every format
	byTags    bool                 // policies name keys by their tags
	folders   bool                 // policies may name folders of parameters
	command   []string             // bundle policy, with the manifest and the environment
	build     string               // ARNs of the roles
	functions map[string]string
	glass     []string
}

// A Role is a role with its managed policies.
type Role struct {
	ID       string // for CloudFormation and the CDK, behind what kind of resource it is
	Label    string // for Terraform
	Name     string // in IAM
	Purpose  string // policy.KindCI, KindPlan, KindPut or KindFunction
	Function string // in the manifest; only for KindFunction
	Exists   bool   // it was named: only policies are attached to it
	Policies []policy.Document
}

// A Key is a key with its policy. It is created with its aliases, unless it has none:
// then it exists, and only its policy is written.
type Key struct {
	ID, Label string
	ARN       string // as it is in the documents, made up if Absent
	Aliases   []Alias
	Absent    bool // the alias does not exist yet
	Functions []string
	Policy    policy.Document
	Tags      []policy.Tag // with policies by tags; not of a key that exists and is not created
}

// An Alias is a name of a key.
type Alias struct{ ID, Label, Name string }

// Created reports whether the resources create the key.
func (k Key) Created() bool { return len(k.Aliases) > 0 }

func (k Key) id() string { return k.ARN[strings.LastIndex(k.ARN, "/")+1:] }

// A reference is what takes the place of an ARN.
type reference struct {
	role  bool // else a key
	id    string
	label string
}

// New returns the resources for a setting in which only roles may be missing: it gives
// them names. absent are the ARNs of keys that do not exist yet. command has the words
// that call bundle policy again. Its errors wrap ErrSize, policy.ErrStatement or policy.ErrRole.
func New(s policy.Setting, absent, command []string) (*Stack, error) {
	st := &Stack{
		Bundle: s.Manifest.Bundle.Name.Value, Environment: s.Manifest.Environment.Name.Value,
		Partition: partition(s), Region: s.Region, Account: s.Account, arns: map[string]reference{}, command: command, byTags: s.ByTags, folders: s.LevelsOf != nil,
	}
	st.name(&s)
	st.build, st.functions, st.glass = s.BuildRole, s.FunctionRoles, s.BreakGlass
	documents, missing, err := s.Documents(policy.KindAll, nil)
	if err = errors.Join(append(missing, err)...); err != nil {
		return nil, err
	}
	st.keys(s, documents, absent)
	for _, d := range documents {
		if err := errors.Join(st.attach(d), st.check(d)); err != nil {
			return nil, err
		}
	}
	st.Roles = slices.DeleteFunc(st.Roles, func(r Role) bool { return len(r.Policies) == 0 })
	return st, st.checkAttached()
}

// checkAttached refuses more policies than a role can have that several functions run as.
func (st *Stack) checkAttached() error {
	attached := map[string]int{}
	for _, r := range st.Roles {
		if attached[r.Name] += len(r.Policies); attached[r.Name] > policy.MaxAttached {
			return fmt.Errorf("%w: role %q is named for so many functions that it needs more than %d managed policies. Give it to fewer functions", ErrSize, r.Name, policy.MaxAttached)
		}
	}
	return nil
}

func partition(s policy.Setting) string {
	for _, key := range s.Keys {
		if a, ok := arn.Parse(key); ok {
			return a.Partition
		}
	}
	return "aws"
}

// name lists the roles, and gives those names to the setting that it does not have yet.
func (st *Stack) name(s *policy.Setting) {
	ids, labels, taken := names{}, names{}, names{}
	add := func(purpose, function, word, named string) string {
		label := strings.Replace(word, "function-", "function_", 1)
		r := Role{ID: ids.take(pascal(word)), Label: labels.take(label), Purpose: purpose, Function: function, Exists: named != ""}
		if r.Name = st.roleName(*s, word); r.Exists {
			r.Name = named[strings.LastIndex(named, "/")+1:]
			if a, ok := arn.Parse(named); !ok || a.Account != s.Account || !strings.HasPrefix(a.Resource, "role/") {
				r.Name = "" // nothing can be attached to it from here
			}
			st.Roles = append(st.Roles, r)
			return named
		}
		if taken[strings.ToLower(r.Name)] {
			r.Name = cutName(r.Name, maxRoleName)
		}
		taken[strings.ToLower(r.Name)] = true
		st.Roles = append(st.Roles, r)
		role := arn.ARN{Partition: st.Partition, Service: "iam", Account: s.Account, Resource: "role/" + r.Name}.String()
		st.arns[role] = reference{role: true, id: r.ID, label: r.Label}
		return role
	}
	s.BuildRole = add(policy.KindCI, "", "build", s.BuildRole)
	add(policy.KindPlan, "", "plan", "")
	add(policy.KindPut, "", "put", "")
	named := s.FunctionRoles
	s.FunctionRoles = maps.Clone(named)
	if s.FunctionRoles == nil {
		s.FunctionRoles = map[string]string{}
	}
	for _, name := range s.Functions() {
		s.FunctionRoles[name] = add(policy.KindFunction, name, "function-"+name, named[name])
	}
}

// keys lists the keys of the functions. Those that an alias of this account names are
// created.
func (st *Stack) keys(s policy.Setting, documents []policy.Written, absent []string) {
	ids, labels, aliasIDs, aliases := names{}, names{}, names{}, names{}
	functions := map[string]manifest.Function{}
	for _, fn := range s.Manifest.Functions {
		functions[fn.Name.Value] = fn
	}
	at, tags := map[string]int{}, s.Tags()
	for _, d := range documents {
		if d.Kind != policy.KindKey {
			continue
		}
		i, known := at[d.Key]
		if !known {
			i, at[d.Key] = len(st.Keys), len(st.Keys)
			st.Keys = append(st.Keys, Key{
				ID: ids.take(pascal(d.Function)), Label: labels.take(identifier(d.Function)), ARN: d.Key,
				Absent: slices.Contains(absent, d.Key), Policy: d.Policy, Tags: tags[d.Function],
			})
		}
		k := &st.Keys[i]
		k.Functions = append(k.Functions, d.Function)
		alias, here := aliasHere(functions[d.Function].Key.Value, d.Key, s)
		if here && !slices.ContainsFunc(k.Aliases, func(a Alias) bool { return a.Name == alias }) {
			k.Aliases = append(k.Aliases, Alias{ID: aliasIDs.take(pascal(d.Function)), Label: aliases.take(identifier(d.Function)), Name: alias})
		}
		if k.Created() {
			st.arns[k.ARN] = reference{id: k.ID, label: k.Label}
		}
	}
}

// aliasHere returns the alias that a manifest names a key by, if the key is in the
// environment's account.
func aliasHere(ref, key string, s policy.Setting) (string, bool) {
	if a, ok := arn.Parse(ref); ok {
		ref = a.Resource
	}
	return ref, arn.IsAlias(ref) && arn.Account(key) == s.Account && arn.Region(key) == s.Region
}

// attach gives a role the managed policies of a document.
func (st *Stack) attach(d policy.Written) error {
	i := slices.IndexFunc(st.Roles, func(r Role) bool { return r.Purpose == d.Kind && r.Function == d.Function })
	if d.Kind == policy.KindKey || i < 0 {
		return nil
	}
	r := &st.Roles[i]
	if r.Name == "" {
		st.left = append(st.left, Left{Why: fmt.Sprintf("the policy of %s, which is not a role in account %s. Print it with", r.what(), st.Account), Commands: []string{commandLine(append(slices.Clone(st.command), st.roleFlags(*r, d.Policy)...))}})
		return nil
	}
	parts, err := d.Policy.Split(policy.MaxManaged)
	switch most := r.attachable(); {
	case err != nil:
		return err
	case len(parts) > most:
		return fmt.Errorf("%w: the policy of %s has %d characters and needs %d managed policies, and the role can have %d%s", ErrSize, r.what(), d.Policy.Size(), len(parts), most, st.ways(true))
	}
	r.Policies = parts
	return st.checkCuts(r)
}

// ways says what makes policies shorter, or what makes it possible to cut them.
func (st *Stack) ways(folders bool) string {
	const divide = "ivide the functions between manifests"
	switch folders = folders && !st.folders; {
	case !st.byTags && folders:
		return ". Use --style tags, --prefixes or both, or d" + divide
	case !st.byTags:
		return ". Use --style tags, or d" + divide
	case folders:
		return ". Use --prefixes, or d" + divide
	}
	return ". D" + divide
}

// attachable is how many managed policies the role can have besides AWS's.
func (r Role) attachable() int {
	if r.Purpose == policy.KindFunction && !r.Exists {
		return policy.MaxAttached - 1
	}
	return policy.MaxAttached
}

func (r Role) what() string {
	switch r.Purpose {
	case policy.KindCI:
		return "the role that builds"
	case policy.KindPlan:
		return "the role that plans"
	case policy.KindPut:
		return "the role that puts parameters"
	}
	return fmt.Sprintf("the role of function %q", r.Function)
}

// roleFlags are those that print the policy of a role in the style of the stack.
func (st *Stack) roleFlags(r Role, d policy.Document) []string {
	flags := []string{"--kind", r.Purpose}
	if r.Function != "" {
		flags = append(flags, "--function", r.Function)
	}
	if st.byTags && (r.Purpose == policy.KindCI || r.Purpose == policy.KindPlan) {
		flags = append(flags, "--style", "tags")
	}
	if st.folders && slices.Contains(Kinds(), r.Purpose) {
		flags = append(flags, "--prefixes")
	}
	if d.Size() > policy.MaxManaged {
		flags = append(flags, "--split", r.Purpose+"-policies")
	}
	return flags
}

// checkCuts refuses parts that depend on the ID of a key that does not exist yet: the
// parts of a Deny have patterns for what begins or ends alike.
func (st *Stack) checkCuts(r *Role) error {
	if !slices.ContainsFunc(st.Keys, func(k Key) bool { return k.Absent }) {
		return nil
	}
	for _, d := range r.Policies {
		for _, s := range d.Statement {
			for _, pattern := range s.NotResource {
				if _, id, ok := strings.Cut(pattern, ":key/"); ok && id != "*" && strings.ContainsAny(id, "*?") {
					return fmt.Errorf("%w: the policy of %s has to be cut by the IDs of keys, which are not known before the keys exist%s", ErrSize, r.what(), st.ways(false))
				}
			}
		}
	}
	return nil
}

// check refuses a key policy that is too large. KMS counts white space, of which these
// have none.
func (st *Stack) check(d policy.Written) error {
	if n := len(d.Policy.Text()); d.Kind == policy.KindKey && n > policy.MaxKey {
		return fmt.Errorf("%w: the policy of the key of function %q has %d bytes, and a key policy can have %d. Give fewer functions the same key", ErrSize, d.Function, n, policy.MaxKey)
	}
	return nil
}
