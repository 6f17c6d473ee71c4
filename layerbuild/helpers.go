package layerbuild

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Helpers are the names of the helpers. Which of them a file belongs to, its
// path tells.
func Helpers() []string { return []string{"node", "python", "exec"} }

// HelperOf returns the helper that a file of a layer belongs to by its path, if
// it is one's.
func HelperOf(path string) string {
	switch {
	case strings.HasPrefix(path, "nodejs/"):
		return "node"
	case strings.HasPrefix(path, "python/"):
		return "python"
	}
	return "exec"
}

// A Sum is what tells whether a helper file is another.
type Sum struct {
	SHA256     string // in lower-case hexadecimal; "" where the file is not at hand
	Executable bool
}

// Sum returns the file's.
func (f File) Sum() Sum {
	sum := sha256.Sum256(f.Data)
	return Sum{hex.EncodeToString(sum[:]), f.Executable}
}

// A Release is what the helper files of one build of bundle are.
type Release struct {
	Name    string
	Files   map[string]Sum // by path
	Missing error          // why some have no SHA256
}

// A Verdict is what a file of a layer is, held to a Release.
type Verdict string

// The verdicts.
const (
	Same     Verdict = "same"
	Changed  Verdict = "changed"      // other bytes
	Mode     Verdict = "mode"         // the same bytes, but not executable, or executable
	Foreign  Verdict = "foreign"      // there is no such file
	Absent   Verdict = "absent"       // the layer lacks it, and has others of its helper
	Unread   Verdict = "not compared" // the release's file is not at hand
	OfOthers Verdict = "other"        // what another release has there
)

// A HelperFile is what became of one helper file.
type HelperFile struct {
	Path    string
	Helper  string
	Sum     Sum // of the layer's file; of the release's where the layer has none
	Verdict Verdict
	Others  []string // releases that have this very file, for OfOthers
}

// A HelperMatch is a layer's helper files held to the release that they are of.
type HelperMatch struct {
	Release *Release
	Files   []HelperFile // ascending by path
}

// Whole says whether all files are the release's, and none is missing.
func (m *HelperMatch) Whole() bool {
	return !slices.ContainsFunc(m.Files, func(f HelperFile) bool { return f.Verdict != Same })
}

// Helpers returns which helpers are there, be it in part.
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

// MatchHelpers holds the helper files of the layer to the release that they
// fit best, the first of those that fit alike. A layer has whole helpers of one
// release: bundle never wrote any other.
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

// compare looks for a file that is not the release's among those of others.
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
	begun := make(map[string]bool) // helpers
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
