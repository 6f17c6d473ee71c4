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

// An Output is a value that a step passes to later steps.
type Output struct{ Name, Value string }

// WriteOutputs appends outputs to the file that GITHUB_OUTPUT names. Each value
// is between random delimiters, so that no value can end itself and begin another
// output
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings).
// Names must consist of letters, digits, - and _. GitHub reads at most 1 MiB of a
// job's outputs.
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

// MaxSummary is the maximum size of a step's summary in bytes. GitHub does not show
// a longer one.
const MaxSummary = 1 << 20

// WriteSummary appends Markdown to the file that GITHUB_STEP_SUMMARY names, as Clip
// returns it.
func WriteSummary(path, markdown string) error { return appendTo(path, Clip(markdown)) }

// Clip truncates Markdown that is longer than MaxSummary at the end of a line, with a
// note.
func Clip(markdown string) string {
	const note = "\n\n(The summary is truncated here.)\n"
	if len(markdown) > MaxSummary {
		markdown = markdown[:MaxSummary-len(note)]
		markdown = markdown[:strings.LastIndexByte(markdown, '\n')+1] + note
	}
	return markdown
}

// reference matches what GitHub links to an issue, and GitLab to a merge request, a
// snippet, an epic, a milestone or a label
// (https://docs.gitlab.com/user/markdown/#gitlab-specific-references).
var reference = lazyregexp.New(`[#!$&]\d|(?i:\bgh-\d)|[%~][\w"]`)

// appendTo appends to a file or a device. It refuses a pipe, because opening one
// would wait for a reader.
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

// Cell escapes a string for a cell of a Markdown table, so that it is shown as it
// is: no markup, link, mention or reference to an issue, and no end of the row.
// GitHub and GitLab look for references after they have decoded entities, so these
// get characters that look the same.
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
	s = reference.ReplaceAllStringFunc(s, func(found string) string {
		if prefix, number, ok := strings.Cut(found, "-"); ok {
			return prefix + "\u2010" + number
		}
		const fullWidth = 0xfee0 // from a character of ASCII to its full-width form
		return string(rune(found[0])+fullWidth) + found[1:]
	})
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
