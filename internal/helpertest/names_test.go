package helpertest

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/runtime/secrets"
)

// tableNames are names of each row of docs/names.md, and some beside it.
func tableNames() []string {
	var all []string
	for _, n := range manifest.Names() {
		for _, between := range []string{"", "X", "_x1"} {
			name := strings.Replace(n.Pattern, "*", between, 1)
			all = append(all, name, strings.ToLower(name), "X"+name, name+"X", name+"_2", strings.TrimSuffix(name, "_"))
		}
	}
	return append(all, "DB_PASSWORD", "LAMBDA_KEY", "JAVA_HOME", "PROXY", "AWS", "BASH_X", "DOTNET_X", "SSL_CERT_X", "NPM_CONFIG_X")
}

// TestHelpersRefuseTheNamesOfTheTable: what the table says of helpers, they do, in every language.
func TestHelpersRefuseTheNamesOfTheTable(t *testing.T) {
	names := tableNames()
	check := func(t *testing.T, refused []bool, by ...manifest.Refusal) {
		t.Helper()
		if len(refused) != len(names) {
			t.Fatalf("%d answers for %d names", len(refused), len(names))
		}
		for i, name := range names {
			if want := slices.Contains(by, manifest.Variable(name)); refused[i] != want {
				t.Errorf("%s: refused %v, want %v", name, refused[i], want)
			}
		}
	}
	t.Run("go", func(t *testing.T) {
		var refused []bool
		for _, name := range names {
			refused = append(refused, secrets.Reserved(name))
		}
		check(t, refused, manifest.RefusedByAll, manifest.RefusedByGo)
	})
	scripts := map[string][]string{
		"node": {"-e", `const { isReserved } = require("../../runtime/node/package/lib/names.cjs");
			console.log(JSON.stringify(JSON.parse(require("node:fs").readFileSync(0)).map(isReserved)))`},
		"python": {"-c", `import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "../../runtime/python/python")
from bundle_secrets._names import is_reserved
print(json.dumps([is_reserved(name) for name in json.load(sys.stdin)]))`},
	}
	each(t, func(t *testing.T, l language) {
		asked, err := json.Marshal(names)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(l.program, scripts[l.kind]...)
		cmd.Stdin = strings.NewReader(string(asked))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var refused []bool
		if err := json.Unmarshal(out, &refused); err != nil {
			t.Fatal(err)
		}
		check(t, refused, manifest.RefusedByAll)
	})
}

// TestHelpersListDoesNotGrow: a helper never refuses what one before it took. A row that is new in the table is for the
// build alone.
func TestHelpersListDoesNotGrow(t *testing.T) {
	text, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	closed := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, n := range manifest.Names() {
		switch listed := slices.Contains(closed, n.Pattern); {
		case n.Helpers != manifest.RefusedByNone && !listed:
			t.Errorf("helpers would refuse %s, which they used to take", n.Pattern)
		case n.Helpers == manifest.RefusedByNone && listed:
			t.Errorf("helpers no longer refuse %s: remove its line from testdata/refused.txt", n.Pattern)
		}
	}
}
