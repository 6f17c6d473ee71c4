package actions

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/internal/printable"
)

// An Output is a value that a step hands to later ones.
type Output struct{ Name, Value string }

// WriteOutputs appends outputs to the file that GITHUB_OUTPUT names. Each value
// stands between random delimiters, so that no value can end itself and begin
// another output
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings).
// Names must be letters, digits, - and _; at most 1 MiB is read of a job's
// outputs.
func WriteOutputs(path string, outputs []Output) error {
	var b strings.Builder
	for _, o := range outputs {
		if strings.Trim(o.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || o.Name == "" {
			return fmt.Errorf("%q is not a valid output name", o.Name)
		}
		delimiter := "bundle-" + rand.Text()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	return appendTo(path, b.String())
}

// MaxSummary is how many bytes of a step's summary GitHub shows; a longer one
// is not shown at all.
const MaxSummary = 1 << 20

// WriteSummary appends Markdown to the file that GITHUB_STEP_SUMMARY names. One
// that is too long is cut at a line's end, and says so.
func WriteSummary(path, markdown string) error {
	const note = "\n\n(The summary is truncated here.)\n"
	if len(markdown) > MaxSummary-len(note) {
		markdown = markdown[:MaxSummary-len(note)]
		markdown = markdown[:strings.LastIndexByte(markdown, '\n')+1] + note
	}
	return appendTo(path, markdown)
}

// reference is what GitHub links to an issue.
var reference = lazyregexp.New(`#\d|(?i:\bgh-\d)`)

// appendTo appends to a file or a device. To open a pipe would be to wait for its
// reader.
func appendTo(path, text string) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDir) != 0 {
		return errors.New("it is not a regular file")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// Cell makes a text fit into a cell of a Markdown table, as itself: no markup
// and no link, no mention, no reference to an issue, no end of the row. GitHub
// looks for the last two after it has read the entities, so that these get
// characters that look alike.
func Cell(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < 0x20:
			return ' '
		case printable.Hidden(r):
			return printable.Replacement
		case r == '@':
			return '\uff20'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = reference.ReplaceAllStringFunc(s, strings.NewReplacer("#", "\uff03", "-", "\u2010").Replace)
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]()<>#+-.!|~@&:/$^=", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
