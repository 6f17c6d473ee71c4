package policy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	arns "github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/needs"
)

// A simulation is what testdata/simulate.mjs decides with an evaluator of IAM policies
// that is not ours.
type simulation struct {
	Identity []json.RawMessage `json:"identity"`
	Resource []json.RawMessage `json:"resource"`
	Cases    []simulated       `json:"cases"`

	places map[string]int // of the policies in the lists
	parsed map[string]iam.Policy
	ours   []string // the verdicts of the embedded AWS
}

// A simulated is one access, and the places of the policies that decide it.
type simulated struct {
	Identity  []int               `json:"identity"`
	Resource  *int                `json:"resource"`
	Principal string              `json:"principal"`
	Account   string              `json:"account"` // of the resource
	Action    string              `json:"action"`
	ARN       string              `json:"arn"`
	Keys      map[string][]string `json:"keys"`
}

// add adds an access, with the identity policies of the principal and the policy of the
// resource; nil if it has none.
func (s *simulation) add(t interface{ Fatal(...any) }, access iam.Access, identity []json.RawMessage, resource json.RawMessage) {
	one := simulated{Principal: access.Principal, Account: access.Account, Action: access.Action, ARN: access.Resource, Identity: []int{}, Keys: map[string][]string{}}
	if account := arns.Account(access.Resource); account != "" {
		one.Account = account
	}
	var policies []iam.Policy
	for _, text := range identity {
		policies = append(policies, s.parse(t, text, iam.ParseIdentity))
		one.Identity = append(one.Identity, s.place(&s.Identity, text))
	}
	var ofResource *iam.Policy
	if resource != nil {
		p := s.parse(t, resource, iam.ParseKey)
		ofResource = &p
		one.Resource = new(s.place(&s.Resource, resource))
	}
	for key, values := range access.Keys {
		one.Keys[key] = values
	}
	one.Keys["aws:PrincipalArn"] = []string{access.Principal}
	access.PolicyRequired = resource != nil
	s.Cases = append(s.Cases, one)
	s.ours = append(s.ours, verdict(iam.Evaluate(policies, ofResource, access)))
}

// place returns the place of a policy in one of the lists.
func (s *simulation) place(list *[]json.RawMessage, text json.RawMessage) int {
	if s.places == nil {
		s.places = map[string]int{}
	}
	if _, ok := s.places[string(text)]; !ok {
		s.places[string(text)] = len(*list)
		*list = append(*list, text)
	}
	return s.places[string(text)]
}

func (s *simulation) parse(t interface{ Fatal(...any) }, text json.RawMessage, parse func([]byte) (iam.Policy, error)) iam.Policy {
	p, ok := s.parsed[string(text)]
	if ok {
		return p
	}
	p, err := parse(text)
	if err != nil {
		t.Fatal(err, string(text))
	}
	if s.parsed == nil {
		s.parsed = map[string]iam.Policy{}
	}
	s.parsed[string(text)] = p
	return p
}

// verdict is the simulator's word for a decision.
func verdict(d iam.Decision) string {
	switch {
	case d.Allowed:
		return "Allowed"
	case strings.Contains(d.Reason, "explicit deny"):
		return "ExplicitlyDenied"
	}
	return "ImplicitlyDenied"
}

// run returns the verdicts of the simulator.
func (s *simulation) run(t *testing.T) []string {
	t.Helper()
	input, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), needs.Program(t, "node", "Node.js"), "testdata/simulate.mjs", needs.PolicyTools(t))
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var answer struct{ Verdicts, Ignored []string }
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Verdicts) != len(s.Cases) {
		t.Fatalf("%d verdicts for %d cases", len(answer.Verdicts), len(s.Cases))
	}
	// What no policy asks for can be ignored.
	policies := fmt.Sprintf("%s%s", s.Identity, s.Resource)
	for _, key := range answer.Ignored {
		if strings.Contains(policies, `"`+key+`":`) {
			t.Errorf("the simulator ignores %s, and a policy has it", key)
		}
	}
	return answer.Verdicts
}
