package manifest

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// fault returns an error at subject. With a context, the printed excerpt is larger.
func fault(summary, detail string, subject hcl.Range, context ...hcl.Range) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &subject}
	if len(context) > 0 {
		d.Context = &context[0]
	}
	return d
}

// Sort orders diagnostics by their places in the manifest (files in the order they were loaded), and removes duplicates:
// those with the same summary and detail at the same place. Those without a place come first. Use it to join the
// diagnostics of Load, of Evaluate for several environments, and your own.
func (m *Module) Sort(diags hcl.Diagnostics) hcl.Diagnostics {
	type key struct {
		severity        hcl.DiagnosticSeverity
		summary, detail string
		subject         hcl.Range
	}
	seen := make(map[key]bool, len(diags))
	var sorted hcl.Diagnostics
	for _, d := range diags {
		k := key{severity: d.Severity, summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.subject = *d.Subject
		}
		if !seen[k] {
			seen[k] = true
			sorted = append(sorted, d)
		}
	}
	slices.SortStableFunc(sorted, m.compare)
	return sorted
}

func (m *Module) compare(a, b *hcl.Diagnostic) int {
	if a.Subject == nil || b.Subject == nil {
		switch {
		case a.Subject != nil:
			return 1
		case b.Subject != nil:
			return -1
		}
		return cmp.Compare(a.Detail, b.Detail)
	}
	return cmp.Or(
		cmp.Compare(m.position(a.Subject.Filename), m.position(b.Subject.Filename)),
		cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
		cmp.Compare(a.Subject.End.Byte, b.Subject.End.Byte),
		cmp.Compare(a.Summary, b.Summary),
		cmp.Compare(a.Detail, b.Detail),
	)
}

// position returns the position of a file in the order of loading.
func (m *Module) position(file string) int { return slices.Index(m.order, file) }
