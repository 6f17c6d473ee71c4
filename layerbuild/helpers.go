package layerbuild

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Helpers returns the names of all helpers. HelperOf returns the helper of a
// file.
func Helpers() []string { return []string{"node", "python", "exec"} }

// HelperOf returns the name of the helper that a helper file with this path
// belongs to. It looks only at the path, which is below /opt.
func HelperOf(path string) string {
	switch {
	case strings.HasPrefix(path, "nodejs/"):
		return "node"
	case strings.HasPrefix(path, "python/"):
		return "python"
	}
	return "exec"
}

// A Sum identifies the content and mode of a helper file. Two files are the
// same if their sums are equal.
type Sum struct {
	SHA256     string // in lower-case hexadecimal; "" if the file is not available
	Executable bool
}

// Sum returns the sum of the file.
func (f File) Sum() Sum {
	sum := sha256.Sum256(f.Data)
	return Sum{hex.EncodeToString(sum[:]), f.Executable}
}

// A Release lists the helper files of one build of bundle.
type Release struct {
	Name    string
	Files   map[string]Sum // by path
	Missing error          // why some files have no SHA256; nil if all have one
}

// A Verdict is the result of comparing a file of a layer with a Release.
type Verdict string

// The verdicts.
const (
	Same     Verdict = "same"
	Changed  Verdict = "changed"      // the bytes differ
	Mode     Verdict = "mode"         // the bytes are the same; the executable bit differs
	Foreign  Verdict = "foreign"      // the release has no file with this path
	Absent   Verdict = "absent"       // the layer has other files of this helper, but not this one
	Unread   Verdict = "not compared" // the release's file is not available
	OfOthers Verdict = "other"        // the file of another release
)

// A HelperFile is one helper file and its verdict.
type HelperFile struct {
	Path    string
	Helper  string
	Sum     Sum // of the layer's file; if Absent, of the release's
	Verdict Verdict
	Others  []string // for OfOthers: the releases that have exactly this file
}

// A HelperMatch compares the helper files of a layer with the release that they
// come from.
type HelperMatch struct {
	Release *Release
	Files   []HelperFile // ascending by path
}

// Whole reports whether the layer has exactly the release's files: none
// differs, and none is missing.
func (m *HelperMatch) Whole() bool {
	return !slices.ContainsFunc(m.Files, func(f HelperFile) bool { return f.Verdict != Same })
}

// Helpers returns the names of the helpers in the layer, complete or not.
func (m *HelperMatch) Helpers() []string {
	var names []string
	for _, name := range Helpers() {
		if slices.ContainsFunc(m.Files, func(f HelperFile) bool {
			return f.Helper == name && f.Verdict != Foreign && f.Verdict != Absent
		}) {
			names = append(names, name)
		}
	}
	return names
}

// MatchHelpers compares the helper files of the layer with each release, and
// returns the match with the fewest differences, or the first of several. It
// needs at least one release. Every layer that bundle writes has complete
// helpers of one release.
func (l *Layer) MatchHelpers(releases []Release) *HelperMatch {
	var best *HelperMatch
	least := 0
	for i := range releases {
		m := l.match(&releases[i])
		wrong := 0
		for _, f := range m.Files {
			if f.Verdict != Same {
				wrong++
			}
		}
		if best == nil || wrong < least {
			best, least = m, wrong
		}
	}
	for i := range best.Files {
		best.Files[i].compare(releases)
	}
	return best
}

// compare looks in all releases for a file that differs from the matched one.
func (f *HelperFile) compare(releases []Release) {
	if f.Verdict != Changed && f.Verdict != Mode && f.Verdict != Foreign && f.Verdict != Unread {
		return
	}
	for _, r := range releases {
		if sum, ok := r.Files[f.Path]; ok && sum == f.Sum {
			f.Verdict, f.Others = OfOthers, append(f.Others, r.Name)
		}
	}
}

func (l *Layer) match(r *Release) *HelperMatch {
	m, there := &HelperMatch{Release: r}, make(map[string]bool)
	begun := make(map[string]bool) // helpers that the layer has a file of
	for _, f := range l.Helpers {
		there[f.Path] = true
		file := HelperFile{Path: f.Path, Helper: HelperOf(f.Path), Sum: f.Sum(), Verdict: Same}
		switch want, ok := r.Files[f.Path]; {
		case !ok:
			file.Verdict = Foreign
		case want.SHA256 == "":
			file.Verdict = Unread
		case want.SHA256 != file.Sum.SHA256:
			file.Verdict = Changed
		case want.Executable != f.Executable:
			file.Verdict = Mode
		}
		begun[file.Helper] = begun[file.Helper] || file.Verdict != Foreign
		m.Files = append(m.Files, file)
	}
	for _, path := range slices.Sorted(maps.Keys(r.Files)) {
		if helper := HelperOf(path); begun[helper] && !there[path] {
			m.Files = append(m.Files, HelperFile{Path: path, Helper: helper, Sum: r.Files[path], Verdict: Absent})
		}
	}
	slices.SortFunc(m.Files, func(a, b HelperFile) int { return strings.Compare(a.Path, b.Path) })
	return m
}
