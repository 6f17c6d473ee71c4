// Package simulator is the policy simulator of the embedded AWS's IAM. It has no state: the roles are those of STS.
package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// Roles knows the roles. The service of STS implements it.
type Roles interface {
	Policies(arn string) (policies []iam.Policy, declared bool)
}

// Service implements call.Service.
type Service struct{ roles Roles }

// New makes the service.
func New(roles Roles) *Service { return &Service{roles} }

// Name is "iam".
func (s *Service) Name() string { return "iam" }

// Operations implements call.Service.
func (s *Service) Operations() map[string]call.Handler {
	return map[string]call.Handler{"SimulatePrincipalPolicy": s.simulate}
}

// Mutates implements call.Service: a simulation changes nothing.
func (s *Service) Mutates(string) bool { return false }

// Snapshot implements call.Service.
func (s *Service) Snapshot() (json.RawMessage, error) { return json.RawMessage("{}"), nil }

// Restore implements call.Service.
func (s *Service) Restore(json.RawMessage) error { return nil }

// simulation is the result of https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html.
type simulation struct {
	EvaluationResults []evaluation `xml:"EvaluationResults>member"`
	IsTruncated       bool
	Marker            string `xml:",omitempty"`
}

// evaluation is what is decided about an action: for all resources together, the strictest decision.
type evaluation struct {
	EvalActionName, EvalResourceName, EvalDecision string
	MatchedStatements                              []statement  `xml:"MatchedStatements>member"`
	MissingContextValues                           []string     `xml:"MissingContextValues>member"`
	ResourceSpecificResults                        []ofResource `xml:"ResourceSpecificResults>member"`
}

type ofResource struct {
	EvalResourceName, EvalResourceDecision string
	MatchedStatements                      []statement `xml:"MatchedStatements>member"`
	MissingContextValues                   []string    `xml:"MissingContextValues>member"`
}

type statement struct {
	SourcePolicyId, SourcePolicyType string
	StartPosition, EndPosition       iam.Position
}

func (s *Service) simulate(req *call.Request) (any, error) {
	members := map[string]string{} // the query protocol knows strings only
	if err := req.Decode(&members); err != nil {
		return nil, err
	}
	in, err := read(members)
	if err != nil {
		return nil, err
	}
	access := iam.Access{Principal: req.Caller.ARN, Account: req.Caller.Account, Action: "iam:SimulatePrincipalPolicy", Resource: in.source}
	if d := req.Caller.Evaluate(nil, access); !d.Allowed {
		return nil, &call.Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: d.Message(access)}
	}
	kind, name := entity(in.source)
	if kind == "" {
		return nil, invalid("Invalid Entity Arn: %s does not clearly define entity type and name.", in.source)
	}
	policies, declared := s.roles.Policies(in.source)
	if !declared {
		return nil, &call.Error{Status: http.StatusNotFound, Code: "NoSuchEntity", Message: fmt.Sprintf("The %s with name %s cannot be found.", kind, name)}
	}
	if members["ResourcePolicy"] != "" {
		return nil, invalid("Simulation of resource-based policies isn't supported for IAM roles.")
	}
	more, err := additional(members)
	if err != nil {
		return nil, err
	}
	all := make([]evaluation, len(in.actions))
	for i, action := range in.actions {
		all[i] = in.evaluate(append(policies[:len(policies):len(policies)], more...), len(policies), action)
	}
	return in.page(all), nil
}

// entity returns the kind and the name of the entity that an ARN names, and "" if it names none.
func entity(arn string) (kind, name string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" {
		return "", ""
	}
	kind, path, _ := strings.Cut(parts[5], "/")
	if kind != "role" && kind != "user" && kind != "group" || path == "" {
		return "", ""
	}
	return kind, path[strings.LastIndex(path, "/")+1:]
}

// evaluate decides an action on every resource. The first policies are the role's own.
func (in *input) evaluate(policies []iam.Policy, own int, action string) evaluation {
	out := evaluation{EvalActionName: action, EvalResourceName: "*"}
	_, role := entity(in.source)
	strictness := map[string]int{"allowed": 0, "implicitDeny": 1, "explicitDeny": 2}
	for i, resource := range in.resources {
		found := iam.Simulate(policies, iam.Access{Principal: in.caller, Account: accountOf(in.caller), Action: action, Resource: resource, Keys: in.keys})
		one := ofResource{EvalResourceName: resource, EvalResourceDecision: found.Decision, MissingContextValues: found.Missing}
		for _, m := range found.Matched {
			by := statement{"role_" + role + "_policy", "role", m.Start, m.End}
			if m.Policy >= own {
				by.SourcePolicyId, by.SourcePolicyType = "PolicyInputList."+strconv.Itoa(m.Policy-own+1), "none"
			}
			one.MatchedStatements = append(one.MatchedStatements, by)
		}
		switch {
		case i == 0 || strictness[found.Decision] > strictness[out.EvalDecision]:
			out.EvalDecision, out.MatchedStatements = found.Decision, one.MatchedStatements
		case found.Decision == out.EvalDecision:
			out.MatchedStatements = append(out.MatchedStatements, one.MatchedStatements...)
		}
		out.MissingContextValues = found.Missing // the same for every resource
		if resource != "*" {
			out.ResourceSpecificResults = append(out.ResourceSpecificResults, one)
		}
	}
	return out
}

// page returns the results from the marker on, MaxItems at most.
func (in *input) page(all []evaluation) simulation {
	all = all[min(in.from, len(all)):]
	if len(all) <= in.most {
		return simulation{EvaluationResults: all}
	}
	return simulation{EvaluationResults: all[:in.most], IsTruncated: true, Marker: strconv.Itoa(in.from + in.most)}
}

func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[4] // entity has checked the form
}

func invalid(format string, args ...any) error {
	return call.NewError("InvalidInput", fmt.Sprintf(format, args...))
}
