package console

import (
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

const maxNamed = 8 // targets in the description of an issue

// issues returns the problems and warnings of all targets. A problem that several targets have is one issue.
func (c *Console) issues() []issue {
	q := &quality{console: c, at: make(map[Problem]int), equal: make(map[string]int), all: []issue{}}
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
	for i, names := range q.names {
		if len(names) == 0 || len(c.answer.targets) == 1 {
			continue
		}
		if rest := len(names) - maxNamed; rest > 0 {
			names = append(names[:maxNamed], fmt.Sprintf("%d more", rest))
		}
		q.all[i].Description += fmt.Sprintf(" (%s)", strings.Join(names, ", "))
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
	block, line := q.source(p)
	words := strings.Join([]string{p.Code, one.Location.Path, block, line, numbers.ReplaceAllString(p.Detail, "0")}, "\x00")
	q.equal[words]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", words, q.equal[words]))
	one.Fingerprint = hex.EncodeToString(sum[:])
	return one
}

// numbers in a detail are left out of the fingerprint: line numbers change with every edit above a problem, and counts
// with every other problem.
var numbers = lazyregexp.New(`[0-9]+`)

// source returns the block and the line of the manifest that a problem is about, without its indentation.
func (q *quality) source(p Problem) (block, line string) {
	file := q.files[p.File]
	if file == nil || p.Line == 0 {
		return "", ""
	}
	lines := strings.SplitAfterN(string(file.Bytes), "\n", p.Line+1)
	if len(lines) < p.Line {
		return "", ""
	}
	offset := 0
	for _, before := range lines[:p.Line-1] {
		offset += len(before)
	}
	line = lines[p.Line-1]
	if nav, ok := file.Nav.(interface{ ContextString(offset int) string }); ok {
		block = nav.ContextString(offset + len(line) - len(strings.TrimLeft(line, " \t")))
	}
	return block, strings.TrimSpace(line)
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
