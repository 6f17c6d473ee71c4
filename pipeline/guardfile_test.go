package pipeline_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// richManifest uses everything that a guard file restricts.
const richManifest = `bundle {
  name            = "payments"
  layer           = "payments-${environment.name}"
  layer_parameter = "/layers/${environment.name}/payments"
  helpers         = ["node"]
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2", "us-east-1"]
  blind      = false

  role            = "arn:aws:iam::222222222222:role/build"
  session_name    = "release"
  external_id     = "payments:prod"
  source_identity = "release"
  tags            = { team = "payments", "a=b" = "", note = "a b" }
}
function "hello" {
  kms_key     = "arn:aws:kms:us-west-2:222222222222:key/mrk-0123456789abcdef0123456789abcdef"
  deployed_as = "payments-prod-hello"
  secret "NODE_AUTH_TOKEN" {
    parameter      = "/prod/payments/npm:7"
    allow_reserved = true
  }
  secret "DB_PASSWORD" {
    parameter  = "/prod/payments/db"
    matches    = "a\\d\"$${x}.*"
    min_length = 12
  }
  parameters { path = "/prod/payments/hello/" }
}
function "worker" {
  kms_key = "alias/worker"
  blind   = true
  secret "TOKEN" { parameter = "token" }
}
`

// everywhere evaluates a manifest for all its environments.
func everywhere(t *testing.T, path string) []*manifest.Manifest {
	t.Helper()
	module, diags := manifest.Load(path, manifest.Options{})
	var all []*manifest.Manifest
	for _, env := range module.Environments() {
		m, more := module.Evaluate(env)
		diags, all = append(diags, more...), append(all, m)
	}
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return all
}

// guarded loads a guard file and returns the problems that it reports in manifests.
func guarded(t *testing.T, guard string, all []*manifest.Manifest) (refused problem.Problems, unread bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guard.hcl")
	if err := os.WriteFile(path, []byte(guard), 0o600); err != nil {
		t.Fatal(err)
	}
	g, diags := manifest.LoadGuard(path)
	if diags.HasErrors() {
		return nil, true
	}
	if g.Old() {
		return pipeline.CheckGuardVersion(g, all), false
	}
	for _, m := range all {
		account := m.Environment.AccountID.Value
		if account == "" {
			account = "000000000000"
		}
		for _, region := range m.Environment.Regions {
			refused = append(refused, pipeline.Read(m).In(region.Value).CheckGuard(g, account)...)
		}
	}
	return refused, false
}

// inSecretsManager is a function for richManifest with secrets of Secrets Manager alone.
const inSecretsManager = `
function "reports" {
  kms_key = "alias/reports"
  secret "DB_PASSWORD" {
    secretsmanager = "prod/payments/db"
    field          = "password"
  }
  secret "CLUSTER" { secretsmanager = "rds!cluster-1" }
}
`

func rich(t *testing.T, more ...string) (string, []*manifest.Manifest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secrets.hcl")
	if err := os.WriteFile(path, []byte(richManifest+strings.Join(more, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	all := everywhere(t, path)
	guard, err := pipeline.GuardFile(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(guard), all
}

// What init --guard writes allows the manifest. So it does for the shipped ones.
func TestGuardFileAllowsItsManifest(t *testing.T) {
	guard, all := rich(t, inSecretsManager)
	if refused, unread := guarded(t, guard, all); unread || len(refused) > 0 {
		t.Errorf("%v\n%s", refused, guard)
	}
	shipped, err := filepath.Glob("../examples/*/secrets.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(shipped, "../secrets.hcl") {
		all := everywhere(t, path)
		guard, err := pipeline.GuardFile(all)
		if err != nil {
			t.Fatal(err)
		}
		if refused, unread := guarded(t, string(guard), all); unread || len(refused) > 0 {
			t.Errorf("%s: %v\n%s", path, refused, guard)
		}
	}
}

// The guard file of the sample allows the sample. It has other code owners, as do
// the workflows that name it.
func TestShippedGuardFile(t *testing.T) {
	guard, err := os.ReadFile("../.github/guard.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if refused, unread := guarded(t, string(guard), everywhere(t, "../secrets.hcl")); unread || len(refused) > 0 {
		t.Error(refused)
	}
	owners, err := os.ReadFile("../.github/CODEOWNERS")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^([^# ]\S*) +(@\S+)$`).FindAllStringSubmatch(string(owners), -1) {
		found[line[1]] = line[2]
	}
	for _, path := range []string{"/.github/", "/.github/guard.hcl"} {
		if found[path] == "" || found[path] == found["*"] {
			t.Errorf("%s is owned by %q", path, found[path])
		}
	}
}

// Each attribute in the documentation has an effect: the manifest is refused if the
// attribute has another value or is missing.
func TestEveryGuardAttributeBinds(t *testing.T) {
	docs, err := os.ReadFile("../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	guard, all := rich(t, inSecretsManager)
	rows := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(docs), -1)
	if len(rows) != 17 {
		t.Errorf("%d attributes", len(rows))
	}
	others := map[string]string{"accounts": "333333333333", "regions": "eu-west-1", "helpers": "python", "constraints": "min_length=1", "parameters": "/prod/other", "session": "external_id=other"}
	for _, row := range rows {
		name := row[1]
		if name == "put" {
			continue // it allows a command, and nothing in a manifest: see TestPutNeedsTheGuard
		}
		line := regexp.MustCompile(`(?ms)^  ` + name + ` += (\[.*?\]|true)$`)
		if !line.MatchString(guard) {
			t.Errorf("%s is not in the guard file\n%s", name, guard)
			continue
		}
		if name == "blind" { // requires more than the manifest has
			other := strings.Replace(guard, "allow {", "allow {\n  blind = true", 1)
			if refused, unread := guarded(t, other, all); unread || len(refused) == 0 {
				t.Error("blind = true allows a packed function")
			}
			continue
		}
		other := others[name]
		if other == "" {
			other = "other"
		}
		if refused, unread := guarded(t, line.ReplaceAllString(guard, "  "+name+` = ["`+other+`"]`), all); unread || len(refused) == 0 {
			t.Errorf("%s = %q allows the manifest", name, other)
		}
		if refused, unread := guarded(t, line.ReplaceAllString(guard, ""), all); !unread && len(refused) == 0 {
			t.Errorf("without %s the manifest is allowed", name)
		}
	}
}

// Secrets of Secrets Manager are allowed by secrets alone, and by names of their own.
func TestGuardKeepsTheStoresApart(t *testing.T) {
	guard, all := rich(t, inSecretsManager)
	line := regexp.MustCompile(`(?m)^  secrets += \[.*\]$`)
	for secrets, want := range map[string]int{
		`secrets = ["prod/payments/", "rds!cluster-1"]`: 0,
		`secrets = ["prod/payments", "rds!cluster-1"]`:  0,
		`secrets = ["*"]`:                                    0,
		`secrets = ["prod/payments/"]`:                       1,
		`secrets = ["/prod/payments/", "rds!cluster-1"]`:     1,
		`secrets = ["prod/payments/db/", "rds!cluster-1"]`:   1,
		`secrets = ["prod/pay", "rds!cluster-1"]`:            1,
		`secrets = ["prod/payments/DB", "rds!cluster"]`:      2,
		"secrets = [\"rds\"]\n  parameters = [\"*\"]":        2,
		`parameters = ["*"]`:                                 2,
		`parameters = ["/prod/payments/", "rds", "/prod/x"]`: 2,
	} {
		changed := line.ReplaceAllLiteralString(guard, "  "+secrets)
		if refused, unread := guarded(t, changed, all); unread || len(refused) != 2*want { // in two regions
			t.Errorf("%s: unread %t, %d problems: %v", secrets, unread, len(refused), refused)
		}
	}
	if refused, _ := guarded(t, strings.ReplaceAll(guard, "  parameters ", "  secrets "), all); len(refused) == 0 {
		t.Error("secrets allows parameters")
	}
}

// A guard file from an earlier version is refused once. With the lines that the
// message says to add, it allows the manifest as before.
func TestGuardFileOfAnEarlierVersionReportsWhatItLacks(t *testing.T) {
	_, all := rich(t)
	const old = `allow {
  environments = ["prod"]
  functions    = ["hello"]
  keys         = ["arn:aws:kms:*"]
  parameters   = ["/prod/payments/"]
}
allow {
  environments = ["prod"]
  accounts     = ["222222222222"]
  functions    = ["worker"]
  keys         = ["alias/*"]
  parameters   = ["*"]
  blind        = true
}
allow {
  environments = ["stage"]
  functions    = ["*"]
  keys         = ["*"]
  parameters   = ["*"]
}
`
	refused, _ := guarded(t, old, all)
	if len(refused) != 3 {
		t.Fatalf("%d problems: %v", len(refused), refused)
	}
	blocks := strings.SplitAfter(old, "}\n")
	for i, p := range refused {
		if _, ok := p.Extra.(pipeline.Verbatim); !ok || p.Subject == nil {
			t.Errorf("%v: %T", p.Subject, p.Extra)
		}
		_, lines, _ := strings.Cut(p.Detail, "\n")
		blocks[i] = strings.Replace(blocks[i], "}\n", lines+"\n}\n", 1)
	}
	if _, unread := guarded(t, blocks[2], all); !unread || !strings.Contains(refused[2].Detail, "This block does not match any function") {
		t.Errorf("a block for nobody: %s", refused[2].Detail)
	}
	if refused, unread := guarded(t, blocks[0]+blocks[1], all); unread || len(refused) > 0 {
		t.Errorf("with the lines: %v\n%s", refused, blocks)
	}
	for _, want := range []string{`regions = ["us-east-1", "us-west-2"]`, `accounts = ["222222222222"]`, `deployed_as = ["payments-prod-hello"]`, `constraints = ["min_length=12,matches=a\\d\"$${x}.*"]`} {
		if !strings.Contains(refused[0].Detail, "\n  "+want) {
			t.Errorf("no %s in:\n%s", want, refused[0].Detail)
		}
	}
	if strings.Contains(refused[1].Detail, "accounts =") || strings.Contains(refused[1].Detail, "constraints =") {
		t.Errorf("the message has what is not needed:\n%s", refused[1].Detail)
	}
}

// No parameter can be put without put = true in the block that allows it.
func TestPutNeedsTheGuard(t *testing.T) {
	guard, all := rich(t)
	for _, c := range []struct {
		guard string
		want  bool
	}{
		{guard, false},
		{strings.ReplaceAll(guard, "allow {", "allow {\n  put = false"), false},
		{strings.ReplaceAll(guard, "allow {", "allow {\n  put = true"), true},
		{strings.NewReplacer("allow {", "allow {\n  put = true", `"/prod/payments/db"`, `"/prod/elsewhere"`, `"token"`, `"elsewhere"`).Replace(guard), false},
	} {
		path := filepath.Join(t.TempDir(), "guard.hcl")
		if err := os.WriteFile(path, []byte(c.guard), 0o600); err != nil {
			t.Fatal(err)
		}
		g, diags := manifest.LoadGuard(path)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		checked := 0
		for _, m := range all {
			m = m.In(m.Environment.Regions[0].Value)
			for _, fn := range m.Functions {
				for _, s := range fn.Secrets {
					put := &pipeline.Put{Scope: pipeline.Scope{Manifest: m}, Guard: g}
					allowed := true
					for _, p := range put.Choose([]pipeline.Named{{Name: s.Name.Value}}, fn.Name.Value) {
						allowed = allowed && p.Summary != "Not allowed by the guard file"
					}
					if strings.Contains(s.Parameter.Value, ":") {
						continue // pinned: it is not put at all
					}
					if checked++; allowed != c.want {
						t.Errorf("%s of %s: allowed is %t, with\n%s", s.Name.Value, fn.Name.Value, allowed, c.guard)
					}
				}
			}
		}
		if checked == 0 {
			t.Error("nothing was checked")
		}
	}
}
