package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Questions are the constraints of one run. Each is a question about a value, and
// anyone who can read the log learns the answer: whether the run fails. Enough
// answers would reveal the value. So there is one question for each parameter and
// field, whatever the version or label, over all functions and environments of one
// account.
//
// The zero Questions has none.
type Questions struct {
	asked map[subject][]question
}

// A subject is a parameter or a secret of Secrets Manager that has a constraint.
type subject struct {
	account string
	store   secret.Store
	name    string
}

// A question is a constraint on a parameter, or on a field of it.
type question struct {
	field secret.Field
	about secret.Constraints
	of    string // the secret, for diagnostics
	at    *hcl.Range
}

// Add adds the constraints of a manifest for one environment, and reports each
// parameter with more than one question. The constraints of a manifest with
// problems are not added.
func (q *Questions) Add(r *Reading) problem.Problems {
	m := r.Manifest
	if q.asked == nil {
		q.asked = make(map[subject][]question)
	}
	account := cmp.Or(m.Environment.AccountID.Value, sealed.EmbeddedAccount)
	var order []subject
	here := make(map[subject][]question)
	for _, run := range r.functions {
		for _, bind := range run.bindings {
			if bind.unsound || !bind.checks.Any() {
				continue
			}
			about := subject{account, bind.ref.Store, bind.ref.Name}
			if here[about] == nil {
				order = append(order, about)
			}
			here[about] = append(here[about], question{
				field: bind.field, about: bind.checks, at: bind.constraint,
				of: fmt.Sprintf("%s of function %q in environment %q", bind.name, run.fn.Name.Value, m.Environment.Name.Value),
			})
		}
	}
	var problems problem.Problems
	for _, s := range order {
		if p, ok := s.check(append(slices.Clone(q.asked[s]), here[s]...)); ok {
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 {
		for s, all := range here {
			q.asked[s] = append(q.asked[s], all...)
		}
	}
	return problems.Sort()
}

// check reports a parameter with several questions about one field, or with a
// question about a field and another about a part of that field.
func (s subject) check(all []question) (problem.Problem, bool) {
	var distinct []question
	for _, next := range all {
		if !slices.ContainsFunc(distinct, func(d question) bool { return d.field == next.field && d.about.Equal(next.about) }) {
			distinct = append(distinct, next)
		}
	}
	for i, second := range distinct {
		for _, first := range distinct[:i] {
			var why string
			switch {
			case first.field == second.field:
				why = s.several(distinct, second.field)
			case first.field.Above(second.field):
				why = s.nested(first, second)
			case second.field.Above(first.field):
				why = s.nested(second, first)
			default:
				continue
			}
			return problem.New(problem.Manifest, second.at, "Several constraints on one value", why), true
		}
	}
	return problem.Problem{}, false
}

// several returns what to write instead of several constraints on one field.
func (s subject) several(all []question, field secret.Field) string {
	const most = 4
	var said []string
	var constraints []secret.Constraints
	for _, q := range all {
		if q.field != field {
			continue
		}
		if constraints = append(constraints, q.about); len(said) < most {
			said = append(said, q.String())
		}
	}
	if more := len(constraints) - len(said); more > 0 {
		said = append(said, fmt.Sprintf("%d more", more))
	}
	merged := secret.Merge(constraints)
	text := merged.Written(manifest.Quote)
	instead := "Write one constraint that covers all of them."
	if len(text) <= maxMerged {
		instead = fmt.Sprintf("Write the same constraint everywhere, for example %s.", text)
	}
	return fmt.Sprintf("%s has several constraints: %s. Each constraint reveals something about the value when the build fails, so "+
		"a %s, or a field of it, can have only one constraint per run. %s%s", s.what(field), strings.Join(said, "; "), s.kind(), instead, inWords(merged))
}

// maxMerged is the longest constraint, in bytes, that a message proposes.
const maxMerged = 500

// nested returns what to write instead of a constraint on a value and another on a
// part of it.
func (s subject) nested(whole, part question) string {
	where := "the whole value"
	if whole.field != "" {
		where = fmt.Sprintf("the field %q", whole.field)
	}
	example := part.field.Around(part.about)
	if !whole.about.HasExpression() {
		example = secret.Merge([]secret.Constraints{whole.about, example})
	}
	instead := fmt.Sprintf("Keep the constraint on the field %q, or write one for %s", part.field, where)
	if text := example.Written(manifest.Quote); len(text) <= maxMerged {
		instead += ", for example " + text
	}
	return fmt.Sprintf("%s has the constraint %s, and its field %q has %s. A constraint on a field also reveals something about the whole value, so "+
		"the two cannot be combined. %s.%s", s.what(whole.field), whole, part.field, part, instead, inWords(whole.about))
}

// inWords says how to write min_length as an expression, to merge it into another
// expression.
func inWords(c secret.Constraints) string {
	n := c.MinLength()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (As an expression, min_length = %d is matches = %s.)", n, manifest.Quote(secret.AtLeast(n)))
}

func (s subject) what(field secret.Field) string {
	if field != "" {
		return fmt.Sprintf("The field %q of %s %q", field, s.kind(), s.name)
	}
	return fmt.Sprintf("The %s %q", s.kind(), s.name)
}

func (s subject) kind() string {
	if s.store == secret.SecretsManager {
		return "secret"
	}
	return "parameter"
}

// String returns the constraint with its place in the manifest.
func (q question) String() string {
	text := q.about.Written(manifest.Quote)
	const most = 120
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%s (%s, %s:%d)", text, q.of, q.at.Filename, q.at.Start.Line)
}
