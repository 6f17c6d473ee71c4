package needs

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// AWS returns a folder with the program aws, for the front of PATH: the AWS CLI on
// PATH, without most of the half second of CPU that it takes to start. The CLI is
// loaded once, by a server that ends with the test and forks for each command. A
// CLI that is not in Python, as version 2, is started as it is.
func AWS(t testing.TB) string {
	t.Helper()
	program := Program(t, "aws", "the AWS CLI, from PyPI: pip install awscli")
	dir, err := os.MkdirTemp("", "aws-") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	aws := filepath.Join(dir, "aws")
	interpreter := interpreterOf(program)
	if len(interpreter) == 0 {
		if err := os.Symlink(program, aws); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	const source = "github.com/whispering/bundle/internal/needs/testdata/aws"
	if out, err := exec.Command("go", "build", "-o", aws, source).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	folder, err := exec.Command("go", "list", "-f", "{{.Dir}}", source).Output()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(strings.TrimSpace(string(folder)), "aws.py")
	server := exec.Command(interpreter[0], append(interpreter[1:], script, filepath.Join(dir, "socket"))...)
	server.Stderr = t.Output()
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	if ready, err := bufio.NewReader(stdout).ReadString('\n'); ready != "ready\n" {
		t.Fatalf("the server of the AWS CLI does not start: %v", err)
	}
	return dir
}

// interpreterOf returns the command of the Python that runs the AWS CLI, or nothing
// if that is not a script. The script may be a shim, as pyenv's: then python3 beside
// it is one of the same Python.
func interpreterOf(aws string) []string {
	f, err := os.Open(aws)
	if err != nil {
		return nil
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadString('\n') // of a script
	after, found := strings.CutPrefix(line, "#!")
	if !found {
		return nil
	}
	if command := strings.Fields(after); len(command) > 0 && strings.Contains(filepath.Base(command[0]), "python") {
		return command
	}
	python := itself(filepath.Join(filepath.Dir(aws), "python3"))
	if exec.Command(python, "-c", "import awscli.clidriver").Run() != nil {
		return nil
	}
	return []string{python}
}
