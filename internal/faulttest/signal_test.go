//go:build unix

package faulttest

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// A build that a signal ends says what is true: it leaves the old layer if it says that nothing was written, and a new one otherwise. It
// leaves nothing else. The signals come while it reads a large manifest, at any moment, and while it writes and renames the layer; rows
// of TestFaults have those that come during calls.
func TestSignalsInEveryPhase(t *testing.T) {
	k := newKilling(t)
	small, large := string(k.read("secrets.hcl")), strings.Builder{}
	large.WriteString(head)
	for i := range 400 {
		large.WriteString(function(fmt.Sprintf("f%d", i), append(numbered(0, parameters), "prod/s0")...))
	}
	for _, phase := range []struct {
		name, manifest string
		writing        bool
	}{{"reading the manifest", large.String(), false}, {"any moment", small, false}, {"writing and renaming", small, true}} {
		k.write("secrets.hcl", phase.manifest)
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			stopped, rounds := 0, often(3, 50)
			for range rounds {
				before := k.read(layerFile)
				got := k.end(signal, phase.writing)
				replaced := !bytes.Equal(before, k.read(layerFile))
				switch said := strings.Contains(string(got.stderr), "nothing was written"); {
				case !isLayer(k.read(layerFile)):
					t.Errorf("%s, %v: a torn layer", phase.name, signal)
				case got.code != 0 && got.code != 128+int(signal):
					if phase.manifest == small {
						t.Errorf("%s, %v: exit code %d\n%s", phase.name, signal, got.code, got.stderr)
					}
				case got.code != 0 && said && replaced:
					t.Errorf("%s, %v: it says that nothing was written, and there is a new layer", phase.name, signal)
				case got.code != 0:
					stopped++
				case !replaced:
					t.Errorf("%s, %v: exit code 0, and no new layer", phase.name, signal)
				}
			}
			if left := k.temporaries(); len(left) > 0 {
				t.Errorf("%s, %v: %s", phase.name, signal, left)
			}
			t.Logf("%v during %s: %d of %d builds stopped, none left a torn layer or a temporary file", signal, phase.name, stopped, rounds)
		}
	}
	if place, err := leaks(k.dir); place != "" || err != nil {
		t.Errorf("left behind: %s%v", place, err)
	}
}
