package citest

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// documents writes each document of a YAML file to a file of its own, as JSON.
func documents(t *testing.T, text string) []string {
	t.Helper()
	dir := t.TempDir()
	var all []string
	for i, one := range parse(t, text) {
		b, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, string(rune('a'+i))+".json")
		filetest.Write(t, path, string(b))
		all = append(all, path)
	}
	return all
}

// TestFilesHaveTheFormOfTheirCI validates the files by the schemas that the makers of the CIs publish, and finds a fault that is put in.
func TestFilesHaveTheFormOfTheirCI(t *testing.T) {
	checker := filepath.Join(needs.RecipeTools(t), "python/bin/check-jsonschema")
	for file, tt := range map[string]struct {
		schema       string
		args         []string
		right, false string
	}{
		"gitlab/.gitlab-ci.yml":                {"gitlab-ci", []string{"--data-transform", "gitlab-ci", "--regex-variant", "nonunicode"}, "stages: [test, deploy]", "stages: 1"},
		"gitlab/templates/bundle/template.yml": {"gitlab-ci", []string{"--data-transform", "gitlab-ci", "--regex-variant", "nonunicode"}, "exit_codes: [4]", "exit_codes: [x]"},
		"circleci/config.yml":                  {"circle-ci", nil, "    executor: linux\n    steps:\n      - checkout\n", "    executor: linux\n    steps:\n      - run: {}\n"},
		"buildkite/pipeline.yml":               {"buildkite", nil, "concurrency: 1", "concurrency: one"},
		"azure-pipelines/azure-pipelines.yml":  {"azure-pipelines", []string{"--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"}, "  - job: plan\n", "  - jobs: plan\n"},
		"bitbucket/bitbucket-pipelines.yml":    {"bitbucket-pipelines", nil, "oidc: true", "oidc: always"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			// The schema of Azure Pipelines has Microsoft's tasks only.
			extension := regexp.MustCompile(`(?s)task: AWSShellScript@1(.*?)\n        inputs:\n.*?inlineScript:`)
			text := extension.ReplaceAllString(example(t, file), "bash: task$1\n        env:\n          SCRIPT:")
			for _, broken := range []bool{false, true} {
				if broken {
					if !strings.Contains(text, tt.right) {
						t.Fatalf("there is no %q", tt.right)
					}
					text = strings.Replace(text, tt.right, tt.false, 1)
				}
				args := slices.Concat([]string{"--builtin-schema", "vendor." + tt.schema}, tt.args, documents(t, text))
				if out, err := exec.CommandContext(t.Context(), checker, args...).CombinedOutput(); (err != nil) != broken {
					t.Errorf("with a fault: %t\n%s", broken, out)
				}
			}
		})
	}
}

// The schema of buildspecs is only on a server of AWS, so this test knows the names of
// https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html.
func TestBuildspecsHaveKnownNames(t *testing.T) {
	names := map[string][]string{
		"":          {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"},
		"env":       {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"},
		"phases":    {"install", "pre_build", "build", "post_build"},
		"artifacts": {"files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "s3-prefix", "secondary-artifacts"},
	}
	for _, file := range []string{"codebuild/buildspec.yml", "codebuild/buildspec-check.yml"} {
		spec := parse(t, example(t, file))[0]
		for at, known := range names {
			of := spec
			if at != "" {
				of, _ = spec[at].(object)
			}
			for name := range of {
				if !slices.Contains(known, name) {
					t.Errorf("%s: %s has no %s", file, at, name)
				}
			}
		}
		if spec["version"] != 0.2 {
			t.Errorf("%s has version %v", file, spec["version"])
		}
	}
}

// TestTheJenkinsfileIsGroovy runs the Jenkinsfile by a model of declarative pipelines, and compares the commands with those that the
// other tests run.
func TestTheJenkinsfileIsGroovy(t *testing.T) {
	jars, err := filepath.Glob(filepath.Join(needs.RecipeTools(t), "groovy-*.jar"))
	if err != nil || len(jars) != 1 {
		t.Fatalf("%v %v", jars, err)
	}
	java := needs.Program(t, "java", "a JDK")
	dir := t.TempDir()
	args := []string{"-cp", jars[0], "groovy.ui.GroovyMain", "testdata/jenkins.groovy", filepath.Join(filetest.Root(t), "examples/ci/jenkins/Jenkinsfile")}
	for i, fault := range []string{"stages {}\nstage {", "stages {{", "sections {"} { // each at another step of Groovy's
		args = append(args, filepath.Join(dir, strconv.Itoa(i)))
		filetest.Write(t, args[len(args)-1], strings.Replace(example(t, "jenkins/Jenkinsfile"), "stages {", fault, 1))
	}
	said, err := exec.CommandContext(t.Context(), java, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	out, faults, _ := strings.Cut(string(said), "error\t")
	if strings.Count("error\t"+faults, "error\t") != 3 {
		t.Errorf("faults are not found:\n%s", faults)
	}
	var commands []string
	values := map[string]string{}
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		var words []string
		for _, word := range fields[2:] {
			b, err := base64.StdEncoding.DecodeString(word)
			if err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			words = append(words, string(b))
		}
		if fields[1] == "sh" {
			commands = append(commands, words[0])
			continue
		}
		values[fields[0]+" "+fields[1]] = strings.Join(words, " ")
	}
	if !slices.Equal(commands, jenkins(t)["publish"].steps) {
		t.Errorf("commands %q", commands)
	}
	for what, want := range map[string]string{
		"publish when": "main", "publish credentials": "bundle-id-token AWS_WEB_IDENTITY_TOKEN_FILE", "publish environment": "AWS_ROLE_ARN " + buildRole,
		" option": "disableConcurrentBuilds",
	} {
		if values[what] != want {
			t.Errorf("%s: %q, want %q", what, values[what], want)
		}
	}
}

// TestGitLabCILocalRunsTheComponent runs the pipelines with a program that others wrote after GitLab's runner.
func TestGitLabCILocalRunsTheComponent(t *testing.T) {
	modules := filepath.Join(needs.RecipeTools(t), "node/node_modules")
	needs.Program(t, "rsync", "Debian: apt-get install rsync")
	needs.Program(t, "jq", "Debian: apt-get install jq")
	w := newWorld(t)
	build, plan := trustPolicies(t, "gitlab.md")
	w.trust(t, buildRole, build)
	w.trust(t, planRole, plan)
	r := recipes()["gitlab"]
	pipeline := func(token string, variables []string, jobs ...string) (dir, log string, code int) {
		dir, temporary := t.TempDir(), t.TempDir()
		for _, file := range []string{".gitlab-ci.yml", "templates/bundle/template.yml"} {
			filetest.Write(t, filepath.Join(dir, file), example(t, "gitlab/"+file))
		}
		filetest.Write(t, filepath.Join(dir, "ci/install.sh"), example(t, "install.sh"))
		filetest.Write(t, filepath.Join(dir, "secrets.hcl"), manifest)
		args := []string{filepath.Join(modules, "gitlab-ci-local/dist/index.js"), "--force-shell-executor", "--variable", "BUNDLE_RELEASES=" + w.releases}
		for _, variable := range append(variables, "BUNDLE_ID_TOKEN="+token) {
			args = append(args, "--variable", variable)
		}
		env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + temporary, "CI=true", "GIT_CONFIG_GLOBAL=/dev/null"}
		git := func(args ...string) {
			cmd := exec.CommandContext(t.Context(), "git", args...)
			cmd.Dir, cmd.Env = dir, env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
		}
		git("init", "-q", "-b", "main")
		git("add", ".")
		git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")
		git("remote", "add", "origin", "https://gitlab.com/group/shop.git")
		cmd := exec.CommandContext(t.Context(), filepath.Join(modules, "node/bin/node"), append(args, jobs...)...)
		cmd.Dir, cmd.Env = dir, env
		out, _ := cmd.CombinedOutput()
		if left, err := filepath.Glob(filepath.Join(temporary, "tmp.*")); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v %v", left, err)
		}
		if strings.Contains(string(out), token) || strings.Contains(string(out), value) {
			t.Errorf("a secret is in the log:\n%s", out)
		}
		return dir, string(out), cmd.ProcessState.ExitCode()
	}

	token := w.token(t, plan, r.plan)
	if _, log, code := pipeline(token, r.review, "bundle-check-dev", "bundle-plan-dev"); code != 0 || strings.Count(log, " PASS ") != 2 || !strings.Contains(log, "1 function to add") {
		t.Errorf("a merge request: exit code %d\n%s", code, log)
	}
	stranger := r.refused[0].env
	w.aws.ResetCalls()
	if _, log, _ := pipeline(token, stranger, "bundle-check-dev", "bundle-plan-dev"); strings.Count(log, " PASS ") != 1 || !regexp.MustCompile(`bundle-plan-dev +finished in .* WARN 4`).MatchString(log) {
		t.Errorf("a merge request from a fork:\n%s", log)
	}
	if calls := w.aws.Calls(); len(calls) > 0 {
		t.Errorf("a merge request from a fork made the calls %v", calls)
	}
	dir, log, code := pipeline(w.token(t, build, r.build), append(r.trusted, "CI_COMMIT_REF_PROTECTED=true"), "bundle-publish-dev")
	if code != 0 || !strings.Contains(log, " PASS ") {
		t.Fatalf("main: exit code %d\n%s", code, log)
	}
	if found, err := filepath.Glob(filepath.Join(dir, ".gitlab-ci-local/artifacts/bundle-publish-dev/layer.zip")); err != nil || len(found) != 1 {
		t.Errorf("no artifact: %v %v\n%s", found, err, log)
	}
}
