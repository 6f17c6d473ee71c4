package sealed

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A FormatError says which rule of docs/format.md a document breaks, and
// where. Documents contain no plaintext, so the reason can quote them.
type FormatError struct {
	Rule   string // "F-12"
	Line   int    // from 1; 0 for the whole document
	Reason string
}

func (e *FormatError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("sealed document: %s (%s)", e.Reason, e.Rule)
	}
	return fmt.Sprintf("sealed document, line %d: %s (%s)", e.Line, e.Reason, e.Rule)
}

func broken(rule string, line int, format string, args ...any) error {
	return &FormatError{Rule: rule, Line: line, Reason: fmt.Sprintf(format, args...)}
}

// The lines before the first source: the format word and five settings.
const firstSource = 7

// check checks a header against every rule, except those about its bytes. Line
// numbers are those of its canonical form.
func (h Header) check() error {
	names := []struct{ what, value string }{
		{"bundle", h.Bundle}, {"environment", h.Environment}, {"function", h.Function}, {"name", h.Name},
	}
	for i, n := range names {
		if !ValidName(n.value) {
			return broken("F-7", i+2, "%q is not a valid value for %s", n.value, n.what)
		}
	}
	if h.Mode != Pack && h.Mode != Blind {
		return broken("F-9", 6, "%q is not a valid mode", string(h.Mode))
	}
	if n := len(h.Sources); n < 1 || n > MaxSources {
		return broken("F-10", firstSource, "expected 1 to %d source lines, found %d", MaxSources, n)
	}
	for i := range h.Sources {
		if err := h.checkSource(i); err != nil {
			return err
		}
	}
	return h.checkBoxes()
}

func (h Header) checkSource(i int) error {
	s, line := h.Sources[i], firstSource+i
	switch {
	case !ValidSecret(s.Secret):
		return broken("F-8", line, "%q is not a valid secret name", s.Secret)
	case i > 0 && h.Sources[i-1].Secret >= s.Secret:
		return broken("F-10", line, "the source line of %s is out of order", s.Secret)
	case s.Encoding != "text" && s.Encoding != "base64":
		return broken("F-11", line, "%q is not a valid encoding", s.Encoding)
	}
	if err := h.checkVersion(s, line); err != nil {
		return err
	}
	switch {
	case !validDate(s.Modified):
		return broken("F-14", line, "the date must be in years 0 to 9999 and in whole milliseconds")
	case s.Field != "" && !strings.HasPrefix(s.Field, "/") && !validField(s.Field):
		return broken("F-15", line, "%q is not a valid field", s.Field)
	case s.Field != "" && h.Mode == Blind:
		return broken("F-15", line, "a blind document cannot have fields")
	case strings.HasPrefix(s.Field, "/") && !validList(s.Field):
		return broken("F-38", line, "%q is not a valid field in the list form", clip(s.Field))
	case s.Checks != "" && !validChecks(s.Checks):
		return broken("F-34", line, "%q is not a valid list of checks", s.Checks)
	case s.Checks != "" && h.Mode == Blind:
		return broken("F-34", line, "a blind document cannot have checks")
	}
	return nil
}

// checkVersion checks the ARN and the version of a source.
func (h Header) checkVersion(s Source, line int) error {
	switch {
	case s.ID == "" && !validParameterARN(s.ARN):
		return broken("F-12", line, "%q is not the ARN of a parameter", s.ARN)
	case s.ID == "" && s.Version < 1:
		return broken("F-13", line, "%d is not a valid version", s.Version)
	case s.ID != "" && !validSecretARN(s.ARN):
		return broken("F-36", line, "%q is not the full ARN of a secret", clip(s.ARN))
	case s.ID != "" && h.Mode == Blind:
		return broken("F-36", line, "a blind document cannot have secrets of Secrets Manager")
	case s.ID != "" && (!validID(s.ID) || s.Version != 0):
		return broken("F-37", line, "%q is not a valid version ID", clip(s.ID))
	}
	return nil
}

// validID reports whether s has the form of the ID of a secret's version.
func validID(s string) bool { return len(s) >= 32 && len(s) <= 64 && only(s, "-_.") }

func validChecks(s string) bool {
	const most = 128
	return len(s) <= most && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_=,") == ""
}

func validDate(t time.Time) bool {
	return t.Year() >= 0 && t.Year() <= 9999 && t.Equal(t.Truncate(time.Millisecond))
}

// checkBoxes checks the boxes against F-16, F-17 and F-18. The checks of order
// do not find a secret that is listed twice, but seen does.
func (h Header) checkBoxes() error {
	first := firstSource + len(h.Sources)
	if n := len(h.Boxes); n < 1 || n > MaxBoxes {
		return broken("F-16", first, "expected 1 to %d box lines, found %d", MaxBoxes, n)
	}
	seen := make(map[string]bool, len(h.Sources))
	for i, box := range h.Boxes {
		line := first + i
		if err := h.checkBox(i, line); err != nil {
			return err
		}
		if box.Part > 1 {
			continue
		}
		for _, name := range box.Secrets {
			if _, ok := h.Source(name); !ok {
				return broken("F-16", line, "%s has no source line", clip(name))
			}
			if seen[name] {
				return broken("F-16", line, "%s is listed more than once", clip(name))
			}
			seen[name] = true
		}
	}
	for i, s := range h.Sources {
		if !seen[s.Secret] {
			return broken("F-16", firstSource+i, "%s is not in any box", s.Secret)
		}
	}
	return nil
}

func (h Header) checkBox(i, line int) error {
	box := h.Boxes[i]
	var before Box
	if i > 0 {
		before = h.Boxes[i-1]
	}
	continues := before.Parts > 0 && before.Part < before.Parts
	switch {
	case len(box.Secrets) == 0:
		return broken("F-16", line, "the box names no secret")
	case h.Mode == Blind && (box.Parts != 0 || len(box.Secrets) != 1):
		return broken("F-18", line, "a blind box must contain exactly one whole secret")
	case !slices.IsSorted(box.Secrets):
		return broken("F-17", line, "the names in the box are out of order")
	case box.Part < 0, box.Part > box.Parts, box.Parts > MaxBoxes:
		return broken("F-16", line, "%d/%d is not a valid part", box.Part, box.Parts)
	case box.Parts > 0 && (len(box.Secrets) != 1 || box.Part < 1):
		return broken("F-16", line, "a part must belong to exactly one secret")
	case continues && (box.Parts != before.Parts || box.Part != before.Part+1 || box.Secrets[0] != before.Secrets[0]):
		return broken("F-16", line, "part %d/%d of %s is missing", before.Part+1, before.Parts, clip(before.Secrets[0]))
	case !continues && box.Part > 1:
		return broken("F-16", line, "part 1/%d of %s is missing", box.Parts, clip(box.Secrets[0]))
	case !continues && i > 0 && before.Secrets[0] >= box.Secrets[0]:
		return broken("F-17", line, "the box of %s is out of order", clip(box.Secrets[0]))
	case i == len(h.Boxes)-1 && box.Part < box.Parts:
		return broken("F-16", line, "the last part of %s is missing", clip(box.Secrets[0]))
	}
	return nil
}

// ValidName reports whether s is valid as the name of a bundle, an environment
// or a function (F-7).
func ValidName(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && only(s, "_-") && s[0] != '_' && s[0] != '-'
}

// ValidSecret reports whether s is valid as the name of a secret (F-8).
func ValidSecret(s string) bool {
	return len(s) >= 2 && len(s) <= 128 && only(s, "_") && isLetter(s[0])
}

func validField(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !validSegment(part) {
			return false
		}
	}
	return true
}

// validSegment reports whether a key can be part of a field in the dotted form.
func validSegment(s string) bool { return s != "" && s[0] != '-' && only(s, "_-") }

// validList reports whether s is a field in the list form (F-38).
func validList(s string) bool {
	needed := false
	for key := range strings.SplitSeq(s[1:], "/") {
		needed = needed || !validSegment(key)
		if !validKey(key) {
			return false
		}
	}
	return needed && len(s) <= MaxField
}

// validKey reports whether s is a key of the list form: of one byte or more, and
// escaped where F-38 says, and only there.
func validKey(s string) bool {
	key := make([]byte, 0, len(s))
	for len(s) > 0 {
		c, n := s[0], 1
		escape := c == '%'
		if escape {
			digits := s[1:min(len(s), 3)]
			b, err := hex.DecodeString(digits)
			if err != nil || len(b) != 1 || digits != strings.ToUpper(digits) {
				return false
			}
			c, n = b[0], 3
		}
		if escape == unreserved(c) {
			return false
		}
		key, s = append(key, c), s[n:]
	}
	return len(key) > 0 && utf8.Valid(key)
}

// unreserved reports whether c is an unreserved character of RFC 3986.
func unreserved(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0
}

// only reports whether s consists only of ASCII letters, digits and the
// characters of extra.
func only(s, extra string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && strings.IndexByte(extra, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
