package starter

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// add takes in one variable of a function, by what is known of its value.
func (d *Draft) add(f *Function, e entry, v value, shared bool) {
	refuse := func(reason string) {
		f.refused = append(f.refused, refusal{e.key, reason, e.line})
	}
	switch v.kind {
	case known, computed:
		f.configuration = append(f.configuration, e.key)
	case unknown:
		refuse(v.why)
	case fromParameter:
		if v.region != "" && d.Region != "" && v.region != d.Region {
			refuse("its parameter is not in the functions' region, and bundle does not read from other regions")
			return
		}
		if v.region != "" && d.Region == "" {
			d.note(e.line, "the region of variable %s: the environment must use the region that is written there", shown(e.key))
		}
		f.Secrets = append(f.Secrets, Secret{Name: e.key, Parameter: v.text, Optional: v.optional, line: e.line, shared: shared})
	}
}

// variables is what a source says of the environment of functions. read tells
// what is known of a value.
func (d *Draft) variables(f *Function, own, shared []entry, read func(*yaml.Node) value) {
	mine := map[string]bool{}
	for _, e := range own {
		mine[e.key] = true
	}
	for _, e := range shared {
		if !mine[e.key] && !null(e.value) {
			d.add(f, e, read(e.value), true)
		}
	}
	for _, e := range own {
		if !null(e.value) {
			d.add(f, e, read(e.value), false)
		}
	}
}

func null(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// sharedKey takes over the key that the source names for all functions, if one
// function is all that there are: else it would be nobody's own.
func (d *Draft) sharedKey(line int, v value, without []*Function) {
	switch {
	case v.kind != known:
		d.note(line, "the key of all functions: it is not a literal string here; each function gets its own alias")
	case len(without) == 1:
		without[0].Key = v.text
	case len(without) > 1:
		d.note(line, "the key of all functions: with one shared key, each could decrypt the secrets of the others, so each gets its own alias")
	}
}

// ownKey takes over the key that the source names for one function.
func (d *Draft) ownKey(f *Function, line int, v value) {
	if v.kind != known {
		d.note(line, "the key of function %s: it is not a literal string here; the function gets its own alias", shown(f.Name))
		return
	}
	f.Key = v.text
}

// bounded ends an import that has looked at too much.
func (d *Draft) bounded(doc *document) (*Draft, error) {
	const most = 2000
	if doc.exhausted() {
		return nil, ErrSteps
	}
	if len(d.Functions) > most {
		return nil, fmt.Errorf("it has more than %d functions", most)
	}
	return d, nil
}
