package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/sync/errgroup"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// BlindParameters reads parameters and secrets of Secrets Manager without ever
// receiving a decrypted value. [BlindStores] implements it.
type BlindParameters interface {
	Versions(ctx context.Context, refs []secret.Ref, got func(Found)) error
	Ciphertexts(ctx context.Context, refs []secret.Ref, got func(Found)) error
	Dates(ctx context.Context, refs []secret.Ref, got func(Found)) error
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// BlindKeys moves ciphertexts from key to key. [seal.Blind] implements it.
type BlindKeys interface {
	ReEncrypt(ctx context.Context, m seal.Move) ([]byte, error)
	Try(ctx context.Context, m seal.Move) error
}

// A Blind has what blind functions are built with. There is no fallback to
// decryption.
type Blind struct {
	Parameters BlindParameters
	Keys       BlindKeys
}

// manyBlind is how many secrets a blind function can have without a warning:
// each costs it a call of kms:Decrypt.
const manyBlind = 10

// name is what diagnostics call the function.
func (run *functionRun) name() string { return fmt.Sprintf("function %q", run.fn.Name.Value) }

func (run *functionRun) blind() bool { return run.fn.Blind.Value }

func (run *functionRun) mode() sealed.Mode {
	if run.blind() {
		return sealed.Blind
	}
	return sealed.Pack
}

// requireBlind reports the functions that --blind does not allow, and their secrets that
// could not be blind.
func (b bound) requireBlind(required bool) problem.Problems {
	var problems problem.Problems
	for _, run := range b.functions {
		if required && !run.blind() {
			problems = append(problems, problem.New(problem.Manifest, &run.fn.Blind.Range, "Function not blind", fmt.Sprintf(
				"Function %q would be sealed in pack mode, which --blind does not allow. Write blind = true in the manifest, or remove --blind.", run.fn.Name.Value)))
			for _, bind := range run.bindings {
				if bind.ref.Store == secret.SecretsManager {
					problems = append(problems, run.inSecretsManager(bind))
				}
			}
		}
	}
	return problems
}

// CheckBlind reports the secrets that do not support blind mode because of what
// the manifest says. A build reports them together with those that do not because
// of how Parameter Store and KMS store them.
func (r *Reading) CheckBlind() problem.Problems {
	var problems problem.Gathered
	for _, run := range r.functions {
		problems.Add(run.checkBlind()...)
	}
	return problems.Sorted()
}

func (b bound) checkBlind() problem.Problems {
	var problems problem.Problems
	for _, run := range b.functions {
		problems = append(problems, run.checkBlind()...)
	}
	return problems
}

func (run *functionRun) checkBlind() problem.Problems {
	var problems problem.Problems
	for _, bind := range run.bindings {
		switch {
		case !run.blind():
		case bind.ref.Store == secret.SecretsManager:
			problems = append(problems, run.inSecretsManager(bind))
		case bind.asks == nil:
		case bind.field != "":
			problems = append(problems, run.cannot(problem.Manifest, bind, bind.asks, "has a field, and a build can only extract a field by reading the value. "+
				"Put it into a parameter of its own, or write blind = false for the function."))
		default:
			problems = append(problems, run.cannot(problem.Manifest, bind, bind.asks, "has a constraint, and a build can only check it by reading the value. "+
				"Remove matches and min_length, or write blind = false for the function."))
		}
	}
	return problems
}

// inSecretsManager reports a secret of Secrets Manager, which no blind build can take.
func (run *functionRun) inSecretsManager(bind *binding) problem.Problem {
	return problem.New(problem.Manifest, bind.at, "Secret does not support blind mode", fmt.Sprintf(
		"%s of function %q (%q): Secrets Manager hands values out decrypted only, and keeps its ciphertext; a blind build cannot take them. "+
			"Put it in a SecureString of its own, or write blind = false.", bind.name, run.fn.Name.Value, bind.ref))
}

// cannot reports a secret that does not support blind mode.
func (run *functionRun) cannot(kind problem.Kind, bind *binding, at *hcl.Range, why string) problem.Problem {
	return problem.New(kind, at, "Parameter does not support blind mode", fmt.Sprintf("%s of function %q (%q) %s", bind.name, run.fn.Name.Value, bind.ref, why))
}

// blind builds the blind functions, before any other: a secret that does not support
// blind mode must stop the run before it reads a value. It reports whether all were built.
func (s *sealing) blind(ctx context.Context, todo, others []*functionRun) bool {
	var found problem.Problems
	for _, run := range todo {
		found = append(found, run.checkBlind()...)
	}
	used, refs := users(todo, (*binding).exactly)
	err := s.build.Blind.Parameters.Ciphertexts(ctx, refs, func(res Found) {
		for _, bind := range used[res.Ref] {
			found = append(found, bind.receiveCiphertext(res)...)
		}
		s.got()
	})
	if err != nil {
		s.all.add(append(found, readProblem(nil, err))...)
		return false
	}
	for _, run := range todo {
		found = append(found, run.complete()...)
	}
	if s.all.add(found...); !s.all.empty() {
		s.findRest(ctx, todo, others)
		return false
	}
	s.moveAll(ctx, todo, func(ctx context.Context, run *functionRun) problem.Problems {
		problems := s.move(ctx, run)
		s.sealed()
		return problems
	})
	if !s.all.empty() {
		s.readOthers(ctx, others)
	}
	return s.all.empty()
}

// receiveCiphertext keeps what is stored for a secret, if KMS can move it.
func (bind *binding) receiveCiphertext(res Found) problem.Problems {
	if problems := bind.accept(res); len(problems) > 0 || res.Err != nil {
		return problems
	}
	bind.stored(res)
	if problems := bind.run.immovable(bind); len(problems) > 0 {
		return problems
	}
	bind.ciphertext = res.Parameter.Ciphertext
	return nil
}

// moveAll calls do for every function. An error that would fail every call stops
// all of them, and is reported once.
func (s *sealing) moveAll(ctx context.Context, todo []*functionRun, do func(context.Context, *functionRun) problem.Problems) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once
	s.halt = func() (first bool) {
		once.Do(func() { first = true })
		cancel()
		return first
	}
	for _, fn := range todo {
		s.group.Go(func() error {
			s.all.add(do(run, fn)...)
			return nil
		})
	}
	_ = s.group.Wait() // its functions report problems, not errors
	if p, ended := interrupted(ctx.Err()); ended {
		s.all.add(p)
	}
}

// move re-encrypts the secrets of one function.
func (s *sealing) move(ctx context.Context, run *functionRun) problem.Problems {
	draft, err := s.blindDraft(run)
	if err != nil {
		return problem.Problems{problem.New(problem.Manifest, &run.fn.Range, "Function cannot be sealed", sentence(err))}
	}
	contexts, ciphertexts := draft.Contexts(), make([][]byte, len(run.bindings))
	problems := s.each(ctx, run, func(i int, bind *binding) (err error) {
		ciphertexts[i], err = s.build.Blind.Keys.ReEncrypt(ctx, s.moveOf(run, bind, contexts[i]))
		bind.ciphertext = nil
		return err
	})
	if len(problems) > 0 || ctx.Err() != nil {
		return problems
	}
	if run.document, err = draft.Seal(run.key.ARN, ciphertexts); err != nil {
		return problem.Problems{problem.New(problem.Manifest, &run.fn.Range, "Function cannot be sealed", sentence(err))}
	}
	return nil
}

// each calls do for every secret of a function, as many at once as there are workers,
// and reports everything that fails.
func (s *sealing) each(ctx context.Context, run *functionRun, do func(int, *binding) error) problem.Problems {
	var all collector
	var g errgroup.Group
	for i, bind := range run.bindings {
		g.Go(func() error {
			return s.calls.Do(ctx, func() error {
				if err := do(i, bind); err != nil {
					all.add(s.moveProblem(ctx, run, bind, err)...)
				}
				return nil
			})
		})
	}
	_ = g.Wait() // its functions report problems, not errors
	return all.problems
}

// blindDraft begins a blind document, with a box for each secret.
func (s *sealing) blindDraft(run *functionRun) (*sealed.Draft, error) {
	header := run.header(s.Manifest)
	for _, bind := range run.bindings {
		header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{bind.name}})
	}
	return sealed.Begin(header)
}

func (s *sealing) moveOf(run *functionRun, bind *binding, context map[string]string) seal.Move {
	return seal.Move{Ciphertext: bind.ciphertext, Parameter: bind.version.ARN, Sources: s.parameterKeys, To: run.key.ARN, Context: context}
}

// findRest finds what else is wrong after a first problem, so that one run reports
// everything. Dry runs find what KMS would not move, and reading versions finds
// which parameters of the other functions cannot be read.
func (s *sealing) findRest(ctx context.Context, todo, others []*functionRun) {
	s.readOthers(ctx, others)
	s.moveAll(ctx, todo, func(ctx context.Context, run *functionRun) problem.Problems {
		movable := &functionRun{fn: run.fn, key: run.key}
		for _, bind := range run.bindings {
			if bind.ciphertext != nil && bind.asks == nil {
				movable.bindings = append(movable.bindings, bind)
			}
		}
		draft, err := s.blindDraft(movable)
		if err != nil {
			return nil // the function has another problem already
		}
		contexts := draft.Contexts()
		return s.each(ctx, movable, func(i int, bind *binding) error {
			return s.build.Blind.Keys.Try(ctx, s.moveOf(movable, bind, contexts[i]))
		})
	})
}

// readOthers reports what cannot be read of functions whose versions are not known
// yet. It reads no value.
func (s *sealing) readOthers(ctx context.Context, others []*functionRun) {
	used, refs := users(others, func(bind *binding) secret.Ref { return bind.ref })
	refs = slices.DeleteFunc(refs, func(ref secret.Ref) bool { return used[ref][0].version.ARN != "" })
	err := s.build.Blind.Parameters.Versions(ctx, refs, func(res Found) {
		for _, bind := range used[res.Ref] {
			s.all.add(bind.resultProblem(res)...)
		}
	})
	if err != nil {
		s.all.add(readProblem(nil, err))
	}
}

// moveProblem says why KMS did not move a secret.
func (s *sealing) moveProblem(ctx context.Context, run *functionRun, bind *binding, err error) problem.Problems {
	switch {
	case errors.Is(err, seal.ErrUnavailable), errors.Is(err, seal.ErrCredentials):
		if !s.halt() { // every other call fails in the same way
			return nil
		}
		return problem.Problems{keyProblem(nil, run.fn.Key.Value, run.name(), "kms:ReEncryptTo", err)}
	case ctx.Err() != nil:
		return nil // canceled because of another secret's problem
	case errors.Is(err, seal.ErrSourceKey):
		return problem.Problems{run.cannot(problem.Missing, bind, bind.at, fmt.Sprintf("cannot be re-encrypted: %v. %s", err, s.sourceRemedy()))}
	case errors.Is(err, seal.ErrCiphertext):
		return problem.Problems{run.cannot(problem.Missing, bind, bind.at, fmt.Sprintf("cannot be re-encrypted: %v. "+
			"Put it again as a standard-tier SecureString, encrypted with a customer managed key.", err))}
	case errors.Is(err, seal.ErrKeyDenied):
		return problem.Problems{run.cannot(problem.Access, bind, bind.at, fmt.Sprintf("cannot be re-encrypted: %v. "+
			"If it is encrypted with alias/aws/ssm, which only Parameter Store can use, put it again with --overwrite --key-id and a customer managed key. "+
			"Otherwise, with PARAMETER_ARN being %s: %s", err, bind.version.ARN, problem.Remedy(err, problem.Resource{
			Rights: []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}, On: "its key and the key " + run.key.ARN,
		})))}
	case errors.Is(err, seal.ErrKeyMissing), errors.Is(err, seal.ErrKeyState):
		return problem.Problems{run.cannot(problem.Missing, bind, bind.at, fmt.Sprintf("cannot be re-encrypted: %v. "+
			"Enable the key that encrypts it, or put it again with another key.", err))}
	}
	return problem.Problems{keyProblem(bind.at, run.fn.Key.Value, run.name(), "kms:ReEncryptTo", err)}
}

func (s *sealing) sourceRemedy() string {
	var names []string
	for _, key := range s.Manifest.Environment.ParameterKeys {
		names = append(names, key.Value)
	}
	if len(names) == 0 {
		return "Put it again with a separate key for parameters. Anyone who can re-encrypt both from and to one key could change the encryption context of any of its ciphertexts."
	}
	return fmt.Sprintf("Put it again with one of the environment's parameter_keys (%s), or add its key to that list.", strings.Join(names, ", "))
}
