package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// onTerminal runs bundle with standard output on a terminal of so many columns, and
// returns what the terminal gets.
func onTerminal(t *testing.T, columns uint16, environ []string, args ...string) string {
	t.Helper()
	return terminalOf(t, columns, func(terminal *os.File) {
		var diagnostics bytes.Buffer
		a := newApp(&console.Console{
			Args: append([]string{"bundle"}, args...), Environ: environ, Stdin: strings.NewReader(""), Stdout: printable.New(terminal), Stderr: printable.New(&diagnostics),
		}, nil)
		if code := a.run(t.Context()); code != console.ExitDone {
			t.Errorf("%q: exit code %d\n%s", args, code, &diagnostics)
		}
	})
}

// terminalOf returns what a terminal of so many columns gets from run.
func terminalOf(t *testing.T, columns uint16, run func(*os.File)) string {
	t.Helper()
	return strings.ReplaceAll(needs.Shown(t, columns, run), "\r\n", "\n")
}

func TestTheProgressBarFitsTheTerminal(t *testing.T) {
	for _, columns := range []uint16{20, 40, 80} {
		manifest := sampleManifest(t)
		got := terminalOf(t, columns, func(terminal *os.File) {
			args := []string{"bundle", "--manifest", manifest, "--env", "local", "--out", filepath.Join(filepath.Dir(manifest), "layer.zip")}
			var out bytes.Buffer
			a := newApp(&console.Console{Args: args, Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(terminal)}, nil)
			if code := a.run(t.Context()); code != console.ExitDone {
				t.Errorf("exit code %d", code)
			}
		})
		drawn, last := 0, 0
		got = strings.NewReplacer("\x1b[0K", "", "\x1b[2K", "").Replace(got)
		for _, line := range strings.Split(got, "\r") {
			before, after, ok := strings.Cut(line, "%")
			if !ok {
				continue
			}
			drawn++
			percent, err := strconv.Atoi(before[strings.LastIndex(before, " ")+1:])
			bar := strings.Count(after, "█") + strings.Count(after, " ")
			if width := utf8.RuneCountInString(line); err != nil || percent < last || percent > 99 || width >= int(columns) || bar < 8 {
				t.Errorf("in %d columns, %q has %d after %d%%", columns, line, width, last)
			}
			last = percent
		}
		if drawn < 4 || last < 50 {
			t.Errorf("in %d columns, %d bars are drawn, the last with %d%%:\n%q", columns, drawn, last, got)
		}
	}
}

// A screen is what a terminal shows of a text with the control characters of the progress bar.
type screen struct {
	columns int
	rows    []string
	wrapped int // rows that were not begun by the text
}

const clearRow, clearRest = '\uE000', '\uE001' // instead of escape sequences

func shown(t *testing.T, columns int, text string) screen {
	t.Helper()
	s := screen{columns: columns, rows: []string{""}}
	row, at := []rune{}, 0
	end := func() {
		s.rows[len(s.rows)-1] = strings.TrimRight(string(row), " ")
		s.rows, row, at = append(s.rows, ""), nil, 0
	}
	text = strings.NewReplacer("\x1b[2K", string(clearRow), "\x1b[0K", string(clearRest)).Replace(text)
	for _, r := range text {
		switch {
		case r == clearRow:
			row = []rune(strings.Repeat(" ", at))
		case r == clearRest:
			row = row[:min(at, len(row))]
		case r == '\r':
			at = 0
		case r == '\n':
			end()
		case r < ' ':
			t.Fatalf("%q is not known here", r)
		default:
			if at == s.columns {
				end()
				s.wrapped++
			}
			if at == len(row) {
				row = append(row, ' ')
			}
			row[at] = r
			at++
		}
	}
	end()
	s.rows = s.rows[:len(s.rows)-1]
	return s
}

// TestTheProgressBarLeavesNothingBehind: in any terminal, also in one that is made narrower meanwhile.
func TestTheProgressBarLeavesNothingBehind(t *testing.T) {
	for columns := 1; columns <= 120; columns++ {
		got := terminalOf(t, 200, func(terminal *os.File) {
			bar := (&console.Console{Stderr: printable.New(terminal)}).NewBar(2)
			if columns%2 == 0 { // else the terminal says how wide it is before the bar is drawn
				bar.Of("staging us-east-1 a-function-with-a-long-name").Progress(pipeline.StepPreflight, 0, 3)
				_, _ = terminal.WriteString("\r\n") // what a terminal does with the frame meanwhile is not our concern
			}
			needs.Resize(t, terminal, uint16(columns))
			for _, target := range []string{"staging us-east-1 a-function-with-a-long-name", "dev"} {
				for _, step := range pipeline.Steps() {
					bar.Of(target).Progress(step, 0, 20)
					bar.Of(target).Progress(step, 20, 20)
				}
			}
			bar.Finish()
		})
		if columns%2 == 0 {
			_, got, _ = strings.Cut(got, "\n")
		}
		if s := shown(t, columns, got); s.wrapped > 0 || len(s.rows) != 1 || s.rows[0] != "" {
			t.Errorf("%d columns: %d rows, %d of them wrapped:\n%q", columns, len(s.rows), s.wrapped, s.rows)
		}
		if drawn := strings.Contains(got, "%"); drawn != (columns >= 12) {
			t.Errorf("%d columns: a bar is drawn: %t", columns, drawn)
		}
	}
}

// TestSeveralTargetsLeaveOnlyTheirMessages: the result is the same in every terminal.
func TestSeveralTargetsLeaveOnlyTheirMessages(t *testing.T) {
	for _, columns := range []int{20, 40, 200} {
		manifest := sampleManifest(t)
		got := terminalOf(t, uint16(columns), func(terminal *os.File) {
			args := []string{"bundle", "plan", "--manifest", manifest, "--env", "local", "--env", "other", "--out", "{environment}.zip"}
			a := newApp(&console.Console{Args: args, Stdin: strings.NewReader(""), Stdout: printable.New(io.Discard), Stderr: printable.New(terminal)}, nil)
			if code := a.run(t.Context()); code != console.ExitDone {
				t.Errorf("exit code %d", code)
			}
		})
		messages := "bundle: local us-east-1:\nbundle: first build: local.zip does not exist yet\n" +
			"bundle: other us-east-1:\nbundle: first build: other.zip does not exist yet\n"
		want := shown(t, columns, messages)
		if s := shown(t, columns, got); !slices.Equal(s.rows, want.rows) || !strings.Contains(got, "%") {
			t.Errorf("in %d columns:\n%s\nwant:\n%s", columns, strings.Join(s.rows, "\n"), strings.Join(want.rows, "\n"))
		}
	}
}

func TestADumbTerminalGetsLines(t *testing.T) {
	got := terminalOf(t, 80, func(terminal *os.File) {
		bar := (&console.Console{Environ: []string{"TERM=dumb"}, Stderr: printable.New(terminal)}).NewBar(1)
		bar.Progress(pipeline.StepSeal, 0, 2)
		bar.Progress(pipeline.StepSeal, 2, 2)
		bar.Finish()
	})
	if want := "bundle: sealing functions (2)\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAPlanHasColorsOnATerminal(t *testing.T) {
	manifest := sampleManifest(t)
	for environ, colored := range map[string]bool{"TERM=xterm": true, "NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		got := onTerminal(t, 80, []string{environ}, "plan", "--manifest", manifest, "--env", "local")
		if !strings.Contains(got, "hello: 1 secret") || strings.Contains(got, "\x1b[32m+\x1b[0m hello") != colored || strings.Contains(got, "\x1b") != colored {
			t.Errorf("with %s: %q", environ, got)
		}
	}
}

func TestHelpFitsTheTerminal(t *testing.T) {
	for _, columns := range []uint16{50, 132} {
		if got := onTerminal(t, columns, nil, "plan", "--help"); got != helpOf(t, int(columns), "bundle", "plan") {
			t.Errorf("in %d columns:\n%s", columns, got)
		}
	}
}
