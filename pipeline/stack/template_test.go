package stack_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/stack"
)

// A template is one of CloudFormation.
type template struct {
	Parameters map[string]struct{ Default, AllowedPattern *string }
	Metadata   map[string]any
	Resources  map[string]struct {
		Type           string
		DeletionPolicy string
		Properties     map[string]any
	}
}

// written returns the policies, with the ARNs of what they refer to.
func (tpl template) written(t *testing.T, s service) written {
	t.Helper()
	names, keys := map[string]string{}, map[string]string{}
	for id, r := range tpl.Resources {
		switch r.Type {
		case "AWS::IAM::Role":
			names[id] = fmt.Sprint(r.Properties["RoleName"])
		case "AWS::KMS::Alias":
			target, _ := r.Properties["TargetKeyId"].(map[string]any)
			keys[fmt.Sprint(target["Ref"])] = s.aliases[fmt.Sprint(r.Properties["AliasName"])]
		}
	}
	resolve := func(v any) any {
		return resolved(v, func(id, attribute string) any {
			switch {
			case attribute == "" && names[id] != "":
				return names[id]
			case attribute == "Arn" && names[id] != "":
				return roleARN(names[id])
			case attribute == "Arn" && keys[id] != "":
				return keys[id]
			}
			t.Errorf("nothing is known about %s of %q", attribute, id)
			return ""
		})
	}
	w := written{}
	for _, id := range slices.Sorted(mapsKeys(tpl.Resources)) {
		switch r := tpl.Resources[id]; r.Type {
		case "AWS::IAM::ManagedPolicy":
			roles, _ := resolve(r.Properties["Roles"]).([]any)
			if len(roles) != 1 {
				t.Fatalf("%s: %v", id, roles)
			}
			w[fmt.Sprint(roles[0])] = append(w[fmt.Sprint(roles[0])], canonical(t, resolve(r.Properties["PolicyDocument"])))
		case "AWS::KMS::Key":
			if r.DeletionPolicy != "Retain" || r.Properties["EnableKeyRotation"] != true {
				t.Errorf("%s can be lost, or is not rotated", id)
			}
			w[keys[id]] = append(w[keys[id]], canonical(t, resolve(r.Properties["KeyPolicy"])))
		}
	}
	return w
}

// resolved replaces Ref and Fn::GetAtt.
func resolved(v any, with func(id, attribute string) any) any {
	switch v := v.(type) {
	case map[string]any:
		if id, ok := v["Ref"].(string); ok && len(v) == 1 {
			return with(id, "")
		}
		if of, ok := v["Fn::GetAtt"].([]any); ok && len(v) == 1 {
			return with(fmt.Sprint(of[0]), fmt.Sprint(of[1]))
		}
		all := map[string]any{}
		for name, member := range v {
			all[name] = resolved(member, with)
		}
		return all
	case []any:
		var all []any
		for _, one := range v {
			all = append(all, resolved(one, with))
		}
		return all
	}
	return v
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

func readTemplate(t *testing.T, b []byte) (tpl template) {
	t.Helper()
	if err := json.Unmarshal(b, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

func templateOf(t *testing.T, s service) []byte {
	t.Helper()
	b, err := newStack(t, s).CloudFormation()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCloudFormationHasThePolicies(t *testing.T) {
	for name, s := range services(t) {
		t.Run(name, func(t *testing.T) {
			readTemplate(t, templateOf(t, s)).written(t, s).check(t, s.want(t, false))
		})
	}
}

// TestCloudFormationLints: cfn-lint has no remark.
func TestCloudFormationLints(t *testing.T) {
	t.Parallel()
	lint := needs.ExamplesTool(t, "python/bin/cfn-lint")
	dir := t.TempDir()
	var files []string
	for name, s := range services(t) {
		files = append(files, filepath.Join(dir, name+".json"))
		if err := os.WriteFile(files[len(files)-1], templateOf(t, s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, lint, append([]string{"--regions", region, "--"}, files...)...)
}

// The trust policies are those of Terraform.
func TestCloudFormationTrustsWhomItIsTold(t *testing.T) {
	tpl := readTemplate(t, templateOf(t, small(t)))
	variables := map[string]string{}
	for name, value := range trusted() {
		words := strings.Split(name, "_")
		variables[strings.ToUpper(words[0][:1])+words[0][1:]+strings.ToUpper(words[1][:1])+words[1][1:]] = value
	}
	got := map[string]any{}
	for id, r := range tpl.Resources {
		if r.Type != "AWS::IAM::Role" {
			continue
		}
		document := resolved(r.Properties["AssumeRolePolicyDocument"], func(id, _ string) any { return variables[id] })
		statements, _ := document.(map[string]any)["Statement"].([]any)
		statement, _ := statements[0].(map[string]any)
		if choice, ok := statement["Fn::If"].([]any); ok {
			which := 2
			if variables[strings.TrimSuffix(fmt.Sprint(choice[0]), "ByGitHub")+"Subject"] != "" {
				which = 1
			}
			statements[0] = choice[which]
		}
		label := strings.ToLower(strings.TrimPrefix(id, "Role"))
		got[strings.Replace(label, "function", "function_", 1)] = canonical(t, document)
	}
	if diff := cmp.Diff(wantTrust(t), got); diff != "" {
		t.Error(diff)
	}
	for name, p := range tpl.Parameters {
		pattern := regexp.MustCompile(*p.AllowedPattern)
		switch wrong := wrongPrincipals(); {
		case strings.HasSuffix(name, "Subject"):
			if pattern.MatchString("repo:example/*") || pattern.MatchString("?") || !pattern.MatchString("repo:example/shop:ref:refs/heads/main") {
				t.Errorf("%s: %s", name, pattern)
			}
		case p.Default != nil || slices.ContainsFunc(wrong, pattern.MatchString) || !pattern.MatchString(roleARN("a/b")):
			t.Errorf("%s: %s", name, pattern)
		}
	}
}

// Only Terraform puts the policy of a key that it does not create, and none that of
// another account: what is left is said, with the commands.
func TestWhatIsLeftIsSaid(t *testing.T) {
	s := mixed(t)
	s.BreakGlass = append(s.BreakGlass, "arn:aws:iam::"+account+":user/it's")
	st := newStack(t, s)
	for terraform, want := range map[bool][]string{
		true:  {"elsewhere", "which is not a role in account 222222222222", "belongs to account 333333333333"},
		false: {"elsewhere", "which is not a role in account 222222222222", "it exists, and this format can only create keys", "belongs to account 333333333333"},
	} {
		text := fmt.Sprintf("%+v", st.Left(terraform))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("terraform %t: no %q in %s", terraform, w, text)
			}
		}
		if strings.Contains(text, "can only create") == terraform {
			t.Error(text)
		}
	}
	all := st.Left(false)
	want := []string{
		"bundle policy --env prod --kind key --function exists --build-role arn:aws:iam::222222222222:role/shop-prod-build --function-role exists=arn:aws:iam::222222222222:role/path/of/exists " +
			"--break-glass arn:aws:iam::222222222222:role/glass --break-glass 'arn:aws:iam::222222222222:user/it'\\''s' > exists-key.json",
		"aws kms put-key-policy --region us-west-2 --key-id " + keyARN(account, 3) + " --policy-name default --policy file://exists-key.json",
	}
	if diff := cmp.Diff(want, all[1].Commands); diff != "" {
		t.Error(diff)
	}
	if tpl := readTemplate(t, templateOf(t, mixed(t))); len(tpl.Metadata) != 1 {
		t.Error(tpl.Metadata)
	}
}

// The name of a manifest is in a comment, and a line of its own would be code.
func TestCommandsAreInOneLine(t *testing.T) {
	for _, name := range []string{"a\nlocals{}.hcl", "a\rb", "a\u2028it's", "a\u0085b"} {
		s := mixed(t)
		st, err := stack.New(s.Setting, s.absent, []string{"bundle", "policy", "--manifest", name})
		if err != nil {
			t.Fatal(err)
		}
		for format, write := range map[string]func() ([]byte, error){"terraform": st.Terraform, "cdk": st.CDK} {
			content, err := write()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(content), "--manifest $'a\\") || strings.Contains(string(content), name) {
				t.Errorf("%s: %q is in the output as it is", format, name)
			}
		}
		word := strings.Fields(st.Left(false)[1].Commands[0])[3]
		out, err := exec.Command("bash", "-c", "printf %s "+word).Output()
		if err != nil || string(out) != name {
			t.Errorf("the shell reads %q, %v", out, err)
		}
	}
}

// The keys are shared, because policies about so many would not fit.
func TestWhatNoTemplateCanHave(t *testing.T) {
	s := many(t, 170, 1)
	for i, name := range s.Functions() {
		s.Keys[name] = keyARN(account, 1+i/20)
		s.Manifest.Functions[i].Secrets[0].Parameter.Value = "/prod/db"
	}
	st := newStack(t, s)
	for name, write := range map[string]func() ([]byte, error){"cloudformation": st.CloudFormation, "cdk": st.CDK} {
		if _, err := write(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("this is %d resources, and a template of CloudFormation can have 500", st.Resources())) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := st.Terraform(); err != nil {
		t.Error(err)
	}
	if st.Resources() <= stack.MaxResources {
		t.Error(st.Resources())
	}
}

// Where a Deny has to be cut by the IDs of keys, the keys must exist.
func TestNothingDependsOnIDsThatAreNotKnown(t *testing.T) {
	s := many(t, 100, 1)
	for i := range s.Functions() {
		s.Manifest.Functions[i].Secrets[0].Parameter.Value = "/prod/db"
	}
	newStack(t, s)
	s.absent = []string{keyARN(account, 1)}
	refused(t, s, "has to be cut by the IDs of keys, which are not known before the keys exist. Use --style tags, or divide")
}

// With folders, policies fit that do not with the names of parameters, and name nothing else.
func TestFoldersMakePoliciesFit(t *testing.T) {
	s := folders(t)
	st := newStack(t, s)
	for _, r := range st.Roles[:3] {
		var all string
		for _, d := range r.Policies {
			all += d.Text()
		}
		if short := s.LevelsOf[r.Purpose] > 0; short != strings.Contains(all, "parameter/prod/function-00/*") || short == strings.Contains(all, "/secret-0") {
			t.Errorf("%s: %s", r.Purpose, all)
		}
	}
	if s.LevelsOf[policy.KindCI] == 0 {
		t.Error("the policy of builds fits anyway")
	}
	s.LevelsOf = nil
	refused(t, s, "Use --style tags, --prefixes or both, or divide")

	s = folders(t) // a role that is elsewhere
	s.BuildRole = "arn:aws:iam::333333333333:role/build"
	if left := newStack(t, s).Left(true); len(left) != 1 || left[0].Commands[0] != "bundle policy --env prod --kind ci --prefixes --split ci-policies" {
		t.Errorf("%+v", left)
	}
}
