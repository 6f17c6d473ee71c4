package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/whispering/bundle/pipeline/problem"
)

const qualityManifest = `function "a" {
  secret "DB" { parameter = "/a/db" }
  secret "API" { parameter = "/a/api" }
}
function "b" {
  secret "DB" { parameter = "/a/db" }
}
`

// inspected returns the issues of a run with these targets.
func inspected(t *testing.T, source string, environ []string, targets ...Target) []issue {
	t.Helper()
	parser := hclparse.NewParser()
	if _, diags := parser.ParseHCL([]byte(source), "secrets.hcl"); diags.HasErrors() {
		t.Fatal(diags)
	}
	c := &Console{Environ: environ, Files: func() map[string]*hcl.File { return parser.Files() }, answer: &answer{targets: targets}, reports: &reports{}}
	return c.issues()
}

func missing(line int, detail string) Problem {
	return Problem{Kind: problem.Missing, Code: "parameter-not-found", Summary: "Parameter not found", Detail: detail, File: "secrets.hcl", Line: line, Column: 3}
}

// TestFingerprintsOfIssues says which edits keep the fingerprint of a problem, and that two problems never share one.
func TestFingerprintsOfIssues(t *testing.T) {
	of := func(source string, all ...Problem) []string {
		var prints []string
		for _, one := range inspected(t, source, nil, Target{Environment: "prod", Problems: all}) {
			prints = append(prints, one.Fingerprint)
		}
		return prints
	}
	before := of(qualityManifest, missing(2, "Put it (see line 12)."))[0]
	for what, same := range map[string]string{
		"lines above":            of("# a comment\n\n\n"+qualityManifest, missing(5, "Put it (see line 15)."))[0],
		"a line below":           of(qualityManifest+"# a comment\n", missing(2, "Put it (see line 12)."))[0],
		"another indentation":    of(strings.Replace(qualityManifest, "  secret", "\t\tsecret", 1), missing(2, "Put it (see line 12)."))[0],
		"Windows' line ends":     of(strings.ReplaceAll(qualityManifest, "\n", "\r\n"), missing(2, "Put it (see line 12)."))[0],
		"other numbers in words": of(qualityManifest, missing(2, "Put it (see line 1)."))[0],
		"other problems after":   of(qualityManifest, missing(2, "Put it (see line 12)."), missing(3, "Put it (see line 12)."))[0],
		"other problems before":  of(qualityManifest, missing(3, "Put it (see line 12)."), missing(2, "Put it (see line 12)."))[1],
	} {
		if same != before {
			t.Errorf("%s: another fingerprint", what)
		}
	}
	unlike := missing(2, "Put it (see line 12).")
	unlike.Code = "access-to-the-parameter-denied"
	nowhere := missing(0, "Put it.")
	nowhere.File = ""
	elsewhere := missing(2, "Put it (see line 12).")
	elsewhere.File = "other.hcl"
	column := missing(2, "Put it (see line 12).")
	column.Column = 7
	prints := of(qualityManifest, missing(2, "Put it (see line 12)."), missing(3, "Put it (see line 12)."), missing(6, "Put it (see line 12)."),
		missing(2, "Put it (see line 13)."), missing(2, "Put it there."), unlike, nowhere, elsewhere, column, missing(99, "Put it (see line 12)."))
	seen := map[string]int{}
	for i, one := range prints {
		if earlier, ok := seen[one]; ok {
			t.Errorf("problems %d and %d share a fingerprint", earlier, i)
		}
		seen[one] = i
	}
	if len(seen) != 10 || prints[0] != before {
		t.Errorf("%d fingerprints", len(seen))
	}
}

// TestIssuesOfSeveralTargets: what is wrong for several targets is one issue, which names them.
func TestIssuesOfSeveralTargets(t *testing.T) {
	var targets []Target
	for i := range 12 {
		targets = append(targets, Target{Environment: fmt.Sprintf("e%d", i), Region: "us-west-2", Problems: []Problem{missing(2, "Put it.")}, Warnings: []Problem{missing(3, "Unused.")}})
	}
	targets[11].Problems = append(targets[11].Problems, missing(2, "Put that."))
	all := inspected(t, qualityManifest, nil, targets...)
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	if want := "Parameter not found: Put it. (e0 us-west-2, e1 us-west-2, e2 us-west-2, e3 us-west-2, e4 us-west-2, e5 us-west-2, e6 us-west-2, e7 us-west-2, 4 more)"; all[0].Description != want {
		t.Errorf("%s", all[0].Description)
	}
	if all[1].Severity != "minor" || all[1].Description != "Parameter not found: Unused." || all[2].Description != "Parameter not found: Put that. (e11 us-west-2)" {
		t.Errorf("%+v", all)
	}
	if alone := inspected(t, qualityManifest, nil, targets[0]); alone[0].Description != "Parameter not found: Put it." || alone[0].Fingerprint != all[0].Fingerprint {
		t.Errorf("%+v", alone)
	}
}

// TestPlacesOfIssues: GitLab accepts no issue without a path, and finds files from the root of the repository.
func TestPlacesOfIssues(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	folder, link := filepath.Join(root, "infra"), filepath.Join(t.TempDir(), "link")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "secrets.hcl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	here, nowhere := missing(2, "Put it."), Problem{Kind: problem.Manifest, Code: "wrong-command-line", Summary: "Wrong command line", Detail: "No."}
	above, away := here, here
	above.File, away.File = "../a/b.hcl", filepath.Join(root, "..", "away.hcl")
	for what, test := range map[string]struct {
		environ []string
		p       Problem
		path    string
		line    int
	}{
		"GitLab":                  {[]string{"CI_PROJECT_DIR=" + root}, here, "infra/secrets.hcl", 2},
		"GitLab, through a link":  {[]string{"CI_PROJECT_DIR=" + link}, here, "infra/secrets.hcl", 2},
		"GitHub":                  {[]string{"GITHUB_WORKSPACE=" + root}, here, "infra/secrets.hcl", 2},
		"neither":                 {nil, here, "secrets.hcl", 2},
		"a folder of the project": {[]string{"CI_PROJECT_DIR=" + root}, above, "a/b.hcl", 2},
		"outside of the project":  {[]string{"CI_PROJECT_DIR=" + root}, away, filepath.ToSlash(filepath.Join(root, "..", "away.hcl")), 2},
		"no place":                {[]string{"CI_PROJECT_DIR=" + root}, nowhere, "infra/secrets.hcl", 1},
	} {
		one := inspected(t, qualityManifest, test.environ, Target{Problems: []Problem{test.p}})[0]
		if one.Location.Path != test.path || one.Location.Lines.Begin != test.line {
			t.Errorf("%s: %+v", what, one.Location)
		}
	}
}

func TestSeveritiesOfIssues(t *testing.T) {
	for kind, want := range map[problem.Kind]string{
		problem.Fault: "critical", problem.Manifest: "major", problem.Access: "major", problem.Missing: "major", problem.Output: "major",
		problem.Integrity: "blocker", problem.Unavailable: "info", problem.Interrupted: "info",
	} {
		p := missing(2, "Put it.")
		p.Kind = kind
		if got := inspected(t, qualityManifest, nil, Target{Problems: []Problem{p}})[0].Severity; got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
	if all := inspected(t, qualityManifest, nil, Target{}); all == nil || len(all) != 0 {
		t.Errorf("without problems: %#v", all)
	}
}
