// Package trust finds out whose code a run builds: the code of the repository's
// maintainers, or of a stranger who opened a pull request.
//
// It uses the variables that CI systems set. This is only a safeguard: a job's
// configuration, which a pull request can change, can set and unset variables. The
// protection is the trust policy of the role in AWS. docs/ci.md has the table for
// users.
package trust

import (
	"cmp"
	"slices"
	"strings"
)

// An Answer says whether the code of a run can come from a stranger.
type Answer int

// The answers, from the mildest to the strictest.
const (
	Trusted  Answer = iota
	Unknown         // a pull request of unknown origin, or an unknown CI
	Stranger        // a pull request from another repository
)

// A Verdict is an answer and the reason: a clause that names the CI, or "". It has
// no text from the pull request.
type Verdict struct {
	Answer Answer
	Reason string
}

// A ci is one row of the table.
type ci struct {
	name string
	here func(environment) bool // reports whether the run is in this CI
	look func(environment) Verdict
}

// table has the known CI systems. Their names are in docs/ci.md.
func table() []ci {
	return []ci{
		{"GitHub Actions", anyOf("GITHUB_ACTIONS", "GITHUB_EVENT_NAME"), gitHub},
		{"GitLab CI/CD", anyOf("GITLAB_CI", "CI_PIPELINE_SOURCE", "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_PROJECT_ID",
			"CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), gitLab},
		{"CircleCI", anyOf("CIRCLECI", "CIRCLE_PR_NUMBER", "CIRCLE_PULL_REQUEST", "CIRCLE_PULL_REQUESTS"), circleCI},
		{"Azure Pipelines", anyOf("TF_BUILD", "SYSTEM_PULLREQUEST_ISFORK", "SYSTEM_PULLREQUEST_PULLREQUESTID"), azure},
		{"Bitbucket Pipelines", anyOf("BITBUCKET_BUILD_NUMBER", "BITBUCKET_PIPELINE_UUID", "BITBUCKET_REPO_FULL_NAME", "BITBUCKET_PR_ID"), bitbucket},
		{"Buildkite", anyOf("BUILDKITE", "BUILDKITE_PULL_REQUEST"), buildkite},
		{"Jenkins", inJenkins, jenkins},
		{"CodeBuild", anyOf("CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_ARN", "CODEBUILD_WEBHOOK_TRIGGER"), codeBuild},
		{"Woodpecker", inWoodpecker, woodpecker},
		{"Drone", inDrone, drone},
		{"Atlantis", inAtlantis, atlantis},
		{"Travis CI", anyOf("TRAVIS", "TRAVIS_PULL_REQUEST"), travis},
		{"AppVeyor", anyOf("APPVEYOR", "APPVEYOR_PULL_REQUEST_NUMBER"), appVeyor},
		{"Semaphore", anyOf("SEMAPHORE", "SEMAPHORE_GIT_PR_NUMBER"), semaphore},
		{"Cirrus CI", anyOf("CIRRUS_CI", "CIRRUS_PR"), cirrus},
	}
}

// Names returns the names of the known CI systems.
func Names() []string {
	var names []string
	for _, row := range table() {
		names = append(names, row.name)
	}
	return names
}

// Look returns the verdict for the environment of a process. If it matches several CI
// systems, the strictest answer counts. If it matches none, there is no pull request.
func Look(getenv func(string) string) Verdict {
	e := environment(getenv)
	var found []Verdict
	for _, row := range table() {
		if !row.here(e) {
			continue
		}
		v := row.look(e)
		if v.Reason != "" {
			v.Reason = "in " + row.name + ", " + v.Reason
		}
		found = append(found, v)
	}
	switch {
	case len(found) > 0:
		return slices.MaxFunc(found, func(a, b Verdict) int { return cmp.Compare(a.Answer, b.Answer) })
	case otherCI(e):
		return unknown("bundle does not recognize this CI system")
	}
	return Verdict{}
}

// InCI reports whether the environment of a process is that of a CI, also of one that does
// not set CI, such as Azure Pipelines, CodeBuild and TeamCity.
func InCI(getenv func(string) string) bool {
	e := environment(getenv)
	return otherCI(e) || slices.ContainsFunc(table(), func(row ci) bool { return row.here(e) })
}

func otherCI(e environment) bool {
	return e.on("CI") || e.on("CONTINUOUS_INTEGRATION") || e.on("TEAMCITY_VERSION")
}

func unknown(reason string) Verdict  { return Verdict{Unknown, reason} }
func stranger(reason string) Verdict { return Verdict{Stranger, reason} }

// An environment looks up a variable of a process.
type environment func(string) string

// get returns the value of a variable, "" for one that holds only spaces.
func (e environment) get(name string) string { return strings.TrimSpace(e(name)) }

// on reports whether a variable is set to anything that does not mean no. CI systems
// write the number of a pull request, or false if there is none.
func (e environment) on(name string) bool { return !Off(e(name)) }

// Off reports whether the value of a variable means no: empty, false, 0, no or off,
// ignoring case.
func Off(value string) bool {
	return slices.Contains([]string{"", "false", "0", "no", "off"}, strings.ToLower(strings.TrimSpace(value)))
}

// is reports whether a variable has one of these values, ignoring case.
func (e environment) is(name string, values ...string) bool {
	return slices.Contains(values, strings.ToLower(e.get(name)))
}

func anyOf(names ...string) func(environment) bool {
	return func(e environment) bool { return slices.ContainsFunc(names, e.on) }
}

// A side of a pull request is a repository: its permanent ID, and its current name;
// "" if unknown.
type side struct{ id, name string }

// compare returns whether a pull request comes from its target repository. It uses the
// IDs if both are known, and otherwise the names.
func compare(what string, head, base side) Verdict {
	same := false
	switch {
	case head.id != "" && base.id != "":
		same = head.id == base.id
	case head.name != "" && base.name != "":
		same = strings.EqualFold(head.name, base.name)
	default:
		return unknown("the source repository of " + what + " is not known")
	}
	if !same {
		return stranger(what + " comes from another repository")
	}
	return Verdict{}
}
