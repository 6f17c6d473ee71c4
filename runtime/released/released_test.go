package released_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/runtime/execbin"
	"github.com/whispering/bundle/runtime/helpers"
	"github.com/whispering/bundle/runtime/released"
)

const (
	sum   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	table = sum + " 0755 bundle/exec\n" + sum + " 0644 python/x.py\n"
)

// TestTables checks that the embedded tables can be read, and that each has every
// helper.
func TestTables(t *testing.T) {
	all, err := released.Read(released.Tables())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		for _, name := range layerbuild.Helpers() {
			found := false
			for path := range r.Files {
				found = found || layerbuild.HelperOf(path) == name
			}
			if !found {
				t.Errorf("%s: no file of the helper %q", r.Name, name)
			}
		}
	}
}

func TestRead(t *testing.T) {
	tables := fstest.MapFS{"README.md": {}}
	for _, name := range []string{"v1.2.3", "v1.10.0-rc.1", "v1.10.0", "v0.9.0", "v1.10.0-rc.2"} {
		tables[name+".txt"] = &fstest.MapFile{Data: []byte(table)}
	}
	all, err := released.Read(tables)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, r := range all {
		order = append(order, r.Name)
		if got := r.Files["bundle/exec"]; len(r.Files) != 2 || got.SHA256 != sum || !got.Executable || r.Files["python/x.py"].Executable {
			t.Errorf("%s: %v", r.Name, r.Files)
		}
	}
	if got := strings.Join(order, " "); got != "v1.10.0 v1.10.0-rc.2 v1.10.0-rc.1 v1.2.3 v0.9.0" {
		t.Errorf("the order is %s", got)
	}
}

func TestReadRefusesEverythingElse(t *testing.T) {
	for name, c := range map[string]struct{ file, text string }{
		"empty":           {"v1.2.3", ""},
		"no version":      {"1.2.3", table},
		"a version short": {"v1.2", table},
		"a short sum":     {"v1.2.3", sum[1:] + " 0644 python/x.py\n"},
		"capitals":        {"v1.2.3", strings.ToUpper(table)},
		"another mode":    {"v1.2.3", sum + " 0600 python/x.py\n"},
		"two spaces":      {"v1.2.3", sum + "  0644 python/x.py\n"},
		"a carriage":      {"v1.2.3", strings.ReplaceAll(table, "\n", "\r\n")},
		"no end":          {"v1.2.3", strings.TrimSuffix(table, "\n")},
		"another order":   {"v1.2.3", sum + " 0644 python/x.py\n" + sum + " 0755 bundle/exec\n"},
		"twice":           {"v1.2.3", table + table},
		"an empty line":   {"v1.2.3", table + "\n"},
	} {
		all, err := released.Read(fstest.MapFS{c.file + ".txt": {Data: []byte(c.text)}})
		if err == nil || !strings.Contains(err.Error(), c.file+".txt") {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

// TestOwnFilesCanBeListed checks that the table of the current tree has every
// helper, with bundle-exec for both architectures, and does not depend on the
// user's settings.
func TestOwnFilesCanBeListed(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles bundle-exec for two architectures")
	}
	first, err := helpers.Own(t.Context(), "v1.2.3", true)
	if err != nil || first.Missing != nil {
		t.Fatal(err, first.Missing)
	}
	t.Setenv("GOAMD64", "v3")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOFLAGS", "-tags=release")
	second, err := helpers.Own(t.Context(), "v1.2.3", true)
	if err != nil || second.Missing != nil {
		t.Fatal(err, second.Missing)
	}
	text := released.Format(first.Files)
	if text != released.Format(second.Files) {
		t.Error("settings of the user change the table")
	}
	if all, err := released.Read(fstest.MapFS{"v1.2.3.txt": {Data: []byte(text)}}); err != nil || len(all[0].Files) != len(first.Files) {
		t.Errorf("the table cannot be read: %v", err)
	}
	for _, path := range append(execbin.Paths(), "bundle/exec", "nodejs/node_modules/bundle-secrets/index.cjs", "python/bundle_secrets/__init__.py") {
		if !strings.Contains(text, " "+path+"\n") {
			t.Errorf("the table has no %s", path)
		}
	}
	if len(execbin.Paths()) != 2 || strings.Count(text, " 0755 ") != 3 {
		t.Errorf("executable files:\n%s", text)
	}
}

// TestOwnWithoutCompiling checks that a file that is not available is listed
// without a hash.
func TestOwnWithoutCompiling(t *testing.T) {
	if execbin.Released {
		t.Skip("a release contains bundle-exec")
	}
	own, err := helpers.Own(t.Context(), "v1.2.3", false)
	if err != nil || own.Missing == nil {
		t.Fatal(err, own.Missing)
	}
	for _, path := range execbin.Paths() {
		if got, ok := own.Files[path]; !ok || got != (layerbuild.Sum{}) {
			t.Errorf("%s: %v", path, got)
		}
	}
	if !own.Files["bundle/exec"].Executable {
		t.Error("the script is not executable")
	}
}
