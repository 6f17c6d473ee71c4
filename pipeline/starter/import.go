package starter

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// add adds one variable of a function, depending on what is known of its value.
func (d *Draft) add(f *Function, e entry, v value, shared bool) {
	refuse := func(reason string) {
		f.refused = append(f.refused, refusal{e.key, reason, e.line, shared})
	}
	v = byProgram(v)
	used := d.document.used
	d.document.used = nil
	if v.kind == unknown || v.kind == fromStore || v.outside != "" {
		for _, n := range used {
			d.document.seen[n] = true
		}
	}
	switch {
	case v.kind == known && v.outside != "":
		refuse(v.outside + "; if it is secret, put it in a parameter")
	case v.kind == unknown:
		refuse(v.reason())
	case v.kind != fromStore && configuresExtension(e.key):
		refuse("it configures the AWS Parameters and Secrets extension, which does nothing for the secrets in a layer")
	case v.kind != fromStore:
		f.configuration = append(f.configuration, e.key)
	case v.region != "" && d.Region != "" && v.region != d.Region:
		refuse("its " + v.called() + " is in region " + shown(v.region) + ", not in the functions' region, and bundle does not read from other regions")
	default:
		s := Secret{Name: e.key, From: v.text, origin: v.origin, Optional: v.optional, line: e.line, shared: shared, remarks: v.remarks}
		if s.account = v.account; d.Region == "" {
			s.region = v.region
		}
		f.Secrets = append(f.Secrets, s)
	}
}

// variables adds the environment variables of a function. read returns what is known
// of a value.
func (d *Draft) variables(f *Function, own, shared []entry, read func(entry) value) {
	d.document.reading = true
	defer func() { d.document.reading = false }()
	mine := map[string]bool{}
	for _, e := range own {
		mine[e.key] = true
	}
	for _, e := range shared {
		if !mine[e.key] && !null(e.value) {
			d.add(f, e, read(e), true)
		}
	}
	for _, e := range own {
		if !null(e.value) {
			d.add(f, e, read(e), false)
		}
	}
}

func null(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// sharedKey uses the key that the source names for all functions, if only one function
// has no other key. Otherwise, functions would share it.
func (d *Draft) sharedKey(line int, v value, without []*Function) {
	switch {
	case !v.fixed():
		d.note(line, "the key of all functions: %s; each function gets its own alias", v.notFixed())
	case len(without) == 1:
		without[0].Key = v.text
	case len(without) > 1:
		d.note(line, "the key of all functions: with one shared key, each could decrypt the secrets of the others, so each gets its own alias")
	}
}

// ownKey uses the key that the source names for one function.
func (d *Draft) ownKey(f *Function, line int, v value) {
	if !v.fixed() {
		d.note(line, "the key of function %s: %s; the function gets its own alias", shown(f.Name), v.notFixed())
		return
	}
	f.Key = v.text
}

// bounded returns the draft, or an error if the source was too large.
func (d *Draft) bounded(doc *document) (*Draft, error) {
	const most = 2000
	if doc.exhausted() {
		return nil, ErrSteps
	}
	if len(d.Functions) > most {
		return nil, fmt.Errorf("it has more than %d functions", most)
	}
	d.elsewhere(doc)
	return d, nil
}
