package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

const repliesManifest = `
bundle {
  name  = "shop"
  layer = "shop"
}
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/builder"
}
environment "other" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
defaults { kms_key = "alias/${function.name}" }
function "hello" {
  secret "PASSWORD" { parameter = "/prod/password" }
  secret "KEPT" { secretsmanager = "prod/kept" }
  parameters { path = "/prod/many" }
}
function "worker" {
  blind = true
  secret "TOKEN" { parameter = "/prod/token" }
}
`

// memberRows are the members that replies must have, by operation. internal/awsreply
// checks against the SDK's types that they are complete. The list of results of a
// simulation has elements of one name, which an edit of XML does not tell apart:
// TestRepliesOfBothFormsAreRead in internal/awsclient has replies that lack some.
func memberRows() map[string][]string {
	parameters := []string{"Parameters", "Parameters[0]", "Parameters[0].Name", "Parameters[0].Type", "Parameters[0].Value", "Parameters[0].Version",
		"Parameters[0].ARN", "Parameters[0].LastModifiedDate"}
	version := []string{"LayerVersionArn", "Version", "Content", "Content.Location", "Content.CodeSha256", "Content.CodeSize"}
	return map[string][]string{
		"ssm:GetParameters": parameters, "ssm:GetParametersByPath": parameters,
		"secretsmanager:DescribeSecret":       {"ARN", "Name", "VersionIdsToStages"},
		"secretsmanager:GetSecretValue":       {"ARN", "Name", "VersionId", "SecretString", "VersionStages", "VersionStages[0]", "CreatedDate"},
		"secretsmanager:ListSecretVersionIds": {"ARN", "Name", "Versions", "Versions[0]", "Versions[0].VersionId", "Versions[0].CreatedDate"},
		"ssm:GetParameterHistory":             {"Parameters", "Parameters[0]", "Parameters[0].Name", "Parameters[0].Type", "Parameters[0].Value", "Parameters[0].Version"},
		"lambda:GetLayerVersionPolicy":        {"Policy"},
		"ssm:DescribeParameters":              {"Parameters", "Parameters[0]", "Parameters[0].Name", "Parameters[0].Type", "Parameters[].KeyId"},
		"kms:DescribeKey": {"KeyMetadata", "KeyMetadata.KeyId", "KeyMetadata.Arn", "KeyMetadata.AWSAccountId", "KeyMetadata.Enabled", "KeyMetadata.KeyState",
			"KeyMetadata.KeySpec", "KeyMetadata.KeyUsage", "KeyMetadata.KeyManager"},
		"kms:Encrypt": {"CiphertextBlob", "KeyId"}, "kms:ReEncrypt": {"CiphertextBlob", "KeyId", "SourceKeyId"},
		"kms:Decrypt": {}, "kms:GetKeyPolicy": {"Policy"}, // a dry run has no reply that passes
		"kms:ListGrants":           {"Grants", "Grants[0]", "Grants[0].KeyId", "Grants[0].GranteePrincipal", "Grants[0].Operations", "Grants[0].Operations[0]"},
		"kms:ListResourceTags":     {"Tags", "Tags[0]", "Tags[0].TagKey", "Tags[0].TagValue"},
		"kms:GetKeyLastUsage":      {"KeyId", "KeyCreationDate", "TrackingStartDate"},
		"lambda:ListLayerVersions": {"LayerVersions", "LayerVersions[0]", "LayerVersions[0].LayerVersionArn", "LayerVersions[0].Version"},
		"lambda:ListFunctions": {"Functions", "Functions[0]", "Functions[0].FunctionName", "Functions[0].FunctionArn", "Functions[0].Version",
			"Functions[0].Layers[0]", "Functions[0].Layers[0].Arn"},
		"lambda:ListVersionsByFunction": {"Versions", "Versions[0]", "Versions[0].FunctionName", "Versions[0].FunctionArn", "Versions[0].Version",
			"Versions[0].Layers[0]", "Versions[0].Layers[0].Arn"},
		"lambda:ListAliases":     {"Aliases", "Aliases[0]", "Aliases[0].Name", "Aliases[0].FunctionVersion"},
		"lambda:GetLayerVersion": version, "lambda:PublishLayerVersion": version,
		"cloudtrail:LookupEvents":             {"Events", "Events[0]", "Events[0].EventTime", "Events[0].CloudTrailEvent"},
		"cloudtrail:DescribeTrails":           {"trailList", "trailList[0]", "trailList[0].Name", "trailList[0].TrailARN"},
		"cloudtrail:GetEventSelectors":        {"EventSelectors[0]", "EventSelectors[0].ExcludeManagementEventSources[0]"},
		"lambda:GetFunctionConfiguration":     {"FunctionName", "FunctionArn", "Version", "RevisionId", "CodeSha256", "Layers[0]", "Layers[0].Arn"},
		"lambda:ListTags":                     {"Tags"},
		"lambda:GetFunctionCodeSigningConfig": {},
		"iam:SimulatePrincipalPolicy":         {},
		"sts:GetCallerIdentity":               {"Account", "Arn"},
		"sts:AssumeRole":                      {"Credentials", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"},
	}
}

// memberFaults are the ways to damage a member; "" removes it.
func memberFaults(path string) map[string]string {
	all := map[string]string{
		"absent": "", "null": "null", "a number": "-7", "a text": `"x"`,
		"empty": `""`, "empty list": "[]", "huge": `"` + strings.Repeat("x", 11<<17) + `"`,
	}
	if name := path[strings.LastIndexByte(path, '.')+1:]; strings.EqualFold(name, "arn") || strings.HasSuffix(name, "Arn") || strings.HasSuffix(name, "KeyId") {
		all["of another account"] = `"arn:aws:kms:us-west-2:333333333333:key/00000000-0000-0000-0000-000000000000"`
		all["of another region"] = `"arn:aws:lambda:eu-west-1:222222222222:layer:shop:1"`
	}
	if strings.HasSuffix(path, "Date") {
		all["1969"], all["10000"], all["a long time"], all["NaN"] = "-1", "253402300800", "1e300", `"NaN"`
	}
	return all
}

// harmless reports edits that leave a valid member.
func harmless(path, fault string) bool {
	list := slices.Contains([]string{"Parameters", "LayerVersions", "Grants", "Grants[0].Operations", "Tags", "Functions", "Versions", "Aliases", "Events", "trailList"}, path)
	switch {
	case path == "Versions[0].VersionId":
		return fault == "a text" // which is another version
	case path == "SecretString":
		return fault == "a text" // which is another value
	case strings.HasSuffix(path, ".Value"), strings.HasSuffix(path, ".TagValue"):
		return fault == "a text" || fault == "empty" // which is another value, and not another reply
	case fault == "empty list":
		return list // nothing is below the path, or published
	case strings.HasSuffix(path, "GranteePrincipal"), strings.HasSuffix(path, "Operations[0]"):
		return fault == "a text" // which is another grant
	case strings.HasSuffix(path, ".TagKey"):
		return fault == "a text" // which is another tag
	case path == "RevisionId":
		return fault == "a text" // which is of another change
	case path == "Aliases[0].Name", path == "trailList[0].Name":
		return fault == "a text" // which is another alias or trail
	case strings.HasSuffix(path, "Sources[0]"):
		return fault == "a text" // which is another service
	case path == "Events[0].CloudTrailEvent":
		return fault == "a text" || fault == "huge" // it is counted among those that cannot be read
	case path == "SourceKeyId":
		return fault == "of another account" // which may have the key of a parameter
	case path == "Content.Location", path == "SecretAccessKey", path == "SessionToken":
		return fault == "a text" || fault == "a number" // XML knows no types
	}
	return false
}

// A replies is an account with damaged replies, and what each command does with them.
type replies struct {
	*stage
	commands map[string][]string
	calls    map[string][]string // the commands that make a call, by operation
	before   map[string][]byte   // the files that must stay as they are
}

func newReplies(t *testing.T) *replies {
	t.Helper()
	r := &replies{stage: &stage{T: t, dir: t.TempDir(), home: t.TempDir(), tmp: t.TempDir()}, calls: map[string][]string{}, before: map[string][]byte{}}
	r.search = newSearcher(nil)
	limit, percent := debug.SetMemoryLimit(1<<30), debug.SetGCPercent(400) // many runs are one process here
	t.Cleanup(func() { debug.SetMemoryLimit(limit); debug.SetGCPercent(percent) })
	for name, value := range map[string]string{
		"HOME": r.home, "TMPDIR": r.tmp, "CI": "", "GITHUB_ACTIONS": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "", "AWS_SESSION_TOKEN": "",
		"AWS_ENDPOINT_URL": "", "AWS_CA_BUNDLE": "", "BUNDLE_ENV": "",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(r.dir)
	r.canaries = canaries()
	r.account()
	t.Setenv("AWS_ACCESS_KEY_ID", r.id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", r.key)
	r.role("builder", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotLike": {"kms:EncryptionContext:PARAMETER_ARN":
			["arn:aws:ssm:us-west-2:222222222222:parameter/prod/password", "arn:aws:ssm:us-west-2:222222222222:parameter/prod/many/*"],
			"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:us-west-2:222222222222:secret:prod/kept-??????"}}}]}`)
	for i := range 23 {
		r.put(fmt.Sprintf("/prod/many/p%02d", i), "one of many")
	}
	r.put("/prod/password", "not a real password")
	r.put("/prod/token", "not a real token")
	r.keep(canarySecret{Name: "prod/kept", Values: []string{"not a real secret"}})
	r.write("secrets.hcl", repliesManifest)

	for _, alias := range []string{"alias/hello", "alias/worker"} {
		key, err := r.cloud.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.cloud.kms.TagResource(t.Context(), &kms.TagResourceInput{
			KeyId: key.KeyMetadata.KeyId, Tags: []kmstypes.Tag{{TagKey: aws.String("owner"), TagValue: aws.String("us")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.cloud.kms.CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: key.KeyMetadata.KeyId, GranteePrincipal: aws.String("arn:aws:iam::222222222222:role/grantee"), Operations: []kmstypes.GrantOperation{"Decrypt"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	trails := cloudtrail.New(cloudtrail.Options{Region: "us-west-2", BaseEndpoint: &r.url, Credentials: credentials.NewStaticCredentialsProvider(r.id, r.key, "")})
	if _, err := trails.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String("b")}); err != nil {
		t.Fatal(err)
	}
	_, err := trails.PutEventSelectors(t.Context(), &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), EventSelectors: []trailtypes.EventSelector{
		{ReadWriteType: trailtypes.ReadWriteTypeAll, ExcludeManagementEventSources: []string{"rdsdata.amazonaws.com"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	account := []string{"--env", "prod", "--endpoint-url", r.url, "--timeout", "20s"}
	with := func(args ...string) []string { return append(args, account...) }
	r.must(with("build", "--out", "old.zip", "--previous", "none")...)
	r.must(with("publish", "--layer", "old.zip")...)
	r.write("roll.hcl", strings.Replace(repliesManifest, `layer = "shop"`, `layer = "roll"`, 1))
	r.must(with("publish", "--manifest", "roll.hcl", "--layer", "old.zip")...)
	deployed := []string{"arn:aws:lambda:us-west-2:222222222222:layer:shop:1", "arn:aws:lambda:us-west-2:222222222222:layer:roll:1"}
	for _, name := range []string{"hello", "worker"} {
		if err := (deployment{Function: name, Layers: &deployed, Publish: true, Alias: "live", To: "1"}).do(r.cloud.lambda); err != nil {
			t.Fatal(err)
		}
	}
	r.put("/prod/password", "another one")
	if _, err := r.cloud.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("prod/kept"), SecretString: aws.String("another secret"),
	}); err != nil {
		t.Fatal(err)
	}
	r.must(with("build", "--out", "out.zip")...)
	r.must(with("publish", "--manifest", "roll.hcl", "--layer", "out.zip")...)
	r.publishOld("old", 3)
	if _, err := r.cloud.lambda.AddLayerVersionPermission(t.Context(), &lambda.AddLayerVersionPermissionInput{
		LayerName: aws.String("old"), VersionNumber: aws.Int64(1), StatementId: aws.String("other"), Action: aws.String("lambda:GetLayerVersion"),
		Principal: aws.String("333333333333"),
	}); err != nil {
		t.Fatal(err)
	}
	r.putText("/layers/old", "arn:aws:lambda:us-west-2:222222222222:layer:old:3")
	r.write("old.hcl", strings.Replace(repliesManifest, `layer = "shop"`, `layer = "old"`, 1))
	r.putText("/layers/shop", "arn:aws:lambda:us-west-2:222222222222:layer:shop:1")
	r.write("pointed.hcl", strings.Replace(repliesManifest, `layer = "shop"`, `layer = "shop"`+"\n  layer_parameter = \"/layers/shop\"", 1))
	r.commands = map[string][]string{
		"status, where":    with("status", "--manifest", "pointed.hcl"),
		"prune":            with("prune", "--manifest", "old.hcl", "--older-than", "0d", "--ssm", "/layers/old"),
		"rollout":          with("rollout", "--manifest", "roll.hcl", "--dry-run"),
		"rollout, back":    with("rollout", "--manifest", "roll.hcl", "--layer", "1", "--back", "--dry-run"),
		"first build":      with("build", "--out", "new.zip", "--previous", "none"),
		"build anew":       with("build", "--out", "out.zip", "--reseal"),
		"build":            with("build", "--out", "new.zip"),
		"plan":             with("plan", "--out", "none.zip"),
		"status":           with("status"),
		"status, deployed": with("status", "--deployed"),
		"status, some":     with("status", "--deployed", "--functions-only"),
		"compare":          with("compare", "--env", "other"),
		"publish":          with("publish", "--layer", "out.zip"),
		"doctor":           with("doctor"),
		"openings":         with("audit"),
		"policy":           with("policy"),
		"revoke":           with("revoke", "--allow-in-use"),
		"policy, tags":     with("policy", "--style", "tags"),
		"init":             {"init", "--from", "/prod/many/", "--env", "prod", "--account-id", testAccount, "--region", "us-west-2", "--function", "api", "--out", "new.hcl", "--endpoint-url", r.url},
		"doctor, decrypt":  with("doctor", "--decrypt"),
		"rotate":           with("rotate", "--show", "PASSWORD"),
	}
	for _, name := range []string{"old.zip", "out.zip", "secrets.hcl"} {
		content, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r.before[name] = content
	}
	for name, args := range r.commands {
		if name == "publish" {
			r.calls["lambda:PublishLayerVersion"] = append(r.calls["lambda:PublishLayerVersion"], name)
			continue
		}
		r.cloud.server.ResetCalls()
		r.must(args...)
		r.restore()
		for call := range r.cloud.server.Calls() {
			if !strings.Contains(call, "(") {
				r.calls[call] = append(r.calls[call], name)
			}
		}
	}
	for _, call := range []string{"sts:AssumeRole", "sts:GetCallerIdentity", "lambda:ListLayerVersions", "lambda:GetLayerVersion"} {
		r.calls[call] = append(r.calls[call], "publish")
	}
	for call := range r.calls {
		slices.Sort(r.calls[call])
	}
	return r
}

func (r *replies) put(name, value string) {
	r.Helper()
	_, err := r.cloud.ssm.PutParameter(r.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: ssmtypes.ParameterTypeSecureString, KeyId: aws.String("alias/parameters"), Overwrite: aws.Bool(true),
	})
	if err != nil {
		r.Fatal(err)
	}
}

func (r *replies) putText(name, value string) {
	r.Helper()
	if _, err := r.cloud.ssm.PutParameter(r.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString}); err != nil {
		r.Fatal(err)
	}
}

// bundle runs a command.
func (r *replies) bundle(args ...string) (code int, output string) {
	r.Helper()
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{Args: append([]string{"bundle"}, args...), Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
	code = a.run(r.Context())
	return code, out.String() + diagnostics.String()
}

func (r *replies) must(args ...string) {
	r.Helper()
	if code, output := r.bundle(args...); code != 0 {
		r.Fatalf("%q: exit code %d\n%s", args, code, output)
	}
}

// restore removes what a command that succeeded has made.
func (r *replies) restore() {
	r.Helper()
	for _, name := range []string{"new.zip", "new.hcl", "new.local.json"} {
		_ = os.Remove(filepath.Join(r.dir, name))
	}
	for name, content := range r.before {
		if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o600); err != nil {
			r.Fatal(err)
		}
	}
}

// try runs a command while a fault lasts. It must end soon, with one of the codes
// for a reply that is none, and with nothing written and nothing published. It returns
// what the command printed.
func (r *replies) try(command, what string, f awslocal.Fault, codes ...int) (output string) {
	r.Helper()
	r.cloud.server.ClearFaults()
	r.cloud.server.Inject(f)
	began := time.Now()
	var code int
	code, output = r.bundle(r.commands[command]...)
	took := time.Since(began)
	r.cloud.server.ClearFaults()
	what = fmt.Sprintf("bundle %s, %s %s", command, f.Operation, what)
	if !slices.Contains(codes, code) {
		r.Errorf("%s: exit code %d, not among %d\n%s", what, code, codes, output)
	}
	if took > 5*time.Second {
		r.Errorf("%s: took %s", what, took)
	}
	if len(output) > 64<<10 || strings.Contains(output, strings.Repeat("x", 700)) {
		r.Errorf("%s: %d bytes are printed", what, len(output))
	}
	for name, content := range r.before {
		if now, err := os.ReadFile(filepath.Join(r.dir, name)); err != nil || !bytes.Equal(now, content) {
			r.Errorf("%s: %s has changed", what, name)
		}
	}
	for _, name := range []string{"new.zip", "new.hcl"} {
		if _, err := os.Stat(filepath.Join(r.dir, name)); err == nil {
			r.Errorf("%s: there is a %s", what, name)
		}
	}
	r.restore()
	return output
}

func TestEveryReplyThatLacksAMemberIsRefused(t *testing.T) {
	r := newReplies(t)
	turn := map[string]int{}
	rows := 0
	const last = "lambda:PublishLayerVersion" // afterwards, commands find nothing changed, and make fewer calls
	order := slices.DeleteFunc(slices.Sorted(maps.Keys(r.calls)), func(call string) bool { return call == last })
	for _, call := range append(order, last) {
		members, known := memberRows()[call]
		if !known {
			t.Errorf("%s is called, and this test does not know it", call)
		}
		for _, path := range members {
			for _, fault := range slices.Sorted(maps.Keys(memberFaults(path))) {
				if harmless(path, fault) {
					continue
				}
				value := memberFaults(path)[fault]
				f := awslocal.Fault{Kind: awslocal.Edit, Operation: call, Member: path}
				if value != "" {
					f.Value = json.RawMessage(value)
				}
				commands := slices.DeleteFunc(slices.Clone(r.calls[call]), func(command string) bool { return dryRun(command, call) || notUsed(command, call, path) })
				turn[call]++
				rows++
				command := commands[turn[call]%len(commands)]
				if strings.HasPrefix(command, "doctor") && otherKey(call, path, fault) {
					r.unseen(command, path+" "+fault, f)
					continue
				}
				if unchecked(command, call) {
					r.warned(command, path+" "+fault, f)
					continue
				}
				r.try(command, path+" "+fault, f, codesFor(call, path, fault)...)
			}
		}
	}
	if rows < 300 {
		t.Errorf("only %d rows", rows)
	}
	t.Logf("%d rows", rows)
}

// codesFor are the exit codes that a spoiled member may end in: 7, unless it is a
// member that says what else is wrong.
func codesFor(call, path, fault string) []int {
	codes := []int{6, 7}
	switch {
	case call == "lambda:PublishLayerVersion":
		return []int{0, 6} // the newest version is looked at, and tells
	case otherKey(call, path, fault):
		return []int{4, 5} // not a key that can be described
	case path == "VersionIdsToStages", call == "secretsmanager:ListSecretVersionIds" && path == "Versions":
		codes = append(codes, 5) // a secret without a value, or without the version
	case call == "sts:AssumeRole", path == "Account", path == "Arn":
		codes = append(codes, 4) // not who should call
	case call == "kms:DescribeKey":
		codes = append(codes, 5) // not a key to use
	}
	return codes
}

// otherKey reports edits that leave a valid description of a parameter, under a key that
// KMS does not describe to the caller. A name that is no alias and no ARN is the ID of a key.
func otherKey(call, path, fault string) bool {
	return call == "ssm:DescribeParameters" && strings.HasSuffix(path, "KeyId") && (fault == "a text" || fault == "of another account")
}

// unseen is try for a doctor that cannot look up the keys of parameters. No build needs
// to, so it is no failure. The doctor must say what it has not seen.
func (r *replies) unseen(command, what string, f awslocal.Fault) {
	r.Helper()
	if output := r.try(command, what, f, 0); !strings.Contains(output, "not seen: whether roles can open the parameters") {
		r.Errorf("bundle %s, %s: what was not seen is not said\n%s", command, what, output)
	}
}

// unchecked reports whether a command goes on with a warning if a call has no answer: a rollout does not need to know what is revoked.
func unchecked(command, call string) bool {
	return strings.HasPrefix(command, "rollout") && call == "kms:GetKeyPolicy"
}

func (r *replies) warned(command, what string, f awslocal.Fault) {
	r.Helper()
	if output := r.try(command, what, f, 0); !strings.Contains(output, "Revocation not checked") {
		r.Errorf("bundle %s, %s: there is no warning\n%s", command, what, output)
	}
}

// A doctor that does not know under which keys parameters are stored says so.
func TestDoctorNamesWhatItHasNotSeen(t *testing.T) {
	r := newReplies(t)
	const path = "Parameters[].KeyId"
	for fault, value := range memberFaults(path) {
		if !otherKey("ssm:DescribeParameters", path, fault) {
			continue
		}
		f := awslocal.Fault{Kind: awslocal.Edit, Operation: "ssm:DescribeParameters", Member: path, Value: json.RawMessage(value)}
		for _, command := range []string{"doctor", "doctor, decrypt"} {
			r.unseen(command, path+" "+fault, f)
		}
	}
}

// Whole replies that are invalid, for every command and every call that it makes.
func TestEveryReplyThatIsNoneIsRefused(t *testing.T) {
	r := newReplies(t)
	turn := 0
	for _, call := range slices.Sorted(maps.Keys(r.calls)) {
		for _, command := range r.calls[call] {
			faults := map[string]awslocal.Fault{
				"{}": {Kind: awslocal.Empty}, "nothing": {Kind: awslocal.NoBody}, "null": {Kind: awslocal.Body, Body: "null"},
				"a list": {Kind: awslocal.Body, Body: "[]"}, "HTML": {Kind: awslocal.HTML}, "a text": {Kind: awslocal.Body, Body: `"x"`},
				"another page for ever": {Kind: awslocal.Body, Body: `{"Parameters": [], "LayerVersions": [], "Grants": [], "NextToken": "t{n}", "NextMarker": "t{n}"}`},
				"the same page":         {Kind: awslocal.Body, Body: `{"Parameters": [], "LayerVersions": [], "Grants": [], "NextToken": "t", "NextMarker": "t"}`},
			}
			if !dryRun(command, call) {
				faults["twice"] = awslocal.Fault{Kind: awslocal.Double}
			}
			for _, what := range slices.Sorted(maps.Keys(faults)) {
				if turn++; turn%3 != 0 {
					continue
				}
				f := faults[what]
				f.Operation = call
				switch {
				case call == "lambda:GetFunctionCodeSigningConfig" && slices.Contains([]string{"{}", "nothing", "another page for ever", "the same page"}, what):
					continue // a function without a configuration
				case unchecked(command, call):
					r.warned(command, what, f)
					continue
				}
				r.try(command, what, f, codesFor(call, "", "")...)
			}
		}
	}
}

// dryRun reports whether a command makes a call that always ends in an error.
func dryRun(command, call string) bool {
	return strings.HasPrefix(command, "doctor") && slices.Contains([]string{"kms:Encrypt", "kms:ReEncrypt", "kms:Decrypt"}, call)
}

// notUsed reports whether a command does not need a member: compare tells keys apart, and encrypts under none. Only a plan refuses
// rollbacks because of dates; the others show them if they are known.
func notUsed(command, call, path string) bool {
	return command == "compare" && path == "KeyMetadata.KeyManager" || command != "plan" && call == "secretsmanager:ListSecretVersionIds" ||
		strings.HasPrefix(command, "policy") && path == "VersionIdsToStages"
}

// A page in the middle of a list that has lost its parameters.
func TestAPageInTheMiddleMustHaveItsParameters(t *testing.T) {
	r := newReplies(t)
	for _, command := range r.calls["ssm:GetParametersByPath"] {
		for _, f := range []awslocal.Fault{
			{Kind: awslocal.Empty}, {Kind: awslocal.NoBody}, {Kind: awslocal.Body, Body: "null"}, {Kind: awslocal.Body, Body: `{"Parameters": null}`},
			{Kind: awslocal.Edit, Member: "Parameters"}, {Kind: awslocal.Edit, Member: "Parameters", Value: json.RawMessage("null")},
			{Kind: awslocal.Edit, Member: "Parameters[3]", Value: json.RawMessage("null")}, {Kind: awslocal.Double},
			{Kind: awslocal.Body, Body: `{"Parameters": [], "Parameters": []}`},
		} {
			f.Operation, f.Nth = "ssm:GetParametersByPath", 2
			r.try(command, string(f.Kind)+f.Body+f.Member, f, 7)
		}
	}
}

// A list has an end.
func TestListsThatDoNotEndAreRefused(t *testing.T) {
	r := newReplies(t)
	for _, call := range []string{"ssm:GetParametersByPath", "ssm:DescribeParameters", "lambda:ListLayerVersions", "kms:ListGrants"} {
		for _, body := range []string{`"t{n}"`, `"t"`} {
			f := awslocal.Fault{Operation: call, Kind: awslocal.Body, Body: `{"Parameters": [], "LayerVersions": [], "Grants": [], "NextToken": ` + body + `, "NextMarker": ` + body + "}"}
			r.try(r.calls[call][0], body, f, 7)
		}
	}
	r.try("first build", "flood", awslocal.Fault{Operation: "ssm:GetParameters", Kind: awslocal.Flood}, 7)
	r.try("doctor", "flood", awslocal.Fault{Operation: "kms:*", Kind: awslocal.Flood}, 7)
}

// What AWS may add or leave out changes nothing.
func TestRepliesMayHaveMoreAndLackWhatIsOptional(t *testing.T) {
	r := newReplies(t)
	for _, f := range []awslocal.Fault{
		{Operation: "ssm:*", Kind: awslocal.Edit, Member: "New", Value: json.RawMessage(`{"a": [1]}`)},
		{Operation: "ssm:*", Kind: awslocal.Edit, Member: "Parameters[].New", Value: json.RawMessage(`"x"`)},
		{Operation: "ssm:*", Kind: awslocal.Edit, Member: "Parameters[].DataType"},
		{Operation: "ssm:GetParameters", Kind: awslocal.Edit, Member: "InvalidParameters"},
		{Operation: "ssm:DescribeParameters", Kind: awslocal.Edit, Member: "Parameters[].Tier"},
		{Operation: "kms:*", Kind: awslocal.Edit, Member: "EncryptionAlgorithm"},
		{Operation: "kms:DescribeKey", Kind: awslocal.Edit, Member: "KeyMetadata.Origin"},
		{Operation: "kms:ListGrants", Kind: awslocal.Edit, Member: "Truncated"},
		{Operation: "kms:ListGrants", Kind: awslocal.Edit, Member: "Grants[].GrantId"},
		{Operation: "kms:GetKeyLastUsage", Kind: awslocal.Edit, Member: "KeyLastUsage"},
		{Operation: "lambda:*", Kind: awslocal.Edit, Member: "Description"},
		{Operation: "sts:*", Kind: awslocal.Edit, Member: "UserId"},
	} {
		for command, args := range r.commands {
			if command == "publish" {
				continue
			}
			r.cloud.server.ClearFaults()
			r.cloud.server.Inject(f)
			if code, output := r.bundle(args...); code != 0 {
				t.Errorf("bundle %s, %s of %s: exit code %d\n%s", command, f.Member, f.Operation, code, output)
			}
			r.restore()
		}
	}
}
