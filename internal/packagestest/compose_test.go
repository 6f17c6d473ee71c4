package packagestest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/needs"
)

// TestComposeWithoutDocker runs what the services of the example run, in one network and with the folders of a test, because Docker
// does not run in tests: kms builds, unpacks and serves; the function opens its document there.
func TestComposeWithoutDocker(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../examples/testing/compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Command     []string
			NetworkMode string `yaml:"network_mode"`
			Healthcheck struct{ Test string }
			Environment map[string]string
			Ports       []string
			Volumes     []string
		}
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	kms, function := file.Services["kms"], file.Services["function"]
	if function.NetworkMode != "service:kms" || len(function.Ports) > 0 || kms.NetworkMode != "" {
		t.Errorf("the function is in network %q with ports %q", function.NetworkMode, function.Ports)
	}
	if !slices.Contains(kms.Volumes, "layer:/opt") || !slices.Contains(function.Volumes, "layer:/opt:ro") {
		t.Errorf("the layer is in %q and %q", kms.Volumes, function.Volumes)
	}

	node := needs.Program(t, "node", "Node.js 22 or later, nodejs.org")
	dir := t.TempDir()
	if err := needs.Bundle(filepath.Join(dir, "bundle")); err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("/state", dir+"/state", "/tmp/", dir+"/", "/opt", dir+"/opt", "bundle local serve", "bundle local serve --listen 127.0.0.1:0").Replace
	environ := []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir}
	server := exec.Command(kms.Command[0], kms.Command[1], here(kms.Command[2]))
	var said bytes.Buffer
	server.Dir, server.Env, server.Stdout, server.Stderr = "../..", environ, &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Process.Kill(), server.Wait() })
	healthy := func() ([]byte, error) {
		check := exec.Command("sh", "-c", strings.TrimSuffix(here(kms.Healthcheck.Test), ">/dev/null"))
		check.Dir, check.Env = "../..", environ
		return check.Output()
	}
	variables, err := healthy()
	for n := 0; err != nil && n < 200; n++ {
		time.Sleep(100 * time.Millisecond)
		variables, err = healthy()
	}
	if err != nil {
		_ = server.Process.Kill()
		_ = server.Wait()
		t.Fatalf("kms does not become healthy: %v\n%s", err, said.String())
	}
	_, address, _ := strings.Cut(string(variables), "export AWS_ENDPOINT_URL='")
	address, _, _ = strings.Cut(address, "'")
	environ = append(environ, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001", "BUNDLE_SECRETS_DIR="+dir+"/opt", "NODE_PATH="+dir+"/opt/nodejs/node_modules")
	for name, value := range function.Environment {
		environ = append(environ, name+"="+strings.Replace(value, "http://127.0.0.1:4599", address, 1))
	}
	out := run(t, dir, environ, node, "--eval", `require("bundle-secrets").getSecret("DB_PASSWORD").then((value) => console.log("it has", value.length))`)
	contains(t, out, "it has 19")
}
