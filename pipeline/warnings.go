package pipeline

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Warnings warns about what a manifest asks for that works, but has drawbacks.
func (r *Reading) Warnings() problem.Problems { return warnings(r.functions) }

func warnings(functions []*functionRun) problem.Problems {
	var found problem.Problems
	seen := map[hcl.Range]bool{} // a group's secrets are in many functions
	for _, run := range functions {
		if n := len(run.bindings); run.blind() && n > manyBlind {
			found = append(found, problem.New(problem.Manifest, &run.fn.Range, "Many blind secrets", fmt.Sprintf(
				"Function %q has %d blind secrets, and each needs a separate kms:Decrypt call when the function starts. "+
					"Divide them among functions, or write blind = false: in pack mode, one call decrypts up to 4 KB of secrets.", run.fn.Name.Value, n)).Warning())
		}
		for i := range run.fn.Secrets {
			s := &run.fn.Secrets[i]
			if detail := getOnly(s.Name.Value); detail != "" && !seen[s.Name.Range] {
				seen[s.Name.Range] = true
				found = append(found, problem.New(problem.Manifest, &s.Name.Range, "Not available as an environment variable", detail).Warning())
			}
			if name := s.SecretsManager; name.Value != "" && !seen[name.Range] {
				seen[name.Range] = true
				found = append(found, doubts(s)...)
			}
		}
	}
	return found
}

// doubts warns about what a secret of Secrets Manager can be called, but probably is not.
func doubts(s *manifest.Secret) problem.Problems {
	var found problem.Problems
	if without, copied := secret.CopiedSuffix(s.SecretsManager.Value); copied && secret.CheckSecretName(without) == nil {
		found = append(found, problem.New(problem.Manifest, &s.SecretsManager.Range, "Name that ends like an ARN", fmt.Sprintf(
			"The name %q ends in a hyphen and six characters, as the ARN of a secret does. If you copied it from an ARN, the name is %q: write secretsmanager = %[2]q. "+
				"If it is the whole name, this is right as it is; AWS advises against such names, because a part of their ARN looks like the ARN of another secret.",
			s.SecretsManager.Value, without)).Warning())
	}
	if doubt := secret.DoubtStage(s.Version.Stage.Value); doubt != "" {
		found = append(found, problem.New(problem.Manifest, &s.Version.Stage.Range, "Doubtful stage", fmt.Sprintf(
			"No version probably has the stage %q: %s. If there is such a stage, this is right as it is.", s.Version.Stage.Value, doubt)).Warning())
	}
	return found
}

// getOnly returns a warning about a name that the manifest accepts but an
// environment variable cannot have, or "".
func getOnly(name string) string {
	who := ""
	switch manifest.Variable(name) {
	case manifest.RefusedByAll:
		who = "loadEnv, load_env, LoadEnv and the exec wrapper"
	case manifest.RefusedByGo:
		who = "LoadEnv of the library for Go and the exec wrapper"
	default:
		return ""
	}
	return fmt.Sprintf("The helpers return %q only from get and bytes, never as an environment variable. A function with such a secret is refused by %s "+
		"(reserved_variable). Read all secrets of this function with get, or rename this secret.", name, who)
}

// blankWarnings warns about values that this run has read and that begin or end with blanks. It is one warning for all.
func blankWarnings(functions []*functionRun) problem.Problems {
	var found problem.Problems
	for _, run := range functions {
		for _, bind := range run.bindings {
			if !bind.blanks {
				continue
			}
			p := problem.New(problem.Manifest, bind.at, "Blanks around a value", fmt.Sprintf(
				"The value of %s (%q) begins or ends with a space, a tab or a line break, which the function gets as part of the secret. "+
					"If that is a mistake, put the value again without it, for example with printf %%s instead of echo. "+
					"If it is not, write a matches expression for the secret that allows it.", bind.name, bind.ref)).Warning()
			p.Cause, p.About = "blanks", bind.name
			found = append(found, p)
		}
	}
	return found.Sort()
}
