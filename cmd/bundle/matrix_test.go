package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
)

const (
	matrixEnvironments = 5
	matrixFunctions    = 20
)

func matrixRegions() []string { return []string{"us-west-2", "eu-west-1", "ap-southeast-2"} }

// manyTargets is a manifest with 300 layers in one account: environments, regions and functions. It puts the parameters
// and the keys.
func manyTargets(s *stage) {
	s.Helper()
	var text strings.Builder
	text.WriteString("bundle {\n  name = \"shop\"\n  layer = \"shop-${environment.name}-${function.name}\"\n}\ndefaults { kms_key = \"alias/m-${function.name}\" }\n")
	for i := range matrixEnvironments {
		fmt.Fprintf(&text, "environment \"e%d\" {\n  account_id = %q\n  regions = [%s]\n}\n", i, testAccount, `"`+strings.Join(matrixRegions(), `", "`)+`"`)
	}
	for i := range matrixFunctions {
		fmt.Fprintf(&text, "function \"f%d\" {\n  secret \"OWN\" { parameter = \"/m/${environment.name}/%[1]d\" }\n  secret \"SHARED\" { parameter = \"/m/${environment.name}/0\" }\n}\n", i)
	}
	s.write("many.hcl", text.String())
	for _, region := range matrixRegions() {
		at := func(o *ssm.Options) { o.Region = region }
		in := func(o *kms.Options) { o.Region = region }
		for i := range matrixFunctions {
			key, err := s.cloud.kms.CreateKey(s.Context(), &kms.CreateKeyInput{}, in)
			if err == nil {
				_, err = s.cloud.kms.CreateAlias(s.Context(), &kms.CreateAliasInput{AliasName: aws.String(fmt.Sprintf("alias/m-f%d", i)), TargetKeyId: key.KeyMetadata.KeyId}, in)
			}
			for e := range matrixEnvironments {
				if err == nil {
					_, err = s.cloud.ssm.PutParameter(s.Context(), &ssm.PutParameterInput{
						Name: aws.String(fmt.Sprintf("/m/e%d/%d", e, i)), Value: aws.String("not-a-real-value"), Type: ssmtypes.ParameterTypeSecureString,
					}, at)
				}
			}
			if err != nil {
				s.Fatal(err)
			}
		}
	}
}

// bundle runs a command in this process, which must succeed, and returns its output.
func (s *stage) bundle(args ...string) string {
	s.Helper()
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{
		Args: append([]string{"bundle"}, args...), Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics),
	}, nil)
	if code := a.run(s.Context()); code != 0 {
		s.Fatalf("%q: exit code %d\n%s", args, code, diagnostics.String())
	}
	return out.String()
}

// layersIn returns the layers in a folder, by name.
func layersIn(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(folder, "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = b
	}
	return all
}

// TestTheJobsOfAMatrixBuildWhatOneRunDoes: 300 layers are built by one run, and by the jobs of a matrix, in the reverse
// order and each by itself. The jobs carry over what the run built, byte for byte. Without it, they seal the same
// parameters for the same functions, so that the run carries over what they built.
func TestTheJobsOfAMatrixBuildWhatOneRunDoes(t *testing.T) {
	s := newStage(t)
	s.Setenv("AWS_ACCESS_KEY_ID", s.id) // the SDK reads the process's own
	s.Setenv("AWS_SECRET_ACCESS_KEY", s.key)
	manyTargets(s)
	const layers = matrixEnvironments * 3 * matrixFunctions
	for _, folder := range []string{"run", "alone", "carried", "again"} {
		if err := os.Mkdir(filepath.Join(s.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	pattern := func(folder string) string { return folder + "/{environment}-{region}-{function}.zip" }
	build := func(previous, folder string, args ...string) {
		t.Helper()
		s.bundle(append([]string{"build", "--manifest", "many.hcl", "--endpoint-url", s.url, "--ssm-tps", "0", "--previous", previous, "--out", pattern(folder)}, args...)...)
	}
	jobs := strings.Split(strings.TrimSpace(s.bundle("matrix", "--manifest", "many.hcl", "--all", "--max", "32", "--format", "lines")), "\n")
	if len(jobs) != 30 {
		t.Fatalf("%d jobs: %q", len(jobs), jobs)
	}
	slices.Reverse(jobs)

	build("none", "run", "--all")
	run := layersIn(t, "run")
	if len(run) != layers {
		t.Fatalf("one run builds %d layers", len(run))
	}
	s.cloud.server.ResetCalls()
	for _, args := range jobs {
		build(pattern("run"), "carried", strings.Fields(args)...)
	}
	if calls := s.cloud.server.Calls(); calls["kms:Encrypt"]+calls["ssm:GetParameters(decrypt)"] > 0 {
		t.Errorf("jobs seal again what is unchanged: %v", calls)
	}
	same(t, run, layersIn(t, "carried"))

	for _, args := range jobs {
		build("none", "alone", strings.Fields(args)...)
	}
	s.cloud.server.ResetCalls()
	build(pattern("alone"), "again", "--all")
	if calls := s.cloud.server.Calls(); calls["kms:Encrypt"] > 0 {
		t.Errorf("the run seals again what the jobs did: %v", calls)
	}
	same(t, layersIn(t, "alone"), layersIn(t, "again"))
	for name, content := range layersIn(t, "alone") {
		layer, err := layerbuild.Read(content)
		of, ofErr := layerbuild.Read(run[name])
		if err != nil || ofErr != nil || len(layer.Documents) != 1 || len(of.Documents) != 1 || !bytes.Equal(layer.Documents[0].Header.Identity(), of.Documents[0].Header.Identity()) {
			t.Errorf("%s: another header (%v, %v)", name, err, ofErr)
		}
	}
}

// same compares two sets of files.
func same(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d layers, not %d", len(got), len(want))
	}
	for name, content := range want {
		if !bytes.Equal(got[name], content) {
			t.Errorf("%s has other bytes", name)
		}
	}
}

// TestAMatrixHasEachLayerOnce: with any limit, the jobs together have every layer once, and their names differ.
func TestAMatrixHasEachLayerOnce(t *testing.T) {
	s := newStage(t)
	manyTargets(s)
	for _, most := range []string{"15", "16", "29", "44", "45", "59", "60", "150", "200", "256", "299", "300", "301", "10000"} {
		var matrix struct {
			Include []struct{ Name, Environment, Region, Functions, Args string }
		}
		output := s.bundle("matrix", "--manifest", "many.hcl", "--all", "--max", most)
		if err := json.Unmarshal([]byte(output), &matrix); err != nil || strings.Count(output, "\n") != 1 {
			t.Fatalf("%v: %s", err, output)
		}
		if again := s.bundle("matrix", "--manifest", "many.hcl", "--all", "--max", most); again != output {
			t.Errorf("--max %s: another matrix the second time", most)
		}
		layers, names := map[string]bool{}, map[string]bool{}
		smallest, largest := 300, 0
		for _, job := range matrix.Include {
			functions := strings.Split(job.Functions, ",")
			smallest, largest = min(smallest, len(functions)), max(largest, len(functions))
			for _, function := range functions {
				layers[job.Environment+" "+job.Region+" "+function] = true
			}
			if names[job.Name] {
				t.Errorf("--max %s: two jobs %s", most, job.Name)
			}
			names[job.Name] = true
			if want := fmt.Sprintf("--env=%s --region=%s --function=%s", job.Environment, job.Region, job.Functions); job.Args != want {
				t.Errorf("--max %s: %q", most, job.Args)
			}
		}
		limit := 0
		fmt.Sscan(most, &limit)
		if len(layers) != 300 || len(matrix.Include) > limit || largest-smallest > 1 {
			t.Errorf("--max %s: %d layers in %d jobs of %d to %d functions", most, len(layers), len(matrix.Include), smallest, largest)
		}
	}
	if _, stderr, code := ran(t, "matrix", "--manifest", "many.hcl", "--all", "--max", "14"); code != 2 || !strings.Contains(stderr, "15 environments and regions") || !strings.Contains(stderr, "14 jobs") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// TestMatrixAsAChildPipeline: GitLab reads it as YAML, and has a job for each entry.
func TestMatrixAsAChildPipeline(t *testing.T) {
	reportFolder(t)
	stdout, stderr, code := ran(t, "matrix", "--env", "local", "--env", "second", "--format", "gitlab")
	lines, _, _ := ran(t, "matrix", "--env", "local", "--env", "second", "--format", "lines")
	type job struct {
		Extends   string
		Variables map[string]string
	}
	var fromYAML, fromJSON map[string]job
	if err := errors.Join(yaml.Unmarshal([]byte(stdout), &fromYAML), json.Unmarshal([]byte(stdout), &fromJSON)); code != 0 || err != nil || !reflect.DeepEqual(fromYAML, fromJSON) {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	want := map[string]job{
		"local.us-east-1":  {".bundle", map[string]string{"BUNDLE_ENV": "local", "BUNDLE_REGION": "us-east-1", "BUNDLE_FUNCTIONS": "", "BUNDLE_ARGS": "--env=local --region=us-east-1"}},
		"second.us-east-1": {".bundle", map[string]string{"BUNDLE_ENV": "second", "BUNDLE_REGION": "us-east-1", "BUNDLE_FUNCTIONS": "", "BUNDLE_ARGS": "--env=second --region=us-east-1"}},
	}
	if !reflect.DeepEqual(fromJSON, want) || lines != "--env=local --region=us-east-1\n--env=second --region=us-east-1\n" {
		t.Errorf("%s%s", stdout, lines)
	}
}

// TestMatrixOfALongVariable: a job of GitLab whose variable Linux cannot pass to a program fails before its script.
func TestMatrixOfALongVariable(t *testing.T) {
	reportFolder(t)
	var b strings.Builder
	b.WriteString("bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\n")
	for i := range 2200 {
		fmt.Fprintf(&b, "function \"f%059d\" {\n  kms_key = \"alias/${function.name}\"\n  secret \"DB\" { parameter = \"/shop/db\" }\n}\n", i)
	}
	if err := os.WriteFile("long.hcl", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	matrix := []string{"matrix", "--manifest", "long.hcl", "--env", "local", "--out", "layer-{function}.zip"}
	stdout, stderr, code := ran(t, append(matrix, "--format", "gitlab", "--max", "1")...)
	if code != 2 || stdout != "" || !strings.Contains(strings.Join(strings.Fields(stderr), " "), "has 134254 bytes, but Linux passes only 131072 to a program: raise --max") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	for _, args := range [][]string{{"--format", "gitlab", "--max", "2"}, {"--format", "lines", "--max", "1"}} {
		if stdout, stderr, code := ran(t, append(matrix, args...)...); code != 0 || !strings.Contains(stdout, "--env=local") {
			t.Errorf("%q: exit code %d\n%s", args, code, stderr)
		}
	}
}

// TestMatricesThatAreRefused: there is no matrix if anything is wrong, and no job is left out silently.
func TestMatricesThatAreRefused(t *testing.T) {
	reportFolder(t)
	functions := strings.Replace(reportManifest, "shop-${environment.name}", "shop-${environment.name}-${function.name}", 1) +
		"function \"only\" {\n  environments = [\"second\"]\n  kms_key = \"alias/only\"\n  secret \"DB\" { parameter = \"/shop/db\" }\n}\n"
	for name, content := range map[string]string{
		"functions.hcl": functions,
		"nested.hcl":    strings.ReplaceAll(functions, "alias/only", "alias/hello"),
		"named.hcl":     strings.ReplaceAll(functions, `function "only"`, `function "$(touch x)"`),
		"comma.hcl":     strings.ReplaceAll(functions, `function "only"`, `function "a,b"`),
		"wild.hcl":      strings.ReplaceAll(functions, `environment "second"`, `environment "a b"`),
		"empty.hcl":     "bundle { name = \"shop\" }\n",
		"region.hcl":    strings.Replace(functions, `environment "second" { embedded = "sample.json" }`, "environment \"second\" {\n  account_id = \"222222222222\"\n  regions = [\"us-west-2; ls\"]\n}", 1),
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for what, test := range map[string]struct {
		args []string
		says string
	}{
		"no environment":             {[]string{"matrix"}, "name the environment with --env: local, second"},
		"all of none":                {[]string{"matrix", "--all"}, "--all selects environments in real accounts"},
		"an unknown environment":     {[]string{"matrix", "--env", "gone"}, "Unknown environment"},
		"an unknown region":          {[]string{"matrix", "--env", "local", "--region", "eu-west-1"}, "no selected environment is in this region"},
		"no jobs":                    {[]string{"matrix", "--env", "local", "--max", "0"}, `--max "0" is not a number of jobs`},
		"fewer than none":            {[]string{"matrix", "--env", "local", "--max=-1"}, "is not a number of jobs"},
		"too many":                   {[]string{"matrix", "--env", "local", "--max", "10001"}, "a number from 1 to 10000"},
		"no number":                  {[]string{"matrix", "--env", "local", "--max", "1e2"}, "is not a number of jobs"},
		"a huge number":              {[]string{"matrix", "--env", "local", "--max", "99999999999999999999"}, "is not a number of jobs"},
		"too few":                    {[]string{"matrix", "--env", "local", "--env", "second", "--max", "1"}, "2 environments and regions, but the matrix can have only 1 job:"},
		"an unknown format":          {[]string{"matrix", "--env", "local", "--format", "yaml"}, "Write github, gitlab, lines."},
		"a format and JSON":          {[]string{"matrix", "--env", "local", "--format", "lines", "--json"}, "cannot be combined"},
		"an argument":                {[]string{"matrix", "local"}, "takes no argument"},
		"a name in all layers":       {[]string{"matrix", "--env", "local", "--out", "{function}.zip"}, "One name for many layers"},
		"one layer with many names":  {[]string{"matrix", "--manifest", "functions.hcl", "--env", "second", "--out", "layer.zip"}, "Many names for one layer"},
		"an unknown placeholder":     {[]string{"matrix", "--env", "local", "--out", "{name}.zip"}, "unknown placeholder {name}"},
		"a key that two share":       {[]string{"matrix", "--manifest", "nested.hcl", "--env", "second"}, "share"},
		"a command as a function":    {[]string{"matrix", "--manifest", "named.hcl", "--env", "second"}, "name"},
		"two names in one":           {[]string{"matrix", "--manifest", "comma.hcl", "--env", "second"}, "name"},
		"a space in an environment":  {[]string{"matrix", "--manifest", "wild.hcl", "--env", "a b"}, "name"},
		"a command as a region":      {[]string{"matrix", "--manifest", "region.hcl", "--env", "second"}, "region"},
		"no environment anywhere":    {[]string{"matrix", "--manifest", "empty.hcl", "--env", "x"}, "nvironment"},
		"an unknown function":        {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "second", "--function", "ony"}, `Did you mean "only"? They have hello, only.`},
		"a function of another":      {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "local", "--function", "only"}, "no selected environment has this function. They have hello."},
		"an empty function":          {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "local", "--function", ","}, "has an empty name"},
		"a comma at the end":         {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "local", "--function", "hello,"}, "has an empty name"},
		"a function twice":           {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "local", "--function", "hello,hello"}, `names "hello" twice`},
		"a function twice, in two":   {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "local", "--function", "hello", "--function", "only,hello"}, `names "hello" twice`},
		"a space":                    {[]string{"plan", "--offline", "--manifest", "functions.hcl", "--env", "second", "--function", "hello, only"}, "has this function"},
		"a part of a layer":          {[]string{"build", "--manifest", "whole.hcl", "--env", "second", "--function", "only", "--out", "layer.zip"}, "One layer for all functions"},
		"a part of a published one":  {[]string{"status", "--manifest", "whole.hcl", "--env", "second", "--function", "only"}, "One layer for all functions"},
		"a part of what to publish":  {[]string{"publish", "--manifest", "whole.hcl", "--env", "second", "--function", "hello"}, "One layer for all functions"},
		"functions without manifest": {[]string{"status", "--layer", "layer.zip", "--function", "hello"}, "name the environment with --env"},
		"functions of a comparison":  {[]string{"compare", "--env", "local", "--env", "second", "--function", "hello"}, "unknown flag --function"},
	} {
		if err := os.WriteFile("whole.hcl", []byte(strings.Replace(functions, "-${function.name}", "", 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code := ran(t, test.args...)
		if code != 2 || !strings.Contains(strings.Join(strings.Fields(stderr), " "), test.says) || stdout != "" && !slices.Contains(test.args, "--json") {
			t.Errorf("%s: exit code %d\n%s%s", what, code, stdout, stderr)
		}
	}
}

// TestOneJobBuildsItsFunctionsOnly: the layers of others are not touched.
func TestOneJobBuildsItsFunctionsOnly(t *testing.T) {
	s := newStage(t)
	s.Setenv("AWS_ACCESS_KEY_ID", s.id)
	s.Setenv("AWS_SECRET_ACCESS_KEY", s.key)
	manyFunctions(s, 4)
	for _, test := range []struct{ function, want string }{
		{"f1", "one-f1.zip"}, {"f2,f0", "one-f0.zip one-f1.zip one-f2.zip"}, {"f0,f1,f2,f3", "one-f0.zip one-f1.zip one-f2.zip one-f3.zip"},
	} {
		s.bundle("build", "--manifest", "many.hcl", "--env", "prod", "--endpoint-url", s.url, "--function", test.function, "--out", "one-{function}.zip")
		files, err := filepath.Glob("one-*.zip")
		if got := strings.Join(files, " "); got != test.want || err != nil {
			t.Errorf("--function %s: %s, %v", test.function, got, err)
		}
	}
	s.bundle("publish", "--manifest", "many.hcl", "--env", "prod", "--endpoint-url", s.url, "--function", "f3", "--layer", "one-{function}.zip")
	if out := s.bundle("status", "--manifest", "many.hcl", "--env", "prod", "--endpoint-url", s.url, "--function", "f3"); !strings.Contains(out, "stale=false") {
		t.Errorf("%s", out)
	}
}

// TestAMatrixThatIsTooLargeForAnOutput: GitHub would leave it out, and the workflow would build nothing.
func TestAMatrixThatIsTooLargeForAnOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	var text strings.Builder
	text.WriteString("bundle {\n  name = \"shop\"\n  layer = \"${function.name}\"\n}\nenvironment \"prod\" {\n  account_id = \"" + testAccount + "\"\n  regions = [\"us-west-2\"]\n}\n" +
		"defaults { kms_key = \"alias/${function.name}\" }\ngroup \"all\" {\n  secret \"ONE\" { parameter = \"/shop/one\" }\n}\n")
	for i := range 4000 {
		fmt.Fprintf(&text, "function \"f%s%04d\" {\n  include = [\"all\"]\n}\n", strings.Repeat("x", 59), i)
	}
	if err := os.WriteFile("secrets.hcl", []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	a := newApp(&console.Console{
		Args: []string{"bundle", "matrix", "--all"}, Environ: []string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=outputs"}, Stdin: strings.NewReader(""),
		Stdout: printable.New(&stdout), Stderr: printable.New(&stderr),
	}, nil)
	code := a.run(t.Context())
	_, err := os.Stat("outputs")
	if code != 2 || stdout.Len() > 0 || err == nil || !strings.Contains(stderr.String(), "make several matrices with --env or --region") {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
	if _, stderr, code := ran(t, "matrix", "--all"); code != 0 {
		t.Errorf("elsewhere, exit code %d\n%s", code, stderr)
	}
}
