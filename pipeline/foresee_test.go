package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// A document has at most 1 MiB, so 1,000 secrets with long parameter names do not
// fit, whatever their values.
func TestADocumentThatCanOnlyBeTooLargeIsForeseen(t *testing.T) {
	for name, c := range map[string]struct {
		secrets, length int
		blind, large    bool
	}{
		"few":                    {3, 1000, false, false},
		"many":                   {1000, 100, false, false},
		"many, blind":            {1000, 100, true, false},
		"many, with long names":  {1000, 1000, false, true},
		"the same, but blind":    {1000, 1000, true, true},
		"long, but not too many": {800, 1000, false, false},
	} {
		m := &manifest.Manifest{}
		m.Bundle.Name.Value, m.Environment.Name.Value = "shop", "prod"
		run := &functionRun{key: seal.Key{ARN: "arn:aws:kms:us-west-2:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}
		run.fn.Name.Value, run.fn.Blind.Value = "hello", c.blind
		for i := range c.secrets {
			path := fmt.Sprintf("/prod/%s/p%04d", strings.Repeat("x", c.length), i)
			run.bindings = append(run.bindings, &binding{name: fmt.Sprintf("S%04d", i), encoding: secret.Text, at: &hcl.Range{}, version: secret.Version{
				ARN: "arn:aws:ssm:us-west-2:222222222222:parameter" + path, Number: 1, Modified: time.Unix(1e9, 0).UTC(),
			}})
		}
		problems := bound{&Scope{Manifest: m}, []*functionRun{run}}.checkSizes()
		if (len(problems) > 0) != c.large || c.large && problems[0].Summary != "Function cannot be sealed" {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
