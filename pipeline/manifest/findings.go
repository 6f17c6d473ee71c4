package manifest

import (
	"cmp"
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// maxFindings is how many diagnostics of one reading or evaluation are kept.
const maxFindings = 10_000

// findings are the diagnostics of one reading or evaluation.
type findings struct {
	diags hcl.Diagnostics
	more  int
	most  int // 0 for maxFindings
}

func (f *findings) report(diags ...*hcl.Diagnostic) {
	room := min(cmp.Or(f.most, maxFindings)-len(f.diags), len(diags))
	f.diags = append(f.diags, diags[:room]...)
	f.more += len(diags) - room
}

func (f *findings) count() int { return len(f.diags) + f.more }

// full reports whether there is no point in looking for more.
func (f *findings) full() bool { return f.more > 0 }

// take adds the findings of another.
func (f *findings) take(other findings) {
	f.report(other.diags...)
	f.more += other.more
}

// all returns the findings. If some were not kept, the last one says so.
func (f *findings) all() hcl.Diagnostics {
	if f.more == 0 {
		return f.diags
	}
	last := f.diags[len(f.diags)-1]
	return append(f.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "More problems", Subject: last.Subject,
		Detail: fmt.Sprintf("Only the first %d problems are listed. Correct these first.", len(f.diags))})
}
