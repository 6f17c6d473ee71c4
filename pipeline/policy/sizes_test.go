package policy_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

var update = flag.Bool("update", false, "write the sizes of policies to docs/policy.md")

// service returns the setting of functions with five secrets each. In the mode mixed,
// every other function is blind.
func service(mode string, functions int) policy.Setting {
	s := policy.Setting{
		Region: "us-west-2", Account: "222222222222", Keys: map[string]string{}, FunctionRoles: map[string]string{},
		Manifest: &manifest.Manifest{Bundle: manifest.Bundle{Name: manifest.Text{Value: "payments"}}, Environment: manifest.Environment{Name: manifest.Text{Value: "prod"}}},
	}
	key := func(n int) string {
		return fmt.Sprintf("arn:aws:kms:us-west-2:222222222222:key/%08x-1111-4111-8111-%012x", uint32(n)*2654435761, n)
	}
	for i := range functions {
		fn := manifest.Function{
			Name: manifest.Text{Value: fmt.Sprintf("function-%d", i+1)}, Layer: manifest.Text{Value: "payments"},
			Blind: manifest.Bool{Value: mode == "blind" || mode == "mixed" && i%2 == 1},
		}
		for k := range 5 {
			name := fmt.Sprintf("/prod/payments/%s/secret-%d", fn.Name.Value, k+1)
			fn.Secrets = append(fn.Secrets, manifest.Secret{Parameter: manifest.Text{Value: name}})
			s.Parameters = append(s.Parameters, policy.Parameter{Name: name, Key: key(0)})
		}
		s.Manifest.Functions = append(s.Manifest.Functions, fn)
		s.Keys[fn.Name.Value] = key(i + 1)
	}
	return s
}

// sizes are the columns of the table in docs/policy.md: the policies of a service of
// some functions.
func sizes(functions int) []policy.Document {
	packed, blind, mixed := service("packed", functions), service("blind", functions), service("mixed", functions)
	return []policy.Document{packed.Build(), blind.Build(), mixed.Build(), packed.Plan(), packed.Put(), mixed.Doctor()}
}

// grouped writes a number as the documentation does: 54,193.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// TestPoliciesFit fails if policies of 1 to 40 functions cannot be attached to a role, or
// if policies have grown beyond the table in docs/policy.md. With -update, it writes the
// table again.
func TestPoliciesFit(t *testing.T) {
	fit(t, "| functions | `ci`, packed | `ci`, blind | `ci`, mixed |", 40, sizes)
}

// TestPoliciesOfSecretsFit is TestPoliciesFit for functions whose secrets are all of Secrets Manager. Policies name each of them up to
// three times.
func TestPoliciesOfSecretsFit(t *testing.T) {
	fit(t, "| functions | `ci`, a key of yours | `ci`, `aws/secretsmanager` |", 10, func(functions int) []policy.Document {
		own := ofSecrets(service("packed", functions), "")
		shared, byTags := own, own
		shared.SecretKeys, byTags.ByTags = nil, true
		return []policy.Document{own.Build(), shared.Build(), byTags.Build(), own.Plan()}
	})
}

// fit compares policies with the rows of the table that has these columns. For up to so many functions, they must fit.
func fit(t *testing.T, columns string, most int, sizes func(functions int) []policy.Document) {
	t.Helper()
	const page = "../../docs/policy.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	above, text, ok := strings.Cut(string(b), columns)
	if !ok {
		t.Fatalf("docs/policy.md has no table %q", columns)
	}
	cell := regexp.MustCompile(`([0-9,]+) in ([0-9]+)`)
	for _, n := range []int{1, 3, 10, 40, 200, 1000} {
		row := "| " + grouped(n) + " |"
		at := strings.Index(text, "\n"+row) + 1
		if at == 0 {
			t.Fatalf("docs/policy.md has no row %q", row)
		}
		before, _, _ := strings.Cut(text[at:], "\n")
		cells, changed := cell.FindAllStringSubmatch(before, -1), row
		for i, d := range sizes(n) {
			parts, err := d.Split(policy.MaxManaged)
			if err != nil {
				t.Fatal(err)
			}
			if n <= most && len(parts) > policy.MaxAttached {
				t.Errorf("%d functions: %d documents in column %d", n, len(parts), i+1)
			}
			if slices.ContainsFunc(parts, func(p policy.Document) bool { return p.Size() > policy.MaxManaged }) {
				t.Errorf("%d functions: a document is too large", n)
			}
			if !*update && (len(cells) <= i || grew(cells[i][1], d.Size()) || grew(cells[i][2], len(parts))) {
				t.Errorf("%d functions, column %d: %d characters in %d documents, more than in docs/policy.md (-update writes it again): %s", n, i+1, d.Size(), len(parts), before)
			}
			changed += fmt.Sprintf(" %s in %d |", grouped(d.Size()), len(parts))
		}
		text = text[:at] + changed + text[at+len(before):]
	}
	if *update {
		if err := os.WriteFile(page, []byte(above+columns+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSimulationsAreAsFewAsDocumented fails if bundle doctor makes more calls for a role than the table in docs/policy.md says, or fewer.
func TestSimulationsAreAsFewAsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	const columns = "| functions | `ci`, packed | `ci`, blind | `plan` | `put` | `function` |"
	_, text, ok := strings.Cut(string(b), columns)
	if !ok {
		t.Fatalf("docs/policy.md has no table %q", columns)
	}
	for _, n := range []int{1, 10, 40, 200} {
		packed, blind := service("packed", n), service("blind", n)
		function, err := packed.FunctionProbes("function-1")
		if err != nil {
			t.Fatal(err)
		}
		row := "| " + grouped(n) + " |"
		for _, probes := range [][]policy.Probe{packed.BuildProbes(), blind.BuildProbes(), packed.PlanProbes(), packed.PutProbes(), function} {
			var r doctor.Role
			for _, p := range probes {
				r.Requests = append(r.Requests, doctor.Request(p))
			}
			row += fmt.Sprintf(" %s |", grouped(doctor.Simulations(r)))
		}
		if !strings.Contains(text, "\n"+row+"\n") {
			t.Errorf("docs/policy.md has no row %s", row)
		}
	}
}

// grew reports whether a figure is more than the documented one.
func grew(documented string, figure int) bool {
	n, err := strconv.Atoi(strings.ReplaceAll(documented, ",", ""))
	return err != nil || figure > n
}

// TestPartsOfAServiceDecideAsTheWhole asks for every parameter and key of a service, and
// for others that look alike.
func TestPartsOfAServiceDecideAsTheWhole(t *testing.T) {
	for _, mode := range []string{"packed", "blind", "mixed"} {
		s := service(mode, 40)
		for kind, d := range map[string]policy.Document{"ci": s.Build(), "plan": s.Plan(), "put": s.Put(), "doctor": s.Doctor()} {
			parts, err := d.Split(policy.MaxManaged)
			if err != nil {
				t.Fatal(err)
			}
			var statements []policy.Document // the whole is larger than the parser reads at once
			for _, one := range d.Statement {
				statements = append(statements, policy.Document{Version: d.Version, Statement: []policy.Statement{one}})
			}
			whole, several := parsed(t, statements), parsed(t, parts)
			answers := map[string]int{}
			for _, r := range asked(s) {
				want := decide(whole, r)
				answers[want]++
				if got := decide(several, r); got != want {
					t.Fatalf("%s, %s: %+v: %s, and in parts: %s", mode, kind, r, want, got)
				}
			}
			if len(answers) < 3 {
				t.Errorf("%s, %s: only %v", mode, kind, answers)
			}
		}
	}
}

// asked returns requests about a service and its surroundings.
func asked(s policy.Setting) []request {
	var all []request
	via := map[string][]string{"kms:ViaService": {"ssm.us-west-2.amazonaws.com"}}
	names := []string{"/prod/payments/function-1", "/prod/payments/function-41/secret-1", "/prod/other", "/dev/payments/function-1/secret-1"}
	for _, p := range s.Parameters[:60] {
		names = append(names, p.Name, p.Name+"0", p.Name[:len(p.Name)-1], p.Name[:len(p.Name)-1]+"9")
	}
	for _, name := range names {
		parameter := "arn:aws:ssm:us-west-2:222222222222:parameter" + name
		for _, action := range []string{"ssm:GetParameters", "ssm:GetParameter", "ssm:PutParameter"} {
			all = append(all, request{action: action, resource: parameter})
		}
		for _, action := range []string{"kms:ReEncryptFrom", "kms:Decrypt"} {
			context := map[string][]string{"kms:EncryptionContext:PARAMETER_ARN": {parameter}, "kms:EncryptionContextKeys": {"PARAMETER_ARN"}}
			maps.Copy(context, via)
			all = append(all, request{action: action, resource: s.Parameters[0].Key, keys: context}, request{action: action, resource: s.Parameters[0].Key, keys: via})
		}
	}
	for name, key := range s.Keys {
		for _, function := range []string{"payments/" + name, "payments/function-1", "payments/function-41"} {
			context := map[string][]string{
				"kms:EncryptionContext:bundle:function": {function}, "kms:EncryptionContext:bundle:environment": {"prod"},
				"kms:EncryptionContextKeys": {"bundle:box", "bundle:document", "bundle:environment", "bundle:function"},
			}
			for _, action := range []string{"kms:Encrypt", "kms:ReEncryptTo", "kms:DescribeKey", "kms:CreateGrant"} {
				all = append(all, request{action: action, resource: key, keys: context}, request{action: action, resource: key + "0", keys: context})
			}
		}
	}
	return all
}
