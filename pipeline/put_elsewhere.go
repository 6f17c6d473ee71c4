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
		return refuse(", which another service of AWS owns: only that service changes it. To change it now, run %s", p.inSecretsManager("rotate-secret", bind.ref.Name))
	case bind.ref.ID != "":
		return refuse(" in the version %s, so a new version would make no difference to it. To put one nevertheless, run %s, and name its ID here",
			bind.ref.ID, p.putsSecret(bind))
	}
	value := "the value"
	if bind.field != "" {
		value = "the whole JSON value, not only the field,"
	}
	return refuse(", and this command writes only parameters. If Secrets Manager rotates it, start a rotation. Otherwise, put %s with this command, which reads it from standard input: %s",
		value, p.putsSecret(bind))
}

// putsSecret returns the command that puts a version of a secret of Secrets Manager, with the
// value from standard input. A newline at its end becomes part of the value.
//
// https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/put-secret-value.html
func (s *Scope) putsSecret(bind *binding) string {
	from := "--secret-string file:///dev/stdin"
	if bind.encoding == secret.Base64 && bind.field == "" {
		from = "--secret-binary fileb:///dev/stdin"
	}
	return s.inSecretsManager("put-secret-value", bind.ref.Name) + " " + from
}

// inSecretsManager returns a command of the AWS CLI for a secret.
func (s *Scope) inSecretsManager(command, name string) string {
	return fmt.Sprintf("aws secretsmanager %s --region %s --secret-id %s", command, ShellWord(s.Region), ShellWord(name))
}
