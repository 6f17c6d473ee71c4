package pipeline

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// formatWarnings warns about each function that gets its first document of the format
// bundle/2, if its helper is not in the layer, because that helper may know only
// bundle/1. It is one warning for all. Nothing is deployed from an embedded
// environment or by bundle run.
func (c compared) formatWarnings() problem.Problems {
	if len(c.Manifest.Bundle.Helpers) > 0 || c.Manifest.Environment.Embedded.Value != "" || c.Undeployed {
		return nil
	}
	before := make(map[string]*sealed.Document, len(c.changes))
	for _, change := range c.changes {
		before[change.Name] = change.Previous
	}
	var found problem.Problems
	for _, run := range c.functions {
		i := slices.IndexFunc(run.bindings, (*binding).needsBundle2)
		if old := before[run.fn.File()]; i < 0 || old != nil && old.Header.Format() == sealed.Bundle2 {
			continue
		}
		p := problem.New(problem.Manifest, run.bindings[i].reason(), "First document of bundle/2", fmt.Sprintf(
			"Because of secret %q, the document of function %q has the format bundle/2 for the first time. The layer has no helpers, so the function gets its helper from elsewhere, "+
				"and one that knows only bundle/1 refuses the document (unknown_format). Before you deploy this layer, attach a layer with the helpers of this release, "+
				"which bundle helpers builds, or update the library in the function.",
			run.bindings[i].name, run.fn.Name.Value)).Warning()
		p.Cause, p.About = "bundle/2", run.fn.Name.Value
		found = append(found, p)
	}
	return found.Sort()
}

// needsBundle2 reports whether a document with the secret has the format bundle/2
// (docs/format.md, F-35).
func (bind *binding) needsBundle2() bool {
	return bind.ref.Store == secret.SecretsManager || bind.field.IsList()
}

// reason returns the attribute that makes it so.
func (bind *binding) reason() *hcl.Range {
	if bind.field.IsList() {
		return bind.asks
	}
	return bind.at
}
