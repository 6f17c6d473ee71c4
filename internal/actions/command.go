// Package actions speaks to GitHub Actions: annotations, outputs and summaries of a
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

// Level is how bad an annotation is.
type Level string

// The levels that a workflow run shows.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// An Annotation is a message at a place of a file of the repository, which
// GitHub shows beside the line.
type Annotation struct {
	Level          Level
	File           string // relative to the repository's root, with slashes; "" for none
	Line, Column   int    // from 1; 0 for none
	EndLine        int    // 0 for none
	Title, Message string
}

// PerLevel is how many annotations of each level GitHub shows for a step; it
// drops the rest without a word
// (https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations).
const PerLevel = 10

// Annotations are what a step has annotated so far. They are safe for concurrent
// use.
type Annotations struct {
	mu      sync.Mutex
	seen    map[Annotation]bool
	written map[Level]int
}

// Write writes annotations as workflow commands, each once, and at most PerLevel
// of each level in a step. It returns those that are new, and how many of them it
// left out: these belong in the step summary.
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

// command writes an annotation as GitHub reads it
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

// escapeData makes a text one line of a workflow command. What does not show but
// the line's end is dropped: nobody means it. Nor is it a command of another kind.
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

// older are the commands that a line may have anywhere.
var older = lazyregexp.New(`(##\pM*[A-Za-z]*)\[`)

func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}
