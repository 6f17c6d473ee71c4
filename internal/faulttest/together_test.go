//go:build unix

package faulttest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// Builds at once on one path all succeed, and the file is what one of them says it wrote.
func TestBuildsAtOnceLeaveOneLayer(t *testing.T) {
	s := newStage(t, newTemplate(t), &row{})
	rounds, builds := often(2, 100), 0
	for round := range rounds {
		all := together(s)
		digest := fmt.Sprintf("%x", sha256.Sum256(s.read(layerFile)))
		known := false
		for _, one := range all {
			builds++
			if one.code != 0 {
				t.Errorf("round %d: exit code %d\n%s", round, one.code, one.stderr)
			}
			known = known || strings.Contains(string(one.stdout), digest)
		}
		if !known || !isLayer(s.read(layerFile)) {
			t.Errorf("round %d: the file is not what any build says: %s", round, digest)
		}
	}
	if left := s.temporaries(); len(left) > 0 {
		t.Error(left)
	}
	t.Logf("%d rounds of %d builds at once: each round ended with a complete layer of one of them, none failed, no temporary file was left", rounds, builds/rounds)
}
