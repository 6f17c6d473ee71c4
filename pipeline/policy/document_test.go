package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// plain returns a setting without AWS.
func plain(partition, region string, names ...string) policy.Setting {
	s := policy.Setting{
		Region: region, Account: "222222222222", Keys: map[string]string{}, FunctionRoles: map[string]string{},
		Manifest: &manifest.Manifest{Bundle: manifest.Bundle{Name: manifest.Text{Value: "shop"}}, Environment: manifest.Environment{Name: manifest.Text{Value: "prod"}}},
	}
	for i, name := range names {
		s.Manifest.Functions = append(s.Manifest.Functions, manifest.Function{
			Name: manifest.Text{Value: name}, Layer: manifest.Text{Value: "shop"}, Blind: manifest.Bool{Value: i%2 == 1},
			Secrets: []manifest.Secret{{Parameter: manifest.Text{Value: "/prod/" + name + ":stable"}}},
			Imports: []manifest.Import{{Path: manifest.Text{Value: "/prod/all/" + name}}},
		})
		s.Keys[name] = fmt.Sprintf("arn:%s:kms:%s:222222222222:key/%d", partition, region, i)
		s.FunctionRoles[name] = fmt.Sprintf("arn:%s:iam::222222222222:role/%s", partition, name)
		s.Parameters = append(s.Parameters, policy.Parameter{Name: "/prod/" + name, Key: fmt.Sprintf("arn:%s:kms:%s:222222222222:key/parameters", partition, region)})
	}
	return s
}

func text(t *testing.T, document policy.Document) string {
	t.Helper()
	b, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// every returns all documents of a setting.
func every(t *testing.T, s policy.Setting) map[string]string {
	t.Helper()
	all := map[string]string{"build": text(t, s.Build()), "plan": text(t, s.Plan()), "doctor": text(t, s.Doctor())}
	for _, name := range s.Functions() {
		function, err := s.Function(name)
		key, keyErr := s.Key(name)
		if err := errors.Join(err, keyErr); err != nil {
			t.Fatal(err)
		}
		all["function "+name], all["key "+name] = text(t, function), text(t, key)
	}
	return all
}

func TestDocumentsAreOfTheirPartition(t *testing.T) {
	for _, c := range []struct{ partition, region, via string }{
		{"aws", "us-west-2", "ssm.us-west-2.amazonaws.com"},
		{"aws-cn", "cn-north-1", "ssm.cn-north-1.amazonaws.com.cn"},
		{"aws-us-gov", "us-gov-west-1", "ssm.us-gov-west-1.amazonaws.com"},
	} {
		for kind, document := range every(t, plain(c.partition, c.region, "one", "two")) {
			for _, arn := range regexp.MustCompile(`"arn:[^"]*`).FindAllString(document, -1) {
				if !strings.HasPrefix(arn, `"arn:`+c.partition+`:`) {
					t.Errorf("%s, %s: %s", c.partition, kind, arn)
				}
				if !strings.Contains(arn, ":iam::") && !strings.Contains(arn, ":"+c.region+":222222222222:") {
					t.Errorf("%s, %s: %s", c.partition, kind, arn)
				}
			}
			if kind == "build" && !strings.Contains(document, c.via) {
				t.Errorf("%s: no %s in\n%s", c.partition, c.via, document)
			}
		}
	}
}

// An Allow of a role names ARNs. A pattern is only for resources that have no name
// yet.
func TestNoAllowOfARoleIsAboutEverything(t *testing.T) {
	s := plain("aws", "us-west-2", "one", "two")
	for _, document := range []policy.Document{s.Build(), s.Plan(), s.Doctor()} {
		for _, statement := range document.Statement {
			if statement.Effect != "Allow" {
				continue
			}
			for _, resource := range statement.Resource {
				pattern := strings.HasSuffix(resource, "/*") && strings.Contains(resource, ":parameter/prod/all/") || strings.HasSuffix(resource, ":layer:shop:*")
				if !strings.HasPrefix(resource, "arn:") || strings.Contains(resource, "*") && !pattern {
					t.Errorf("%s allows %q", statement.Sid, resource)
				}
			}
			for _, action := range statement.Action {
				if strings.Contains(action, "*") {
					t.Errorf("%s allows %q", statement.Sid, action)
				}
			}
			if len(statement.Resource) == 0 {
				t.Errorf("%s is about nothing", statement.Sid)
			}
		}
	}
}

func TestFromAndToAreNeverInOneAllow(t *testing.T) {
	for kind, document := range every(t, plain("aws", "us-west-2", "one", "two")) {
		var d struct {
			Statement []struct {
				Effect string
				Action json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Statement {
			if a := string(s.Action); s.Effect == "Allow" && strings.Contains(a, "ReEncryptFrom") && strings.Contains(a, "ReEncryptTo") {
				t.Errorf("%s has %s", kind, a)
			}
		}
	}
}

func TestSidsAreDistinctAndPlain(t *testing.T) {
	s := plain("aws", "us-west-2", "a-b", "ab", "aB", "a.b", "a_b", "9", "funktion-ä")
	for i := range s.Manifest.Functions { // one key for all, so that one key policy covers all
		s.Keys[s.Manifest.Functions[i].Name.Value] = s.Keys["ab"]
	}
	for kind, document := range every(t, s) {
		seen := map[string]bool{}
		for _, sid := range regexp.MustCompile(`"Sid":"([^"]*)"`).FindAllStringSubmatch(document, -1) {
			if seen[sid[1]] || !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(sid[1]) {
				t.Errorf("%s has the Sid %q, or has it twice", kind, sid[1])
			}
			seen[sid[1]] = true
		}
	}
}

func TestKeyPolicyOfASharedKeyIsAboutAllWhoShareIt(t *testing.T) {
	s := plain("aws", "us-west-2", "one", "two", "three")
	s.Keys["two"] = s.Keys["one"]
	key, err := s.Key("two")
	if err != nil {
		t.Fatal(err)
	}
	got := text(t, key)
	for _, want := range []string{"SealOne", "SealTwo", "OpenOne", "OpenTwo", `["shop/one","shop/two"]`, "role/one", "role/two"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(strings.ToLower(got), "three") {
		t.Errorf("function three is in\n%s", got)
	}
	delete(s.FunctionRoles, "one")
	if _, err := s.Key("two"); !errors.Is(err, policy.ErrRole) || !strings.Contains(err.Error(), `"one"`) {
		t.Errorf("without the role of one: %v", err)
	}
}

func TestKeyOfAnotherAccountIsAdministeredThere(t *testing.T) {
	s := plain("aws", "us-west-2", "one")
	s.Keys["one"] = "arn:aws:kms:us-west-2:333333333333:key/1"
	key, err := s.Key("one")
	if err != nil {
		t.Fatal(err)
	}
	for sid, account := range map[string]string{"Administration": "333333333333", "Look": "222222222222", "SealOne": "222222222222"} {
		want := fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"}`, sid, account)
		if !strings.Contains(text(t, key), want) {
			t.Errorf("no %s in\n%s", want, text(t, key))
		}
	}
}

func TestRolesAndFunctionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		change func(*policy.Setting)
		want   error
	}{
		{func(s *policy.Setting) { s.FunctionRoles["other"] = "arn:aws:iam::222222222222:role/x" }, policy.ErrFunction},
		{func(s *policy.Setting) { s.FunctionRoles["one"] = "" }, policy.ErrRole},
		{func(s *policy.Setting) { s.FunctionRoles["one"] = "hello" }, policy.ErrRole},
		{func(s *policy.Setting) { s.FunctionRoles["one"] = "*" }, policy.ErrRole},
		{func(s *policy.Setting) { s.BreakGlass = []string{"arn:aws:iam::222222222222:root"} }, policy.ErrRole},
		{func(s *policy.Setting) { s.BreakGlass = []string{"arn:aws:iam::222222222222:role/*"} }, policy.ErrRole},
		{func(s *policy.Setting) { s.BreakGlass = []string{"arn:aws:iam::222222222222:role/a?c"} }, policy.ErrRole},
		{func(s *policy.Setting) { s.BreakGlass = []string{"arn:aws:iam::222222222222:user/${aws:username}"} }, policy.ErrRole},
		{func(s *policy.Setting) { s.BreakGlass = []string{"arn:aws:sts::222222222222:assumed-role/a/b"} }, policy.ErrRole},
		{func(s *policy.Setting) { s.BuildRole = "arn:aws:iam::22222222222:role/a" }, policy.ErrRole},
		{func(s *policy.Setting) { s.BuildRole = "arn:aws:iam::222222222222:role/a b" }, policy.ErrRole},
		{func(s *policy.Setting) { s.BuildRole = "arn:aws:iam::222222222222:role/" }, policy.ErrRole},
		{func(s *policy.Setting) { s.BuildRole = "arn:aws-cn:iam::222222222222:role/team/path/build" }, nil},
		{func(s *policy.Setting) { s.BreakGlass = []string{"arn:aws:iam::222222222222:user/me+you=us,@x_-."} }, nil},
	} {
		s := plain("aws", "us-west-2", "one")
		c.change(&s)
		if err := s.Check(); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, not %v", s, err, c.want)
		}
	}
	s := plain("aws", "us-west-2", "one")
	_, err := s.Function("none")
	_, keyErr := s.Key("none")
	if !errors.Is(err, policy.ErrFunction) || !errors.Is(keyErr, policy.ErrFunction) {
		t.Errorf("of no function: %v, %v", err, keyErr)
	}
}

func TestNothingToDecryptMeansNoDecryption(t *testing.T) {
	s := plain("aws", "us-west-2", "one")
	s.Parameters = []policy.Parameter{{Name: "/prod/one"}} // not encrypted
	got := text(t, s.Build())
	if strings.Contains(got, "DecryptThroughParameterStore") || !strings.Contains(got, `"Sid":"DenyDecrypt","Effect":"Deny","Action":"kms:Decrypt","Resource":"*"`) {
		t.Error(got)
	}
}

func TestSizeLeavesWhiteSpaceOut(t *testing.T) {
	d := policy.Document{Version: "a b", Statement: []policy.Statement{{Sid: "S", Effect: "Deny", Action: policy.List{"a"}}}}
	if want := len(`{"Version":"ab","Statement":[{"Sid":"S","Effect":"Deny","Action":"a"}]}`); d.Size() != want {
		t.Errorf("%d, not %d", d.Size(), want)
	}
}

// The figures in docs/policy.md.
func BenchmarkBuildPolicySize(b *testing.B) {
	for _, n := range []int{1, 5, 10, 20} {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("function-%d", i))
		}
		s := plain("aws", "us-west-2", names...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(s.Build().Size()), "characters")
			}
		})
	}
}

func TestSettingOfSomeFunctions(t *testing.T) {
	s := plain("aws", "us-west-2", "one", "two", "three")
	group, err := s.Of([]string{"three", "one"})
	if err != nil || strings.Join(group.Functions(), " ") != "one three" || len(s.Functions()) != 3 {
		t.Fatalf("%v, %v", group.Functions(), err)
	}
	for kind, document := range map[string]string{"ci": text(t, group.Build()), "plan": text(t, group.Plan()), "put": text(t, group.Put()), "doctor": text(t, group.Doctor())} {
		if strings.Contains(document, "two") || strings.Contains(document, s.Keys["two"]) {
			t.Errorf("%s is about two:\n%s", kind, document)
		}
	}
	if all, err := s.Of(nil); err != nil || len(all.Functions()) != 3 {
		t.Errorf("of no names: %v, %v", all.Functions(), err)
	}
	for _, names := range [][]string{{"four"}, {"one", "four"}, {""}} {
		if _, err := s.Of(names); !errors.Is(err, policy.ErrFunction) {
			t.Errorf("%q: %v", names, err)
		}
	}
}
