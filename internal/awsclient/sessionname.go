package awsclient

import "strings"

// longestSessionName is the maximum length of a session name in characters:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const longestSessionName = 64

// runVariables returns the variables in which CI systems put the ID of a run and
// its commit. Variables whose names belong to one system come first.
func runVariables() []struct{ run, commit string } {
	return []struct{ run, commit string }{
		{"GITHUB_RUN_ID", "GITHUB_SHA"},
		{"CI_PIPELINE_ID", "CI_COMMIT_SHA"}, // GitLab
		{"CIRCLE_BUILD_NUM", "CIRCLE_SHA1"},
		{"CIRCLE_WORKFLOW_ID", "CIRCLE_SHA1"},
		{"BUILDKITE_BUILD_NUMBER", "BUILDKITE_COMMIT"},
		{"BUILDKITE_BUILD_ID", "BUILDKITE_COMMIT"},
		{"BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT"},
		{"CODEBUILD_BUILD_NUMBER", "CODEBUILD_RESOLVED_SOURCE_VERSION"},
		{"CODEBUILD_BUILD_ID", "CODEBUILD_RESOLVED_SOURCE_VERSION"},
		{"BUILD_BUILDID", "BUILD_SOURCEVERSION"}, // Azure Pipelines
		{"TRAVIS_BUILD_ID", "TRAVIS_COMMIT"},
		{"APPVEYOR_BUILD_ID", "APPVEYOR_REPO_COMMIT"},
		{"SEMAPHORE_WORKFLOW_ID", "SEMAPHORE_GIT_SHA"},
		{"DRONE_BUILD_NUMBER", "DRONE_COMMIT_SHA"},
		{"CI_PIPELINE_NUMBER", "CI_COMMIT_SHA"}, // Woodpecker
		{"BUILD_NUMBER", "GIT_COMMIT"},          // Jenkins
	}
}

// sessionName names a session after the run, so that CloudTrail shows which run it
// was: bundle-RUN-COMMIT, as far as the CI sets these.
func sessionName(environ []string) string {
	name := "bundle-local"
	if lookup(environ, "CI") != "" {
		name = "bundle-ci"
	}
	for _, ci := range runVariables() {
		run, commit := lookup(environ, ci.run), lookup(environ, ci.commit)
		if run == "" {
			continue
		}
		name = "bundle-" + run
		if commit != "" {
			name += "-" + commit
		}
		break
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '-'
	}, name)
	return name[:min(len(name), longestSessionName)]
}
