package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A LayerSecret is a secret of Secrets Manager that a layer was made from.
type LayerSecret struct {
	ARN       string   // in the layer
	Functions []string // in the manifest, ascending
	secretsmanager.Description
}

// ReasonDeleted is what has changed about a secret whose secret of Secrets Manager is marked
// for deletion. It can be restored until then.
const ReasonDeleted = "deleted"

// date fills in when versions of Secrets Manager were written: from the document if it has the
// same one, and otherwise with one call for each secret. A date that cannot be found stays
// unknown.
func (s *Status) date(ctx context.Context, documents []*sealed.Document, found *current) problem.Problems {
	users := make(map[secret.Ref][]*sealed.Source)
	var refs []secret.Ref
	for i, d := range documents {
		for k := range found.wants[i].Header.Sources {
			source := &found.wants[i].Header.Sources[k]
			if source.ID == "" {
				continue
			}
			if old, _ := d.Header.Source(source.Secret); old.ARN == source.ARN && old.ID == source.ID {
				source.Modified = old.Modified
				continue
			}
			ref := secret.Ref{Store: secret.SecretsManager, Name: source.ARN, ID: source.ID}
			if users[ref] == nil {
				refs = append(refs, ref)
			}
			users[ref] = append(users[ref], source)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	var problems problem.Problems
	done := progress(s.Observer, StepDates, len(refs))
	err := s.Parameters.Dates(ctx, refs, func(res Found) {
		done()
		for _, source := range users[res.Ref] {
			source.Modified = res.Secret.Version.Modified // zero with an error
		}
		if !isUndated(res.Err) {
			problems = append(problems, readProblem(nil, res.Err))
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

// isUndated reports whether there is no error, or one that only keeps the date of a version
// unknown: the role may not list versions, or the version is not listed.
func isUndated(err error) bool {
	return err == nil || errors.Is(err, secretsmanager.ErrDenied) || isVersionMissing(err)
}

// changes compares some of the documents, from an index on, with what a build would make of them.
func (c *current) changes(documents []*sealed.Document, from int) []plan.Change {
	changes := plan.Diff(c.wants[from:from+len(documents)], documents)
	for i := range changes {
		for k := range changes[i].Reasons {
			r := &changes[i].Reasons[k]
			if old, had := changes[i].Previous.Header.Source(r.Secret); had && r.What == "removed" && !c.described[old.ARN].Deleted.IsZero() {
				r.What, r.ToDate = ReasonDeleted, c.described[old.ARN].Deleted
			}
		}
	}
	return changes
}

// secrets returns the secrets of Secrets Manager that documents were made from.
func (c *current) secrets(documents []*sealed.Document) []LayerSecret {
	functions := make(map[string][]string)
	for _, d := range documents {
		for _, source := range d.Header.Sources {
			if _, exists := c.described[source.ARN]; exists {
				functions[source.ARN] = append(functions[source.ARN], d.Header.Function)
			}
		}
	}
	var all []LayerSecret
	for named, of := range functions {
		slices.Sort(of)
		all = append(all, LayerSecret{ARN: named, Functions: slices.Compact(of), Description: c.described[named]})
	}
	slices.SortFunc(all, func(a, b LayerSecret) int { return cmp.Compare(a.ARN, b.ARN) })
	return all
}

// snapshots warns about secrets of documents that change on their own, because a layer has a
// copy of the value from when it was built.
func (s *Status) snapshots(documents []*sealed.Document, described map[string]secretsmanager.Description) problem.Problems {
	var found problem.Problems
	for _, d := range documents {
		for _, source := range d.Header.Sources {
			if by := changedBy(described[source.ARN]); by != "" {
				found = append(found, rotates(placeIn(s.Manifest, d.Header.Name, source.Secret), source.Secret, arn.SecretName(source.ARN), by))
			}
		}
	}
	return found.Sort()
}
