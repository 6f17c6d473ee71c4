package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/pipeline/policy"
)

// A request is one question to policies.
type request struct {
	action, resource string
	keys             map[string][]string
}

// decide decides a request under the policies of one role. The answer tells an
// explicit Deny from a missing Allow.
func decide(policies []iam.Policy, r request) string {
	d := iam.Evaluate(policies, nil, iam.Access{
		Principal: "arn:aws:iam::222222222222:role/r", Account: "222222222222", Action: r.action, Resource: r.resource, Keys: r.keys,
	})
	return fmt.Sprint(d.Allowed, d.Reason)
}

func parsed(t interface{ Fatal(...any) }, documents []policy.Document) []iam.Policy {
	var all []iam.Policy
	for _, d := range documents {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		p, err := iam.ParseIdentity(b)
		if err != nil {
			t.Fatal(err, string(b))
		}
		all = append(all, p)
	}
	return all
}

const (
	someARN = "arn:aws:ssm:us-west-2:222222222222:parameter/"
	someKey = "kms:EncryptionContext:PARAMETER_ARN"
)

// Names are over three letters, so that many begin or end alike, or are in one another.
func someName() *rapid.Generator[string] { return rapid.StringMatching(`[ab/]{0,6}`) }

// someList draws names, names and folders, or patterns of any form.
func someList(t *rapid.T, what, prefix string) policy.List {
	folder, pattern := rapid.StringMatching(`[ab/]{2,5}\*`), rapid.StringMatching(`[ab/]{0,3}[*?][ab/]{0,3}`)
	secret := rapid.StringMatching(`[ab]{1,2}(-[ab]){0,2}-\?\?`)
	one := rapid.SampledFrom([]*rapid.Generator[string]{
		someName(), someName(), rapid.OneOf(someName(), someName(), folder), rapid.OneOf(someName(), folder, pattern), secret,
	}).Draw(t, "form")
	return listOf(prefix, rapid.SliceOfN(one, 1, 40).Draw(t, what))
}

func listOf(prefix string, names []string) policy.List {
	var l policy.List
	for _, name := range names {
		l = append(l, prefix+name)
	}
	return l
}

func someStatement(t *rapid.T, sid string) policy.Statement {
	s := policy.Statement{
		Sid: sid, Effect: rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"),
		Action: rapid.SampledFrom([]policy.List{{"ssm:GetParameters"}, {"ssm:GetParameter", "ssm:GetParameters"}, {"*"}}).Draw(t, "action"),
	}
	list := someList(t, "resources", someARN)
	switch rapid.SampledFrom([]string{"Resource", "NotResource", "NotResource", ""}).Draw(t, "element") {
	case "Resource":
		s.Resource = list
	case "NotResource":
		s.NotResource = list
	default:
		s.Resource = policy.List{"*"}
	}
	s.Condition = policy.Condition{}
	for _, operator := range []string{"StringEquals", "StringLike", "StringNotEquals", "StringNotLike"} {
		if rapid.IntRange(0, 2).Draw(t, operator) > 0 {
			continue
		}
		values := someList(t, "values", rapid.SampledFrom([]string{"*:", someARN, ""}).Draw(t, "prefix"))
		if strings.HasSuffix(operator, "Equals") {
			values = listOf(someARN, rapid.SliceOfN(someName(), 1, 40).Draw(t, "names"))
		}
		s.Condition[operator] = map[string]policy.List{rapid.SampledFrom([]string{someKey, "aws:PrincipalTag/a"}).Draw(t, "key"): values}
	}
	return s
}

func someDocument(t *rapid.T) policy.Document {
	d := policy.Document{Version: "2012-10-17"}
	for i := range rapid.IntRange(1, 4).Draw(t, "statements") {
		d.Statement = append(d.Statement, someStatement(t, fmt.Sprintf("S%d", i)))
	}
	return d
}

// mentioned returns what the lists of a document are about, with letters instead of
// wildcards.
func mentioned(d policy.Document) (resources, values []string) {
	plain := func(l policy.List) (all []string) {
		for _, s := range l {
			all = append(all, strings.NewReplacer("*", "", "?", "a").Replace(s), strings.NewReplacer("*", "b/b", "?", "/").Replace(s))
		}
		return all
	}
	for _, s := range d.Statement {
		resources = append(resources, plain(slices.Concat(s.Resource, s.NotResource))...)
		for _, keys := range s.Condition {
			for _, l := range keys {
				values = append(values, plain(l)...)
			}
		}
	}
	return resources, values
}

// someRequest is near what the document mentions: the same, a little more or less, or
// anything.
func someRequest(t *rapid.T, d policy.Document) request {
	resources, values := mentioned(d)
	near := func(what string, all []string) string {
		anything := rapid.Map(someName(), func(s string) string { return someARN + s })
		one := anything
		if len(all) > 0 {
			one = rapid.OneOf(rapid.SampledFrom(all), rapid.SampledFrom(all), anything)
		}
		s := one.Draw(t, what)
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			s += rapid.SampledFrom([]string{"a", "b", "/", "c", "*"}).Draw(t, "more")
		case 1:
			s = s[:max(0, len(s)-1)]
		}
		return s
	}
	r := request{action: rapid.SampledFrom([]string{"ssm:GetParameters", "ssm:GetParameter", "ssm:GetParameterHistory"}).Draw(t, "action"), resource: near("resource", resources)}
	r.keys = map[string][]string{}
	for _, key := range []string{someKey, "aws:PrincipalTag/a"} {
		if rapid.IntRange(0, 3).Draw(t, "has "+key) > 0 {
			r.keys[key] = []string{near(key, values)}
		}
	}
	return r
}

// differs returns a request that the parts decide differently than the whole.
func differs(t *rapid.T, whole policy.Document, parts []policy.Document) (request, bool) {
	one, several := parsed(t, []policy.Document{whole}), parsed(t, parts)
	for range 30 {
		if r := someRequest(t, whole); decide(one, r) != decide(several, r) {
			return r, true
		}
	}
	return request{}, false
}

func TestPartsMeanTheSameAsTheDocument(t *testing.T) {
	cuts := 0
	rapid.Check(t, func(t *rapid.T) {
		d := someDocument(t)
		limit := rapid.IntRange(500, 2500).Draw(t, "limit")
		parts, err := d.Split(limit)
		if err != nil {
			if !errors.Is(err, policy.ErrStatement) || parts != nil {
				t.Fatal(err)
			}
			return
		}
		for _, p := range parts {
			if p.Size() > limit {
				t.Fatalf("%d characters, not %d", p.Size(), limit)
			}
		}
		cuts += len(parts) - 1
		if r, different := differs(t, d, parts); different {
			t.Fatalf("limit %d: %+v\n%s\n%+v", limit, r, jsonOf(t, d), parts)
		}
	})
	if cuts == 0 {
		t.Error("nothing was cut")
	}
}

func jsonOf(t interface{ Fatal(...any) }, v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The check above finds that halves of the list of a Deny mean something else: each
// denies what is in the other one. The parts of Split do not.
func TestHalvesOfADenyDoNotMeanTheSame(t *testing.T) {
	for _, what := range []string{"NotResource", "StringNotEquals", "StringNotLike"} {
		found, cut := 0, 0
		rapid.Check(t, func(t *rapid.T) {
			names := listOf(someARN, rapid.SliceOfNDistinct(someName(), 10, 30, rapid.ID[string]).Draw(t, "names"))
			except := func(l policy.List) policy.Document {
				s := policy.Statement{Effect: "Deny", Action: policy.List{"*"}}
				if what == "NotResource" {
					s.NotResource = l
				} else {
					s.Resource, s.Condition = policy.List{"*"}, policy.Condition{what: {someKey: l}}
				}
				return policy.Document{Version: "2012-10-17", Statement: []policy.Statement{s}}
			}
			whole := except(names)
			if _, different := differs(t, whole, []policy.Document{except(names[:len(names)/2]), except(names[len(names)/2:])}); different {
				found++
			}
			parts, err := whole.Split(1000)
			if err != nil {
				if !errors.Is(err, policy.ErrStatement) {
					t.Fatal(err)
				}
				return
			}
			if r, different := differs(t, whole, parts); different {
				t.Fatalf("%+v: %+v\n%+v", r, whole, parts)
			}
			cut += len(parts) - 1
		})
		if found < 50 || cut < 10 {
			t.Errorf("%s: found only %d times, and cut only %d times", what, found, cut)
		}
	}
}

// The parts of the policy of a build are enough to build with, and deny every attack
// where other policies of the role allow everything.
func TestPartsOfABuildPolicyAreEnoughAndDenyEveryAttack(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, m)
			parts, err := s.setting.Build().Split(1500)
			if err != nil {
				t.Fatal(err)
			}
			if len(parts) < 3 || len(parts) >= policy.MaxAttached {
				t.Fatalf("%d parts", len(parts))
			}
			none := policy.Document{}
			if _, err := s.run(s.roleWith("ci", parts, none)); err != nil {
				t.Error(err)
			}
			if through := s.denied(s.roleWith("ci", parts, everything()), buildAttacks(m)); through != nil {
				t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
			}
			for i := range parts {
				less := slices.Delete(slices.Clone(parts), i, i+1)
				_, err := s.run(s.roleWith("ci", less, none))
				if err == nil && s.denied(s.roleWith("ci", less, everything()), buildAttacks(m)) == nil {
					t.Errorf("nothing changes without part %d: %+v", i+1, parts[i])
				}
			}
		})
	}
}
