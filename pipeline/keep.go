package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/policy"
)

// A KeptLayer is a layer whose documents are to be opened.
type KeptLayer struct {
	Path      string
	Documents []*sealed.Document
}

// Keep makes the key policies of the named functions, and of those that share their keys,
// deny opening all documents but those in the layers (Setting.Kept). Every layer must have
// a document of one of these functions, and every one of these functions a document in one
// of the layers: it could open nothing otherwise. A document under another key is refused,
// because the policy says nothing about it. A relative of a multi-Region key is the same key.
func Keep(s *policy.Setting, names []string, layers []KeptLayer) error {
	functions := s.Sharing(names)
	kept := make(map[string][]string)
	var all []error
	for _, l := range layers {
		found := false
		for _, d := range l.Documents {
			h := d.Header
			if h.Bundle != s.Manifest.Bundle.Name.Value || h.Environment != s.Manifest.Environment.Name.Value || !slices.Contains(functions, h.Function) {
				continue
			}
			found = true
			if key := s.Keys[h.Function]; !isRelative(d.Key, key) {
				all = append(all, fmt.Errorf("the document of function %q in layer %q is under key %s, and the policy would be that of key %s: build the layer again, or name another one",
					h.Function, l.Path, d.Key, key))
				continue
			}
			kept[h.Function] = append(kept[h.Function], d.HeaderSHA256())
		}
		if !found {
			all = append(all, fmt.Errorf("layer %q has no document of bundle %q, environment %q, for %s. It has %s",
				l.Path, s.Manifest.Bundle.Name.Value, s.Manifest.Environment.Name.Value, quotedOr(functions), contained(l.Documents)))
		}
	}
	for _, name := range functions {
		if len(kept[name]) == 0 && len(all) == 0 {
			all = append(all, fmt.Errorf("no layer of --documents has a document of function %q, which uses key %s: it could open none. Name its layer as well",
				name, s.Keys[name]))
		}
	}
	s.Kept = kept
	return errors.Join(all...)
}

// isRelative reports whether two ARNs name a key, or relatives of a multi-Region key.
func isRelative(one, other string) bool {
	a, okA := arn.Parse(one)
	b, okB := arn.Parse(other)
	if okA && okB && arn.MultiRegion(one) {
		a.Region = b.Region
	}
	return okA && okB && a == b
}

func quotedOr(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return "function " + strings.Join(all, " or ")
}

// contained lists whose documents a layer has.
func contained(documents []*sealed.Document) string {
	var all []string
	for _, d := range documents {
		all = append(all, fmt.Sprintf("%s/%s in %s", d.Header.Bundle, d.Header.Function, d.Header.Environment))
	}
	switch n := len(all); {
	case n == 0:
		return "no documents"
	case n > 5:
		return fmt.Sprintf("%s and %d more", strings.Join(all[:5], ", "), n-5)
	}
	return strings.Join(all, ", ")
}
