package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) rotateCommand() *cli.Command {
	return &cli.Command{
		Name:      "rotate",
		ArgsUsage: "SECRET",
		Usage:     "show how far the rotation of a secret is, from its new value to old layers that nobody can open, and do the next steps",
		UsageText: "bundle rotate [--manifest FILE] [--env NAME] SECRET [options]",
		Description: "bundle rotate --env prod DB_PASSWORD\n" +
			"bundle rotate --env prod DB_PASSWORD --show\n" +
			"bundle rotate --env prod DB_PASSWORD --rollout",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.TextFlag("function", "NAME", "only the secret of this function; needed if a name stands for several parameters or secrets", ""),
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("out", "FILE", "the layer to build and publish; can contain {environment}, {region} and {function}", console.DefaultLayer),
			&cli.BoolFlag{Name: "rollout", Usage: "deploy with bundle rollout, and not with a deployment tool"},
			&cli.StringSliceFlag{Name: "as", Usage: "prove the revocation as these roles, which the key policies let open documents; separated by commas; can be repeated (`ROLES`)"},
			&cli.BoolFlag{Name: "again", Usage: "begin with a new value, even if the last rotation is not complete"},
			&cli.BoolFlag{Name: "show", Usage: "only show how far the rotation is, and ask nothing"},
			target.GuardFlag(),
			console.KeyAccountFlag(),
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.rotate,
	}
}

// rotate shows the runbook and, if there is somebody to ask, does step after step. Each step is a command of bundle, and after
// each, it asks AWS again how far the rotation is.
func (a *app) rotate(c *cli.Context) error {
	name, err := console.NameToPut(c, "secret")
	if err != nil {
		return err
	}
	if err := target.CheckPattern(console.OutFlag, console.Text(c, "out")); err != nil {
		return err
	}
	if c.Bool("exit-code") && !c.Bool("show") && !a.JSON() {
		return console.Usagef("--exit-code says whether a rotation is in progress: add --show, which asks nothing")
	}
	book := view.Runbook{Secret: name, Again: c.Bool("again"), Rollout: c.Bool("rollout")}
	report, err := a.howFar(c, book)
	if err != nil || c.Bool("show") || a.JSON() {
		return err
	}
	person, ok := a.Person()
	if !ok {
		return nil
	}
	defer person.Leave()
	g := &guide{app: a, c: c, person: person, book: book}
	return g.lead(c.Context, report)
}

// howFar finds out how far the rotation is in all regions of the environment, and prints it.
func (a *app) howFar(c *cli.Context, book view.Runbook) (*view.Rotate, error) {
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if t.Environment != targets[0].Environment {
			return nil, console.Usagef("bundle rotate works on one environment, but this run has %s. Choose one with --env.", target.Listed(targets))
		}
	}
	book.Environment = targets[0].Environment
	out := layerOut(c, targets)
	book.Args = func(step string, all []view.RotationIn) [][]string { return stepArgs(c, step, book.Secret, out, all) }
	book.Line = func(args []string) string { return a.ForUser(commandLine(args)) }
	var mu sync.Mutex
	found := make([]*pipeline.RotationState, len(targets))
	var report *view.Rotate
	err = batch.Each(a.Console, c, targets, batch.Job{
		Calls: true, Rights: awsenv.OwnLookingRights,
		Prepare: func(_ *console.Console, t *target.Target) (batch.Step, error) {
			return func(ctx context.Context, _ *console.Console, w *batch.Work) (view.Result, error) {
				state, problems := rotationOf(c, t, w, book.Secret).Run(ctx)
				w.Observer.Finish()
				if len(problems) > 0 {
					return nil, &console.Failure{Problems: problems}
				}
				if len(targets) == 1 {
					report = view.NewRotate(book, []view.RotationIn{{Region: t.Region, State: state}})
					report.AWSCalls, report.DurationMS = w.Spent()
					return report, nil
				}
				mu.Lock()
				defer mu.Unlock()
				found[slices.Index(targets, t)] = state
				return nil, nil
			}, nil
		},
		Together: func(con *console.Console, outcomes []*batch.Outcome) view.Result {
			var all []view.RotationIn
			for i, state := range found {
				if state != nil {
					all = append(all, view.RotationIn{Region: targets[i].Region, State: state})
				}
			}
			report = view.NewRotate(book, all)
			report.AWSCalls, report.DurationMS = map[string]int{}, time.Since(con.Started).Milliseconds()
			for _, o := range outcomes {
				for call, n := range o.Calls.Snapshot() {
					report.AWSCalls[call] += n
				}
			}
			return report
		},
	})
	return report, err
}

func rotationOf(c *cli.Context, t *target.Target, w *batch.Work, secret string) *pipeline.Rotation {
	s := w.Session
	in := scope(c, t, w)
	return &pipeline.Rotation{
		Scope: in, Secret: secret, Function: console.Text(c, "function"),
		Status: pipeline.Status{Caller: s.Caller, Parameters: s.Blind.Parameters, Layers: s.Layers},
		Revoke: &pipeline.Revoke{
			Scope: in, Regions: t.Regions, Keys: s.Keys, Functions: s.Functions,
			Policies: func(region string) pipeline.KeyPolicies { return s.KeysIn(region) },
			Layers:   func(region string) pipeline.DeployedLayers { return s.LayersIn(region) },
		},
		Openings: s.Events,
		Prune: pipeline.Prune{
			Layers: s.Layers.At(s.Pace), Functions: s.Functions, Pointer: s.Source,
			Keep: pipeline.PruneKeep, OlderThan: pipeline.PruneAge, Now: time.Now(),
		},
	}
}

// commandLine returns a command as a person would write it.
func commandLine(args []string) string {
	words := []string{"bundle"}
	for _, arg := range args {
		if !strings.HasPrefix(arg, "--") {
			arg = pipeline.ShellWord(arg)
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// layerOut returns the layer to build and publish: a file for each region, and for each function that has a layer of its own.
func layerOut(c *cli.Context, targets []*target.Target) string {
	out := console.Text(c, "out")
	if console.Given(c, "out") {
		return out
	}
	places := ""
	if len(targets) > 1 {
		places += "-" + target.RegionPlace
	}
	if target.NamesFunctions(targets[0].Manifest) {
		places += "-" + target.FunctionPlace
	}
	extension := filepath.Ext(out)
	return strings.TrimSuffix(out, extension) + places + extension
}

// stepArgs returns the commands of a step, each without the name of the program, in the order in which they are called.
func stepArgs(c *cli.Context, step, secret, out string, all []view.RotationIn) [][]string {
	one := func(command string, own ...string) [][]string {
		return [][]string{slices.Concat(passedOn(c, command, ""), own)}
	}
	each := func(command string, own ...string) [][]string { // in one region at a time
		var commands [][]string
		for _, in := range all {
			region := ""
			if len(all) > 1 {
				region = in.Region
			}
			commands = append(commands, slices.Concat(passedOn(c, command, region), own))
		}
		return commands
	}
	switch step {
	case view.RotatePut:
		return one("put", secret)
	case view.RotatePublish:
		return slices.Concat(one("plan", "--out", out), one("build", "--out", out), one("publish", "--layer", out))
	case view.RotateAllow:
		return each("revoke", "--add", "--apply")
	case view.RotateDeploy:
		return one("rollout")
	case view.RotateSoak:
		return slices.Concat(one("status", "--deployed"), one("audit"))
	case view.RotateRevoke:
		apply := []string{"--apply"}
		if roles := provers(c); len(roles) > 0 {
			apply = append(apply, "--as", strings.Join(roles, ","))
		}
		return slices.Concat(each("revoke"), each("revoke", apply...))
	case view.RotatePrune:
		return slices.Concat(one("prune"), one("prune", "--yes"))
	}
	return nil
}

// passedOn returns a command with those flags of this run that it has, too, in one region or, if region is "", in those of the
// run.
func passedOn(c *cli.Context, command, region string) []string {
	args := []string{command}
	of := c.App.Command(command)
	has := func(name string) bool {
		return slices.ContainsFunc(of.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	}
	add := func(name string, values ...string) {
		for _, v := range values {
			if v != "" && has(name) {
				args = append(args, "--"+name, v)
			}
		}
	}
	text := func(names ...string) {
		for _, name := range names {
			if console.Given(c, name) {
				add(name, console.Text(c, name))
			}
		}
	}
	text("manifest")
	add("env", console.List(c, "env")...)
	if region != "" {
		add("region", region)
	} else {
		add("region", console.List(c, "region")...)
	}
	if command == "put" {
		text("function")
	}
	add("var", c.StringSlice("var")...)
	text("guard", "data", "endpoint-url", "ssm-tps", "timeout")
	add("allow-key-account", c.StringSlice("allow-key-account")...)
	if c.Bool("trusted") && has("trusted") {
		args = append(args, "--trusted")
	}
	return args
}
