// Package pipeline holds the use cases of bundle: it takes a manifest through
// the steps that its folders name, manifest → plan → param → seal → layer, and
// joins every error on the way to the manifest's line to blame.
package pipeline

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// Parameters reads Parameter Store. [param.Source] is the one there is.
type Parameters interface {
	// Versions and Read hand each result to got as soon as it is there, never
	// two at once; they return an error only for what stops the whole read.
	Versions(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	Read(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// Keys resolves keys and encrypts under them. [seal.KMS] is the one there is.
type Keys interface {
	Describe(ctx context.Context, ref string) (seal.Key, error)
	Encrypt(ctx context.Context, keyARN string, box secret.Value, context map[string]string) ([]byte, error)
}

// Layers reads and publishes Lambda layers. [publish.Lambda] is the one there
// is.
type Layers interface {
	Find(ctx context.Context, ref publish.Ref) (publish.Version, error)
	Download(ctx context.Context, v publish.Version) ([]byte, error)
	Publish(ctx context.Context, name, description string, layer []byte) (publish.Version, error)
}

// A Build makes the documents of one environment in one region.
type Build struct {
	Manifest   *manifest.Manifest
	Region     string
	Account    string                                // the one the environment is for
	Caller     func(context.Context) (string, error) // the account that AWS takes us for
	Parameters Parameters
	Keys       Keys
	Blind      Blind
	Layers     Layers // asked only for what Previous does not know yet
	Observer   Observer
	Previous   Previous // what to carry over from

	Reseal           bool     // carry nothing over
	AllowRollback    bool     // accept versions lower than in Previous
	AllowKeyAccounts []string // accounts besides Account whose keys may be used

	// Beside are functions of the environment whose layers others build. Their keys
	// are held against those of this build, and not to anything else. Functions of
	// the manifest may be among them, and do not count.
	Beside []manifest.Function
}

// A Result is what a Build made.
type Result struct {
	Documents []*sealed.Document // ascending by name; of a plan those that stay
	Changes   []plan.Change      // ascending by name, one for each document and each that went
	Previous  Previous           // what they were compared with
	Warnings  hcl.Diagnostics

	read   *plaintexts // by the run
	public []byte      // see run.public
}

// Run builds. It returns a result or every problem it found, never both, and
// changes nothing outside. The order of its steps is the promise of the guards:
// no parameter is read before the account and all keys are known to be right.
func (b *Build) Run(ctx context.Context) (*Result, Problems) {
	r := b.run()
	return r.through(ctx, r.check, r.guard, r.fetch, r.expand, r.versions, r.compare, r.seal)
}

// Plan goes the way of Run as far as it goes without reading a value or
// encrypting anything: it tells what Run would do, or why it would fail.
func (b *Build) Plan(ctx context.Context) (*Result, Problems) {
	r := b.run()
	r.looks = true
	return r.through(ctx, r.check, r.guard, r.fetch, r.expand, r.foresee, r.compare)
}

// A run is a Build under way.
type run struct {
	*Build
	jobs     []*job
	previous Previous
	changes  []plan.Change
	values   plaintexts // read by this run
	looks    bool       // it seals nothing
	sources  []string   // ARNs of the environment's parameter_keys
	beside   []seal.Key // of the functions beside
	paths    Problems   // of path imports; kept until what is named has been read as well
}

func (b *Build) run() *run { return &run{Build: b, previous: b.Previous} }

// through takes the run through its steps, up to the first with problems.
func (r *run) through(ctx context.Context, steps ...func(context.Context) Problems) (*Result, Problems) {
	for _, step := range steps {
		if problems := step(ctx); len(problems) > 0 {
			return nil, problems.Sort()
		}
	}
	return r.result(), nil
}

func (r *run) check(context.Context) Problems {
	var problems Problems
	r.jobs, problems = jobs(r.Manifest)
	problems = append(problems, r.requireBlind()...)
	return problems
}

func (r *run) result() *Result {
	result := &Result{Changes: r.changes, Previous: r.previous, Warnings: warnings(r.jobs), read: &r.values, public: r.public()}
	for _, c := range r.changes {
		for _, j := range r.jobs {
			if j.fn.File() == c.Name && j.document != nil {
				result.Documents = append(result.Documents, j.document)
			}
		}
	}
	return result
}

// wants returns the documents of this run as far as they are known.
func (r *run) wants() []plan.Want {
	var all []plan.Want
	for _, j := range r.jobs {
		all = append(all, plan.Want{Header: j.header(r.Manifest), Key: j.key.ARN})
	}
	return all
}

// versions reads versions where there is a previous layer to compare with.
func (r *run) versions(ctx context.Context) Problems {
	if r.previous.Layer == nil {
		return nil
	}
	return r.readVersions(ctx)
}

// compare decides for each function whether its document is carried over.
func (r *run) compare(context.Context) Problems {
	var previous []*sealed.Document
	if r.previous.Layer != nil {
		previous = r.previous.Layer.Documents
	}
	r.changes = plan.Diff(r.wants(), previous)
	byName := make(map[string]*job, len(r.jobs))
	for _, j := range r.jobs {
		byName[j.fn.File()] = j
	}
	for i, c := range r.changes {
		j := byName[c.Name]
		switch {
		case j == nil:
			continue
		case c.Action == plan.Carry && r.Reseal:
			r.changes[i].Action = plan.Reseal
			r.changes[i].Reasons = []plan.Reason{{What: "asked for"}}
		case c.Action == plan.Carry:
			j.document = c.Previous
		}
		j.change = r.changes[i]
	}
	return r.rollbacks(byName)
}

func (r *run) rollbacks(byName map[string]*job) Problems {
	if r.AllowRollback {
		return nil
	}
	var problems Problems
	for _, back := range plan.Rollbacks(r.wants(), r.changes) {
		j := byName[back.Name]
		for _, w := range j.wants {
			if w.name == back.Secret {
				problems = append(problems, problem(Integrity, w.at, "Older version", fmt.Sprintf(
					"%s of function %q would go back from version %d to %d of %q. "+
						"If that is meant, pass --allow-rollback.",
					w.name, j.fn.Name.Value, back.From, back.To, w.ref.Bare())))
			}
		}
	}
	return problems
}
