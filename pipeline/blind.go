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
	table "github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// BlindParameters reads Parameter Store without ever decrypting. [param.Blind]
// is the one there is.
type BlindParameters interface {
	Versions(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	Ciphertexts(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// BlindKeys moves ciphertexts from key to key. [seal.Blind] is the one there is.
type BlindKeys interface {
	ReEncrypt(ctx context.Context, m seal.Move) ([]byte, error)
	Try(ctx context.Context, m seal.Move) error
}

// A Blind is what blind functions are built with. They have nothing else: there
// is no falling back.
type Blind struct {
	Parameters BlindParameters
	Keys       BlindKeys
}

// manyBlind is how many secrets a blind function may have without a warning:
// each costs it a call of kms:Decrypt.
const manyBlind = 10

// name is what diagnostics call the function.
func (j *job) name() string { return fmt.Sprintf("function %q", j.fn.Name.Value) }

func (j *job) blind() bool { return j.fn.Blind.Value }

func (j *job) mode() sealed.Mode {
	if j.blind() {
		return sealed.Blind
	}
	return sealed.Pack
}

// requireBlind reports the functions that --blind does not let through.
func (b bound) requireBlind(required bool) Problems {
	var problems Problems
	for _, j := range b.jobs {
		if required && !j.blind() {
			problems = append(problems, problem(Manifest, &j.fn.Blind.Range, "Function not blind", fmt.Sprintf(
				"Function %q would be sealed in pack mode, and --blind refuses that. Write blind = true, or leave --blind out.", j.fn.Name.Value)))
		}
	}
	return problems
}

// CheckBlind reports the secrets that cannot go blind by what the manifest says
// of them. A build reports them together with those that cannot by what Parameter
// Store and KMS say.
func (r *Reading) CheckBlind() Problems {
	var problems Gathered
	for _, j := range r.jobs {
		problems.Add(j.checkBlind()...)
	}
	return problems.Sorted()
}

func (b bound) checkBlind() Problems {
	var problems Problems
	for _, j := range b.jobs {
		problems = append(problems, j.checkBlind()...)
	}
	return problems
}

func (j *job) checkBlind() Problems {
	var problems Problems
	for _, w := range j.wants {
		switch {
		case !j.blind() || w.asks == nil:
		case w.field != "":
			problems = append(problems, j.cannot(Manifest, w, w.asks, "has a field: to cut it out, the build would have to read the value. "+
				"Put it into a parameter of its own, or write blind = false for the function."))
		default:
			problems = append(problems, j.cannot(Manifest, w, w.asks, "has a constraint: to check it, the build would have to read the value. "+
				"Remove matches and min_length, or write blind = false for the function."))
		}
	}
	return problems
}

// cannot reports a secret that cannot go blind.
func (j *job) cannot(kind Kind, w *want, at *hcl.Range, why string) Problem {
	return problem(kind, at, "Parameter cannot go blind", fmt.Sprintf("%s of function %q (%q) %s", w.name, j.fn.Name.Value, w.ref, why))
}

// blind builds the blind functions, before any other: what cannot go blind is to
// stop the run before it reads a value. It reports whether all of it went well.
func (s *sealing) blind(ctx context.Context, todo, others []*job) bool {
	var found Problems
	owner := make(map[*want]*job)
	for _, j := range todo {
		found = append(found, j.checkBlind()...)
		for _, w := range j.wants {
			owner[w] = j
		}
	}
	used, refs := users(todo, (*want).exactly)
	err := s.build.Blind.Parameters.Ciphertexts(ctx, refs, func(res param.Result) {
		for _, w := range used[res.Ref] {
			found = append(found, owner[w].receiveCiphertext(w, res)...)
		}
		s.got()
	})
	if err != nil {
		s.all.add(append(found, readProblem(nil, err))...)
		return false
	}
	for _, j := range todo {
		found = append(found, j.settle()...)
	}
	if s.all.add(found...); !s.all.empty() {
		s.findRest(ctx, todo, others)
		return false
	}
	s.moveAll(ctx, todo, func(ctx context.Context, j *job) Problems {
		problems := s.move(ctx, j)
		s.sealed()
		return problems
	})
	if !s.all.empty() {
		s.readOthers(ctx, others)
	}
	return s.all.empty()
}

// receiveCiphertext takes in what is stored for a secret, if KMS can move it.
func (j *job) receiveCiphertext(w *want, res param.Result) Problems {
	if problems := w.accept(res); len(problems) > 0 || res.Err != nil {
		return problems
	}
	w.stored(res.Parameter)
	if problems := j.immovable(w); len(problems) > 0 {
		return problems
	}
	w.ciphertext = res.Parameter.Ciphertext
	return nil
}

// moveAll does something with every function. An error that would meet every
// call ends it and is reported once.
func (s *sealing) moveAll(ctx context.Context, todo []*job, do func(context.Context, *job) Problems) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once
	s.halt = func() (first bool) {
		once.Do(func() { first = true })
		cancel()
		return first
	}
	for _, j := range todo {
		s.group.Go(func() error {
			s.all.add(do(run, j)...)
			return nil
		})
	}
	_ = s.group.Wait() // its functions report problems, not errors
	if p, ended := interrupted(ctx.Err()); ended {
		s.all.add(p)
	}
}

// move re-encrypts the secrets of one function.
func (s *sealing) move(ctx context.Context, j *job) Problems {
	header, contexts, err := s.blindHeader(j)
	if err != nil {
		return Problems{problem(Manifest, &j.fn.Range, "Function cannot be sealed", sentence(err))}
	}
	ciphertexts := make([][]byte, len(j.wants))
	problems := s.each(ctx, j, func(i int, w *want) (err error) {
		ciphertexts[i], err = s.build.Blind.Keys.ReEncrypt(ctx, s.moveOf(j, w, contexts[i]))
		w.ciphertext = nil
		return err
	})
	if len(problems) > 0 || ctx.Err() != nil {
		return problems
	}
	if j.document, err = sealed.New(header, j.key.ARN, ciphertexts); err != nil {
		return Problems{problem(Manifest, &j.fn.Range, "Function cannot be sealed", sentence(err))}
	}
	return nil
}

// each does something with every secret of a function, as many at a time as
// there are slots, and reports all that fails.
func (s *sealing) each(ctx context.Context, j *job, do func(int, *want) error) Problems {
	var all collector
	var g errgroup.Group
	for i, w := range j.wants {
		g.Go(func() error {
			select {
			case s.slots <- struct{}{}:
				defer func() { <-s.slots }()
			case <-ctx.Done():
				return nil
			}
			if err := do(i, w); err != nil {
				all.add(s.moveProblem(ctx, j, w, err)...)
			}
			return nil
		})
	}
	_ = g.Wait() // its functions report problems, not errors
	return all.problems
}

// blindHeader is the header of a blind document: each secret in a box of its own.
func (s *sealing) blindHeader(j *job) (sealed.Header, []map[string]string, error) {
	header := j.header(s.Manifest)
	for _, w := range j.wants {
		header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{w.name}})
	}
	contexts, err := sealed.Contexts(header)
	return header, contexts, err
}

func (s *sealing) moveOf(j *job, w *want, context map[string]string) seal.Move {
	return seal.Move{Ciphertext: w.ciphertext, Parameter: w.version.ARN, Sources: s.sources, To: j.key.ARN, Context: context}
}

// findRest finds what else is wrong once something is, so that one run tells
// everything: by dry runs, what KMS would not move, and by their versions, what
// of other functions cannot be read.
func (s *sealing) findRest(ctx context.Context, todo, others []*job) {
	s.readOthers(ctx, others)
	s.moveAll(ctx, todo, func(ctx context.Context, j *job) Problems {
		movable := &job{fn: j.fn, key: j.key}
		for _, w := range j.wants {
			if w.ciphertext != nil && w.asks == nil {
				movable.wants = append(movable.wants, w)
			}
		}
		_, contexts, err := s.blindHeader(movable)
		if err != nil {
			return nil // the function has another problem already
		}
		return s.each(ctx, movable, func(i int, w *want) error {
			return s.build.Blind.Keys.Try(ctx, s.moveOf(movable, w, contexts[i]))
		})
	})
}

// readOthers finds what cannot be read of functions whose versions are not known
// yet, without reading a value.
func (s *sealing) readOthers(ctx context.Context, others []*job) {
	used, refs := users(others, func(w *want) secret.Ref { return w.ref })
	refs = slices.DeleteFunc(refs, func(ref secret.Ref) bool { return used[ref][0].version.ARN != "" })
	err := s.build.Blind.Parameters.Versions(ctx, refs, func(res param.Result) {
		for _, w := range used[res.Ref] {
			s.all.add(w.resultProblem(res)...)
		}
	})
	if err != nil {
		s.all.add(readProblem(nil, err))
	}
}

// moveProblem says why KMS did not move a secret.
func (s *sealing) moveProblem(ctx context.Context, j *job, w *want, err error) Problems {
	switch {
	case errors.Is(err, seal.ErrUnavailable), errors.Is(err, seal.ErrCredentials):
		if !s.halt() { // every other call meets it as well
			return nil
		}
		return Problems{keyProblem(nil, j.fn.Key.Value, j.name(), "kms:ReEncryptTo", err)}
	case ctx.Err() != nil:
		return nil // ended by the problem of another secret
	case errors.Is(err, seal.ErrSourceKey):
		return Problems{j.cannot(Missing, w, w.at, fmt.Sprintf("cannot be moved: %v. %s", err, s.sourceRemedy()))}
	case errors.Is(err, seal.ErrCiphertext):
		return Problems{j.cannot(Missing, w, w.at, fmt.Sprintf("cannot be moved: %v. "+
			"Put it again as a SecureString of the standard tier, under a key of your own.", err))}
	case errors.Is(err, seal.ErrKeyDenied):
		return Problems{j.cannot(Access, w, w.at, fmt.Sprintf("cannot be moved: %v. "+
			"If it is stored under alias/aws/ssm, which Parameter Store alone can use: put it again with --overwrite --key-id and a key of your own. "+
			"Otherwise, where PARAMETER_ARN is %s: %s", err, w.version.ARN, table.Remedy(err, table.Resource{
			Rights: []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}, On: "its key and the key " + j.key.ARN,
		})))}
	case errors.Is(err, seal.ErrKeyMissing), errors.Is(err, seal.ErrKeyState):
		return Problems{j.cannot(Missing, w, w.at, fmt.Sprintf("cannot be moved: %v. "+
			"Enable the key that it is stored under, or put it again under another one.", err))}
	}
	return Problems{keyProblem(w.at, j.fn.Key.Value, j.name(), "kms:ReEncryptTo", err)}
}

func (s *sealing) sourceRemedy() string {
	var names []string
	for _, key := range s.Manifest.Environment.ParameterKeys {
		names = append(names, key.Value)
	}
	if len(names) == 0 {
		return "Put it again under a key for parameters: who may re-encrypt from and to one key could turn its ciphertexts into anything."
	}
	return fmt.Sprintf("Put it again under one of the environment's parameter_keys (%s), or add its key to them.", strings.Join(names, ", "))
}
