package docs

import (
	"fmt"
	"go/doc/comment"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/printable"
)

// Width is the width of help without a terminal, in columns.
const Width = 80

// Help writes the help of the command at path, which begins with bundle, for a program that was called by name. No line is
// longer than width columns, except examples, which are not wrapped. The exit codes come from the package's documentation.
func Help(w io.Writer, root *cli.App, name *Name, path []string, width int, documentation string) error {
	c := find(root, name, path)
	if c == nil {
		return fmt.Errorf("there is no command %s", strings.Join(path, " "))
	}
	h := &help{width: width}
	h.text(0, c.Usage)
	h.title("Usage")
	for line := range strings.Lines(c.UsageText) {
		h.text(2, strings.TrimSuffix(line, "\n"))
	}
	switch {
	case c.Parent == "":
		h.title("Commands")
		h.commands(c)
		h.title("Flags")
		h.text(2, "--help and --version. Without a command, "+name.String()+name.In(" takes the flags of bundle build."))
	case len(c.Commands) > 0:
		h.title("Commands")
		h.commands(c)
	default:
		h.flags(c)
	}
	h.title("Examples")
	for line := range strings.Lines(c.Examples) { // for copying: not wrapped
		h.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
	}
	h.title("Exit codes")
	h.rows(exitCodes(c, documentation))
	if len(c.Commands) > 0 {
		h.WriteByte('\n')
		h.text(0, name.In("Run "+c.Path+" help COMMAND for help on a command."))
	}
	_, err := io.WriteString(w, h.String())
	return err
}

// A help is a help text in progress.
type help struct {
	strings.Builder
	width int
}

func (h *help) title(s string) { fmt.Fprintf(h, "\n%s:\n", s) }

// text writes a paragraph with wrapped lines.
func (h *help) text(indent int, s string) {
	for line := range strings.Lines(printable.Wrap(s, max(h.width-indent, 20))) {
		fmt.Fprintf(h, "%*s%s\n", indent, "", strings.TrimSuffix(line, "\n"))
	}
}

func (h *help) commands(c *command) {
	var rows [][2]string
	for _, sub := range c.Commands {
		rows = append(rows, [2]string{sub.Name, sub.Usage})
	}
	h.rows(rows)
}

// flags writes the flags of a command, by group.
func (h *help) flags(c *command) {
	left := 0
	for _, f := range c.Flags {
		left = max(left, len(f.spelling()))
	}
	for _, g := range groups {
		var rows [][2]string
		for _, f := range c.Flags {
			if groupOf(c.Path, f.Name) == g.title {
				rows = append(rows, [2]string{f.spelling(), f.explanation()})
			}
		}
		if len(rows) > 0 {
			h.title(g.title)
			h.columns(left, rows)
		}
	}
}

func (h *help) rows(all [][2]string) {
	left := 0
	for _, row := range all {
		left = max(left, len(row[0]))
	}
	h.columns(left, all)
}

// columns writes rows of two columns. If there is no room for the second column, it
// goes below the first.
func (h *help) columns(left int, rows [][2]string) {
	const narrow = 30
	indent := left + 4
	for _, row := range rows {
		if h.width-indent < narrow {
			fmt.Fprintf(h, "  %s\n", row[0])
			h.text(6, row[1])
			continue
		}
		var right help
		right.width = h.width
		right.text(indent, row[1])
		fmt.Fprintf(h, "  %-*s%s", left+2, row[0], strings.TrimPrefix(right.String(), strings.Repeat(" ", indent)))
	}
}

func (o *option) spelling() string {
	return strings.TrimSpace("--" + o.Name + " " + o.Placeholder)
}

func (o *option) explanation() string {
	if o.Default == "" {
		return o.Usage
	}
	return fmt.Sprintf("%s (default: %s)", o.Usage, o.Default)
}

// onlyWith has the exit codes of commands with certain flags. All commands have the other exit codes.
var onlyWith = map[string]string{
	"3": "exit-code check", "4": "timeout", "5": "timeout", "6": "timeout", "7": "timeout layer", "9": "yes apply rollout", "126": "override", "127": "override",
}

// readsLayer reports whether a command reads a layer that an argument names. It exits with 7 if that is none.
func readsLayer(c *command) bool { return strings.HasPrefix(c.UsageText, c.Path+" LAYER ") }

// notFound are the commands of bundle local that exit with 5 if there is no such parameter.
func notFound() []string { return []string{"bundle local get", "bundle local list", "bundle local rm"} }

// exitCodes returns the exit codes of a command, each with its meaning.
func exitCodes(c *command, documentation string) [][2]string {
	var found [][2]string
	for line := range strings.Lines(codeBelow(documentation, "Exit codes")) {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		flags := strings.Fields(onlyWith[code])
		has := func(o option) bool { return slices.Contains(flags, o.Name) }
		if len(flags) == 0 || code == "5" && slices.Contains(notFound(), c.Path) || code == "7" && readsLayer(c) || len(c.Commands) > 0 || slices.ContainsFunc(c.Flags, has) {
			found = append(found, [2]string{code, strings.TrimSpace(meaning)})
		}
	}
	if c.Passes {
		found = append(found, [2]string{"", "any other code is that of COMMAND"})
	}
	return found
}

// codeBelow returns the first block of code below a heading of a package's documentation.
func codeBelow(documentation, heading string) string {
	below := false
	for _, block := range parse(documentation) {
		switch block := block.(type) {
		case *comment.Heading:
			below = joined(block.Text) == heading
		case *comment.Code:
			if below {
				return block.Text
			}
		}
	}
	return ""
}
