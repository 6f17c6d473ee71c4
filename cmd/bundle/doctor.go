package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "find out whether a build would be let through, and who can decrypt",
		UsageText: "bundle doctor --manifest secrets.hcl --env prod",
		Flags: append(console.TargetFlags(),
			console.ManifestFlag(),
			console.VarFlag(),
			&cli.BoolFlag{Name: "decrypt", Usage: "also read the parameters of packed functions decrypted, as a build does, and let the values go"},
			&cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept keys of another account (`ID`)"},
			console.TPSFlag(),
			console.TimeoutFlag(),
			console.EndpointFlag(),
			target.TrustedFlag(),
			console.DataFlag(),
			console.JSONFlag(),
			console.DebugFlag(),
		),
		Action: a.examine,
	}
}

func (a *app) examine(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	if err != nil {
		return err
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.AllRights,
		Gather: func(r *view.Several, results []any, _ bool) { r.Diagnoses = results },
		Prepare: func(_ *console.Console, t *target.Target) (batch.Step, error) {
			return func(_ *console.Console, w *batch.Work) (view.Result, error) {
				w.Session.Doctor.Root = t.Manifest.Environment.Embedded.Value != ""
				report, problems := diagnose(c, t, w)
				w.Observer.Finish()
				report.AWSCalls, _ = w.Spent()
				return report, console.Failed(problems.Sort())
			}, nil
		},
	})
}

// diagnose makes all checks, whatever the outcome of each.
func diagnose(c *cli.Context, t *target.Target, w *batch.Work) (*view.Doctor, pipeline.Problems) {
	ctx, s, m := w.Ctx, w.Session, t.Manifest
	r := &view.Doctor{Environment: t.Environment, Region: t.Region, Endpoint: console.Text(c, "endpoint-url")}
	who, err := s.Identity(ctx)
	r.Caller = who.ARN
	b := newBuild(c, t, w)
	b.Caller = func(context.Context) (string, error) { return who.Account, err }
	surveyed, problems := b.Survey(ctx, c.Bool("decrypt"))
	var findings []doctor.Finding
	if len(m.Functions) > 0 {
		findings = append(findings, s.Doctor.Clock(ctx, m.Functions[0].Key.Value))
	}
	if surveyed != nil {
		r.OK("caller", "", "", fmt.Sprintf("%s, of the account that the environment is for", who.ARN))
		findings = append(findings, s.Doctor.Examine(ctx, functionsOf(surveyed))...)
		findings = append(findings, layerFindings(ctx, s, m)...)
	}
	for _, f := range surveyed {
		if f.Key.Enabled {
			r.OK("key", f.Function.Name.Value, f.Key.ARN, fmt.Sprintf("%s is %s, %s", f.Function.Key.Value, f.Key.ARN, f.Key.State))
		}
	}
	readings(r, surveyed, c.Bool("decrypt"))
	for _, p := range problems {
		r.Add(view.DoctorCheck{Check: "build", Status: string(doctor.Failed), Detail: p.Summary + ": " + p.Detail}, p.Subject)
	}
	for _, f := range findings {
		r.Add(view.DoctorCheck{
			Check: f.Check, Status: string(f.Status), Function: f.Function, Action: f.Action, Resource: f.Resource, Detail: f.Detail,
		}, rangeOf(f.At))
		if f.Status == doctor.Failed {
			problems = append(problems, findingProblem(f))
		}
	}
	r.Healthy = len(problems) == 0
	return r, problems
}

// readings tells of the parameters that were found, and of what that does not
// say.
func readings(r *view.Doctor, surveyed []pipeline.Surveyed, decrypted bool) {
	packed := false
	for _, f := range surveyed {
		found := 0
		for _, s := range f.Secrets {
			if s.ARN != "" {
				found++
			}
		}
		packed = packed || !f.Function.Blind.Value
		if found > 0 {
			r.OK("parameters", f.Function.Name.Value, "", fmt.Sprintf("%s found", printable.Count(found, "parameter")))
		}
	}
	if packed && !decrypted {
		r.Add(view.DoctorCheck{Check: "decryption", Status: string(doctor.Note), Action: "kms:Decrypt", Detail: "whether this role can decrypt parameters " +
			"through Parameter Store was not tried, as there is no dry run of that: --decrypt does it"}, nil)
	}
}

// functionsOf is what the doctor is to examine: functions whose key is usable.
func functionsOf(surveyed []pipeline.Surveyed) []doctor.Function {
	var all []doctor.Function
	for _, s := range surveyed {
		if !s.Key.Enabled || !s.Key.Symmetric {
			continue
		}
		f := doctor.Function{Name: s.Function.Name.Value, Key: s.Function.Key, KeyARN: s.Key.ARN, Blind: s.Function.Blind.Value}
		for i, context := range s.Contexts {
			if !f.Blind {
				f.Context = context
				continue
			}
			if secret := s.Secrets[i]; secret.Ciphertext != nil {
				f.Moves = append(f.Moves, doctor.Move{
					Secret: secret.Name, Parameter: secret.ARN, Ciphertext: secret.Ciphertext, Context: context, At: manifest.Text{Range: *secret.At},
				})
			}
		}
		all = append(all, f)
	}
	return all
}

// layerFindings tries to find the layers that the bundle is published as.
func layerFindings(ctx context.Context, s *awsenv.Clients, m *manifest.Manifest) []doctor.Finding {
	var all []doctor.Finding
	var seen []string
	for _, fn := range m.Functions {
		name := fn.Layer.Value
		if name == "" || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		found := doctor.Finding{Check: "layer", Status: doctor.Failed, Action: "lambda:ListLayerVersions, lambda:GetLayerVersion", Resource: name, At: fn.Layer}
		v, err := s.Layers.Find(ctx, publish.Ref{Layer: name})
		switch {
		case err == nil:
			found.Status, found.Detail = doctor.OK, v.ARN
		case errors.Is(err, publish.ErrNoLayer):
			found.Status, found.Detail = doctor.OK, fmt.Sprintf("%s is not published yet", name)
		case errors.Is(err, publish.ErrDenied):
			found.Kind, found.Detail = doctor.Access, fmt.Sprintf("Layer %q: %v. Allow this role %s on it.", name, err, found.Action)
		case errors.Is(err, publish.ErrCredentials):
			found.Kind, found.Cause, found.Detail = doctor.Credentials, "no usable credentials", fmt.Sprintf("Layer %q: %v.", name, err)
		case errors.Is(err, publish.ErrUnavailable):
			found.Kind, found.Detail = doctor.Unavailable, fmt.Sprintf("Layer %q: %v. Try again.", name, err)
		default:
			found.Kind, found.Detail = doctor.Other, fmt.Sprintf("Layer %q: %v.", name, err)
		}
		all = append(all, found, doctor.Finding{Check: "publishing", Status: doctor.Note, Action: "lambda:PublishLayerVersion", Resource: name, At: fn.Layer,
			Detail: fmt.Sprintf("whether this role can publish %s was not tried: there is no dry run of that", name)})
	}
	return all
}

func rangeOf(at manifest.Text) *hcl.Range {
	if at.Range.Filename == "" {
		return nil
	}
	return &at.Range
}

// findingProblem makes a failed check into a problem, as builds have them.
func findingProblem(f doctor.Finding) pipeline.Problem {
	kinds := map[doctor.Kind]pipeline.Kind{
		doctor.Access: pipeline.Access, doctor.Credentials: pipeline.Access, doctor.Unusable: pipeline.Missing, doctor.Unavailable: pipeline.Unavailable, doctor.Other: pipeline.Integrity,
	}
	summaries := map[string]string{
		doctor.CheckClock: "Clock is wrong", doctor.CheckSealing: "Function cannot be sealed", doctor.CheckSource: "Parameter cannot be moved",
		doctor.CheckOpening: "Build is not blind", doctor.CheckReading: "Build is not blind", "layer": "Layer cannot be found",
	}
	summary := cmp.Or(summaries[f.Check], f.Check)
	switch {
	case f.Kind == doctor.Unavailable:
		summary = "AWS unavailable"
	case f.Kind == doctor.Credentials:
		summary = "No usable credentials"
	case f.Kind == doctor.Other && f.Check == "layer":
		summary = "Unexpected answer from Lambda"
	case f.Kind == doctor.Other:
		summary = "Unexpected answer from KMS"
	}
	p := problem.New(kinds[f.Kind], &f.At.Range, summary, f.Detail)
	p.Cause, p.About = f.Cause, f.On
	return p
}
