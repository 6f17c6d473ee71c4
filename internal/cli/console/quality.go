package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/problem"
)

// An issue is a problem or warning in a code quality report
// (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
type issue struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"` // the code of the problem
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"` // relative to the repository's root
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// severity returns the severity of a problem. Warnings are minor.
func severity(kind problem.Kind) string {
	switch kind {
	case problem.Integrity:
		return "blocker"
	case problem.Fault:
		return "critical"
	case problem.Unavailable, problem.Interrupted:
		return "info" // nothing in the repository has to change
	}
	return "major"
}

// issues returns the problems and warnings of all targets. A problem that several targets have is one issue.
func (c *Console) issues() []issue {
	q := &quality{
		console: c, at: make(map[Problem]int), equal: make(map[string]int), all: []issue{},
		lines: make(map[string][][]byte), passages: make(map[string]passage),
	}
	if c.Files != nil {
		q.files = c.Files()
	}
	for i := range c.answer.targets {
		t := &c.answer.targets[i]
		for _, p := range t.Problems {
			q.add(t, p, severity(p.Kind))
		}
		for _, p := range t.Warnings {
			q.add(nil, p, "minor")
		}
	}
	if len(c.answer.targets) > 1 {
		for i, names := range q.names {
			q.all[i].Description += enumerated(names)
		}
	}
	return q.all
}

// quality is a code quality report in progress.
type quality struct {
	console *Console
	files   map[string]*hcl.File
	all     []issue
	names   [][]string      // of the targets of each issue
	at      map[Problem]int // index of an issue
	equal   map[string]int  // number of issues with the same words in the same place

	lines    map[string][][]byte // of files
	passages map[string]passage  // by place
}

func (q *quality) add(t *Target, p Problem, severity string) {
	i, known := q.at[p]
	if !known {
		i = len(q.all)
		q.at[p] = i
		q.all, q.names = append(q.all, q.issue(p, severity)), append(q.names, nil)
	}
	if t != nil && t.names() != "" {
		q.names[i] = append(q.names[i], t.names())
	}
}

func (q *quality) issue(p Problem, severity string) issue {
	one := issue{Description: clipped(p.Summary + ": " + p.Detail), CheckName: p.Code, Severity: severity}
	file := p.File
	if file == "" {
		file = q.manifest()
	}
	one.Location.Path = q.console.inRepository(file)
	one.Location.Lines.Begin = max(p.Line, 1)
	source := q.source(p)
	words := strings.Join([]string{p.Code, one.Location.Path, source.block, source.line, numbers.ReplaceAllString(p.Detail, "0")}, "\x00")
	q.equal[words]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", words, q.equal[words]))
	one.Fingerprint = hex.EncodeToString(sum[:])
	return one
}

// numbers in a detail are left out of the fingerprint: line numbers change with every edit above a problem, and counts
// with every other problem.
var numbers = lazyregexp.New(`[0-9]+`)

// A passage is the block and the line of a manifest that a problem is about, without its indentation.
type passage struct{ block, line string }

// source returns the passage of a problem. Several problems can be about one.
func (q *quality) source(p Problem) passage {
	at := place(p.File, p.Line)
	found, known := q.passages[at]
	if !known {
		found = q.passage(p.File, p.Line)
		q.passages[at] = found
	}
	return found
}

func (q *quality) passage(name string, n int) passage {
	file := q.files[name]
	if file == nil || n == 0 {
		return passage{}
	}
	lines, known := q.lines[name]
	if !known {
		lines = bytes.SplitAfter(file.Bytes, []byte{'\n'})
		q.lines[name] = lines
	}
	if len(lines) < n {
		return passage{}
	}
	offset := 0
	for _, before := range lines[:n-1] {
		offset += len(before)
	}
	line := lines[n-1]
	found := passage{line: string(bytes.TrimSpace(line))}
	if nav, ok := file.Nav.(interface{ ContextString(offset int) string }); ok {
		found.block = nav.ContextString(offset + len(line) - len(bytes.TrimLeft(line, " \t")))
	}
	return found
}

// manifest returns the file for a problem that is in none, because an issue without a file is not valid.
func (q *quality) manifest() string {
	name := q.console.reports.manifest
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return name
	}
	for _, file := range slices.Sorted(maps.Keys(q.files)) {
		return file
	}
	if name == "" {
		return DefaultManifest
	}
	return filepath.Clean(name)
}
