package policy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// linted returns documents of all kinds, for bundles of one function, of several, and of
// many, by ARN and by tags, in parts if they are large.
func linted(t *testing.T) (all []policy.Document) {
	t.Helper()
	for _, n := range []int{1, 10, 40, -1, -10, -40} { // less than 0: by tags
		var names []string
		for i := range max(n, -n) {
			names = append(names, fmt.Sprintf("function-%d", i))
		}
		s := keeping(puttable(plain("aws", "us-west-2", names...)))
		s.ByTags = n < 0
		s.BreakGlass = []string{"arn:aws:iam::222222222222:role/glass"}
		documents, missing, err := s.Documents(policy.KindAll, nil)
		if err != nil || len(missing) > 0 {
			t.Fatal(err, missing)
		}
		for _, d := range documents {
			if i := slices.Index(names, d.Function); i > 1 {
				continue // like one of the first two: packed and blind
			}
			parts := []policy.Document{d.Policy}
			if d.Kind != policy.KindKey {
				if parts, err = d.Policy.Split(policy.MaxManaged); err != nil {
					t.Fatal(err)
				}
			}
			all = append(all, parts...)
		}
	}
	return all
}

// puttable makes the parameters of a setting such that they can be put.
func puttable(s policy.Setting) policy.Setting {
	for i := range s.Manifest.Functions {
		secrets := s.Manifest.Functions[i].Secrets
		secrets[0].Parameter.Value = strings.TrimSuffix(secrets[0].Parameter.Value, ":stable")
	}
	return s
}

// keeping gives the packed functions of a setting secrets of Secrets Manager: one that must
// exist, and one that need not.
func keeping(s policy.Setting) policy.Setting {
	for i := range s.Manifest.Functions {
		fn := &s.Manifest.Functions[i]
		for _, name := range []string{"prod/" + fn.Name.Value, "prod/" + fn.Name.Value + "/more"} {
			if !fn.Blind.Value {
				fn.Secrets = append(fn.Secrets, manifest.Secret{SecretsManager: manifest.Text{Value: name}, Optional: strings.HasSuffix(name, "more")})
			}
		}
	}
	s.SecretKeys = []string{"arn:aws:kms:us-west-2:222222222222:key/ffffffff-1111-4111-8111-111111111111"}
	return s
}

// docs/policy.md lists what linters find in the policies, and nothing else, with the
// reason why they err.
func TestLintersFindWhatTheDocumentationSays(t *testing.T) {
	python := filepath.Join(needs.PolicyTools(t), "python", "bin", "python")
	t.Parallel()
	input, err := json.Marshal(linted(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/lint.py")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var findings [][3]string
	if err := json.Unmarshal(output, &findings); err != nil {
		t.Fatal(err)
	}
	var found []string
	ofFunction, ofPart := regexp.MustCompile(`^(Seal|Open)Function\d+$`), regexp.MustCompile(`\d+$`)
	for _, f := range findings {
		sid := ofPart.ReplaceAllString(ofFunction.ReplaceAllString(f[2], "$1…"), "")
		found = append(found, fmt.Sprintf("| %s | `%s` | `%s` |", f[0], f[1], sid))
	}
	slices.Sort(found)
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## What linters say\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := regexp.MustCompile("(?m)^\\| [a-z][^|]*\\| `[^`]*` \\| `[^`]*` \\|").FindAllString(section, -1)
	slices.Sort(documented)
	if diff := cmp.Diff(slices.Compact(found), documented); diff != "" {
		t.Errorf("found (-) and documented (+):\n%s", diff)
	}
}
