package starter

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// refer returns what is known of a string at another place: in the source, or in the
// file that is named.
func (i *serverless) refer(file *string, address, s string) value {
	at := i.string(address)
	switch {
	case at.kind == unknown:
		return at
	case at.kind != known:
		return not("the place that it refers to is not in the source")
	case file == nil && i.isStage(at.text):
		return i.environment()
	}
	if forks := i.forksOf(file, at.text); forks != nil || i.stage == "" && at.text.staged() {
		return i.byStage(forks, address, s, func() value { return i.refer(file, address, s) })
	}
	root, why := i.rootOf(file)
	name := lastOf(address)
	if why != "" {
		return i.outside(s, name, why)
	}
	place, ok := at.text.plain()
	if !ok {
		return i.outside(s, name, "the place that it refers to depends on a variable")
	}
	outer := i.forks
	i.forks = nil
	v := i.at(root, place)
	forks := i.forks
	if i.forks = outer; len(forks) > 0 && i.stage == "" {
		return i.byStage(forks, address, s, func() value { return i.at(root, place) })
	}
	return v
}

// byStage returns what is known of a string that differs between environments.
func (i *serverless) byStage(stages []string, address, s string, evaluate func() value) value {
	all := i.eachStage(stages, evaluate)
	if len(all) == 0 {
		return not(absent)
	}
	name := lastOf(strings.TrimSuffix(address, "}"))
	if at := strings.Index(address, "${"); at > 0 && strings.HasSuffix(address, "}") {
		name = lastOf(strings.TrimRight(address[:at], "./"))
	}
	return i.draft.unify("place "+s, name, source(s), all)
}

// forksOf returns the environments for which a place is different: those that a map
// on the way has keys for, or that files are named after. It returns nil if the place
// does not depend on the environment.
func (i *serverless) forksOf(file *string, path Text) []string {
	if file != nil {
		if name := i.string(*file); name.kind == known && name.text.staged() {
			return i.filesOf(name.text)
		}
	}
	root, why := i.rootOf(file)
	if why != "" || !path.staged() || i.isStage(path) {
		return nil
	}
	return i.stages(root, path)
}

func (i *serverless) isStage(path Text) bool {
	p, ok := path.plain()
	return ok && p == "provider.stage"
}

// rootOf returns the root of a file, or of the source if none is named.
func (i *serverless) rootOf(file *string) (*yaml.Node, string) {
	if file == nil {
		return i.root, ""
	}
	name := i.string(*file)
	switch plain, ok := name.text.plain(); {
	case name.kind != known:
		return nil, "it is in a file whose name is not in the source"
	case !ok:
		return nil, "it is in a file whose name depends on the environment"
	default:
		return i.include(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(plain), "\""), "\""))
	}
}

func lastOf(path string) string { return path[strings.LastIndexAny(path, ".:/")+1:] }

// stages returns the environments that a map along the path has keys for.
func (i *serverless) stages(root *yaml.Node, path Text) (all []string) {
	const hole = "\x00"
	before := ""
	keys := strings.Split(path.in(hole), ".")
	for at, key := range keys {
		front, back, found := strings.Cut(key, hole)
		if !found {
			before = strings.TrimPrefix(before+"."+key, ".")
			continue
		}
		n, _ := i.walkTo(root, before)
		n = i.behind(n)
		next := ""
		if before == "custom" && at < len(keys)-1 && !strings.Contains(keys[at+1], hole) {
			next = keys[at+1]
		}
		for _, e := range i.withKey(n, next) {
			if value := i.follow(e.value); at < len(keys)-1 && value != nil && value.Kind == yaml.ScalarNode && !hasVariable(value) {
				continue // it has no keys
			}
			if stage := between(e.key, front, back); stage != "" && !strings.Contains(back, hole) {
				all = append(all, stage)
			}
		}
		return all
	}
	return nil
}

// withKey returns the entries of a map whose values are maps with a key. If none is, or
// no key is asked for, it returns all. In custom, where plugins have their settings, the
// others are no environments.
func (i *serverless) withKey(n *yaml.Node, key string) []entry {
	all := i.entries(n)
	if key == "" {
		return all
	}
	outer := i.forks
	defer func() { i.forks = outer }()
	with := slices.DeleteFunc(slices.Clone(all), func(e entry) bool {
		value := i.behind(i.follow(e.value))
		return value == nil || value.Kind != yaml.MappingNode || i.get(value, key) == nil
	})
	if len(with) == 0 {
		return all
	}
	return with
}

// filesOf returns the environments that files or folders are named after.
func (d *document) filesOf(name Text) (all []string) {
	const hole = "\x00"
	if d.beside == nil {
		return nil
	}
	before := "."
	for key := range strings.SplitSeq(path.Clean(name.in(hole)), "/") {
		front, back, found := strings.Cut(key, hole)
		if !found {
			before = path.Join(before, key)
			continue
		}
		entries, _ := fs.ReadDir(d.beside, before)
		d.steps += len(entries)
		for _, e := range entries[:min(len(entries), 1000)] {
			if stage := between(e.Name(), front, back); stage != "" && !slices.Contains(all, stage) {
				all = append(all, stage)
			}
		}
		return all
	}
	return nil
}

// between returns what is between the front and the back of a name that has both, or "".
func between(name, front, back string) string {
	rest, begins := strings.CutPrefix(name, front)
	middle, ends := strings.CutSuffix(rest, back)
	if !begins || !ends {
		return ""
	}
	return middle
}
