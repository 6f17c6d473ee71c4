package manifest

import (
	"os"
	"path/filepath"
	"testing"
)

// A guard file is accepted, or refused with a place, whatever it contains.
func FuzzLoadGuard(f *testing.F) {
	f.Add([]byte("allow {\n  environments = [\"prod\"]\n  accounts     = [\"222222222222\"]\n  regions      = [\"*\"]\n  bundles      = [\"*\"]\n  constraints  = [\"matches=a\"]\n  functions    = [\"*\"]\n  parameters   = [\"/prod\"]\n  keys         = [\"alias/*\"]\n}\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "guard.hcl")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, diags := LoadGuard(path)
		for _, d := range diags {
			if d.Summary == "" || d.Detail == "" {
				t.Errorf("an empty diagnostic: %+v", d)
			}
		}
	})
}
