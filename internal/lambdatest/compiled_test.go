//go:build unix

package lambdatest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// java compiles the function in Java with the archives of the runtime client.
// Java has no helper: it is the wrapper or nothing.
func java(t *testing.T, archives string) client {
	t.Helper()
	const from = "a JDK, 17 or later; Debian: apt-get install default-jdk-headless"
	compiler, machine := needs.Program(t, "javac", from), needs.Program(t, "java", from)
	all, err := filepath.Glob(filepath.Join(archives, "*.jar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		needs.Missing(t, "there are no archives in %s (run .ci/install-lambda-clients anew)", archives)
	}
	classes := t.TempDir()
	compile(t, "", compiler, "-cp", strings.Join(all, ":"), "-d", classes, "testdata/java/Function.java")
	path := strings.Join(append(all, classes), ":")
	return client{
		name: "java", helpers: []string{withoutSecrets}, argument: "-XX:+UseSerialGC",
		command: []string{machine, "-XX:+UseSerialGC", "-cp", path, "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", "Function::handleRequest"},
	}
}

// golang compiles the function in Go, of a module of its own. It runs on a
// provided runtime, which ignores AWS_LAMBDA_EXEC_WRAPPER: there the wrapper is
// in the function's own bootstrap.
func golang(t *testing.T) client {
	t.Helper()
	task := t.TempDir()
	program := filepath.Join(task, "app")
	compile(t, "testdata/go", "go", "build", "-o", program, ".")
	bootstrap, err := filepath.Abs("testdata/go/bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	return client{
		name: "go", helpers: []string{"library", withoutSecrets}, argument: "--verbose", task: task,
		command: []string{program, "--verbose"}, provided: []string{bootstrap, "--verbose"},
	}
}

func compile(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
