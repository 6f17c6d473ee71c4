package node

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/whispering/bundle/internal/needs"
)

// TestFilesAreThePackage checks that every module is in one file, where Lambda looks for it.
func TestFilesAreThePackage(t *testing.T) {
	root := unpack(t)
	script, err := os.ReadFile(filepath.Join(root, "index.cjs"))
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Glob("package/lib/*.cjs")
	if err != nil || len(modules) < 5 {
		t.Fatalf("%d modules and %v", len(modules), err)
	}
	for _, file := range modules {
		name := strings.TrimSuffix(filepath.Base(file), ".cjs")
		if n := len(regexp.MustCompile(`(?m)^parts\.`+name+` = (\(\) => \{|\(function \(\) \{)$`).FindAll(script, -1)); n != 1 {
			t.Errorf("%s is %d times in the file", name, n)
		}
	}
	if rest := regexp.MustCompile(`require\((?:[^"]|"[^n]).*`).FindString(string(script)); rest != "" {
		t.Errorf("a module that does not belong to Node is required: %s", rest)
	}
	if at := strings.IndexFunc(string(script), func(r rune) bool { return r > unicode.MaxASCII }); at >= 0 {
		t.Errorf("there is a character that makes V8 read the file as UTF-16, which takes longer: %.40q", script[at:])
	}
	_, code, _ := strings.Cut(string(script), "\nconst made")
	if rest := regexp.MustCompile(`(?m)^\s*(?://|/?\*).*`).FindString(code); rest != "" {
		t.Errorf("a comment is left: %s", rest)
	}
	if n := strings.Count(string(script), "module.exports"); n != 1 {
		t.Errorf("%d exports, want those of index.cjs alone", n)
	}
}

// unpack writes the package to its path in a layer, below a new folder, and returns the package's folder.
func unpack(t *testing.T) string {
	t.Helper()
	opt := t.TempDir()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(opt, "nodejs", "node_modules", "bundle-secrets")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Executable {
			t.Errorf("%s is executable", f.Path)
		}
		if err := os.WriteFile(filepath.Join(opt, f.Path), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
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
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NODE_PATH=" + filepath.Dir(unpack(t))}
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
