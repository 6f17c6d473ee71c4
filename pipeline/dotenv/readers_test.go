package dotenv

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

var update = flag.Bool("update", false, "write what the readers read of the files to testdata/readers.json")

// The readers, in the order of their votes.
var readers = []string{"Node.js", "npm's dotenv", "python-dotenv", "godotenv"}

// A vote is what a reader read of a name: a value, or nil if the file has no such name for it.
type vote = *string

// An election is what the readers read of a file.
type election struct {
	Refused []string          `json:"refused,omitempty"` // the readers that refuse the file
	Names   map[string][]vote `json:"names"`             // a vote of every reader, or one if they agree
}

func recorded(t testing.TB) map[string]election {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "readers.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]election{}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReadersReadTheFilesAsRecorded lets the readers read the files of testdata, all files in one process each.
func TestReadersReadTheFilesAsRecorded(t *testing.T) {
	folder := needs.DotenvReaders(t)
	node := filepath.Join(folder, "node", "node_modules", "node", "bin", "node")
	found := make([]map[string]map[string]string, len(readers))
	for i, command := range [][]string{
		{node, filepath.Join("testdata", "readers", "node.js")},
		{node, filepath.Join("testdata", "readers", "npm.js")},
		{filepath.Join(folder, "python", "bin", "python"), filepath.Join("testdata", "readers", "python.py")},
		{filepath.Join(folder, "bin", "godotenv")},
	} {
		cmd := exec.Command(command[0], append(command[1:], filepath.Join("testdata", "files"))...)
		cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(folder, "node", "node_modules"))
		cmd.Stderr = t.Output()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", readers[i], err)
		}
		if err := json.Unmarshal(out, &found[i]); err != nil {
			t.Fatalf("%s: %v", readers[i], err)
		}
	}
	all := map[string]election{}
	for file := range found[0] {
		all[strings.TrimSuffix(file, ".env")] = elect(file, found)
	}
	var lines []string // one for each file
	for _, file := range slices.Sorted(maps.Keys(all)) {
		line, err := json.Marshal(map[string]election{file: all[file]})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line[1:len(line)-1]))
	}
	b := "{\n" + strings.Join(lines, ",\n") + "\n}\n"
	path := filepath.Join("testdata", "readers.json")
	if *update {
		if err := os.WriteFile(path, []byte(b), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != b {
		t.Errorf("the readers no longer read as %s says (%v); go test ./pipeline/dotenv -update rewrites it", path, err)
	}
}

var exported = regexp.MustCompile(`^\x{feff}?(?:export\s+)?`)

// elect collects what the readers read of a file.
func elect(file string, found []map[string]map[string]string) election {
	e := election{Names: map[string][]vote{}}
	for i, reader := range readers {
		if found[i][file] == nil {
			e.Refused = append(e.Refused, reader)
		}
		for name, value := range found[i][file] {
			// Some readers take a byte order mark, or "export" before a tab, for a part of the name.
			name = exported.ReplaceAllString(name, "")
			if e.Names[name] == nil {
				e.Names[name] = make([]vote, len(readers))
			}
			e.Names[name][i] = &value
		}
	}
	for name, votes := range e.Names {
		if first := votes[0]; first != nil && !slices.ContainsFunc(votes, func(v vote) bool { return !same(v, first) }) {
			e.Names[name] = votes[:1]
		}
	}
	return e
}

func same(a, b vote) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func shown(v vote) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprintf("%.60q", *v)
}

// winners returns what most of the readers that do not refuse the file read: several things if none has the most.
func (e election) winners(name string) (best []vote, agreed bool) {
	votes := e.Names[name]
	if len(votes) == 0 {
		return []vote{nil}, true
	}
	if len(votes) == 1 {
		return votes, true
	}
	count := func(v vote) (n int) {
		for i, other := range votes {
			if same(v, other) && !slices.Contains(e.Refused, readers[i]) {
				n++
			}
		}
		return n
	}
	most, voters := 0, len(readers)-len(e.Refused)
	for i, v := range votes {
		if slices.Contains(e.Refused, readers[i]) || slices.ContainsFunc(best, func(b vote) bool { return same(b, v) }) {
			continue
		}
		switch n := count(v); {
		case n > most:
			most, best = n, []vote{v}
		case n == most:
			best = append(best, v)
		}
	}
	return best, most == voters
}

// TestParseReadsWhatMostReadersRead compares Parse with the readers: their majority is right. Where they disagree, a note says so,
// and where they agree, none does.
func TestParseReadsWhatMostReadersRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "files", "*.env"))
	if err != nil || len(files) < 150 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	elections := recorded(t)
	ours := regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)
	for _, path := range files {
		file := strings.TrimSuffix(filepath.Base(path), ".env")
		e, ok := elections[file]
		if !ok {
			t.Errorf("%s: not in testdata/readers.json", file)
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(src)
		if f == nil {
			if f = new(File); !errors.Is(err, ErrNone) {
				t.Errorf("%s: %v", file, err)
			}
		}
		read := map[string]vote{}
		for _, v := range f.Variables {
			text := string(v.Value.Reveal())
			read[v.Name] = &text
		}
		names := slices.Sorted(maps.Keys(e.Names))
		for name := range read {
			if e.Names[name] == nil {
				names = append(names, name)
			}
		}
		for _, name := range names {
			best, agreed := e.winners(name)
			got := read[name]
			named := slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Name == name && n.Kind != Repeated })
			unread := slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Kind == Unread && n.Name == name })
			leftOut := slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Kind == LeftOut && (n.Name == name || n.Name == "") })
			switch {
			case got == nil && unread: // a broken key is worse than none, whatever the readers read
			case got == nil && leftOut && (!ours.MatchString(name) || len(best) > 1 || best[0] != nil && *best[0] == ""):
			case got != nil && named && len(best) > 1 && !slices.ContainsFunc(best, func(v vote) bool { return same(v, got) }) && *got == "":
			case got != nil && best[0] == nil && besides(f, name): // a value that is lost for most readers, as they take its line for a part of another one
			case !slices.ContainsFunc(best, func(v vote) bool { return same(v, got) }):
				t.Errorf("%s: %s is %s, not %s", file, name, shown(got), shown(best[0]))
			case !agreed && !named && got != nil && !besides(f, name):
				t.Errorf("%s: the readers disagree about %s, which no note says", file, name)
			}
			if agreed && len(e.Refused) == 0 && slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Name == name && n.Kind == Differs }) {
				t.Errorf("%s: the readers agree about %s, but a note says that they do not", file, name)
			}
		}
	}
}

// besides reports whether a note about another line says why readers disagree about a name.
func besides(f *File, name string) bool {
	return slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Name != name && n.Kind != Repeated })
}
