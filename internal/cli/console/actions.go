package console

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

func (c *Console) inActions() bool { return c.Getenv("GITHUB_ACTIONS") == "true" }

// annotate shows problems or warnings beside the manifest's lines, and all of
// them in the step's summary: GitHub shows few annotations of a step.
func (c *Console) annotate(level actions.Level, diags []*hcl.Diagnostic) {
	if !c.inActions() {
		return
	}
	places := make(map[actions.Annotation]*hcl.Range)
	var all []actions.Annotation
	for _, d := range diags {
		annotation := actions.Annotation{Level: level, Title: d.Summary, Message: d.Detail}
		if d.Subject != nil {
			annotation.File, annotation.Line, annotation.EndLine, annotation.Column =
				c.inRepository(d.Subject.Filename), d.Subject.Start.Line, d.Subject.End.Line, d.Subject.Start.Column
		}
		all = append(all, annotation)
		places[annotation] = d.Subject
	}
	added, left, err := c.annotations.Write(c.Stderr.Commands(), all)
	if len(added) == 0 {
		return
	}
	if err == nil && left > 0 {
		c.Hint("%s more in the step summary", printable.Count(left, string(level)))
	}
	var summary strings.Builder
	fmt.Fprintf(&summary, "### bundle: %s\n\n| where | what | what to do |\n|---|---|---|\n", printable.Count(len(added), string(level)))
	for _, annotation := range added {
		fmt.Fprintf(&summary, "| %s | %s | %s |\n", actions.Cell(place(places[annotation])), actions.Cell(annotation.Title), actions.Cell(annotation.Message))
	}
	c.summarize(summary.String() + "\n")
}

// inRepository is a file's path as GitHub wants it: relative to the repository.
func (c *Console) inRepository(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		if relative, err := filepath.Rel(c.Getenv("GITHUB_WORKSPACE"), abs); err == nil && filepath.IsLocal(relative) {
			path = relative
		}
	}
	return filepath.ToSlash(path)
}

func place(subject *hcl.Range) string {
	if subject == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", subject.Filename, subject.Start.Line)
}

// summarize adds to the step's summary. A summary that cannot be written is
// worth a hint, not a failed build.
func (c *Console) summarize(markdown string) {
	path := c.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return
	}
	if err := actions.WriteSummary(path, markdown); err != nil {
		c.Hint("the step summary cannot be written: %v", err)
	}
}

// Apart refuses a GITHUB_OUTPUT or GITHUB_STEP_SUMMARY that names one of the files
// which the run reads or writes: what is for the runner would be appended to
// it. Neither is written to then.
func (c *Console) Apart(files ...string) error {
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
			return Usagef("%s names %s, which this run reads or writes itself. Let it name another file, as the runner does.", name, file)
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

// HandOver tells later steps and readers of the run what came of it. Outputs
// decide what later steps do, so that the run fails where they cannot be written,
// when all else is done and said.
func (c *Console) HandOver(markdown string, outputs []actions.Output) {
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
		c.unwritten = notWritten("Outputs not written", "Cannot write to the file in GITHUB_OUTPUT: "+pipeline.Cause(err).Error()+
			". The command itself is done, but later steps will not see its outputs.")
	}
}

// PathKey is equal for paths that may be one file: on some file systems the
// case of letters makes no difference.
func PathKey(path string) string {
	dir, base := filepath.Split(filepath.Clean(path))
	if real, err := filepath.EvalSymlinks(filepath.Clean(dir + ".")); err == nil {
		dir = real
	}
	return strings.ToLower(filepath.Join(dir, base))
}
