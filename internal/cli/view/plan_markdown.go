package view

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
)

// maxMarkdown is the maximum size of a plan in Markdown in bytes. GitHub accepts
// comments of up to 65,536 characters.
const maxMarkdown = 60000

// Markdown returns the plan for a comment on a pull request: one line if nothing
// changes.
func (r *Plan) Markdown() string {
	head := fmt.Sprintf("**bundle plan** for %s, environment %s in %s: %s", InCode(r.Bundle), InCode(r.Environment), InCode(r.Region), r.summary())
	if r.Offline {
		head += " (offline: versions, keys and the parameters below paths are unknown)"
	}
	if r.Parameter != nil && r.Parameter.State != pipeline.StandsNewest {
		head += "\n" + strings.TrimSuffix(r.Parameter.markdown(), "\n")
	}
	if !r.Changed {
		return head + "\n"
	}
	lines := []string{head, "", "| function | change | what |", "|---|---|---|"}
	for _, f := range r.Functions {
		var rows []string
		switch f.Action {
		case plan.Carry:
			continue
		case plan.Add:
			rows = append(rows, fmt.Sprintf("%s under %s, %s", printable.Count(len(f.Secrets), "secret"), InCode(f.keyName), f.Mode))
		case plan.Remove:
			rows = append(rows, "")
		}
		for _, line := range f.lines() {
			rows = append(rows, line.Text(InCode))
		}
		cells := fmt.Sprintf("| %s | **%s** |", InCode(f.Function), f.Action)
		for _, row := range rows {
			lines = append(lines, cells+" "+row+" |")
			cells = "| | |"
		}
	}
	return Clip(lines)
}

// Clip joins as many lines as a comment can have, and adds how many are left out.
func Clip(lines []string) string {
	const room = 100 // for the last line
	var b strings.Builder
	for i, line := range lines {
		if b.Len()+len(line)+1 > maxMarkdown-room {
			fmt.Fprintf(&b, "\n%s more; bundle plan prints them all\n", printable.Count(len(lines)-i, "line"))
			break
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// InCode returns a string as a code span in a cell of a table. Nothing in it becomes
// markup, a link, a mention or a reference, and it ends neither the span nor the cell.
func InCode(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case r == '|':
			return '\u00a6'
		case printable.Hidden(r), !unicode.IsPrint(r):
			return '\ufffd'
		}
		return r
	}, s)
	if s == "" {
		s = "-"
	}
	return "`" + s + "`"
}
