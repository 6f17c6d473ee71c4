// Package trust tells whose code a run has before it: that of the people who
// keep the repository, or that of a stranger who has opened a pull request.
//
// It knows what CIs say about a run in the variables that they set. That is a
// seat belt: a job's own configuration, which a pull request may change, can set
// and unset variables. The wall is the trust policy of the role in AWS.
// docs/ci.md has the table for users.
package trust

import (
	"cmp"
	"slices"
	"strings"
)

// An Answer says whether the code of a run may be a stranger's.
type Answer int

// The answers, from the mildest to the strictest.
const (
	Trusted  Answer = iota
	Unknown         // there is a pull request and no origin, or a CI that says nothing we know
	Stranger        // a pull request from elsewhere
)

// A Verdict is an answer and why, for people: a clause that names the CI, ""
// where there is nothing to say. It has no text of the pull request in it.
type Verdict struct {
	Answer Answer
	Reason string
}

// A ci is one row of the table.
type ci struct {
	name string
	here func(environment) bool // the run is in this CI
	look func(environment) Verdict
}

// table has the CIs that are known. Their names stand in docs/ci.md.
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

// Names are the CIs that are known.
func Names() []string {
	var names []string
	for _, row := range table() {
		names = append(names, row.name)
	}
	return names
}

// Look says what the environment of a process tells. Where it is that of several
// CIs at once, the strictest answer counts; where it is that of none, nobody's
// pull request is near.
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
	case e.on("CI"), e.on("CONTINUOUS_INTEGRATION"), e.on("TEAMCITY_VERSION"):
		return unknown("bundle does not recognize this CI system")
	}
	return Verdict{}
}

func unknown(reason string) Verdict  { return Verdict{Unknown, reason} }
func stranger(reason string) Verdict { return Verdict{Stranger, reason} }

// An environment is that of a process.
type environment func(string) string

// get returns the value of a variable, "" for one that holds only spaces.
func (e environment) get(name string) string { return strings.TrimSpace(e(name)) }

// on says whether a variable is set to anything but a no: CIs write the number
// of a pull request, or false where there is none.
func (e environment) on(name string) bool { return !Off(e(name)) }

// Off says whether the value of a variable means no: it is empty, or a word for
// that in any case of letters.
func Off(value string) bool {
	return slices.Contains([]string{"", "false", "0", "no", "off"}, strings.ToLower(strings.TrimSpace(value)))
}

// is says whether a variable has one of these values, in any case of letters.
func (e environment) is(name string, values ...string) bool {
	return slices.Contains(values, strings.ToLower(e.get(name)))
}

func anyOf(names ...string) func(environment) bool {
	return func(e environment) bool { return slices.ContainsFunc(names, e.on) }
}

// A side of a pull request is a repository: by the id it has for good, and by
// the name it has now, "" where it is not known.
type side struct{ id, name string }

// compare says whether a pull request comes from where it goes, by their ids if
// both are known.
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
