package awsclient

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awsfault"
)

// ErrSimulation means that IAM's reply does not answer a simulation.
var ErrSimulation error = awsfault.Sentinel("iam", "", awsfault.Malformed, "the reply of the policy simulator is not complete")

// A Simulation asks what the policies of a role decide about actions on resources.
type Simulation struct {
	Role      string              // ARN
	Actions   []string            // such as "kms:Decrypt"
	Resources []string            // ARNs, or "*" alone
	Keys      map[string][]string // the condition keys of the request
	Lists     []string            // the names of those keys that have lists of values
}

// A Decision is what the policies of a role decide about one action on one resource.
type Decision struct {
	Action, Resource string
	Allowed          bool
	Explicit         bool // a statement denies it
	Organization     bool // a service control policy does not allow it
	Boundary         bool // the role's permissions boundary does not allow it
}

// maxPages is how many pages of a simulation are read. A page has an action at least.
const maxPages = 100

// Simulate calls iam:SimulatePrincipalPolicy, and returns a decision for each action
// on each resource:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
//
// It reads the decisions about single resources. Since 2026, an action has one result
// for all resources, with the strictest decision. Before that, it had one for each
// resource, with the same results in it.
//
// awsfault.Classify classifies its errors.
func Simulate(ctx context.Context, cfg aws.Config, s Simulation) ([]Decision, error) {
	found := map[[2]string]Decision{}
	marker := ""
	for range maxPages {
		var reply simulated
		if err := queryIAM(ctx, cfg, "SimulatePrincipalPolicy", s.form(marker), &reply); err != nil {
			return nil, err
		}
		for _, r := range reply.Result.Results {
			r.add(found, len(s.Resources) == 1)
		}
		if !reply.Result.IsTruncated {
			return s.decisions(found)
		}
		if marker = reply.Result.Marker; marker == "" {
			break
		}
	}
	return nil, fmt.Errorf("%w: it does not end", ErrSimulation)
}

// simulated is a reply. Nothing else of it is read.
type simulated struct {
	Result struct {
		Results     []evaluation `xml:"EvaluationResults>member"`
		IsTruncated bool
		Marker      string
	} `xml:"SimulatePrincipalPolicyResult"`
}

type evaluation struct {
	EvalActionName, EvalDecision string
	Organizations                *struct{ AllowedByOrganizations bool }       `xml:"OrganizationsDecisionDetail"`
	Boundary                     *struct{ AllowedByPermissionsBoundary bool } `xml:"PermissionsBoundaryDecisionDetail"`
	Resources                    []struct {
		EvalResourceName, EvalResourceDecision string
		Boundary                               *struct{ AllowedByPermissionsBoundary bool } `xml:"PermissionsBoundaryDecisionDetail"`
	} `xml:"ResourceSpecificResults>member"`
}

// add adds what a result decides. If there is one resource, its decision is the
// result's.
func (e *evaluation) add(found map[[2]string]Decision, one bool) {
	d := Decision{
		Organization: e.Organizations != nil && !e.Organizations.AllowedByOrganizations,
		Boundary:     e.Boundary != nil && !e.Boundary.AllowedByPermissionsBoundary,
	}
	put := func(resource, decision string) {
		of := d
		of.Allowed, of.Explicit = decision == "allowed", decision == "explicitDeny"
		if of.Allowed || of.Explicit || decision == "implicitDeny" {
			found[[2]string{strings.ToLower(e.EvalActionName), resource}] = of
		}
	}
	for _, r := range e.Resources {
		d.Boundary = d.Boundary || r.Boundary != nil && !r.Boundary.AllowedByPermissionsBoundary
		put(r.EvalResourceName, r.EvalResourceDecision)
	}
	if len(e.Resources) == 0 && one {
		put("", e.EvalDecision)
	}
}

// decisions returns what was found about each action and resource.
func (s Simulation) decisions(found map[[2]string]Decision) ([]Decision, error) {
	var all []Decision
	for _, action := range s.Actions {
		for _, resource := range s.Resources {
			d, ok := found[[2]string{strings.ToLower(action), resource}]
			if !ok && len(s.Resources) == 1 {
				d, ok = found[[2]string{strings.ToLower(action), ""}]
			}
			if !ok {
				return nil, fmt.Errorf("%w: it has no decision about %s on %s", ErrSimulation, action, resource)
			}
			d.Action, d.Resource = action, resource
			all = append(all, d)
		}
	}
	return all, nil
}

// form returns the members of a request.
func (s Simulation) form(marker string) url.Values {
	form := url.Values{"PolicySourceArn": {s.Role}}
	list := func(name string, items []string) {
		for i, item := range items {
			form.Set(name+".member."+strconv.Itoa(i+1), item)
		}
	}
	list("ActionNames", s.Actions)
	list("ResourceArns", s.Resources)
	for i, name := range slices.Sorted(maps.Keys(s.Keys)) {
		at := fmt.Sprintf("ContextEntries.member.%d.", i+1)
		form.Set(at+"ContextKeyName", name)
		form.Set(at+"ContextKeyType", "string")
		if slices.Contains(s.Lists, name) {
			form.Set(at+"ContextKeyType", "stringList")
		}
		list(at+"ContextKeyValues", s.Keys[name])
	}
	if marker != "" {
		form.Set("Marker", marker)
	}
	return form
}
