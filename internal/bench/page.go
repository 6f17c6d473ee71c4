package main

import (
	"fmt"
	"runtime"
	"strings"
)

// line returns a row of the table.
func (r row) line() string {
	a := r.runs[ours]
	against := "–"
	if r.floor != nil {
		against = fmt.Sprintf("%.2f", median(a, wall)/r.floor(r.calls).Seconds())
	}
	beside := func(who string, of func(figure) float64) string {
		if other := r.runs[who]; len(other) > 0 {
			return fmt.Sprintf("%.2f", ratio(a, other, of))
		}
		return "–"
	}
	return fmt.Sprintf("| %s | %.3f | %.3f | %.0f | %s | %s | %s | %s | %s |", r.name, median(a, wall), median(a, cpu), median(a, most),
		against, beside(before, wall), beside(before, cpu), beside(before, most), beside(peers, wall))
}

// table returns the table of all measures.
func (b *bench) table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "Medians of %d runs on %d processors (%s/%s); × %s is the ratio to the build of that commit in the same run.\n\n", b.runs, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, b.old)
	fmt.Fprintf(&t, "| measure | wall s | CPU s | MB | × floor | wall × %[1]s | CPU × %[1]s | MB × %[1]s | wall × chamber |\n|---|---|---|---|---|---|---|---|---|\n", b.old)
	for _, r := range b.rows {
		t.WriteString(r.line() + "\n")
	}
	return t.String()
}

// raw returns the figures of every run.
func (b *bench) raw() string {
	var t strings.Builder
	t.WriteString("\n<details><summary>Every run: wall s, CPU s, MB</summary>\n\n```text\n")
	for _, r := range b.rows {
		fmt.Fprintf(&t, "%s\n", r.name)
		if len(r.calls) > 0 {
			fmt.Fprintf(&t, "  calls       %s\n", list(r.calls))
		}
		for _, who := range []string{ours, before, peers} {
			if len(r.runs[who]) == 0 {
				continue
			}
			fmt.Fprintf(&t, "  %-11s", who)
			for _, f := range r.runs[who] {
				fmt.Fprintf(&t, " %.3f/%.3f/%.0f", f.wall, f.cpu, f.peak)
			}
			t.WriteString("\n")
		}
	}
	t.WriteString("```\n\n</details>\n")
	return t.String()
}
