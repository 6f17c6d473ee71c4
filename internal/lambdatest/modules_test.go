//go:build unix

package lambdatest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestModulesOfNodeOutsideTheManagedRuntimes: AWS's client alone, as in a
// container image or a custom runtime, imports the function as it is. Then an ES
// module does not find the helper by its name in NODE_PATH, and the ways out of
// docs/runtime.md do.
func TestModulesOfNodeOutsideTheManagedRuntimes(t *testing.T) {
	local, url := serve(t)
	document, _ := readVector(t, "ok-one")
	opt := unpack(t, document)
	withPackage := t.TempDir()
	if err := os.CopyFS(filepath.Join(withPackage, "node_modules"), os.DirFS(filepath.Join(opt, "nodejs/node_modules"))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(withPackage, os.DirFS("testdata/modules")); err != nil {
		t.Fatal(err)
	}
	for _, program := range nodes(t) {
		for _, c := range []struct{ name, handler, task, found string }{
			{"by name", "import.handler", "testdata/modules", ""},
			{"by name, with the package", "import.handler", withPackage, "15"},
			{"required", "require.handler", "testdata/modules", "15"},
			{"by path", "path.handler", "testdata/modules", "15"},
		} {
			t.Run(program+" "+c.name, func(t *testing.T) {
				t.Parallel()
				client := nodejs(t, program)
				client.command[len(client.command)-1], client.task = c.handler, c.task
				f := start(t, client, local, opt, []string{"AWS_ENDPOINT_URL_KMS=" + url}, event{})
				a := f.await(t)
				f.checkOutput(t)
				switch {
				case c.found != "" && (a.kind != "response" || string(a.body) != c.found):
					t.Errorf("%s: %s\n%s", a.kind, a.body, f.output)
				case c.found == "" && (a.kind != "init/error" || !strings.Contains(string(a.body), "ERR_MODULE_NOT_FOUND") || !strings.Contains(string(a.body), "bundle-secrets")):
					t.Errorf("%s: %s\n%s", a.kind, a.body, f.output)
				}
			})
		}
	}
}
