package citest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/filetest"
)

// A recipe is the file of a CI, and how the CI runs it.
type recipe struct {
	jobs func(*testing.T) map[string]job
	// identity returns the variables by which a job gets the role, and what must be in no log.
	identity func(t *testing.T, w *world, p trustPolicy, role, subject string) (env, secrets []string)
	build    string // the subject of the job that builds
	plan     string // the subject of the job that plans; "" if there is none
	trusted  []string
	review   []string // a pull request of the repository itself; of nobody, if its origin is not known
	refused  []refusal
}

// A refusal is a run in which a job with a role must not do anything.
type refusal struct {
	job  string
	env  []string
	code int
}

func token(name string) func(*testing.T, *world, trustPolicy, string, string) ([]string, []string) {
	return func(t *testing.T, w *world, p trustPolicy, _, subject string) (env, secrets []string) {
		token := w.token(t, p, subject)
		return []string{name + "=" + token}, []string{token}
	}
}

func recipes() map[string]recipe {
	gitlabEnv := []string{"GITLAB_CI=true", "CI_PROJECT_ID=1", "CI_PROJECT_PATH=group/shop", "CI_PIPELINE_ID=77"}
	mergeRequest := func(project, source string) []string {
		return append(gitlabEnv[:1:1], "CI_PROJECT_ID="+project, "CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=7",
			"CI_MERGE_REQUEST_PROJECT_ID=1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID="+source)
	}
	circle := []string{"CIRCLECI=true", "CIRCLE_BUILD_NUM=77"}
	kite := []string{"BUILDKITE=true", "BUILDKITE_REPO=git@github.com:owner/shop.git"}
	azureEnv := []string{"TF_BUILD=True", "BUILD_BUILDID=77"}
	bucket := []string{"BITBUCKET_BUILD_NUMBER=77", "BITBUCKET_REPO_FULL_NAME=owner/shop"}
	hudson := []string{"JENKINS_URL=https://jenkins.example.com/", "BUILD_NUMBER=77"}
	code := []string{"CODEBUILD_BUILD_ID=shop:1", "CODEBUILD_BUILD_NUMBER=77"}
	with := func(env []string, more ...string) []string { return append(slices.Clone(env), more...) }
	return map[string]recipe{
		"gitlab": {
			gitlab, token("BUNDLE_ID_TOKEN"), "project_path:group/shop:ref_type:branch:ref:main", "project_path:group/shop:ref_type:branch:ref:change",
			with(gitlabEnv, "CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=main"), mergeRequest("1", "1"),
			[]refusal{
				{"plan", mergeRequest("1", "2"), 4}, {"plan", mergeRequest("2", "2"), 4}, {"publish", mergeRequest("1", "2"), 4},
				{"publish", with(gitlabEnv, "CI_PIPELINE_SOURCE=push", "CI_PROJECT_PATH=evil/shop", "CI_OPEN_MERGE_REQUESTS=group/shop!7"), 4},
				{"plan", with(gitlabEnv, "CI_PIPELINE_SOURCE=merge_request_event"), 2},
			},
		},
		"circleci": {
			circleci, token("CIRCLE_OIDC_TOKEN_V2"), circleSubject("github.com/owner/shop", "refs/heads/main"), "", with(circle, "CIRCLE_BRANCH=main"), nil,
			[]refusal{
				{"publish", with(circle, "CIRCLE_PR_NUMBER=7", "CIRCLE_PR_USERNAME=evil", "CIRCLE_PR_REPONAME=shop"), 4},
				{"publish", with(circle, "CIRCLE_PULL_REQUEST=https://github.com/owner/shop/pull/7"), 2}, {"publish", with(circle, "CIRCLE_BRANCH=pull/7"), 2},
			},
		},
		"buildkite": {
			buildkite, agentOfBuildkite, buildkiteSubject("shop", "main", "publish"), buildkiteSubject("shop", "change", "plan"),
			with(kite, "BUILDKITE_PULL_REQUEST=false"), with(kite, "BUILDKITE_PULL_REQUEST=7", "BUILDKITE_PULL_REQUEST_REPO=https://github.com/owner/shop.git"),
			[]refusal{
				{"plan", with(kite, "BUILDKITE_PULL_REQUEST=7", "BUILDKITE_PULL_REQUEST_REPO=https://github.com/evil/shop.git"), 4},
				{"publish", with(kite, "BUILDKITE_PULL_REQUEST=7", "BUILDKITE_PULL_REQUEST_REPO=git://github.com/evil/shop.git"), 4},
				{"plan", with(kite, "BUILDKITE_PULL_REQUEST=7"), 2},
			},
		},
		"jenkins": {
			jenkins, tokenFileOfJenkins, "https://jenkins.example.com/job/shop/job/main/", "", with(hudson, "BRANCH_NAME=main"), nil,
			[]refusal{
				{"publish", with(hudson, "CHANGE_ID=7", "CHANGE_FORK=evil"), 4}, {"publish", with(hudson, "CHANGE_ID=7"), 2},
				{"publish", with(hudson, "ghprbPullId=7"), 2},
			},
		},
		"azure-pipelines": {
			azure, serviceConnection, "sc://organization/project/bundle-build", "sc://organization/project/bundle-plan",
			with(azureEnv, "BUILD_REASON=IndividualCI", "BUILD_SOURCEBRANCH=refs/heads/main"), with(azureEnv, "BUILD_REASON=PullRequest", "SYSTEM_PULLREQUEST_ISFORK=False"),
			[]refusal{
				{"plan", with(azureEnv, "BUILD_REASON=PullRequest", "SYSTEM_PULLREQUEST_ISFORK=True"), 4},
				{"publish", with(azureEnv, "BUILD_REASON=PullRequest", "SYSTEM_PULLREQUEST_ISFORK=True"), 4},
				{"plan", with(azureEnv, "BUILD_REASON=PullRequest"), 2},
			},
		},
		"bitbucket": {
			bitbucket, token("BITBUCKET_STEP_OIDC_TOKEN"), bitbucketSubject("05", "06"), "", with(bucket, "BITBUCKET_BRANCH=main"), nil,
			[]refusal{{"publish", with(bucket, "BITBUCKET_PR_ID=7"), 2}, {"publish", with(bucket, "BITBUCKET_PR_DESTINATION_BRANCH=main"), 2}},
		},
		"codebuild": {
			codebuild, serviceRole, "", "", with(code, "CODEBUILD_WEBHOOK_TRIGGER=branch/main"), nil,
			[]refusal{
				{"publish", with(code, "CODEBUILD_WEBHOOK_TRIGGER=pr/7"), 2}, {"publish", with(code, "CODEBUILD_SOURCE_VERSION=pr/7"), 2},
				{"publish", with(code, "CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_UPDATED"), 2},
			},
		},
	}
}

// TestRecipesPlanBuildAndPublish runs each recipe from the installation to the published layer, twice; then for strangers.
func TestRecipesPlanBuildAndPublish(t *testing.T) {
	for name, r := range recipes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			build, plan := trustPolicies(t, name+".md")
			w.trust(t, buildRole, build)
			if plan.issuer != "" {
				w.trust(t, planRole, plan)
			}
			jobs := r.jobs(t)
			identity := func(job string) (env, secrets []string) {
				if job == "plan" {
					return r.identity(t, w, plan, planRole, r.plan)
				}
				return r.identity(t, w, build, buildRole, r.build)
			}
			r.offline(t, w, jobs["check"])
			if r.plan != "" {
				env, secrets := identity("plan")
				o := w.run(t, jobs["plan"], append(env, r.review...), secrets...)
				if o.code != 0 || !strings.Contains(o.log, "1 function to add") {
					t.Errorf("plan: exit code %d\n%s", o.code, o.log)
				}
				if calls := w.aws.Calls(); calls["ssm:GetParameters"] == 0 || calls["ssm:GetParameters(decrypt)"] > 0 || calls["kms:Encrypt"] > 0 {
					t.Errorf("plan made the calls %v", calls)
				}
			}
			r.publish(t, w, jobs["publish"], identity)
			r.strangers(t, w, jobs, identity)
		})
	}
}

// offline: the check runs for everyone, and calls nobody.
func (r recipe) offline(t *testing.T, w *world, check job) {
	t.Helper()
	for _, env := range [][]string{r.trusted, r.refused[0].env} {
		if o := w.run(t, check, env); o.code != 0 || !strings.Contains(o.log, "offline") {
			t.Errorf("check: exit code %d\n%s", o.code, o.log)
		}
	}
	broken := check
	broken.steps = append([]string{}, check.steps...)
	broken.steps[0] = "echo 'x = 1' >>secrets.hcl\n" + check.steps[0]
	if o := w.run(t, broken, r.trusted); o.code != 2 {
		t.Errorf("check of a manifest with a fault: exit code %d\n%s", o.code, o.log)
	}
	if calls := w.aws.Calls(); len(calls) > 0 {
		t.Errorf("check made the calls %v", calls)
	}
}

// publish: the first run publishes a layer, and later ones nothing, also in a shell that traces its commands, and in sh, which some
// images have instead of bash.
func (r recipe) publish(t *testing.T, w *world, publish job, identity func(string) (env, secrets []string)) {
	t.Helper()
	for n, j := range []job{publish, publish.traced(), publish.inSh()} {
		env, secrets := identity("publish")
		o := w.run(t, j, append(env, r.trusted...), secrets...)
		if o.code != 0 {
			t.Fatalf("run %d of publish: exit code %d\n%s", n+1, o.code, o.log)
		}
		if arn := filetest.Read(t, filepath.Join(o.dir, "layer.arn")); arn != layerARN+"\n" {
			t.Errorf("run %d published %q\n%s", n+1, arn, o.log)
		}
		if content := filetest.Read(t, filepath.Join(o.dir, "layer.zip")); !strings.HasPrefix(content, "PK") {
			t.Errorf("run %d has no layer", n+1)
		}
		r.handsOver(t, o)
	}
	if calls := w.aws.Calls(); calls["lambda:PublishLayerVersion"] != 1 || calls["kms:Encrypt"] != 1 || calls["ssm:GetParameters(decrypt)"] != 1 {
		t.Errorf("three runs made the calls %v", calls)
	}
}

// handsOver checks how the ARN reaches later jobs.
func (r recipe) handsOver(t *testing.T, o outcome) {
	t.Helper()
	switch {
	case slices.Contains(r.trusted, "GITLAB_CI=true"):
		if got := filetest.Read(t, filepath.Join(o.dir, "layer.env")); got != "LAYER_VERSION_ARN="+layerARN+"\n" {
			t.Errorf("the dotenv report has %q", got)
		}
	case slices.Contains(r.trusted, "BUILDKITE=true"):
		if got := filetest.Read(t, filepath.Join(o.dir, "layer-version-arn")); got != layerARN+"\n" {
			t.Errorf("the metadata has %q", got)
		}
	case slices.Contains(r.trusted, "TF_BUILD=True"):
		if !strings.Contains(o.log, "##vso[task.setvariable variable=LAYER_VERSION_ARN;isOutput=true]"+layerARN+"\n") {
			t.Errorf("no output variable:\n%s", o.log)
		}
	case slices.Contains(r.trusted, "CODEBUILD_BUILD_NUMBER=77"):
		if !strings.Contains(o.log, "exported: "+layerARN+"\n") {
			t.Errorf("no exported variable:\n%s", o.log)
		}
	}
}

// strangers: whose code is not known to be trusted gets nothing from AWS, whatever credentials there are.
func (r recipe) strangers(t *testing.T, w *world, jobs map[string]job, identity func(string) (env, secrets []string)) {
	t.Helper()
	w.aws.ResetCalls()
	for _, refused := range r.refused {
		j := jobs[refused.job].traced()
		env, secrets := identity(refused.job)
		calls := w.aws.Calls() // by which a service connection gets credentials
		o := w.run(t, j, append(env, refused.env...), secrets...)
		if o.code != refused.code {
			t.Errorf("%s with %q: exit code %d\n%s", refused.job, refused.env, o.code, o.log)
		}
		if after := w.aws.Calls(); fmt.Sprint(after) != fmt.Sprint(calls) {
			t.Errorf("%s with %q made calls: %v, before %v", refused.job, refused.env, after, calls)
		}
		if _, err := os.Stat(filepath.Join(o.dir, "layer.zip")); err == nil {
			t.Errorf("%s with %q made a layer", refused.job, refused.env)
		}
	}
}

// TestARecipeWithoutItsRoleFails: a token of another branch, an expired one, none at all.
func TestARecipeWithoutItsRoleFails(t *testing.T) {
	for name, variable := range map[string]string{"gitlab": "BUNDLE_ID_TOKEN", "circleci": "CIRCLE_OIDC_TOKEN_V2", "bitbucket": "BITBUCKET_STEP_OIDC_TOKEN"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := newWorld(t), recipes()[name]
			build, _ := trustPolicies(t, name+".md")
			w.trust(t, buildRole, build)
			expired := w.issuer.Sign(t, `{"alg":"RS256"}`, map[string]any{"iss": build.issuer, "aud": build.audience, "sub": r.build, "exp": time.Now().Add(-time.Minute).Unix()})
			for what, token := range map[string]string{"of another branch": w.token(t, build, "x"+r.build), "expired": expired, "empty": "", "no token": "not-a-token"} {
				o := w.run(t, r.jobs(t)["publish"], append([]string{variable + "=" + token}, r.trusted...), token)
				if o.code != 4 {
					t.Errorf("a token that is %s: exit code %d\n%s", what, o.code, o.log)
				}
			}
			if o := w.run(t, r.jobs(t)["publish"], r.trusted); o.code == 0 {
				t.Errorf("without a token:\n%s", o.log)
			}
		})
	}
}

// agentOfBuildkite puts a buildkite-agent on PATH, which has a token.
func agentOfBuildkite(t *testing.T, w *world, p trustPolicy, _, subject string) (env, secrets []string) {
	token := w.token(t, p, subject)
	filetest.Write(t, filepath.Join(w.bin, "token"), token)
	filetest.Write(t, filepath.Join(w.bin, "buildkite-agent"), `#!/bin/sh
case $* in
"oidc request-token --audience sts.amazonaws.com") cat "$(dirname "$0")/token" ;;
"annotate --context bundle-dev") cat >annotation.md ;;
"meta-data set layer-version-arn") cat >layer-version-arn ;;
*) echo "buildkite-agent: unknown: $*" >&2; exit 1 ;;
esac
`)
	if err := os.Chmod(filepath.Join(w.bin, "buildkite-agent"), 0o755); err != nil {
		t.Fatal(err)
	}
	return nil, []string{token}
}

// tokenFileOfJenkins writes the token to a file, as the plugin does, which Jenkins deletes.
func tokenFileOfJenkins(t *testing.T, w *world, p trustPolicy, _, subject string) (env, secrets []string) {
	token := w.token(t, p, subject)
	path := filepath.Join(t.TempDir(), "id-token")
	filetest.Write(t, path, token)
	return []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + path}, []string{token}
}

// serviceConnection exchanges a token for credentials, as the AWS Toolkit for Azure DevOps does.
func serviceConnection(t *testing.T, w *world, p trustPolicy, role, subject string) (env, secrets []string) {
	out, err := w.exchange(t, role, w.token(t, p, subject))
	if err != nil {
		t.Fatal(err)
	}
	secret, session := aws.ToString(out.Credentials.SecretAccessKey), aws.ToString(out.Credentials.SessionToken)
	return []string{"AWS_ACCESS_KEY_ID=" + aws.ToString(out.Credentials.AccessKeyId), "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=" + session,
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region}, []string{secret, session}
}

// serviceRole is an endpoint with the credentials of a role, as in a build container of CodeBuild.
func serviceRole(t *testing.T, w *world, _ trustPolicy, role, _ string) (env, secrets []string) {
	id, secret := newKey(t, w, role)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(map[string]string{"AccessKeyId": id, "SecretAccessKey": secret, "Token": "",
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + server.URL, "AWS_REGION=" + region}, []string{secret}
}
