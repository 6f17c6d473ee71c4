// Package runnertest models the readers of a log. Tests ask it whether a CI would find
// a command there, and whether a person would miss something.
package runnertest

import (
	"strings"
	"unicode"
)

// It models GitHub's runner (src/Runner.Common/ActionCommand.cs and
// src/Runner.Worker/Handlers/OutputManager.cs of github.com/actions/runner), and to
// some extent the agents of Azure Pipelines and TeamCity. It is written from their
// rules, not from bundle's.

// Trimmed is .NET's char.IsWhiteSpace, which String.TrimStart uses
// (https://learn.microsoft.com/en-us/dotnet/api/system.char.iswhitespace).
func Trimmed(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r == 0x20, r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a,
		r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

// ignored reports whether a comparison by a culture's rules, such as .NET's
// String.StartsWith and IndexOf, ignores a character. U+FFFD is not ignored
// (https://learn.microsoft.com/en-us/dotnet/standard/base-types/string-comparison-net-5-plus).
func ignored(r rune) bool {
	return r < 0x20 && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x1d159 ||
		unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Mc, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Lines splits a log into lines at everything that some reader treats as a line end.
func Lines(log string) []string {
	return strings.FieldsFunc(log, func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) })
}

// Commanded returns a line of a log that a CI would obey, "" if there is none.
func Commanded(log string) string {
	for _, line := range Lines(log) {
		bare := strings.Map(func(r rune) rune {
			if ignored(r) {
				return -1
			}
			return r
		}, line)
		if strings.HasPrefix(strings.TrimLeftFunc(bare, Trimmed), "::") {
			return line
		}
		for rest := bare; ; {
			i := strings.Index(rest, "##")
			if i < 0 {
				break
			}
			rest = rest[i+1:]
			if strings.HasPrefix(strings.TrimLeftFunc(rest[1:], func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }), "[") {
				return line
			}
		}
	}
	return ""
}

// Unseen returns a character of a log that a person would not see, 0 if there is
// none.
func Unseen(log string) rune {
	for _, r := range log {
		switch {
		case r == '\n', r == '\t':
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Cf, r), unicode.In(r, unicode.Zl, unicode.Zp),
			unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), r >= 0xe0000 && r <= 0xe0fff:
			return r
		}
	}
	return 0
}
