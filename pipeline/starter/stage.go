package starter

import (
	"fmt"
	"slices"
	"strings"
)

// A staged is a value in one environment of the source. The environment "" stands
// for all that are not named.
type staged struct {
	stage string
	value value
}

// maxStages is how many environments of a source are read. What is in others is in
// the note about references elsewhere.
const maxStages = 50

// eachStage evaluates something for each environment.
func (d *document) eachStage(stages []string, evaluate func() value) (all []staged) {
	outer := d.stage
	defer func() { d.stage = outer }()
	for _, stage := range stages[:min(len(stages), maxStages)] {
		d.stage = stage
		all = append(all, staged{stage, evaluate()})
	}
	return all
}

// unify returns what is known of a value that the source gives for each environment.
// If the values differ only in the environment's name, the result depends on it.
// Otherwise, the manifest gets a value of the environment.
func (d *Draft) unify(key, name, from string, all []staged) value {
	all, none := existing(all)
	stored := slices.ContainsFunc(all, func(s staged) bool { return s.value.kind == fromStore })
	if at := slices.IndexFunc(all, func(s staged) bool { return s.value.kind != known }); at >= 0 && !stored {
		return all[at].value
	}
	result := all[0].value
	for _, s := range all {
		if s.value.kind == fromStore {
			result = s.value
		}
	}
	table := map[string]string{} // the strings that are like the result, by environment
	var same []Text
	for _, s := range all {
		plain, ok := s.value.text.plain()
		if s.value.kind != result.kind || !ok || !s.value.part(result.origin) || s.value.number != "" {
			none = append(none, s.stage)
			continue
		}
		table[s.stage] = plain
		same = append(same, general(plain, s.stage))
	}
	other := func(t Text) bool { return t.hcl() != same[0].hcl() }
	if len(none) == 0 && len(same) > 0 && !slices.ContainsFunc(same, other) && (len(same) > 1 || all[0].stage == "") {
		result.text = same[0]
		return result
	}
	o := d.leave(key, name, from)
	o.own = table[LocalEnvironment]
	if stored || len(none) == 0 {
		o.in = choice(table, none)
	}
	result.text = Text{{open: o}}
	if stored {
		result.remarks = append(result.remarks, "in the source, its "+noun(result.store)+" is "+namesOf(all, table))
	}
	if stored && len(none) > 0 {
		where := "in some environments of the source (" + strings.Join(stageNames(none), ", ") + ")"
		result.remarks = append(result.remarks, where+", it does not come from a "+noun(result.store)+" whose name is known")
	}
	return result
}

// existing separates the values that exist from the environments without one. If there
// is no value at all, it returns all as they are.
func existing(all []staged) (rest []staged, none []string) {
	for _, s := range all {
		if s.value.kind == unknown && s.value.why == absent {
			none = append(none, s.stage)
		} else {
			rest = append(rest, s)
		}
	}
	if len(rest) == 0 {
		return all, nil
	}
	return rest, none
}

// choice returns the value of an environment: its own, or the one for all that are not
// named, except those in none.
func choice(table map[string]string, none []string) func(env string) (string, bool) {
	return func(env string) (string, bool) {
		s, ok := table[env]
		if standard, has := table[""]; !ok && has && !slices.Contains(none, env) {
			return standard, true
		}
		return s, ok
	}
}

// namesOf says which parameter or secret an environment of the source has: table, in the
// order of all.
func namesOf(all []staged, table map[string]string) string {
	stages := map[string][]string{}
	var names []string
	for _, s := range all {
		name, ok := table[s.stage]
		if !ok {
			continue
		}
		if stages[name] == nil {
			names = append(names, name)
		}
		stages[name] = append(stages[name], s.stage)
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%q in %s", name, strings.Join(stageNames(stages[name]), ", "))
	}
	return strings.Join(names, "; ")
}

func stageNames(all []string) (names []string) {
	for _, s := range all {
		if s == "" {
			s = "default"
		}
		names = append(names, bare(s))
	}
	return names
}

// general replaces levels and words of a name that are the environment's name.
func general(s, stage string) (t Text) {
	if stage == "" {
		return literal(s)
	}
	for s != "" {
		at := word(s, stage)
		if at < 0 {
			t = append(t, part{literal: s})
			break
		}
		if at > 0 {
			t = append(t, part{literal: s[:at]})
		}
		t = append(t, part{environment: true})
		s = s[at+len(stage):]
	}
	return merged(t)
}

// word returns the index of a word in a name, or -1. Words are separated by what is
// neither a letter nor a digit.
func word(s, word string) int {
	for from := 0; ; {
		at := strings.Index(s[from:], word)
		if at < 0 {
			return -1
		}
		at += from
		end := at + len(word)
		if (at == 0 || !isWord(s[at-1])) && (end == len(s) || !isWord(s[end])) {
			return at
		}
		from = at + 1
	}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
