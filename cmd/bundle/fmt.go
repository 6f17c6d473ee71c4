package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
		Usage:     "reformat manifests and guard files in canonical style",
		UsageText: "bundle fmt [FILE...] [--check] [--json]\nbundle fmt - <FILE >FILE",
		ArgsUsage: "FILE...",
		Description: "bundle fmt secrets.hcl guard.hcl\n" +
			"bundle fmt --check\n" +
			"bundle fmt - <secrets.hcl >copy.hcl",
		Flags: []cli.Flag{
			console.TextFlag("manifest", "FILE", "the file or folder to format if there are no arguments; - is standard input, as an argument too", "secrets.hcl"),
			&cli.BoolFlag{Name: "check", Usage: "check only: write nothing, and exit with code 3 if a file is not formatted"},
			console.JSONFlag(),
		},
		Action: a.format,
	}
}

func (a *app) format(c *cli.Context) error {
	paths, err := formatPaths(c)
	if err != nil {
		return err
	}
	defer target.Sparing()()
	f := formatting{app: a, check: c.Bool("check"), files: []view.FormatFile{}, excerpts: map[string]*hcl.File{}}
	a.Files = func() map[string]*hcl.File { return f.excerpts }
	if paths[0] == console.StdinName {
		return f.stdin()
	}
	for _, path := range paths {
		switch {
		case c.Args().Present() && !namesManifest(path):
			f.problems = append(f.problems, problem.New(problem.Manifest, nil, "Not a manifest",
				fmt.Sprintf("The name of %s does not end in .hcl. To format it anyway, write bundle fmt - <FILE.", path)))
		default:
			f.module(manifest.Read(path))
		}
	}
	return f.end()
}

// formatPaths returns the files and folders to format, each once: the arguments, or else --manifest.
func formatPaths(c *cli.Context) ([]string, error) {
	given, path := c.Args().Slice(), console.Text(c, "manifest")
	if len(given) == 0 {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !console.Given(c, "manifest") {
			return nil, console.Usagef("there is no %s here. Name the files to format: bundle fmt FILE...", path)
		}
		return []string{path}, nil
	}
	switch {
	case console.Given(c, "manifest"):
		return nil, console.Usagef("the files are named twice, with --manifest and as the argument %q: remove --manifest", given[0])
	case slices.Contains(given, ""):
		return nil, console.Usagef("the name of a file is empty. Is a shell variable unset?")
	case slices.Contains(given, console.StdinName) && len(given) > 1:
		return nil, console.Usagef("standard input (-) cannot be formatted together with files: write bundle fmt - on its own")
	}
	var paths []string
	for _, path := range given {
		if path = filepath.Clean(path); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// namesManifest reports whether a path may be that of a manifest: hooks and editors pass on whatever changed.
func namesManifest(path string) bool {
	if strings.HasSuffix(path, ".hcl") || strings.HasSuffix(path, ".json") {
		return true
	}
	info, err := os.Stat(path)
	return err != nil || info.IsDir() // an error is reported when it is read
}

// A formatting is a run of bundle fmt. A file or folder with an error is left unchanged, and the others are formatted.
type formatting struct {
	*app
	check    bool
	files    []view.FormatFile
	problems problem.Problems
	excerpts map[string]*hcl.File // of files with problems
}

// stdin formats standard input, and prints it unless it is only checked.
func (f *formatting) stdin() error {
	if f.JSON() {
		return console.Usagef("with -, standard output is the manifest: remove --json")
	}
	src, err := io.ReadAll(io.LimitReader(f.Stdin, 2<<20)) // more than the limit of a manifest
	if err != nil {
		return console.Usagef("standard input cannot be read: %v", err)
	}
	only := f.check
	f.check = true // there is no file to write
	f.module(manifest.ReadSource("<stdin>", src))
	if len(f.problems) == 0 && !only {
		return f.PrintVerbatim("the formatted manifest", f.files[0].Content)
	}
	return f.end()
}

// module formats the files of a manifest, which does not have to be valid, but every file must have valid syntax.
func (f *formatting) module(module *manifest.Module, diags hcl.Diagnostics) {
	found := problem.FromDiagnostics(diags).Sort()
	var files []view.FormatFile
	if len(found) == 0 {
		files, found = f.formatted(module)
	}
	if len(found) == 0 && !f.check {
		found = writeFormatted(files)
	}
	if len(found) > 0 {
		maps.Copy(f.excerpts, module.Files())
	}
	f.files, f.problems = append(f.files, files...), append(f.problems, found...)
}

// formatted formats every file in memory.
func (f *formatting) formatted(module *manifest.Module) (files []view.FormatFile, problems problem.Problems) {
	for _, path := range module.Paths() {
		if slices.ContainsFunc(f.files, func(file view.FormatFile) bool { return filepath.Clean(file.Path) == filepath.Clean(path) }) {
			continue // a folder and a file in it
		}
		before, after, err := module.Format(path)
		if err != nil {
			problems = append(problems, problem.New(problem.Fault, nil, "Not formatted", fmt.Sprintf("%s: %v. The file is unchanged.", path, err)))
			continue
		}
		if strings.HasSuffix(path, ".json") {
			f.Hint("%s is JSON, which bundle does not format; it is unchanged", path)
		}
		files = append(files, view.FormatFile{Path: path, Changed: !bytes.Equal(before, after), Content: after})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return files, nil
}

// end prints the result.
func (f *formatting) end() error {
	report := &view.Format{Files: f.files, Changed: slices.ContainsFunc(f.files, func(file view.FormatFile) bool { return file.Changed })}
	if len(f.problems) == 0 || len(f.files) > 0 && !f.Version1() {
		if err := f.AnswerOrPrint(report); err != nil {
			return err
		}
	}
	switch {
	case len(f.problems) > 0 && report.Changed && !f.check:
		return &console.Failure{Problems: f.problems}
	case len(f.problems) > 0:
		return console.Failed(f.problems)
	case report.Changed && f.check:
		return console.ErrDifferences
	}
	return nil
}

// writeFormatted replaces the files that change, each whole or not at all. A file that could not be written has not
// changed.
func writeFormatted(files []view.FormatFile) problem.Problems {
	var problems problem.Problems
	for i, f := range files {
		if !f.Changed {
			continue
		}
		if why := writeOne(f); why != "" {
			problems = append(problems, problem.New(problem.Output, nil, "Manifest not written", why))
			files[i].Changed = false
		}
	}
	return problems
}

// writeOne replaces one file. It returns why it cannot be written, or "".
func writeOne(f view.FormatFile) string {
	info, err := os.Lstat(f.Path)
	switch {
	case err == nil && pipeline.ReadOnly(info) && info.Mode().IsRegular():
		return fmt.Sprintf("%s is read-only. Make it writable, for example with chmod u+w.", f.Path)
	case err == nil && !info.Mode().IsRegular():
		return fmt.Sprintf("%s is not a regular file. Name the file that it leads to.", f.Path)
	}
	if err := atomicfile.Write(f.Path, f.Content); err != nil {
		return fmt.Sprintf("%s: %s The file is unchanged.", f.Path, pipeline.WhyNotWritten(f.Path, err))
	}
	return ""
}
