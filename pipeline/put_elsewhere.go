package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// elsewhere reports whether a secret is in Secrets Manager, where a put writes nothing.
func (bind *binding) elsewhere() bool { return bind.ref.Store == secret.SecretsManager }

// elsewhere reports a secret of Secrets Manager among those with a name, and how to put it
// there.
func (p *Put) elsewhere(bind *binding, found []*binding) problem.Problems {
	what := fmt.Sprintf("%s of function %q is the secret %q of Secrets Manager", bind.name, bind.run.fn.Name.Value, bind.ref.Name)
	refuse := func(format string, args ...any) problem.Problems {
		return problem.Problems{problem.New(problem.Manifest, bind.at, "Not in Parameter Store", what+fmt.Sprintf(format, args...))}
	}
	switch {
	case slices.ContainsFunc(found, func(other *binding) bool { return !other.elsewhere() }):
		return refuse(", and of another function a parameter. Choose that one with --function.")
	case strings.Contains(bind.ref.Name, "!"):
		return refuse(", which another service of AWS owns: only that service changes it. To change it now, run %s", inSecretsManager("rotate-secret", p.Region, bind.ref.Name))
	case bind.ref.ID != "":
		return refuse(" in the version %s, so a new version would make no difference to it. To put one nevertheless, run %s, and name its ID here",
			bind.ref.ID, p.putsSecret(p.Region, bind))
	}
	value := "the value"
	if bind.field != "" {
		value = "the whole JSON value, not only the field,"
	}
	return refuse(", and this command writes only parameters. If Secrets Manager rotates it, start a rotation. Otherwise, put %s with this command, which reads it from standard input: %s",
		value, p.putsSecret(p.Region, bind))
}

// rotated chooses the secret of Secrets Manager that a Rotation is about, among the secrets
// with a name. Only those at AWSCURRENT get another version by it.
func (p *Put) rotated(found []*binding) problem.Problems {
	live := slices.DeleteFunc(slices.Clone(found), (*binding).fixed)
	if len(live) == 0 {
		bind := found[0]
		what, instead := "version "+bind.ref.ID, "the line version_id"
		if bind.ref.ID == "" {
			what, instead = fmt.Sprintf("stage %q", bind.ref.Selector), "the line version_stage"
		}
		return problem.Problems{problem.New(problem.Manifest, bind.at, "Pinned secret", fmt.Sprintf(
			"%s of function %q reads %s of %q, so a new version at %s would make no difference to it. Remove %s, or move it yourself.",
			bind.name, bind.run.fn.Name.Value, what, bind.ref.Name, secret.StageCurrent, instead))}
	}
	if slices.ContainsFunc(live, func(bind *binding) bool { return bind.ref != live[0].ref }) {
		return problem.Problems{several(live)}
	}
	p.rotating = live[0]
	return nil
}

// putsSecret returns the command that puts a version of a secret of Secrets Manager, with the
// value from standard input. A newline at its end becomes part of the value. The AWS CLI would
// not find a secret of an embedded environment.
//
// https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/put-secret-value.html
func (s *Scope) putsSecret(region string, bind *binding) string {
	if env := s.Manifest.Environment; env.Embedded.Value != "" {
		return fmt.Sprintf("bundle local put --env %s --region %s --secretsmanager %s", ShellWord(env.Name.Value), ShellWord(region), ShellWord(bind.ref.Name))
	}
	from := "--secret-string file:///dev/stdin"
	if bind.encoding == secret.Base64 && bind.field == "" {
		from = "--secret-binary fileb:///dev/stdin"
	}
	return inSecretsManager("put-secret-value", region, bind.ref.Name) + " " + from
}

// inSecretsManager returns a command of the AWS CLI for a secret.
func inSecretsManager(command, region, name string) string {
	return fmt.Sprintf("aws secretsmanager %s --region %s --secret-id %s", command, ShellWord(region), ShellWord(name))
}
