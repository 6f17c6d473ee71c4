package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) validateCommand() *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Category:  console.OnlyLooks,
		Usage:     "check the manifest and its sample files without calling AWS, for all or selected environments",
		UsageText: "bundle validate [--manifest FILE] [--env NAME...] [options]",
		Description: "bundle validate --manifest secrets.hcl\n" +
			"bundle validate --env prod --guard guard.hcl",
		Flags:  append(console.OnlyEnvironmentFlags(), console.ManifestFlag(), console.VarFlag(), target.GuardFlag(), console.JSONFlag(), console.ReportFlag()),
		Action: a.validate,
	}
}

func (a *app) validate(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	defer target.Sparing()()
	module, problems, err := target.Load(a.Console, c)
	if err != nil {
		return err
	}
	guard, err := target.LoadGuard(a.Console, c, module)
	if err != nil {
		return err
	}
	names := module.Environments()
	if len(console.List(c, "env")) > 0 || c.Bool("all") {
		names, err = target.Environments(a.Console, c, module)
		if err != nil && len(problems) > 0 { // they may hide environments
			return console.Failed(problems)
		}
		if err != nil {
			return err
		}
	}
	report := view.Validate{}
	var warnings problem.Problems
	var all problem.Gathered
	all.Add(problems...)
	var asked pipeline.Questions
	var embedded []*awsenv.Embedded
	for _, name := range names {
		read, found := target.Evaluate(a.Console, module, name)
		m := read.Manifest
		if len(found) == 0 {
			found = checkEvaluated(read, guard)
		}
		if m.Environment.Embedded.Value != "" && len(found) == 0 {
			embedded = append(embedded, awsenv.EmbeddedOf(module, m.Environment, ""))
		}
		all.Add(slices.Concat(found, read.CheckBlind(), asked.Add(read))...)
		warnings = append(warnings, read.Warnings()...)
		v := view.Validity{Environment: name, Functions: len(m.Functions)}
		for _, fn := range m.Functions {
			v.Secrets, v.Paths = v.Secrets+len(fn.Secrets), v.Paths+len(fn.Imports)
		}
		report.Environments = append(report.Environments, v)
	}
	module.Forget() // a large sample file takes as much memory
	for _, e := range embedded {
		all.Add(console.ProblemsOf(e.Check())...)
	}
	a.RenderWarnings(warnings.Sort())
	if all.Len() > 0 {
		return console.Failed(all.Sorted())
	}
	a.HandOver(report.Markdown(), nil)
	return a.AnswerOrPrint(&report)
}

// checkEvaluated returns the problems of an environment in each of its regions.
func checkEvaluated(read *pipeline.Reading, guard *manifest.Guard) problem.Problems {
	var found problem.Problems
	const enough = 1000 // more would be about the same lines
	for _, region := range read.Manifest.Environment.Regions {
		if len(found) > enough {
			break
		}
		in := read.In(region.Value)
		found = append(found, slices.Concat(pipeline.CheckRegion(in.Manifest), in.CheckLimits(), target.CheckGuard(in, guard))...)
	}
	if !target.NamesFunctions(read.Manifest) {
		found = append(found, pipeline.CheckEntries(read.Manifest)...)
	}
	return found
}
