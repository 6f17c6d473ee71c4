package pipeline

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// snapshotWarnings warns about secrets of Secrets Manager that a layer has a copy of,
// which others change or which cost much to open. It is one warning of each kind for all.
// It makes no call, so it knows only what the run has read.
func snapshotWarnings(functions []*functionRun) problem.Problems {
	var found problem.Problems
	for _, run := range functions {
		document := run.document
		if document == nil {
			document = run.change.Previous
		}
		for _, bind := range run.bindings {
			if bind.ref.Store != secret.SecretsManager {
				continue
			}
			note := func(cause string, p problem.Problem) {
				p.Cause, p.About = cause, bind.name
				found = append(found, p)
			}
			if by := changedBy(bind.description()); by != "" {
				found = append(found, rotates(bind.at, bind.name, bind.ref.String(), by))
			}
			if bind.description().Pending() != "" {
				note("rotation in progress", problem.New(problem.Manifest, bind.at, "Rotation in progress", fmt.Sprintf(
					"%s (%q) has a version at AWSPENDING that is not current: a rotation is in progress, or has failed. When it is done, build again.", bind.name, bind.ref)).Warning())
			}
			if n := boxesOf(document, bind); n > manyParts {
				note("large", problem.New(problem.Manifest, bind.at, "Large secret", fmt.Sprintf(
					"%s (%q) takes %d boxes, and each needs a separate kms:Decrypt call when the function starts. "+
						"Keep only the part that is secret in Secrets Manager.", bind.name, bind.ref, n)).Warning())
			}
		}
	}
	return found.Sort()
}

// changedBy says what changes a secret of Secrets Manager on its own, and when next; ""
// for nothing.
func changedBy(d secretsmanager.Description) string {
	by := d.Owner
	switch {
	case by != "":
		by = fmt.Sprintf("the service that owns it (%s)", by)
	case d.Rotates:
		by = "automatic rotation"
	default:
		return ""
	}
	if d.NextRotation.IsZero() {
		return by
	}
	return by + ", the next time by " + d.NextRotation.Format(time.RFC3339)
}

// rotates warns about a secret of Secrets Manager that changes on its own.
func rotates(at *hcl.Range, name, of, by string) problem.Problem {
	p := problem.New(problem.Manifest, at, "Secret rotates", fmt.Sprintf(
		"%s (%q) is changed by %s. The layer has a copy of the value from when it was built, so build and deploy after each change.", name, of, by)).Warning()
	p.Cause, p.About = "rotates", name
	return p
}

// manyParts is how many boxes a secret can have without a warning. No parameter has more.
const manyParts = 2

// boxesOf returns how many boxes of a document are parts of a secret; 0 if the document
// is nil, or has the secret from elsewhere.
func boxesOf(d *sealed.Document, bind *binding) int {
	if d == nil {
		return 0
	}
	if s, ok := d.Header.Source(bind.name); !ok || s.ARN != bind.version.ARN || s.Field != string(bind.field) {
		return 0
	}
	for _, box := range d.Header.Boxes {
		if len(box.Secrets) == 1 && box.Secrets[0] == bind.name {
			return box.Parts
		}
	}
	return 0
}
