package pipeline

import (
	"context"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A diagnosed is one function with what a build would use, as far as it could be
// found.
type diagnosed struct {
	Function manifest.Function
	Key      seal.Key // zero if it could not be resolved
	Secrets  []diagnosedSecret

	// Contexts are encryption contexts that a build would seal in: one for a packed
	// function, as if it had one box, or one per secret of a blind function, in the
	// order of Secrets. Only bundle:document may differ from a build's: it is a
	// digest that also covers what is not known here.
	Contexts []map[string]string
}

// A diagnosedSecret is one secret of a function and the parameter or secret of Secrets Manager
// that it is made from.
type diagnosedSecret struct {
	Name string
	Ref  secret.Ref
	ARN  string     // of the parameter or secret of Secrets Manager; "" if it could not be read
	ID   string     // of the version of a secret of Secrets Manager
	At   *hcl.Range // in the manifest

	Ciphertext []byte                     // what KMS would move for a blind function; nil if it cannot
	Described  secretsmanager.Description // of a secret of Secrets Manager
}

// steps runs the steps of a build that read no value and encrypt nothing. It does
// not stop where a build would, so that one run finds everything that is wrong.
// Only an unknown caller, or one of another account, stops it at once, because
// then everything would fail. It returns what it found and all problems.
//
// Whether a parameter can be decrypted through Parameter Store can only be found
// out by decrypting it. With Decrypt, it reads the parameters of packed functions
// and discards their values at once.
func (d *Diagnose) steps(ctx context.Context, scope *Scope) ([]diagnosed, problem.Problems) {
	bound, problems := scope.bind()
	if problems = append(problems, bound.checkAccount(ctx)...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	note := func(more problem.Problems) { problems = append(problems, more...) }
	admitted, wrong := bound.preflight(ctx, d.Keys)
	note(wrong)
	versioned, wrong := admitted.list(ctx, d.Parameters, d.Blind).readVersions(ctx, bound.byVersion(d.Parameters, d.Blind))
	note(wrong)
	note(versioned.checkBlind())
	note(versioned.readCiphertexts(ctx, d.Blind))
	note(versioned.checkSizes())
	if d.Decrypt {
		note(versioned.tryValues(ctx, d.Parameters))
	}
	var all []diagnosed
	for _, run := range versioned.functions {
		all = append(all, versioned.diagnosed(run))
	}
	return all, problems.Sort()
}

// readCiphertexts reads what a blind build would move, and reports what KMS
// cannot.
func (v versioned) readCiphertexts(ctx context.Context, blind BlindParameters) problem.Problems {
	functions := v.readable(true)
	used, refs := users(functions, (*binding).exactly)
	if len(refs) == 0 {
		return nil
	}
	var problems problem.Problems
	err := blind.Ciphertexts(ctx, refs, func(res Found) {
		for _, bind := range used[res.Ref] {
			problems = append(problems, bind.receiveCiphertext(res)...)
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

// tryValues reads what a build of the packed functions would read, checks it as
// the build does, and keeps none of it.
func (v versioned) tryValues(ctx context.Context, parameters Parameters) problem.Problems {
	used, refs := users(v.readable(false), (*binding).exactly)
	if len(refs) == 0 {
		return nil
	}
	var problems problem.Problems
	err := parameters.Read(ctx, refs, func(res Found) {
		for _, bind := range used[res.Ref] {
			problems = append(problems, bind.receive(res)...)
			bind.value = secret.Value{}
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

// readable returns the blind or the packed functions, with only the secrets whose
// versions could be read. The others have been reported.
func (v versioned) readable(blind bool) []*functionRun {
	var all []*functionRun
	for _, run := range v.functions {
		if run.blind() != blind {
			continue
		}
		found := &functionRun{fn: run.fn}
		for _, bind := range run.bindings {
			if bind.version.ARN != "" {
				found.bindings = append(found.bindings, bind)
			}
		}
		all = append(all, found)
	}
	return all
}

func (v versioned) diagnosed(run *functionRun) diagnosed {
	s := diagnosed{Function: run.fn, Key: run.key}
	run.sort()
	for _, bind := range run.bindings {
		if bind.optional && bind.version.ARN == "" {
			continue
		}
		s.Secrets = append(s.Secrets, diagnosedSecret{bind.name, bind.ref, bind.version.ARN, bind.version.ID, bind.at, bind.ciphertext, bind.description()})
	}
	s.Contexts = v.sampleContexts(run, s.Secrets)
	return s
}

// sampleContexts returns the encryption contexts of a document with these
// secrets. What is not known of a source is made up: the contexts contain only a
// digest of it.
func (v versioned) sampleContexts(run *functionRun, secrets []diagnosedSecret) []map[string]string {
	header := run.header(v.Manifest)
	header.Sources, header.Boxes = nil, nil
	var names []string
	for _, s := range secrets {
		made := leastVersion(s.Ref, v.Region, v.Account)
		header.Sources = append(header.Sources, sealed.Source{
			Secret: s.Name, Encoding: string(secret.Text), Version: made.Number, ID: made.ID, Modified: time.Unix(0, 0).UTC(), ARN: made.ARN,
		})
		names = append(names, s.Name)
		if header.Mode == sealed.Blind {
			header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{s.Name}})
		}
	}
	if header.Mode != sealed.Blind {
		header.Boxes = []sealed.Box{{Secrets: names}}
	}
	draft, err := sealed.Begin(header)
	if err != nil {
		return nil // no secret, or too many: there is nothing to seal
	}
	return draft.Contexts()
}
