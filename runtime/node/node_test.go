package node

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

// TestFilesAreThePackage: all of it, nothing else, and where Lambda looks for it.
func TestFilesAreThePackage(t *testing.T) {
	files, err := layerbuild.HelperFiles(Files)
	if err != nil {
		t.Fatal(err)
	}
	const root = "nodejs/node_modules/bundle-secrets/"
	var got []string
	for _, f := range files {
		if f.Executable {
			t.Errorf("%s is executable", f.Path)
		}
		got = append(got, f.Path)
	}
	want, err := filepath.Glob(root + "lib/*.cjs")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, root+"index.cjs", root+"index.mjs", root+"index.d.ts", root+"package.json")
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) || len(got) < 5 {
		t.Errorf("embedded are %v, want %v", got, want)
	}
}

// TestInNode runs the tests that are written in JavaScript.
func TestInNode(t *testing.T) {
	files, err := filepath.Glob("test/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of tests and %v", len(files), err)
	}
	programs := needs.Programs("node", "BUNDLE_TEST_NODE")
	if len(programs) == 0 {
		needs.Missing(t, "node is not installed (Node.js 20 or later, nodejs.org)")
	}
	for _, program := range programs {
		cmd := exec.Command(program, append([]string{"--test", "--test-reporter=tap"}, files...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", program, err, out)
		}
		if strings.Contains(string(out), "# SKIP") {
			t.Run("AWS's published cases", func(t *testing.T) {
				needs.Absent(t, "AWS's Signature Version 4 test cases (aws-sig-v4-test-suite) are not in shared/data/sigv4 beside the repository")
			})
		}
	}
}
