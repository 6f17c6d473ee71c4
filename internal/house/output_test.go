package house

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// past are the ways to write to the process's streams that bypass
// internal/printable.
var past = regexp.MustCompile(`\bos\.Std(out|err)\b|\bfmt\.Print|\blog\.(Print|Fatal|Panic|Default|SetOutput)|\bprintln\(|\.(Screen|Verbatim|Commands)\(\)`)

// throughStreams are the packages that a run of bundle is made of.
var throughStreams = []string{"cmd/bundle", "pipeline", "layerbuild", "internal"}

// exempt are files that may: they hand the streams over, or become another
// program that has them. signedat, mutate, bench, ociimage and others are programs of their own, no part of bundle.
var exempt = []string{"cmd/bundle/main.go", "internal/cli/child/process.go", "internal/printable/stream.go", "internal/e2e/signedat/main.go", "internal/e2e/stscall/main.go", "internal/e2e/busy/main.go", "internal/house/mutate/main.go", "internal/scale/main.go", "internal/ociimage/main.go", "internal/initcheck/main.go", "internal/bench/main.go", "internal/bench/account.go", "internal/bench/curve.go", "internal/bench/deployed.go", "internal/bench/measure.go", "internal/bench/opening.go", "internal/bench/world.go"}

// unfiltered are the ways through a Stream that let anything pass, and the files
// that may take them: for drawing on a terminal, and putting a Stream upon what is
// behind one; for scripts of ours, and what printVerbatim has looked at; for
// annotations, which are escaped.
var unfiltered = map[string][]string{
	".Screen()":   {"internal/cli/console/console.go", "internal/cli/console/progress.go"},
	".Verbatim()": {"cmd/bundle/completion.go", "internal/cli/console/render.go"},
	".Commands()": {"internal/cli/console/actions.go"},
}

// TestNothingIsWrittenPastTheStreams reads the sources: what others say reaches a
// terminal or a log through internal/printable alone.
func TestNothingIsWrittenPastTheStreams(t *testing.T) {
	for _, folder := range throughStreams {
		err := filepath.WalkDir(filepath.Join(root(t), folder), func(path string, entry os.DirEntry, err error) error {
			name := filepath.ToSlash(strings.TrimPrefix(path, root(t)+string(filepath.Separator)))
			if err == nil && entry.IsDir() && entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || slices.Contains(exempt, name) {
				return err
			}
			src, err := os.ReadFile(path)
			for i, line := range strings.Split(string(src), "\n") {
				code, _, _ := strings.Cut(line, "//")
				if found := past.FindString(code); found != "" && !slices.Contains(unfiltered[found], name) {
					t.Errorf("%s:%d: %s goes past the streams; write with print, hint, table or printJSON", name, i+1, found)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
