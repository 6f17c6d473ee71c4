package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// sealConcurrency is how many boxes are encrypted at a time.
const sealConcurrency = 32

// seal reads the values of all functions that are not carried over, and seals
// each function as soon as its last value arrives, while others are still being
// read. It returns what was sealed, which differs from c if the stage of a secret moved,
// and the values that it read, so that CheckLeaks can look for them.
func (c compared) seal(ctx context.Context, b *Build) (compared, *plaintexts, problem.Problems) {
	var blind, packed []*functionRun
	for _, run := range c.functions {
		switch {
		case run.change.Action == plan.Carry:
		case run.blind():
			blind = append(blind, run)
		default:
			packed = append(packed, run)
		}
	}
	s := &sealing{compared: c, build: b}
	if len(blind)+len(packed) == 0 {
		return c, &s.values, c.paths
	}
	s.calls = workers.Start(sealConcurrency)
	defer s.calls.Stop()
	s.all.add(c.paths...)
	todo := missing(packed)
	s.announce(blind, todo)
	if len(blind) == 0 || s.blind(ctx, blind, packed) {
		s.pack(ctx, todo)  // makes no call if there are none
		s.values.sought()  // while KMS answers the last calls
		_ = s.group.Wait() // its functions report problems, not errors
	}
	return s.compared, &s.values, s.all.problems
}

// A sealing is the last step of a build in progress.
type sealing struct {
	compared
	build  *Build
	values plaintexts       // read by this run
	calls  *workers.Workers // of kms:Encrypt and ReEncrypt
	got    func()           // reports a parameter to the observer
	sealed func()           // reports a function to the observer
	halt   func() bool      // stops a moveAll; true for the first call
	group  errgroup.Group
	all    collector
}

// A batch is functions to seal, with the values that they do not have yet.
type batch struct {
	functions []*functionRun
	used      map[secret.Ref][]*binding
	refs      []secret.Ref
}

// missing returns a batch of functions, and counts the values that each one waits for.
func missing(functions []*functionRun) batch {
	unread := unread(functions)
	for i, run := range functions {
		run.pending = len(unread[i].bindings)
	}
	used, refs := users(unread, (*binding).exactly)
	return batch{functions, used, refs}
}

// announce tells the observer how much there is to do.
func (s *sealing) announce(blind []*functionRun, packed batch) {
	_, ciphertexts := users(blind, (*binding).exactly)
	read := StepRead
	if slices.ContainsFunc(packed.refs, func(ref secret.Ref) bool { return ref.Store == secret.SecretsManager }) {
		read = StepReadAll
	}
	s.got = progress(s.Observer, read, len(ciphertexts)+len(packed.refs))
	s.sealed = progress(s.Observer, StepSeal, len(blind)+len(packed.functions))
}

// maxLooks is how often secrets whose stage moves are looked up again.
const maxLooks = 3

// pack reads the values of functions, and seals them. If the stage of a secret has moved
// since it was looked up, it looks the secret up again.
func (s *sealing) pack(ctx context.Context, todo batch) {
	for looks := 0; ; looks++ {
		moved := s.read(ctx, todo, looks == maxLooks)
		if len(moved) == 0 || !s.all.empty() {
			return
		}
		_ = s.group.Wait() // its functions report problems, not errors
		again := s.lookAgain(ctx, moved)
		if !s.all.empty() {
			return
		}
		todo = missing(again)
		s.announce(nil, todo)
	}
}

// read reads the values that functions do not have yet. It returns the names of the
// secrets of Secrets Manager whose stage has moved, unless this is the last read, which
// reports them.
func (s *sealing) read(ctx context.Context, todo batch, last bool) (moved []string) {
	for _, run := range todo.functions {
		if run.pending == 0 {
			s.complete(ctx, run) // a secret that moved is gone, and was optional
		}
	}
	err := s.build.Parameters.Read(ctx, todo.refs, func(res Found) {
		binds := todo.used[res.Ref]
		if errors.Is(res.Err, secretsmanager.ErrChanged) && !last {
			moved = append(moved, binds[0].ref.Name)
			return
		}
		s.values.add(res.value(), binds[0])
		for _, bind := range binds {
			s.receive(ctx, bind, res)
		}
		s.got()
	})
	if err != nil {
		s.all.add(readProblem(nil, err))
	}
	return moved
}

// receive keeps a value for a secret, and seals the function if it was the last one.
func (s *sealing) receive(ctx context.Context, bind *binding, res Found) {
	s.all.add(bind.receive(res)...)
	if bind.field != "" {
		s.values.add(bind.value, bind)
	}
	if bind.run.pending--; bind.run.pending == 0 {
		s.complete(ctx, bind.run)
	}
}

// complete seals a function that has all of its values, unless it would be rolled back.
// When a version of Secrets Manager was written is known only now.
func (s *sealing) complete(ctx context.Context, run *functionRun) {
	s.all.add(run.complete()...)
	if !s.build.AllowRollback && slices.ContainsFunc(run.bindings, func(bind *binding) bool { return bind.version.ID != "" }) {
		s.all.add(run.rollbacks(s.Manifest)...)
	}
	if s.all.empty() {
		s.group.Go(func() error {
			s.all.add(s.sealPacked(ctx, run)...)
			s.sealed()
			return nil
		})
	}
}

// exactly is the reference to read a value by: by the version read before, if
// there is one, so that the build seals what it compared.
func (bind *binding) exactly() secret.Ref {
	if bind.version.ARN == "" {
		return bind.ref
	}
	if bind.ref.Store == secret.SecretsManager {
		// With the stage, a version that the stage has left is not read.
		return secret.Ref{Store: secret.SecretsManager, Name: bind.version.ARN, Selector: bind.ref.Selector, ID: bind.version.ID}
	}
	return secret.Ref{Name: bind.ref.Name, Selector: strconv.FormatInt(bind.version.Number, 10)}
}

// receive keeps the field of a value, and reports what is wrong with it.
func (bind *binding) receive(res Found) problem.Problems {
	if problems := bind.accept(res); len(problems) > 0 || res.Err != nil {
		return problems
	}
	if problems := bind.checkBinary(res.Secret); len(problems) > 0 {
		return problems
	}
	value, problems := bind.checked(res.value(), res.Parameter.DataType)
	if len(problems) == 0 {
		harmless := bind.field == "" && res.Parameter.DataType == param.JSONC // as around other JSON
		bind.value, bind.blanks = value, !bind.checks.Matches() && !harmless && value.Blanks()
	}
	return problems
}

// checkBinary reports a binary value that the manifest has no place for. Its secret is
// sealed in base64.
func (bind *binding) checkBinary(s secretsmanager.Secret) problem.Problems {
	how := ""
	switch {
	case !s.Binary:
		return nil
	case bind.field != "":
		how = "has no fields. Remove field, and write encoding = \"base64\""
	case bind.encoding != secret.Base64:
		how = "may be no text. Write encoding = \"base64\", and read the secret with bytes"
	default:
		return nil
	}
	return problem.Problems{problem.New(problem.Missing, bind.at, "Binary value", fmt.Sprintf(
		"%s (%q): the value is binary (SecretBinary), so it %s. Or put it as text (SecretString).", bind.name, bind.ref, how))}
}

// checked returns the field of a value, and reports what is wrong with it. dataType is
// that of a parameter, and "" for a secret of Secrets Manager.
func (bind *binding) checked(whole secret.Value, dataType string) (secret.Value, problem.Problems) {
	value, err := whole.Field(bind.field, syntax(dataType))
	refuse := func(summary, format string, args ...any) (secret.Value, problem.Problems) {
		detail := fmt.Sprintf("%s (%q): ", bind.name, bind.ref) + fmt.Sprintf(format, args...)
		return secret.Value{}, problem.Problems{problem.New(problem.Missing, bind.at, summary, detail)}
	}
	switch {
	case errors.Is(err, secret.ErrNotJSON) && bind.ref.Store == secret.SecretsManager && whole.HasComments():
		return refuse("Not a JSON value", "the value has comments or trailing commas, which JSON does not allow. Put it without them, or remove field.")
	case errors.Is(err, secret.ErrNotJSON) && dataType != param.JSONC && whole.HasComments():
		return refuse("Not a JSON value", "the value has comments or trailing commas, which are only read of a parameter with the data type jsonc. "+
			"Put it with that data type, or without them, or remove field.")
	case errors.Is(err, secret.ErrNotJSON):
		return refuse("Not a JSON value", "%v, so it has no field %q. Correct the value, or remove field.", err, bind.field)
	case err != nil:
		return refuse("Field not found", "%v. Correct field = %q, or put a value that has this field.", err, bind.field)
	case value.Len() == 0:
		return refuse("Empty value", "the value is empty, which is probably a mistake. Put a value, or remove the secret.")
	case bind.encoding == secret.Base64 && value.CheckBase64() != nil:
		return refuse("Not base64", "the value is not valid base64. Correct the value, or remove encoding.")
	case bind.encoding == secret.Text && value.Contains(0):
		return refuse("NUL byte in a value", "an environment variable cannot contain a NUL byte. Put the value in base64, and write encoding = \"base64\".")
	case value.Check(bind.checks) != nil:
		return refuse("Constraint not met", "the value does not match the constraint. Put another value, or correct matches and min_length.")
	}
	return value, nil
}

// accept keeps the version of what was read, and checks it against the version
// read before.
func (bind *binding) accept(res Found) problem.Problems {
	got, known := res.Version(), bind.version.ARN != ""
	summary := "Parameter changed during the run"
	if bind.ref.Store == secret.SecretsManager {
		summary = "Secret changed during the run"
	}
	changed := func(format string, args ...any) problem.Problems {
		detail := fmt.Sprintf("%q ", bind.ref) + fmt.Sprintf(format, args...) + " Run the build again."
		return problem.Problems{problem.New(problem.Integrity, bind.at, summary, detail)}
	}
	switch {
	case known && isMissing(res.Err):
		return changed("existed when the run started, and does not anymore.")
	case res.Err != nil:
		return bind.resultProblem(res)
	case known && !same(bind.version, got):
		return changed("changed during the run: version %s now has a different ARN or date. It may have been deleted and put again.",
			cmp.Or(bind.version.ID, strconv.FormatInt(bind.version.Number, 10)))
	}
	bind.version = got
	return nil
}

// same reports whether a version that was looked up is the one that was read. A date of
// Secrets Manager comes only with the value.
func same(lookedUp, read secret.Version) bool {
	if read.ID != "" {
		lookedUp.Modified = read.Modified
	}
	return lookedUp.ARN == read.ARN && lookedUp.Number == read.Number && lookedUp.ID == read.ID && lookedUp.Modified.Equal(read.Modified)
}

// sealPacked seals one function in pack mode.
func (s *sealing) sealPacked(ctx context.Context, run *functionRun) problem.Problems {
	boxes, err := seal.Pack(run.named())
	if err != nil {
		return problem.Problems{unsealable(run, err)}
	}
	header := run.header(s.Manifest)
	for _, b := range boxes {
		header.Boxes = append(header.Boxes, b.Box)
	}
	draft, err := sealed.Begin(header)
	if err != nil {
		return problem.Problems{unsealable(run, err)}
	}
	ciphertexts, err := s.encrypt(ctx, run.key.ARN, boxes, draft.Contexts())
	if err != nil {
		return problem.Problems{keyProblem(&run.fn.Key.Range, run.fn.Key.Value, run.name(), "kms:Encrypt", err)}
	}
	if run.document, err = draft.Seal(run.key.ARN, ciphertexts); err != nil {
		return problem.Problems{unsealable(run, err)}
	}
	return nil
}

// named returns the values to seal, and removes them from the bindings.
func (run *functionRun) named() []seal.Named {
	var all []seal.Named
	for _, bind := range run.bindings {
		all = append(all, seal.Named{Name: bind.name, Value: bind.value})
		bind.value = secret.Value{}
	}
	return all
}

// unsealable reports that a document would be too large in some way. Nothing else
// can be wrong with it here.
func unsealable(run *functionRun, err error) problem.Problem {
	return problem.New(problem.Manifest, &run.fn.Range, "Function cannot be sealed", fmt.Sprintf(
		"The document of function %q would exceed the limits of the format: %v. Use fewer or shorter secrets, or split the function.",
		run.fn.Name.Value, err))
}

func (s *sealing) encrypt(ctx context.Context, key string, boxes []seal.Packed, contexts []map[string]string) ([][]byte, error) {
	ciphertexts := make([][]byte, len(boxes))
	g, ctx := errgroup.WithContext(ctx)
	for i, box := range boxes {
		g.Go(func() error {
			return s.calls.Do(ctx, func() (err error) {
				ciphertexts[i], err = s.build.Keys.Encrypt(ctx, key, box.Plaintext, contexts[i])
				return err
			})
		})
	}
	return ciphertexts, g.Wait()
}
