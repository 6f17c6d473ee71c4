// Package released has the helper files of each release of bundle. It embeds one
// table per release; tables/README.md specifies their format.
package released

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/layerbuild"
)

//go:embed tables
var embedded embed.FS

// Tables returns the tables that this build embeds, for Read.
func Tables() fs.FS {
	tables, err := fs.Sub(embedded, "tables")
	if err != nil {
		panic(err) // the folder's name is valid
	}
	return tables
}

var (
	version = lazyregexp.New(`^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$`)
	line    = lazyregexp.New(`^([0-9a-f]{64}) (0644|0755) (\S+)$`)
)

// IsVersion reports whether a string is the version of a release, such as v1.2.3
// or v1.2.3-rc.1.
func IsVersion(text string) bool { return version.MatchString(text) }

// Read reads every table in a folder. It returns the newest release first. The
// error names the table that cannot be read.
func Read(tables fs.FS) ([]layerbuild.Release, error) {
	names, err := fs.Glob(tables, "*.txt")
	if err != nil {
		return nil, err
	}
	var all []layerbuild.Release
	for _, name := range names {
		text, err := fs.ReadFile(tables, name)
		if err != nil {
			return nil, err
		}
		r, err := parse(strings.TrimSuffix(path.Base(name), ".txt"), string(text))
		if err != nil {
			return nil, fmt.Errorf("table of helper files %s: %w", name, err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b layerbuild.Release) int { return compare(b.Name, a.Name) })
	return all, nil
}

// parse reads a table. It accepts only what Format writes.
func parse(name, text string) (layerbuild.Release, error) {
	r := layerbuild.Release{Name: name, Files: make(map[string]layerbuild.Sum)}
	if !IsVersion(name) {
		return r, fmt.Errorf("%q is not a version", name)
	}
	for l := range strings.Lines(text) {
		m := line.FindStringSubmatch(strings.TrimSuffix(l, "\n"))
		if m == nil {
			return r, fmt.Errorf("%q does not have the form SHA256 MODE PATH", strings.TrimSpace(l))
		}
		r.Files[m[3]] = layerbuild.Sum{SHA256: m[1], Executable: m[2] == "0755"}
	}
	if len(r.Files) == 0 || Format(r.Files) != text {
		return r, fmt.Errorf("expected one line per file, in ascending order of path")
	}
	return r, nil
}

// Format returns the table of a release.
func Format(files map[string]layerbuild.Sum) string {
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(files)) {
		mode := "0644"
		if files[p].Executable {
			mode = "0755"
		}
		fmt.Fprintf(&b, "%s %s %s\n", files[p].SHA256, mode, p)
	}
	return b.String()
}

// compare orders versions. A pre-release comes before the release with the same
// number.
func compare(a, b string) int {
	x, y := version.FindStringSubmatch(a), version.FindStringSubmatch(b)
	for i := 1; i <= 3; i++ {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return cmp.Compare(m, n)
		}
	}
	if (x[4] == "") != (y[4] == "") {
		return cmp.Compare(y[4], x[4])
	}
	return cmp.Compare(x[4], y[4])
}
