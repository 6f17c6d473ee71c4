package console

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// Limits of a printed diagnostic, whatever a manifest has.
const (
	MaxExcerpt = 8    // lines
	maxColumns = 200  // bytes of a line
	maxWord    = 200  // characters without a space
	maxText    = 2000 // characters
)

// A diagnosticWriter prints diagnostics with excerpts of their files. It reads each
// file once for all diagnostics; hcl's writer reads the file again for each of them. It
// does not print the values of names in an expression, because a manifest's values
// are not shown.
type diagnosticWriter struct {
	w     io.Writer
	find  func() map[string]*hcl.File // gives the files; nil for none
	files map[string]*hcl.File        // once something was written
	width int
	color bool
	lines map[string][]int // where the lines of a file begin

	forUser func(message string) string
}

func (c *Console) diagnostics() *diagnosticWriter {
	width := Terminal(c.Stderr)
	if width == 0 {
		width = 100
	}
	return &diagnosticWriter{c.Stderr.Styled(), c.Files, nil, width, c.color(c.Stderr), map[string][]int{}, c.ForUser}
}

// write prints one diagnostic, at once.
func (w *diagnosticWriter) write(d *hcl.Diagnostic) {
	if w.files == nil && w.find != nil {
		w.files = w.find()
	}
	var b strings.Builder
	severity, color := "Error", "\x1b[31m"
	if d.Severity == hcl.DiagWarning {
		severity, color = "Warning", "\x1b[33m"
	}
	fmt.Fprintf(&b, "%s: %s\n\n", w.paint(color, severity), clipped(d.Summary))
	if d.Subject != nil {
		w.place(&b, d)
	}
	detail, lines := d.Detail, []string(nil)
	if _, ok := d.Extra.(pipeline.Verbatim); ok {
		all := strings.Split(detail, "\n")
		detail, lines = all[0], all[1:]
	}
	if detail != "" {
		fmt.Fprintf(&b, "%s\n\n", printable.Wrap(clipped(w.forUser(detail)), w.width))
	}
	for i, line := range lines { // a line to copy: neither wrapped nor clipped
		b.WriteString(printable.Line(line) + "\n")
		if i == len(lines)-1 {
			b.WriteByte('\n')
		}
	}
	_, _ = io.WriteString(w.w, b.String()) // there is no other place to report it
}

func (w *diagnosticWriter) paint(color, text string) string {
	if !w.color || text == "" {
		return text
	}
	return color + text + "\x1b[0m"
}

// place prints the place of a diagnostic, and the lines there.
func (w *diagnosticWriter) place(b *strings.Builder, d *hcl.Diagnostic) {
	file := w.files[d.Subject.Filename]
	fmt.Fprintf(b, "  on %s line %d", clipped(d.Subject.Filename), d.Subject.Start.Line)
	if file == nil || file.Bytes == nil {
		b.WriteString(":\n  (source code not available)\n\n")
		return
	}
	if nav, ok := file.Nav.(interface{ ContextString(offset int) string }); ok {
		if in := nav.ContextString(d.Subject.Start.Byte); in != "" {
			b.WriteString(", in " + clipped(in))
		}
	}
	b.WriteString(":\n")
	whole := *d.Subject
	if d.Context != nil {
		whole = hcl.RangeOver(whole, *d.Context)
	}
	starts := w.starts(d.Subject.Filename, file.Bytes)
	before := 0
	for _, n := range excerpted(lineOf(starts, whole.Start.Byte), lineOf(starts, whole.End.Byte-1), lineOf(starts, d.Subject.Start.Byte)) {
		if before > 0 && n > before+1 {
			b.WriteString("      …\n")
		}
		before = n
		w.excerpt(b, file.Bytes, starts, n, d.Subject.Start.Byte, max(d.Subject.End.Byte, d.Subject.Start.Byte+1))
	}
	b.WriteByte('\n')
}

// starts returns the offsets at which the lines of a file begin.
func (w *diagnosticWriter) starts(name string, src []byte) []int {
	if found, ok := w.lines[name]; ok {
		return found
	}
	all := make([]int, 1, bytes.Count(src, []byte{'\n'})+1)
	for i, c := range src {
		if c == '\n' {
			all = append(all, i+1)
		}
	}
	w.lines[name] = all
	return all
}

// lineOf returns the number of the line with an offset, from 1.
func lineOf(starts []int, offset int) int {
	n, found := slices.BinarySearch(starts, offset)
	if found {
		n++
	}
	return max(n, 1)
}

// excerpted returns the lines to show out of first to last: the first one, which
// begins the block, and those from the subject on.
func excerpted(first, last, subject int) []int {
	var all []int
	for n := first; n <= last && len(all) < MaxExcerpt; n++ {
		if n == first+1 && last-first >= MaxExcerpt && subject > n {
			n = subject
		}
		all = append(all, n)
	}
	if len(all) == 0 {
		return []int{subject}
	}
	return all
}

// excerpt prints one line, as much of it as fits around the place.
func (w *diagnosticWriter) excerpt(b *strings.Builder, src []byte, starts []int, n, from, to int) {
	begin, end := starts[n-1], len(src)
	if n < len(starts) {
		end = starts[n] - 1
	}
	// Spaces at the end replace text that is not shown, and would reveal its length.
	line := bytes.TrimRight(src[begin:end], " \t\r")
	from, to = min(max(from-begin, 0), len(line)), min(max(to-begin, 0), len(line))
	head, tail := 0, len(line)
	if len(line) > maxColumns {
		head = runeStart(line, min(max(from-maxColumns/4, 0), len(line)-maxColumns))
		tail = runeStart(line, head+maxColumns)
		from, to = min(max(from, head), tail), min(max(to, head), tail)
	}
	fmt.Fprintf(b, "%4d: ", n)
	if head > 0 {
		b.WriteString("…")
	}
	b.WriteString(visible(line[head:from]) + w.paint("\x1b[1;4m", visible(line[from:to])) + visible(line[to:tail]))
	if tail < len(line) {
		b.WriteString("…")
	}
	b.WriteByte('\n')
}

func runeStart(line []byte, i int) int {
	for i > 0 && i < len(line) && !utf8.RuneStart(line[i]) {
		i--
	}
	return i
}

// visible returns a piece of a source line without hidden characters, except tabs.
func visible(piece []byte) string {
	parts := strings.Split(string(piece), "\t")
	for i := range parts {
		parts[i] = printable.Line(parts[i])
	}
	return strings.Join(parts, "\t")
}

// clipped returns a string as one line. If it is very long, the middle is left out,
// because the end says what to do.
func clipped(s string) string {
	s = printable.Line(s)
	if len(s) <= maxWord {
		return s
	}
	words := strings.Split(s, " ")
	for i, word := range words {
		words[i] = middle(word, maxWord)
	}
	return middle(strings.Join(words, " "), maxText)
}

// middle cuts the middle out of a string that is longer than most characters.
func middle(s string, most int) string {
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most*2/3]) + "…" + string(runes[len(runes)-most/4:])
}
