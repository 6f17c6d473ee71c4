//go:build unix

package lambdatest

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestWhatTheClientsHaveLoaded before they load a function: what the helpers
// need not pay for, and what they must. BenchmarkColdStart of
// internal/helpertest rests on this.
func TestWhatTheClientsHaveLoaded(t *testing.T) {
	local, _ := serve(t)
	document, _ := readVector(t, "ok-one")
	opt := unpack(t, document)
	check := func(t *testing.T, c client, prefix string, modules map[string]bool) {
		c.task = "testdata/loaded"
		f := start(t, c, local, opt, nil, event{})
		a := f.await(t)
		f.end()
		var loaded []string
		if err := json.Unmarshal(a.body, &loaded); err != nil || a.kind != "response" {
			t.Fatalf("%s: %s\n%s", a.kind, a.body, f.output)
		}
		for module, want := range modules {
			if got := slices.Contains(loaded, prefix+module); got != want {
				t.Errorf("%s is loaded: %v, want %v", module, got, want)
			}
		}
	}
	for _, program := range nodes(t) {
		t.Run(program, func(t *testing.T) {
			check(t, nodejs(t, program), "NativeModule ", map[string]bool{"http": true, "net": true, "https": false, "tls": false, "crypto": false})
		})
	}
	t.Run("python", func(t *testing.T) {
		check(t, cpython(t), "", map[string]bool{"json": true, "logging": true, "threading": true, "socket": false, "ssl": false, "hashlib": false, "http.client": false})
	})
}
