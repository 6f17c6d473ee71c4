package house

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/needs"
)

// TestDocumentedCommandsWork runs the sh blocks of each page, in order, as one
// script, in a copy of the repository. The AWS CLI and bundle talk to the
// embedded AWS, which plays the reader's account.
func TestDocumentedCommandsWork(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds the command several times")
	}
	t.Setenv("PATH", needs.AWS(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	needs.Program(t, "unzip", "Debian: apt-get install unzip")
	needs.Program(t, "npm", "Node.js 22 or later, nodejs.org")
	bin := t.TempDir()
	if err := needs.Bundle(filepath.Join(bin, "bundle")); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages(t) {
		script := shellBlocks(t, page)
		if script == "" {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			runPage(t, page, script, filepath.Join(bin, "bundle"))
		})
	}
}

// pages lists the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{filepath.Join(root(t), "README.md")}
	for _, folder := range []string{"docs", moves, "examples/rotate-on-change"} {
		found, err := filepath.Glob(filepath.Join(root(t), folder, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// moves is the folder of the pages about other tools. Each begins with what that tool has.
const moves = "docs/from"

var fence = regexp.MustCompile("(?ms)^( *)```(\\w*)\n(.*?)^ *```$")

// shellBlocks returns the sh blocks of a page as one script.
func shellBlocks(t *testing.T, page string) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range fence.FindAllStringSubmatch(string(b), -1) {
		if block[2] == "sh" {
			for line := range strings.Lines(block[3]) {
				script.WriteString(strings.TrimPrefix(line, block[1]))
			}
		}
	}
	return script.String()
}

// hclBlock returns the first hcl block of the README's account chapter.
func hclBlock(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range fence.FindAllStringSubmatch(string(b), -1) {
		if block[2] == "hcl" {
			return block[3]
		}
	}
	t.Fatal("README.md has no hcl block")
	return ""
}

// named finds a manifest that a page gives a name: "… in `orders.hcl`:".
var named = regexp.MustCompile("(?s)in `([a-z]+\\.hcl)`:\n\n```hcl\n(.*?)```\n")

// writeManifests writes the manifests that a page gives a name.
func writeManifests(t *testing.T, page, dir string) {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range named.FindAllStringSubmatch(string(b), -1) {
		if err := os.WriteFile(filepath.Join(dir, block[1]), []byte(block[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func runPage(t *testing.T, page, script, bundle string) {
	dir, first := copyOfRepository(t), page == filepath.Join(root(t), "README.md")
	// The whole test suite cannot be run from within itself: this is it.
	script = strings.ReplaceAll(script, "\ngo test ./...\n", "\n")
	script = strings.TrimPrefix(script, "go test ./...\n")
	// The port that serve listens on by itself may be another run's.
	script = strings.ReplaceAll(script, "bundle local serve &", "bundle local serve --listen 127.0.0.1:0 &")
	if err := os.WriteFile(filepath.Join(dir, "payments.hcl"), []byte(hclBlock(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	writeManifests(t, page, dir)
	home := t.TempDir()
	env := append(awsFor(t, bundle, home), "HOME="+home, "CI=", "GITHUB_ACTIONS=", "GOBIN="+filepath.Join(home, "bin"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} {
		env = append(env, name+"="+strings.TrimSpace(run(t, root(t), nil, "go", "env", name)))
	}
	env[len(env)-1] += " -trimpath" // the build cache does not know what another folder's copy compiled
	if strings.Contains(script, "pip install") {
		env = append(env, "PIP_NO_INDEX=1", "PIP_FIND_LINKS="+filepath.Join(needs.PackageTools(t), "wheels")) // pytest, and what builds the package
	}
	if strings.HasSuffix(filepath.Dir(page), moves) {
		otherTools(t, filepath.Base(page))
	} else {
		env = append(env, "DB_PASSWORD=not-a-real-password")
		if !first {
			// Later pages build on the README's first command.
			script = "bundle --manifest secrets.hcl --env local --out layer.zip\n" + script
		}
	}
	out := run(t, dir, env, "bash", "-euo", "pipefail", "-c", script)
	if first && !strings.Contains(out, "\nnot-a-real-password\n") {
		t.Errorf("the secret did not arrive:\n%s", out)
	}
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range fence.FindAllStringSubmatch(string(b), -1) {
		if block[2] == "text" && strings.HasPrefix(block[3], "Rotation of ") && !strings.Contains(out, block[3]) {
			t.Errorf("this runbook is not what bundle rotate prints:\n%s\n%s", block[3], out)
		}
	}
}

// copyOfRepository copies what git tracks or would track.
func copyOfRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := run(t, root(t), nil, "git", "ls-files", "-co", "--exclude-standard")
	for name := range strings.Lines(files) {
		name = strings.TrimSpace(name)
		b, err := os.ReadFile(filepath.Join(root(t), name))
		if os.IsNotExist(err) {
			continue // deleted and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, b, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a command and returns what it printed on both streams.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second // a page may have left a server behind
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestEveryDependencyHasAReason compares docs/dependencies.md with go.mod.
func TestEveryDependencyHasAReason(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root(t), "docs/dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var direct, explained []string
	for _, m := range regexp.MustCompile(`(?m)^\s+([a-z]\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		direct = append(direct, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z]\S+/\S+) \|`).FindAllStringSubmatch(string(page), -1) {
		explained = append(explained, m[1])
	}
	slices.Sort(direct)
	slices.Sort(explained)
	if !slices.Equal(direct, explained) {
		t.Errorf("go.mod requires directly %q;\ndocs/dependencies.md explains %q", direct, explained)
	}
}
