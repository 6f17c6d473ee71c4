package pipeline

import (
	"context"
	"slices"

	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
)

// Roles are the roles whose policies are checked.
type Roles struct {
	Build     string            // ARN; "" for none
	Named     bool              // Build is named on the command line, not in the manifest
	Plan      string            // ARN; "" for none
	Put       string            // ARN; "" for none
	Functions map[string]string // ARNs, by the function's name in the manifest

	Keys       NamedKeys          // those that are not named are looked up
	Parameters Descriptions       // to look them up
	Secrets    SecretDescriptions // to look up those of Secrets Manager
}

// roles checks the policies of the roles that are known, as far as the functions' keys
// could be resolved.
func (d *Diagnose) roles(ctx context.Context, all []diagnosed) []doctor.Finding {
	ofParameters := d.Roles.Build != "" || d.Roles.Plan != "" || d.Roles.Put != "" // their policies name keys of parameters
	if !ofParameters && len(d.Roles.Functions) == 0 {
		return nil
	}
	s := &policy.Setting{Manifest: d.Manifest, Region: d.Region, Account: d.Account, Keys: map[string]string{}}
	var names []string
	for _, f := range all {
		if f.Key.ARN != "" {
			names, s.Keys[f.Function.Name.Value] = append(names, f.Function.Name.Value), f.Key.ARN
		}
	}
	if len(names) == 0 {
		return nil // why has been reported
	}
	group, err := s.Of(names)
	if err != nil {
		return nil // cannot happen: the names are those of the manifest
	}
	var findings []doctor.Finding
	if ofParameters {
		findings = d.parameterKeys(ctx, &group)
	}
	at := d.Manifest.Environment.Name
	if d.Manifest.Environment.Role.Value != "" {
		at = d.Manifest.Environment.Role
	}
	var roles []doctor.Role
	add := func(arn, kind, function string, probes []policy.Probe, at manifest.Text) {
		named := kind != policy.KindCI || d.Roles.Named
		r := doctor.Role{ARN: arn, Kind: kind, Function: function, Named: named, At: at}
		for _, p := range probes {
			r.Requests = append(r.Requests, doctor.Request(p))
		}
		roles = append(roles, r)
	}
	if d.Roles.Build != "" {
		add(d.Roles.Build, policy.KindCI, "", group.BuildProbes(), at)
	}
	if d.Roles.Plan != "" {
		add(d.Roles.Plan, policy.KindPlan, "", group.PlanProbes(), at)
	}
	if d.Roles.Put != "" && group.CheckPut() == nil {
		probes := group.PutProbes()
		add(d.Roles.Put, policy.KindPut, "", probes, at)
		if !slices.ContainsFunc(probes, func(p policy.Probe) bool { return p.Allow && p.Action == "kms:DescribeKey" }) && len(findings) == 0 {
			findings = append(findings, doctor.Finding{Check: doctor.CheckRole, Status: doctor.Note, Resource: d.Roles.Put, At: at,
				Detail: "not seen: whether role " + d.Roles.Put + " can encrypt parameters, because none that it puts exists. Name their key with --parameter-key"})
		}
	}
	for _, fn := range group.Manifest.Functions {
		name := fn.Name.Value
		if role := d.Roles.Functions[name]; role != "" {
			probes, err := group.FunctionProbes(name)
			if err == nil {
				add(role, policy.KindFunction, name, probes, fn.Key)
			}
		}
	}
	return append(findings, d.Doctor.Roles(ctx, roles, func(done, total int) { d.Observer.Progress(StepSimulate, done, total) })...)
}

// parameterKeys finds the keys that parameters and secrets of Secrets Manager are
// encrypted with. A build need not be able to, so it is a note if the caller cannot.
func (d *Diagnose) parameterKeys(ctx context.Context, s *policy.Setting) []doctor.Finding {
	resolve := &Resolve{Scope: d.Scope, Keys: d.Keys, Parameters: d.Roles.Parameters, Secrets: d.Roles.Secrets}
	resolve.Manifest = s.Manifest
	return slices.Concat(
		d.unknownKeys("ssm:DescribeParameters", "parameters", resolve.parameterKeys(ctx, s, d.Roles.Keys.Parameters, true, false)),
		d.unknownKeys("secretsmanager:DescribeSecret", "secrets of Secrets Manager", resolve.secretKeys(ctx, s, d.Roles.Keys.Secrets)))
}

// unknownKeys reports why keys could not be looked up.
func (d *Diagnose) unknownKeys(action, what string, problems problem.Problems) []doctor.Finding {
	if len(problems) == 0 {
		return nil
	}
	found := doctor.Finding{Check: doctor.CheckRole, Status: doctor.Note, Action: action, At: d.Manifest.Environment.Name}
	for _, p := range problems {
		if p.Kind != problem.Access && p.Kind != problem.Missing {
			found.Status, found.Detail, found.Problem = doctor.Failed, p.Detail, p
			return []doctor.Finding{found}
		}
	}
	found.Detail = "not seen: whether roles can open the " + what + ", and no others, because their keys are not known. " + problems[0].Detail
	return []doctor.Finding{found}
}
