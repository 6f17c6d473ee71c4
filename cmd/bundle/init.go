package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/draft"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/starter"
)

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "create a first manifest, from an existing project or from scratch; copies names, never values",
		UsageText: "bundle init [--from FILE|PATH] [--env NAME...] [--out FILE] [options]\n" +
			"bundle init --guard [--manifest FILE]",
		Description: "bundle init\n" +
			"bundle init --from serverless.yml --env prod --account-id 222222222222\n" +
			"bundle init --from template.yaml\n" +
			"bundle init --from .env --function api\n" +
			"bundle init --from /prod/payments/ --env prod \\\n" +
			"  --account-id 222222222222 --region us-west-2\n" +
			"bundle init --guard --manifest secrets.hcl >guard.hcl",
		Flags: []cli.Flag{
			console.TextFlag("from", "FILE|PATH", "a serverless.yml, a SAM template, a task definition of ECS, a dotenv file, or a Parameter Store path", ""),
			console.TextFlag("from-serverless", "FILE", "a Serverless Framework file with any name", ""),
			console.TextFlag("from-sam", "FILE", "a SAM or CloudFormation template", ""),
			console.TextFlag("from-dotenv", "FILE", "a dotenv file; only its names are copied", ""),
			console.TextFlag("from-path", "PATH", "a Parameter Store path; the names below it are listed without decryption", ""),
			console.TextFlag("name", "NAME", "the bundle's name; default: the name in the source", ""),
			console.TextFlag("function", "NAME", "the function's name, if the source has none (dotenv files, paths, no source)", "app"),
			&cli.StringSliceFlag{Name: "env", Usage: "an environment in a real account to add; can be repeated (`NAME`)"},
			&cli.StringSliceFlag{Name: "account-id", Usage: "the environment's account; with several environments, repeat it once per environment (`[ENV=]ID`)"},
			&cli.StringSliceFlag{Name: "region", Usage: "the environment's region; with several environments, repeat it once per environment (`[ENV=]REGION`)"},
			console.TextFlag("out", "FILE", "the manifest to write; - for standard output", "secrets.hcl"),
			&cli.BoolFlag{Name: "guard", Usage: "print a guard file that allows exactly what the manifest does"},
			console.TextFlag("manifest", "FILE", "with --guard: the manifest file or folder", "secrets.hcl"),
			console.VarFlag(),
			console.TPSFlag(),
			console.TimeoutFlag(),
			console.EndpointFlag(),
			target.TrustedFlag(),
			console.JSONFlag(),
			console.DebugFlag(),
		},
		Action: a.init,
	}
}

func (a *app) init(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return draft.Misplaced(c, err)
	}
	switch {
	case c.Bool("guard"):
		return a.initGuard(c)
	case console.Given(c, "manifest") || len(c.StringSlice("var")) > 0:
		return console.Usagef("--manifest and --var are only for --guard; use --out to name the file to write")
	}
	out := console.Text(c, "out")
	if out == console.StdinName && a.JSON() {
		return console.Usagef("with --out -, standard output is the manifest: remove --json")
	}
	sample := draft.SampleName(out)
	environments, wrong := draft.Environments(c)
	name, err := draft.Name(c)
	wrong = errors.Join(draft.Absent(out, sample), wrong, err)
	from, err := draft.Read(a.Console, c, environments, wrong)
	if err := errors.Join(wrong, err); err != nil {
		return err
	}
	result, err := from.Write(starter.Options{Name: name, Environments: environments, Sample: filepath.Base(sample)})
	for _, n := range from.Notes {
		a.Hint("%s", strings.TrimPrefix(from.Where(n)+": "+n.Text, ": ")) // a draft of nothing has no place
	}
	if err != nil {
		return console.Usagef("cannot create a manifest%s: %v", draft.OfSource(from), err)
	}
	functions, secrets, err := draft.Inspect(a.Console, out, result.Manifest)
	if err != nil {
		return err
	}
	a.hintIncomplete(out, result.Incomplete, len(environments) > 1)
	if out == console.StdinName {
		return a.PrintVerbatim("the manifest", result.Manifest)
	}
	if err := draft.Create(sample, result.Sample); err != nil {
		return err
	}
	if err := draft.Create(out, result.Manifest); err != nil {
		os.Remove(sample) // it did not exist before
		return err
	}
	report := &view.Init{Manifest: out, Sample: sample, Functions: functions, Secrets: secrets, NotTaken: []view.InitNote{}, Incomplete: []view.InitIncomplete{}}
	for _, n := range from.Notes {
		report.NotTaken = append(report.NotTaken, view.InitNote{File: from.File(n), Line: n.Line, Text: n.Text})
	}
	for _, e := range result.Incomplete {
		report.Incomplete = append(report.Incomplete, view.InitIncomplete{Environment: e.Name, Missing: e.Missing})
	}
	return a.renderInit(report)
}

func (a *app) renderInit(r *view.Init) error {
	if a.JSON() {
		return a.Answer(r)
	}
	if err := a.Print("%s\n%s\n", r.Manifest, r.Sample); err != nil {
		return err
	}
	a.Hint("%s with %s; review it, then try: bundle --manifest %s --env local --out layer.zip",
		printable.Count(r.Functions, "function"), printable.Count(r.Secrets, "secret"), r.Manifest)
	return nil
}

// hintIncomplete says what each environment that is only a comment needs, and with which flag it would have it.
func (a *app) hintIncomplete(out string, all []starter.Incomplete, several bool) {
	if out == console.StdinName {
		out = "the manifest"
	}
	for _, e := range all {
		of := ""
		if several {
			of = e.Name + "="
		}
		flags := map[string]string{"account_id": " (--account-id " + of + "ID)", "regions": " (--region " + of + "REGION)"}
		var missing []string
		for _, name := range e.Missing {
			missing = append(missing, name+flags[name])
		}
		a.Hint("environment %s is only a comment in %s: fill in %s, and remove the comment signs", e.Name, out, strings.Join(missing, ", "))
	}
}
