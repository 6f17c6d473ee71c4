package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/actions"
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
		Flags: append(targetFlags(),
			manifestFlag(),
			varFlag(),
			&cli.BoolFlag{Name: "decrypt", Usage: "also read the parameters of packed functions decrypted, as a build does, and let the values go"},
			&cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept keys of another account (`ID`)"},
			tpsFlag(),
			timeoutFlag(),
			endpointFlag(),
			trustedFlag(),
			dataFlag(),
			jsonFlag(),
			debugFlag(),
		),
		Action: a.examine,
	}
}

func (a *app) examine(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	targets, err := a.targets(c, request{manifest: "manifest"})
	if err != nil {
		return err
	}
	return a.each(c, targets, job{
		calls:  true,
		rights: allRights,
		gather: func(r *severalReport, results []any, _ bool) { r.Diagnoses = results },
		prepare: func(_ *app, t *target) (step, error) {
			return func(_ *app, w *work) (result, error) {
				w.session.doctor.Root = t.manifest.Environment.Embedded.Value != ""
				report, problems := diagnose(c, t, w)
				w.observer.finish()
				report.AWSCalls, _ = w.spent()
				return report, failed(problems.Sort())
			}, nil
		},
	})
}

// A doctorReport is the result of bundle doctor as --json prints it.
type doctorReport struct {
	FormatVersion int            `json:"format_version"`
	Healthy       bool           `json:"healthy"`
	Environment   string         `json:"environment"`
	Region        string         `json:"region"`
	Endpoint      string         `json:"endpoint"` // "" for AWS's own
	Caller        string         `json:"caller"`   // ARN; "" where it is not known
	Checks        []doctorCheck  `json:"checks"`
	AWSCalls      map[string]int `json:"aws_calls"`
}

type doctorCheck struct {
	Check    string `json:"check"`
	Status   string `json:"status"` // ok, note or failed
	Function string `json:"function,omitempty"`
	Action   string `json:"action,omitempty"`
	Resource string `json:"resource,omitempty"`
	Detail   string `json:"detail"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
}

// diagnose makes all checks, whatever the outcome of each.
func diagnose(c *cli.Context, t *target, w *work) (*doctorReport, pipeline.Problems) {
	ctx, s, m := w.ctx, w.session, t.manifest
	r := &doctorReport{FormatVersion: 1, Environment: t.environment, Region: t.region, Endpoint: text(c, "endpoint-url")}
	who, err := s.identity(ctx)
	r.Caller = who.ARN
	b := newBuild(c, t, w)
	b.Caller = func(context.Context) (string, error) { return who.Account, err }
	surveyed, problems := b.Survey(ctx, c.Bool("decrypt"))
	var findings []doctor.Finding
	if len(m.Functions) > 0 {
		findings = append(findings, s.doctor.Clock(ctx, m.Functions[0].Key.Value))
	}
	if surveyed != nil {
		r.ok("caller", "", "", fmt.Sprintf("%s, of the account that the environment is for", who.ARN))
		findings = append(findings, s.doctor.Examine(ctx, functionsOf(surveyed))...)
		findings = append(findings, layerFindings(ctx, s, m)...)
	}
	for _, f := range surveyed {
		if f.Key.Enabled {
			r.ok("key", f.Function.Name.Value, f.Key.ARN, fmt.Sprintf("%s is %s, %s", f.Function.Key.Value, f.Key.ARN, f.Key.State))
		}
	}
	r.readings(surveyed, c.Bool("decrypt"))
	for _, p := range problems {
		r.add(doctorCheck{Check: "build", Status: string(doctor.Failed), Detail: p.Summary + ": " + p.Detail}, p.Subject)
	}
	for _, f := range findings {
		r.add(doctorCheck{f.Check, string(f.Status), f.Function, f.Action, f.Resource, f.Detail, "", 0}, rangeOf(f.At))
		if f.Status == doctor.Failed {
			problems = append(problems, findingProblem(f, errors.Is(ctx.Err(), context.DeadlineExceeded)))
		}
	}
	r.Healthy = len(problems) == 0
	return r, problems
}

func (r *doctorReport) ok(check, function, resource, detail string) {
	r.add(doctorCheck{Check: check, Status: string(doctor.OK), Function: function, Resource: resource, Detail: detail}, nil)
}

func (r *doctorReport) add(check doctorCheck, at *hcl.Range) {
	if at != nil {
		check.File, check.Line = at.Filename, at.Start.Line
	}
	r.Checks = append(r.Checks, check)
}

// readings tells of the parameters that were found, and of what that does not
// say.
func (r *doctorReport) readings(surveyed []pipeline.Surveyed, decrypted bool) {
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
			r.ok("parameters", f.Function.Name.Value, "", fmt.Sprintf("%s found", count(found, "parameter")))
		}
	}
	if packed && !decrypted {
		r.add(doctorCheck{Check: "decryption", Status: string(doctor.Note), Action: "kms:Decrypt", Detail: "whether this role can decrypt parameters " +
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
func layerFindings(ctx context.Context, s *session, m *manifest.Manifest) []doctor.Finding {
	var all []doctor.Finding
	var seen []string
	for _, fn := range m.Functions {
		name := fn.Layer.Value
		if name == "" || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		if ctx.Err() != nil {
			break // what ended the time is told
		}
		found := doctor.Finding{Check: "layer", Status: doctor.Failed, Action: "lambda:ListLayerVersions, lambda:GetLayerVersion", Resource: name, At: fn.Layer}
		v, err := s.layers.Find(ctx, publish.Ref{Layer: name})
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
			found.Kind, found.Detail = doctor.Unavailable, fmt.Sprintf("Layer %q: no answer from Lambda. Try again.", name)
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

// findingProblem makes a failed check into a problem, as builds have them. late
// says that the run's time is up.
func findingProblem(f doctor.Finding, late bool) pipeline.Problem {
	if late && f.Kind == doctor.Unavailable {
		p := problem.New(pipeline.Unavailable, rangeOf(f.At), "Out of time", "The run took longer than --timeout. "+strings.TrimSuffix(f.Detail, " Try again.")+" Try again or allow more time.")
		p.Cause = "out of time"
		return p
	}
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
	return pipeline.Problem{Kind: kinds[f.Kind], Diagnostic: hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: f.Detail, Subject: rangeOf(f.At),
	}, Cause: f.Cause, About: f.On}
}

func (r *doctorReport) brief() brief              { return brief{state: "healthy"} } // else it is failed
func (r *doctorReport) outputs() []actions.Output { return nil }
func (r *doctorReport) markdown() string          { return "" }

func (r *doctorReport) text(a *app) error {
	rows := [][]string{{"CHECK", "STATUS", "FUNCTION", ""}}
	for _, check := range r.Checks {
		detail := check.Detail
		if check.Status == string(doctor.Failed) {
			detail, _, _ = strings.Cut(detail, ". ") // in full below
		}
		rows = append(rows, []string{check.Check, check.Status, cmp.Or(check.Function, "-"), detail})
	}
	return a.table(rows)
}
