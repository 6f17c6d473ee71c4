//go:build unix

package faulttest

import (
	"bytes"
	crand "crypto/rand"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awslocal"
)

var full = flag.Bool("full", false, "end builds as often as make kill does")

// often is n, or as often as make kill.
func often(n, all int) int {
	if *full {
		return all
	}
	return n
}

// A killing is a stage whose builds are ended. Most of a run is not the start of the process, and the layer is not written
// all at once.
type killing struct {
	*stage
	random *rand.Rand
	whole  time.Duration // of a build, about
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	text := head
	for f := range 5 {
		text += function(fmt.Sprintf("f%d", f), append(slices.Repeat([]string{"/prod/big"}, 6), "prod/s0", "prod/s1")...)
	}
	s := newStage(t, newTemplate(t), &row{
		options:  []awslocal.Option{awslocal.WithLatency(3 * time.Millisecond)},
		account:  func(t *testing.T, cfg aws.Config) { put(t, cfg, "/prod/big", strings.Repeat(canary(0), 300)) },
		manifest: text,
	})
	k := &killing{stage: s, random: rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))}
	got := k.run(k.build()...)
	if got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	k.whole = got.took
	return k
}

// end runs a build and ends it: at any moment of a run, or when it writes the layer.
func (k *killing) end(signal syscall.Signal, writing bool) result {
	k.Helper()
	known := k.temporaries()
	got := k.interrupted(func(p *os.Process) {
		if writing {
			k.awaitTemporary(known)
		} else {
			time.Sleep(time.Duration(k.random.Int64N(int64(k.whole * 11 / 10))))
		}
		_ = p.Signal(signal) // it may have ended
	}, k.build()...)
	// A busy machine takes longer at times, and then less long again.
	if got.code < 128 {
		k.whole = (k.whole + got.took) / 2
	} else if !writing {
		k.whole += k.whole / 20
	}
	return got
}

// awaitTemporary returns a moment after a build has begun to write the layer, at the latest when it should be over.
func (k *killing) awaitTemporary(known []string) {
	k.Helper()
	path := filepath.Join(k.dir, layerFile)
	before, err := os.Stat(path)
	if err != nil {
		k.Fatal(err)
	}
	hair := time.Duration(k.random.IntN(2)) * time.Duration(k.random.Int64N(int64(time.Millisecond)))
	for began := time.Now(); time.Since(began) < 3*k.whole; time.Sleep(50 * time.Microsecond) {
		for _, temporary := range k.temporaries() {
			// The first one that has content: the probe of the folder has none.
			if info, err := os.Stat(temporary); err == nil && info.Size() > 0 && !slices.Contains(known, temporary) {
				time.Sleep(hair)
				return
			}
		}
		if now, err := os.Stat(path); err == nil && !os.SameFile(before, now) {
			return // it was missed
		}
	}
}

// A build that is killed at any moment leaves the old layer whole, or a new one, and never a piece of either. Half of the moments are
// spread over a whole run; the others follow, by a hair, the appearance of the file that is about to become the layer. Whatever is left
// lying about holds no plaintext, and the next run sweeps it.
func TestKilledBuildLeavesAWholeLayer(t *testing.T) {
	k := newKilling(t)
	kills, finished, replaced := often(40, 500), 0, 0
	for i := range kills {
		before := k.read(layerFile)
		if k.end(syscall.SIGKILL, i%2 == 1).code == 0 {
			finished++
		}
		after := k.read(layerFile)
		if bytes.Equal(before, after) {
			continue
		}
		replaced++
		if !isLayer(after) {
			t.Errorf("kill %d: what is at --out is neither the old layer nor a new one", i)
		}
	}
	left, pieces := k.temporaries(), 0
	for _, path := range left {
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 && !isLayer(b) {
			pieces++
		}
	}
	t.Logf("%d kills over %v: %d came too late, %d found a new layer in place, %d left a temporary file, %d of them with a piece of a layer; none left a torn layer or a value",
		kills, k.whole.Round(time.Millisecond), finished, replaced, len(left), pieces)
	if finished == kills {
		t.Error("no kill came in time")
	}
	if place, err := leaks(k.dir); place != "" || err != nil {
		t.Errorf("left behind: %s%v", place, err)
	}
	k.sweep(left)
}

// sweep holds the next run to removing what killed runs have left, and nothing else.
func (k *killing) sweep(left []string) {
	k.Helper()
	place := func(name string) string {
		k.write(name, "x")
		return filepath.Join(k.dir, name)
	}
	name := func(layer string) string { return "." + layer + "." + crand.Text() + ".tmp" }
	living := place(name(layerFile)) // of a run that is still under way
	f, err := os.Open(living)
	if err != nil {
		k.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		k.Fatal(err)
	}
	gone := slices.Concat(left, []string{place(name(layerFile))})
	stay := []string{
		living, place(name("other.zip")), place(".layer.zip.backup.tmp"), place(".layer.zip.notes"), place("layer.zip.tmp"),
		place(strings.ToLower(name(layerFile))), place("x" + name(layerFile)),
	}
	if got := k.run(k.build()...); got.code != 0 || !isLayer(k.read(layerFile)) {
		k.Errorf("the last run left no layer: exit code %d\n%s", got.code, got.stderr)
	}
	for _, path := range gone {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			k.Errorf("%s is not swept: %v", path, err)
		}
	}
	for _, path := range stay {
		if _, err := os.Stat(path); err != nil {
			k.Errorf("swept, and not a killed run's: %v", err)
		}
	}
}
