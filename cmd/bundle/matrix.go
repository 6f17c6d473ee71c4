package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline/problem"
)

// Limits of --max. GitHub runs at most 256 jobs of a matrix
// (https://docs.github.com/en/actions/reference/limits).
const (
	defaultJobs = "256"
	maxJobs     = 10_000
)

// maxOutput is the maximum size of a matrix as an output of GitHub Actions in characters. All outputs of a job can have
// 1 MiB, in UTF-16 (https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/pass-job-outputs).
const maxOutput = 500_000

func (a *app) matrixCommand() *cli.Command {
	return &cli.Command{
		Name:      "matrix",
		Category:  console.OnlyLooks,
		Usage:     "print what is to be built as a matrix of jobs for a CI, without calling AWS",
		UsageText: "bundle matrix [--manifest FILE] [--env NAME...] [--out FILE] [options]",
		Description: "bundle matrix --manifest secrets.hcl --all\n" +
			"bundle matrix --all --format gitlab >layers.yml\n" +
			"bundle matrix --all --out 'layer-{function}.zip' --max 40",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("out", "FILE", "the layer that a job will write; with {function} in it, each function has its own layer", ""),
			target.GuardFlag(),
			console.TextFlag("max", "N", "the maximum number of jobs; if there are more layers, a job builds several of them", defaultJobs),
			console.TextFlag("format", "FORMAT", "github (an object with include), gitlab (a child pipeline), or lines (the flags of each job)", view.MatrixGitHub),
			console.JSONFlag(),
			console.ReportFlag(),
		}),
		Action: a.matrix,
	}
}

func (a *app) matrix(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	format, formats := console.Text(c, "format"), []string{view.MatrixGitHub, view.MatrixGitLab, view.MatrixLines}
	switch {
	case !slices.Contains(formats, format):
		return console.Usagef("--format %q is not a format. Write %s.", format, strings.Join(formats, ", "))
	case a.JSON() && console.Given(c, "format"):
		return console.Usagef("--json and --format cannot be combined: choose one")
	}
	most, err := strconv.Atoi(console.Text(c, "max"))
	if err != nil || most < 1 || most > maxJobs {
		return console.Usagef("--max %q is not a number of jobs. Write a number from 1 to %d, such as %s", console.Text(c, "max"), maxJobs, defaultJobs)
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest", Flag: console.OutFlag, Pattern: console.Text(c, "out"), Named: true,
		Offline: true})
	if err != nil {
		return err
	}
	var problems problem.Gathered
	for _, t := range targets {
		problems.Add(t.Problems...)
	}
	if problems.Len() > 0 {
		return console.Failed(problems.Sorted())
	}
	jobs, err := target.Jobs(targets, most)
	if err != nil {
		return err
	}
	report := &view.Matrix{Format: format}
	for _, j := range jobs {
		report.Include = append(report.Include, view.MatrixJob{
			Name: j.Name, Environment: j.Environment, Region: j.Region, Functions: strings.Join(j.Functions, ","), Args: j.Args(),
		})
	}
	if n := report.Characters(); a.Getenv("GITHUB_OUTPUT") != "" && n > maxOutput {
		return console.Usagef("the matrix has %d characters, but GitHub takes only %d of a job's outputs: make several matrices with --env or --region", n, maxOutput)
	}
	if job, n := report.LongestArgs(); format == view.MatrixGitLab && n > view.MaxVariable {
		return console.Usagef("the variable BUNDLE_ARGS of the job %s has %d bytes, but Linux passes only %d to a program: raise --max, so that a job has fewer functions", job, n, view.MaxVariable)
	}
	a.HandOver(report.Markdown(), report.Outputs())
	return a.AnswerOrPrint(report)
}
