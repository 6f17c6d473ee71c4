package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) pruneCommand() *cli.Command {
	return &cli.Command{
		Name:      "prune",
		Usage:     "list the versions of a published layer that nothing names, and with --yes delete them; revokes nothing",
		UsageText: "bundle prune [--manifest FILE] [--env NAME...] [--yes] [options]",
		Description: "bundle prune --env prod\n" +
			"bundle prune --env prod --keep 5 --older-than 30d --yes\n" +
			"bundle prune --all --exit-code",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.FunctionsFlag(),
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("ssm", "NAME", "keep the versions that this SSM parameter names, instead of the manifest's layer_parameter; "+
				"can contain {environment}, {region} and {function}", ""),
			console.TextFlag("keep", "N", "keep this many of the newest versions; at least 2, the newest and the one before it", strconv.Itoa(pipeline.PruneKeep)),
			console.TextFlag("older-than", "AGE", "keep versions that were replaced by the next one less than this long ago, such as 7d or 12h", "7d"),
			&cli.BoolFlag{Name: "shared", Usage: "also delete versions that other accounts may use, whose functions cannot be listed from here"},
			&cli.BoolFlag{Name: "yes", Usage: "delete the versions; without it, they are only listed"},
			target.GuardFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.MarkdownFlag(),
			console.ReportFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.prune,
	}
}

func (a *app) prune(c *cli.Context) error {
	if err := cmp.Or(console.NoArguments(c), a.OneForm(c)); err != nil {
		return err
	}
	wanted, err := pruneOf(c)
	if err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest", Named: true, Parameter: console.Text(c, "ssm")})
	if err != nil {
		return err
	}
	rights := awsenv.LookingRights
	if wanted.Delete {
		rights = awsenv.PruningRights
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: rights,
		Gather: func(r *view.Several, results []any, notable bool) { r.Prunings = results },
		Prepare: func(_ *console.Console, t *target.Target) (batch.Step, error) {
			return func(ctx context.Context, _ *console.Console, w *batch.Work) (view.Result, error) {
				p := wanted
				p.Scope = scope(c, t, w)
				p.Layers, p.Functions, p.Pointer = w.Session.Layers.At(w.Session.Pace), w.Session.Functions, w.Session.Source
				pruned, problems := p.Run(ctx)
				w.Observer.Finish()
				return prunedView(w, &p, pruned), pruneFailure(pruned, problems)
			}, nil
		},
	})
}

// prunedView returns what a prune did or would do, nil if it did not come so far.
func prunedView(w *batch.Work, p *pipeline.Prune, pruned *pipeline.Pruned) view.Result {
	if pruned == nil {
		return nil
	}
	report := view.NewPrune(p.Manifest, pruned)
	report.AWSCalls, report.DurationMS = w.Spent()
	return report
}

// pruneFailure returns the problems of a prune, after which something may be deleted.
func pruneFailure(pruned *pipeline.Pruned, problems problem.Problems) error {
	if pruned == nil || len(problems) == 0 {
		return console.Failed(problems)
	}
	return &console.Failure{Problems: problems}
}

// pruneOf returns what the flags say about a prune.
func pruneOf(c *cli.Context) (pipeline.Prune, error) {
	p := pipeline.Prune{Shared: c.Bool("shared"), Delete: c.Bool("yes"), Now: time.Now()}
	keep, err := strconv.Atoi(console.Text(c, "keep"))
	if err != nil || keep < pipeline.PruneKeep {
		return p, console.Usagef("--keep %q is not a number from %d: the newest version and the one before it are always kept", console.Text(c, "keep"), pipeline.PruneKeep)
	}
	p.Keep = keep
	if p.OlderThan, err = age(console.Text(c, "older-than")); err != nil {
		return p, err
	}
	if p.Delete && c.Bool("exit-code") {
		return p, console.Usagef("--exit-code says whether there is something to delete, and --yes deletes it: choose one")
	}
	return p, nil
}

// age parses the value of --older-than.
func age(text string) (time.Duration, error) {
	const most = 100 * 365 // days
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n > most {
			n = most + 1
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < 0 || d > most*24*time.Hour {
		return 0, console.Usagef("--older-than %q is not an age. Write one such as 7d, 12h or 0d", text)
	}
	return d, nil
}
