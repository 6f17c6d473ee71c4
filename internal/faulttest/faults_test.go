//go:build unix

package faulttest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "run every row, and rewrite the table of faults in docs/threat-model.md")

// TestFaults runs the rows, and compares the table of docs/threat-model.md with what came of them. Rows that take long are run by make faults
// and where BUNDLE_TEST_REQUIRE is 1; otherwise the page is held to what they expect.
func TestFaults(t *testing.T) {
	p := newTemplate(t)
	all := rows()
	cells := make([][invariants]string, len(all))
	var running sync.WaitGroup
	places := make(chan struct{}, 6) // most of them wait
	for i, r := range all {
		running.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			cells[i] = r.expected()
			t.Run(r.name(), func(t *testing.T) { cells[i] = r.perform(t, p) })
		})
	}
	running.Wait()
	if !t.Failed() {
		compare(t, table(all, cells))
	}
}

func (r *row) name() string { return strings.TrimSpace(r.number + " " + r.fault) }

// perform runs a row.
func (r *row) perform(t *testing.T, p *template) [invariants]string {
	if r.slow && !*update && os.Getenv("BUNDLE_TEST_REQUIRE") != "1" {
		return r.expected()
	}
	s := newStage(t, p, r)
	act := r.act
	if act == nil {
		act = func(s *stage) []result { return []result{s.run(s.build()...)} }
	}
	all := act(s)
	cells, wrong := r.judge(s, all)
	for _, one := range all {
		t.Logf("exit code %d after %v, %.0f MB\n%s", one.code, one.took.Round(time.Millisecond), one.peak, one.stderr)
	}
	for _, text := range wrong {
		t.Error(text)
	}
	return cells
}

// table is that of the page.
func table(all []*row, cells [][invariants]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| fault | %s |\n|---|--:|%s\n", strings.Join(headings[:], " | "), strings.Repeat("---|", invariants-1))
	for i, r := range all {
		what := r.fault
		if r.note != "" {
			what += " (" + r.note + ")"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", what, strings.Join(cells[i][:], " | "))
	}
	return b.String()
}

// compare holds the page to the table, or writes it.
func compare(t *testing.T, table string) {
	t.Helper()
	const page, begin, end = "../../docs/threat-model.md", "<!-- faults -->\n", "<!-- end of faults -->\n"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), begin)
	was, after, ended := strings.Cut(rest, end)
	switch {
	case !found || !ended:
		t.Fatalf("%s has no table of faults", page)
	case was == table:
	case *update:
		if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s does not have these rows; run make faults:\n%s", page, strings.Join(new(was, table), "\n"))
	}
}

// new are the lines of b that a does not have.
func new(a, b string) (all []string) {
	lines := strings.Split(a, "\n")
	for line := range strings.SplitSeq(b, "\n") {
		if !slices.Contains(lines, line) {
			all = append(all, line)
		}
	}
	return all
}

// rows are all faults, in the order of the page.
func rows() []*row {
	return slices.Concat(throttled(), broken(), replies(), values(), refused(), ofSecrets(), identities(), slow(), machine(), ended())
}
