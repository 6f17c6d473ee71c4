package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/atomicfile"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

func (a *app) fmtCommand() *cli.Command {
	return &cli.Command{
		Name:      "fmt",
		Usage:     "reformat a manifest in canonical style",
		UsageText: "bundle fmt [--manifest FILE] [--check] [--json]",
		Description: "bundle fmt --manifest secrets.hcl\n" +
			"bundle fmt --check\n" +
			"bundle fmt --manifest - <secrets.hcl >copy.hcl",
		Flags: []cli.Flag{
			console.TextFlag("manifest", "FILE", "the manifest file or folder to format; - reads standard input and writes standard output", "secrets.hcl"),
			&cli.BoolFlag{Name: "check", Usage: "check only: write nothing, and exit with code 3 if a file is not formatted"},
			console.JSONFlag(),
		},
		Action: a.format,
	}
}

func (a *app) format(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	if console.Text(c, "manifest") == console.StdinName && a.JSON() {
		return console.Usagef("with --manifest -, standard output is the manifest: remove --json")
	}
	defer target.Sparing()()
	module, err := a.readForFormat(c)
	if err != nil {
		return err
	}
	report, err := a.formatted(module)
	if err != nil {
		return err
	}
	if console.Text(c, "manifest") == console.StdinName && !c.Bool("check") {
		return a.PrintVerbatim("the formatted manifest", report.Files[0].Content)
	}
	if !c.Bool("check") {
		if problems := writeFormatted(report); len(problems) > 0 {
			return &console.Failure{Problems: problems}
		}
	}
	if err := a.AnswerOrPrint(report); err != nil {
		return err
	}
	if report.Changed && c.Bool("check") {
		return console.ErrDifferences
	}
	return nil
}

// readForFormat reads the manifest. It does not have to be valid, but every file must
// have valid syntax.
func (a *app) readForFormat(c *cli.Context) (*manifest.Module, error) {
	path := console.Text(c, "manifest")
	var module *manifest.Module
	var diags hcl.Diagnostics
	if path == console.StdinName {
		src, err := io.ReadAll(io.LimitReader(a.Stdin, 2<<20)) // more than the limit of a manifest
		if err != nil {
			return nil, console.Usagef("standard input cannot be read: %v", err)
		}
		module, diags = manifest.ReadSource("<stdin>", src)
	} else {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !console.Given(c, "manifest") {
			return nil, console.Usagef("there is no %s here. Name the manifest with --manifest.", path)
		}
		module, diags = manifest.Read(path)
	}
	a.Files = module.Files
	return module, console.Failed(problem.FromDiagnostics(diags).Sort())
}

// formatted formats every file in memory.
func (a *app) formatted(module *manifest.Module) (*view.Format, error) {
	report := &view.Format{Files: []view.FormatFile{}}
	var problems problem.Problems
	for _, path := range module.Paths() {
		before, after, err := module.Format(path)
		if err != nil {
			problems = append(problems, problem.New(problem.Fault, nil, "Not formatted", fmt.Sprintf("%s: %v. The file is unchanged.", path, err)))
			continue
		}
		if strings.HasSuffix(path, ".json") {
			a.Hint("%s is JSON, which bundle does not format; it is unchanged", path)
		}
		f := view.FormatFile{Path: path, Changed: !bytes.Equal(before, after), Content: after}
		report.Changed = report.Changed || f.Changed
		report.Files = append(report.Files, f)
	}
	return report, console.Failed(problems)
}

// writeFormatted replaces the files that change, each whole or not at all.
func writeFormatted(r *view.Format) problem.Problems {
	var problems problem.Problems
	for _, f := range r.Files {
		if !f.Changed {
			continue
		}
		info, err := os.Lstat(f.Path)
		if err == nil && pipeline.ReadOnly(info) && info.Mode().IsRegular() {
			problems = append(problems, problem.New(problem.Output, nil, "Manifest not written", fmt.Sprintf("%s is read-only. Make it writable, for example with chmod u+w.", f.Path)))
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			problems = append(problems, problem.New(problem.Output, nil, "Manifest not written",
				fmt.Sprintf("%s is not a regular file. Name the file that it leads to.", f.Path)))
			continue
		}
		if err := atomicfile.Write(f.Path, f.Content); err != nil {
			problems = append(problems, problem.New(problem.Output, nil, "Manifest not written",
				fmt.Sprintf("%s: %s The file is unchanged.", f.Path, pipeline.WhyNotWritten(f.Path, err))))
		}
	}
	return problems
}
