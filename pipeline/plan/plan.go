// Package plan compares what a run would seal with what the previous layer has. A
// build asks it what to carry over, and every report on changes shows the same
// answer. It makes no call.
package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Want is the document that a run would make for one function.
type Want struct {
	Header sealed.Header // without boxes
	Key    string        // ARN of the function's key now
}

// Action is what happens to a function's document.
type Action string

// The actions.
const (
	Add    Action = "add"    // the previous layer has no such document
	Reseal Action = "reseal" // it has a different one
	Carry  Action = "carry"  // it has the same one, which is kept byte for byte
	Remove Action = "remove" // no function needs it anymore
)

// A Change is what a run does to one document, and why.
type Change struct {
	Name     string // the document's: the name that Lambda knows the function by
	Action   Action
	Reasons  []Reason         // for a Reseal, where it is never empty
	Want     Want             // zero for Remove
	Previous *sealed.Document // nil for Add
}

// A Reason is one difference between two documents of a function.
type Reason struct {
	Secret string // "" if it is about the document
	What   string // "version", "added", "key", …; stable
	From   string // the old value; "" if there is none
	To     string // the new value; "" if there is none
}

func (r Reason) String() string {
	text := r.What
	switch {
	case r.From != "" && r.To != "":
		text += " " + r.From + " → " + r.To
	case r.From+r.To != "":
		text += " " + r.From + r.To
	}
	if r.Secret != "" {
		return r.Secret + ": " + text
	}
	return text
}

// Diff compares wants with the documents of the previous layer. The changes are in
// ascending order of name.
func Diff(wants []Want, previous []*sealed.Document) []Change {
	old := make(map[string]*sealed.Document, len(previous))
	for _, d := range previous {
		old[d.Header.Name] = d
	}
	var changes []Change
	for _, w := range wants {
		changes = append(changes, compare(w, old[w.Header.Name]))
		delete(old, w.Header.Name)
	}
	for name, d := range old {
		changes = append(changes, Change{Name: name, Action: Remove, Previous: d})
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Name, b.Name) })
	return changes
}

func compare(w Want, d *sealed.Document) Change {
	c := Change{Name: w.Header.Name, Want: w, Previous: d}
	switch {
	case d == nil:
		c.Action = Add
	case w.Key == d.Key && w.Header.Same(d.Header):
		c.Action = Carry
	default:
		c.Action, c.Reasons = Reseal, reasons(w, d)
	}
	return c
}

func reasons(w Want, d *sealed.Document) []Reason {
	var all []Reason
	note := func(name, what, from, to string) {
		if from != to {
			all = append(all, Reason{name, what, from, to})
		}
	}
	was, is := d.Header, w.Header
	note("", "bundle", was.Bundle, is.Bundle)
	note("", "environment", was.Environment, is.Environment)
	note("", "function", was.Function, is.Function)
	note("", "mode", string(was.Mode), string(is.Mode))
	note("", "key", d.Key, w.Key)
	for _, old := range was.Sources {
		if _, ok := is.Source(old.Secret); !ok {
			all = append(all, Reason{Secret: old.Secret, What: "removed"})
		}
	}
	for _, s := range is.Sources {
		old, ok := was.Source(s.Secret)
		if !ok {
			all = append(all, Reason{Secret: s.Secret, What: "added"})
			continue
		}
		note(s.Secret, "parameter", old.ARN, s.ARN)
		note(s.Secret, "version", fmt.Sprint(old.Version), fmt.Sprint(s.Version))
		if old.ARN == s.ARN && old.Version == s.Version && !old.Modified.Equal(s.Modified) {
			all = append(all, Reason{Secret: s.Secret, What: "recreated"})
		}
		note(s.Secret, "encoding", old.Encoding, s.Encoding)
		note(s.Secret, "field", field(old), field(s))
		if old.Checks != s.Checks {
			all = append(all, Reason{Secret: s.Secret, What: "constraints"})
		}
	}
	return all
}

// field returns the field of a source as in a manifest, or "-" for the whole value.
func field(s sealed.Source) string { return cmp.Or(secret.Field(s.Field).String(), "-") }

// A Rollback is a secret that a run would change to an older version.
type Rollback struct {
	Name     string // of the document
	Secret   string
	From, To int64 // versions
}

// Rollbacks lists the secrets of wants whose version would be lower than in the
// previous layer, according to the changes that Diff found. A parameter that was
// deleted and put again begins at version 1, but its date is later, so it is not a
// rollback.
func Rollbacks(wants []Want, changes []Change) []Rollback {
	previous := make(map[string]*sealed.Document)
	for _, c := range changes {
		if c.Action == Reseal {
			previous[c.Name] = c.Previous
		}
	}
	var all []Rollback
	for _, w := range wants {
		d, ok := previous[w.Header.Name]
		if !ok {
			continue
		}
		for _, s := range w.Header.Sources {
			old, ok := d.Header.Source(s.Secret)
			if ok && old.ARN == s.ARN && s.Version < old.Version && !s.Modified.After(old.Modified) {
				all = append(all, Rollback{w.Header.Name, s.Secret, old.Version, s.Version})
			}
		}
	}
	return all
}
