package stack_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/stack"
)

const (
	account = "222222222222"
	region  = "us-west-2"
)

func keyARN(account string, n int) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%08x-0000-4000-8000-%012x", region, account, n*0x0f1e2d3, n)
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// evaluated is a manifest for prod.
func evaluated(t *testing.T, source string) *manifest.Manifest {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secrets.hcl")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	module, diags := manifest.Load(file, manifest.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	m, diags := module.Evaluate("prod")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return m
}

const head = `
bundle {
  name  = "shop"
  layer = "shop"
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
`

// A service is a setting, with what its resources must be.
type service struct {
	policy.Setting
	absent  []string
	aliases map[string]string // the ARNs of the keys that are created, by their aliases
}

// small has two functions, of which one has a key already.
func small(t *testing.T) service {
	s := service{Setting: policy.Setting{
		Manifest: evaluated(t, head+`
function "hello" {
  kms_key = "alias/hello"
  secret "DB" { parameter = "/prod/db" }
}
function "worker" {
  kms_key = "alias/worker"
  secret "DB" { parameter = "/prod/db" }
}
`), Region: region, Account: account, Keys: map[string]string{"hello": keyARN(account, 2), "worker": keyARN(account, 1)},
		Parameters: []policy.Parameter{{Name: "/prod/db", Key: keyARN(account, 9)}},
	}}
	s.absent = []string{s.Keys["hello"]}
	s.aliases = map[string]string{"alias/hello": s.Keys["hello"], "alias/worker": s.Keys["worker"]}
	return s
}

// mixed has functions of all kinds.
func mixed(t *testing.T) service {
	s := service{Setting: policy.Setting{
		Manifest: evaluated(t, head+`
function "1st-one" {
  kms_key = "alias/first"
  secret "DB" { parameter = "/prod/db" }
}
function "first_one" {
  kms_key    = "alias/shared"
  shared_key = true
  blind      = true
  secret "DB" { parameter = "/prod/db" }
}
function "first-one" {
  kms_key    = "arn:aws:kms:us-west-2:222222222222:alias/other"
  shared_key = true
  blind      = true
  secret "DB" { parameter = "/prod/db" }
}
function "exists" {
  kms_key = "`+keyARN(account, 3)+`"
  secret "DB" { parameter = "/prod/db:3" }
}
function "elsewhere" {
  kms_key = "arn:aws:kms:us-west-2:333333333333:alias/elsewhere"
  secret "DB" { parameter = "/prod/db:3" }
}
`), Region: region, Account: account, BreakGlass: []string{roleARN("glass")},
		Keys: map[string]string{
			"1st-one": "arn:aws:kms:us-west-2:222222222222:key/mrk-1234abcd12ab34cd56ef1234567890ab", "first_one": keyARN(account, 2), "first-one": keyARN(account, 2),
			"exists": keyARN(account, 3), "elsewhere": keyARN("333333333333", 4),
		},
		Parameters:    []policy.Parameter{{Name: "/prod/db", Key: keyARN(account, 9)}},
		FunctionRoles: map[string]string{"exists": roleARN("path/of/exists"), "elsewhere": "arn:aws:iam::333333333333:role/elsewhere"},
	}}
	s.aliases = map[string]string{"alias/first": s.Keys["1st-one"], "alias/shared": s.Keys["first_one"], "alias/other": s.Keys["first_one"]}
	return s
}

// large has so many functions that policies are split.
func large(t *testing.T) service {
	s := many(t, 40, 5)
	for _, key := range s.Keys {
		s.absent = append(s.absent, key)
	}
	return s
}

// secrets has functions with secrets of Secrets Manager: beside parameters and alone, under a
// key of theirs and under aws/secretsmanager.
func secrets(t *testing.T) service {
	s := service{Setting: policy.Setting{
		Manifest: evaluated(t, head+`
group "database" {
  secret "DB_PASSWORD" {
    secretsmanager = "prod/db"
    field          = "password"
  }
}
function "hello" {
  kms_key = "alias/hello"
  include = ["database"]
  secret "GREETING" { parameter = "/prod/greeting" }
  secret "MANAGED" { secretsmanager = "rds!cluster-1" }
}
function "worker" {
  kms_key = "alias/worker"
  include = ["database"]
  secret "TOKEN" {
    secretsmanager = "prod/token"
    optional       = true
  }
}
function "blind" {
  kms_key = "alias/blind"
  blind   = true
  secret "GREETING" { parameter = "/prod/greeting" }
}
`), Region: region, Account: account, Keys: map[string]string{"hello": keyARN(account, 2), "worker": keyARN(account, 1), "blind": keyARN(account, 3)},
		Parameters: []policy.Parameter{{Name: "/prod/greeting", Key: keyARN(account, 9)}},
		Secrets:    []policy.Secret{{Name: "prod/db", Key: keyARN(account, 8)}, {Name: "prod/token", Key: keyARN(account, 9)}, {Name: "rds!cluster-1"}},
	}}
	s.absent = []string{s.Keys["hello"]}
	s.aliases = map[string]string{"alias/hello": s.Keys["hello"], "alias/worker": s.Keys["worker"], "alias/blind": s.Keys["blind"]}
	return s
}

// many has functions with a key and parameters each.
func many(t *testing.T, functions, secrets int) service {
	source := head
	s := service{Setting: policy.Setting{Region: region, Account: account, Keys: map[string]string{}}, aliases: map[string]string{}}
	for i := range functions {
		name := fmt.Sprintf("function-%02d", i)
		source += fmt.Sprintf("function %q {\n  kms_key = \"alias/%s\"\n", name, name)
		for j := range secrets {
			parameter := fmt.Sprintf("/prod/%s/secret-%d", name, j)
			source += fmt.Sprintf("  secret \"SECRET_%d\" { parameter = %q }\n", j, parameter)
			s.Parameters = append(s.Parameters, policy.Parameter{Name: parameter, Key: keyARN(account, 99)})
		}
		source += "}\n"
		s.Keys[name] = keyARN(account, i+1)
		s.aliases["alias/"+name] = s.Keys[name]
	}
	s.Manifest = evaluated(t, source)
	return s
}

// tagged is mixed, with policies that name keys by their tags.
func tagged(t *testing.T) service {
	s := mixed(t)
	s.ByTags = true
	return s
}

// folders has so many parameters that policies name folders of them.
func folders(t *testing.T) service {
	s := many(t, 60, 5)
	for _, key := range s.Keys {
		s.absent = append(s.absent, key)
	}
	levels := map[string]int{}
	for _, kind := range stack.Kinds() {
		short, err := s.InFolders(kind, policy.MaxAttached)
		if err != nil {
			t.Fatal(err)
		}
		levels[kind] = short.Levels
	}
	s.LevelsOf = levels
	return s
}

func services(t *testing.T) map[string]service {
	return map[string]service{"folders": folders(t), "small": small(t), "mixed": mixed(t), "large": large(t), "tagged": tagged(t), "secrets": secrets(t)}
}

func newStack(t *testing.T, s service) *stack.Stack {
	t.Helper()
	st, err := stack.New(s.Setting, s.absent, []string{"bundle", "policy", "--env", "prod"})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// named is the setting with the names that the roles get, as bundle policy has it with
// --build-role and --function-role.
func (s service) named() policy.Setting {
	n := s.Setting
	if n.BuildRole == "" {
		n.BuildRole = roleARN("shop-prod-build")
	}
	n.FunctionRoles = map[string]string{}
	for _, name := range s.Functions() {
		n.FunctionRoles[name] = roleARN("shop-prod-function-" + name)
		if role := s.FunctionRoles[name]; role != "" {
			n.FunctionRoles[name] = role
		}
	}
	return n
}

// A written is what resources say: the policies by the name of their role, and those of
// keys by their ARN.
type written map[string][]any

// want is what --format json writes, cut where it is too large.
func (s service) want(t *testing.T, formatPutsKeys bool) written {
	t.Helper()
	w := written{}
	n := s.named()
	documents, missing, err := n.Documents(policy.KindAll, nil)
	if err != nil || len(missing) > 0 {
		t.Fatal(err, missing)
	}
	for _, d := range documents {
		name := map[string]string{policy.KindCI: "shop-prod-build", policy.KindPlan: "shop-prod-plan", policy.KindPut: "shop-prod-put", policy.KindKey: d.Key}[d.Kind]
		switch {
		case d.Kind == policy.KindFunction && d.Function == "exists":
			name = "exists"
		case d.Kind == policy.KindFunction:
			name = "shop-prod-function-" + d.Function
		case d.Kind == policy.KindKey && d.Key == keyARN(account, 3) && d.Function == "exists" && !formatPutsKeys:
			continue
		}
		if !slices.Contains(append(stack.Kinds(), policy.KindFunction, policy.KindKey), d.Kind) || d.Function == "elsewhere" || len(w[d.Key]) > 0 {
			continue
		}
		parts := []policy.Document{d.Policy}
		if d.Kind != policy.KindKey {
			if parts, err = d.Policy.Split(policy.MaxManaged); err != nil {
				t.Fatal(err)
			}
		}
		for _, part := range parts {
			w[name] = append(w[name], canonical(t, part))
		}
	}
	return w
}

// canonical is a document in which the order of lists does not matter, nor whether a
// list of one is written as one.
func canonical(t *testing.T, document any) any {
	t.Helper()
	b, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return sorted(v)
}

func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = sorted(v[name])
		}
	case []any:
		if len(v) == 1 && fmt.Sprintf("%T", v[0]) == "string" {
			return v[0]
		}
		for i := range v {
			v[i] = sorted(v[i])
		}
		if len(v) > 0 && fmt.Sprintf("%T", v[0]) == "string" {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return v
}

// check compares policies, whose order does not matter, and has the embedded AWS read them.
func (w written) check(t *testing.T, want written) {
	t.Helper()
	for _, all := range []written{want, w} {
		for _, documents := range all {
			slices.SortFunc(documents, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
	for name, documents := range w {
		for _, d := range documents {
			b, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "arn:") {
				_, err = iam.ParseKey(b)
			} else {
				_, err = iam.ParseIdentity(b)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
