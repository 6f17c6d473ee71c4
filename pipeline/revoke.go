package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// KeyPolicies reads and replaces the policies of keys in one region. [seal.KMS] implements it.
type KeyPolicies interface {
	Policy(ctx context.Context, keyARN string) (string, error)
	PutPolicy(ctx context.Context, keyARN, policy string) error
	Relatives(ctx context.Context, keyARN string) ([]string, error)
	KeyTags
}

// A Revoke lets the policies of functions' keys deny opening all documents but those that are kept: see
// [policy.Revocation]. Plan finds out what that needs and changes, and Apply changes it.
type Revoke struct {
	Scope         // with all functions of the environment
	Keys          KeyDescriber
	Policies      func(region string) KeyPolicies
	Layers        func(region string) DeployedLayers
	Functions     Functions
	FunctionsOnly bool // look only at the functions of the manifest, not at all of the account

	Regions     []string // that the environment is in
	Named       []string // functions whose keys it is about; none for all
	Keep        []ToKeep // none for the newest published version of each layer
	Exempt      []string // ARNs of roles that open everything, besides those that the policies name as such
	Lift        bool     // take the statement away instead
	Add         bool     // only list what is kept as well: what opens now still does, and a policy without the statement stays as it is
	DropUnknown bool     // also shut out what is listed and is of no layer that is known here
	InUse       bool     // also shut out what deployed functions need
	Drift       bool     // also change a key that belongs to a CloudFormation stack
}

// A ToKeep is a layer whose documents are to be opened: a file, or a published version.
type ToKeep struct {
	KeptLayer
	Ref *publish.Ref // nil for a file. A Ref without Layer is of the only layer of the environment; without Version, it is the newest
}

// A Revocation is the plan of a Revoke, and what has become of it.
type Revocation struct {
	Lift      bool
	Kept      []string // files, and ARNs of layer versions
	Documents []DocumentState
	Openings  []LastOpening // of the documents that the plan shuts out, after LastOpenings
	Uses      []Use
	Keys      []*KeyRevocation
	Unreached problem.Problems // replicas whose policies are not known: what is under them stays open
}

// Changes reports whether a policy differs from what it is to be.
func (r *Revocation) Changes() bool {
	return slices.ContainsFunc(r.Keys, func(k *KeyRevocation) bool { return k.Text != "" })
}

// A DocumentState is a document of a function that is known, and whether it opens. Layers that carry a document over have
// the same one.
type DocumentState struct {
	Function  string
	Digest    string   // of the header
	Of        []string // files, and ARNs of layer versions, the newest first
	Key       string   // ARN of the key that it is under
	Elsewhere bool     // the key is not that of the function any more: its policy is not changed
	Before    bool     // it opens now
	After     bool     // it opens after the plan

	document *sealed.Document
}

// A Use is a way to call a function that has a version of a layer, and what that needs.
type Use struct {
	Running
	Layer  string   // ARN of the version
	Digest []string // of the documents that it may open, as far as they are known
	Open   bool     // all of them open after the plan
	Blocks bool     // they do not, and calls may need them
	Why    string   // it is not known what it needs: why
}

// A KeyState is how far a key is.
type KeyState string

// The states of keys.
const (
	KeyUnchanged  KeyState = "unchanged"
	KeyPlanned    KeyState = "planned"
	KeyChanged    KeyState = "changed"
	KeyFailed     KeyState = "failed"
	KeyUnclear    KeyState = "unclear" // there was no answer: it may have been changed
	KeyNotTried   KeyState = "not tried"
	KeyUnreadable KeyState = "unreadable"
)

// A KeyRevocation is the policy of one key, or of one of the relatives of a multi-Region key.
type KeyRevocation struct {
	Key       string // ARN
	Functions []string
	State     KeyState
	Before    *policy.Revocation // nil for none
	After     *policy.Revocation
	Unknown   []string // digests that are listed before and are of no layer that is known here
	Unbound   bool     // the policy lets somebody decrypt what is not of bundle
	Unwatched bool     // functions of the environment in the key's region may need what is shut out: they were not looked at
	Stack     string   // name of the CloudFormation stack that the key belongs to; "" for none
	Untagged  bool     // the tags cannot be read, so that Stack is not known
	Text      string   // the policy to put; "" if it needs no change

	now    string // as it was read
	parsed *policy.InForce
}

// Region returns the region of the key.
func (k *KeyRevocation) Region() string { return arn.Region(k.Key) }

// A revoking is a Revoke in progress.
type revoking struct {
	*Revoke
	result    *Revocation
	setting   policy.Setting
	functions []manifest.Function // whose keys it is about
	known     []known             // layers
	kept      []known
	problems  problem.Problems
}

// known is a layer whose documents are known. documents is nil if it cannot be read.
type known struct {
	name      string // file or ARN of a version
	documents []*sealed.Document
}

// Plan looks, and changes nothing. Besides a plan, it returns the problems that keep it from being applied.
func (r *Revoke) Plan(ctx context.Context) (*Revocation, problem.Problems) {
	p := &revoking{Revoke: r, result: &Revocation{Lift: r.Lift}}
	resolve := Resolve{Scope: r.Scope, Keys: r.Keys}
	keys, problems := resolve.FunctionKeys(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	p.setting = policy.Setting{Manifest: r.Manifest, Keys: map[string]string{}}
	for name, key := range keys {
		p.setting.Keys[name] = key.ARN
	}
	if problems := p.choose(); len(problems) > 0 {
		return nil, problems
	}
	var running map[string][]Running // by the ARN of the layer
	if !r.Lift {
		if running, problems = p.lookAtLayers(ctx); len(problems) > 0 {
			return nil, problems
		}
	}
	if problems := p.lookAtKeys(ctx); len(problems) > 0 {
		return nil, problems
	}
	p.describe()
	p.checkUses(running)
	return p.result, p.problems
}

// LastOpenings finds out when the documents that a plan shuts out were last opened since a time.
func (r *Revoke) LastOpenings(ctx context.Context, plan *Revocation, from Openings, since time.Time) (problems problem.Problems) {
	var out []DocumentState
	for _, d := range plan.Documents {
		if d.Before && !d.After {
			out = append(out, d)
		}
	}
	plan.Openings, problems = lastOpenings(ctx, from, out, func(DocumentState) time.Time { return since })
	return problems
}

// choose finds the functions that the plan is about.
func (p *revoking) choose() problem.Problems {
	names := p.Named
	for _, name := range names {
		if !slices.ContainsFunc(p.Manifest.Functions, func(fn manifest.Function) bool { return fn.Name.Value == name }) {
			return refused(problem.Manifest, "Unknown function", "Environment %q has no function %q. Correct --function.", p.Manifest.Environment.Name.Value, name)
		}
	}
	if len(names) == 0 {
		for _, fn := range p.Manifest.Functions {
			names = append(names, fn.Name.Value)
		}
	}
	sharing := p.setting.Sharing(names)
	for _, fn := range p.Manifest.Functions {
		if !slices.Contains(sharing, fn.Name.Value) {
			continue
		}
		p.functions = append(p.functions, fn)
		if key := p.setting.Keys[fn.Name.Value]; arn.Account(key) != p.Account {
			return refused(problem.Access, "Key of another account", "Key %s of function %q belongs to another account, and KMS shows and changes a key's policy only in its own. "+
				"There, put the policy that bundle policy --kind key --documents writes.", key, fn.Name.Value)
		}
	}
	if len(p.functions) == 0 {
		return refused(problem.Manifest, "No functions", "Environment %q has no functions, so there is no key whose policy could revoke documents.", p.Manifest.Environment.Name.Value)
	}
	return nil
}

func refused(kind problem.Kind, summary, format string, args ...any) problem.Problems {
	return problem.Problems{problem.New(kind, nil, summary, fmt.Sprintf(format, args...))}
}

func (p *revoking) refuse(kind problem.Kind, summary, format string, args ...any) {
	p.problems = append(p.problems, refused(kind, summary, format, args...)...)
}

// ours reports whether a document is of one of the functions.
func (p *revoking) ours(d *sealed.Document) bool {
	return d.Header.Bundle == p.Manifest.Bundle.Name.Value && d.Header.Environment == p.Manifest.Environment.Name.Value &&
		slices.ContainsFunc(p.functions, func(fn manifest.Function) bool { return fn.Name.Value == d.Header.Function })
}

// describe lists the documents that are known.
func (p *revoking) describe() {
	at := map[[3]string]int{}
	for _, l := range slices.Concat(p.kept, p.known) {
		for _, d := range l.documents {
			if !p.ours(d) || d.Region() != p.Region && !arn.MultiRegion(d.Key) {
				continue
			}
			id := [3]string{d.Header.Function, d.HeaderSHA256(), d.Key}
			i, seen := at[id]
			if !seen {
				i = len(p.result.Documents)
				at[id] = i
				p.result.Documents = append(p.result.Documents, p.state(d))
			}
			if of := &p.result.Documents[i].Of; !slices.Contains(*of, l.name) {
				*of = append(*of, l.name)
			}
		}
	}
	slices.SortStableFunc(p.result.Documents, func(a, b DocumentState) int {
		return cmp.Or(strings.Compare(a.Function, b.Function), -compareBool(a.After, b.After))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// state says whether a document opens under the key that it was sealed with, which is that of its function or a relative.
func (p *revoking) state(d *sealed.Document) DocumentState {
	s := DocumentState{Function: d.Header.Function, Digest: d.HeaderSHA256(), Key: d.Key, document: d, Before: true, After: true}
	i := slices.IndexFunc(p.result.Keys, func(k *KeyRevocation) bool { return k.Key == d.Key })
	if i < 0 || !slices.Contains(p.result.Keys[i].Functions, s.Function) {
		s.Elsewhere = true
		return s
	}
	k := p.result.Keys[i]
	s.Before = k.Before == nil || slices.Contains(k.Before.Kept, s.Digest)
	s.After = k.State == KeyUnreadable || k.After == nil || slices.Contains(k.After.Kept, s.Digest)
	return s
}
