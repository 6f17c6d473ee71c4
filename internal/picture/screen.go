package picture

import (
	"fmt"
	"strings"
)

// A Screen is what a terminal shows of what programs write to it: text, carriage returns, line feeds, and the few escape
// sequences that bundle uses. It never wraps a line.
type Screen struct {
	columns int
	lines   [][]cell
	at      int // the column of the cursor, which is in the last line
	class   string
}

// A cell is a character and the CSS class of its color.
type cell struct {
	char  rune
	class string
}

// colors are the classes of the colors (ECMA-48, 8.3.117).
var colors = map[string]string{"0": "", "31": "red", "32": "green", "33": "yellow"}

// NewScreen returns an empty screen of so many columns.
func NewScreen(columns int) *Screen { return &Screen{columns: columns, lines: make([][]cell, 1)} }

// Show shows what a program writes, or fails at the first part that it cannot show: another escape sequence, or a line that is too
// long.
func (s *Screen) Show(text string) error {
	for text != "" {
		if sequence, found := strings.CutPrefix(text, "\x1b["); found {
			end := strings.IndexFunc(sequence, func(r rune) bool { return r >= '@' })
			if end < 0 {
				return fmt.Errorf("an escape sequence does not end: %q", text)
			}
			if err := s.escape(sequence[:end], sequence[end]); err != nil {
				return err
			}
			text = sequence[end+1:]
			continue
		}
		r := []rune(text[:min(len(text), 4)])[0]
		text = strings.TrimPrefix(text, string(r))
		if err := s.put(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Screen) escape(parameter string, command byte) error {
	line := &s.lines[len(s.lines)-1]
	class, known := colors[parameter]
	switch {
	case command == 'm' && known:
		s.class = class
	case command == 'K' && parameter == "0":
		*line = (*line)[:min(s.at, len(*line))]
	case command == 'K' && parameter == "2":
		*line = nil
	default:
		return fmt.Errorf("the escape sequence %s%c is unknown", parameter, command)
	}
	return nil
}

func (s *Screen) put(r rune) error {
	line := &s.lines[len(s.lines)-1]
	switch {
	case r == '\r':
		s.at = 0
	case r == '\n':
		s.lines = append(s.lines, nil)
	case r < ' ' || r == 0xfffd:
		return fmt.Errorf("the character %q cannot be shown", r)
	case s.at >= s.columns:
		return fmt.Errorf("a line has more than %d columns", s.columns)
	default:
		for len(*line) <= s.at {
			*line = append(*line, cell{char: ' '})
		}
		(*line)[s.at] = cell{r, s.class}
		s.at++
	}
	return nil
}

// shown returns the lines without what is empty at the end.
func (s *Screen) shown() [][]cell {
	last := len(s.lines)
	for last > 0 && len(s.lines[last-1]) == 0 {
		last--
	}
	return s.lines[:last]
}

// String returns what is shown as text.
func (s *Screen) String() string {
	var b strings.Builder
	for _, line := range s.shown() {
		for _, c := range line {
			b.WriteRune(c.char)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
