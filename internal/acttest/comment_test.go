package acttest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// commentScript is the script of the job comment.
func commentScript(t *testing.T) string {
	t.Helper()
	_, text, ok := strings.Cut(filetest.Read(t, filepath.Join(filetest.Root(t), ".github/workflows/secrets.yml")), "- name: Write or replace the comment\n")
	_, text, ok2 := strings.Cut(text, "        run: |\n")
	if !ok || !ok2 {
		t.Fatal("secrets.yml writes no comment")
	}
	text, _, _ = strings.Cut(text, "\n\n  layer:")
	return regexp.MustCompile(`(?m)^ {10}`).ReplaceAllString(text, "")
}

// TestPlansBecomeOneComment runs the script on plans as download-artifact leaves
// them, in a folder each, or without one where there is a single artifact.
func TestPlansBecomeOneComment(t *testing.T) {
	needs.Program(t, "jq", "Debian: apt-get install jq")
	needs.Program(t, "curl", "Debian: apt-get install curl")
	const marker = "<!-- bundle plan -->\n"
	const target = `{"environment": "%s", "region": "r", "result": %s}`
	answer := func(ok bool, targets ...string) string {
		return fmt.Sprintf(`{"format_version": 2, "command": "plan", "ok": %t, "targets": [%s]}`, ok, strings.Join(targets, ", "))
	}
	same := func(environment string) string { return fmt.Sprintf(target, environment, `{"changed": false}`) }
	other := func(environment string) string { return fmt.Sprintf(target, environment, `{"changed": true}`) }
	changed := func(environment string) string { return answer(true, other(environment)) }
	unchanged := func(environment string) string { return answer(true, same(environment)) }
	failed := answer(false, same("a"), fmt.Sprintf(target, "a", "null"))
	row := "| | | `DB_PASSWORD`: version `1` → `2` |\n"
	tests := map[string]struct {
		files map[string]string
		want  string // the comment, or how it begins if it is cut
		cut   bool
	}{
		"one that changes nothing":   {map[string]string{"plan.json": unchanged("prod"), "plan.md": "no changes\n"}, marker + "**bundle plan**: no changes in prod\n", false},
		"one that changes":           {map[string]string{"plan.json": changed("prod"), "plan.md": "a plan\n"}, marker + "\na plan\n", false},
		"several that change none":   {map[string]string{"plan-a/plan.json": unchanged("a"), "plan-a/plan.md": "x\n", "plan-b/plan.json": unchanged("b"), "plan-b/plan.md": "y\n"}, marker + "**bundle plan**: no changes in a b\n", false},
		"one of two that changes":    {map[string]string{"plan-a/plan.json": unchanged("a"), "plan-a/plan.md": "x\n", "plan-b/plan.json": changed("b"), "plan-b/plan.md": "y\n"}, marker + "**bundle plan**: no changes in a\n\ny\n", false},
		"one that failed":            {map[string]string{"plan-a/plan.json": "", "plan-a/plan.md": "problems\n", "plan-b/plan.json": changed("b"), "plan-b/plan.md": "y\n"}, marker + "\nproblems\n\ny\n", false},
		"one that failed somewhere":  {map[string]string{"plan.json": failed, "plan.md": "problems\n"}, marker + "\nproblems\n", false},
		"one that says no more":      {map[string]string{"plan.json": answer(false, fmt.Sprintf(target, "", "null")), "plan.md": "problems\n"}, marker + "\nproblems\n", false},
		"regions that do not change": {map[string]string{"plan.json": answer(true, same("a"), same("a")), "plan.md": "x\n"}, marker + "**bundle plan**: no changes in a\n", false},
		"one region that changes":    {map[string]string{"plan.json": answer(true, same("a"), other("a")), "plan.md": "x\n"}, marker + "\nx\n", false},
		"none":                       {nil, marker + "**bundle plan**: there is no plan. See the log of the run.\n", false},
		"a name that is markup":      {map[string]string{"plan.json": unchanged("<b>@x</b>"), "plan.md": "x\n"}, marker + "**bundle plan**: no changes in bxb\n", false},
		"two that are long":          {map[string]string{"plan-a/plan.json": changed("a"), "plan-a/plan.md": strings.Repeat(row, 1000), "plan-b/plan.json": changed("b"), "plan-b/plan.md": strings.Repeat(row, 1000)}, marker + "\n" + row, true},
		"one that is a single line":  {map[string]string{"plan.json": changed("a"), "plan.md": strings.Repeat("x", 1<<17)}, marker + "\n", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for path, text := range test.files {
				filetest.Write(t, filepath.Join(dir, "plans", path), text)
			}
			var d discussion
			testdata, err := filepath.Abs("testdata")
			if err != nil {
				t.Fatal(err)
			}
			c := command{dir, []string{"GH_TOKEN=" + token, "GITHUB_REPOSITORY=owner/shop", "PULL_REQUEST=7", "ACTTEST_GITHUB=" + d.serve(t),
				"PATH=" + filepath.Join(testdata, "bin") + ":" + os.Getenv("PATH")}}
			for range 2 { // written, then replaced
				c.must(t, bash(t), "--noprofile", "--norc", "-eo", "pipefail", "-c", commentScript(t))
			}
			got := d.plan(t)
			if !test.cut && got != test.want || test.cut && (!strings.HasPrefix(got, test.want) || !strings.HasSuffix(got, "\n\nThe rest is in the summary of the run.\n")) {
				t.Errorf("%.300q", got)
			}
			if len(got) > 60000 {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
}
