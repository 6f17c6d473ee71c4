package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/rollout"
)

func (a *app) rolloutCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollout",
		Usage: "move deployed functions, and their aliases, to a version of the published layer, where no other tool owns them",
		UsageText: "bundle rollout [--manifest FILE] [--env NAME...] [--layer VERSION] [options]\n" +
			"bundle rollout [--manifest FILE] [--env NAME...] --back [--layer VERSION] [options]",
		Description: "bundle rollout --env prod --dry-run\n" +
			"bundle rollout --env prod --canary 10%\n" +
			"bundle rollout --env prod --wave 20% --yes\n" +
			"bundle rollout --env prod --back",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "function", Usage: "only these functions, separated by commas; can be repeated (`NAMES`)"},
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("layer", "VERSION", "the version of the layer to attach, or with --back to leave; an older one than a function has only if it is named", newest),
			console.TextFlag("alias", "NAME", "the alias to move; default: the only one that a function has", ""),
			console.TextFlag("canary", "SHARE", "send only this share of the alias's calls to the new version, such as 10%; a run without it ends the canary", ""),
			console.TextFlag("wave", "SHARE", "change this share of the functions, such as 20%, before the next ones begin", "100%"),
			console.TextFlag("max-failures", "N", "after so many failures, change nothing more", "1"),
			&cli.BoolFlag{Name: "back", Usage: "move aliases back to the version before, which has another version of the layer and the same code"},
			&cli.BoolFlag{Name: "drift", Usage: "also change functions whose tags say that CloudFormation, Terraform or Pulumi owns them"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be changed, and change nothing"},
			&cli.BoolFlag{Name: "yes", Usage: "change functions in a real account without asking; required in CI"},
			target.GuardFlag(),
			console.TextFlag("timeout", "DURATION", "give up after this long", "1h"),
			console.EndpointFlag(),
			target.TrustedFlag(),
			console.DataFlag(),
			console.JSONFlag(),
			console.ReportFlag(),
			console.DebugFlag(),
		}),
		Action: a.rollout,
	}
}

// newest is the default of --layer.
const newest = "newest"

func (a *app) rollout(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	if a.Version1() {
		return console.Usagef("%s has no format of the previous release: write --json", c.Command.HelpName)
	}
	wanted, err := rolloutOf(c)
	if err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	if err != nil {
		return err
	}
	if err := a.mayRollOut(c, targets); err != nil {
		return err
	}
	rights := awsenv.RollingRights
	if c.Bool("dry-run") {
		rights = awsenv.LookingRights
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: rights,
		Prepare: func(_ *console.Console, t *target.Target) (batch.Step, error) {
			if err := known(wanted.Names, t.Manifest); err != nil {
				return nil, err
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				r := wanted
				r.Scope = scope(c, t, w)
				r.Layers, r.Revoked, r.How.Functions = w.Session.Layers.At(w.Session.Pace), w.Session.Doctor, w.Session.Functions
				return a.with(con).rollOut(ctx, c, w, &r)
			}, nil
		},
	})
}

// rolloutOf returns what the flags say about a rollout.
func rolloutOf(c *cli.Context) (pipeline.Rollout, error) {
	r := pipeline.Rollout{How: rollout.Rollout{Alias: console.Text(c, "alias"), Share: 1, Back: c.Bool("back"), Drift: c.Bool("drift")}}
	var err error
	if text := console.Text(c, "layer"); text != newest {
		if r.Version, err = strconv.ParseInt(text, 10, 64); err != nil || r.Version < 1 {
			return r, console.Usagef("--layer %q is not a version of the layer: write a number from 1, or %s", text, newest)
		}
	}
	if r.How.Alias != "" && !publish.ValidName(r.How.Alias) {
		return r, console.Usagef("--alias %q is not the name of an alias", r.How.Alias)
	}
	if text := console.Text(c, "canary"); text != "" {
		if r.How.Back {
			return r, console.Usagef("--canary and --back cannot be combined: choose one")
		}
		if r.How.Share, err = sharedBy(text); err != nil || r.How.Share == 1 {
			return r, console.Usagef("--canary %q is not a share of the calls: write one from 0.1%% to 99.9%%, such as 10%%", text)
		}
	}
	if r.How.Wave, err = sharedBy(console.Text(c, "wave")); err != nil {
		return r, console.Usagef("--wave %q is not a share of the functions: write one up to 100%%, such as 20%%", console.Text(c, "wave"))
	}
	if r.How.MaxFailures, err = strconv.Atoi(console.Text(c, "max-failures")); err != nil || r.How.MaxFailures < 1 {
		return r, console.Usagef("--max-failures %q is not a number from 1", console.Text(c, "max-failures"))
	}
	for _, names := range c.StringSlice("function") {
		r.Names = append(r.Names, strings.Split(names, ",")...)
	}
	return r, nil
}

// sharedBy parses a percentage of at least 0.1 and at most 100.
func sharedBy(text string) (float64, error) {
	number, is := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil:
		return 0, err
	case !is || !(percent >= 0.1 && percent <= 100):
		return 0, strconv.ErrRange
	}
	return math.Round(percent*1e4) / 1e6, nil
}

// known refuses names of functions that a manifest does not have.
func known(names []string, m *manifest.Manifest) error {
	var all []string
	for _, fn := range m.Functions {
		all = append(all, fn.Name.Value)
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return console.Usagef("--function %s: environment %q has no such function. It has %s.", printable.Name(name), m.Environment.Name.Value, printable.Names(all))
		}
	}
	return nil
}

// mayRollOut refuses to change functions in a real account if nobody confirms it.
func (a *app) mayRollOut(c *cli.Context, targets []*target.Target) error {
	i := slices.IndexFunc(targets, func(t *target.Target) bool { return t.Manifest.Environment.Embedded.Value == "" })
	if i < 0 || c.Bool("dry-run") || c.Bool("yes") {
		return nil
	}
	if len(targets) > 1 {
		return console.Usagef("a rollout to %d environments or regions is not confirmed one by one: add --yes, or --dry-run to see what would be changed", len(targets))
	}
	person, ok := a.Person()
	if !ok {
		return console.Usagef("environment %q is in a real account, and nobody here can confirm the rollout: add --yes, or --dry-run to see what would be changed", targets[i].Environment)
	}
	person.Leave()
	return nil
}

// rollOut rolls out in one environment and region.
func (a *app) rollOut(ctx context.Context, c *cli.Context, w *batch.Work, r *pipeline.Rollout) (view.Result, error) {
	plan, problems := r.Plan(ctx)
	w.Observer.Finish()
	if plan == nil {
		return nil, console.Failed(problems)
	}
	a.RenderWarnings(plan.Warnings)
	result := func() *view.Rollout {
		report := view.NewRollout(r, plan, c.Bool("dry-run"), a.ForUser(backCommand(c, r, plan)))
		report.AWSCalls, report.DurationMS = w.Spent()
		return report
	}
	if len(problems) > 0 || c.Bool("dry-run") || plan.Changes() == 0 {
		return result(), console.Failed(problems)
	}
	if err := a.confirmRollout(ctx, c, r, result()); err != nil {
		return nil, err
	}
	problems = plan.Apply(ctx)
	w.Observer.Finish()
	return result(), rolloutFailure(plan, problems)
}

// rolloutFailure returns the problems of a rollout, after which something may be changed.
func rolloutFailure(plan *pipeline.RolloutPlan, problems problem.Problems) error {
	switch {
	case len(problems) == 0:
		return nil
	case plan.Touched():
		return &console.Failure{Problems: problems}
	}
	return console.Failed(problems)
}

// confirmRollout prints the plan, and asks whether to do it, if there is somebody to ask.
func (a *app) confirmRollout(ctx context.Context, c *cli.Context, r *pipeline.Rollout, plan *view.Rollout) error {
	if r.Manifest.Environment.Embedded.Value != "" {
		return nil
	}
	if err := plan.Plan(a.Stderr); err != nil || c.Bool("yes") {
		return err
	}
	person, ok := a.Person()
	if !ok {
		return console.Usagef("nobody can confirm the rollout: nothing was changed")
	}
	defer person.Leave()
	agrees, err := person.Agrees(ctx, fmt.Sprintf("Change %s?", printable.Count(plan.Summary.Change, "function")))
	if err == nil && !agrees {
		err = console.Usagef("not confirmed: nothing was changed")
	}
	return err
}

// backCommand is the command that moves aliases back. It names the version of the layer, because the newest one may be another then; if
// each function has its own layer, versions differ, and it is left out.
func backCommand(c *cli.Context, r *pipeline.Rollout, plan *pipeline.RolloutPlan) string {
	words := pipeline.ShellWord
	command := "bundle rollout --back --env " + words(r.Manifest.Environment.Name.Value) + " --region " + words(r.Region)
	if len(plan.Layers) == 1 {
		command += fmt.Sprintf(" --layer %d", plan.Layers[0].Version)
	}
	if file := console.Text(c, "manifest"); file != console.DefaultManifest {
		command += " --manifest " + words(file)
	}
	for _, v := range c.StringSlice("var") {
		command += " --var " + words(v)
	}
	if len(r.Names) > 0 {
		command += " --function " + words(strings.Join(r.Names, ","))
	}
	for _, flag := range []string{"alias", "guard", "endpoint-url", "data"} {
		if value := console.Text(c, flag); value != "" {
			command += " --" + flag + " " + words(value)
		}
	}
	if c.Bool("drift") {
		command += " --drift"
	}
	return command
}
