//go:build unix

package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

// kept is the row of a value that a function must get as it is.
func kept(number, fault, value string) *row {
	return &row{
		number: number, fault: fault, manifest: head + function("f0", "/prod/one"), act: first(), layer: fresh,
		account: func(t *testing.T, cfg aws.Config) { put(t, cfg, "/prod/one", value) },
		after: func(s *stage, _ []result) string {
			got := s.run("run", "--layer", layerFile, "--endpoint-url", s.url, "--function", "f0", "--", "printenv", "P0")
			if string(got.stdout) != value+"\n" {
				return fmt.Sprintf("the function got %.80q with exit code %d\n%s", got.stdout, got.code, got.stderr)
			}
			return ""
		},
	}
}

// values are the rows of values.
func values() []*row {
	return []*row{
		kept("19", "a value of 4,096 bytes", strings.Repeat("v", 4096)),
		kept("19", "a value of 4,097 bytes", strings.Repeat("v", 4097)),
		kept("19", "a value of 8,192 bytes", strings.Repeat("v", 8192)),
		kept("20", "a value of one byte", "v"),
		kept("20", "a value that ends with a newline", "not-a-real-value\n"),
		kept("20", "a value with quotes, a backslash and other alphabets", `"ключ"\n '鍵' 🔑`),
		{number: "20", fault: "a value with a NUL", faults: edited(reads+"(decrypt)", "Parameters[0].Value", `"a\u0000b"`), code: 5, layer: old, names: []string{"/prod/p0"}, step: "base64"},
		{number: "20", fault: "an empty value", faults: edited(reads+"(decrypt)", "Parameters[0].Value", `""`), code: 5, layer: old, names: []string{"/prod/p0"}, step: "put a value"},
	}
}

// missingThree is a manifest with three parameters that do not exist, in two batches.
func missingThree() string {
	return head + function("f0", append(numbered(0, 9), "/prod/gone-0")...) + function("f1", "/prod/p10", "/prod/gone-1", "/prod/gone-2")
}

// twentyFunctions is a manifest of a function for each key.
func twentyFunctions() string {
	text := head
	for i := range 20 {
		text += function(fmt.Sprintf("f%d", i), fmt.Sprintf("/prod/p%d", i%parameters))
	}
	return text
}

// deniedKeys lets the run do everything except encrypt under two keys.
func deniedKeys(s *stage) {
	s.Helper()
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": "kms:Encrypt", "Resource": [%q, %q]}]}`
	s.as(sts.Role{Name: "builder", Account: account, Policy: fmt.Appendf(nil, policy, s.key("alias/f3"), s.key("alias/f7"))})
}

// as gives the run the credentials of a role.
func (s *stage) as(role sts.Role) {
	s.Helper()
	role.AccessKeyID, role.SecretAccessKey = sts.NewAccessKey("AKIA")
	if err := s.server.PutRole(role); err != nil {
		s.Fatal(err)
	}
	s.env = append(s.env, "AWS_ACCESS_KEY_ID="+role.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+role.SecretAccessKey)
}

// key returns the ARN of a key.
func (s *stage) key(alias string) string {
	s.Helper()
	got, err := kms.NewFromConfig(s.config(s.admin)).DescribeKey(s.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		s.Fatal(err)
	}
	s.server.ResetCalls()
	return aws.ToString(got.KeyMetadata.Arn)
}

// anotherAccount gives the run credentials of another account.
func anotherAccount(s *stage) {
	s.as(sts.Role{Name: "other", Account: "333333333333", Policy: allowing("*", "*")})
}

// pending schedules the deletion of a key.
func pending(t *testing.T, cfg aws.Config) {
	t.Helper()
	client, alias := kms.NewFromConfig(cfg), "alias/f1"
	key, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	if err == nil {
		_, err = client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyMetadata.KeyId})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// moved lets alias/f1 name another key as soon as a parameter is read.
func moved(s *stage, _ http.ResponseWriter, operation, _ string) bool {
	if operation == "GetParameters" {
		_, err := kms.NewFromConfig(s.config(s.admin)).UpdateAlias(context.Background(), &kms.UpdateAliasInput{
			AliasName: aws.String("alias/f1"), TargetKeyId: aws.String("alias/f2")})
		_ = err // the stage's own outcome shows it
	}
	return false
}

// put again gives /prod/p0 a new version before the first value is read.
func putAgain(s *stage, _ http.ResponseWriter, operation, body string) bool {
	if operation == "GetParameters" && strings.Contains(body, `"WithDecryption":true`) {
		put(s.T, s.config(s.admin), "/prod/p0", canary(0))
	}
	return false
}

// older has the run begin with a layer of the second version of a parameter, and Parameter Store then list the first.
func older(s *stage) {
	s.Helper()
	put(s.T, s.config(s.admin), "/prod/p0", canary(0))
	if got := s.run(s.build()...); got.code != 0 {
		s.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	p := *s.template
	p.layer = s.read(layerFile)
	s.template = &p
	s.server.Inject(edited(reads, "Parameters[0].Version", "1")...)
}

// atMost are n calls.
func atMost(call string, n int) func(*stage, []result) string {
	return func(s *stage, _ []result) string {
		if calls := s.server.Calls()[call]; calls > n {
			return fmt.Sprintf("%d calls of %s", calls, call)
		}
		return ""
	}
}

// refused are the rows of what AWS refuses, and of what bundle refuses to do.
func refused() []*row {
	return []*row{
		{number: "10", fault: "three of 13 parameters do not exist", manifest: missingThree(), code: 5, layer: old,
			names: []string{"/prod/gone-0", "/prod/gone-1", "/prod/gone-2"}, step: "put the parameter", calls: map[string]int{seals: 0}},
		{number: "13", fault: "a key is disabled after half of the calls", faults: always(awslocal.Fault{Operation: seals, Nth: 2, Kind: awslocal.Fail, Code: "DisabledException"}),
			code: 5, layer: old, names: []string{"alias/f"}, says: "DisabledException", id: true, step: "enable the key", calls: map[string]int{seals: 2}},
		{number: "13", fault: "a key is to be deleted", note: "no parameter is read", account: pending,
			code: 5, layer: old, names: []string{"alias/f1"}, step: "cancel its deletion", calls: map[string]int{reads + "(decrypt)": 0}},
		{number: "15", fault: "no access to two of 20 keys", manifest: twentyFunctions(), before: deniedKeys, code: 4, layer: old,
			names: []string{"role/builder", "kms:Encrypt", "alias/f3", "alias/f7"}, says: "AccessDeniedException", id: true, step: "change that Deny"},
		{number: "16", fault: "the credentials expire midway", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.ExpireCredentials}),
			code: 4, layer: old, names: []string{"alias/f"}, says: "ExpiredTokenException", id: true, step: "get new ones", after: atMost(seals, 2)},
		{number: "17", fault: "no credentials", env: []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "CI=true"}, act: trusted, limit: 500 * time.Millisecond,
			code: 4, layer: old, names: []string{"credentials"}, step: "in CI, get them", calls: noCalls},
		{number: "18", fault: "the clock is 10 minutes late", faults: always(awslocal.Fault{Kind: awslocal.Skew, Delay: 10 * time.Minute}), layer: fresh},
		{number: "18", fault: "the clock is 10 minutes early", faults: always(awslocal.Fault{Kind: awslocal.Skew, Delay: -10 * time.Minute}), layer: fresh},
		{number: "18", fault: "the clock is a day late", faults: always(awslocal.Fault{Kind: awslocal.Skew, Delay: 24 * time.Hour}), layer: fresh},
		{number: "12", fault: "an alias names another key while the build runs", note: "the key that was checked is used", serve: proxied(moved), layer: fresh},
		{number: "28", fault: "a parameter changes while the build runs", note: "the version that was listed is read", serve: proxied(putAgain), layer: fresh},
		{number: "28", fault: "a parameter has an older version than in the layer", before: older, code: 7, layer: old, names: []string{"/prod/p0"}, step: "--allow-rollback"},
		{fault: "credentials of another account", before: anotherAccount, code: 4, layer: old, names: []string{"333333333333"}, step: "use credentials"},
		{fault: "a pull request of a stranger", env: []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request_target"}, code: 4, layer: old,
			names: []string{"pull_request_target"}, step: "validate", calls: noCalls},
		{fault: "`AWS_ENDPOINT_URL_KMS` is set", env: []string{"AWS_ENDPOINT_URL_KMS=http://192.0.2.1/"}, act: withoutEndpoint, code: 2, layer: old,
			names: []string{"AWS_ENDPOINT_URL_KMS"}, step: "unset", calls: noCalls},
	}
}

// trusted is a build in a CI that does not say whose code it runs.
func trusted(s *stage) []result { return []result{s.run(s.build("--trusted")...)} }

// withoutEndpoint is a build that would call AWS itself.
func withoutEndpoint(s *stage) []result {
	s.url = ""
	return []result{s.run(s.build()...)}
}
