//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The same documents make the same layer, wherever and however it is built: each
// of these builds carries everything over from one layer into a new file.
func TestSameDocumentsMakeTheSameBytes(t *testing.T) {
	s := newStage(t)
	want, err := os.ReadFile(filepath.Join(s.dir, "prod.zip"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	s.write("reordered.hcl", reordered(t, canaryManifest))
	for _, c := range []struct {
		name     string
		environ  []string
		umask    int
		dir      string
		manifest string
	}{
		{name: "as before"},
		{name: "a closed umask", umask: 0o077},
		{name: "an open umask", umask: 0},
		{name: "a time zone ahead", environ: []string{"TZ=Asia/Kathmandu"}},
		{name: "a time zone behind", environ: []string{"TZ=America/St_Johns"}},
		{name: "a Turkish locale", environ: []string{"LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8"}},
		{name: "no locale", environ: []string{"LANG=", "LC_ALL=C"}},
		{name: "another folder", dir: elsewhere},
		{name: "one processor", environ: []string{"GOMAXPROCS=1"}},
		{name: "64 processors", environ: []string{"GOMAXPROCS=64"}},
		{name: "another order of functions and secrets", manifest: "reordered.hcl"},
		{name: "all of it", environ: []string{"TZ=Pacific/Chatham", "LC_ALL=tr_TR.UTF-8", "GOMAXPROCS=3"}, umask: 0o027, dir: elsewhere, manifest: "reordered.hcl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			manifest := "secrets.hcl"
			if c.manifest != "" {
				manifest = c.manifest
			}
			dir, out, previous := s.dir, "again.zip", "prod.zip"
			if c.dir != "" {
				dir, manifest, previous = c.dir, filepath.Join(s.dir, manifest), filepath.Join(s.dir, previous)
			}
			cmd := exec.CommandContext(t.Context(), "bundle", "build", "--json", "--manifest", manifest, "--env", "prod", "--endpoint-url", s.url,
				"--previous", previous, "--out", out)
			cmd.Dir = dir
			cmd.Env = append(append(os.Environ(), "AWS_ACCESS_KEY_ID="+s.id, "AWS_SECRET_ACCESS_KEY="+s.key), c.environ...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			umask := syscall.Umask(c.umask)
			err := cmd.Start()
			syscall.Umask(umask)
			if err == nil {
				err = cmd.Wait()
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			var answer struct {
				Targets []struct {
					Result struct {
						Changed bool
						Layer   struct{ SHA256 string }
					}
				}
			}
			if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			report := answer.Targets[0].Result
			got, err := os.ReadFile(filepath.Join(dir, out))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Error("the layer has other bytes")
			}
			if report.Changed {
				t.Error("the report says changed")
			}
			if err := os.Remove(filepath.Join(dir, out)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// reordered turns the order of a manifest's functions, and of the secrets in
// each of them, round.
func reordered(t *testing.T, manifest string) string {
	t.Helper()
	head, rest, ok := strings.Cut(manifest, "function ")
	if !ok {
		t.Fatal("the manifest has no function")
	}
	functions := strings.Split(rest, "function ")
	for i, f := range functions {
		label, secrets, ok := strings.Cut(strings.TrimSuffix(f, "}\n"), "  secret ")
		if !ok {
			continue
		}
		blocks := strings.Split(secrets, "  secret ")
		slices.Reverse(blocks)
		functions[i] = label + "  secret " + strings.Join(blocks, "  secret ") + "}\n"
	}
	slices.Reverse(functions)
	return head + "function " + strings.Join(functions, "function ")
}
