package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table of attacks in docs/threat-model.md")

// attackKinds are the kinds of attacks that stories try, in the order of the page, and
// the other tests against the same kind.
var attackKinds = []struct{ name, what, tests string }{
	{"credentials", "have credentials printed, wherever they come from", "`TestNoCredentialLeaves`, `TestNoProviderIsQuoted`"},
	{"plaintext", "have a value printed, or left in a file", "`TestNoCanaryLeaves`, `TestLayerWithAPlaintextIsRefused`"},
	{"replies", "answer in place of AWS", "`TestEveryReplyThatLacksAMemberIsRefused`, `TestEveryReplyThatIsNoneIsRefused`"},
	{"questions", "learn a value by asking about it", "`TestAValueIsAskedOneQuestion`"},
	{"files", "have a file printed that is not a manifest", "`TestNoWrongManifestIsPrinted`"},
	{"debug", "have `--debug` print what AWS says", "`TestEveryAttemptIsCountedAndReported`"},
	{"manifests", "read something else with a manifest", "`TestFaults`"},
	{"guards", "ask for what the guard file does not allow", ""},
	{"strangers", "reach an account from a pull request", "`TestGitHubEvents`"},
	{"code", "get other code into a layer", "`TestMatchHelpers`"},
	{"digests", "have the wrong layer published or carried over", "`TestAnotherLayerIsNotPublished`"},
	{"rollbacks", "replace a newer layer with an older one", "`TestOlderLayersAreNotPublished`"},
	{"documents", "change, swap or replay documents", "`TestVectors`"},
	{"endpoints", "send calls elsewhere", "`TestEndpointVariablesAreRefused`, `TestProfileEndpointsAreRefused`"},
	{"TLS", "make a helper trust a fake KMS", "`TestNothingTurnsVerificationOff`"},
	{"names", "use a secret's name to get more than the secret", "`TestClassesOfNames`"},
	{"commands", "write commands or invisible characters to a CI's log", "`TestNoTextAuthorsACommand`, `TestNoTextIsACommandToTheRunner`"},
	{"foresight", "make `plan` accept what `build` refuses", "`TestADocumentThatCanOnlyBeTooLargeIsForeseen`"},
	{"accounts", "use the wrong account or key", ""},
	{"blind", "see a value in a blind build", "`TestMemoryOfABlindBuild`"},
	{"output", "lose or overwrite a file", "`TestOutputFaults`, `TestKilledBuildLeavesAWholeLayer`"},
}

// An attackRow has the attacks of one kind in the stories.
type attackRow struct {
	refused int
	open    int
	reasons []string // of the open ones
}

// countAttacks counts what stories try. A comment "# attack KIND: WHAT" begins a
// section of a story that lasts until an empty line; in it each line of attack or
// open is one, or, where it has none of these, each of code with another code than
// 0. A section "# open KIND: REASON" is of those that succeed.
func countAttacks(t *testing.T) map[string]*attackRow {
	t.Helper()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]*attackRow)
	for _, k := range attackKinds {
		rows[k.name] = new(attackRow)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		story, _, _ := strings.Cut(string(b), "\n-- ")
		for section := range strings.SplitSeq(story, "\n\n") {
			countSection(t, file, section, rows)
		}
	}
	return rows
}

func countSection(t *testing.T, file, section string, rows map[string]*attackRow) {
	t.Helper()
	var row *attackRow
	var open bool
	var refused, opened, coded int
	for line := range strings.Lines(section) {
		if _, command, conditional := strings.Cut(line, "] "); conditional && strings.HasPrefix(line, "[") {
			line = command
		}
		title, isTitle := strings.CutPrefix(line, "# attack ")
		if !isTitle {
			title, isTitle = strings.CutPrefix(line, "# open ")
			open = open || isTitle
		}
		switch kind, what, found := strings.Cut(title, ": "); {
		case isTitle && (!found || rows[kind] == nil || row != nil):
			t.Errorf("%s: %q is no section of attacks of a kind that is known", file, line)
		case isTitle:
			row = rows[kind]
			if open {
				row.reasons = append(row.reasons, strings.TrimSpace(what))
			}
		case strings.HasPrefix(line, "attack "):
			refused++
		case strings.HasPrefix(line, "open "):
			opened++
		case strings.HasPrefix(line, "code ") && !strings.HasPrefix(line, "code 0 "):
			coded++
		}
	}
	if refused+opened == 0 {
		refused = coded
	}
	switch {
	case row == nil && refused+opened > coded:
		t.Errorf("%s: attacks that are of no kind: %q", file, section)
	case row == nil:
	case open != (opened > 0) || open == (refused > 0):
		t.Errorf("%s: %d refused and %d open in %q", file, refused, opened, section)
	default:
		row.refused += refused
		row.open += opened
	}
}

// The page says how many attacks the stories try, and which succeed.
func TestThreatModelCountsTheAttacks(t *testing.T) {
	const page, begin, end = "../../docs/threat-model.md", "<!-- attacks -->\n", "<!-- end -->\n"
	rows := countAttacks(t)
	var table strings.Builder
	var total attackRow
	table.WriteString("| somebody tries to | tried | refused | open | also tested by |\n|---|--:|--:|--:|---|\n")
	var reasons []string
	for _, k := range attackKinds {
		row := rows[k.name]
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %s |\n", k.what, row.refused+row.open, row.refused, row.open, k.tests)
		total.refused += row.refused
		total.open += row.open
		for _, reason := range row.reasons {
			reasons = append(reasons, fmt.Sprintf("- **%s**: %s\n", k.what, reason))
		}
		if row.refused == 0 {
			t.Errorf("nothing of the kind %s is tried", k.name)
		}
	}
	fmt.Fprintf(&table, "| all | %d | %d | %d | |\n", total.refused+total.open, total.refused, total.open)
	slices.Sort(reasons)
	table.WriteString("\nThese attacks are open:\n\n" + strings.Join(reasons, ""))
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no table of attacks", page)
	}
	want := before + begin + table.String() + end + after
	switch {
	case want == string(b):
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table of attacks in %s is not that of the stories: go test ./cmd/bundle -run TestThreatModelCountsTheAttacks -update\n%s", page, table.String())
	}
}

// The tests that the table names exist.
func TestTestsOfAttacksExist(t *testing.T) {
	var all strings.Builder
	for _, pattern := range []string{"*_test.go", "../../*/*_test.go", "../../*/*/*_test.go", "../../*/*/*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	for _, k := range attackKinds {
		for name := range strings.SplitSeq(k.tests, ", ") {
			if name = strings.Trim(name, "`"); name != "" && !strings.Contains(all.String(), "func "+name+"(") {
				t.Errorf("there is no test %s", name)
			}
		}
	}
}
