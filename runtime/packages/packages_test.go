package packages

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/runtime/node"
	"github.com/whispering/bundle/runtime/python"
	"github.com/whispering/bundle/runtime/secretstest"
)

// ofLayer returns the helpers for Node and Python, as a layer has them.
func ofLayer(t *testing.T) []layerbuild.File {
	t.Helper()
	nodeFiles, err := node.Files()
	if err != nil {
		t.Fatal(err)
	}
	pythonFiles, err := layerbuild.HelperFiles(python.Files)
	if err != nil {
		t.Fatal(err)
	}
	return append(nodeFiles, pythonFiles...)
}

// TestTheHelpersAreThoseOfALayer: byte for byte, and nothing of the layer is missing.
func TestTheHelpersAreThoseOfALayer(t *testing.T) {
	packaged := read(t, "devel")
	for _, f := range ofLayer(t) {
		at := strings.NewReplacer(node.Folder, NPM, "python/bundle_secrets", PyPI+"/src/bundle_secrets").Replace(f.Path)
		if got, ok := packaged[at]; !ok || !bytes.Equal(got, f.Data) {
			t.Errorf("%s is not %s of a layer", at, f.Path)
		}
	}
	root, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{NPM, PyPI} {
		if !bytes.Equal(packaged[folder+"/LICENSE"], root) {
			t.Errorf("%s/LICENSE is not that of the repository", folder)
		}
	}
}

// TestTestDoublesAreInNoLayer: a function in Lambda cannot load them.
func TestTestDoublesAreInNoLayer(t *testing.T) {
	for _, f := range ofLayer(t) {
		if strings.Contains(path.Base(f.Path), "testing") || strings.Contains(string(f.Data), "setSecrets = ") {
			t.Errorf("a layer has %s", f.Path)
		}
	}
}

func TestVersion(t *testing.T) {
	for bundle, want := range map[string]string{
		"v1.2.3": "1.2.3", "v10.0.12": "10.0.12", "v1.2.3-rc.1": "1.2.3-rc.1", "v0.3.0-alpha.12": "0.3.0-alpha.12", "v0.3.0-beta.2": "0.3.0-beta.2",
		"": "0.0.0", "devel": "0.0.0", "1.2.3": "0.0.0", "v1.2": "0.0.0", "v1.2.3+dirty": "0.0.0", "v1.2.3-rc.1+dirty": "0.0.0", "v1.2.3\n": "0.0.0",
		"v0.0.0-20261128151422-0123456789ab": "0.0.0", "v1.2.4-0.20261128151422-0123456789ab": "0.0.0", "v1.2.3-rc1": "0.0.0", `v1.2.3", "x": "`: "0.0.0",
	} {
		if got := Version(bundle); got != want {
			t.Errorf("Version(%q) = %q, want %q", bundle, got, want)
		}
	}
}

// TestReleasesDifferInTheirVersionOnly: one place in each package has it.
func TestReleasesDifferInTheirVersionOnly(t *testing.T) {
	before, after := read(t, "devel"), read(t, "v1.2.3-rc.1")
	for name, data := range after {
		differs := !bytes.Equal(data, before[name])
		if want := name == NPM+"/package.json" || name == PyPI+"/pyproject.toml"; differs != want {
			t.Errorf("%s differs: %t", name, differs)
		}
		if differs && !bytes.Equal(bytes.Replace(data, []byte(`"1.2.3-rc.1"`), []byte(`"0.0.0"`), 1), before[name]) {
			t.Errorf("%s differs in more than its version", name)
		}
	}
}

func read(t *testing.T, version string) map[string][]byte {
	t.Helper()
	files, err := Files(version)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, f := range files {
		if _, ok := all[f.Path]; ok || f.Executable {
			t.Errorf("%s is there twice, or executable", f.Path)
		}
		all[f.Path] = f.Data
	}
	return all
}

// TestTheDoublesRefuseTheNamesThatNoSecretCanHave compares the test doubles with the table of names.
func TestTheDoublesRefuseTheNamesThatNoSecretCanHave(t *testing.T) {
	dir := t.TempDir()
	for name, data := range read(t, "1.2.3") {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	names, want := []string{"A", "A-B"}, []string{}
	for _, n := range manifest.Names() {
		name := strings.ReplaceAll(n.Pattern, "*", "X")
		names = append(names, name, strings.ToLower(name))
		if n.Class != manifest.Never && !strings.HasPrefix(name, "_") {
			want = append(want, name, strings.ToLower(name))
		}
	}
	for program, script := range map[string]string{
		"node": `const { setSecrets } = require("./npm/testing.cjs");
			for (const nothing of [undefined, null, 7, [], new Map([["DB_PASSWORD", "x"]])]) {
				try { setSecrets(nothing); console.log("accepted"); } catch (e) { if (!/^setSecrets needs an object/.test(e.message)) throw e; }
			}
			for (const name of process.argv.slice(1)) {
				try { setSecrets({ [name]: "x" }); console.log(name); } catch (e) { if (!(e instanceof TypeError)) throw e; }
			}`,
		"python3": `
import sys
sys.path.insert(0, "python/src")
from bundle_secrets_testing import set_secrets
try:
    set_secrets(None)
except TypeError as e:
    if "must be a mapping" not in str(e):
        raise
for name in sys.argv[1:]:
    try:
        set_secrets({name: "x"})
        print(name)
    except TypeError:
        pass
`,
	} {
		flag := map[string]string{"node": "--eval", "python3": "-c"}[program]
		command := exec.Command(needs.Program(t, program, "Node.js 20 or later, Python 3.10 or later"), append([]string{flag, script}, names...)...)
		command.Dir = dir
		out, err := command.CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v: it accepts %q, want %q", program, err, got, want)
		}
	}
	for _, name := range want { // and the same in Go
		secretstest.New(t, map[string]string{name: "x"})
	}
}
