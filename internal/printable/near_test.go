package printable

import (
	"strings"
	"testing"
)

func TestNear(t *testing.T) {
	candidates := []string{"manifest", "env", "endpoint-url", "all", "json"}
	for name, want := range map[string]string{
		"manfest": "manifest", "manifst": "manifest", "MANIFEST": "manifest", "evn": "env", "endp": "endpoint-url",
		"jsno": "json", "": "", "zzz": "", "ja": "", "quantity": "", strings.Repeat("manifest", 9): "",
	} {
		if got := Near(name, candidates); got != want {
			t.Errorf("%q is near %q, not %q", name, got, want)
		}
	}
}
