package trust

import (
	"regexp"
	"slices"
	"strings"
)

const (
	aPullRequest  = "a pull request"
	aMergeRequest = "a merge request"
)

// gitLab: https://docs.gitlab.com/ci/variables/predefined_variables/. A pipeline
// for a merge request from a fork runs in the fork, unless a member starts it in
// the target. CI_PROJECT_* is the project that it runs in.
func gitLab(e environment) Verdict {
	project := side{e.get("CI_PROJECT_ID"), e.get("CI_PROJECT_PATH")}
	if e.is("CI_PIPELINE_SOURCE", "external_pull_request_event") || e.on("CI_EXTERNAL_PULL_REQUEST_IID") {
		return compare(aPullRequest, side{name: e.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY")},
			side{name: e.get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")})
	}
	source := side{e.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), e.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH")}
	target := side{e.get("CI_MERGE_REQUEST_PROJECT_ID"), e.get("CI_MERGE_REQUEST_PROJECT_PATH")}
	if e.is("CI_PIPELINE_SOURCE", "merge_request_event") || e.on("CI_MERGE_REQUEST_ID") || e.on("CI_MERGE_REQUEST_IID") ||
		source != (side{}) || target != (side{}) {
		if compare(aMergeRequest, project, target).Answer == Stranger {
			return stranger("the pipeline of a merge request runs in a fork instead of the target project")
		}
		return compare(aMergeRequest, source, target)
	}
	// A branch of a fork with a merge request to the target: group/project!7.
	for reference := range strings.SplitSeq(e.get("CI_OPEN_MERGE_REQUESTS"), ",") {
		path, _, ok := strings.Cut(strings.TrimSpace(reference), "!")
		if ok && path != "" && project.name != "" && !strings.EqualFold(path, project.name) {
			return stranger("the project is a fork with an open merge request to another project")
		}
	}
	return Verdict{}
}

// circleCI: https://circleci.com/docs/reference/variables/. CIRCLE_PR_* are set
// for forks only, and not with the GitHub App.
func circleCI(e environment) Verdict {
	switch {
	case e.on("CIRCLE_PR_NUMBER"), e.on("CIRCLE_PR_USERNAME"), e.on("CIRCLE_PR_REPONAME"):
		return stranger(aPullRequest + " comes from another repository")
	case e.on("CIRCLE_PULL_REQUEST"), e.on("CIRCLE_PULL_REQUESTS"), strings.HasPrefix(e.get("CIRCLE_BRANCH"), "pull/"):
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}

// azure: https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables.
// An undefined variable can arrive as its own reference, $(name).
func azure(e environment) Verdict {
	fork := e.get("SYSTEM_PULLREQUEST_ISFORK")
	if strings.HasPrefix(fork, "$(") {
		fork = ""
	}
	pull := e.is("BUILD_REASON", "pullrequest") ||
		e.on("SYSTEM_PULLREQUEST_PULLREQUESTID") && !strings.HasPrefix(e.get("SYSTEM_PULLREQUEST_PULLREQUESTID"), "$(") ||
		strings.HasPrefix(e.get("BUILD_SOURCEBRANCH"), "refs/pull/")
	switch {
	case slices.Contains([]string{"true", "1", "yes", "on"}, strings.ToLower(fork)):
		return stranger(aPullRequest + " comes from a fork")
	case fork != "" && Off(fork):
		return Verdict{}
	case pull, fork != "":
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}

// bitbucket: https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/.
// No variable names the repository that a pull request comes from.
func bitbucket(e environment) Verdict {
	if e.on("BITBUCKET_PR_ID") || e.on("BITBUCKET_PR_DESTINATION_BRANCH") {
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}

// codeBuild: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html.
// Nothing names a fork.
func codeBuild(e environment) Verdict {
	pull := regexp.MustCompile(`^(refs/)?(pr|pull|merge-requests)/`)
	if slices.ContainsFunc([]string{"CODEBUILD_WEBHOOK_TRIGGER", "CODEBUILD_SOURCE_VERSION", "CODEBUILD_WEBHOOK_HEAD_REF"},
		func(name string) bool { return pull.MatchString(strings.ToLower(e.get(name))) }) ||
		strings.HasPrefix(strings.ToUpper(e.get("CODEBUILD_WEBHOOK_EVENT")), "PULL_REQUEST") {
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}

// travis: https://docs.travis-ci.com/user/environment-variables/.
func travis(e environment) Verdict {
	if e.on("TRAVIS_PULL_REQUEST") || e.is("TRAVIS_EVENT_TYPE", "pull_request") {
		return compare(aPullRequest, side{name: e.get("TRAVIS_PULL_REQUEST_SLUG")}, side{name: e.get("TRAVIS_REPO_SLUG")})
	}
	return Verdict{}
}

// appVeyor: https://www.appveyor.com/docs/environment-variables/.
func appVeyor(e environment) Verdict {
	if e.on("APPVEYOR_PULL_REQUEST_NUMBER") {
		return compare(aPullRequest, side{name: e.get("APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME")}, side{name: e.get("APPVEYOR_REPO_NAME")})
	}
	return Verdict{}
}

// semaphore: https://docs.semaphoreci.com/reference/env-vars.
func semaphore(e environment) Verdict {
	if e.on("SEMAPHORE_GIT_PR_NUMBER") || e.on("SEMAPHORE_GIT_PR_SLUG") || e.is("SEMAPHORE_GIT_REF_TYPE", "pull-request") {
		return compare(aPullRequest, side{name: e.get("SEMAPHORE_GIT_PR_SLUG")}, side{name: e.get("SEMAPHORE_GIT_REPO_SLUG")})
	}
	return Verdict{}
}

// cirrus: https://cirrus-ci.org/guide/writing-tasks/#environment-variables.
func cirrus(e environment) Verdict {
	if e.on("CIRRUS_PR") {
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}
