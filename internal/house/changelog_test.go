package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestChangelogHeadings: what has changed since the last release first, then
// versions with their dates.
func TestChangelogHeadings(t *testing.T) {
	heading := regexp.MustCompile(`^## v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)? \((\d{4}-\d{2}-\d{2})\)$`)
	last, seen := "9999-99-99", make(map[string]bool)
	for line := range strings.Lines(read(t, "CHANGELOG.md")) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "## ") {
			continue
		}
		if seen[line] {
			t.Errorf("there are two headings %q", line)
		}
		first := len(seen) == 0
		seen[line] = true
		if line == "## Unreleased" && first {
			continue
		}
		m := heading.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%q is not of the form \"## v1.2.3 (2026-11-25)\"", line)
			continue
		}
		if m[2] > last {
			t.Errorf("%q is newer than the one above it", line)
		}
		last = m[2]
	}
}

// TestReleaseNotes: a version that is not in the changelog is refused.
func TestReleaseNotes(t *testing.T) {
	needs.Program(t, "bash", "Debian: apt-get install bash")
	dir := t.TempDir()
	script := filepath.Join(dir, ".github", "release", "notes")
	if err := os.MkdirAll(filepath.Dir(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, []byte(read(t, ".github/release/notes")), 0o755); err != nil {
		t.Fatal(err)
	}
	const older = "\n## v1.2.2 (2026-11-01)\n\n- Old.\n"
	for name, c := range map[string]struct{ tag, changelog, want, refused string }{
		"told":                 {tag: "v1.2.3", changelog: "# Changelog\n\n## v1.2.3 (2026-11-25)\n\n### Added\n\n- New.\n" + older, want: "### Added\n\n- New.\n\n"},
		"nothing left behind":  {tag: "v1.2.3", changelog: "## Unreleased\n\n## v1.2.3 (2026-11-25)\n- New.\n" + older, want: "- New.\n\n"},
		"the oldest":           {tag: "v1.2.2", changelog: older, want: "- Old.\n"},
		"a candidate":          {tag: "v1.2.3-rc.1", changelog: "## v1.2.3-rc.1 (2026-11-25)\n- New.\n", want: "- New.\n"},
		"missing":              {tag: "v1.2.3", changelog: older, refused: `has no heading "## v1.2.3 (YYYY-MM-DD)"`},
		"only the candidate":   {tag: "v1.2.3", changelog: "## v1.2.3-rc.1 (2026-11-25)\n- New.\n", refused: "has no heading"},
		"a dot is a dot":       {tag: "v1.2.3", changelog: "## v1x2.3 (2026-11-25)\n- New.\n", refused: "has no heading"},
		"without a date":       {tag: "v1.2.3", changelog: "## v1.2.3\n- New.\n", refused: "has no heading"},
		"empty":                {tag: "v1.2.3", changelog: "## v1.2.3 (2026-11-25)\n\n### Added\n" + older, refused: "lists no changes under v1.2.3"},
		"still unreleased":     {tag: "v1.2.3", changelog: "## Unreleased\n- More.\n## v1.2.3 (2026-11-25)\n- New.\n", refused: "move them below v1.2.3"},
		"no changelog":         {tag: "v1.2.3", refused: "CHANGELOG.md"},
		"no version":           {tag: "v1.2", changelog: older, refused: "v1.2 is not a version"},
		"a zero too many":      {tag: "v1.02.3", changelog: older, refused: "is not a version"},
		"an option of a shell": {tag: "v1.2.3; true", changelog: older, refused: "is not a version"},
	} {
		t.Run(name, func(t *testing.T) {
			changelog := filepath.Join(dir, "CHANGELOG.md")
			_ = os.Remove(changelog)
			if c.changelog != "" {
				if err := os.WriteFile(changelog, []byte(c.changelog), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var stderr strings.Builder
			cmd := exec.Command("bash", script, c.tag)
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if (err != nil) != (c.refused != "") || !strings.Contains(stderr.String(), c.refused) || c.refused == "" && string(out) != c.want {
				t.Errorf("%v, %q, %q", err, out, stderr.String())
			}
		})
	}
}
