package pipeline

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
)

// Verify checks a layer against a manifest without any call: it must have a document
// for each function and no other, each with the secrets that the manifest names. It
// does not check what only AWS knows: which versions are the newest, which key an
// alias has, which optional parameters exist, and what is below a path.
func Verify(name string, layer *layerbuild.Layer, m *manifest.Manifest) problem.Problems {
	if len(layer.Documents) == 0 {
		return problem.Problems{problem.New(problem.Integrity, &m.Environment.Range, "Layer has only helpers", fmt.Sprintf(
			"%s contains no secrets, so it cannot match the manifest. Verify a layer of helpers without --manifest.", name))}
	}
	if why := mismatch(layer, m); why != "" {
		return problem.Problems{problem.New(problem.Integrity, &m.Environment.Range, "Layer does not match", fmt.Sprintf("%s is a layer %s. %s", name, why,
			elsewhere(layer, m)))}
	}
	if why := wrongAccount(layer, m); why != "" {
		return problem.Problems{problem.New(problem.Integrity, &m.Environment.Range, "Layer from another account", fmt.Sprintf("%s %s.", name, why))}
	}
	b := &PlanOffline{Scope: Scope{Manifest: m}, Previous: Previous{Layer: layer, Name: name}, AllowRollback: true}
	result, problems := b.Run()
	if len(problems) > 0 {
		return problems
	}
	for _, c := range result.Changes {
		problems = append(problems, verifyChange(name, c, m)...)
	}
	return problems.Sort()
}

// builtFrom says what to do about a document that does not match the manifest.
const builtFrom = "Build the layer again, or pass the manifest and the variables that it was built from."

// verifyChange reports a document that does not match the manifest.
func verifyChange(name string, c plan.Change, m *manifest.Manifest) problem.Problems {
	if c.Action == plan.Carry {
		return nil
	}
	if c.Action == plan.Remove {
		return problem.Problems{problem.New(problem.Integrity, &m.Bundle.Range, "Function not in the manifest", fmt.Sprintf(
			"%s contains the secrets of function %q, which environment %q does not have. %s", name, c.Name, m.Environment.Name.Value, builtFrom))}
	}
	for _, fn := range m.Functions {
		if fn.File() != c.Name {
			continue
		}
		if c.Action == plan.Add {
			return problem.Problems{problem.New(problem.Integrity, &fn.Range, "Function not in the layer", fmt.Sprintf(
				"%s does not contain the secrets of function %q. %s", name, c.Name, builtFrom))}
		}
		var reasons []string
		for _, reason := range c.Reasons {
			reasons = append(reasons, reason.String())
		}
		return problem.Problems{problem.New(problem.Integrity, &fn.Range, "Function differs", fmt.Sprintf(
			"Function %q differs between the manifest and %s: %s. %s", fn.Name.Value, name, strings.Join(reasons, "; "), builtFrom))}
	}
	return nil
}
