package needs

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAWSIsTheAWSCLI compares the program with the AWS CLI itself: exit codes, both
// streams, the input, the environment and the folder.
func TestAWSIsTheAWSCLI(t *testing.T) {
	itself := Program(t, "aws", "the AWS CLI, from PyPI: pip install awscli")
	quick := filepath.Join(AWS(t), "aws")
	dir, home := t.TempDir(), t.TempDir()
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(home, "config"), "[default]\nregion = eu-north-1\n[profile ü]\nregion = ap-south-1\n")
	write(filepath.Join(dir, "name.json"), "{\"Name\": \"/a\"}\n")
	ran := func(program, stdin string, environ []string, args ...string) (code int, stdout, stderr string) {
		t.Helper()
		var out, problems bytes.Buffer
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(stdin), &out, &problems
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_CONFIG_FILE=" + filepath.Join(home, "config"), "AWS_PAGER="}, environ...)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.String(), problems.String()
	}
	read := []string{"ssm", "get-parameter", "--generate-cli-skeleton", "output", "--cli-input-json"}
	for name, c := range map[string]struct {
		stdin   string
		environ []string
		args    []string
		says    string
	}{
		"of another profile": {"", []string{"AWS_PROFILE=ü"}, []string{"configure", "get", "region"}, "ap-south-1"},
		"no such service":    {"", nil, []string{"no-such-service"}, "Invalid choice"},
		"nobody answers": {"", []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_MAX_ATTEMPTS=1"},
			[]string{"sts", "get-caller-identity", "--endpoint-url", "http://127.0.0.1:1"}, "Could not connect"},
		"a file":              {"", nil, append(read, "file://name.json"), "Parameter"},
		"a file that is none": {"", nil, append(read, "file://gone.json"), "gone.json"},
		"what it reads":       {"\n\n\n\n", nil, []string{"configure"}, "Default region name [eu-north-1]"},
	} {
		code, stdout, stderr := ran(itself, c.stdin, c.environ, c.args...)
		if quickCode, quickOut, quickErr := ran(quick, c.stdin, c.environ, c.args...); quickCode != code || quickOut != stdout || quickErr != stderr {
			t.Errorf("%s: it ends with %d and prints %.300q and %.300q,\nthe AWS CLI ends with %d and prints %.300q and %.300q", name, quickCode, quickOut, quickErr, code, stdout, stderr)
		}
		if !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: the AWS CLI says %.300q and %.300q", name, stdout, stderr)
		}
	}
}
