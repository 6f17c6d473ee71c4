package main

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A variable is one of the environment variables of a function, or of all functions.
type variable struct {
	function, name string // may have *
	at             place
	references     map[place]bool
	text           string // all that was seen on the way
}

// variables returns the variables of the functions of the source.
func (s *scan) variables() (all []*variable) {
	for _, p := range s.pairs(s.root(s.source), 0) {
		top := found{s.source, p.value}
		switch p.key.Value {
		case "provider":
			all = append(all, s.environment("*", s.find(top, []string{"environment"}, 0))...)
		case "functions":
			all = append(all, s.functions(top)...)
		case "Globals":
			all = append(all, s.environment("*", s.find(top, []string{"Function", "Environment", "Variables"}, 0))...)
		case "Resources":
			all = append(all, s.resources(top)...)
		}
	}
	return all
}

// functions returns the variables of the functions of a serverless.yml.
func (s *scan) functions(top found) (all []*variable) {
	for _, m := range s.maps(top, 0) {
		for _, f := range s.pairs(m.node, 0) {
			for _, one := range s.maps(found{m.file, f.value}, 0) {
				all = append(all, s.environment(f.key.Value, s.find(one, []string{"environment"}, 0))...)
			}
		}
	}
	return all
}

// resources returns the variables of the functions of a template.
func (s *scan) resources(top found) (all []*variable) {
	for _, p := range s.pairs(top.node, 0) {
		f := found{top.file, p.value}
		for _, kind := range s.find(f, []string{"Type"}, 0) {
			if kind.node.Value == "AWS::Serverless::Function" || kind.node.Value == "AWS::Lambda::Function" {
				all = append(all, s.environment(star(p.key.Value), s.find(f, []string{"Properties", "Environment", "Variables"}, 0))...)
			}
		}
	}
	return all
}

func star(s string) string {
	s = strings.ReplaceAll(s, "&{", "${")
	return innermost.ReplaceAllString(s, "*")
}

func (s *scan) environment(function string, at []found) (all []*variable) {
	for _, one := range at {
		for _, m := range s.maps(one, 0) {
			if len(m.node.Content) == 2 && strings.HasPrefix(m.node.Content[0].Value, "Fn::") && !strings.HasPrefix(m.node.Content[0].Value, "Fn::ForEach") {
				continue
			}
			for _, p := range s.pairs(m.node, 0) {
				if p.value.Tag == "!!null" {
					continue
				}
				v := &variable{function: function, name: star(p.key.Value), at: place{m.file, p.key.Line}, references: map[place]bool{}}
				s.reach(found{m.file, p.value}, v, 0, map[*yaml.Node]bool{})
				all = append(all, v)
			}
		}
	}
	return all
}

// is reports whether the variable is "function variable".
func (v *variable) is(key string) bool {
	function, name, _ := strings.Cut(key, " ")
	return match(v.function, function) && match(v.name, name)
}

// named reports whether a note names the variable, or all variables of its function.
func (v *variable) named(noted map[string]bool) bool {
	for key := range noted {
		f, n, _ := strings.Cut(key, " ")
		if (f == "" || match(v.function, f)) && (n == "*" || match(v.name, n)) {
			return true
		}
	}
	return false
}

func match(pattern, s string) bool {
	ok, _ := path.Match(pattern, s)
	return ok || pattern == s
}
