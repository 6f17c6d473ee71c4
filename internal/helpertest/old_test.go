package helpertest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReadersOfBundle1RefuseBundle2 runs the helpers with the parsers that they had
// before there was bundle/2, which testdata/bundle1 keeps as they were.
func TestReadersOfBundle1RefuseBundle2(t *testing.T) {
	each(t, func(t *testing.T, l language) {
		l.driver = l.withOldParser(t)
		local := embedded(t)
		for _, name := range []string{"ok-secret", "ok-secret-and-parameter", "ok-secret-parts", "ok-list", "ok-list-of-both", "f35-parameters"} {
			t.Run(name, func(t *testing.T) {
				v := readVector(t, name)
				v.expect, v.rule, v.secrets = "unknown_format", "F-4", nil
				v.run(t, l.start(t), local)
			})
		}
		for _, name := range []string{"ok-two-in-a-box", "ok-checks", "ok-blind"} {
			t.Run(name, func(t *testing.T) { readVector(t, name).run(t, l.start(t), local) })
		}
	})
}

// withOldParser copies the helper and its driver into a folder, where the driver finds
// that copy first, and replaces the parser. It returns the driver's path.
func (l language) withOldParser(t *testing.T) (driver string) {
	t.Helper()
	dir := t.TempDir()
	helper, parser, from := filepath.Join(dir, "node_modules", "bundle-secrets"), "lib/document.cjs", "../../runtime/node/package"
	driver = filepath.Join(dir, "driver.cjs")
	if l.kind == "python" {
		helper, parser, from = filepath.Join(dir, "python", "bundle_secrets"), "_document.py", "../../runtime/python/python/bundle_secrets"
		driver = filepath.Join(dir, "testdata", "driver.py")
	}
	if err := os.CopyFS(helper, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join("testdata/bundle1", filepath.Base(parser)), filepath.Join(helper, parser))
	copyFile(t, l.driver, driver)
	return driver
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
