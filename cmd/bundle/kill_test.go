//go:build unix

package main

import (
	"bytes"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
)

// A build that is killed at any moment leaves the old layer whole, or a new one,
// and never a piece of either. Half of the moments are spread over a whole run;
// the others follow, by a hair, the appearance of the file that is about to
// become the layer. Whatever is left lying about holds no plaintext, and the
// next run sweeps it.
func TestKilledBuildLeavesAWholeLayer(t *testing.T) {
	const kills = 100
	s := newStage(t)
	k := &killing{stage: s, dir: filepath.Join(s.dir, "out"), random: rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))}
	if err := os.Mkdir(k.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	k.manifest()
	// So that most of a run is not the start of the process.
	s.cloud.server.Inject(awslocal.Fault{Kind: awslocal.Slow, Delay: 3 * time.Millisecond})

	began := time.Now()
	k.build(t)
	whole := time.Since(began)

	finished, replaced := 0, 0
	for i := range kills {
		before := k.read(t)
		cmd := k.command()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			time.Sleep(time.Duration(k.random.Int64N(int64(whole * 11 / 10))))
		} else {
			k.awaitTemporary(cmd, 2*whole)
		}
		_ = cmd.Process.Kill() // it may have ended
		if cmd.Wait() == nil {
			finished++
		}
		after := k.read(t)
		if bytes.Equal(before, after) {
			continue
		}
		replaced++
		if !isLayer(after) {
			t.Errorf("kill %d: what is at --out is neither the old layer nor a new one", i)
		}
	}
	left := k.temporaries(t)
	pieces := 0
	for _, path := range left {
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 && !isLayer(b) {
			pieces++
		}
	}
	t.Logf("%d kills over %v: %d came too late, %d found a new layer in place, %d left a temporary file, %d a piece of a layer in it",
		kills, whole.Round(time.Millisecond), finished, replaced, len(left), pieces)
	if finished == kills {
		t.Error("no kill came in time")
	}
	for _, h := range s.search.searchFolder(t, k.dir, nil) {
		t.Errorf("left behind: %s", h)
	}
	k.sweep(t, left)
}

func isLayer(b []byte) bool {
	_, err := layerbuild.Read(b)
	return err == nil
}

// A killing is a build that is to be killed.
type killing struct {
	*stage
	dir    string // where the layer is
	random *rand.Rand
}

// manifest writes one with several functions of a long secret each, so that the
// layer is not written all at once.
func (k *killing) manifest() {
	k.Helper()
	text := "bundle { name = \"shop\" }\nenvironment \"prod\" {\n  account_id = \"222222222222\"\n  regions    = [\"us-west-2\"]\n}\n"
	for i := range 5 {
		text += fmt.Sprintf("function \"f%d\" {\n  kms_key    = \"alias/hello\"\n  shared_key = true\n", i)
		for j := range 6 {
			text += fmt.Sprintf("  secret \"BIG_%d\" { parameter = \"/canary/big\" }\n", j)
		}
		text += "}\n"
	}
	k.write("kill.hcl", text)
}

// command is a build that changes everything.
func (k *killing) command() *exec.Cmd {
	cmd := exec.CommandContext(k.Context(), "bundle", "build", "--manifest", "kill.hcl", "--env", "prod", "--endpoint-url", k.url,
		"--out", "out/layer.zip", "--reseal")
	cmd.Dir = k.stage.dir
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+k.id, "AWS_SECRET_ACCESS_KEY="+k.key)
	return cmd
}

func (k *killing) build(t *testing.T) {
	t.Helper()
	if out, err := k.command().CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// read returns the layer, which must be there.
func (k *killing) read(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(k.dir, "layer.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (k *killing) temporaries(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(k.dir, ".layer.zip.*.tmp"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// awaitTemporary returns a moment after the build has begun to write a layer,
// at the latest when a run should long be over.
func (k *killing) awaitTemporary(cmd *exec.Cmd, most time.Duration) {
	known := k.names()
	for began := time.Now(); time.Since(began) < most; {
		for _, name := range k.names() {
			if slices.Contains(known, name) {
				continue
			}
			// The first one that has content: the probe of the folder has none.
			if info, err := os.Stat(filepath.Join(k.dir, name)); err == nil && info.Size() > 0 {
				for until := time.Now().Add(time.Duration(k.random.Int64N(int64(time.Millisecond)))); time.Now().Before(until); {
				}
				return
			}
		}
		if cmd.Process.Signal(syscall.Signal(0)) != nil {
			return
		}
	}
}

func (k *killing) names() []string {
	entries, _ := os.ReadDir(k.dir)
	var all []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tmp") {
			all = append(all, e.Name())
		}
	}
	return all
}

// sweep checks that the next run removes the files of killed runs, and nothing else.
func (k *killing) sweep(t *testing.T, left []string) {
	t.Helper()
	place := func(name string) string {
		path := filepath.Join(k.dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	name := func(layer string) string { return "." + layer + "." + crand.Text() + ".tmp" }
	living := place(name("layer.zip")) // of a run that is still under way
	f, err := os.Open(living)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	gone := slices.Concat(left, []string{place(name("layer.zip"))})
	stay := []string{
		living, place(name("other.zip")), place(".layer.zip.backup.tmp"), place(".layer.zip.notes"), place("layer.zip.tmp"),
		place(strings.ToLower(name("layer.zip"))), place("x" + name("layer.zip")),
	}
	k.build(t)
	for _, path := range gone {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is not swept: %v", path, err)
		}
	}
	for _, path := range stay {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("swept, and not a killed run's: %v", err)
		}
	}
	if !isLayer(k.read(t)) {
		t.Error("the last run left no layer")
	}
}
