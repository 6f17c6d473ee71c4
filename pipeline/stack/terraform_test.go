package stack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/policy"
)

// A module is a file of Terraform, evaluated with the libraries of Terraform.
type module struct {
	*testing.T
	body    *hclsyntax.Body
	context *hcl.EvalContext
}

func newModule(t *testing.T, src []byte, s service, variables map[string]string) *module {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(src, "access.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if !bytes.Equal(hclwrite.Format(src), src) {
		t.Error("not formatted as terraform fmt does")
	}
	body, _ := file.Body.(*hclsyntax.Body)
	m := &module{T: t, body: body, context: &hcl.EvalContext{Functions: map[string]function.Function{
		"jsonencode": stdlib.JSONEncodeFunc, "can": tryfunc.CanFunc, "regex": stdlib.RegexFunc,
		"replace": function.New(&function.Spec{ // Terraform's: text between slashes is a regular expression
			Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "substr", Type: cty.String}, {Name: "replace", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return stdlib.RegexReplace(args[0], cty.StringVal(args[1].AsString()[1:len(args[1].AsString())-1]), args[2])
			},
		}),
	}}}
	roles, keys, policies, values := map[string]cty.Value{}, map[string]cty.Value{}, map[string]cty.Value{}, map[string]cty.Value{}
	for name, value := range variables {
		values[name] = cty.StringVal(value)
	}
	m.context.Variables = map[string]cty.Value{"var": cty.ObjectVal(values)}
	m.resources("aws_iam_role", func(label string, b *hclsyntax.Body) {
		name := m.text(b, "name")
		roles[label] = cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name), "arn": cty.StringVal(roleARN(name))})
	})
	m.resources("aws_kms_key", func(label string, b *hclsyntax.Body) { keys[label] = cty.StringVal(label) })
	arns := map[string]string{}
	m.context.Variables["aws_kms_key"] = objects("key_id", keys)
	m.resources("aws_kms_alias", func(_ string, b *hclsyntax.Body) { arns[m.text(b, "target_key_id")] = s.aliases[m.text(b, "name")] })
	for label := range keys {
		keys[label] = cty.StringVal(arns[label])
	}
	m.resources("aws_iam_policy", func(label string, b *hclsyntax.Body) { policies[label] = cty.StringVal(label) })
	m.context.Variables["aws_kms_key"], m.context.Variables["aws_iam_role"], m.context.Variables["aws_iam_policy"] = objects("arn", keys), cty.ObjectVal(roles), objects("arn", policies)
	return m
}

func objects(attribute string, values map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for name, v := range values {
		all[name] = cty.ObjectVal(map[string]cty.Value{attribute: v})
	}
	return cty.ObjectVal(all)
}

func (m *module) resources(kind string, each func(label string, b *hclsyntax.Body)) {
	for _, b := range m.body.Blocks {
		if b.Type == "resource" && b.Labels[0] == kind {
			each(b.Labels[1], b.Body)
		}
	}
}

func (m *module) text(b *hclsyntax.Body, name string) string {
	m.Helper()
	v, diags := b.Attributes[name].Expr.Value(m.context)
	if diags.HasErrors() {
		m.Fatal(diags)
	}
	return v.AsString()
}

// written returns the policies.
func (m *module) written() written {
	w := written{}
	documents := map[string]any{}
	m.resources("aws_iam_policy", func(label string, b *hclsyntax.Body) {
		documents[label] = canonical(m.T, json.RawMessage(m.text(b, "policy")))
	})
	m.resources("aws_iam_role_policy_attachment", func(_ string, b *hclsyntax.Body) {
		if d, ok := documents[m.text(b, "policy_arn")]; ok {
			w[m.text(b, "role")] = append(w[m.text(b, "role")], d)
		}
	})
	m.resources("aws_kms_key", func(label string, b *hclsyntax.Body) {
		key := m.context.Variables["aws_kms_key"].GetAttr(label).GetAttr("arn").AsString()
		w[key] = append(w[key], canonical(m.T, json.RawMessage(m.text(b, "policy"))))
	})
	m.resources("aws_kms_key_policy", func(_ string, b *hclsyntax.Body) {
		w[m.text(b, "key_id")] = append(w[m.text(b, "key_id")], canonical(m.T, json.RawMessage(m.text(b, "policy"))))
	})
	return w
}

// trusted are variables for who can assume the roles.
func trusted() map[string]string {
	return map[string]string{
		"build_principal": "arn:aws:iam::" + account + ":oidc-provider/token.actions.githubusercontent.com", "build_subject": "repo:example/shop:environment:prod",
		"plan_principal": roleARN("runner"), "plan_subject": "", "put_principal": roleARN("runner"), "put_subject": "",
	}
}

func terraformOf(t *testing.T, s service) []byte {
	t.Helper()
	src, err := newStack(t, s).Terraform()
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestTerraformHasThePolicies(t *testing.T) {
	for name, s := range services(t) {
		t.Run(name, func(t *testing.T) {
			newModule(t, terraformOf(t, s), s, trusted()).written().check(t, s.want(t, true))
		})
	}
}

// A key that exists is imported with its aliases, and no other.
func TestTerraformImportsWhatExists(t *testing.T) {
	for name, want := range map[string][]string{
		"small": {"aws_kms_key.worker = 00f1e2d3-0000-4000-8000-000000000001", "aws_kms_alias.worker = alias/worker"},
		"large": nil,
		"mixed": {
			"aws_kms_key._1st-one = mrk-1234abcd12ab34cd56ef1234567890ab", "aws_kms_alias._1st-one = alias/first",
			"aws_kms_key.first_one = 01e3c5a6-0000-4000-8000-000000000002", "aws_kms_alias.first_one = alias/shared", "aws_kms_alias.first-one = alias/other",
		},
	} {
		s := services(t)[name]
		m := newModule(t, terraformOf(t, s), s, trusted())
		var got []string
		for _, b := range m.body.Blocks {
			if b.Type == "import" {
				steps := b.Body.Attributes["to"].Expr.Variables()[0]
				attr, _ := steps[1].(hcl.TraverseAttr)
				got = append(got, steps.RootName()+"."+attr.Name+" = "+m.text(b.Body, "id"))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// The trust policies are for one principal, and for one subject of an OIDC provider. What
// would trust more is refused.
func TestTerraformTrustsWhomItIsTold(t *testing.T) {
	s := small(t)
	m := newModule(t, terraformOf(t, s), s, trusted())
	got := map[string]any{}
	m.resources("aws_iam_role", func(label string, b *hclsyntax.Body) {
		got[label] = canonical(t, json.RawMessage(m.text(b, "assume_role_policy")))
	})
	if diff := cmp.Diff(wantTrust(t), got); diff != "" {
		t.Error(diff)
	}
	for _, b := range m.body.Blocks {
		if b.Type == "variable" && strings.HasSuffix(b.Labels[0], "_principal") && b.Body.Attributes["default"] != nil {
			t.Errorf("%s has a default", b.Labels[0])
		}
	}
	for _, wrong := range wrongPrincipals() {
		if m.accepts("plan_principal", wrong) {
			t.Errorf("it accepts %q", wrong)
		}
	}
	for subject, ok := range map[string]bool{"": true, "repo:example/shop:environment:prod": true, "*": false, "repo:example/*": false, "repo:?": false} {
		if m.accepts("plan_subject", subject) != ok {
			t.Errorf("%q: accepted %t", subject, !ok)
		}
	}
}

func wrongPrincipals() []string {
	return []string{"", "*", "222222222222", "arn:aws:iam::222222222222:root", "arn:aws:iam::*:role/x", "arn:aws:iam::222222222222:role/*", "arn:aws:iam::222222222222:role/a?", "x arn:aws:iam::222222222222:role/x"}
}

// accepts reports whether a value passes the validation of a variable.
func (m *module) accepts(variable, value string) bool {
	m.Helper()
	for _, b := range m.body.Blocks {
		if b.Type == "variable" && b.Labels[0] == variable {
			context := m.context.NewChild()
			context.Variables = map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{variable: cty.StringVal(value)})}
			v, diags := b.Body.Blocks[0].Body.Attributes["condition"].Expr.Value(context)
			if diags.HasErrors() {
				m.Fatal(diags)
			}
			return v.True()
		}
	}
	m.Fatalf("no variable %s", variable)
	return false
}

// wantTrust is who can assume the roles of small, with the variables of trusted.
func wantTrust(t *testing.T) map[string]any {
	by := func(principal, name, action, condition string) any {
		return canonical(t, json.RawMessage(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "`+action+`", "Principal": {"`+principal+`": "`+name+`"}`+condition+`}]}`))
	}
	const issuer = "token.actions.githubusercontent.com"
	lambda, runner := by("Service", "lambda.amazonaws.com", "sts:AssumeRole", ""), by("AWS", roleARN("runner"), "sts:AssumeRole", "")
	return map[string]any{
		"build": by("Federated", "arn:aws:iam::"+account+":oidc-provider/"+issuer, "sts:AssumeRoleWithWebIdentity",
			`, "Condition": {"StringEquals": {"`+issuer+`:aud": "sts.amazonaws.com", "`+issuer+`:sub": "repo:example/shop:environment:prod"}}`),
		"plan": runner, "put": runner, "function_hello": lambda, "function_worker": lambda,
	}
}

// What looks like a template or a variable is text, and so is what a shell would read.
func TestTerraformEscapesTemplates(t *testing.T) {
	s := small(t)
	s.BreakGlass = []string{"arn:aws:iam::222222222222:role/${aws:username}", `arn:aws:iam::222222222222:role/%{if}"\`}
	src := terraformOf(t, s)
	if diff := cmp.Diff(s.want(t, true), newModule(t, src, s, trusted()).written()); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(src, []byte("$${aws:username}")) || !bytes.Contains(src, []byte("%%{if}")) {
		t.Error("not escaped")
	}
}

// The key of a function that shares it has no tags, and neither has one that exists.
func TestKeysHaveTheTagsThatPoliciesName(t *testing.T) {
	s := tagged(t)
	want := map[string]string{"bundle:function": "shop/1st-one", "bundle:environment": "prod"}
	m := newModule(t, terraformOf(t, s), s, trusted())
	m.resources("aws_kms_key", func(label string, b *hclsyntax.Body) {
		got := map[string]string{}
		if a := b.Attributes["tags"]; a != nil {
			v, diags := a.Expr.Value(m.context)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for name, value := range v.AsValueMap() {
				got[name] = value.AsString()
			}
		}
		if label == "_1st-one" && !maps.Equal(got, want) || label != "_1st-one" && len(got) > 0 {
			t.Errorf("%s: %v", label, got)
		}
	})
	tags := 0
	for id, r := range readTemplate(t, templateOf(t, s)).Resources {
		all, _ := r.Properties["Tags"].([]any)
		for _, one := range all {
			tag, _ := one.(map[string]any)
			if tags++; id != "Key1stOne" || want[fmt.Sprint(tag["Key"])] != tag["Value"] {
				t.Errorf("%s: %v", id, tag)
			}
		}
	}
	if tags != len(want) {
		t.Errorf("%d tags", tags)
	}
	content, err := newStack(t, s).CDK()
	if err != nil || !bytes.Contains(content, []byte(`{ key: "bundle:function", value: "shop/1st-one" },`)) || bytes.Count(content, []byte("tags: [")) != 1 {
		t.Errorf("%v: %s", err, content)
	}
	if text := terraformOf(t, mixed(t)); bytes.Contains(text, []byte("tags")) {
		t.Error("tags without policies by tags")
	}
}

// With tags, nothing depends on the IDs of keys.
func TestTagsMakeRoomForKeysThatDoNotExist(t *testing.T) {
	s := many(t, 110, 1)
	for i, name := range s.Functions() {
		s.Manifest.Functions[i].Secrets[0].Parameter.Value = "/prod/db"
		s.absent = append(s.absent, s.Keys[name])
	}
	refused(t, s)
	s.ByTags = true
	if n := len(newStack(t, s).Roles[0].Policies); n != 1 {
		t.Errorf("%d policies", n)
	}
}

// TestTerraformInspects has HashiCorp's reader of modules read it, and Terraform format
// it, if it is here.
func TestTerraformInspects(t *testing.T) {
	inspect := needs.ExamplesTool(t, "bin/terraform-config-inspect")
	for name, s := range services(t) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "access.tf"), terraformOf(t, s), 0o600); err != nil {
			t.Fatal(err)
		}
		var module struct {
			Diagnostics      []any
			Variables        map[string]any
			ManagedResources map[string]any `json:"managed_resources"`
		}
		if err := json.Unmarshal([]byte(run(t, dir, inspect, "--json", dir)), &module); err != nil {
			t.Fatal(err)
		}
		if len(module.Diagnostics) > 0 || len(module.ManagedResources) < 10 || len(module.Variables) != 6 {
			t.Errorf("%s: %v, %d resources, %d variables", name, module.Diagnostics, len(module.ManagedResources), len(module.Variables))
		}
	}
}

// TestTerraformValidates checks the file against the schema of the provider. It is asked
// for by BUNDLE_TEST_TERRAFORM=1, as in internal/examplestest.
func TestTerraformValidates(t *testing.T) {
	if os.Getenv("BUNDLE_TEST_TERRAFORM") != "1" {
		t.Skip("set BUNDLE_TEST_TERRAFORM=1 where there is Terraform (developer.hashicorp.com/terraform/install) and hashicorp/aws can be had")
	}
	terraform := needs.Program(t, "terraform", "developer.hashicorp.com/terraform/install")
	for name, s := range services(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "access.tf"), terraformOf(t, s), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"init", "-backend=false", "-input=false"}
			if plugins := os.Getenv("BUNDLE_TEST_TERRAFORM_PLUGINS"); plugins != "" {
				args = append(args, "-plugin-dir="+plugins)
			}
			run(t, dir, terraform, args...)
			run(t, dir, terraform, "validate")
		})
	}
}

func TestWhatNoRoleCanHave(t *testing.T) {
	s := small(t)
	for i := range 40 {
		s.BreakGlass = append(s.BreakGlass, roleARN("glass/"+strings.Repeat("x", 500)+string(rune('A'+i))))
	}
	refused(t, s, "key policy can have 32768")

	s = large(t)
	var parameters []policy.Parameter
	for i := range s.Parameters {
		p := s.Parameters[i]
		p.Name += "/" + strings.Repeat("x", 200)
		parameters = append(parameters, p)
		s.Manifest.Functions[i/5].Secrets[i%5].Parameter.Value = p.Name
	}
	s.Parameters = parameters
	refused(t, s, "the policy of the role that builds has", "and the role can have 10")
}
