package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Diagnose finds out whether AWS would allow a build, and who can decrypt what
// it seals.
type Diagnose struct {
	Scope
	Identity   func(context.Context) (account, arn string, err error) // the caller; replaces Caller
	Parameters Parameters
	Keys       KeyDescriber
	Blind      BlindParameters
	Layers     Layers
	Doctor     *doctor.Doctor
	Roles      Roles
	Decrypt    bool // also read the parameters of packed functions with decryption, and discard the values
}

// A Diagnosis is what was found.
type Diagnosis struct {
	Caller string // ARN; "" if it is not known
	Checks []DiagnosisCheck
}

// A DiagnosisCheck is the outcome of one check.
type DiagnosisCheck struct {
	Name     string // what was checked; stable
	Status   doctor.Status
	Function string // "" if it is not about one
	Action   string // the permission, such as "kms:Encrypt"
	Resource string // ARN of what it is about
	Detail   string
	At       *hcl.Range // in the manifest, or nil
}

// Run makes all checks, even after some fail. It returns the diagnosis and every
// problem.
func (d *Diagnose) Run(ctx context.Context) (*Diagnosis, problem.Problems) {
	account, arn, err := d.Identity(ctx)
	scope := d.Scope
	scope.Caller = func(context.Context) (string, error) { return account, err }
	functions, problems := d.steps(ctx, &scope)
	var findings []doctor.Finding
	if len(d.Manifest.Functions) > 0 {
		findings = append(findings, d.Doctor.Clock(ctx, d.Manifest.Functions[0].Key.Value))
	}
	found := &Diagnosis{Caller: arn}
	if functions != nil {
		found.ok("caller", "", "", fmt.Sprintf("%s, in the account of the environment", arn))
		findings = append(findings, d.Doctor.Examine(ctx, examined(functions))...)
		findings = append(findings, d.roles(ctx, functions)...)
		findings = append(findings, d.layers(ctx)...)
	}
	for _, f := range functions {
		if f.Key.Enabled {
			found.ok("key", f.Function.Name.Value, f.Key.ARN, fmt.Sprintf("%s is %s, %s", f.Function.Key.Value, f.Key.ARN, f.Key.State))
		}
	}
	found.parameters(functions, d.Decrypt)
	findings = append(findings, d.secrets(ctx, functions)...)
	for _, p := range problems {
		found.Checks = append(found.Checks, DiagnosisCheck{Name: "build", Status: doctor.Failed, Detail: p.Summary + ": " + p.Detail, At: p.Subject})
	}
	for _, f := range findings {
		check := DiagnosisCheck{Name: f.Check, Status: f.Status, Function: f.Function, Action: f.Action, Resource: f.Resource, Detail: f.Detail}
		if f.At.Range.Filename != "" {
			check.At = &f.At.Range
		}
		found.Checks = append(found.Checks, check)
		if f.Status == doctor.Failed {
			problems = append(problems, f.Problem)
		}
	}
	return found, problems.Sort()
}

func (d *Diagnosis) ok(check, function, resource, detail string) {
	d.Checks = append(d.Checks, DiagnosisCheck{Name: check, Status: doctor.OK, Function: function, Resource: resource, Detail: detail})
}

// parameters adds how many parameters were found, and what was not checked.
func (d *Diagnosis) parameters(all []diagnosed, decrypted bool) {
	packed, secrets := false, false
	for _, f := range all {
		found := 0
		for _, s := range f.Secrets {
			switch {
			case s.Ref.Store == secret.SecretsManager:
				secrets = true
			case s.ARN != "":
				found++
			}
		}
		packed = packed || !f.Function.Blind.Value && !f.onlySecrets()
		switch {
		case found == 1:
			d.ok("parameters", f.Function.Name.Value, "", "1 parameter found")
		case found > 1:
			d.ok("parameters", f.Function.Name.Value, "", fmt.Sprintf("%d parameters found", found))
		}
	}
	if packed && !decrypted {
		d.Checks = append(d.Checks, DiagnosisCheck{Name: "decryption", Status: doctor.Note, Action: "kms:Decrypt",
			Detail: "did not check whether this role can decrypt parameters " +
				"through Parameter Store, because that has no dry run. To check it, pass --decrypt"})
	}
	if secrets && !decrypted {
		d.Checks = append(d.Checks, DiagnosisCheck{Name: "decryption", Status: doctor.Note, Action: "secretsmanager:GetSecretValue",
			Detail: "did not check whether this role can read secrets of Secrets Manager, because that has no dry run. To check it, pass --decrypt"})
	}
}

// examined returns what the doctor examines: the functions whose key is usable.
func examined(all []diagnosed) []doctor.Function {
	var functions []doctor.Function
	for _, s := range all {
		if !s.Key.Enabled || !s.Key.Symmetric {
			continue
		}
		f := doctor.Function{Name: s.Function.Name.Value, Key: s.Function.Key, KeyARN: s.Key.ARN, Blind: s.Function.Blind.Value}
		for i, context := range s.Contexts {
			if !f.Blind {
				f.Context = context
				continue
			}
			if moved := s.Secrets[i]; moved.Ciphertext != nil {
				f.Moves = append(f.Moves, doctor.Move{
					Secret: moved.Name, Parameter: moved.ARN, Ciphertext: moved.Ciphertext, Context: context, At: manifest.Text{Range: *moved.At},
				})
			}
		}
		functions = append(functions, f)
	}
	return functions
}

// layers tries to find the layers that the bundle is published as.
func (d *Diagnose) layers(ctx context.Context) []doctor.Finding {
	var all []doctor.Finding
	var seen []string
	for _, fn := range d.Manifest.Functions {
		name := fn.Layer.Value
		if name == "" || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		if ctx.Err() != nil {
			break // the reason has been reported
		}
		found := doctor.Finding{Check: "layer", Status: doctor.OK, Action: "lambda:ListLayerVersions, lambda:GetLayerVersion", Resource: name, At: fn.Layer}
		v, err := d.Layers.Find(ctx, publish.Ref{Layer: name})
		switch {
		case err == nil:
			found.Detail = v.ARN
		case isNoLayer(err):
			found.Detail = fmt.Sprintf("%s is not published yet", name)
		default:
			found.Status, found.Problem = doctor.Failed, layerProblem(&fn.Layer.Range, name, err, "")
			found.Detail = found.Problem.Detail
		}
		all = append(all, found, doctor.Finding{Check: "publishing", Status: doctor.Note, Action: "lambda:PublishLayerVersion", Resource: name, At: fn.Layer,
			Detail: fmt.Sprintf("did not check whether this role can publish %s, because that has no dry run", name)})
	}
	return all
}
