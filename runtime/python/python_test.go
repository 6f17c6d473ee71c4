package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/layerbuild"
)

// TestFilesAreThePackage checks that Files has the whole package and nothing else, where Lambda looks for it.
func TestFilesAreThePackage(t *testing.T) {
	files, err := layerbuild.HelperFiles(Files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		if f.Executable {
			t.Errorf("%s is executable", f.Path)
		}
		got = append(got, f.Path)
	}
	want, err := filepath.Glob("python/bundle_secrets/*.py")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, "python/bundle_secrets/py.typed")
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) || len(got) < 5 {
		t.Errorf("embedded are %v, want %v", got, want)
	}
}

// TestInPython runs the tests that are written in Python.
func TestInPython(t *testing.T) {
	programs := needs.Programs("python3", "BUNDLE_TEST_PYTHON")
	if len(programs) == 0 {
		needs.Missing(t, "python3 is not installed (Python 3.11 or later, python.org)")
	}
	for _, program := range programs {
		cmd := exec.Command(program, "-B", "-W", "error", "-m", "unittest", "discover", "-s", "tests")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", program, err, out)
		}
		if strings.Contains(string(out), "skipped") {
			t.Run("AWS's published cases", func(t *testing.T) {
				needs.Absent(t, "AWS's Signature Version 4 test cases (aws-sig-v4-test-suite) are not in shared/data/sigv4 beside the repository")
			})
		}
	}
}
