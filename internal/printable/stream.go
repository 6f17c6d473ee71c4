package printable

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A Stream is an output of a process, which a person reads, or the log of a CI,
// or a program. It is no io.Writer: whoever writes says what it is. One write is
// whole characters. A Stream is safe for concurrent use.
//
// No text that goes through it is a command to a CI: none at the beginning of a
// line (::name::, after whatever spaces), as GitHub has them
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands),
// none anywhere of the kind ##[name], ##vso[ or ##teamcity[, as GitHub, Azure
// Pipelines and TeamCity have them. GitLab's sections need control characters.
type Stream struct {
	Colors bool // what is behind it is a terminal that takes colors; see Color

	mu     sync.Mutex
	w      io.Writer
	line   line
	within bool // a line that has begun
}

// New is the only way to w that the rest of the program has.
func New(w io.Writer) *Stream { return &Stream{w: w} }

// Printf prints text. Only the format makes lines, as with Sprintf.
func (s *Stream) Printf(format string, args ...any) error {
	return s.write([]byte(Sprintf(format, args...)), text)
}

// Text takes text that somebody else has laid out.
func (s *Stream) Text() io.Writer { return form{s, text} }

// Styled is Text, but lets through what styles text.
func (s *Stream) Styled() io.Writer { return form{s, styled} }

// Color writes a text of ours in a color, given as a number of SGR (ECMA-48, 8.3.117: 31 red, 32 green, 33 yellow), where
// the Stream takes colors.
func (s *Stream) Color(color int, ours string) error {
	if s.Colors {
		ours = fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, ours)
	}
	return s.write([]byte(ours), styled)
}

// JSON takes a document, and escapes in its strings what does not show.
func (s *Stream) JSON() io.Writer { return form{s, json} }

// HTML takes a page in whose texts nothing but entities is meant.
func (s *Stream) HTML() io.Writer { return form{s, html} }

// Verbatim takes what has to arrive as it is: a file's content, a script. See
// Command for what to do about one that others wrote.
func (s *Stream) Verbatim() io.Writer { return form{s, verbatim} }

// Commands takes the commands to a CI that are ours, a line each.
func (s *Stream) Commands() io.Writer { return form{s, commands} }

// Aside is a Stream that holds what it is given, until Release.
func (s *Stream) Aside() *Stream { return New(&held{of: s}) }

// Release writes what an Aside of this Stream has held, if anything, below a
// heading.
func (s *Stream) Release(aside *Stream, heading string) error {
	h := aside.w.(*held)
	if h.Len() == 0 {
		return nil
	}
	if err := s.write([]byte(heading), text); err != nil {
		return err
	}
	defer h.Reset()
	return s.write(h.Bytes(), verbatim) // it has been through a Stream
}

type held struct {
	bytes.Buffer
	of *Stream
}

func (h *held) Fd() uintptr { return h.of.Fd() }

// Fd is the descriptor of the file behind the Stream, if it is one, so that a
// terminal can be told.
func (s *Stream) Fd() uintptr {
	if f, ok := s.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// Screen is what is behind the Stream, for drawing on a terminal.
func (s *Stream) Screen() io.Writer { return s.w }

// A kind is what is written.
type kind int

const (
	text kind = iota
	styled
	json
	html
	verbatim
	commands
)

type form struct {
	s    *Stream
	kind kind
}

func (f form) Write(b []byte) (int, error) {
	if err := f.s.write(b, f.kind); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (s *Stream) write(b []byte, k kind) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(b) == 0:
		return nil
	case k == verbatim:
		s.line = line{begun: b[len(b)-1] != '\n'}
	case k == commands && s.within:
		b = append([]byte{'\n'}, b...)
		s.line = line{}
	case k != commands:
		b = s.filter(b, k)
	}
	s.within = b[len(b)-1] != '\n'
	_, err := s.w.Write(b)
	return err
}

// filter is b without commands, and without what does not show.
func (s *Stream) filter(b []byte, k kind) []byte {
	out := make([]byte, 0, len(b)+len(b)/16)
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch n := style(b[i:]); {
		case n > 0 && k == styled:
			out = append(out, b[i:i+n]...)
			size = n
		case n > 0:
			s.line.next(Replacement)
			out, size = k.replace(out, r), n
		case r == '\n', r == '\t':
			s.line.next(r)
			out = append(out, byte(r))
		case Hidden(r) || k == json && unicode.IsSpace(r) && r > unicode.MaxASCII:
			s.line.next(Replacement)
			out = k.replace(out, r)
		default:
			if s.line.next(r) {
				out = k.separate(out, byte(r))
				break
			}
			out = utf8.AppendRune(out, r) // Replacement for what is not UTF-8
		}
		i += size
	}
	return out
}

// style is the length of the sequence that styles text which b begins with.
func style(b []byte) int {
	if b[0] != 0x1b || !bytes.HasPrefix(b, []byte("\x1b[")) {
		return 0
	}
	n := 2
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n] == ';') {
		n++
	}
	if n < len(b) && b[n] == 'm' {
		return n + 1
	}
	return 0
}

// replace writes what stands for a character that does not show.
func (k kind) replace(out []byte, r rune) []byte {
	if k == json {
		return escape(out, r)
	}
	return utf8.AppendRune(out, Replacement)
}

// separate writes a character that would complete a command: apart from what is
// before it, or by a name that it has in the document.
func (k kind) separate(out []byte, c byte) []byte {
	switch {
	case k == json:
		return escape(out, rune(c))
	case k == html && c == ':':
		return append(out, "&#58;"...)
	case k == html:
		return append(out, "&#91;"...)
	}
	return append(out, "\u00b7"+string(rune(c))...)
}

// escape writes a character as JSON's strings may have it.
func escape(out []byte, r rune) []byte {
	units := []rune{r}
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		units = []rune{high, low}
	}
	const digits = "0123456789abcdef"
	for _, u := range units {
		out = append(out, '\\', 'u', digits[u>>12&15], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	return out
}
