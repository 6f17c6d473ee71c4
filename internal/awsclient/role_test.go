package awsclient

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/awslocal"
)

const assumedRole = "arn:aws:iam::000000000000:role/build"

// withRole starts an embedded AWS with a role that may do everything, for whoever
// meets its trust policy.
func withRole(t *testing.T) (*awslocal.Server, string) {
	t.Helper()
	server, err := awslocal.New(awslocal.WithSeed([]byte(`{
	  "region": "us-west-2",
	  "keys": [{"alias": "alias/x"}],
	  "roles": [
	    {"name": "build", "policy": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
	     "trust_policy": {"Version": "2012-10-17", "Statement": [
	      {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "shop:prod", "sts:RoleSessionName": "fixed"}}},
	      {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:SetSourceIdentity", "Condition": {"StringEquals": {"sts:SourceIdentity": "release"}}},
	      {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:TagSession", "Condition": {"StringEquals": {"aws:RequestTag/team": "shop"}}}]}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	address, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return server, address
}

func TestRoleIsAssumedAsItIsSaid(t *testing.T) {
	server, address := withRole(t)
	id, key := server.Credentials()
	right := func() RoleToAssume {
		return RoleToAssume{ARN: assumedRole, SessionName: "fixed", ExternalID: "shop:prod", SourceIdentity: "release", Tags: map[string]string{"team": "shop"}}
	}
	describe := func(role RoleToAssume) error {
		alias := "alias/x"
		cfg := local(t, address, func(o *Options) { o.Role, o.Static, o.Environ = role, &Static{id, key}, []string{"GITHUB_RUN_ID=7"} })
		_, err := kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
		return err
	}
	if err := describe(right()); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	for name, test := range map[string]struct {
		change func(*RoleToAssume)
		want   string
	}{
		"session name":    {func(r *RoleToAssume) { r.SessionName = "" }, `the session name is "bundle-7"`},
		"external id":     {func(r *RoleToAssume) { r.ExternalID = "" }, "to call sts:AssumeRole, sts:SetSourceIdentity, sts:TagSession on the role"},
		"source identity": {func(r *RoleToAssume) { r.SourceIdentity = "other" }, "sts:SetSourceIdentity"},
		"tags":            {func(r *RoleToAssume) { r.Tags["team"] = "bank" }, "sts:TagSession"},
	} {
		role := right()
		test.change(&role)
		err := describe(role)
		if !errors.Is(err, ErrCredentials) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("another %s: %v, want %q", name, err, test.want)
		}
	}

	role := right()
	role.Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:*","Resource":"*"}}`
	if err := describe(role); awsfault.Classify(err) != awsfault.Denied {
		t.Errorf("what the session policy does not allow: %v", err)
	}
}

func TestPolicyThatIsTooLargeIsLeftOutWhereItMay(t *testing.T) {
	server, address := withRole(t)
	id, key := server.Credentials()
	alias := "alias/x"
	for _, code := range []string{"PackedPolicyTooLarge", "PackedPolicyTooLargeException"} {
		server.ClearFaults()
		server.Inject(awslocal.Fault{Operation: "sts:AssumeRole", Times: 2, Kind: awslocal.Fail, Code: code})
		told := 0
		role := RoleToAssume{ARN: assumedRole, SessionName: "fixed", ExternalID: "shop:prod",
			Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`}
		describe := func() error {
			cfg := local(t, address, func(o *Options) { o.Role, o.Static = role, &Static{id, key} })
			_, err := kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
			return err
		}
		if err := describe(); !errors.Is(err, ErrCredentials) || !strings.Contains(err.Error(), "fewer or shorter tags") {
			t.Errorf("%s, where the policy must not be left out: %v", code, err)
		}
		role.WithoutPolicy = func() { told++ }
		if err := describe(); err != nil || told != 1 {
			t.Errorf("%s: %v, told %d times", code, err, told)
		}
	}
}

// What is said about a session is sent, and what is not said is not.
func TestRequestToAssumeARole(t *testing.T) {
	s := newServer(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" {
			text(200, `{"Parameters":[]}`)(0, w, r)
			return
		}
		text(200, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>`+
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)(0, w, r)
	})
	base := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "DurationSeconds": {"900"}, "RoleArn": {assumedRole}, "RoleSessionName": {"bundle-local"}}
	for name, test := range map[string]struct {
		role RoleToAssume
		more url.Values
	}{
		"no more": {RoleToAssume{}, nil},
		"all": {
			RoleToAssume{SessionName: "n1", ExternalID: "e1", SourceIdentity: "s1", Tags: map[string]string{"b": "2", "a": "1"}, Policy: "{}"},
			url.Values{"RoleSessionName": {"n1"}, "ExternalId": {"e1"}, "SourceIdentity": {"s1"}, "Policy": {"{}"}, "Tags.member.1.Key": {"a"}, "Tags.member.1.Value": {"1"},
				"Tags.member.2.Key": {"b"}, "Tags.member.2.Value": {"2"}},
		},
	} {
		test.role.ARN = assumedRole
		want := url.Values{}
		for _, all := range []url.Values{base, test.more} {
			for k, v := range all {
				want[k] = v
			}
		}
		if err := getParameters(t.Context(), local(t, s.URL, func(o *Options) { o.Role, o.Environ = test.role, []string{} })); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sent, err := url.ParseQuery(strings.TrimPrefix(s.requests[s.count()-2], " "))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("%s: -want +sent:\n%s", name, diff)
		}
	}
}

func TestDocumentedVariablesOfRuns(t *testing.T) {
	docs, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(docs), "\n## The name in CloudTrail\n")
	var want, got []string
	for _, ci := range runVariables() {
		want = append(want, ci.run+" "+ci.commit)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| [A-Z][^|]* \\| ([^|]+) \\| `([A-Z_0-9]+)` \\|$").FindAllStringSubmatch(table, -1) {
		for run := range strings.SplitSeq(row[1], ", ") {
			got = append(got, strings.Trim(run, "`")+" "+row[2])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-code +documentation:\n%s", diff)
	}
}

func TestSessionNames(t *testing.T) {
	const sha = "0123456789abcdef0123456789abcdef01234567"
	for want, environ := range map[string][]string{
		"bundle-local":                      {},
		"bundle-ci":                         {"CI=true"},
		"bundle-12345678901-" + sha:         {"CI=true", "GITHUB_ACTIONS=true", "GITHUB_RUN_ID=12345678901", "GITHUB_SHA=" + sha, "BUILD_NUMBER=5"},
		"bundle-801-" + sha:                 {"GITLAB_CI=true", "CI_PIPELINE_ID=801", "CI_COMMIT_SHA=" + sha},
		"bundle-77-" + sha:                  {"CIRCLECI=true", "CIRCLE_BUILD_NUM=77", "CIRCLE_WORKFLOW_ID=11111111-2222-3333-4444-555555555555", "CIRCLE_SHA1=" + sha},
		"bundle-12-HEAD":                    {"BUILDKITE=true", "BUILDKITE_BUILD_NUMBER=12", "BUILDKITE_COMMIT=HEAD"},
		"bundle-13-" + sha:                  {"BITBUCKET_BUILD_NUMBER=13", "BITBUCKET_COMMIT=" + sha},
		"bundle-14-" + sha:                  {"JENKINS_URL=https://ci.example.com/", "BUILD_NUMBER=14", "GIT_COMMIT=" + sha},
		"bundle-15-" + sha:                  {"TF_BUILD=True", "BUILD_BUILDID=15", "BUILD_SOURCEVERSION=" + sha},
		"bundle-shop-11111111-" + sha:       {"CODEBUILD_BUILD_ID=shop:11111111", "CODEBUILD_RESOLVED_SOURCE_VERSION=" + sha},
		"bundle-16":                         {"JENKINS_URL=https://ci.example.com/", "BUILD_NUMBER=16"},
		"bundle-17---rm----g--31m---x":      {"BUILD_NUMBER=17", "GIT_COMMIT=$(rm)/\n g\x1b[31m\"é\xffx"},
		"bundle-" + strings.Repeat("9", 57): {"BUILD_NUMBER=" + strings.Repeat("9", 300), "GIT_COMMIT=" + sha},
	} {
		if got := sessionName(environ); got != want || len(got) > 64 {
			t.Errorf("%v: %q, want %q", environ, got, want)
		}
	}
}
