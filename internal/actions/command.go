// Package actions writes annotations, outputs and summaries of a GitHub Actions
// step (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
package actions

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/internal/printable"
)

// Level is the severity of an annotation.
type Level string

// The levels that a workflow run shows.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// An Annotation is a message about a place in a file of the repository. GitHub
// shows it next to the line.
type Annotation struct {
	Level          Level
	File           string // relative to the repository's root, with slashes; "" for none
	Line, Column   int    // from 1; 0 for none
	EndLine        int    // 0 for none
	Title, Message string
}

// PerLevel is how many annotations of each level GitHub shows for a step. It
// silently drops the rest
// (https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations).
const PerLevel = 10

// Annotations remembers what a step has annotated so far. It is safe for concurrent
// use.
type Annotations struct {
	mu      sync.Mutex
	seen    map[Annotation]bool
	written map[Level]int
}

// Write writes annotations as workflow commands, each once, and at most PerLevel
// of each level in a step. It returns the new ones, and how many of them it left
// out. The step summary must show those.
func (s *Annotations) Write(w io.Writer, all []Annotation) (added []Annotation, left int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen, s.written = make(map[Annotation]bool), make(map[Level]int)
	}
	for _, a := range all {
		if s.seen[a] {
			continue
		}
		s.seen[a] = true
		added = append(added, a)
		if s.written[a.Level]++; s.written[a.Level] > PerLevel {
			left++
			continue
		}
		if _, err := fmt.Fprintln(w, a.command()); err != nil {
			return added, left, err
		}
	}
	return added, left, nil
}

// command returns an annotation as a workflow command
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
func (a Annotation) command() string {
	var properties []string
	add := func(name, value string) { properties = append(properties, name+"="+escapeProperty(value)) }
	if a.File != "" {
		add("file", a.File)
		for _, p := range []struct {
			name  string
			value int
		}{{"line", a.Line}, {"endLine", a.EndLine}, {"col", a.Column}} {
			if p.value > 0 {
				add(p.name, fmt.Sprint(p.value))
			}
		}
	}
	if a.Title != "" {
		add("title", a.Title)
	}
	command := "::" + string(a.Level)
	if len(properties) > 0 {
		command += " " + strings.Join(properties, ",")
	}
	return command + "::" + escapeData(a.Message)
}

// escapeData escapes a string for one line of a workflow command. It drops hidden
// characters except line ends, and breaks commands of another kind.
func escapeData(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\r' && printable.Hidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = older.ReplaceAllString(s, "$1\u00b7[")
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// older matches commands of the older form, which can be anywhere in a line.
var older = lazyregexp.New(`(##\pM*[A-Za-z]*)\[`)

func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}
