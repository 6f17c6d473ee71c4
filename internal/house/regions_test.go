package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/pipeline/manifest"
)

// A new SDK may know a region more: add it to manifest.KnownRegions.
func TestKnownRegionsAreThoseOfTheSDK(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal", "endpoints", "awsrulesfn", "partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sdk struct {
		Partitions []struct {
			Regions map[string]struct{}
		}
	}
	if err := json.Unmarshal(b, &sdk); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range sdk.Partitions {
		for region := range p.Regions {
			if !strings.HasSuffix(region, "-global") { // of services without regions
				want = append(want, region)
			}
		}
	}
	got := manifest.KnownRegions()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-SDK +KnownRegions:\n%s", diff)
	}
}
