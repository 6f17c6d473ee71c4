package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A Role is a role, and what its policies must allow and must not allow.
type Role struct {
	ARN      string
	Kind     string // of the policy that bundle policy writes for it
	Function string // whose role it is; "" for none
	Named    bool   // on the command line: what is wrong is a failure, otherwise a note
	Requests []Request
	At       manifest.Text
}

// A Request is one request to simulate.
type Request struct {
	Allow    bool // it must be allowed
	Action   string
	Resource string              // ARN, or "*"
	Keys     map[string][]string // condition keys
	Of       string              // what is special about it; "" for nothing
	Absent   bool                // the policy that bundle policy writes does not deny it, but nothing in it allows it
}

// contextKeys is the condition key of the requests that has a list of values.
const contextKeys = "kms:EncryptionContextKeys"

// maxResources is how many resources are simulated in one call. IAM documents no limit;
// a tool has found 20 to be safe: https://github.com/nccgroup/PMapper/pull/6
const maxResources = 20

// unseen is what a simulation does not take into account for a role:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
const unseen = "Not seen: key policies, grants, session policies"

// Roles simulates the policies of roles, one after the other: IAM documents no rate for
// simulations. Only the end of ctx stops it early. It reports how many calls of all it has
// made; a role that cannot be simulated needs no more.
func (d *Doctor) Roles(ctx context.Context, roles []Role, progress func(done, total int)) []Finding {
	calls, total := make([][]*batch, len(roles)), 0
	for i, r := range roles {
		calls[i] = batches(r)
		total += len(calls[i])
	}
	var all []Finding
	done := 0
	progress(done, total)
	for i, r := range roles {
		if ctx.Err() != nil {
			break // the reason has been reported
		}
		all = append(all, d.role(ctx, r, calls[i], func(of int) { progress(done+of, total) })...)
		done += len(calls[i])
		progress(done, total)
	}
	return all
}

// Simulations returns how many calls it takes to simulate the policies of a role.
func Simulations(r Role) int { return len(batches(r)) }

func (d *Doctor) role(ctx context.Context, r Role, calls []*batch, progress func(done int)) []Finding {
	found := Finding{Check: CheckRole, Function: r.Function, Action: "iam:SimulatePrincipalPolicy", Resource: r.ARN, At: r.At}
	decisions := make([]awsclient.Decision, len(r.Requests))
	for i, b := range calls {
		progress(i)
		if err := d.pace.wait(ctx); err != nil {
			return []Finding{found.failed(found.problem(ctx, err, problem.Resource{}))}
		}
		answers, err := awsclient.Simulate(ctx, d.cfg, b.Simulation)
		if err != nil {
			return []Finding{found.unsimulated(ctx, r, err)}
		}
		for _, a := range answers {
			for _, i := range b.of[[2]string{a.Action, a.Resource}] {
				decisions[i] = a
			}
		}
	}
	return found.decided(r, decisions)
}

// unsimulated is the finding for a role whose policies cannot be simulated.
func (f Finding) unsimulated(ctx context.Context, r Role, err error) Finding {
	switch {
	case awsfault.Code(err) == "NoSuchEntity":
		p := problem.New(problem.Missing, &f.At.Range, "Role not found", fmt.Sprintf("IAM does not know the role %s. Correct its ARN, or create it.", r.ARN))
		p.Cause, p.About = "role not found", r.ARN
		return f.failed(p)
	case awsfault.Classify(err) == awsfault.Denied:
		f.Status, f.Detail = Note, fmt.Sprintf("not seen: what the policies of role %s allow and deny, because the caller has no iam:SimulatePrincipalPolicy on it. The policy that bundle policy --kind doctor writes with the same flags allows that", r.ARN)
		return f
	case unanswerable(err):
		f.Status, f.Detail = Note, fmt.Sprintf("not seen: what the policies of role %s allow and deny: %s", r.ARN, awsfault.Describe(err))
		return f
	}
	return f.failed(f.problem(ctx, err, problem.Resource{Lead: "The policies of role " + r.ARN + " cannot be simulated"}))
}

// wrong is the finding for a role whose policies are not as they should be.
func (f Finding) wrong(r Role, p problem.Problem) Finding {
	if r.Named {
		return f.failed(p)
	}
	f.Status, f.Detail = Note, p.Detail
	return f
}

// decided returns what the decisions say about a role.
func (f Finding) decided(r Role, decisions []awsclient.Decision) []Finding {
	var lacks, has, kept []string
	allowed, refused := 0, 0
	for i, q := range r.Requests {
		d := decisions[i]
		what := q.Action + " on " + q.Resource
		if q.Of != "" {
			what += " (" + q.Of + ")"
		}
		switch {
		case q.Allow && !d.Allowed:
			lacks = append(lacks, what+because(d))
		case q.Allow:
			allowed++
		case d.Allowed:
			has = append(has, what)
		default:
			refused++
			if !d.Explicit && !d.Organization && !d.Boundary && !q.Absent {
				kept = append(kept, what)
			}
		}
	}
	policy := "bundle policy --kind " + r.Kind
	var all []Finding
	if len(lacks) > 0 {
		p := problem.New(problem.Access, &f.At.Range, "Role lacks permissions", fmt.Sprintf("The policies of role %s do not allow %s. Attach the policy that %s writes. "+
			"A key policy could allow an action on its key, which a simulation does not see.", r.ARN, listed(lacks), policy))
		p.Cause, p.About = "role lacks permissions", r.ARN
		all = append(all, f.wrong(r, p))
	}
	if len(has) > 0 {
		p := problem.New(problem.Access, &f.At.Range, "Role has too many permissions", fmt.Sprintf("The policies of role %s allow %s. Remove what allows it, or deny it. "+
			"%s writes the policy that the role needs. A key policy could deny an action on its key, which a simulation does not see.", r.ARN, listed(has), policy))
		p.Cause, p.About = "role has too many permissions", r.ARN
		all = append(all, f.wrong(r, p))
	}
	if len(kept) > 0 {
		f.Status, f.Detail = Note, fmt.Sprintf("no policy of role %s denies %s. Only the absence of an Allow keeps it from them; the policy that %s writes denies them", r.ARN, listed(kept), policy)
		all = append(all, f)
	}
	if len(lacks) == 0 && len(has) == 0 {
		f.Status, f.Detail = OK, fmt.Sprintf("role %s: its policies allow the requests that it needs (%d), and no attacks (%d). %s", r.ARN, allowed, refused, unseen)
		all = append(all, f)
	}
	return all
}

// because says what keeps a request from being allowed.
func because(d awsclient.Decision) string {
	switch {
	case d.Organization:
		return ", which a service control policy does not allow"
	case d.Boundary:
		return ", which its permissions boundary does not allow"
	case d.Explicit:
		return ", which a statement denies"
	}
	return ""
}

// listed joins requests, the first ten of them.
func listed(requests []string) string {
	const most = 10
	if len(requests) > most {
		return strings.Join(requests[:most], ", ") + fmt.Sprintf(", and %d more", len(requests)-most)
	}
	return strings.Join(requests, ", ")
}

// A batch is one call, and the places of the requests that it decides, by action and
// resource. It also decides some that nobody asks about.
type batch struct {
	awsclient.Simulation
	of map[[2]string][]int
}

// batches puts the requests of a role into few calls: those with the same condition keys,
// for the same kind of resource.
func batches(r Role) []*batch {
	var all []*batch
	open, of := map[string]*batch{}, map[string]*batch{} // of a group, and of a resource in a group
	for i, q := range r.Requests {
		group := like(q)
		b := of[group+"\n"+q.Resource]
		if b == nil {
			b = open[group]
		}
		if b == nil || len(b.Resources) == maxResources && !slices.Contains(b.Resources, q.Resource) {
			b = &batch{awsclient.Simulation{Role: r.ARN, Keys: q.Keys, Lists: []string{contextKeys}}, map[[2]string][]int{}}
			all, open[group] = append(all, b), b
		}
		of[group+"\n"+q.Resource] = b
		if !slices.Contains(b.Actions, q.Action) {
			b.Actions = append(b.Actions, q.Action)
		}
		if !slices.Contains(b.Resources, q.Resource) {
			b.Resources = append(b.Resources, q.Resource)
		}
		at := [2]string{q.Action, q.Resource}
		b.of[at] = append(b.of[at], i)
	}
	return all
}

// like names the group of requests that can be in one call.
func like(q Request) string {
	service, _, _ := strings.Cut(q.Action, ":")
	group := []string{service, fmt.Sprint(q.Resource == "*"), fmt.Sprint(strings.Count(q.Resource, ":"))}
	for _, key := range slices.Sorted(maps.Keys(q.Keys)) {
		group = append(group, key+"="+strings.Join(q.Keys[key], " "))
	}
	return strings.Join(group, "\n")
}

// A pace lets a number of calls through at once, and then five per second. IAM documents
// no rate; tools were throttled after some 180 calls in a row:
// https://github.com/nccgroup/PMapper/issues/1
type pace struct {
	calls int
	next  time.Time
}

const (
	atOnce   = 60
	interval = time.Second / 5
)

func (p *pace) wait(ctx context.Context) error {
	if p.calls++; p.calls <= atOnce {
		return ctx.Err()
	}
	wait := time.Until(p.next)
	p.next = time.Now().Add(max(wait, 0) + interval)
	return pacing.Rest(ctx, wait)
}
