package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/internal/runnertest"
)

// validated runs bundle validate on a manifest, within this process.
func validated(t *testing.T, manifest string, environ ...string) (code int, stderr string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secrets.hcl")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{Args: []string{"bundle", "validate", "--manifest", path}, Environ: environ, Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
	code = a.run(t.Context())
	return code, strings.ReplaceAll(diagnostics.String(), path, "secrets.hcl")
}

const someEnvironment = "bundle { name = \"shop\" }\nenvironment \"prod\" {\n  account_id = \"222222222222\"\n  regions    = [\"us-west-2\"]\n}\n"

// faults is a manifest with a fault in each of n functions.
func faults(n int) string {
	var b strings.Builder
	b.WriteString(someEnvironment)
	for i := range n {
		fmt.Fprintf(&b, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n  secret \"TOKEN\" { parametre = \"/a/b%d\" }\n}\n", i, i, i)
	}
	return b.String()
}

func TestFiftyProblemsArePrinted(t *testing.T) {
	code, stderr := validated(t, faults(60))
	if code != console.ExitUsage || strings.Count(stderr, "Error: ") != console.MaxShown || !strings.Contains(stderr, "\n… and 10 more\n\nbundle: 60 errors\n") {
		t.Errorf("exit code %d, %d errors:\n%s", code, strings.Count(stderr, "Error: "), stderr[max(0, len(stderr)-500):])
	}
	code, stderr = validated(t, faults(50))
	if code != console.ExitUsage || strings.Count(stderr, "Error: ") != console.MaxShown || strings.Contains(stderr, "more") {
		t.Errorf("exit code %d, %d errors:\n%s", code, strings.Count(stderr, "Error: "), stderr[max(0, len(stderr)-500):])
	}
}

// A hundred times the problems take about a hundred times the time to find, and
// no more to print.
func TestPrintingProblemsTakesTheTimeOfFew(t *testing.T) {
	took := func(n int) time.Duration {
		manifest := faults(n)
		began := time.Now()
		if code, stderr := validated(t, manifest); code != console.ExitUsage {
			t.Fatal(code, stderr)
		}
		return time.Since(began)
	}
	// Other programs on the machine can only make the first larger, and the second is the least of some.
	few := max(took(400), took(400), took(400))
	if many := min(took(4000), took(4000), took(4000)); many > 40*few {
		t.Errorf("%v for 400 problems, %v for 4000", few, many)
	}
}

func TestExcerptsAndNamesAreCut(t *testing.T) {
	long := strings.Repeat("z", 5000)
	code, stderr := validated(t, someEnvironment+"function \"hello\" {\n  kms_key = \"alias/hello\"\n"+strings.Repeat(" ", 3000)+"wrong = 1\n}\nfunction \""+long+"\" {}\n")
	if code != console.ExitUsage || !strings.Contains(stderr, "wrong = ") || !strings.Contains(stderr, "…") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	for line := range strings.Lines(stderr) {
		if utf8.RuneCountInString(line) > 250 {
			t.Errorf("a line of %d characters: %.300s", utf8.RuneCountInString(line), line)
		}
	}
	if !strings.Contains(strings.Join(strings.Fields(stderr), " "), "starting with a letter or a digit.") {
		t.Errorf("what to do is cut off:\n%s", stderr)
	}
}

// TestExcerptsAreOfThePlace shows the lines of a place, and no value.
func TestExcerptsAreOfThePlace(t *testing.T) {
	const manifest = someEnvironment + "locals {\n  name = \"x\"\n  bad  = lookup({}, local.name)\n}\nfunction \"hello\" {\n\tkms_key = \"alias/hello\"\n\tsecret \"TOKEN\" {\r\n" +
		"\t\tparameter = local.absent\r\n\t}\n  include = [\n    \"a\",\n    \"b\",\n  ]\n}\n"
	_, stderr := validated(t, manifest)
	if strings.Contains(stderr, "\"x\"") {
		t.Errorf("the value of a local is shown:\n%s", stderr)
	}
	for _, want := range []string{
		"  on secrets.hcl line 8, in locals:\n   8:   bad  = ***\n\n",
		"  on secrets.hcl line 13, in function \"hello\":\n  13: \t\tparameter = local.absent\n\n",
		"  on secrets.hcl line 16, in function \"hello\":\n  15:   include = [\n  16:     \"a\",\n  17:     \"b\",\n  18:   ]\n\n",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
}

// TestExcerptsOfMuchAreShort shows the first line and those from the place on.
func TestExcerptsOfMuchAreShort(t *testing.T) {
	var groups, names strings.Builder
	for i := range 20 {
		fmt.Fprintf(&groups, "group \"g%d\" { secret \"TOKEN_%d\" { parameter = \"/a/b%d\" }\n}\n", i, i, i)
		fmt.Fprintf(&names, "    \"g%d\",\n", i)
	}
	_, stderr := validated(t, someEnvironment+"function \"hello\" {\n  kms_key = \"alias/hello\"\n  include = [\n"+names.String()+"    \"b\",\n  ]\n}\n"+strings.ReplaceAll(groups.String(), "\" { secret", "\" {\n secret"))
	if !strings.Contains(stderr, "   8:   include = [\n      …\n  29:     \"b\",\n  30:   ]\n\n") {
		t.Errorf("%s", stderr)
	}
	for excerpt := range strings.SplitSeq(stderr, "\n\n") {
		if strings.Count(excerpt, "\n") > console.MaxExcerpt+1 {
			t.Errorf("%s", excerpt)
		}
	}
}

// A label whose wrapped text would begin a line, after what the runner trims.
func TestNoLabelBeginsALine(t *testing.T) {
	for r := rune(1); r < 0x10000; r++ {
		if !runnertest.Trimmed(r) || r < ' ' || r == 0x85 {
			continue
		}
		for _, label := range []string{string(r), strings.Repeat("word ", 20) + string(r)} {
			code, stderr := validated(t, someEnvironment+"function \"hello\" {\n  include = [\""+label+"::set-output name=x::y\"]\n}\nfunction \""+label+"::stop-commands::x\" {}\nenvironment \""+label+"##[x]::error::y\" {}\n", "CI=true", "GITHUB_ACTIONS=true")
			log := dropAnnotations(stderr)
			if line := runnertest.Commanded(log); code != console.ExitUsage || line != "" {
				t.Errorf("%U: exit code %d, command %q", r, code, line)
			}
			if hidden := runnertest.Unseen(stderr); hidden != 0 {
				t.Errorf("%U: %U is printed", r, hidden)
			}
		}
	}
}

// dropAnnotations is a log without the commands that are ours.
func dropAnnotations(log string) string {
	var rest []string
	for _, line := range strings.Split(log, "\n") {
		if !strings.HasPrefix(line, "::error file=") && !strings.HasPrefix(line, "::warning file=") && !strings.HasPrefix(line, "::error::") && !strings.HasPrefix(line, "::error title=") && !strings.HasPrefix(line, "::warning title=") {
			rest = append(rest, line)
		}
	}
	return strings.Join(rest, "\n")
}
