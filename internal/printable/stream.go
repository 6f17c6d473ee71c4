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

// A Stream is an output of a process, for a person, the log of a CI, or a program.
// It is not an io.Writer: the caller says what kind of text it writes. Each write
// must have whole characters. A Stream is safe for concurrent use.
//
// No text in it is a command to a CI: not ::name:: at the beginning of a line, after
// any spaces, which is for GitHub
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands),
// and not ##[name], ##vso[ or ##teamcity[ anywhere, which are for GitHub, Azure
// Pipelines and TeamCity. GitLab's sections need control characters.
type Stream struct {
	Colors bool // it is a terminal that shows colors; see Color

	mu     sync.Mutex
	w      io.Writer
	line   line
	within bool // a line has begun
}

// New returns a Stream that writes to w. The rest of the program writes to w only
// through it.
func New(w io.Writer) *Stream { return &Stream{w: w} }

// Printf prints text. Only the format can break lines, as with Sprintf.
func (s *Stream) Printf(format string, args ...any) error {
	return s.write([]byte(Sprintf(format, args...)), text)
}

// Text returns a writer for text that already has lines.
func (s *Stream) Text() io.Writer { return form{s, text} }

// Styled is Text, but keeps escape sequences that style text.
func (s *Stream) Styled() io.Writer { return form{s, styled} }

// Color writes a string of bundle's own in a color if the Stream shows colors. The color is an SGR parameter (ECMA-48,
// 8.3.117: 31 red, 32 green, 33 yellow).
func (s *Stream) Color(color int, ours string) error {
	if s.Colors {
		ours = fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, ours)
	}
	return s.write([]byte(ours), styled)
}

// JSON returns a writer for a JSON document. It escapes hidden characters in strings.
func (s *Stream) JSON() io.Writer { return form{s, json} }

// HTML returns a writer for an HTML page. It breaks commands with character
// references.
func (s *Stream) HTML() io.Writer { return form{s, html} }

// Verbatim returns a writer for text that must not change, such as the content of a
// file or a script. Check text from elsewhere with Command first.
func (s *Stream) Verbatim() io.Writer { return form{s, verbatim} }

// Commands returns a writer for bundle's own commands to a CI, one per line.
func (s *Stream) Commands() io.Writer { return form{s, commands} }

// Aside returns a Stream that holds its text until Release.
func (s *Stream) Aside() *Stream { return New(&held{of: s}) }

// Release writes the text of an Aside of this Stream, if any, below a heading.
func (s *Stream) Release(aside *Stream, heading string) error {
	h := aside.w.(*held)
	if h.Len() == 0 {
		return nil
	}
	if err := s.write([]byte(heading), text); err != nil {
		return err
	}
	defer h.Reset()
	return s.write(h.Bytes(), verbatim) // a Stream has filtered it
}

type held struct {
	bytes.Buffer
	of *Stream
}

func (h *held) Fd() uintptr { return h.of.Fd() }

// Fd returns the descriptor of the file behind the Stream, if there is one, to find
// out whether it is a terminal.
func (s *Stream) Fd() uintptr {
	if f, ok := s.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// Screen returns the writer behind the Stream, for drawing on a terminal.
func (s *Stream) Screen() io.Writer { return s.w }

// A kind is a kind of text.
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

// filter returns b without commands and without hidden characters.
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
			out = utf8.AppendRune(out, r) // Replacement for invalid UTF-8
		}
		i += size
	}
	return out
}

// style returns the length of the style sequence that b begins with.
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

// replace writes the replacement of a hidden character.
func (k kind) replace(out []byte, r rune) []byte {
	if k == json {
		return escape(out, r)
	}
	return utf8.AppendRune(out, Replacement)
}

// separate writes a character that would complete a command: separated from the text
// before it, or escaped as the kind of document allows.
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

// escape writes a character as a JSON escape sequence.
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
