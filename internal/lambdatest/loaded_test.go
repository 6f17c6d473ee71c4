//go:build unix

package lambdatest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestWhatTheClientForNodeHasLoaded before it loads a function: node:http, which
// the helper therefore need not pay for, and not node:https or node:tls, which
// it must. BenchmarkColdStart of internal/helpertest rests on this.
func TestWhatTheClientForNodeHasLoaded(t *testing.T) {
	local, _ := serve(t)
	document, _ := readVector(t, "ok-one")
	opt := unpack(t, document)
	for _, program := range needs.Programs("node", "BUNDLE_TEST_NODE") {
		t.Run(program, func(t *testing.T) {
			c := nodejs(t, program)
			c.task = "testdata/loaded"
			f := start(t, c, local, opt, nil, event{})
			a := f.await(t)
			f.end()
			var loaded []string
			if err := json.Unmarshal(a.body, &loaded); err != nil || a.kind != "response" {
				t.Fatalf("%s: %s\n%s", a.kind, a.body, f.output)
			}
			for module, want := range map[string]bool{"http": true, "net": true, "https": false, "tls": false} {
				if got := slices.Contains(loaded, "NativeModule "+module); got != want {
					t.Errorf("node:%s is loaded: %v, want %v", module, got, want)
				}
			}
		})
	}
}
