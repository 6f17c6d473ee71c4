// Package plan compares what a run would seal with what the previous layer has. A
// build asks it what to carry over, and every report on changes shows the same
// answer. It makes no call.
package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/arn"
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

	// FromDate and ToDate are when versions of Secrets Manager were written, whose IDs
	// have no order; zero if that is not known.
	FromDate, ToDate time.Time
}

func (r Reason) String() string {
	text := strings.TrimSpace(r.What + " " + strings.Join(r.Values(), " → "))
	if r.Secret != "" {
		return r.Secret + ": " + text
	}
	return text
}

// Values returns the old and the new value as people read them, each if there is one: of
// the ID of a version, the beginning, and its date.
func (r Reason) Values() []string {
	from, to := r.From, r.To
	if r.What == "version" && isID(from) && isID(to) {
		if Short(from) != Short(to) {
			from, to = Short(from), Short(to)
		}
		from, to = dated(from, r.FromDate), dated(to, r.ToDate)
	}
	return slices.DeleteFunc([]string{from, to}, func(s string) bool { return s == "" })
}

// Short returns the beginning of the ID of a version, which nearly always tells it from
// others.
func Short(id string) string {
	const enough = 8
	return id[:min(enough, len(id))] + "…"
}

// isID tells the ID of a version of Secrets Manager from the number of one of Parameter
// Store: IDs have at least 32 characters
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretVersionsListEntry.html),
// and numbers at most 19 digits.
func isID(version string) bool { return len(version) > 19 }

func dated(text string, date time.Time) string {
	if date.IsZero() {
		return text
	}
	return text + " of " + date.Format(time.RFC3339)
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

// Date fills in the dates of a document's sources that were not known when the change was
// found: those of versions of Secrets Manager.
func (c *Change) Date(sources []sealed.Source) {
	c.Want.Header.Sources = sources
	for i := range c.Reasons {
		r := &c.Reasons[i]
		if s, ok := c.Want.Header.Source(r.Secret); ok && r.What == "version" && s.ID != "" {
			r.ToDate = s.Modified
		}
	}
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
			all = append(all, Reason{Secret: name, What: what, From: from, To: to})
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
		all = append(all, moved(old, s)...)
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

// moved returns what has changed about where a secret comes from.
func moved(old, s sealed.Source) []Reason {
	was, is := version(old), version(s)
	switch {
	case old.ARN == s.ARN && was != is:
		r := Reason{Secret: s.Secret, What: "version", From: was, To: is}
		if s.ID != "" {
			r.FromDate, r.ToDate = old.Modified, s.Modified
		}
		return []Reason{r}
	case old.ARN == s.ARN && s.ID == "" && !old.Modified.Equal(s.Modified), recreated(old.ARN, s.ARN):
		return []Reason{{Secret: s.Secret, What: "recreated"}}
	case old.ARN == s.ARN:
		return nil
	case s.ID != "":
		return []Reason{{Secret: s.Secret, What: "secret", From: old.ARN, To: s.ARN}}
	}
	all := []Reason{{Secret: s.Secret, What: "parameter", From: old.ARN, To: s.ARN}}
	if old.ID == "" && was != is {
		all = append(all, Reason{Secret: s.Secret, What: "version", From: was, To: is})
	}
	return all
}

func version(s sealed.Source) string { return cmp.Or(s.ID, fmt.Sprint(s.Version)) }

// UnknownID stands for the ID of a version of Secrets Manager that is not known without a
// call. No version has it.
const UnknownID = "unknown"

// Store returns where a source is kept.
func Store(s sealed.Source) secret.Store {
	if s.ID != "" {
		return secret.SecretsManager
	}
	return secret.ParameterStore
}

// recreated reports whether two ARNs are those of one secret of Secrets Manager that was
// deleted and created again. It then has another suffix
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
func recreated(old, now string) bool {
	name := arn.SecretName(old)
	return name != "" && name == arn.SecretName(now) && old != now && arn.Account(old) == arn.Account(now) && arn.Region(old) == arn.Region(now)
}

// A Rollback is a secret that a run would change to an older version.
type Rollback struct {
	Name     string        // of the document
	Was, Now sealed.Source // of the secret
}

// Rollbacks lists the secrets of wants whose version would be older than in the previous
// layer, according to the changes that Diff found. A parameter that was deleted and put
// again begins at version 1, but its date is later, so it is not a rollback. Versions of
// Secrets Manager are compared by their dates, so one whose date is not known is in no
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
			if ok && old.ARN == s.ARN && older(s, old) {
				all = append(all, Rollback{w.Header.Name, old, s})
			}
		}
	}
	return all
}

// older reports whether a version is older than another of the same ARN.
func older(s, than sealed.Source) bool {
	if s.ID != "" {
		return s.ID != than.ID && !s.Modified.IsZero() && s.Modified.Before(than.Modified)
	}
	return s.Version < than.Version && !s.Modified.After(than.Modified)
}
