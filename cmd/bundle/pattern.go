package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The placeholders of a layer's path, which are filled in for each target.
const (
	environmentPlace = "{environment}"
	regionPlace      = "{region}"
	functionPlace    = "{function}"
)

var placeholder = regexp.MustCompile(`\{[^{}/]*\}`)

// checkPattern refuses what looks like a placeholder and is none, or is half of
// one.
func checkPattern(flag, pattern string) error {
	for _, found := range placeholder.FindAllString(pattern, -1) {
		if !slices.Contains([]string{environmentPlace, regionPlace, functionPlace}, found) {
			return usagef("%s %s: there is no placeholder %s, only %s, %s and %s", flag, pattern, found, environmentPlace, regionPlace, functionPlace)
		}
	}
	if rest := placeholder.ReplaceAllString(pattern, ""); strings.ContainsAny(rest, "{}") {
		return usagef("%s %s has a brace that opens or closes no placeholder. Write %s, %s or %s whole, or leave the brace out.",
			flag, pattern, environmentPlace, regionPlace, functionPlace)
	}
	return nil
}

// fill puts the names of a target into a pattern. No name has a brace or a
// slash in it.
func (t *target) fill(pattern string) string {
	return strings.NewReplacer(environmentPlace, t.environment, regionPlace, t.region, functionPlace, t.function).Replace(pattern)
}

// distinct refuses a pattern that gives two targets one path, and says what to
// write.
func distinct(flag, pattern string, targets []*target) error {
	seen := make(map[string]*target)
	for _, t := range targets {
		other := seen[sameness(t.path)]
		switch {
		case t.path == "":
			continue
		case other == nil:
			seen[sameness(t.path)] = t
			continue
		case strings.HasPrefix(pattern, "arn:"):
			return usagef("%s is one layer, and this is about %d: %s. Leave it out for what is published, or choose one with --env and --region.",
				pattern, len(targets), listed(targets))
		}
		missing := missingPlaces(pattern, targets)
		if missing == "" {
			return usagef("%s %s is the same file for %s and for %s: put the names into folders of their own, for example '%s/%s/layer.zip'",
				flag, pattern, other, t, environmentPlace, regionPlace)
		}
		extension := filepath.Ext(pattern)
		return usagef("%s %s is one layer, and this is about %d: %s. Write for example %s '%s%s%s'.",
			flag, pattern, len(targets), listed(targets), flag, strings.TrimSuffix(pattern, extension), missing, extension)
	}
	return nil
}

// missingPlaces are the placeholders of what differs between targets, as far as
// a pattern lacks them.
func missingPlaces(pattern string, targets []*target) string {
	missing := ""
	add := func(place string, of func(*target) string) {
		differs := slices.ContainsFunc(targets, func(t *target) bool { return of(t) != of(targets[0]) })
		if differs && !strings.Contains(pattern, place) {
			missing += "-" + place
		}
	}
	add(environmentPlace, func(t *target) string { return t.environment })
	add(regionPlace, func(t *target) string { return t.region })
	return missing
}

// sameness is equal for paths that may be one file: on some file systems the
// case of letters makes no difference.
func sameness(path string) string {
	dir, base := filepath.Split(filepath.Clean(path))
	if real, err := filepath.EvalSymlinks(filepath.Clean(dir + ".")); err == nil {
		dir = real
	}
	return strings.ToLower(filepath.Join(dir, base))
}

// listed names targets, the first few of them.
func listed(targets []*target) string {
	const most = 8
	var names []string
	for i, t := range targets {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}
