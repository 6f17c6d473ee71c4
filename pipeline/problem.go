package pipeline

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Kind says what a Problem is about, so that a caller can tell a release
// engineer whose turn it is: the manifest's author, an administrator, or time.
type Kind string

// The kinds of problems.
const (
	Fault       Kind = "fault"       // a fault of ours
	Manifest    Kind = "manifest"    // the manifest or a flag is wrong
	Access      Kind = "access"      // no credentials, no right, or the wrong account
	Missing     Kind = "missing"     // a parameter or a key is missing or unusable
	Unavailable Kind = "unavailable" // AWS did not answer; trying again may help
	Integrity   Kind = "integrity"   // an answer or a layer is not what it must be
	Output      Kind = "output"      // the layer could not be written
)

// A Problem is one thing that keeps a run from being done. Its diagnostic
// points at the manifest line to blame where there is one, and its detail says
// what to do. It never holds a secret's value.
type Problem struct {
	Kind Kind
	hcl.Diagnostic
}

// Problems are all that one run found, in the order of the manifest.
type Problems []Problem

// problem makes a Problem at a place of the manifest; nil means none.
func problem(kind Kind, at *hcl.Range, summary, detail string) Problem {
	return Problem{kind, hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: at}}
}

// FromDiagnostics turns the errors among diags into problems of the manifest.
func FromDiagnostics(diags hcl.Diagnostics) Problems {
	var all Problems
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			all = append(all, Problem{Manifest, *d})
		}
	}
	return all
}

// Sort puts problems in the order of the manifest: those without a place
// first, then by file and position. Equal ones are dropped.
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
	return slices.CompactFunc(p, func(a, b Problem) bool {
		return a.Kind == b.Kind && a.Summary == b.Summary && a.Detail == b.Detail && samePlace(a.Subject, b.Subject)
	})
}

func rank(p Problem) int {
	if p.Subject == nil {
		return 0
	}
	return 1
}

func samePlace(a, b *hcl.Range) bool {
	return a == b || a != nil && b != nil && *a == *b
}
