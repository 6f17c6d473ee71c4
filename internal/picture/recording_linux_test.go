package picture

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/docpage"
	"github.com/whispering/bundle/internal/needs"
)

// commands are the main job, as the README shows it: build, open, change a value, see what the next build would do.
var commands = []string{
	"bundle --env local --out layer.zip",
	"bundle run --layer layer.zip --function hello -- printenv DB_PASSWORD",
	"printf not-a-new-password | bundle local put --env local /local/payments/db/password",
	"bundle plan --env local --out layer.zip",
}

const columns = 96

// TestRecording runs the commands in a terminal, and compares docs/recording.svg and the transcript in README.md with what they
// print. With -update, it writes both. The digests of layers differ in each run, and are replaced.
func TestRecording(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"secrets.hcl", "examples/local/parameters.json"} {
		b, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	if err := needs.Bundle(filepath.Join(bin, "bundle")); err != nil {
		t.Fatal(err)
	}
	environ := []string{"PATH=" + bin + ":/usr/bin:/bin", "HOME=" + t.TempDir(), "TERM=xterm-256color", "LANG=C.UTF-8"}
	var steps []Step
	digests := fixedDigests()
	for _, command := range commands {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir, cmd.Env = dir, environ
		screen := NewScreen(columns)
		var failed error
		got := needs.Shown(t, columns, func(terminal *os.File) {
			cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
			failed = cmd.Run()
		})
		if err := errors.Join(failed, screen.Show(digests(got))); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, got)
		}
		steps = append(steps, Step{command, screen})
	}
	picture := Recording(columns, "A terminal: bundle seals secrets into a layer, opens one as its function would, and shows what a changed value means", steps)
	if len(picture) > 60<<10 {
		t.Errorf("the recording has %d bytes", len(picture))
	}
	written(t, "recording.svg", picture)
	transcript := "\n```console\n" + Transcript(steps) + "```\n\n"
	const page = "../../README.md"
	if *update {
		if err := docpage.Put(page, "recording", transcript); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(page); err != nil || !strings.Contains(string(b), docpage.Part("recording", transcript)) {
		t.Errorf("the transcript in README.md is not what the commands print now: make recording (%v)\n%s", err, transcript)
	}
}

// fixedDigests replaces each SHA-256 in texts, the same one by the same.
func fixedDigests() func(string) string {
	fixed := make(map[string]string)
	return func(text string) string {
		return regexp.MustCompile(`\b[0-9a-f]{64}\b`).ReplaceAllStringFunc(text, func(digest string) string {
			if fixed[digest] == "" {
				fixed[digest] = fmt.Sprintf("%x", sha256.Sum256([]byte{byte(len(fixed))}))
			}
			return fixed[digest]
		})
	}
}
