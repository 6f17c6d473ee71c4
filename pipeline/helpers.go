package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// A HelperCheck compares the helper files of a layer with those of known releases:
// each must be byte for byte a file of one release, and all must be of the same one.
type HelperCheck struct {
	Releases []layerbuild.Release // this program's first
	Manifest *manifest.Manifest   // says which helpers the layer must have; nil for any
	Alone    bool                 // the layer is for one function, and its helpers are in a separate layer
}

// Run returns which release the layer's helper files match, and every problem with them.
func (c *HelperCheck) Run(name string, layer *layerbuild.Layer) (*layerbuild.HelperMatch, problem.Problems) {
	m := layer.MatchHelpers(c.Releases)
	problems := append(c.files(name, m), c.wanted(name, m)...)
	return m, problems.Sort()
}

// Publish is Run for a layer to publish: its helpers must be from this program's
// release or from the release named of, if it is not "".
func (c *HelperCheck) Publish(name string, layer *layerbuild.Layer, of string) problem.Problems {
	own := &c.Releases[0]
	if i := slices.IndexFunc(c.Releases, func(r layerbuild.Release) bool { return r.Name == of }); i > 0 {
		// If several releases have the same files, MatchHelpers must choose this one.
		first := append([]layerbuild.Release{*own, c.Releases[i]}, c.Releases[1:]...)
		c = &HelperCheck{Releases: first, Manifest: c.Manifest, Alone: c.Alone}
		own = &c.Releases[0]
	}
	m, problems := c.Run(name, layer)
	if m.Release != own && m.Release.Name != of && m.Whole() {
		problems = append(problems, problem.New(problem.Integrity, nil, "Helpers from another release", fmt.Sprintf(
			"%s contains the helper files of bundle %s, but this is %s. Build the layer again with this release, or publish it as it is with --helpers-of %s.",
			name, m.Release.Name, own.Name, m.Release.Name)))
	}
	return problems
}

// Warning warns that the helpers are from another release than this program. It
// returns none if they are not.
func (c *HelperCheck) Warning(name string, m *layerbuild.HelperMatch) problem.Problems {
	own := &c.Releases[0]
	if m.Release == own {
		return nil
	}
	return problem.Problems{problem.New(problem.Integrity, nil, "Helpers from another release", fmt.Sprintf(
		"%s contains the helper files of bundle %s, but this is %s. Build the layer again to get the helpers of this release.",
		name, m.Release.Name, own.Name)).Warning()}
}

// files reports every file that does not match the release.
func (c *HelperCheck) files(name string, m *layerbuild.HelperMatch) problem.Problems {
	release := "bundle " + m.Release.Name
	listed := ""
	if len(c.Releases) > 1 {
		listed = ", and neither does any release it knows"
	}
	var problems problem.Problems
	report := func(verdict layerbuild.Verdict, summary, format string, args ...any) {
		if paths := pathsOf(m, verdict); paths != "" {
			problems = append(problems, problem.New(problem.Integrity, nil, summary, fmt.Sprintf("%s: %s: ", name, paths)+fmt.Sprintf(format, args...)))
		}
	}
	report(layerbuild.Foreign, "Unknown file in the layer", "no helper of %s has this file%s. Files in a layer can run with the function's permissions. "+
		"Find out who added it, and build the layer again.", release, listed)
	report(layerbuild.Changed, "Changed helper file", "%s does not write this content%s. "+
		"Build the layer again. If another release built it, verify it with that release.", release, listed)
	report(layerbuild.Mode, "Changed helper file", "the content is that of %s, but the file mode is not. Only bundle/exec and the files below "+
		"bundle/bin/ are executable (0755); all other files are not (0644). Build the layer again.", release)
	report(layerbuild.Absent, "Incomplete helper", "it is missing from the layer, which has the other files of this helper of %s. Build the layer again.", release)
	report(layerbuild.OfOthers, "Helpers from several releases", "it belongs to a different release than the other helper files, which are from %s. "+
		"A build always writes all helpers, so no single build made this layer. Build it again.", release)
	report(layerbuild.Unread, "Exec wrapper not checked", "not checked, because %s has nothing to compare it with: %v. "+
		"Verify the layer with the release of bundle that built it, or from a checkout with Go on PATH.", release, m.Release.Missing)
	return problems
}

// most is the largest number of paths that a message lists.
const most = 20

// pathsOf lists the files with a verdict, with their release if it is a different
// one.
func pathsOf(m *layerbuild.HelperMatch, verdict layerbuild.Verdict) string {
	var paths []string
	for _, f := range m.Files {
		switch {
		case f.Verdict != verdict:
		case len(f.Others) > 0:
			paths = append(paths, fmt.Sprintf("%s (of bundle %s)", f.Path, strings.Join(f.Others, ", ")))
		default:
			paths = append(paths, f.Path)
		}
	}
	if more := len(paths) - most; more > 0 {
		paths = append(paths[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(paths, ", ")
}

// wanted checks the layer's helpers against the manifest's list.
func (c *HelperCheck) wanted(name string, m *layerbuild.HelperMatch) problem.Problems {
	if c.Manifest == nil {
		return nil
	}
	var problems problem.Problems
	list := c.Manifest.Bundle.Helpers
	at := &c.Manifest.Bundle.Range
	if len(list) > 0 {
		at = &list[0].Range
	}
	for _, helper := range m.Helpers() {
		switch {
		case slices.ContainsFunc(list, func(t manifest.Text) bool { return t.Value == helper }):
		case c.Alone:
			problems = append(problems, problem.New(problem.Integrity, at, "Helper not in the manifest", fmt.Sprintf(
				"%s contains the helper %q, but a layer for a single function has no helpers; they come in a separate layer. Build the layer again.", name, helper)))
		default:
			problems = append(problems, problem.New(problem.Integrity, at, "Helper not in the manifest", fmt.Sprintf(
				"%s contains the helper %q, which is not in helpers in the bundle block. Build the layer again, or add it to helpers.", name, helper)))
		}
	}
	for _, t := range list {
		if !slices.Contains(m.Helpers(), t.Value) {
			problems = append(problems, problem.New(problem.Integrity, &t.Range, "Helper not in the layer", fmt.Sprintf(
				"%s does not contain the helper %q, which is in helpers in the bundle block. Build the layer again, or remove it from helpers.", name, t.Value)))
		}
	}
	return problems
}
