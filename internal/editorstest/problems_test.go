package editorstest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

const page = "../../docs/editors.md"

// block returns the block of docs/editors.md that contains a text.
func block(t *testing.T, language, text string) string {
	t.Helper()
	src, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(src), -1) {
		if strings.Contains(found[1], text) {
			return found[1]
		}
	}
	t.Fatalf("%s has no block of %s with %s", page, language, text)
	return ""
}

// A pattern is a line of a problem matcher of VS Code, with the groups that are a property of the problem.
type pattern struct {
	Regexp                        string
	Severity, Message, File, Line int
}

// matched returns the problems in an output as VS Code finds them: each pattern must match one of as many lines in a row
// (https://github.com/microsoft/vscode/blob/main/src/vs/workbench/contrib/tasks/common/problemMatcher.ts).
func matched(t *testing.T, patterns []pattern, output string) (found []string) {
	t.Helper()
	lines := strings.Split(output, "\n")
	for start := range max(len(lines)-len(patterns)+1, 0) {
		problem := map[string]string{}
		for i, p := range patterns {
			groups := regexp.MustCompile(p.Regexp).FindStringSubmatch(lines[start+i])
			if groups == nil {
				problem = nil
				break
			}
			for name, group := range map[string]int{"severity": p.Severity, "message": p.Message, "file": p.File, "line": p.Line} {
				if group > 0 {
					problem[name] = groups[group]
				}
			}
		}
		if problem != nil {
			found = append(found, fmt.Sprintf("%s %s:%s %s", problem["severity"], problem["file"], problem["line"], problem["message"]))
		}
	}
	return found
}

// TestProblemMatcherFindsEveryProblem compares what the task of docs/editors.md shows with what --json says.
func TestProblemMatcherFindsEveryProblem(t *testing.T) {
	t.Parallel()
	var tasks struct {
		Tasks []struct {
			Command        string
			Args           []string
			ProblemMatcher struct{ Pattern []pattern }
		}
	}
	if err := json.Unmarshal([]byte(block(t, "json", "problemMatcher")), &tasks); err != nil {
		t.Fatal(err)
	}
	task := tasks.Tasks[0]
	dir := t.TempDir()
	if err := needs.Bundle(filepath.Join(dir, "bundle")); err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, filepath.Join(dir, "secrets.hcl"), `bundle { name = "shop" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["mars-north-1"]
}
group "unused" {
  secret "LOG_TOKEN" { parameter = "/a/b" }
}
function "hello" {
  kms_keys = "alias/hello"
  secret "DB_PASSWORD" { parameter = local.absent }
  secret "NODE_OPTIONS" { parameter = "/a/b" }
}
`)
	filetest.Write(t, filepath.Join(dir, "secrets.hcl.json"), "{\n  \"bundle\": {\"name\": \"shop\", \"x\": 1},\n  \"function\": 5\n}\n")
	filetest.Write(t, filepath.Join(dir, "a b/secrets.hcl"), "bundle {\n  = }\n")
	filetest.Write(t, filepath.Join(dir, "a b/more.hcl"), "function \"x\" {\n  y = 1\n}\n")
	filetest.Write(t, filepath.Join(dir, "foreign.hcl"), "resource \"x\" \"y\" {}\n")
	for _, path := range []string{"secrets.hcl", "secrets.hcl.json", "a b", "foreign.hcl"} {
		args := slices.Clone(task.Args)
		args[slices.Index(args, "secrets.hcl")] = path
		want := reported(t, dir, append(args, "--json"))
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, task.Command), args...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput() // it ends with 2
		got := matched(t, task.ProblemMatcher.Pattern, string(out))
		slices.Sort(got)
		if len(got) == 0 {
			t.Errorf("%s: the matcher finds nothing in\n%s", path, out)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -json +matcher:\n%s\n%s", path, diff, out)
		}
	}
}

// reported returns the problems and warnings with a line that --json reports.
func reported(t *testing.T, dir string, args []string) (found []string) {
	t.Helper()
	type problem struct {
		Summary, File string
		Line          int
	}
	var answer struct {
		Targets []struct{ Problems, Warnings []problem }
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "bundle"), args...)
	cmd.Dir = dir
	out, _ := cmd.Output() // it ends with 2
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	add := func(severity string, all []problem) {
		for _, p := range all {
			if p.Line > 0 {
				found = append(found, fmt.Sprintf("%s %s:%d %s", severity, p.File, p.Line, p.Summary))
			}
		}
	}
	add("Error", answer.Targets[0].Problems)
	add("Warning", answer.Targets[0].Warnings)
	slices.Sort(found)
	return found
}
