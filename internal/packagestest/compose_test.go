package packagestest

import (
	"net/url"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestComposeSharesOneNetwork: Docker does not run in tests, so this checks what makes the example work: the function is in the
// network of the embedded AWS, at whose default address on loopback it finds KMS.
func TestComposeSharesOneNetwork(t *testing.T) {
	b, err := os.ReadFile("../../examples/testing/compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Command     []string
			NetworkMode string   `yaml:"network_mode"`
			DependsOn   []string `yaml:"depends_on"`
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
	if at, err := url.Parse(function.Environment["AWS_ENDPOINT_URL_KMS"]); err != nil || at.Host != "127.0.0.1:4599" {
		t.Errorf("KMS is at %v, %v", at, err)
	}
	if got := kms.Command; len(got) != 3 || got[1] != "local" || got[2] != "serve" {
		t.Errorf("kms runs %q", got)
	}
}
