package starter

import (
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
)

// Sketch returns the draft for a project without a source: one function with one
// secret.
func Sketch(function string) *Draft {
	d := proposal("", function)
	d.Functions = []Function{{Name: function, Secrets: []Secret{{Name: "DB_PASSWORD", From: d.below("db/password")}}}}
	return d
}

// Parameters makes a draft of the parameters below a path: a secret of one function
// for each. Where the path contains the environment's name, it becomes a placeholder.
func Parameters(path string, names []string, env, function string) *Draft {
	root := placed(strings.TrimSuffix(path, "/"), env)
	d := &Draft{Source: path, Name: lastLevel(path, env), root: root}
	f := Function{Name: function}
	in := manifest.Import{Path: manifest.Text{Value: path}}
	for _, name := range names {
		below, _ := in.Below(name)
		s := Secret{From: d.below(below)}
		var err error
		if s.Name, err = in.Name(name); err != nil {
			f.refused = append(f.refused, refusal{name: name, reason: "it would not make a valid secret name"})
			continue
		}
		f.Secrets = append(f.Secrets, s)
	}
	d.Functions = []Function{f}
	return d
}

// placed replaces the first level of a path that is the environment's name by a
// placeholder.
func placed(path, env string) Text {
	levels := strings.Split(path, "/")
	i := slices.Index(levels, env)
	if i < 0 || env == "" {
		return literal(path)
	}
	t := Text{{literal: strings.Join(levels[:i], "/") + "/"}, {environment: true}}
	if i+1 < len(levels) {
		t = append(t, part{literal: "/" + strings.Join(levels[i+1:], "/")})
	}
	return t
}

// lastLevel returns a bundle name for the parameters below a path.
func lastLevel(path, env string) string {
	for _, level := range slices.Backward(strings.Split(strings.Trim(path, "/"), "/")) {
		if level != env {
			return level
		}
	}
	return ""
}
