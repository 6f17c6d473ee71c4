// Package printable makes text from elsewhere safe to print: in a terminal, in the
// log of a CI, and for a reviewer. Manifests, names, files, flags and AWS's replies
// are text from elsewhere.
package printable

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Replacement replaces a character that is not printed.
const Replacement = '\ufffd'

// Hidden reports whether a character is invisible: a control character, a line end,
// a change of the writing direction, an invisible joiner or separator, or no
// character at all. A reader would miss it, and some programs ignore it when they
// compare strings: .NET does, and so does GitHub's runner when it looks for commands.
func Hidden(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case r == utf8.RuneError:
		return false // Replacement itself
	case r == 0x2800, r == 0x1d159: // a Braille pattern without dots, a note without a head
		return true
	case r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef: // not characters
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Line returns a string as one line of visible characters.
func Line(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, Hidden) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if Hidden(r) {
			return Replacement
		}
		return r
	}, s) // invalid UTF-8 becomes Replacement
}

// Name returns a name for use in a message: unchanged if it is plain, else quoted.
func Name(s string) string {
	plain := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./", r))
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return Line(strconv.Quote(s)) // Quote leaves some hidden characters
}

// Names returns names for use in a message, separated by commas.
func Names(all []string) string { return list(all, ", ") }

// AnyOf returns names for use in a message, separated by "or".
func AnyOf(all []string) string { return list(all, " or ") }

func list(all []string, separator string) string {
	named := make([]string, len(all))
	for i, s := range all {
		named[i] = Name(s)
	}
	return strings.Join(named, separator)
}

// Sprintf is fmt.Sprintf, except that each argument becomes one line of visible
// characters. Only the format can break lines. %q shows the exact argument.
func Sprintf(format string, args ...any) string {
	lines := make([]any, len(args))
	for i, a := range args {
		lines[i] = argument{a}
	}
	return fmt.Sprintf(format, lines...)
}

// An argument formats its value in one line.
type argument struct{ value any }

// Format implements fmt.Formatter.
func (a argument) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, Line(fmt.Sprintf(fmt.FormatString(f, verb), a.value)))
}
