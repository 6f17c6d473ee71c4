package citest

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/filetest"
)

// A trustPolicy is one of a page.
type trustPolicy struct {
	document string
	issuer   string // URL of the identity provider; "" if there is none
	audience string
	subject  string // perhaps with stars
}

// trustPolicies returns the trust policies of a page: of the role that builds, and, if there is one, of the role that plans.
func trustPolicies(t *testing.T, page string) (build, plan trustPolicy) {
	t.Helper()
	var all []trustPolicy
	for _, block := range regexp.MustCompile("(?s)\n```json\n(.*?)```\n").FindAllStringSubmatch(filetest.Read(t, filepath.Join(filetest.Root(t), "docs/ci", page)), -1) {
		var document struct {
			Version   string
			Statement []struct {
				Effect, Action string
				Principal      map[string]string
				Condition      map[string]map[string]string
			}
		}
		if err := json.Unmarshal([]byte(block[1]), &document); err != nil || len(document.Statement) != 1 || document.Version != "2012-10-17" || document.Statement[0].Effect != "Allow" {
			t.Fatalf("%s: %v in\n%s", page, err, block[1])
		}
		s := document.Statement[0]
		p := trustPolicy{document: block[1]}
		if arn := s.Principal["Federated"]; arn != "" {
			host, ok := strings.CutPrefix(arn, "arn:aws:iam::"+account+":oidc-provider/")
			if !ok || s.Action != "sts:AssumeRoleWithWebIdentity" {
				t.Errorf("%s: %s", page, block[1])
			}
			p.issuer, p.audience = "https://"+host, s.Condition["StringEquals"][host+":aud"]
			p.subject = s.Condition["StringEquals"][host+":sub"] + s.Condition["StringLike"][host+":sub"]
		}
		all = append(all, p)
	}
	switch len(all) {
	case 1:
		return all[0], trustPolicy{}
	case 2:
		return all[0], all[1]
	}
	t.Fatalf("%s has %d trust policies", page, len(all))
	return build, plan
}

// TestTrustPoliciesAdmitOnlyTheirJobs exchanges tokens under the trust policies of the pages, as they are there.
func TestTrustPoliciesAdmitOnlyTheirJobs(t *testing.T) {
	for page, tt := range map[string]struct {
		build, plan []string // subjects that are admitted
		neither     []string
	}{
		"gitlab.md": {
			build:   []string{"project_path:group/shop:ref_type:branch:ref:main"},
			plan:    []string{"project_path:group/shop:ref_type:branch:ref:main", "project_path:group/shop:ref_type:branch:ref:feature/x"},
			neither: []string{"project_path:evil/shop:ref_type:branch:ref:main", "project_path:group/shop:ref_type:tag:ref:main", "project_path:group/shop-2:ref_type:branch:ref:main", "project_path:evil/group/shop:ref_type:branch:ref:main"},
		},
		"circleci.md": {
			build: []string{circleSubject("github.com/owner/shop", "refs/heads/main")},
			neither: []string{circleSubject("github.com/evil/shop", "refs/heads/main"), circleSubject("github.com/owner/shop", "refs/heads/main2"),
				circleSubject("github.com/owner/shop", "refs/pull/7/head"), strings.Replace(circleSubject("github.com/owner/shop", "refs/heads/main"), "project/00", "project/10", 1)},
		},
		"buildkite.md": {
			build:   []string{buildkiteSubject("shop", "main", "publish")},
			plan:    []string{buildkiteSubject("shop", "feature", "plan"), buildkiteSubject("shop", "main", "plan")},
			neither: []string{buildkiteSubject("shop", "feature", "publish"), buildkiteSubject("shop2", "main", "publish"), buildkiteSubject("shop", "main", "check"), "x:" + buildkiteSubject("shop", "main", "publish")},
		},
		"jenkins.md": {
			build:   []string{"https://jenkins.example.com/job/shop/job/main/"},
			neither: []string{"https://jenkins.example.com/job/shop/job/PR-7/", "https://jenkins.example.com/job/shop/job/main", "https://jenkins.example.com/job/evil/job/main/"},
		},
		"azure-pipelines.md": {
			build:   []string{"sc://organization/project/bundle-build"},
			plan:    []string{"sc://organization/project/bundle-plan"},
			neither: []string{"sc://organization/other/bundle-build", "p://organization/project/pipeline", "sc://organization/project/bundle-build2"},
		},
		"bitbucket.md": {
			build:   []string{bitbucketSubject("05", "06")},
			neither: []string{bitbucketSubject("07", "06"), bitbucketSubject("05", "08"), "{00000000-0000-4000-8000-000000000005}:{00000000-0000-4000-8000-000000000009}"},
		},
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			build, plan := trustPolicies(t, page)
			if build.audience == "" || plan.issuer != "" && (plan.audience != build.audience || plan.issuer != build.issuer) {
				t.Fatalf("audiences %q and %q", build.audience, plan.audience)
			}
			w.trust(t, buildRole, build)
			if plan.issuer != "" {
				w.trust(t, planRole, plan)
			}
			check := func(role, subject string, admitted bool) {
				t.Helper()
				token := w.token(t, build, subject)
				if _, err := w.exchange(t, role, token); (err == nil) != admitted {
					t.Errorf("%s, %s: %v", role, subject, err)
				}
			}
			for _, subject := range tt.build {
				check(buildRole, subject, true)
			}
			for _, subject := range tt.plan {
				check(planRole, subject, true)
			}
			for _, subject := range tt.neither {
				check(buildRole, subject, false)
				if plan.issuer != "" {
					check(planRole, subject, false)
				}
			}
			other := build
			other.audience = "somebody-else"
			if _, err := w.exchange(t, buildRole, w.token(t, other, tt.build[0])); err == nil {
				t.Error("a token for another audience is admitted")
			}
		})
	}
}

func circleSubject(origin, ref string) string {
	return "org/00000000-0000-4000-8000-000000000001/project/00000000-0000-4000-8000-000000000002/user/00000000-0000-4000-8000-00000000000a/vcs-origin/" + origin + "/vcs-ref/" + ref
}

func buildkiteSubject(pipeline, branch, step string) string {
	return "organization:acme:pipeline:" + pipeline + ":ref:refs/heads/" + branch + ":commit:1da177e4c3f41524e886b7f1b8a0c1fc7321cac2:step:" + step
}

func bitbucketSubject(repository, environment string) string {
	return "{00000000-0000-4000-8000-0000000000" + repository + "}:{00000000-0000-4000-8000-0000000000" + environment + "}:{00000000-0000-4000-8000-000000000009}"
}

// exchange assumes a role with a token, as a tool other than bundle does.
func (w *world) exchange(t *testing.T, role, token string) (*awssts.AssumeRoleWithWebIdentityOutput, error) {
	t.Helper()
	c := aws.Config{Region: region, BaseEndpoint: &w.endpoint, Credentials: aws.AnonymousCredentials{}}
	return awssts.NewFromConfig(c).AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("job"), WebIdentityToken: &token})
}
