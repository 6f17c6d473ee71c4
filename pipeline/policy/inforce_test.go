package policy_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/policy"
)

const foreign = `{
  "Version": "2008-10-17", "Id": "of somebody <&> \u00e9 else",
  "Unknown": {"a": [1, 2.50, null, true]},
  "Statement": [
    {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root", "Service": ["x.amazonaws.com"]}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Allow", "Principal": "*", "NotAction": ["kms:Delete*"], "Resource": "*", "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 1e3}}, "New": 7},
    {"Sid": "Openhello", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:role/hello"}, "Action": ["kms:Decrypt"], "Resource": "*",
     "Condition": {"StringEquals": {"kms:EncryptionContext:bundle:function": "shop/hello", "kms:encryptioncontext:bundle:environment": ["prod"]}}},
    {"Sid": "BreakGlass", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::222222222222:role/glass"]}, "Action": "kms:Decrypt", "Resource": "*"}
  ]
}`

func digestOf(n int) string { return fmt.Sprintf("%064x", n) }

func inForce(t *testing.T, text string) *policy.InForce {
	t.Helper()
	p, err := policy.ParseInForce(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Putting a revocation and lifting it again leaves all else as it was, in its order: also what is not known here.
func TestOnlyTheStatementOfRevocationChanges(t *testing.T) {
	t.Parallel()
	p := inForce(t, foreign)
	if _, found := p.Revocation(); found {
		t.Error("there is a revocation")
	}
	want := policy.Revocation{Kept: []string{digestOf(2), digestOf(1)}, Exempt: p.BreakGlass()}
	text, err := p.With(&want)
	if err != nil {
		t.Fatal(err)
	}
	changed := inForce(t, text)
	if got, found := changed.Revocation(); !found || !got.Equal(want) {
		t.Errorf("%v, %t", got, found)
	}
	var before, after struct{ Statement []any }
	if json.Unmarshal([]byte(foreign), &before) != nil || json.Unmarshal([]byte(text), &after) != nil {
		t.Fatal("not JSON")
	}
	if n := len(before.Statement); len(after.Statement) != n+1 || !reflect.DeepEqual(before.Statement, after.Statement[:n]) {
		t.Errorf("other statements have changed: %s", text)
	}
	for _, part := range []string{`"of somebody <&> \u00e9 else"`, "2.50", "1e3"} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is written in another way: %s", part, text)
		}
	}
	again, err := changed.With(&policy.Revocation{Kept: []string{digestOf(3)}})
	if err != nil {
		t.Fatal(err)
	}
	lifted, err := inForce(t, again).With(nil)
	if err != nil {
		t.Fatal(err)
	}
	same, err := p.With(nil)
	if err != nil || lifted != same {
		t.Errorf("%v: after lifting:\n%s\nbefore:\n%s", err, lifted, same)
	}
	openers := p.Openers()
	if len(openers) != 3 || len(openers[0].Functions) != 0 || !reflect.DeepEqual(openers[2], policy.Opener{Functions: []string{"shop/hello"},
		Environments: []string{"prod"}, Roles: []string{"arn:aws:iam::222222222222:role/hello"}}) {
		t.Errorf("%+v", openers)
	}
}

// A policy with one statement that is no list gets a list.
func TestAStatementThatIsNoList(t *testing.T) {
	t.Parallel()
	p := inForce(t, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"},"Version":"2012-10-17"}`)
	text, err := p.With(&policy.Revocation{Kept: []string{digestOf(1)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := inForce(t, text).Revocation(); !found || !strings.HasPrefix(text, "{\n  \"Statement\": [") {
		t.Error(text)
	}
}

// What is not a policy, or says about documents what is not understood, is refused. No error quotes any of it.
func TestPoliciesThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	const canary = "not-a-real-value"
	own := func(change ...string) string {
		s := `{"Sid": "DenyRevoked", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotEquals": {"kms:EncryptionContext:bundle:document": "` + digestOf(1) + `"}}}`
		return strings.NewReplacer(change...).Replace(s)
	}
	statements := func(all ...string) string { return `{"Statement": [` + strings.Join(all, ", ") + `]}` }
	if r, found := inForce(t, statements(own())).Revocation(); !found || len(r.Kept) != 1 {
		t.Error("the statement itself is not understood")
	}
	for name, text := range map[string]string{
		"nothing": "", "text": canary, "a list": `["` + canary + `"]`, "a text": `"` + canary + `"`, "two": foreign + foreign, "no statement": `{"Id": "` + canary + `"}`,
		"a statement of text": `{"Statement": "` + canary + `"}`, "statements of text": `{"Statement": ["` + canary + `"]}`, "no statements": `{"Statement": null}`,
		"statement in other letters": `{"statement": [], "Statement": []}`, "a name twice": `{"Statement": [], "Id": "a", "Id": "` + canary + `"}`,
		"a name twice below":   statements(own(`"Resource": "*"`, `"Resource": "*", "Resource": "`+canary+`"`)),
		"a condition twice":    statements(own(`{"StringNotEquals"`, `{"StringNotEquals": {}, "StringNotEquals"`)),
		"two of ours":          statements(own(), own()),
		"ours under a Sid":     statements(own("DenyRevoked", canary)),
		"in other letters":     statements(own("DenyRevoked", canary, "kms:EncryptionContext:bundle", "KMS:encryptioncontext:Bundle")),
		"an Allow":             statements(own("Deny\"", "Allow\"")),
		"another action":       statements(own("kms:Decrypt", canary)),
		"two actions":          statements(own(`"kms:Decrypt"`, `["kms:Decrypt", "kms:Encrypt"]`)),
		"an action of a bool":  statements(own(`"kms:Decrypt"`, `true`)),
		"another resource":     statements(own(`"Resource": "*"`, `"Resource": "`+canary+`"`)),
		"one principal":        statements(own(`{"AWS": "*"}`, `{"AWS": "`+canary+`"}`)),
		"no condition":         statements(own(`"Condition": {`, `"Other": {`)),
		"a second operator":    statements(own(`"Condition": {`, `"Condition": {"StringLike": {"aws:PrincipalArn": "`+canary+`"}, `)),
		"a third key":          statements(own(`"StringNotEquals": {`, `"StringNotEquals": {"aws:SourceVpc": "`+canary+`", `)),
		"what is no digest":    statements(own(digestOf(1), canary)),
		"what is no role":      statements(own(`"StringNotEquals": {`, `"StringNotEquals": {"aws:PrincipalArn": "`+canary+`", `)),
		"a variable for roles": statements(own(`"StringNotEquals": {`, `"StringNotEquals": {"aws:PrincipalArn": "arn:${`+canary+`}", `)),
		"an unknown element":   statements(own(`"Effect"`, `"`+canary+`": 1, "Effect"`)),
		"not UTF-8":            strings.Replace(foreign, "somebody", "\xff", 1),
	} {
		_, err := policy.ParseInForce(text)
		if err == nil {
			t.Errorf("%s: is understood", name)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: quoted: %v", name, err)
		}
	}
}

// White space counts for KMS: a large policy has none, and a larger one is refused.
func TestSizeOfARevocation(t *testing.T) {
	t.Parallel()
	p := inForce(t, foreign)
	var r policy.Revocation
	for i := range 200 {
		r.Kept = append(r.Kept, digestOf(i))
	}
	text, err := p.With(&r)
	if err != nil || len(text) > 16<<10 || strings.Contains(text, "\n") {
		t.Errorf("%v: %d bytes", err, len(text))
	}
	for i := range 300 {
		r.Kept = append(r.Kept, digestOf(1000+i))
	}
	if _, err = p.With(&r); err == nil || !strings.Contains(err.Error(), "a key policy can have 32768") {
		t.Errorf("500 digests: %v", err)
	}
}

func FuzzInForce(f *testing.F) {
	f.Add(foreign)
	f.Add(`{"Statement":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.ParseInForce(text)
		if err != nil {
			return
		}
		changed, err := p.With(&policy.Revocation{Kept: []string{digestOf(1)}})
		if err != nil {
			return
		}
		if _, err := policy.ParseInForce(changed); err != nil {
			t.Errorf("%q becomes %q: %v", text, changed, err)
		}
	})
}
