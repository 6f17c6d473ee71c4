package target

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// The placeholders in a layer's path, which are filled in for each target.
const (
	EnvironmentPlace = "{environment}"
	RegionPlace      = "{region}"
	FunctionPlace    = "{function}"
)

// Placeholder matches text in a path that looks like a placeholder.
var Placeholder = lazyregexp.New(`\{[^{}/]*\}`)

// CheckPattern refuses unknown placeholders and unmatched braces.
func CheckPattern(flag, pattern string) error {
	for _, found := range Placeholder.FindAllString(pattern, -1) {
		if !slices.Contains([]string{EnvironmentPlace, RegionPlace, FunctionPlace}, found) {
			return console.Usagef("%s %s: unknown placeholder %s. The placeholders are %s, %s and %s", flag, pattern, found, EnvironmentPlace, RegionPlace, FunctionPlace)
		}
	}
	if rest := Placeholder.ReplaceAllString(pattern, ""); strings.ContainsAny(rest, "{}") {
		return console.Usagef("%s %s has an unmatched brace. Write %s, %s or %s, or remove the brace.",
			flag, pattern, EnvironmentPlace, RegionPlace, FunctionPlace)
	}
	return nil
}

// Fill puts the names of a target into a pattern. No name has a brace or a slash.
func (t *Target) Fill(pattern string) string {
	return strings.NewReplacer(EnvironmentPlace, t.Environment, RegionPlace, t.Region, FunctionPlace, t.Function).Replace(pattern)
}

// distinct refuses a pattern that gives two targets the same path.
func distinct(flag, pattern string, targets []*Target) error {
	seen := make(map[string]*Target)
	for _, t := range targets {
		other := seen[console.PathKey(t.Path)]
		switch {
		case t.Path == "":
			continue
		case other == nil:
			seen[console.PathKey(t.Path)] = t
			continue
		case arn.Looks(pattern):
			return console.Usagef("%s is one layer, but this run has %d: %s. Remove it to use the published layers, or choose one with --env and --region.",
				pattern, len(targets), Listed(targets))
		}
		missing := MissingPlaces(pattern, targets)
		if missing == "" {
			return console.Usagef("%s %s is the same file for %s and for %s: use a folder for each name, for example '%s/%s/layer.zip'",
				flag, pattern, other, t, EnvironmentPlace, RegionPlace)
		}
		extension := filepath.Ext(pattern)
		return console.Usagef("%s %s is one layer, but this run has %d: %s. Write for example %s '%s%s%s'.",
			flag, pattern, len(targets), Listed(targets), flag, strings.TrimSuffix(pattern, extension), missing, extension)
	}
	return nil
}

// MissingPlaces returns the placeholders that a pattern needs to distinguish the
// targets, but lacks, each after a hyphen. If it lacks any, it also needs the
// function's where the name that layers are published under depends on it.
func MissingPlaces(pattern string, targets []*Target) string {
	missing := ""
	add := func(place string, of func(*Target) string) {
		differs := slices.ContainsFunc(targets, func(t *Target) bool { return of(t) != of(targets[0]) })
		if differs && !strings.Contains(pattern, place) {
			missing += "-" + place
		}
	}
	add(EnvironmentPlace, func(t *Target) string { return t.Environment })
	add(RegionPlace, func(t *Target) string { return t.Region })
	perFunction := func(t *Target) bool {
		return t.Manifest != nil && len(t.Manifest.Functions) > 1 && NamesFunctions(t.Manifest)
	}
	add(FunctionPlace, func(t *Target) string { return t.Function })
	if missing != "" && !strings.Contains(pattern+missing, FunctionPlace) && slices.ContainsFunc(targets, perFunction) {
		missing += "-" + FunctionPlace
	}
	return missing
}

// Listed returns the names of the first few targets.
func Listed(targets []*Target) string {
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
