package starter

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// Names makes a draft of a file with names, as secrets of one function: names of
// parameters, one on each line; what chamber list or chamber export prints; or a
// flat JSON or YAML file, also one that sops encrypts. It copies no value.
func Names(source string, src []byte, function string) (*Draft, error) {
	if len(src) > maxSource {
		return nil, ErrSize
	}
	if all := parameterNames(src); len(all) > 0 {
		f := Function{Name: function}
		for _, n := range all {
			name := n.name[strings.LastIndexByte(n.name, '/')+1:]
			f.Secrets = append(f.Secrets, Secret{Name: upper(name), From: literal(n.name), line: n.line})
		}
		return &Draft{Source: source, Name: function, Functions: []Function{f}}, nil
	}
	d := proposal(source, function)
	all := chamberList(src)
	if len(all) > 0 {
		d.note(1, "chamber keeps parameters as /SERVICE/KEY: write that path as the local root")
	} else {
		var err error
		if all, err = d.keys(src); err != nil {
			return nil, err
		}
	}
	f := Function{Name: function}
	for _, n := range all {
		f.Secrets = append(f.Secrets, Secret{Name: upper(n.name), From: d.below(n.name), line: n.line})
	}
	d.Functions = []Function{f}
	return d, nil
}

// proposal returns a draft of names, for which it proposes parameters below
// /ENVIRONMENT/FUNCTION.
func proposal(source, function string) *Draft {
	root := Text{{literal: "/"}, {environment: true}, {literal: "/" + function}}
	return &Draft{Source: source, Name: function, root: root, proposed: true}
}

// below returns the name of a parameter below the path of all parameters.
func (d *Draft) below(name string) Text {
	return append(slices.Clone(d.root), part{literal: "/" + name})
}

// keys returns the keys of a flat JSON or YAML file, also of one that sops encrypts.
func (d *Draft) keys(src []byte) (all []named, err error) {
	doc, err := parse(src, nil)
	if err != nil {
		return nil, err
	}
	encrypted := doc.get(doc.root, "sops") != nil
	if encrypted {
		d.note(1, "it is encrypted with sops; only its names are used. To put its values: sops decrypt --output-type json FILE | bundle import --env NAME -")
	}
	for _, e := range doc.entries(doc.root) {
		n := doc.follow(e.value)
		switch {
		case encrypted && e.key == "sops":
		case n == nil || n.Kind != yaml.ScalarNode:
			d.note(e.line, "%s: it is more than one string; give each its own variable", shown(e.key))
		default:
			all = append(all, named{e.key, e.line})
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case isSops(src):
		return nil, errSops
	}
	return nil, errors.New("it has no names")
}

// errSops reports a file that sops encrypts and whose names are not read.
var errSops = errors.New("it is encrypted with sops, and bundle init reads only names at its top level that have one value each." +
	" List the names of the parameters instead, one on each line, and use that list")

func isSops(src []byte) bool { return bytes.Contains(src, []byte("ENC[AES256_GCM,")) }

type named struct {
	name string
	line int
}

// upper turns the last level of a parameter's name into the name of a variable, as
// chamber does.
func upper(name string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name))
}

// parameterNames returns the names of a file that has a name of a parameter on each
// line, with its levels. It returns nil for other files.
func parameterNames(src []byte) (all []named) {
	number := 0
	for line := range strings.Lines(string(src)) {
		number++
		line = strings.Trim(strings.TrimSpace(line), `",`)
		if line == "" || strings.HasPrefix(line, "#") || line == "[" || line == "]" {
			continue
		}
		for name := range strings.FieldsSeq(line) {
			name = strings.Trim(name, `",`)
			if _, err := secret.ParseRef(name); err != nil || !strings.HasPrefix(name, "/") || strings.Count(name, "/") < 2 {
				return nil
			}
			all = append(all, named{name, number})
		}
	}
	return all
}

var chamberHead = lazyregexp.New(`^Key\s+Version\s+LastModified\s+User`)

// chamberList returns the keys that chamber list prints. It returns nil for other
// files.
func chamberList(src []byte) (all []named) {
	number := 0
	for line := range strings.Lines(string(src)) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case number == 1 && !chamberHead.MatchString(line):
			return nil
		case number == 1 || line == "":
			continue
		}
		if fields := strings.Fields(line); len(fields) > 2 {
			all = append(all, named{fields[0], number})
		}
	}
	return all
}

// flat reports whether a file is a map of strings, or one that sops encrypts.
func flat(doc *document) bool {
	all := doc.entries(doc.root)
	if doc.get(doc.root, "sops", "mac") != nil || doc.get(doc.root, "sops", "lastmodified") != nil {
		return true
	}
	for _, e := range all {
		if n := doc.follow(e.value); n == nil || n.Kind != yaml.ScalarNode || !variableName.MatchString(e.key) || isReference(n.Value) {
			return false
		}
	}
	return len(all) > 0
}

var (
	variableName = lazyregexp.New(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	dotenvLine   = lazyregexp.New(`^(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=`)
)

// looksLikeDotenv reports whether the first line that is no comment assigns a
// variable.
func looksLikeDotenv(src []byte) bool {
	for line := range strings.Lines(strings.TrimPrefix(string(src), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return dotenvLine.MatchString(line)
		}
	}
	return false
}
