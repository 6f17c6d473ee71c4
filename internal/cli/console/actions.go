package console

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

func (c *Console) inActions() bool { return c.Getenv("GITHUB_ACTIONS") == "true" }

// annotate writes problems or warnings as annotations of the manifest's lines, and all
// of them to the step's summary, because GitHub shows only a few annotations of a step.
func (c *Console) annotate(level actions.Level, diags []*hcl.Diagnostic) {
	if !c.inActions() {
		return
	}
	places := make(map[actions.Annotation]string)
	var all []actions.Annotation
	for _, d := range diags {
		annotation := actions.Annotation{Level: level, Title: d.Summary, Message: c.ForUser(d.Detail)}
		where := ""
		if d.Subject != nil {
			annotation.File, annotation.Line, annotation.EndLine, annotation.Column =
				c.inRepository(d.Subject.Filename), d.Subject.Start.Line, d.Subject.End.Line, d.Subject.Start.Column
			where = place(d.Subject.Filename, d.Subject.Start.Line)
		}
		all = append(all, annotation)
		places[annotation] = where
	}
	added, left, err := c.annotations.Write(c.Stderr.Commands(), all)
	if len(added) == 0 {
		return
	}
	if err == nil && left > 0 {
		c.Hint("%s more in the step summary", printable.Count(left, string(level)))
	}
	var rows []problemRow
	for _, annotation := range added {
		rows = append(rows, problemRow{places[annotation], annotation.Title, annotation.Message})
	}
	c.summarize(problemTable(level, rows, 0) + "\n")
}

// inRepository returns a file's path relative to the repository, as GitHub and GitLab need it. Outside of these, the
// repository is the working folder.
func (c *Console) inRepository(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	root := cmp.Or(c.Getenv("GITHUB_WORKSPACE"), c.Getenv("CI_PROJECT_DIR"), ".")
	if root, err = filepath.Abs(root); err != nil {
		return filepath.ToSlash(path)
	}
	real, err := filepath.EvalSymlinks(abs)
	realRoot, rootErr := filepath.EvalSymlinks(root)
	for _, try := range []struct {
		root, path string
		err        error
	}{{root, abs, nil}, {realRoot, real, cmp.Or(err, rootErr)}} {
		if relative, err := filepath.Rel(try.root, try.path); try.err == nil && err == nil && filepath.IsLocal(relative) {
			return filepath.ToSlash(relative)
		}
	}
	return filepath.ToSlash(path)
}

// place returns a line of a file for a person, "" for no file.
func place(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// summarize adds to the step's summary. If that fails, it prints a hint; the build
// does not fail.
func (c *Console) summarize(markdown string) {
	path := c.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return
	}
	if err := actions.WriteSummary(path, markdown); err != nil {
		c.Hint("the step summary cannot be written: %v", err)
	}
}

// Apart refuses a --report, GITHUB_OUTPUT or GITHUB_STEP_SUMMARY that names a file that the run reads or writes. Then it
// is not written.
func (c *Console) Apart(files ...string) error {
	if err := c.apartFromReports(files); err != nil {
		return err
	}
	return c.apartFromActions(files...)
}

// apartFromActions is Apart for GITHUB_OUTPUT and GITHUB_STEP_SUMMARY, which outputs would be appended to.
func (c *Console) apartFromActions(files ...string) error {
	if !c.inActions() {
		return nil
	}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		handed := c.Getenv(name)
		for _, file := range files {
			if handed == "" || file == "" || !sameFile(handed, file) {
				continue
			}
			c.Environ = slices.DeleteFunc(slices.Clone(c.Environ), func(entry string) bool {
				return strings.HasPrefix(entry, "GITHUB_OUTPUT=") || strings.HasPrefix(entry, "GITHUB_STEP_SUMMARY=")
			})
			return Usagef("%s names %s, which this run reads or writes itself. Set it to another file, as the runner does.", name, file)
		}
	}
	return nil
}

// sameFile reports whether two paths are one file, which need not exist.
func sameFile(one, other string) bool {
	first, err := os.Stat(one)
	second, otherErr := os.Stat(other)
	if err == nil && otherErr == nil {
		return os.SameFile(first, second)
	}
	return PathKey(one) == PathKey(other)
}

// HandOver writes the step's summary and its outputs, and keeps the summary for --report.
// Later steps depend on outputs, so if they cannot be written, the run fails at its end.
func (c *Console) HandOver(markdown string, outputs []actions.Output) {
	c.reports.add(markdown)
	if !c.inActions() {
		return
	}
	if markdown != "" {
		c.summarize(markdown)
	}
	path := c.Getenv("GITHUB_OUTPUT")
	if path == "" || len(outputs) == 0 {
		return
	}
	if err := actions.WriteOutputs(path, outputs); err != nil && c.unwritten == nil {
		c.unwritten = notWritten("Outputs not written", "Cannot write to the file in GITHUB_OUTPUT: "+whyNoOutputs(path, err)+
			" Then run the step again: the command itself is done, but later steps will not see its outputs.")
	}
}

// whyNoOutputs returns why outputs could not be written at path, and what to do.
func whyNoOutputs(path string, err error) string {
	switch _, statErr := os.Stat(filepath.Dir(path)); {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(statErr, fs.ErrNotExist):
		return fmt.Sprintf("the folder %s does not exist. Create it, or leave GITHUB_OUTPUT as the runner sets it.", filepath.Dir(path))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Sprintf("%v. Free space on the runner.", pipeline.Cause(err))
	}
	return fmt.Sprintf("%v. Leave GITHUB_OUTPUT as the runner sets it, to a file that can be written.", pipeline.Cause(err))
}

// PathKey returns the same key for paths that may be the same file: some file systems
// ignore case.
func PathKey(path string) string {
	dir, base := filepath.Split(filepath.Clean(path))
	if real, err := filepath.EvalSymlinks(filepath.Clean(dir + ".")); err == nil {
		dir = real
	}
	return strings.ToLower(filepath.Join(dir, base))
}
