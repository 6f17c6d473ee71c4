package manifest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// secretText must not be printed, and neither must its parts.
const secretText = "hunter2canary"

// excerpt matches a printed line of a source.
var excerpt = regexp.MustCompile(`(?m)^ +\d+: `)

// said returns everything that is printed for a file, named with --manifest and with --guard.
func said(t *testing.T, path string) string {
	t.Helper()
	m, diags := everything(path, Options{})
	_, read := Read(path)
	g, guard := LoadGuard(path)
	return render(t, m, append(diags, read...)) + render(t, &Module{files: g.Files()}, guard)
}

func TestFilesThatAreNoManifestsAreNotShown(t *testing.T) {
	for name, content := range map[string]string{
		".env":                     "DB_PASSWORD=hunter2canary\nAPI_KEY='hunter2canary'\nexport TOKEN=\"hunter2canary\"\n",
		"quoted.env":               "DB_PASSWORD=\"hunter2canary\"\n",
		"quoted2.env":              "# hunter2canary\nDB_PASSWORD = \"hunter2canary\"\nPORT = 5432\n",
		"secret.auto.tfvars":       "db_password = \"hunter2canary\"\ntags = { a = \"hunter2canary\" }\n",
		"values.hcl":               "db_password = \"hunter2canary\"\nbundle = \"hunter2canary\"\nfunction = { hello = \"hunter2canary\" }\n",
		"main.tf":                  "provider \"aws\" {\n  secret_key = \"hunter2canary\"\n}\nvariable \"x\" {\n  default = \"hunter2canary\"\n}\nlocals {\n  p = \"hunter2canary\"\n}\n",
		"variables.tf":             "variable \"x\" {\n  type = string\n  default = \"hunter2canary\"\n}\n",
		"locals.tf":                "locals {\n  p = \"hunter2canary\"\n  p = \"hunter2canary\"\n}\nlocals {\n  p = \"hunter2canary\"\n}\n",
		"oneline.tf":               "locals { password = \"hunter2canary\" }\n",
		"terragrunt.hcl":           "include \"root\" { path = \"hunter2canary\" }\ninputs = {\n  password = \"hunter2canary\"\n}\nlocals { x = 1 }\n",
		"nomad.hcl":                "job \"x\" {\n  env { PASSWORD = \"hunter2canary\" }\n}\n",
		"bake.hcl":                 "group \"default\" { targets = [\"a\"] }\ntarget \"a\" {\n  args = { TOKEN = \"hunter2canary\" }\n}\nvariable \"TOKEN\" {\n  default = [\"hunter2canary\"]\n}\nfunction \"f\" {\n  params = []\n  result = \"hunter2canary\"\n}\n",
		"vault.hcl":                "storage \"consul\" {\n  token = \"hunter2canary\"\n}\n",
		"id_rsa":                   "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2canary/hunter2canary+hunter2canary==\n-----END OPENSSH PRIVATE KEY-----\n",
		"long_key":                 "-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("hunter2canary/hunter2canary+\n", 100) + "-----END RSA PRIVATE KEY-----\n",
		"credentials":              "[default]\naws_access_key_id = AKIAhunter2canary\naws_secret_access_key = hunter2canary/hunter2canary\n",
		"config.ini":               "[database]\npassword = \"hunter2canary\"\n; hunter2canary\n",
		"app.properties":           "db.password=hunter2canary\ndb.url:hunter2canary\n",
		"config.yaml":              "password: hunter2canary\nlist:\n  - hunter2canary\n",
		"config.toml":              "[db]\npassword = \"hunter2canary\"\n",
		".netrc":                   "machine example.com login me password hunter2canary\n",
		"deploy.sh":                "#!/bin/sh\nfunction deploy {\n  export PASSWORD=hunter2canary\n}\nPASSWORD=\"hunter2canary\" deploy\n",
		"Jenkinsfile":              "pipeline {\n  environment {\n    PASSWORD = 'hunter2canary'\n  }\n}\n",
		"password.txt":             "hunter2canary\n",
		"password2.txt":            "\"hunter2canary\"",
		"base64.txt":               "aHVudGVyMmNhbmFyeQ==hunter2canary",
		"template.txt":             "%{ hunter2canary }${hunter2canary}<<hunter2canary\nhunter2canary\n",
		"nested.txt":               strings.Repeat("(", 200) + "hunter2canary",
		"latin1.txt":               "DB_PASSWORD=\"hunter2canary\xe9\"\n",
		"utf16.txt":                "D\x00B\x00=\x00hunter2canary",
		"binary":                   "\x00\x01hunter2canary\xff",
		"terraform.tfstate":        "{\n  \"outputs\": {\"password\": {\"value\": \"hunter2canary\"}}\n}\n",
		"package.json":             "{\"name\": \"x\", \"token\": \"hunter2canary\"}",
		"env.json":                 "{\"environment\": {\"DB_PASSWORD\": \"hunter2canary\"}}",
		"task.json":                "{\"containerDefinitions\": [{\"environment\": [{\"name\": \"A\", \"value\": \"hunter2canary\"}]}]}",
		"list.json":                "[{\"password\": \"hunter2canary\"}, \"hunter2canary\"]",
		"text.json":                "\"hunter2canary\"",
		"broken.json":              "{\"password\": hunter2canary}",
		"broken2.json":             "{\"password\": \"hunter2canary\", 'x'}",
		"broken3.json":             "{\"hunter2canary\" = 1}",
		"env_in_json.json":         "DB_PASSWORD=hunter2canary\n",
		"secrets.auto.tfvars.json": "{\"function\": \"hunter2canary\", \"bundle\": \"hunter2canary\"}",
		"parameters.json":          "{\"parameters\": [{\"name\": \"/x/y\", \"value\": \"hunter2canary\"}]}",
		"variable.json":            "{\"variable\": {\"x\": {\"default\": [\"hunter2canary\"], \"type\": \"hunter2canary\"}}}",
		"empty.txt":                "# hunter2canary\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(write(t, map[string]string{name: content}), name)
			got := said(t, path)
			if got == "" {
				t.Error("it is taken for a manifest, and for a guard file")
			}
			if excerpt.MatchString(got) && name != "bake.hcl" { // its blocks have the names of ours
				t.Errorf("there is an excerpt:\n%s", got)
			}
			if strings.Contains(got, secretText) || strings.Contains(got, "hunter2") || strings.Contains(got, "canary") {
				t.Errorf("it is shown:\n%s", got)
			}
		})
	}
}

// Another tool's file in the folder of a manifest is one error, and is not shown.
func TestForeignFilesInTheFolderAreNotShown(t *testing.T) {
	dir := write(t, map[string]string{
		"secrets.hcl":    minimal,
		"terragrunt.hcl": "inputs = {\n  password = \"hunter2canary\"\n}\n",
		"a.hcl.json":     `{"password": "hunter2canary"}`,
		"variables.hcl":  "variable \"x\" {\n  default = \"hunter2canary\"\n  type = \"hunter2canary\"\n}\n",
	})
	m, diags := everything(dir, Options{})
	got := render(t, m, diags)
	if strings.Contains(got, "hunter2") || strings.Count(got, "Error: Not a manifest") != 2 || strings.Count(got, "Error:") != 3 || !strings.Contains(got, "type = ***") {
		t.Errorf("said:\n%s", got)
	}
}

// Text that does not belong in a manifest is not shown, in whatever way it is written.
func TestWhatHasNoPlaceInAManifestIsNotShown(t *testing.T) {
	const frame = "bundle { name = \"payments\" }\nenvironment \"local\" { embedded = \"seed.json\" }\nTOP\nfunction \"hello\" {\n  kms_key = \"alias/hello\"\n  FUNCTION\n  secret \"DB_PASSWORD\" {\n    SECRET\n    parameter = \"/payments/db\"\n  }\n}\n"
	for _, line := range []string{
		`value = "hunter2canary"`, `value="hunter2canary"#x`, `value = hunter2canary`, `value = 'hunter2canary'`, "value = `hunter2canary`",
		`value = "hunter2canary`, `value: "hunter2canary"`, `value "hunter2canary"`, `value hunter2canary`, `value = ["hunter2canary"]`,
		"value = <<EOT\nhunter2canary\nEOT\n", "value = <<-EOT\n  hunter2canary\n", `value = { a = "hunter2canary" }`, "value {\n  x = \"hunter2canary\"\n}",
		`value { x = "hunter2canary" }`, `value "hunter2canary" { x = 1 }`, `password = "hunter2canary"`, `default = "hunter2canary"`, `name = "hunter2canary"`,
		`"value" = "hunter2canary"`, `value = upper("hunter2canary")`, `value = "${hunter2canary}"`, `value = "a\qhunter2canary"`, `value = "%{ hunter2canary }"`,
		`value = base64("hunter2canary")`, `value = "hunter2canary" "hunter2canary"`, "value = \"hunter2canary\"\n value = \"hunter2canary\"",
		`value = (`, `value = ("hunter2canary"`, "value = [\n\"hunter2canary\",\n", "values = {\n x = \"hunter2canary\"\n", "# hunter2canary\n value = 1 # hunter2canary",
		`/* hunter2canary */ value = 1`, `hunter2canary`, `"hunter2canary"`, `hunter2!canary`, `value = hunter2!canary`, `value = hunter2canary.x[0].1.2`,
		`for_each = { a = "hunter2canary" }`, `dynamic "secret" { content { value = "hunter2canary" } }`, `secret "X1" { value = "hunter2canary" }`,
		`secret "X1" { parameter = "/x/y", value = "hunter2canary" }`, `secret "X1" { parameter = "/x/y" value = "hunter2canary" }`,
		`secret "X1" { value = "hunter2canary", parameter = "/x/y" }`, `secret "X1" = "hunter2canary"`, `secret = "hunter2canary"`, `secret = { X1 = "hunter2canary" }`,
		`secret "X1" "hunter2canary" { parameter = "/x/y" }`, `secret X1 "hunter2canary" { parameter = "/x/y" }`, `secret "X1" hunter2canary "x" {`,
		`secret "X1" "x" "hunter2canary" { parameter = "/x/y" }`, `defaults "hunter2canary" { optional = true }`, `bundle hunter2canary { name = "x" }`,
		`secret "X1" "hunter2canary`, `group "hunter2canary secret`,
		"secret \"X1\" {\n parameter = \"hunter2\"canary\"x\"\n}", "secret \"X1\" {\n value = <<X\nhunter2canary\nX\n}", "secret \"X1\" {\n parameter = <<X\nhunter2canary\nX\n}",
		"secret \"X1\" {\n parameter = \"hunter2canary!\"\n}", "secret \"X1\" {\n parameter = \"my hunter2canary\"\n}", "secret \"X1\" {\n parameter = \"a\\nhunter2canary\"\n}",
		"secret \"X1\" {\n parameter = \"" + strings.Repeat("x", 3000) + "hunter2canary\"\n}", "parameters { path = \"p@ss hunter2canary\" }",
		"secret \"X1\" {\n optional = maybe # hunter2canary\n parameter = \"/x/y\"\n}", "secret \"X1\" {\n parameter = 'hunter2canary'\n}",
		"secret \"X1\" {\n parameter = \"/x/y\"\n min_length = 0 /* hunter2canary */\n}", "secret \"X1\" {\n parameter = \"/x/y\n value = \"hunter2canary\"\n}",
		"secret \"X1\" {\n parameter = upper(\"/x/y\"\n value = \"hunter2canary\"\n}", "secret \"X1\" {\n parameter = [\"/x/y\"\n value = \"hunter2canary\"\n}",
		"secret \"X1\" {\n parameter = \"${\n value = \"hunter2canary\"\n}", "secret \"X1\" { \n value = \"\x1bhunter2canary\"\n}", "value = \"\xffhunter2canary\"",
		"value = 1e999 + \"hunter2canary\"", "value = [for x in \"hunter2canary\" : x]", "value = " + strings.Repeat("(", 120) + "\"hunter2canary\"",
	} {
		for _, place := range []string{"TOP", "FUNCTION", "SECRET"} {
			text := strings.Replace(frame, place, line, 1)
			src := strings.NewReplacer("TOP", "", "FUNCTION", "", "SECRET", "").Replace(text)
			path := filepath.Join(write(t, map[string]string{"secrets.hcl": src}), "secrets.hcl")
			m, diags := everything(path, Options{})
			got := render(t, m, diags)
			if strings.Contains(got, "hunter2") || strings.Contains(got, "canary") {
				t.Errorf("%s in %s is shown:\n%s", line, place, got)
			}
			if !diags.HasErrors() && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "/*") && !strings.Contains(line, "parameter = \"hunter2canary!\"") && !strings.Contains(line, `"my `) {
				t.Errorf("%s in %s is no error", line, place)
			}
			if strings.Contains(got, "Not a manifest") {
				t.Errorf("%s in %s: it is not taken for a manifest", line, place)
			}
		}
	}
}

func TestWhatHasNoPlaceInAJSONManifestIsNotShown(t *testing.T) {
	for _, property := range []string{
		`"value": "hunter2canary"`, `"value": ["hunter2canary"]`, `"value": {"a": "hunter2canary"}`, `"value": hunter2canary`, `"value": "hunter2canary`, `"value" = "hunter2canary"`,
		`"parameter": {"a": "hunter2canary"}`, `"parameter": "a\nhunter2canary"`, `"parameter": "my hunter2canary!"`, `"secretsmanager": "hunter2canary!"`, `"parameter": ["hunter2canary"]`, `"//": "hunter2canary", "x": 1`,
		`"optional": "hunter2canary", "value": "hunter2canary"`, `"value": "a", "value": "hunter2canary"`, `'value': 'hunter2canary'`,
	} {
		for _, breaks := range []string{"", "\n"} {
			src := `{"bundle": {"name": "payments"}, "environment": {"local": {"embedded": "seed.json"}}, "function": {"hello": {"kms_key": "alias/hello", "secret": {"DB_PASSWORD": {` + breaks + property + breaks + `}}}}}`
			path := filepath.Join(write(t, map[string]string{"secrets.hcl.json": src}), "secrets.hcl.json")
			m, diags := everything(path, Options{})
			if got := render(t, m, diags); strings.Contains(got, "hunter2") && !strings.HasPrefix(property, `"optional"`) {
				t.Errorf("%s is shown:\n%s", property, got)
			}
		}
	}
}

// What is hidden keeps its length, so that all places stay the same.
func FuzzShown(f *testing.F) {
	full, err := os.ReadFile("testdata/ok/full.hcl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte("function \"x\" {\n  value = <<X\n  a\n  X\n  \"${{\n"))
	f.Add([]byte("{\"function\": [{\"x\": {\"secret\": 1}}]}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, name := range []string{"a.hcl", "a.hcl.json"} {
			g := newLimits(src, name)
			if g.fatal == nil {
				g.scanAll()
			}
			v := g.view(rootSpec())
			if v.bytes == nil {
				continue
			}
			if len(v.bytes) != len(src) {
				t.Fatalf("%d bytes of %d", len(v.bytes), len(src))
			}
			for i, b := range v.bytes {
				if (b == '\n') != (src[i] == '\n') {
					t.Fatalf("another line end at %d", i)
				}
			}
		}
	})
}

// A valid manifest is shown as it is, except for its comments and objects.
func TestRightManifestsAreShown(t *testing.T) {
	src := strings.Replace(minimal, "/payments/db", "/${environment.name}/db:7", 1)
	m, _ := ReadSource("secrets.hcl", []byte(src))
	if got := string(m.Files()["secrets.hcl"].Bytes); got != src {
		t.Errorf("shown:\n%s", got)
	}
}
