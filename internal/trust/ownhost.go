package trust

import (
	"net/url"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// buildkite: https://buildkite.com/docs/pipelines/configure/environment-variables.
// The two addresses need not have the same scheme.
func buildkite(e environment) Verdict {
	if e.on("BUILDKITE_PULL_REQUEST") || e.on("BUILDKITE_PULL_REQUEST_REPO") {
		return compare(aPullRequest, side{name: place(e.get("BUILDKITE_PULL_REQUEST_REPO"))}, side{name: place(e.get("BUILDKITE_REPO"))})
	}
	return Verdict{}
}

// aliases matches other names of a host: the one for SSH on port 443, and names in an
// SSH configuration with one entry for each key, such as github.com-shop.
var aliases = lazyregexp.New(`^(?:ssh\.|altssh\.)?(github\.com|gitlab\.com|bitbucket\.org)(?:-.*)?$`)

var scp = lazyregexp.New(`^(?:[^@/]+@)?([^:/@]+):(.+)$`)

// place reduces the URL of a Git repository to host and path; "" if it is not such a
// URL.
func place(address string) string {
	host, path := "", ""
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host, path = u.Hostname(), u.Path
	} else if found := scp.FindStringSubmatch(address); found != nil && !strings.Contains(address, "://") {
		host, path = found[1], found[2]
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if found := aliases.FindStringSubmatch(host); found != nil {
		host = found[1]
	}
	if host == "" || path == "" {
		return ""
	}
	return host + "/" + strings.ToLower(path)
}

func inJenkins(e environment) bool {
	return anyOf("JENKINS_URL", "JENKINS_HOME", "HUDSON_URL", "CHANGE_ID", "CHANGE_FORK")(e) || strings.HasPrefix(e.get("BUILD_TAG"), "jenkins-")
}

// jenkins: multibranch projects set CHANGE_ID for what is under review, and
// CHANGE_FORK for a fork whose name is known
// (https://github.com/jenkinsci/branch-api-plugin/blob/e73a56d397882c63ae06483ba81742c2e39d25d5/src/main/java/jenkins/branch/BranchNameContributor.java#L73-L79).
// The name of a deleted fork on GitHub is not known, although CHANGE_BRANCH is
// (https://github.com/jenkinsci/github-branch-source-plugin/blob/57edfa33796a5e85a9342bdf816ad2223f1b560b/src/main/java/org/jenkinsci/plugins/github_branch_source/PullRequestSCMHead.java#L84-L96),
// so a missing CHANGE_FORK does not prove that the branch is in the repository itself.
// The other variables come from plugins for jobs of one branch.
func jenkins(e environment) Verdict {
	switch {
	case e.on("CHANGE_FORK"):
		return stranger(aPullRequest + " comes from a fork")
	case e.on("CHANGE_ID"):
		return unknown("this is a build of a pull request, and Jenkins does not distinguish a pull request of this repository from one of a deleted fork")
	case e.on("ghprbPullId"), e.on("gitlabMergeRequestIid"), e.on("BITBUCKET_PULL_REQUEST_ID"):
		return compare(aPullRequest, side{}, side{})
	case e.on("GERRIT_CHANGE_NUMBER") && !e.is("GERRIT_EVENT_TYPE", "change-merged", "ref-updated"):
		return unknown("the build is of a change under review, and anyone can submit one")
	}
	return Verdict{}
}

func inWoodpecker(e environment) bool {
	return e.is("CI", "woodpecker") || e.is("CI_SYSTEM_NAME", "woodpecker") || e.on("CI_PIPELINE_EVENT")
}

// woodpecker: https://woodpecker-ci.org/docs/usage/environment. No variable shows
// forks.
func woodpecker(e environment) Verdict {
	if strings.HasPrefix(strings.ToLower(e.get("CI_PIPELINE_EVENT")), "pull_request") ||
		strings.HasPrefix(strings.ToLower(e.get("CI_BUILD_EVENT")), "pull_request") ||
		e.on("CI_COMMIT_PULL_REQUEST") {
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}

func inDrone(e environment) bool {
	return e.is("CI", "drone") || anyOf("DRONE", "DRONE_BUILD_EVENT", "DRONE_PULL_REQUEST")(e)
}

// drone: https://docs.drone.io/pipeline/environment/reference/. Harness CI also sets
// its variables.
func drone(e environment) Verdict {
	if strings.HasPrefix(strings.ToLower(e.get("DRONE_BUILD_EVENT")), "pull_request") || e.on("DRONE_PULL_REQUEST") {
		return compare(aPullRequest, side{}, side{})
	}
	return Verdict{}
}

func inAtlantis(e environment) bool {
	return e.on("ATLANTIS_TERRAFORM_VERSION") || e.on("HEAD_REPO_OWNER") && e.on("BASE_REPO_OWNER")
}

// atlantis: https://www.runatlantis.io/docs/custom-workflows.html. All of its
// runs are for a pull request.
func atlantis(e environment) Verdict {
	head, base := e.get("HEAD_REPO_OWNER"), e.get("BASE_REPO_OWNER")
	if head == "" || base == "" {
		return compare(aPullRequest, side{}, side{})
	}
	if name := e.get("HEAD_REPO_NAME"); name != "" && e.get("BASE_REPO_NAME") != "" {
		head, base = head+"/"+name, base+"/"+e.get("BASE_REPO_NAME")
	}
	return compare(aPullRequest, side{name: head}, side{name: base})
}
