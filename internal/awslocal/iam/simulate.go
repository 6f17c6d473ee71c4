package iam

import (
	"bytes"
	"slices"
	"strings"
)

// A Simulation is what policies decide about an access, with no policy of the resource
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResourceSpecificResult.html).
type Simulation struct {
	Decision string // allowed, explicitDeny or implicitDeny
	Matched  []Match
	Missing  []string // keys of conditions that the access does not have
}

// A Match is a statement that decides: those that deny, if any does.
type Match struct {
	Policy     int // its place in the list
	Start, End Position
}

// A Position is a place in a document, from 1.
type Position struct{ Line, Column int }

// Simulate decides an access by the identity policies of a principal.
func Simulate(policies []Policy, a Access) Simulation {
	action := strings.ToLower(a.Action)
	var allows, denies []Match
	s := Simulation{Decision: "implicitDeny"}
	for i, p := range policies {
		for _, st := range p.statements {
			for _, c := range st.conditions {
				if len(a.values(c.key)) == 0 {
					s.Missing = append(s.Missing, c.key)
				}
			}
			if !st.covers(a, action) {
				continue
			}
			m := Match{Policy: i, Start: p.position(st.begin), End: p.position(st.end)}
			if st.deny {
				denies = append(denies, m)
			} else {
				allows = append(allows, m)
			}
		}
	}
	slices.Sort(s.Missing)
	s.Missing = slices.Compact(s.Missing)
	switch {
	case len(denies) > 0:
		s.Decision, s.Matched = "explicitDeny", denies
	case len(allows) > 0:
		s.Decision, s.Matched = "allowed", allows
	}
	return s
}

func (p Policy) position(offset int) Position {
	before := p.document[:offset]
	return Position{Line: bytes.Count(before, []byte("\n")) + 1, Column: offset - bytes.LastIndexByte(before, '\n')}
}
