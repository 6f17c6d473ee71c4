package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// checkSecret is the check of a secret of Secrets Manager.
const checkSecret = "secret"

// onlySecrets reports whether all of a function's secrets are in Secrets Manager.
func (d *diagnosed) onlySecrets() bool {
	return len(d.Function.Imports) == 0 && !slices.ContainsFunc(d.Secrets, func(s diagnosedSecret) bool { return s.Ref.Store == secret.ParameterStore })
}

// secrets checks each distinct secret of Secrets Manager: what DescribeSecret says of it, and
// whether its key can be used. What keeps a build from reading it has been reported.
func (d *Diagnose) secrets(ctx context.Context, all []diagnosed) []doctor.Finding {
	var findings []doctor.Finding
	seen := make(map[secret.Ref]bool)
	named := make(map[string]bool)
	for _, f := range all {
		for i := range f.Secrets {
			s := &f.Secrets[i]
			if s.Ref.Store != secret.SecretsManager || s.ARN == "" || seen[s.Ref] {
				continue
			}
			seen[s.Ref] = true
			findings = append(findings, s.version())
			if named[s.Ref.Name] {
				continue
			}
			named[s.Ref.Name] = true
			for _, note := range s.notes() {
				findings = append(findings, s.finding(doctor.Note, "secretsmanager:DescribeSecret", note))
			}
			if s.Described.Key != "" {
				findings = append(findings, d.keyOf(ctx, s))
			}
		}
	}
	return findings
}

func (s *diagnosedSecret) finding(status doctor.Status, action, detail string) doctor.Finding {
	return doctor.Finding{
		Check: checkSecret, Status: status, Action: action, Resource: s.ARN, Detail: fmt.Sprintf("%s %s", s.Ref, detail), At: manifest.Text{Range: *s.At},
	}
}

// version says which version a build would read.
func (s *diagnosedSecret) version() doctor.Finding {
	const right = "secretsmanager:DescribeSecret"
	switch {
	case s.Ref.ID == "":
		return s.finding(doctor.OK, right, fmt.Sprintf("has version %s at %s", plan.Short(s.ID), s.Ref.Selector))
	case s.Described.Labeled(s.Ref.ID):
		return s.finding(doctor.OK, right, fmt.Sprintf("has version %s, which is at a stage", s.Ref.ID))
	}
	return s.finding(doctor.Note, right, fmt.Sprintf("has version %s at no stage, if at all: Secrets Manager removes such versions when there are many. "+
		"Give it a stage of its own, and write version_stage in place of version_id", s.Ref.ID))
}

// notes says what else is worth knowing of the secret.
func (s *diagnosedSecret) notes() []string {
	var all []string
	x := s.Described
	if by := changedBy(x); by != "" {
		all = append(all, "is changed by "+by+": build and deploy after each change")
	}
	if x.Pending() != "" {
		all = append(all, fmt.Sprintf("has version %s at AWSPENDING: a rotation is in progress, or has failed", plan.Short(x.Pending())))
	}
	if x.AccountPrimary != "" {
		all = append(all, "is a replica of "+x.AccountPrimary+": who can change that account's secret can change what a build seals")
	}
	var behind []string
	for _, r := range x.Replicas {
		if !r.InSync() {
			behind = append(behind, fmt.Sprintf("%s (%s)", r.Region, r.Status))
		}
	}
	if len(behind) > 0 {
		all = append(all, "has replicas that are not in sync: "+strings.Join(behind, ", "))
	}
	return all
}

// keyOf checks that a secret's own key is enabled.
func (d *Diagnose) keyOf(ctx context.Context, s *diagnosedSecret) doctor.Finding {
	const right = "kms:DescribeKey"
	key, err := d.Keys.Describe(ctx, s.Described.Key)
	switch {
	case err != nil:
		return s.finding(doctor.Note, right, "is encrypted under a key of which it is not known whether it is enabled. "+
			keyProblem(s.At, s.Described.Key, fmt.Sprintf("secret %q", s.Ref), "kms:Decrypt", err).Detail)
	case key.Enabled:
		return s.finding(doctor.OK, right, "is encrypted under "+key.ARN+", which is enabled")
	}
	found := s.finding(doctor.Failed, right, fmt.Sprintf("is encrypted under %s, which is in state %s", key.ARN, key.State))
	found.Problem = problem.New(problem.Missing, s.At, "Key of the secret not usable", fmt.Sprintf("The secret %q is encrypted under %s, which is in state %s. %s.",
		s.Ref, key.ARN, key.State, madeUsable(key.State)))
	return found
}
