package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/secret"
)

// ErrFolders reports that a policy does not fit even if it names folders of the first
// level.
var ErrFolders = errors.New("policy is too large")

// A Beyond is a parameter or a secret of Secrets Manager that a policy grants because it
// names folders, and that the manifest does not name or does not use like that.
type Beyond struct {
	Store  secret.Store
	Name   string
	Rights string // such as "read and decrypt"
}

// InFolders returns the setting that names the deepest folders with which the policy of a
// kind fits into so many managed policies. If it fits as it is, that is the same setting.
// It never names all of Parameter Store or of Secrets Manager. Its errors wrap ErrFolders, or ErrStatement.
func (s Setting) InFolders(kind string, most int) (Setting, error) {
	deepest := 0
	for _, g := range s.grants(kind) {
		for _, pattern := range g.resources {
			a, _ := arn.Parse(pattern)
			deepest = max(deepest, levelsOf(a.Resource))
		}
	}
	if deepest == 0 {
		return s, nil // there are no names to cut
	}
	parts := 0
	for levels := deepest; levels > 0; levels-- {
		if levels < deepest { // all lists are as they were
			s.Levels = levels
		}
		d := s.policy(kind)
		if d.Size() > 2*most*MaxManaged {
			continue // do not try to split what cannot fit
		}
		all, err := d.Split(MaxManaged)
		switch {
		case err == nil && len(all) <= most:
			return s, nil
		case err == nil:
			parts = len(all)
		case levels == 1:
			return s, err
		}
	}
	figure := fmt.Sprintf("it has %d characters", s.policy(kind).Size())
	if parts > 0 {
		figure += fmt.Sprintf(", in %d managed policies of %d", parts, MaxManaged)
	}
	return s, fmt.Errorf("%w: even if it names folders of the first level only, %s, and %d can be used", ErrFolders, figure, most)
}

// policy returns the policy of a role that works for all functions.
func (s Setting) policy(kind string) Document {
	if levels := s.LevelsOf[kind]; levels > 0 {
		s.Levels = levels
	}
	switch kind {
	case KindPlan:
		return s.Plan()
	case KindPut:
		return s.Put()
	case KindDoctor:
		return s.Doctor()
	case KindDeployed:
		return s.Deployed(s.FunctionsOnly)
	case KindAudit:
		return s.Audit()
	default:
		return s.Build()
	}
}

// A grant is a list of parameters or secrets with what a policy lets do with them.
type grant struct {
	rights    string
	resources List
}

// grants returns what the policy of a kind grants, the most first.
func (s Setting) grants(kind string) []grant {
	switch kind {
	case KindPlan, KindDeployed:
		return []grant{{"read as stored", distinct(slices.Concat(s.packed().parameters, s.blind().parameters))}, {"describe", s.secrets().secrets}}
	case KindPut:
		w := s.written()
		return []grant{{"write, read and decrypt", w.fields.parameters}, {"write", w.parameters}}
	case KindAudit:
		return nil
	default:
		return []grant{
			{"read and decrypt", s.packed().parameters}, {"read as stored and re-encrypt", s.blind().parameters}, {"read and decrypt", s.secrets().secrets},
		}
	}
}

// Folders returns the folders of a store that the policy of a kind names and that the
// manifest does not import.
func (s Setting) Folders(kind string, store secret.Store) []string {
	exact := s
	exact.Levels = 0
	before := exact.grants(kind)
	var all List
	for i, g := range s.grants(kind) {
		for _, pattern := range g.resources {
			above, open := strings.CutSuffix(pattern, "/*")
			if name, of := storedAs(above); open && of == store && !slices.Contains(before[i].resources, pattern) {
				all = append(all, name)
			}
		}
	}
	return distinct(all)
}

// BeyondOf returns those of the parameters or secrets with these names that the policy of a
// kind grants beyond what it does without folders, by name.
func (s Setting) BeyondOf(kind string, store secret.Store, names []string) []Beyond {
	exact := s
	exact.Levels = 0
	now, before := s.grants(kind), exact.grants(kind)
	var all []Beyond
	for _, name := range distinct(slices.Clone(names)) {
		resource := s.parameterARN(name)
		if store == secret.SecretsManager {
			resource = s.secretARN(name) + unknownSuffix // as a policy names it
		}
		var rights []string
		for i := range now {
			if covers(now[i].resources, resource) && !covers(before[i].resources, resource) {
				rights = append(rights, now[i].rights)
			}
		}
		if len(rights) > 0 {
			all = append(all, Beyond{store, name, strings.Join(rights, "; ")})
		}
	}
	return all
}

// covers reports whether a list of ARNs and patterns that end in * has an ARN.
func covers(list List, arn string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		above, open := strings.CutSuffix(pattern, "*")
		return pattern == arn || open && strings.HasPrefix(arn, above)
	})
}

// storedAs returns the name of a parameter or of a secret of Secrets Manager, or of a
// folder of them, and where it is kept.
func storedAs(resource string) (string, secret.Store) {
	a, _ := arn.Parse(resource)
	if name, ok := strings.CutPrefix(a.Resource, "secret:"); ok {
		return name, secret.SecretsManager
	}
	return nameOf(resource), secret.ParameterStore
}
