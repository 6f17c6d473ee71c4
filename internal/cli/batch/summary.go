package batch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
)

// row returns an outcome as a row of the summary.
func (o *Outcome) row() view.Brief {
	b := view.Brief{Layer: o.Path, State: "failed"}
	if o.Result != nil {
		b = o.Result.Brief()
	}
	if len(o.Problems) > 0 {
		b.State = "failed"
	}
	if len(b.SHA256) > 12 {
		b.SHA256 = b.SHA256[:12]
	}
	return b
}

func orDash(s string) string { return cmp.Or(s, "-") }

// summary returns a row for each target, without empty columns.
func summary(outcomes []*Outcome) [][]string {
	rows := [][]string{{"ENVIRONMENT", "REGION", "FUNCTION", "LAYER", "SHA256", "STATE"}}
	for _, o := range outcomes {
		b := o.row()
		rows = append(rows, []string{o.Environment, orDash(o.Region), orDash(o.Function), orDash(b.Layer), orDash(b.SHA256), b.State})
	}
	for column := len(rows[0]) - 1; column >= 0; column-- {
		if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "-" }) {
			for i := range rows {
				rows[i] = slices.Delete(rows[i], column, column+1)
			}
		}
	}
	return rows
}

// handOverAll writes the outputs and the summary of all targets: one table, and each
// output once, with a line for every target that has it.
func handOverAll(con *console.Console, outcomes []*Outcome, details bool) {
	var markdown strings.Builder
	fmt.Fprintf(&markdown, "### bundle: %s\n\n%s", printable.Count(len(outcomes), "target"), view.MarkdownTable(summary(outcomes)))
	var outputs []actions.Output
	var notes strings.Builder
	for _, o := range outcomes {
		if o.Result == nil || len(o.Problems) > 0 {
			continue
		}
		if note := o.Result.Brief().Note; note != "" {
			fmt.Fprintf(&notes, "- %s: %s\n", actions.Cell(o.String()), actions.Cell(note))
		}
		for _, output := range o.Result.Outputs() {
			outputs = join(outputs, output)
		}
		if details {
			markdown.WriteString("\n" + o.Result.Markdown())
		}
	}
	if notes.Len() > 0 {
		markdown.WriteString("\n" + notes.String())
	}
	con.HandOver(markdown.String(), outputs)
}

// join adds the output of one more target: true if any is, and otherwise a
// line for each.
func join(outputs []actions.Output, more actions.Output) []actions.Output {
	i := slices.IndexFunc(outputs, func(o actions.Output) bool { return o.Name == more.Name })
	switch {
	case i < 0:
		return append(outputs, more)
	case more.Value == "true" || more.Value == "false":
		if more.Value == "true" {
			outputs[i].Value = "true"
		}
	default:
		outputs[i].Value += "\n" + more.Value
	}
	return outputs
}

// severalMarkdown returns the Markdown of every target of a command, for a comment.
func severalMarkdown(command string, outcomes []*Outcome) string {
	var lines []string
	for _, o := range outcomes {
		text := fmt.Sprintf("**bundle %s** for %s: failed, with %s\n", command, view.InCode(o.String()), printable.Count(len(o.Problems), "problem"))
		if o.Result != nil {
			text = o.Result.Markdown()
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
		lines = append(lines, "")
	}
	return view.Clip(lines[:len(lines)-1])
}
