package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/hashicorp/hcl/v2"
)

// compiled returns a validator of the schema for manifests or guard files.
func compiled(t testing.TB, guard bool) *jsonschema.Resolved {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(JSONSchema(guard), &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// fits returns what a schema finds wrong with a text.
func fits(schema *jsonschema.Resolved, src []byte) error {
	var value any
	if err := json.Unmarshal(bytes.TrimPrefix(src, []byte("\ufeff")), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}

// accepted returns whether bundle accepts a manifest in JSON: loads it, and evaluates it for every environment.
func accepted(src []byte) (bool, hcl.Diagnostics) {
	m, diags := LoadSource("secrets.hcl.json", src, Options{Environ: []string{"BUNDLE_VAR_tier=web"}})
	for _, env := range m.Environments() {
		_, more := m.Evaluate(env)
		diags = append(diags, more...)
	}
	return !diags.HasErrors(), diags
}

// acceptedGuard is the same for a guard file.
func acceptedGuard(t testing.TB, src []byte) (bool, hcl.Diagnostics) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guard.json")
	if err := os.WriteFile(path, src, 0o600); err != nil {
		t.Fatal(err)
	}
	g, diags := LoadGuard(path)
	return !diags.HasErrors() && !g.Old(), diags
}

var (
	jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)```\n")
	storyFile = regexp.MustCompile(`(?m)^-- (\S+) --\n((?:(?:[^-\n].*|-[^-\n].*)?\n)*)`)
)

// manifestFiles returns the files of the repository and its stories whose names end in a dot and ext, by place.
func manifestFiles(t *testing.T, ext string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return cmp.Or(err, fs.SkipDir)
		}
		story := strings.HasSuffix(path, ".txtar")
		if d.IsDir() || !story && !strings.HasSuffix(path, "."+ext) {
			return nil
		}
		src, err := os.ReadFile(path)
		place := strings.TrimPrefix(path, root+"/")
		if !story {
			all[place] = src
			return err
		}
		for _, f := range storyFile.FindAllSubmatch(src, -1) {
			if strings.HasSuffix(string(f[1]), "."+ext) {
				all[place+": "+string(f[1])] = f[2]
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every manifest in JSON of the repository that bundle accepts fits the schema, and a part of one in a page does too.
func TestManifestsOfTheRepositoryFitTheSchema(t *testing.T) {
	schema := compiled(t, false)
	fitting := 0
	all := manifestFiles(t, "hcl.json")
	page, err := os.ReadFile(filepath.Join(root, "docs", "manifest.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range jsonBlock.FindAllSubmatch(page, -1) {
		all[fmt.Sprintf("docs/manifest.md: block %d", i+1)] = block[1]
	}
	for place, src := range all {
		if ok, _ := accepted(src); !ok && !strings.HasPrefix(place, "docs/") { // which have parts of manifests
			continue
		}
		fitting++
		if err := fits(schema, src); err != nil {
			t.Errorf("%s: %v", place, err)
		}
	}
	if fitting < 4 {
		t.Errorf("only %d manifests", fitting)
	}
}

const (
	smallManifest = `{
  "bundle": {"name": "shop", "helpers": ["node"]},
  "variable": {"tier": {"default": "web"}},
  "environment": {"prod": {"account_id": "222222222222", "regions": ["us-west-2"], "role": "arn:aws:iam::222222222222:role/build", "tags": {"team": "shop"}}},
  "locals": {"root": "/shop"},
  "defaults": {"include": ["common"]},
  "group": {"common": {"secret": {"LOG_TOKEN": {"parameter": "/shop/log"}}}},
  "function": {"hello": {
    "kms_key": "alias/hello", "blind": false,
    "secret": {"DB_PASSWORD": {"parameter": "${local.root}/db", "min_length": 8, "optional": true}},
    "parameters": [{"path": "/shop/hello/", "recursive": true}]
  }}
}`
	smallGuard = `{"allow": [{
  "environments": ["prod"], "accounts": ["222222222222"], "regions": ["us-west-2"], "bundles": ["shop"], "functions": ["hello"],
  "keys": ["alias/hello"], "parameters": ["/shop/"], "blind": false
}]}`
)

// A change is a text of the small manifest or guard file, and what replaces it.
type change struct{ from, to string }

func (c change) made(t *testing.T, src string) []byte {
	t.Helper()
	if strings.Count(src, c.from) != 1 {
		t.Fatalf("%s is there %d times", c.from, strings.Count(src, c.from))
	}
	return []byte(strings.Replace(src, c.from, c.to, 1))
}

// What bundle refuses because of names, places and types, the schema refuses too.
func TestSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	schema := compiled(t, false)
	for _, c := range []change{
		// of the file
		{`"bundle"`, `"bundel"`},
		{`"bundle"`, `"Bundle"`},
		{`"locals"`, `"local"`},
		{`"variable"`, `"variables"`},
		{`"environment"`, `"environments"`},
		{`"group"`, `"kms_key": "alias/x", "group"`},
		{`"group"`, `"secret": {"X_Y": {"parameter": "/x/y"}}, "group"`},
		{`"group"`, `"parameters": {"path": "/x/y"}, "group"`},
		{`"group"`, `"schema": "x", "group"`},
		{`"group"`, `"$schema": 5, "group"`},
		{`"group"`, `"$schema": null, "group"`},
		{`"group"`, `"": {}, "group"`},
		{smallManifest, `[` + smallManifest + `, null]`},
		{smallManifest, `[[` + smallManifest + `]]`},
		{smallManifest, `[` + smallManifest + `, {"$schema": "x"}]`},
		{smallManifest, `"bundle"`},
		{smallManifest, `null`},
		{smallManifest, `[` + smallManifest + `, 1]`},
		// of blocks without a name
		{`{"name": "shop", "helpers": ["node"]}`, `"shop"`},
		{`{"name": "shop", "helpers": ["node"]}`, `true`},
		{`{"name": "shop", "helpers": ["node"]}`, `{}`},
		{`{"name": "shop", "helpers": ["node"]}`, `[{"name": "shop"}, {"name": "shop"}]`},
		{`{"name": "shop", "helpers": ["node"]}`, `[null]`},
		{`{"name": "shop", "helpers": ["node"]}`, `["shop"]`},
		{`{"name": "shop", "helpers": ["node"]}`, `{"payments": {"name": "shop"}}`},
		{`{"name": "shop", "helpers": ["node"]}`, `[[{"name": "shop"}, null]]`},
		{`{"root": "/shop"}`, `[null]`},
		{`{"root": "/shop"}`, `[["root"]]`},
		{`{"root": "/shop"}`, `"root"`},
		{`{"root": "/shop"}`, `{"root": "/shop", "a b": 1}`},
		{`{"root": "/shop"}`, `{"root": "/shop", "1st": 1}`},
		{`{"root": "/shop"}`, `{"root": "/shop", "": 1}`},
		{`{"root": "/shop"}`, `{"root": "/shop", "a.b": 1}`},
		{`{"include": ["common"]}`, `{"include": ["common"], "secret": {"X_Y": {"parameter": "/x/y"}}}`},
		{`{"include": ["common"]}`, `{"include": ["common"], "name": "x"}`},
		{`{"include": ["common"]}`, `7`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `{"recursive": true}`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `[{"recursive": true}]`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `[null]`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `["/shop/hello/"]`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `{"hello": {"path": "/shop/hello/"}}`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `{"path": null}`},
		// of blocks with a name
		{`{"tier": {"default": "web"}}`, `{"tier": "web"}`},
		{`{"tier": {"default": "web"}}`, `{"tier": {"default": "web", "type": "string"}}`},
		{`{"tier": {"default": "web"}}`, `{"tier": {"default": 5}}`},
		{`{"tier": {"default": "web"}}`, `{"tier-1": {"default": "web"}}`},
		{`{"tier": {"default": "web"}}`, `[{"tier": {"default": "web"}}, null]`},
		{`{"tier": {"default": "web"}}`, `["tier"]`},
		{`{"tier": {"default": "web"}}`, `[[]]`},
		{`{"tier": {"default": "web"}}`, `[[5]]`},
		{`{"tier": {"default": "web"}}`, `{"tier": null}`},
		{`{"tier": {"default": "web"}}`, `{"tier": []}`},
		{`{"tier": {"default": "web"}}`, `{"tier": [{"default": "web"}, {"default": "web"}]}`},
		{`{"tier": {"default": "web"}}`, `true`},
		{`"account_id": "222222222222"`, `"account_id": 222222222222`},
		{`"account_id": "222222222222"`, `"account": "222222222222"`},
		{`"account_id": "222222222222"`, `"account_id": ["222222222222"]`},
		{`"account_id": "222222222222"`, `"account_id": ""`},
		{`"account_id": "222222222222"`, `"account_id": "222222222222", "region": "us-west-2"`},
		{`"account_id": "222222222222"`, `"account_id": "222222222222", "kms_key": "alias/x"`},
		{`["us-west-2"]`, `"us-west-2"`},
		{`["us-west-2"]`, `["us-west-2", null]`},
		{`["us-west-2"]`, `[5]`},
		{`["us-west-2"]`, `{"us-west-2": true}`},
		{`{"team": "shop"}`, `{"team": 5}`},
		{`{"team": "shop"}`, `{"team": null}`},
		{`{"team": "shop"}`, `["team"]`},
		{`{"team": "shop"}`, `"team"`},
		{`"prod"`, `"pr od"`},
		{`"prod"`, `""`},
		{`"prod"`, `"${var.tier}"`},
		{`"blind": false`, `"blind": "false"`},
		{`"blind": false`, `"blind": 0`},
		{`"blind": false`, `"blind": "yes ${var.tier}"`},
		{`"blind": false`, `"key": "alias/hello"`},
		{`"blind": false`, `"environments": "prod"`},
		{`"blind": false`, `"group": {}`},
		{`"blind": false`, `"parameter": "/x/y"`},
		{`"parameter": "${local.root}/db"`, `"path": "/x/y"`},
		{`"parameter": "${local.root}/db"`, `"parameter": null`},
		{`"parameter": "${local.root}/db"`, `"parameter": null, "secretsmanager": null`},
		{`"parameter": "${local.root}/db"`, `"version_stage": "AWSCURRENT"`},
		{`"parameter": "${local.root}/db"`, `"secretsmanager": ""`},
		{`"parameter": "${local.root}/db"`, `"secretsmanager": "db", "version_id": 7`},
		{`"parameter": "${local.root}/db", "min_length": 8`, `"secretsmanager": "db", "min_length": 65537`},
		{`"parameter": "${local.root}/db"`, `"parameter": ["/x/y"]`},
		{`"parameter": "${local.root}/db"`, `"parameter": ""`},
		{`"parameter": "${local.root}/db"`, `"parameter": "/x", "value": "hunter2"`},
		{`"parameter": "${local.root}/db"`, `"parameter": "/x", "blind": true`},
		{`"parameter": "${local.root}/db"`, `"parameter": "/x", "encryption_context": {}`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `"/shop/db"`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `null`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `[]`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `[null]`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `[[]]`},
		{`"min_length": 8`, `"min_length": "8"`},
		{`"min_length": 8`, `"min_length": 8.5`},
		{`"min_length": 8`, `"min_length": 0`},
		{`"min_length": 8`, `"min_length": -1`},
		{`"min_length": 8`, `"min_length": 8193`},
		{`"min_length": 8`, `"min_length": true`},
		{`"DB_PASSWORD"`, `"DB-PASSWORD"`},
		{`"DB_PASSWORD"`, `"9_PASSWORD"`},
		{`"DB_PASSWORD"`, `"D"`},
		{`"DB_PASSWORD"`, `"$schema"`},
		{`"common": {"secret"`, `"common": {"kms_key": "alias/x", "secret"`},
		{`"common": {"secret"`, `"common": {"$schema": "x", "secret"`},
	} {
		src := c.made(t, smallManifest)
		if ok, _ := accepted(src); ok {
			t.Errorf("bundle accepts %s for %s", c.to, c.from)
		}
		if fits(schema, src) == nil {
			t.Errorf("the schema accepts %s for %s", c.to, c.from)
		}
	}
}

// What bundle accepts in other forms, the schema accepts too.
func TestSchemaAcceptsEveryForm(t *testing.T) {
	schema := compiled(t, false)
	for _, c := range []change{
		{`"bundle"`, `"$schema": "secrets.schema.json", "bundle"`},
		{`"bundle"`, `"//": ["a", {"comment": null}], "bundle"`},
		{smallManifest, `[` + smallManifest + `, {}, {"//": 1}]`},
		{`{"name": "shop", "helpers": ["node"]}`, `[{"name": "shop"}]`},
		{`{"name": "shop", "helpers": ["node"]}`, `[[{"name": "shop"}, {"helpers": "${[\"node\"]}"}]]`},
		{`{"name": "shop", "helpers": ["node"]}`, `{"name": "${\"shop\"}", "layer": null, "//": {}}`},
		{`{"root": "/shop"}`, `[{"root": "/shop"}, {"a-b_9": {"x": [1, null]}, "größe": "${1 > 0}"}]`},
		{`{"include": ["common"]}`, `[null]`},
		{`{"include": ["common"]}`, `[[{"include": ["common"]}, {"blind": "${environment.name == \"prod\"}"}]]`},
		{`{"include": ["common"]}`, `{"include": "${[\"common\"]}", "deployed_as": null}`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `null`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `[]`},
		{`[{"path": "/shop/hello/", "recursive": true}]`, `[[{"path": "/shop/hello/"}, {"prefix": ""}]]`},
		{`{"tier": {"default": "web"}}`, `[{"tier": [{"default": ""}]}, {"//": 1}, {}]`},
		{`{"tier": {"default": "web"}}`, `{"tier": [[{"default": "web"}, {"description": ""}]]}`},
		{`{"tier": {"default": "web"}}`, `null`},
		{`{"tier": {"default": "web"}}`, `[{}]`},
		{`{"tier": {"default": "web"}}`, `{"//": "none"}`},
		{`["us-west-2"]`, `"${[\"us-west-2\"]}"`},
		{`["us-west-2"]`, `["${var.tier == \"web\" ? \"us-west-2\" : \"eu-west-1\"}"]`},
		{`{"team": "shop"}`, `{"${var.tier}": "${var.tier}", "//": ""}`},
		{`{"team": "shop"}`, `"${{ team = \"shop\" }}"`},
		{`"blind": false`, `"blind": null`},
		{`"min_length": 8`, `"min_length": 8.0`},
		{`"min_length": 8`, `"min_length": "${8}"`},
		{`"min_length": 8`, `"min_length": null, "//": 1`},
		{`"optional": true`, `"optional": "${var.tier != \"api\"}"`},
		{`{"DB_PASSWORD": {"parameter": "${local.root}/db", "min_length": 8, "optional": true}}`, `[{"DB_PASSWORD": {"parameter": "/a/b"}}, {"DB_USER": {"parameter": "/a/c"}}]`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `[[{"parameter": "/a/b"}, {"optional": true}]]`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `[[{"secretsmanager": "db"}, {"version_stage": "AWSPREVIOUS", "min_length": 65536}]]`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `{"secretsmanager": "db", "version_id": "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1", "min_length": 65536}`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `{"secretsmanager": "rds!x", "parameter": null, "version_stage": "AWSPREVIOUS", "version_id": null, "min_length": 8193}`},
		{`{"parameter": "${local.root}/db", "min_length": 8, "optional": true}`, `{"secretsmanager": "${null}", "parameter": "${local.root}/db"}`},
	} {
		src := c.made(t, smallManifest)
		if ok, diags := accepted(src); !ok {
			t.Errorf("bundle refuses %s for %s: %v", c.to, c.from, diags)
		}
		if err := fits(schema, src); err != nil {
			t.Errorf("the schema refuses %s for %s: %v", c.to, c.from, err)
		}
	}
}

func TestGuardSchemaAgreesWithTheDecoder(t *testing.T) {
	schema := compiled(t, true)
	for _, c := range []change{
		{`{"allow"`, `{"$schema": "guard.schema.json", "//": 1, "allow"`},
		{smallGuard, `[` + smallGuard + `, {"allow": null}]`},
		{`"blind": false`, `"blind": "${true}"`},
		{`"blind": false`, `"blind": null, "layers": [], "helpers": null`},
		{`"parameters": ["/shop/"]`, `"secrets": ["shop/", "rds!cluster-1"]`},
		{`"parameters": ["/shop/"]`, `"parameters": ["/shop/"], "secrets": ["*"]`},
		{`"parameters": ["/shop/"]`, `"parameters": null, "secrets": ["${\"shop/\"}"]`},
		{`["hello"]`, `"${[\"hello\"]}"`},
		{`{"allow": [{`, `{"allow": [[{"//": 1}, {`},
	} {
		src := c.made(t, smallGuard)
		if strings.HasSuffix(c.to, "[[{\"//\": 1}, {") {
			src = bytes.Replace(src, []byte("}]}"), []byte("}]]}"), 1)
		}
		if ok, diags := acceptedGuard(t, src); !ok {
			t.Errorf("bundle refuses %s for %s: %v", c.to, c.from, diags)
		}
		if err := fits(schema, src); err != nil {
			t.Errorf("the schema refuses %s for %s: %v", c.to, c.from, err)
		}
	}
	for _, c := range []change{
		{`"allow"`, `"deny"`},
		{`{"allow"`, `{"bundle": {"name": "shop"}, "allow"`},
		{`{"allow"`, `{"$schema": {}, "allow"`},
		{`["prod"]`, `[]`},
		{`["prod"]`, `"prod"`},
		{`["prod"]`, `null`},
		{`["222222222222"]`, `[222222222222]`},
		{`["222222222222"]`, `[""]`},
		{`"blind": false`, `"blind": "false"`},
		{`"blind": false`, `"blinds": false`},
		{`"blind": false`, `"layers": "shop"`},
		{`"blind": false`, `"helpers": [null]`},
		{`"functions": ["hello"],`, ``},
		{`"accounts": ["222222222222"], `, ``},
		{`"keys": ["alias/hello"], "parameters": ["/shop/"]`, `"key": ["alias/hello"], "parameters": ["/shop/"]`},
		{`"parameters": ["/shop/"]`, `"layers": []`},
		{`"parameters": ["/shop/"]`, `"parameters": []`},
		{`"parameters": ["/shop/"]`, `"secrets": []`},
		{`"parameters": ["/shop/"]`, `"secrets": "shop/"`},
		{`"parameters": ["/shop/"]`, `"parameters": null`},
		{smallGuard, `{"allow": [null]}`},
		{smallGuard, `{"allow": ["prod"]}`},
		{smallGuard, `{"allow": {"prod": {}}}`},
		{smallGuard, `{"allow": true}`},
		{smallGuard, `"allow"`},
	} {
		src := c.made(t, smallGuard)
		if ok, _ := acceptedGuard(t, src); ok {
			t.Errorf("bundle accepts %s for %s", c.to, c.from)
		}
		if fits(schema, src) == nil {
			t.Errorf("the schema accepts %s for %s", c.to, c.from)
		}
	}
}
