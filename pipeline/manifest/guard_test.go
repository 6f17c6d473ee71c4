package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const goodGuard = `
allow {
  environments   = ["prod"]
  accounts       = ["222222222222"]
  regions        = ["us-west-2", "eu-*"]
  bundles        = ["payments"]
  functions      = ["hello", "worker-*"]
  keys           = ["alias/prod-*"]
  parameters     = ["/prod/payments/", "/prod/shared", "toplevel"]
  layers         = ["payments-*"]
  deployed_as    = ["payments-prod-*"]
  helpers        = ["node"]
  allow_reserved = ["NODE_AUTH_TOKEN"]
  session        = ["external_id=shop:prod", "tags.team=*", "tags[\"a=b\"]="]
  constraints    = ["min_length=20", "matches=sk_.*", "min_length=8,matches=a,b"]
  blind          = true
}
allow {
  environments = ["*"]
  accounts     = ["000000000000"]
  regions      = ["*"]
  bundles      = ["*"]
  functions    = ["*"]
  keys         = ["*"]
  parameters   = ["*"]
}
`

func loadGuard(t *testing.T, name, src string) (*Guard, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	g, diags := LoadGuard(path)
	return g, render(t, &Module{files: g.Files()}, diags)
}

func TestGuardIsReadInBothSyntaxes(t *testing.T) {
	want := []Allow{
		{
			Environments: []Text{text("prod")}, Accounts: []Text{text("222222222222")}, Regions: []Text{text("us-west-2"), text("eu-*")}, Bundles: []Text{text("payments")},
			Functions: []Text{text("hello"), text("worker-*")},
			Keys:      []Text{text("alias/prod-*")}, Parameters: []Text{text("/prod/payments/"), text("/prod/shared"), text("toplevel")}, Blind: true,
			Layers: []Text{text("payments-*")}, DeployedAs: []Text{text("payments-prod-*")}, Helpers: []Text{text("node")},
			AllowReserved: []Text{text("NODE_AUTH_TOKEN")}, Session: []Text{text("external_id=shop:prod"), text("tags.team=*"), text("tags[\"a=b\"]=")}, Constraints: []Text{text("min_length=20"), text("matches=sk_.*"), text("min_length=8,matches=a,b")},
		},
		{
			Environments: []Text{text("*")}, Accounts: []Text{text("000000000000")}, Regions: []Text{text("*")}, Bundles: []Text{text("*")},
			Functions: []Text{text("*")}, Keys: []Text{text("*")}, Parameters: []Text{text("*")},
		},
	}
	for name, src := range map[string]string{
		"guard.hcl": goodGuard,
		"guard.json": `{"allow": [
			{"environments": ["prod"], "accounts": ["222222222222"], "regions": ["us-west-2", "eu-*"], "bundles": ["payments"], "functions": ["hello", "worker-*"],
			 "keys": ["alias/prod-*"], "parameters": ["/prod/payments/", "/prod/shared", "toplevel"], "layers": ["payments-*"], "deployed_as": ["payments-prod-*"],
			 "helpers": ["node"], "allow_reserved": ["NODE_AUTH_TOKEN"], "session": ["external_id=shop:prod", "tags.team=*", "tags[\"a=b\"]="], "constraints": ["min_length=20", "matches=sk_.*", "min_length=8,matches=a,b"], "blind": true},
			{"environments": ["*"], "accounts": ["000000000000"], "regions": ["*"], "bundles": ["*"], "functions": ["*"], "keys": ["*"], "parameters": ["*"]}]}`,
	} {
		g, said := loadGuard(t, name, src)
		if said != "" {
			t.Fatalf("%s: %s", name, said)
		}
		if diff := cmp.Diff(want, g.Allows, withoutRanges, cmpopts.IgnoreUnexported(Allow{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func TestGuardRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{goodGuard, "", "Empty guard file"},
		{goodGuard, "# nothing", "Empty guard file"},
		{"blind          = true", "bilnd = true", `Did you mean "blind"?`},
		{"blind          = true", `blind = "true"`, "blind must be a bool"},
		{`["prod"]`, `["${environment.name}"]`, "environment"},
		{`["prod"]`, `[var.x]`, "Error:"},
		{`["prod"]`, `"prod"`, "environments must be a list(string)"},
		{`["prod"]`, `[]`, "this block allows nothing"},
		{`["prod"]`, `null`, "needs environments"},
		{`["prod"]`, `[""]`, "An element of environments is empty"},
		{`  environments   = ["prod"]`, ``, "needs environments"},
		{`  keys           = ["alias/prod-*"]`, ``, "needs keys"},
		{`["222222222222"]`, `["2222"]`, `Invalid attribute "accounts"`},
		{`["222222222222"]`, `[]`, "this block allows nothing"},
		{`["222222222222"]`, `[222222222222]`, "accounts must be a list(string)"},
		{`"/prod/shared"`, `"/prod/shared*"`, "without an asterisk"},
		{`"/prod/shared"`, `"/"`, "is not the beginning of a parameter name"},
		{`"/prod/shared"`, `"prod/shared"`, "is not the beginning of a parameter name"},
		{`"/prod/shared"`, `"/prod//shared"`, "is not the beginning of a parameter name"},
		{"  parameters     = [\"/prod/payments/\", \"/prod/shared\", \"toplevel\"]", "", "needs parameters or secrets"},
		{`["/prod/payments/", "/prod/shared", "toplevel"]`, "[]", "allows no parameter and no secret of Secrets Manager"},
		{"blind          = true", `secrets = ["prod/*"]`, "without an asterisk"},
		{"blind          = true", `secrets = ["arn:aws:secretsmanager:x"]`, "is not the beginning of a secret's name"},
		{"blind          = true", `secrets = ["a b"]`, "is not the beginning of a secret's name"},
		{"blind          = true", `secrets = "prod/"`, "secrets must be a list(string)"},
		{`"us-west-2"`, `"us-west-2…"`, `Invalid attribute "regions"`},
		{`"us-west-2"`, `""`, "An element of regions is empty"},
		{`["payments"]`, `[]`, "this block allows nothing"},
		{`["payments"]`, `["pay/ments"]`, `Invalid attribute "bundles"`},
		{`["payments-*"]`, `["payments.*"]`, `Invalid attribute "layers"`},
		{`["payments-prod-*"]`, `"payments"`, "deployed_as must be a list(string)"},
		{`["node"]`, `["nodejs"]`, `Did you mean "node"?`},
		{`["NODE_AUTH_TOKEN"]`, `["NODE AUTH"]`, `Invalid attribute "allow_reserved"`},
		{`"tags.team=*"`, `"team=*"`, `Invalid attribute "session"`},
		{`"min_length=20"`, `"min_length = 20"`, "is not a constraint"},
		{`"min_length=20"`, `"min_length=0"`, "is not a constraint"},
		{`"matches=sk_.*"`, `"sk_.*"`, "is not a constraint"},
		{`"matches=sk_.*"`, `"matches=sk_.*,min_length=8", "matches="`, "is not a constraint"},
		{"allow {", "deny {", `Unknown block "deny"`},
		{"allow {", "allow \"x\" {", "Label not allowed"},
		{"allow {", "allow {{", "Error:"},
		{"allow {", "function \"x\" {}\nallow {", "A guard file has the blocks allow"},
		{"[\"*\"]", strings.Repeat("[", 200), "Error:"},
	} {
		src := strings.Replace(goodGuard, tt.old, tt.new, 1)
		if src == goodGuard {
			t.Fatalf("%q is not there", tt.old)
		}
		g, said := loadGuard(t, "guard.hcl", src)
		if unwrapped := strings.Join(strings.Fields(said), " "); !strings.Contains(unwrapped, tt.want) || len(g.Allows) > 0 {
			t.Errorf("%s: got %d blocks, and\n%s", tt.new, len(g.Allows), said)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "absent.hcl"), t.TempDir()} {
		if g, diags := LoadGuard(path); len(g.Allows) > 0 || !diags.HasErrors() || !strings.HasPrefix(diags[0].Detail, "Cannot read ") {
			t.Errorf("%s: %v", path, diags)
		}
	}
}

// A block from an earlier version is read, with a list of what it lacks. It allows nothing as it is.
func TestGuardOfAnEarlierVersionLacksAttributes(t *testing.T) {
	for attributes, want := range map[string]string{
		"accounts = [\"222222222222\"]": "regions bundles",
		"":                              "accounts regions bundles",
		"accounts = null":               "accounts regions bundles",
		"accounts = [\"222222222222\"]\n regions = [\"*\"]":                       "bundles",
		"accounts = [\"222222222222\"]\n regions = [\"*\"]\n bundles = [\"*\"]\n": "",
	} {
		g, said := loadGuard(t, "guard.hcl", "allow {\n environments = [\"*\"]\n functions = [\"*\"]\n keys = [\"*\"]\n parameters = [\"*\"]\n"+attributes+"\n}\n")
		if said != "" || len(g.Allows) != 1 || strings.Join(g.Allows[0].Lacks, " ") != want || g.Old() != (want != "") {
			t.Errorf("%s: %+v\n%s", attributes, g.Allows, said)
		}
	}
}

func TestPatternsAndPrefixesMatchWholeNames(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"hello", "hello", true}, {"hello", "hello2", false}, {"hello", "Hello", false}, {"hello", "", false},
		{"*", "", true}, {"*", "anything", true},
		{"worker-*", "worker-a", true}, {"worker-*", "worker-", true}, {"worker-*", "worker", false}, {"worker-*", "my-worker-a", false},
		{"*-prod", "a-prod", true}, {"*-prod", "a-prod-b", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "a1b2c", true}, {"a*b*c", "acb", false}, {"a**b", "ab", true},
		{"*ab*ab*", "abab", true}, {"*ab*ab*", "aab", false}, {".*", "x", false}, {"[a]", "a", false}, {"?", "a", false},
	} {
		if got := MatchesPattern(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%q on %q: %v", tt.pattern, tt.name, got)
		}
	}
	for _, tt := range []struct {
		prefix, name string
		want         bool
	}{
		{"/prod/pay", "/prod/pay", true}, {"/prod/pay", "/prod/pay/x", true}, {"/prod/pay/", "/prod/pay/x", true}, {"/prod/pay/", "/prod/pay", true},
		{"/prod/pay", "/prod/payments", false}, {"/prod/pay", "/prod", false}, {"/prod/pay", "/Prod/pay/x", false}, {"/prod/pay", "/x/prod/pay", false},
		{"/prod", "prod", true}, {"prod", "/prod/x", true}, {"/prod", "/prod/x", true}, {"/prod", "/production/x", false}, {"*", "/any/thing", true},
	} {
		if got := HasPrefix(tt.name, tt.prefix); got != tt.want {
			t.Errorf("%q on %q: %v", tt.prefix, tt.name, got)
		}
	}
}

// The names of Secrets Manager mean nothing but themselves, and only a slash ends a level.
func TestSecretPrefixes(t *testing.T) {
	for _, tt := range []struct {
		prefix, name string
		want         bool
	}{
		{"prod/pay", "prod/pay", true}, {"prod/pay", "prod/pay/x", true}, {"prod/pay/", "prod/pay/x", true}, {"prod/pay/", "prod/pay/", true}, {"*", "/any/thing", true},
		{"prod/pay/", "prod/pay", false}, {"prod/pay", "prod/payments", false}, {"prod/pay", "prod", false}, {"prod/pay", "Prod/pay/x", false},
		{"prod/pay", "/prod/pay", false}, {"/prod/pay", "prod/pay/x", false}, {"/", "/x", true}, {"/", "x", false}, {"prod", "prod//x", true}, {"rds!cluster", "rds!cluster-1", false},
	} {
		if got := HasSecretPrefix(tt.name, tt.prefix); got != tt.want {
			t.Errorf("%q on %q: %v", tt.prefix, tt.name, got)
		}
	}
}

func FuzzMatchesPattern(f *testing.F) {
	f.Add("a*b", "axb")
	f.Add("*", "")
	f.Add("a*a", "a")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 12 || len(name) > 12 {
			return // the slow one is very slow
		}
		if got := MatchesPattern(pattern, name); got != slowMatch(pattern, name) {
			t.Errorf("%q on %q: %v", pattern, name, got)
		}
	})
}

// slowMatch matches a pattern character by character, as a specification.
func slowMatch(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return slowMatch(pattern[1:], name) || name != "" && slowMatch(pattern, name[1:])
	case name == "" || pattern[0] != name[0]:
		return false
	}
	return slowMatch(pattern[1:], name[1:])
}
