package editorstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

const (
	loose = "bundle {\nname = \"shop\"\n}\nenvironment \"local\" {\n  embedded   = \"sample.json\"\n}\nfunction \"hello\" {\n" +
		"kms_key=\"alias/hello\"\nsecret \"DB_PASSWORD\" { parameter = \"/shop/db\" }\n}\n"
	sampleFile = `{"keys": [{"alias": "alias/hello"}, {"alias": "alias/parameters"}], "parameters": [{"name": "/shop/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-password"}]}`
)

// A checkout is a git repository of a test, with the programs that run in it.
type checkout struct {
	*testing.T
	dir     string
	environ []string
}

func newCheckout(t *testing.T, path ...string) *checkout {
	t.Helper()
	needs.Program(t, "git", "Debian: apt-get install git")
	bin, home := t.TempDir(), t.TempDir()
	if err := needs.Bundle(filepath.Join(bin, "bundle")); err != nil {
		t.Fatal(err)
	}
	c := &checkout{t, t.TempDir(), append(slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "GIT_") }),
		"PATH="+strings.Join(append(path, bin, os.Getenv("PATH")), string(filepath.ListSeparator)), "HOME="+home, "PRE_COMMIT_HOME="+filepath.Join(home, "pre-commit"),
		"GIT_CONFIG_GLOBAL="+filepath.Join(home, "gitconfig"), "GIT_CONFIG_NOSYSTEM=1", "CI=", "BUNDLE_ENV=", "LEFTHOOK=",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")}
	c.must("git", "init", "-q")
	return c
}

// run runs a program, and returns what it printed and how it ended.
func (c *checkout) run(name string, args ...string) (string, int) {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), "env", append([]string{name}, args...)...) // env looks in the PATH of environ
	cmd.Dir, cmd.Env = c.dir, c.environ
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		c.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (c *checkout) must(name string, args ...string) string {
	c.Helper()
	out, code := c.run(name, args...)
	if code != 0 {
		c.Fatalf("%s %q ends with %d:\n%s", name, args, code, out)
	}
	return out
}

func (c *checkout) write(name, content string) {
	c.Helper()
	filetest.Write(c, filepath.Join(c.dir, name), content)
}

func (c *checkout) read(name string) string {
	c.Helper()
	return filetest.Read(c, filepath.Join(c.dir, name))
}

// TestPreCommitRunsTheHooks: pre-commit takes the hooks of this repository, and passes to each what it wants. Those that it
// builds with Go are the same but for the language.
func TestPreCommitRunsTheHooks(t *testing.T) {
	t.Parallel()
	programs := filepath.Join(needs.EditorTools(t), "python", "bin")
	hooks := newCheckout(t, programs)
	file, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	hooks.write(".pre-commit-hooks.yaml", string(file))
	hooks.must("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml")
	hooks.must("git", "add", "-A")
	hooks.must("git", "commit", "-q", "-m", "hooks")

	c := newCheckout(t, programs)
	try := func(hook string) (string, int) {
		return c.run("pre-commit", "try-repo", hooks.dir, hook, "--all-files")
	}
	c.write("secrets.hcl", loose)
	c.write("services/secrets-api.hcl", loose)
	c.write("guard.hcl", "allow {\nfunctions=[\"x\"]\n}\n")
	c.write("terraform.hcl", "locals {\na=1\n}\n")
	c.write("sample.json", sampleFile)
	c.must("git", "add", "-A")
	if out, code := try("bundle-fmt-system"); code != 1 || !strings.Contains(out, "files were modified") {
		t.Errorf("it ends with %d:\n%s", code, out)
	}
	for _, name := range []string{"secrets.hcl", "services/secrets-api.hcl"} {
		if !strings.Contains(c.read(name), "  name = \"shop\"\n") {
			t.Errorf("%s is not formatted", name)
		}
	}
	if c.read("guard.hcl") != "allow {\n  functions = [\"x\"]\n}\n" || c.read("terraform.hcl") != "locals {\na=1\n}\n" {
		t.Errorf("guard file: %q, another file: %q", c.read("guard.hcl"), c.read("terraform.hcl"))
	}
	for _, hook := range []string{"bundle-fmt-system", "bundle-validate-system"} {
		if out, code := try(hook); code != 0 || !strings.Contains(out, "Passed") {
			t.Errorf("%s ends with %d:\n%s", hook, code, out)
		}
	}
	c.write("secrets.hcl", strings.Replace(c.read("secrets.hcl"), "kms_key", "kms_keys", 1))
	if out, code := try("bundle-validate-system"); code != 1 || !strings.Contains(out, `Unknown attribute "kms_keys"`) {
		t.Errorf("it ends with %d:\n%s", code, out)
	}
	c.write("services/secrets-api.hcl", "bundle {\n")
	c.write("secrets.hcl", loose)
	if out, code := try("bundle-fmt-system"); code != 1 || !strings.Contains(out, "services/secrets-api.hcl line") || !strings.Contains(c.read("secrets.hcl"), "  name") {
		t.Errorf("it ends with %d:\n%s", code, out)
	}
}

// TestLefthookRunsTheHooks runs the lefthook.yml of docs/editors.md, and its script for husky.
func TestLefthookRunsTheHooks(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, filepath.Join(needs.EditorTools(t), "node", "node_modules", ".bin"))
	c.write("lefthook.yml", block(t, "yaml", "stage_fixed"))
	c.write("secrets.hcl", loose)
	c.write("sample.json", sampleFile)
	script := block(t, "text", "bundle fmt --check")
	if out, code := c.run("sh", "-e", "-c", script); code != 3 {
		t.Errorf("the script ends with %d:\n%s", code, out)
	}
	c.must("git", "add", "-A")
	c.must("lefthook", "run", "pre-commit")
	if staged := c.must("git", "show", ":secrets.hcl"); !strings.Contains(staged, "  name = \"shop\"\n") {
		t.Errorf("it staged %s", staged)
	}
	c.must("sh", "-e", "-c", script)
	c.write("secrets.hcl", strings.Replace(c.read("secrets.hcl"), "kms_key", "kms_keys", 1))
	c.must("git", "add", "-A")
	if out, code := c.run("lefthook", "run", "pre-commit"); code == 0 || !strings.Contains(out, "kms_keys") {
		t.Errorf("it ends with %d:\n%s", code, out)
	}
}
