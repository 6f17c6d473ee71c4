package policy

import "errors"

// The kinds of documents.
const (
	KindCI       = "ci"       // the policy of the role that builds
	KindPlan     = "plan"     // of one that only looks
	KindFunction = "function" // of a function's role
	KindKey      = "key"      // of a function's key
	KindAll      = "all"      // all of them
)

// Kinds lists the kinds of documents.
func Kinds() []string { return []string{KindCI, KindPlan, KindFunction, KindKey, KindAll} }

// A Written is a document, and what it is for.
type Written struct {
	Kind     string
	Function string // in the manifest; "" for a role that builds or looks
	Key      string // ARN, of a key's policy
	Policy   Document
}

// Documents writes the documents of one kind, or of all, about one function or, for
// "", about all. Where a function's role is not known, there is no key policy:
// missing says which, but for who asks for all kinds.
func (s *Setting) Documents(kind, function string) (all []Written, missing []error, err error) {
	if kind == KindCI || kind == KindAll {
		all = append(all, Written{Kind: KindCI, Policy: s.Build()})
	}
	if kind == KindPlan || kind == KindAll {
		all = append(all, Written{Kind: KindPlan, Policy: s.Plan()})
	}
	names := s.Functions()
	if function != "" {
		names = []string{function}
	}
	for _, name := range names {
		document, err := s.Function(name)
		if err != nil {
			return nil, nil, err
		}
		if kind == KindFunction || kind == KindAll {
			all = append(all, Written{Kind: KindFunction, Function: name, Policy: document})
		}
		if kind != KindKey && kind != KindAll {
			continue
		}
		document, err = s.Key(name)
		switch {
		case err == nil:
			all = append(all, Written{Kind: KindKey, Function: name, Key: s.Keys[name], Policy: document})
		case kind == KindKey || !errors.Is(err, ErrRole):
			missing = append(missing, err)
		}
	}
	return all, missing, nil
}
