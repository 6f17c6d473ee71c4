// Package printable keeps what others say from being more than text: in a
// terminal, in the log of a CI, in the eyes of a reviewer. Manifests, names,
// files, flags and AWS are others.
package printable

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Replacement stands for a character that is not shown as it is.
const Replacement = '\ufffd'

// Hidden says whether a character does something else than be seen: it controls,
// ends a line, turns the direction of writing, joins or separates unseen, or is
// not a character. A reader would miss it, and some programs take texts with and
// without it for equal: .NET compares so, and with it GitHub's runner where it
// looks for commands.
func Hidden(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case r == utf8.RuneError:
		return false // what Replacement shows
	case r == 0x2800, r == 0x1d159: // a Braille pattern without dots, a note without a head
		return true
	case r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef: // no characters
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Line makes a text one line of what can be seen.
func Line(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, Hidden) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if Hidden(r) {
			return Replacement
		}
		return r
	}, s) // which makes Replacement of what is not UTF-8
}

// Name is a name in a sentence of ours: as it is where it is plain, else quoted.
func Name(s string) string {
	plain := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./", r))
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return Line(strconv.Quote(s)) // which leaves some that are hidden
}

// Names are names in a sentence of ours.
func Names(all []string) string {
	named := make([]string, len(all))
	for i, s := range all {
		named[i] = Name(s)
	}
	return strings.Join(named, ", ")
}

// Sprintf is fmt.Sprintf, but only the format makes lines: each argument is one
// line of what can be seen. %q shows what an argument really has.
func Sprintf(format string, args ...any) string {
	lines := make([]any, len(args))
	for i, a := range args {
		lines[i] = argument{a}
	}
	return fmt.Sprintf(format, lines...)
}

// An argument is formatted as what it holds, in one line.
type argument struct{ value any }

// Format implements fmt.Formatter.
func (a argument) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, Line(fmt.Sprintf(fmt.FormatString(f, verb), a.value)))
}
