// Package editorstest runs what editors and Git hooks make of bundle's schemas, problems and commands.
package editorstest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/pipeline/manifest"
)

// TestEditorsReadTheSchemas checks manifests and guard files with Ajv, in its strict mode, and with the service of VS Code,
// which completes as well.
func TestEditorsReadTheSchemas(t *testing.T) {
	t.Parallel()
	const function = `{"bundle": {"name": "shop"}, "function": {"hello": {"kms_key": "alias/hello", "secret": {"DB_PASSWORD": {"parameter": "/shop/db"}}}}}`
	const allow = `{"allow": [{"environments": ["prod"], "accounts": ["222222222222"], "regions": ["*"], "bundles": ["*"], "functions": ["*"], "keys": ["*"], "parameters": ["*"]}]}`
	for _, c := range []struct {
		name            string
		guard           bool
		accepted        []string
		refused         map[string]string // what VS Code says
		offered, hidden map[string]string // text with a bar: a name, or one with what it means
	}{{
		name:     "manifest",
		accepted: []string{function, `{"$schema": "x", "//": {"a": 1}}`, `[` + function + `, {}]`, `{"variable": {}, "locals": {"a": "${var.b}"}, "defaults": null}`, sample(t, "full.hcl.json"), sample(t, "json_comments.hcl.json")},
		refused: map[string]string{
			`{"functions": {}}`:                                              "Property functions is not allowed.",
			`{"function": {"hello": {"kms_keys": "x"}}}`:                     "Property kms_keys is not allowed.",
			`{"function": {"hello": {"secret": {"DB_PASSWORD": {}}}}}`:       `Missing property "parameter".`,
			`{"function": {"hello": {"shared_key": 1}}}`:                     "Incorrect type. Expected one of boolean, string, null.",
			`{"function": "hello"}`:                                          "Incorrect type. Expected one of object, array, null.",
			`{"environment": {"prod": {"account_id": 222222222222}}}`:        "Incorrect type. Expected one of string, null.",
			`{"bundle": [{"name": "a"}, {"name": "b"}]}`:                     "Array has too many items. Expected 1 or fewer.",
			`[{"$schema": "x"}]`:                                             "Property $schema is not allowed.",
			`{"function": {"hello": {"secret": {"DB-PASSWORD": {}}}}}`:       "Property DB-PASSWORD is not allowed.",
			`{"function": {"hello": {"parameters": [{"recursive": true}]}}}`: `Missing property "path".`,
		},
		offered: map[string]string{
			`{|}`:                          "function: Every environment needs",
			`{"bundle": {|}}`:              "layer: The name to publish the layer under",
			`{"function": {"hello": {|}}}`: "kms_key: Required, here or in",
			`{"function": {"hello": {"secret": {"A_B": {|}}}}}`:           "min_length: The minimum length",
			`{"function": [{"hello": [{"parameters": [{|}]}]}]}`:          "recursive",
			`{"function": {"hello": {"blind": |}}}`:                       "true",
			`{"environment": {"prod": {"account_id": "222222222222",|}}}`: "regions",
		},
		hidden: map[string]string{`{"bundle": {|}}`: "kms_key", `{"locals": {|}}`: "name"},
	}, {
		name: "guard", guard: true,
		accepted: []string{allow, `{"$schema": "x", "allow": null}`},
		refused: map[string]string{
			`{"allow": [{"environments": ["prod"]}]}`:                   `Missing property "accounts".`,
			strings.Replace(allow, `["prod"]`, `[]`, 1):                 "Array has too few items. Expected 1 or more.",
			strings.Replace(allow, `"keys"`, `"key": 1, "keys"`, 1):     "Property key is not allowed.",
			strings.Replace(allow, `{"allow"`, `{"deny": 1,"allow"`, 1): "Property deny is not allowed.",
		},
		offered: map[string]string{`{"allow": {|}}`: "layers: The names that a layer can be published under"},
		hidden:  map[string]string{`{|}`: "function"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			var ask struct {
				Schema   json.RawMessage `json:"schema"`
				Check    []string        `json:"check"`
				Complete []string        `json:"complete"`
			}
			ask.Schema, ask.Check = manifest.JSONSchema(c.guard), slices.Clone(c.accepted)
			var said []string
			for text, says := range c.refused {
				ask.Check, said = append(ask.Check, text), append(said, says)
			}
			var names []string
			for text, name := range c.offered {
				ask.Complete, names = append(ask.Complete, text), append(names, name)
			}
			for text, name := range c.hidden {
				ask.Complete, names = append(ask.Complete, text), append(names, "!"+name)
			}
			question, err := json.Marshal(ask)
			if err != nil {
				t.Fatal(err)
			}
			var answer struct {
				Checked []struct {
					Ajv   bool
					Marks []string
				}
				Completed [][]string
			}
			cmd := exec.CommandContext(t.Context(), needs.Program(t, "node", "Node.js 22 or later, nodejs.org"), "testdata/schema.js")
			cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(needs.EditorTools(t), "node", "node_modules"))
			cmd.Stdin, cmd.Stderr = bytes.NewReader(question), t.Output()
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatal(err)
			}
			for i, text := range ask.Check {
				got := answer.Checked[i]
				if i < len(c.accepted) && (!got.Ajv || len(got.Marks) > 0) {
					t.Errorf("Ajv: %t, VS Code marks %q in %s", got.Ajv, got.Marks, text)
				}
				if i >= len(c.accepted) && (got.Ajv || !slices.Contains(got.Marks, said[i-len(c.accepted)])) {
					t.Errorf("Ajv: %t, VS Code marks %q in %s, not %q", got.Ajv, got.Marks, text, said[i-len(c.accepted)])
				}
			}
			for i, text := range ask.Complete {
				name, hidden := strings.CutPrefix(names[i], "!")
				if slices.ContainsFunc(answer.Completed[i], func(s string) bool { return strings.HasPrefix(s, name) }) == hidden {
					t.Errorf("VS Code offers %.300q in %s; %s is hidden: %t", answer.Completed[i], text, name, hidden)
				}
			}
		})
	}
}

// sample returns a manifest in JSON that bundle accepts.
func sample(t *testing.T, name string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("../../pipeline/manifest/testdata/ok", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(src), "\ufeff")
}
