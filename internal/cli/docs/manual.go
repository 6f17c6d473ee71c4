package docs

import (
	"fmt"
	"go/doc/comment"
	"strings"
)

// Manual returns the text of a package's doc.go for a manual page.
func Manual(documentation string) string {
	var page strings.Builder
	for i, block := range parse(documentation) {
		switch block := block.(type) {
		case *comment.Heading:
			fmt.Fprintf(&page, ".SH %s\n", roff(strings.ToUpper(joined(block.Text))))
		case *comment.Code:
			fmt.Fprintf(&page, ".PP\n.RS 4\n.nf\n%s\n.fi\n.RE\n", roffLines(strings.TrimRight(block.Text, "\n")))
		case *comment.Paragraph:
			if i > 0 {
				page.WriteString(".PP\n")
			}
			page.WriteString(roffLines(joined(block.Text)) + "\n")
		}
	}
	// mandoc(1) warns about a paragraph mark directly after a heading.
	return strings.TrimSuffix(afterHeading(page.String()), "\n")
}

// parse reads the text of a package's doc.go.
func parse(documentation string) []comment.Block {
	text, _, _ := strings.Cut(documentation, "\npackage main")
	var plain strings.Builder
	for line := range strings.Lines(text) {
		plain.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "//"), " "))
	}
	var p comment.Parser
	return p.Parse(plain.String()).Content
}

// afterHeading drops the paragraph marks that follow a heading.
func afterHeading(page string) string {
	var out []string
	for _, line := range strings.Split(page, "\n") {
		if line == ".PP" && len(out) > 0 && strings.HasPrefix(out[len(out)-1], ".SH ") {
			continue
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func joined(text []comment.Text) string {
	var b strings.Builder
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			b.WriteString(string(t))
		case comment.Italic:
			b.WriteString(string(t))
		case *comment.Link:
			b.WriteString(joined(t.Text))
		case *comment.DocLink:
			b.WriteString(joined(t.Text))
		}
	}
	return b.String()
}

// roff escapes a line for troff.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// roffLines escapes several lines for troff.
func roffLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = roff(line)
	}
	return strings.Join(lines, "\n")
}
