package main

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A scan finds references to parameters in a source without package starter: it
// follows everything that looks like a pointer, and evaluates nothing. So it finds
// at least what a variable of a function can depend on.
type scan struct {
	folder fs.FS
	source string // the name of the source in the folder
	files  map[string]*yaml.Node
	texts  map[string]string
	steps  int
}

// A place is a line of a file.
type place struct {
	file string
	line int
}

func newScan(folder fs.FS, source string) *scan {
	return &scan{folder: folder, source: source, files: map[string]*yaml.Node{}, texts: map[string]string{}}
}

// root returns the parsed file, or nil.
func (s *scan) root(name string) *yaml.Node {
	name = path.Clean(strings.Trim(strings.TrimSpace(name), `"'`))
	if n, ok := s.files[name]; ok {
		return n
	}
	s.files[name] = nil
	if strings.HasPrefix(name, "..") || !slices.Contains([]string{".yml", ".yaml", ".json"}, path.Ext(name)) && name != s.source {
		return nil
	}
	src, err := fs.ReadFile(s.folder, name)
	if err != nil || len(src) > 1<<20 {
		return nil
	}
	var doc yaml.Node
	if yaml.NewDecoder(bytes.NewReader(src)).Decode(&doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	s.files[name], s.texts[name] = doc.Content[0], string(src)
	return doc.Content[0]
}

// lines returns the lines of a file that have references, with their number. Comments
// do not count.
func (s *scan) lines(name string) map[int]int {
	all := map[int]int{}
	n := 0
	for line := range strings.Lines(s.texts[name]) {
		n++
		if c := count(uncommented(line)); c > 0 {
			all[n] = c
		}
	}
	return all
}

func follow(n *yaml.Node) *yaml.Node {
	for range 10 {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

type pair struct{ key, value *yaml.Node }

// pairs returns the entries of a map, also those of << and of loops.
func (s *scan) pairs(n *yaml.Node, depth int) (all []pair) {
	if n = follow(n); n == nil || depth > 8 || s.steps > 100_000_000 {
		return nil
	}
	if n.Kind == yaml.SequenceNode {
		for _, one := range n.Content {
			all = append(all, s.pairs(one, depth+1)...)
		}
		return all
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		s.steps++
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Value == "<<":
			all = append(all, s.pairs(value, depth+1)...)
		case strings.HasPrefix(key.Value, "Fn::ForEach::") && value.Kind == yaml.SequenceNode && len(value.Content) == 3:
			all = append(all, s.pairs(value.Content[2], depth+1)...)
		default:
			all = append(all, pair{key, value})
		}
	}
	return all
}

// found is a node with the file that it is in.
type found struct {
	file string
	node *yaml.Node
}

// find returns the nodes at a path, in which * stands for anything.
func (s *scan) find(at found, keys []string, depth int) (all []found) {
	n := follow(at.node)
	if n == nil || depth > 12 {
		return nil
	}
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		return s.through(found{at.file, n}, keys, depth)
	}
	if len(keys) == 0 || n.Kind == yaml.ScalarNode {
		return []found{{at.file, n}}
	}
	if n.Kind == yaml.SequenceNode {
		for _, one := range n.Content {
			all = append(all, s.find(found{at.file, one}, keys[1:], depth+1)...)
		}
		return all
	}
	for _, p := range s.pairs(n, 0) {
		if ok, _ := path.Match(keys[0], p.key.Value); ok || keys[0] == p.key.Value {
			all = append(all, s.find(found{at.file, p.value}, keys[1:], depth+1)...)
		}
	}
	return all
}

// through returns the nodes at a path below what the variables of a string point to, and
// the string itself if it has a reference.
func (s *scan) through(at found, keys []string, depth int) (all []found) {
	targets := s.targets(at.node.Value, depth)
	if len(targets) == 0 || len(keys) == 0 {
		return []found{at}
	}
	if count(at.node.Value) > 0 {
		all = append(all, at)
	}
	for _, t := range targets {
		all = append(all, s.find(t, keys, depth+1)...)
	}
	return all
}

// targets returns what the variables of a string point to, in the source or in files.
func (s *scan) targets(text string, depth int) (all []found) {
	if depth > 12 {
		return nil
	}
	for range 200 {
		m := innermost.FindStringSubmatchIndex(text)
		if m == nil {
			return all
		}
		for _, one := range alternative.FindAllString(text[m[2]:m[3]], -1) {
			all = append(all, s.pointed(strings.TrimSpace(one), depth)...)
		}
		text = text[:m[0]] + "*" + text[m[1]:]
	}
	return all
}

// pointed returns what a variable without its defaults points to.
func (s *scan) pointed(one string, depth int) (all []found) {
	if p := parameter.FindStringSubmatch(one); p != nil {
		root := found{s.source, s.root(s.source)}
		all = s.find(root, []string{"stages", "*", "params", p[1]}, depth+1)
		return append(all, s.find(root, []string{"params", "*", p[1]}, depth+1)...)
	}
	p := pointer.FindStringSubmatch(one)
	if p == nil {
		return nil
	}
	files := []string{s.source}
	if strings.HasPrefix(one, "file(") {
		files[0] = p[1]
	}
	if strings.Contains(files[0], "*") {
		files, _ = fs.Glob(s.folder, path.Clean(files[0]))
	}
	var keys []string
	if where := strings.TrimSpace(p[2]); where != "" {
		keys = strings.Split(where, ".")
	}
	for _, file := range files {
		if root := s.root(file); root != nil {
			all = append(all, s.find(found{path.Clean(file), root}, keys, depth+1)...)
		}
	}
	return all
}

// reach collects the references that a value can depend on.
func (s *scan) reach(at found, v *variable, depth int, done map[*yaml.Node]bool) {
	n := follow(at.node)
	if s.steps++; n == nil || depth > 15 || done[n] || s.steps > 100_000_000 {
		return
	}
	done[n] = true
	if n.Kind != yaml.ScalarNode {
		for _, inner := range n.Content {
			s.reach(found{at.file, inner}, v, depth+1, done)
		}
		return
	}
	v.text += " " + n.Value
	if count(n.Value) > 0 || strings.HasPrefix(n.Value, "resolve:ssm") {
		v.references[place{at.file, n.Line}] = true
	}
	for _, t := range s.targets(n.Value, 0) {
		s.reach(t, v, depth+1, done)
	}
	names := []string{n.Value}
	for _, name := range innermost.FindAllString(n.Value, -1) {
		names = append(names, strings.TrimSpace(name[2:len(name)-1]))
	}
	for _, name := range names {
		for _, t := range s.declarations(name) {
			s.reach(t, v, depth+1, done)
		}
	}
}

// declarations returns what a name stands for in the CloudFormation templates.
func (s *scan) declarations(name string) (all []found) {
	if name = strings.TrimSuffix(name, ".Id"); !plainName.MatchString(name) {
		return nil
	}
	for _, root := range s.templates() {
		for _, keys := range [][]string{
			{"Parameters", name}, {"Resources", name, "Properties", "Name"}, {"Resources", name, "Properties", "SecretId"}, {"Mappings", name},
		} {
			all = append(all, s.find(root, keys, 0)...)
		}
	}
	return all
}

// templates returns the CloudFormation templates: the source, or its resources.
func (s *scan) templates() []found {
	root := found{s.source, s.root(s.source)}
	all := []found{root}
	for _, p := range s.pairs(root.node, 0) {
		if p.key.Value != "resources" {
			continue
		}
		parts := []*yaml.Node{p.value}
		if p.value.Kind == yaml.SequenceNode {
			parts = p.value.Content
		}
		for _, part := range parts {
			all = append(all, s.maps(found{s.source, part}, 0)...)
		}
	}
	return all
}

// maps returns the maps that a node is or points to.
func (s *scan) maps(at found, depth int) (all []found) {
	n := follow(at.node)
	switch {
	case n == nil || depth > 8:
	case n.Kind == yaml.MappingNode:
		return []found{{at.file, n}}
	case n.Kind == yaml.SequenceNode:
		for _, one := range n.Content {
			all = append(all, s.maps(found{at.file, one}, depth+1)...)
		}
	case n.Kind == yaml.ScalarNode:
		for _, t := range s.targets(n.Value, 0) {
			all = append(all, s.maps(t, depth+1)...)
		}
	}
	return all
}

// walk visits the scalars of a file with a reference: the first line and the number
// of lines that each may have.
func walk(n *yaml.Node, visit func(first, lines int)) {
	if n == nil || n.Kind == yaml.AliasNode {
		return
	}
	if n.Kind == yaml.ScalarNode && (count(n.Value) > 0 || strings.Contains(n.Value, "ssm")) {
		visit(n.Line, strings.Count(n.Value, "\n")+20)
	}
	for _, inner := range n.Content {
		walk(inner, visit)
	}
}
