package policy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/policy"
)

// askable is what a document is about: the actions, with the resources and the values of
// condition keys in statements about them.
type askable map[string]*about

type about struct {
	resources []string
	values    map[string][]string
}

func askableOf(d policy.Document) askable {
	a, all := askable{}, map[string][]string{}
	for _, s := range d.Statement {
		var resources []string
		for _, resource := range slices.Concat(s.Resource, s.NotResource) {
			if resource != "*" {
				resources = append(resources, strings.ReplaceAll(resource, "*", "1"))
			}
		}
		for _, action := range s.Action {
			action = strings.NewReplacer("kms:ReEncrypt*", "kms:ReEncryptTo", "*", "").Replace(action)
			one := a[action]
			if one == nil {
				one = &about{values: map[string][]string{}}
				a[action] = one
			}
			one.resources = append(one.resources, resources...)
			service, _, _ := strings.Cut(action, ":")
			all[service] = append(all[service], resources...)
			for _, keys := range s.Condition {
				for key, values := range keys {
					one.values[key] = append(one.values[key], values...)
				}
			}
		}
	}
	for action, one := range a {
		if service, _, _ := strings.Cut(action, ":"); len(one.resources) == 0 {
			one.resources = all[service]
		}
	}
	return a
}

// draw draws a request about what the document is about, or about something near it.
func (a askable) draw(t *rapid.T) request {
	near := func(what string, all []string) string {
		s := rapid.SampledFrom(all).Draw(t, what)
		s = strings.Replace(s, "*", "arn:aws:ssm:us-west-2:222222222222", 1) // "*:parameter/NAME"
		switch rapid.IntRange(0, 9).Draw(t, "change") {
		case 0:
			s += "0"
		case 1:
			if shorter := s[:len(s)-1]; !strings.HasSuffix(shorter, "/") && !strings.HasSuffix(shorter, ":") { // still of the same type
				s = shorter
			}
		}
		return s
	}
	r := request{action: rapid.SampledFrom(slices.Sorted(maps.Keys(a))).Draw(t, "action"), keys: map[string][]string{}}
	one := a[r.action]
	r.resource = near("resource", one.resources)
	for _, key := range slices.Sorted(maps.Keys(one.values)) {
		if rapid.IntRange(0, 9).Draw(t, "has "+key) == 0 {
			continue
		}
		r.keys[key] = []string{near(key, one.values[key])}
		if key == "kms:EncryptionContextKeys" {
			r.keys[key] = append(r.keys[key], near(key, one.values[key]))
		}
	}
	return r
}

// byAccount is the policy of a key that leaves all to the account's IAM policies.
const byAccount = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:*","Resource":"*"}]}`

// The evaluator that is not ours decides policies for many functions as the embedded AWS
// does, and the parts that can be attached as the whole.
func TestAnotherEvaluatorDecidesLargePolicies(t *testing.T) {
	needs.PolicyTools(t)
	t.Parallel()
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("function-%d", i))
	}
	s := puttable(plain("aws", "us-west-2", names...))
	var all simulation
	for _, whole := range []policy.Document{s.Build(), s.Plan(), s.Put(), s.Doctor()} {
		parts, err := whole.Split(policy.MaxManaged)
		if err != nil {
			t.Fatal(err)
		}
		if len(parts) < 2 {
			t.Error("it is not cut")
		}
		var statements []policy.Document // the embedded AWS takes no document of this size
		for _, s := range whole.Statement {
			statements = append(statements, policy.Document{Version: whole.Version, Statement: []policy.Statement{s}})
		}
		draw := rapid.Custom(askableOf(whole).draw)
		for seed := range 80 {
			r := draw.Example(seed)
			access := iam.Access{Principal: "arn:aws:iam::222222222222:role/r", Account: "222222222222", Action: r.action, Resource: r.resource, Keys: r.keys}
			var key json.RawMessage
			if strings.HasPrefix(r.action, "kms:") {
				key = json.RawMessage(byAccount)
			}
			all.add(t, access, raw(t, statements...), key)
			all.add(t, access, raw(t, parts...), key)
		}
	}
	all.compare(t, 20)
}
