package child

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/secret"
)

func newValue(s string) secret.Value { return secret.New([]byte(s)) }

// TestVariables looks at what a command gets of the variables of this process.
func TestVariables(t *testing.T) {
	environ := strings.Fields(`PATH=/bin HOME=/home/x LANG=C AWS_REGION=us-west-2 AWS_ENDPOINT_URL=http://x AWS_ENDPOINT_URL_KMS=http://x
		AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=key AWS_SESSION_TOKEN=token AWS_PROFILE=p AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x
		AWS_BEARER_TOKEN_BEDROCK=x ACTIONS_ID_TOKEN_REQUEST_URL=x ACTIONS_ID_TOKEN_REQUEST_TOKEN=x GITHUB_TOKEN=x CI_JOB_TOKEN=x
		CIRCLE_OIDC_TOKEN_V2=x GITHUB_TOKENS=kept MY_GITHUB_TOKEN=kept NODE_PATH=/own PYTHONPATH=/own/python
		BUNDLE_SECRETS_DIR=/opt BUNDLE_SECRETS_KEY=pin BUNDLE_SECRETS_NEXT_WRAPPER=/x GH_TOKEN=`)
	opening := []string{"AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=ours", "AWS_SECRET_ACCESS_KEY=ours"}
	always := []string{"BUNDLE_SECRETS_DIR=/run", "BUNDLE_SECRETS_FUNCTION=shop-hello", "BUNDLE_SECRETS_KEY=pin", "AWS_ACCESS_KEY_ID=ours",
		"AWS_SECRET_ACCESS_KEY=ours", "AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1", "PATH=/bin", "HOME=/home/x"}
	const separator = string(filepath.ListSeparator)
	nodes, pythons := filepath.Join("/run", "nodejs", "node_modules"), filepath.Join("/run", "python")
	paths := []string{"NODE_PATH=" + nodes + separator + "/own", "PYTHONPATH=" + pythons + separator + "/own/python"}
	bare := []string{"NODE_PATH=" + nodes, "PYTHONPATH=" + pythons}
	ordinary := strings.Fields("LANG=C AWS_REGION=us-west-2 AWS_ENDPOINT_URL=http://x GITHUB_TOKENS=kept MY_GITHUB_TOKEN=kept")
	for _, c := range []struct {
		name     string
		setting  Setting
		want     []string
		withheld string
	}{
		{"by default", Setting{}, slices.Concat(always, paths, ordinary),
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL AWS_ACCESS_KEY_ID AWS_BEARER_TOKEN_BEDROCK AWS_CONTAINER_CREDENTIALS_RELATIVE_URI " +
				"AWS_PROFILE AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN CIRCLE_OIDC_TOKEN_V2 CI_JOB_TOKEN GITHUB_TOKEN"},
		{"some inherited", Setting{Inherit: []string{"GITHUB_TOKEN", "AWS_PROFILE"}}, slices.Concat(always, paths, ordinary, []string{"GITHUB_TOKEN=x", "AWS_PROFILE=p"}),
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL AWS_ACCESS_KEY_ID AWS_BEARER_TOKEN_BEDROCK AWS_CONTAINER_CREDENTIALS_RELATIVE_URI " +
				"AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN CIRCLE_OIDC_TOKEN_V2 CI_JOB_TOKEN"},
		{"with credentials", Setting{Keep: true}, slices.Concat(always, paths, ordinary, strings.Fields("AWS_SESSION_TOKEN=token AWS_PROFILE=p AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x AWS_BEARER_TOKEN_BEDROCK=x")),
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL CIRCLE_OIDC_TOKEN_V2 CI_JOB_TOKEN GITHUB_TOKEN"},
		{"pristine", Setting{Pristine: true}, slices.Concat(always, bare), ""},
		{"pristine and inherited", Setting{Pristine: true, Inherit: []string{"LANG", "NODE_PATH"}}, slices.Concat(always, []string{"LANG=C"}, []string{paths[0], bare[1]}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.setting.Environ, c.setting.Opening, c.setting.Dir = environ, opening, "/run"
			c.setting.Doc = &sealed.Document{Header: sealed.Header{Name: "shop-hello"}}
			got, withheld := c.setting.Variables()
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if strings.Join(withheld, " ") != c.withheld {
				t.Errorf("withheld %q, want %q", withheld, c.withheld)
			}
		})
	}
}

func TestPackageHint(t *testing.T) {
	for _, c := range []struct {
		name, packages, command string
		want                    bool
	}{
		{"an ES module", "", "node test.mjs", true},
		{"TypeScript", "", "node --test src/test.ts", true},
		{"vitest", "", "npx vitest run", true},
		{"a project of ES modules", `{"type": "module"}`, "npm test", true},
		{"a project with vitest", `{"devDependencies": {"vitest": "^3"}}`, "npm test", true},
		{"a project of CommonJS modules", `{"devDependencies": {"jest": "^30"}}`, "npm test", false},
		{"CommonJS", "", "node test.cjs", false},
		{"Python in a project of ES modules", `{"type": "module"}`, "pytest", false},
		{"a package.json that is none", `{`, "npm test", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			below := filepath.Join(dir, "src")
			if err := os.Mkdir(below, 0o755); err != nil {
				t.Fatal(err)
			}
			if c.packages != "" {
				if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(c.packages), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			argv := strings.Fields(c.command)
			if got := PackageHint(below, argv); (got != "") != c.want {
				t.Errorf("got %q", got)
			}
			if err := os.MkdirAll(filepath.Join(dir, "node_modules", "bundle-secrets"), 0o755); err != nil {
				t.Fatal(err)
			}
			if got := PackageHint(below, argv); got != "" {
				t.Errorf("the package is there, and the hint says %q", got)
			}
		})
	}
}

// TestAsVariables keeps what programs obey, and what no variable can contain, away
// from the environment.
func TestAsVariables(t *testing.T) {
	as, others := AsVariables(map[string]string{"DB_PASSWORD": "x", "PATH": "x", "NODE_OPTIONS": "x", "ld_preload": "x", "AWS_PROFILE": "x", "BINARY": "a\x00b"})
	if len(as) != 1 || as["DB_PASSWORD"] != "x" {
		t.Errorf("%d variables", len(as))
	}
	if want := []string{"AWS_PROFILE", "BINARY", "NODE_OPTIONS", "PATH", "ld_preload"}; !slices.Equal(others, want) {
		t.Errorf("got %q, want %q", others, want)
	}
}

// TestEveryWithheldVariableIsDocumented compares the list with docs/run.md.
func TestEveryWithheldVariableIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/run.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## What it does not get\n")
	section, _, _ = strings.Cut(section, "\nThis is about variables.")
	var documented []string
	for i, word := range strings.Split(section, "`") {
		if i%2 == 1 {
			documented = append(documented, word)
		}
	}
	fits := func(pattern, name string) bool {
		prefix, any := strings.CutSuffix(pattern, "*")
		return name == pattern || any && strings.HasPrefix(name, prefix)
	}
	for _, name := range strings.Fields(identities) {
		if !slices.ContainsFunc(documented, func(pattern string) bool { return fits(pattern, name) }) {
			t.Errorf("docs/run.md does not list %s", name)
		}
	}
	for _, pattern := range documented {
		if !identifies(strings.Replace(pattern, "*", "X", 1)) && !slices.ContainsFunc(strings.Fields(identities), func(name string) bool { return fits(pattern, name) }) {
			t.Errorf("docs/run.md lists %s, which is passed on", pattern)
		}
	}
}
