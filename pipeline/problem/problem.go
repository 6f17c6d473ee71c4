// Package problem describes what keeps a run from succeeding: who can fix it, where
// in the manifest it is, and what to do. Its table has the words for every failure
// of AWS.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Kind is the class of a Problem. It tells a release engineer who can fix it: the
// manifest's author, an administrator, or nobody but time.
type Kind string

// The kinds of problems.
const (
	Fault       Kind = "fault"       // a bug in bundle
	Manifest    Kind = "manifest"    // the manifest, a flag or a setting is wrong
	Access      Kind = "access"      // no credentials, no permission, or the wrong account
	Missing     Kind = "missing"     // a parameter, secret or key is missing or unusable
	Unavailable Kind = "unavailable" // AWS did not answer; trying again may help
	Integrity   Kind = "integrity"   // an answer or a layer is not what it must be
	Output      Kind = "output"      // the layer could not be written
	Interrupted Kind = "interrupted" // a signal stopped the run
	Partial     Kind = "partial"     // some parameters were written, others were not
)

// A Problem is one thing that keeps a run from succeeding. Its diagnostic points at
// the manifest line that caused it, if there is one, and its detail says what to do.
// It never contains a secret's value.
type Problem struct {
	Kind Kind
	hcl.Diagnostic

	// Cause is the same for problems that one change fixes. They are reported as
	// one. "" means that the problem is reported separately.
	Cause string
	About string // what it is about, for a list of problems with one cause
}

// Problems are all problems that one run found, in the order of the manifest.
type Problems []Problem

// New makes a Problem at a place in the manifest. at may be nil, or a range without
// a file, for none.
func New(kind Kind, at *hcl.Range, summary, detail string) Problem {
	if at != nil && at.Filename == "" {
		at = nil
	}
	return Problem{Kind: kind, Diagnostic: hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: at}}
}

// Warning returns the problem as a warning, for a run that continues. Kind and code stay the same.
func (p Problem) Warning() Problem {
	p.Severity = hcl.DiagWarning
	return p
}

// FromDiagnostics turns the errors among diags into problems of the manifest.
func FromDiagnostics(diags hcl.Diagnostics) Problems { return withSeverity(diags, hcl.DiagError) }

// WarningsOf returns the warnings among diags.
func WarningsOf(diags hcl.Diagnostics) Problems { return withSeverity(diags, hcl.DiagWarning) }

func withSeverity(diags hcl.Diagnostics, severity hcl.DiagnosticSeverity) Problems {
	var all Problems
	for _, d := range diags {
		if d.Severity == severity {
			all = append(all, Problem{Kind: Manifest, Diagnostic: *d})
		}
	}
	return all
}

// Sort puts problems in the order of the manifest: those without a place first, then
// by file and position. It removes duplicates, and merges the problems that have the
// same cause into the first.
func (p Problems) Sort() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.Subject == nil || b.Subject == nil {
			return cmp.Compare(rank(a), rank(b))
		}
		return cmp.Or(
			cmp.Compare(a.Subject.Filename, b.Subject.Filename),
			cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
			cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail),
		)
	})
	p = slices.CompactFunc(p, func(a, b Problem) bool {
		return a.Kind == b.Kind && a.Summary == b.Summary && a.Detail == b.Detail && SamePlace(a.Subject, b.Subject)
	})
	return p.oncePerCause()
}

// maxGathered is the largest number of manifest problems that are kept. It is more
// than one evaluation finds, which has a limit and a message of its own.
const maxGathered = 20_000

// Gathered collects the problems of a manifest in several functions and
// environments. A line that is wrong in many of them is one problem, and takes as
// much memory as a line that is wrong in one. The zero value is ready to use.
type Gathered struct {
	all  Problems
	seen map[slip]int // index in all
	full bool         // some problems were not kept
}

// A slip is one kind of error in one place of the manifest.
type slip struct {
	at      hcl.Range
	summary string
}

// Add adds problems. It keeps at most 20,000 of kind Manifest.
func (g *Gathered) Add(problems ...Problem) {
	if g.seen == nil {
		g.seen = make(map[slip]int)
	}
	for _, p := range problems {
		if p.Kind != Manifest || p.Subject == nil || p.Cause != "" {
			g.all = append(g.all, p)
			continue
		}
		s := slip{*p.Subject, p.Summary}
		if i, ok := g.seen[s]; ok {
			g.all[i].join(p)
			continue
		}
		if len(g.seen) == maxGathered {
			g.full = true
			continue
		}
		g.seen[s] = len(g.all)
		g.all = append(g.all, p)
	}
}

// elsewhere is added to the detail of a problem that its line has several times.
const elsewhere = " This line has more errors of this kind."

// join merges another problem of the same line.
func (p *Problem) join(other Problem) {
	own := strings.TrimSuffix(p.Detail, elsewhere)
	if detail := strings.TrimSuffix(other.Detail, elsewhere); detail != own {
		p.Detail = min(own, detail) + elsewhere
	} else if other.Detail != own {
		p.Detail = other.Detail
	}
}

// Len returns how many problems are kept.
func (g *Gathered) Len() int { return len(g.all) }

// Sorted returns the problems in the order of [Problems.Sort]. If some were not
// kept, the first problem says so.
func (g *Gathered) Sorted() Problems {
	p := slices.Clone(g.all).Sort()
	if g.full {
		p = slices.Insert(p, 0, New(Manifest, nil, "Too many problems", fmt.Sprintf("The manifest has more than %d problems, and the rest are not listed. Correct these first.", maxGathered)))
	}
	return p
}

func rank(p Problem) int {
	if p.Subject == nil {
		return 0
	}
	return 1
}

// SamePlace reports whether two places are the same.
func SamePlace(a, b *hcl.Range) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// mostOthers is how many other problems with the same cause are named.
const mostOthers = 10

// oncePerCause keeps the first of the problems with the same cause, and adds the
// others to its detail.
func (p Problems) oncePerCause() Problems {
	type cause struct {
		kind Kind
		name string
	}
	first := make(map[cause]int) // of kept
	others := make(map[cause][]string)
	var kept Problems
	for _, one := range p {
		key := cause{one.Kind, one.Cause}
		i, seen := first[key]
		switch name := one.place(); {
		case one.Cause == "":
			kept = append(kept, one)
		case !seen:
			first[key] = len(kept)
			kept = append(kept, one)
		case kept[i].Subject == nil && (one.Subject != nil || len(one.Detail) > len(kept[i].Detail)):
			kept[i] = one // one says more
		case name != "" && !slices.Contains(others[key], name):
			others[key] = append(others[key], name)
		}
	}
	for i, one := range kept {
		all := others[cause{one.Kind, one.Cause}]
		all = slices.DeleteFunc(all, func(name string) bool { return name == one.place() })
		if one.Cause == "" || len(all) == 0 {
			continue
		}
		rest := ""
		if n := len(all) - mostOthers; n > 0 {
			all, rest = all[:mostOthers], fmt.Sprintf(" and %d more", n)
		}
		kept[i].Detail += fmt.Sprintf(" The same applies to %s%s.", strings.Join(all, ", "), rest)
	}
	return kept
}

// place returns what a problem is about, and where.
func (p *Problem) place() string {
	if p.Subject == nil {
		return p.About
	}
	line := fmt.Sprintf("line %d", p.Subject.Start.Line)
	if p.About == "" {
		return p.Subject.Filename + " " + line
	}
	return fmt.Sprintf("%s (%s)", p.About, line)
}
