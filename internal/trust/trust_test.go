package trust_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/trust"
)

// answers names the answers, for tables.
var answers = map[string]trust.Answer{"trusted": trust.Trusted, "unknown": trust.Unknown, "stranger": trust.Stranger}

// look asks about variables, written NAME=VALUE and separated by spaces.
func look(variables string) trust.Verdict {
	environ := map[string]string{}
	for _, entry := range strings.Fields(variables) {
		name, value, _ := strings.Cut(entry, "=")
		environ[name] = strings.ReplaceAll(value, "␠", " ")
	}
	return trust.Look(func(name string) string { return environ[name] })
}

func check(t *testing.T, variables, want string) {
	t.Helper()
	got := look(variables)
	if got.Answer != answers[want] {
		t.Errorf("%s: %d (%s), not %s", variables, got.Answer, got.Reason, want)
	}
	if (got.Reason == "") != (got.Answer == trust.Trusted) {
		t.Errorf("%s: the reason is %q", variables, got.Reason)
	}
	if strings.Contains(got.Reason, "evil") {
		t.Errorf("%s: the reason quotes a stranger: %s", variables, got.Reason)
	}
}

// TestEveryCI has rows of variables and the answer to them.
func TestEveryCI(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "cis.txt"))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		want, variables, _ := strings.Cut(line, " ")
		if _, ok := answers[want]; !ok {
			t.Fatalf("%q is no answer", want)
		}
		counts[want]++
		check(t, variables, want)
	}
	for want := range answers {
		if counts[want] < 30 {
			t.Errorf("only %d rows are %s", counts[want], want)
		}
	}
}

// A run of any known CI is in a CI, although Azure Pipelines, CodeBuild and others do not set CI.
func TestInCI(t *testing.T) {
	for variables, want := range map[string]bool{
		"CI=true": true, "CI=1 GITHUB_ACTIONS=true": true, "TF_BUILD=True": true, "CODEBUILD_BUILD_ID=shop:1": true, "JENKINS_URL=https://ci.example.com/": true,
		"TEAMCITY_VERSION=2025.1": true, "CONTINUOUS_INTEGRATION=true": true, "CI=false BUILDKITE=true": true,
		"": false, "CI=": false, "CI=false": false, "GITHUB_ACTIONS=false TF_BUILD=": false,
	} {
		environ := map[string]string{}
		for _, entry := range strings.Fields(variables) {
			name, value, _ := strings.Cut(entry, "=")
			environ[name] = value
		}
		if got := trust.InCI(func(name string) string { return environ[name] }); got != want {
			t.Errorf("%q: %v", variables, got)
		}
	}
}

// TestTheStrictestAnswerCounts puts variables of two CIs together.
func TestTheStrictestAnswerCounts(t *testing.T) {
	rows := map[string][]string{
		"trusted":  {"GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push", "BUILDKITE=true BUILDKITE_PULL_REQUEST=false", "CODEBUILD_BUILD_ID=x CODEBUILD_WEBHOOK_TRIGGER=branch/main"},
		"unknown":  {"BITBUCKET_BUILD_NUMBER=1 BITBUCKET_PR_ID=7", "CIRCLECI=true CIRCLE_PULL_REQUEST=https://github.com/o/n/pull/7", "CI=woodpecker CI_PIPELINE_EVENT=pull_request"},
		"stranger": {"CHANGE_ID=7 CHANGE_FORK=evil", "TF_BUILD=True SYSTEM_PULLREQUEST_ISFORK=True", "TRAVIS=true TRAVIS_PULL_REQUEST=7 TRAVIS_PULL_REQUEST_SLUG=evil/n TRAVIS_REPO_SLUG=o/n"},
	}
	for _, first := range []string{"trusted", "unknown", "stranger"} {
		for _, second := range []string{"trusted", "unknown", "stranger"} {
			want := first
			if answers[second] > answers[first] {
				want = second
			}
			for _, a := range rows[first] {
				for _, b := range rows[second] {
					check(t, a+" "+b, want)
				}
			}
		}
	}
}

func TestOff(t *testing.T) {
	for _, value := range []string{"", " ", "false", "False", "FALSE", " false ", "0", "no", "off", "OFF"} {
		if !trust.Off(value) {
			t.Errorf("%q is on", value)
		}
	}
	for _, value := range []string{"true", "True", "1", "yes", "woodpecker", "drone", "falsehood"} {
		if trust.Off(value) {
			t.Errorf("%q is off", value)
		}
	}
}

// TestThePageHasEveryCI holds the table in docs/ci.md to the one in the code.
func TestThePageHasEveryCI(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range trust.Names() {
		if !strings.Contains(string(page), "\n| "+name+" |") {
			t.Errorf("docs/ci.md has no row for %s", name)
		}
	}
}
