//go:build unix

package faulttest

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// A file system that vanishes, or becomes read-only, at any moment of a build, has the old layer or a new one. The build ends with 8 or
// succeeds.
func TestFileSystemVanishes(t *testing.T) {
	k := newKilling(t)
	requireMounts(k.stage)
	k.wrap = []string{"unshare", "-rm", "sh", "-c", `
mkdir -p disk && mount -t tmpfs -o size=4m tmpfs disk && cp layer.zip disk || exit 99
exec 3<disk
"$@" &
sleep "$DELAY"
eval "$CHANGE"
wait $!
code=$?
cp /proc/self/fd/3/layer.zip kept.zip
exit $code`, "sh"}
	env, before := k.env, k.read(layerFile)
	for _, change := range []string{"umount -l disk; rmdir disk", "mount -o remount,ro disk"} {
		failed, rounds := 0, often(3, 100)
		for range rounds {
			delay := time.Duration(k.random.Int64N(int64(k.whole)))
			k.env = slices.Concat(env, []string{"CHANGE=" + change, fmt.Sprintf("DELAY=%.3f", delay.Seconds())})
			got := k.run(k.calling("build", "--env", "prod", "--out", "disk/"+layerFile, "--reseal")...)
			switch kept := k.read("kept.zip"); {
			case !bytes.Equal(kept, before) && !isLayer(kept):
				t.Errorf("%s after %v: a torn layer", change, delay)
			case got.code == 8 && !bytes.Equal(kept, before):
				t.Errorf("%s after %v: it failed, and the old layer is gone\n%s", change, delay, got.stderr)
			case got.code == 8:
				failed++
			case got.code != 0:
				t.Errorf("%s after %v: exit code %d\n%s", change, delay, got.code, got.stderr)
			}
			// What is below the mount, where a build may end up.
			if b := k.read("disk/" + layerFile); b != nil && !isLayer(b) {
				t.Errorf("%s after %v: a torn layer beneath", change, delay)
			}
			if err := os.RemoveAll(k.dir + "/disk"); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: %d of %d builds failed with 8, none left a torn layer", change, failed, rounds)
	}
	if place, err := leaks(k.dir); place != "" || err != nil {
		t.Errorf("left behind: %s%v", place, err)
	}
}
