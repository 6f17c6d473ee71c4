// Package putting writes secrets into Parameter Store in one or more environments and
// regions: all checks everywhere first, then a confirmation, then the writing.
package putting

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Job is what a command puts.
type Job struct {
	// Names returns the names of the secrets to put in a target. It makes no call.
	Names func(t *target.Target) ([]pipeline.Named, problem.Problems)

	// Values returns the names with their values, once for all targets. It is not called in
	// a dry run. The first target stands for all of them.
	Values func(ctx context.Context, first *pipeline.Put) ([]pipeline.Named, error)
}

// A place is a target of a run.
type place struct {
	*target.Target
	put      *pipeline.Put
	session  *awsenv.Clients // nil while there is none
	calls    awsclient.Calls
	problems problem.Problems
	looked   bool // it is known what would be written
}

func (p *place) embedded() bool { return p.Manifest.Environment.Embedded.Value != "" }

// A run is a job in progress.
type run struct {
	*console.Console
	c       *cli.Context
	job     Job
	options awsenv.Options
	places  []*place
	dry     bool
	wrote   bool // it has begun to write
}

// Flags are those of both commands.
func Flags(own ...cli.Flag) []cli.Flag {
	return slices.Concat(console.TargetFlags(), []cli.Flag{
		console.TextFlag("function", "NAME", "only the secret of this function; needed if a name stands for several parameters", ""),
		console.ManifestFlag(),
		console.VarFlag(),
	}, own, []cli.Flag{
		console.TextFlag("key", "KEY", "the KMS key to encrypt with; default: the parameter's key; for a new one, the environment's parameter_keys, else alias/aws/ssm", ""),
		console.TextFlag("tier", "TIER", "Standard or Advanced; default: the parameter's tier; for a new one, Standard", ""),
		&cli.BoolFlag{Name: "dry-run", Usage: "show what would be written, without values and without writing"},
		&cli.BoolFlag{Name: "yes", Usage: "write to a real account without asking; required in CI"},
		target.GuardFlag(),
		console.KeyAccountFlag(),
		console.TPSFlag(),
	}, target.CallFlags(), []cli.Flag{
		console.JSONFlag(),
		console.ReportFlag(),
		console.DebugFlag(),
	})
}

// Run does a job in every environment and region that the command line chooses. Nothing is
// written before every check has passed in all of them.
func Run(con *console.Console, c *cli.Context, job Job) error {
	r := &run{Console: con, c: c, job: job, dry: c.Bool("dry-run")}
	if err := r.check(); err != nil {
		return err
	}
	targets, err := target.Choose(con, c, target.Request{Manifest: "manifest"})
	if err != nil {
		return err
	}
	for _, t := range targets {
		r.places = append(r.places, &place{Target: t, problems: t.Problems})
	}
	if len(r.places) == 1 {
		con.About(targets[0].Environment, targets[0].Region, "")
	}
	options, limit, err := awsenv.OptionsOf(c)
	if err != nil {
		return err
	}
	r.options = options
	r.options.Rights = awsenv.PuttingRights
	if r.dry {
		r.options.Rights = awsenv.LookingRights
	}
	ctx, cancel := context.WithTimeout(c.Context, limit)
	defer cancel()
	defer r.close()
	err = r.steps(ctx)
	if _, failed := err.(*failedEarly); failed { //nolint:errorlint // made here, and never wrapped
		return r.finish()
	}
	if err != nil {
		return err
	}
	return r.finish()
}

// check checks what does not depend on the manifest.
func (r *run) check() error {
	if tier := console.Text(r.c, "tier"); tier != "" && tier != param.Standard && tier != param.Advanced {
		return console.Usagef("--tier %s: write Standard or Advanced", tier)
	}
	if r.Version1() {
		return console.Usagef("%s has no format of the previous release: write --json", r.c.Command.HelpName)
	}
	return nil
}

// failedEarly ends the steps of a run whose places have problems.
type failedEarly struct{}

func (*failedEarly) Error() string { return "a place has problems" }

// steps takes all places through each step before the next one.
func (r *run) steps(ctx context.Context) error {
	if err := r.each(r.choose); err != nil {
		return err
	}
	if !slices.ContainsFunc(r.places, func(p *place) bool { return len(p.put.Outcomes()) > 0 }) {
		return console.Usagef("none of the names is a secret of the manifest: there is nothing to write")
	}
	if err := r.each(r.apart()); err != nil {
		return err
	}
	if err := r.mayWrite(); err != nil {
		return err
	}
	if err := r.each(func(p *place) problem.Problems { return r.look(ctx, p) }); err != nil || r.dry {
		return err
	}
	var named []pipeline.Named
	var err error
	first := r.places[0]
	read := func(ctx context.Context) problem.Problems {
		named, err = r.job.Values(ctx, first.put)
		return nil
	}
	if problems := r.in(ctx, first, read); len(problems) > 0 {
		first.problems = problems
		return &failedEarly{}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return console.Failed(problem.Problems{problem.OutOfTime(nil, "the value", "Run the command again, or allow more time.")})
	}
	if err != nil {
		return err
	}
	give := func(ctx context.Context, p *place) problem.Problems { return p.put.Give(ctx, named) }
	if err := r.each(func(p *place) problem.Problems {
		return r.in(ctx, p, func(ctx context.Context) problem.Problems { return give(ctx, p) })
	}); err != nil {
		return err
	}
	r.warn(func(p *place) problem.Problems { return p.put.Warnings() })
	return r.write(ctx)
}

// each does a step in every place, and ends the run if it fails in any.
func (r *run) each(do func(p *place) problem.Problems) error {
	failed := false
	for _, p := range r.places {
		if len(p.problems) == 0 {
			p.problems = do(p)
		}
		failed = failed || len(p.problems) > 0
	}
	if failed {
		return &failedEarly{}
	}
	return nil
}

// choose finds the parameters of a place.
func (r *run) choose(p *place) problem.Problems {
	names, problems := r.job.Names(p.Target)
	p.put = &pipeline.Put{
		Scope: pipeline.Scope{Manifest: p.Manifest, Region: p.Region, AllowKeyAccounts: r.c.StringSlice("allow-key-account")},
		Guard: p.Guard, Key: console.Text(r.c, "key"), Tier: console.Text(r.c, "tier"),
	}
	return append(problems, p.put.Choose(names, console.Text(r.c, "function"))...).Sort()
}

// look finds out what would be written in a place.
func (r *run) look(ctx context.Context, p *place) problem.Problems {
	problems := r.in(ctx, p, p.put.Look)
	p.looked = len(problems) == 0
	return problems
}

// apart returns a check that no parameter is written for two environments: the second
// write would not know of the first, and undo it if each replaces another field.
func (r *run) apart() func(p *place) problem.Problems {
	type parameter struct{ account, region, name string }
	first := make(map[parameter]*place)
	return func(p *place) problem.Problems {
		account := p.Manifest.Environment.AccountID.Value
		if p.embedded() {
			account = p.Environment // each has a state of its own
		}
		for _, o := range p.put.Outcomes() {
			at := parameter{account, p.Region, o.Parameter}
			if other := first[at]; other != nil {
				return problem.Problems{problem.New(problem.Manifest, nil, "One parameter for two environments", fmt.Sprintf(
					"%q would be written for %s and for %s, which are in one account. Choose one of them.", o.Parameter, other, p))}
			}
			first[at] = p
		}
		return nil
	}
}

// mayWrite refuses to write to a real account in a CI without --yes.
func (r *run) mayWrite() error {
	i := slices.IndexFunc(r.places, func(p *place) bool { return !p.embedded() })
	if i < 0 || r.dry || r.c.Bool("yes") || !r.CI() {
		return nil
	}
	return console.Usagef("environment %q is in a real account, and nobody in a CI can confirm the write: add --yes, or --dry-run to see what would be written", r.places[i].Environment)
}

// in does a step with a session of a place. The embedded AWS allows one session at a time.
func (r *run) in(ctx context.Context, p *place, do func(context.Context) problem.Problems) problem.Problems {
	if p.session == nil {
		s, err := awsenv.Connect(r.Console, ctx, p.Module, p.Manifest, r.options)
		switch {
		case errors.Is(ctx.Err(), context.Canceled) && err != nil:
			return problem.Problems{r.stopped()}
		case err != nil:
			return console.ProblemsOf(err)
		}
		p.session = s
		p.put.Account, p.put.Caller, p.put.Storage, p.put.Keys = s.Account, s.Caller, s.Source, s.Keys
	}
	problems := do(awsclient.WithCalls(ctx, &p.calls))
	if p.embedded() {
		p.close()
	}
	return problems
}

// stopped reports that a place was not reached.
func (r *run) stopped() problem.Problem {
	text := "The run was stopped; nothing was written."
	if r.wrote {
		text = "The run was stopped before it had written everything."
	}
	return problem.New(problem.Interrupted, nil, "Interrupted", text)
}

func (p *place) close() {
	if p.session != nil {
		p.session.Close()
		p.session = nil
	}
}

func (r *run) close() {
	for _, p := range r.places {
		p.close()
	}
}

// write shows what is going to be written, asks whether to, and writes.
func (r *run) write(ctx context.Context) error {
	n, accounts := 0, false
	for _, p := range r.places {
		n += p.put.Changes()
		accounts = accounts || p.put.Changes() > 0 && !p.embedded()
	}
	if n == 0 {
		r.Hint("nothing to write: every parameter has its value already")
		return nil
	}
	if accounts {
		if err := r.confirm(ctx, n); err != nil {
			return err
		}
	}
	r.wrote = true
	for _, p := range r.places {
		p.problems = r.in(ctx, p, func(ctx context.Context) problem.Problems {
			problems, warnings := p.put.Write(ctx)
			r.RenderWarningsOf(p.Environment, warnings)
			return problems
		})
		p.put.Abandon()
	}
	return nil
}

// confirm prints the plan, and asks whether to write it, if there is somebody to ask.
func (r *run) confirm(ctx context.Context, n int) error {
	if err := r.Stderr.Table(r.results().Rows()); err != nil || r.c.Bool("yes") {
		return err
	}
	person, ok := r.Person()
	if !ok {
		return nil
	}
	defer person.Leave()
	agrees, err := person.Agrees(ctx, fmt.Sprintf("Write %s?", printable.Count(n, "parameter")))
	if err == nil && !agrees {
		err = console.Usagef("not confirmed: nothing was written")
	}
	return err
}
