package awslocal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awslocal"
	awssts "github.com/whispering/bundle/internal/awslocal/sts"
)

func (w world) secrets() *secretsmanager.Client { return secretsmanager.NewFromConfig(w.config()) }

// A moved label changes what is read, and the pair of an ID and a label that no longer belong together is refused.
func TestSecretsOfASampleFile(t *testing.T) {
	ctx := context.Background()
	w := start(t, awslocal.WithSeed([]byte(`{"keys": [{"alias": "alias/app"}], "secrets": [
		{"name": "prod/db", "key_id": "alias/app", "values": ["one", "two"], "suffix": "a1B2c3"},
		{"name": "rds!cluster", "binary": ["AAE="], "owning_service": "rds", "rotation": {"days": 7, "pending": true}},
		{"name": "empty"}]}`)))
	c := w.secrets()
	got, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/db")})
	if err != nil || aws.ToString(got.SecretString) != "two" {
		t.Fatal(got, err)
	}
	if arn := aws.ToString(got.ARN); arn != "arn:aws:secretsmanager:us-east-1:000000000000:secret:prod/db-a1B2c3" {
		t.Error(arn)
	}
	listed, err := c.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: got.ARN})
	if err != nil || len(listed.Versions) != 2 {
		t.Fatal(listed, err)
	}
	old := listed.Versions[0].VersionId
	_, err = c.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{SecretId: got.ARN, VersionStage: aws.String("AWSCURRENT"),
		MoveToVersionId: old, RemoveFromVersionId: got.VersionId})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: got.ARN, VersionId: got.VersionId, VersionStage: aws.String("AWSCURRENT")})
	refused(t, err, "InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")

	managed, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("rds!cluster")})
	if err != nil || aws.ToString(managed.OwningService) != "rds" || !aws.ToBool(managed.RotationEnabled) || len(managed.VersionIdsToStages) != 2 {
		t.Error(managed, err)
	}
	_, err = c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("empty")})
	refused(t, err, "ResourceNotFoundException", "value for staging label: AWSCURRENT")
	if n := w.Calls()["secretsmanager:GetSecretValue"]; n != 3 {
		t.Errorf("%d calls were counted", n)
	}
}

// A changed sample file makes new versions of what only the file changed, and keeps the others.
func TestChangedSampleOfSecrets(t *testing.T) {
	ctx := context.Background()
	const before = `{"secrets": [{"name": "a", "values": ["1"], "suffix": "aaaaaa"}, {"name": "b", "values": ["1"]}, {"name": "c", "value": "1"}]}`
	w := start(t, awslocal.WithSeed([]byte(before)))
	c := w.secrets()
	read := func(name string) (value, id string) {
		t.Helper()
		got, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(got.SecretString), aws.ToString(got.VersionId)
	}
	if _, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("b"), SecretString: aws.String("mine")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("c"), ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	_, first := read("a")
	const after = `{"secrets": [{"name": "a", "values": ["1", "2"], "suffix": "aaaaaa"}, {"name": "b", "values": ["2"]}, {"name": "c", "value": "2"}]}`
	if _, err := w.BringIn("", []byte(after)); err != nil {
		t.Fatal(err)
	}
	if value, id := read("a"); value != "2" || id == first {
		t.Error(value)
	}
	if value, _ := read("b"); value != "mine" {
		t.Error(value)
	}
	_, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("c")})
	refused(t, err, "ResourceNotFoundException", "")
}

// What a sample file has for a secret can be put again, as a new version of what something else changed, deleted or let expire.
func TestSecretFromSample(t *testing.T) {
	ctx := context.Background()
	w := start(t, awslocal.WithSeed([]byte(`{"secrets": [{"name": "a", "values": ["1", "2"], "suffix": "aaaaaa"}]}`)))
	c, name := w.secrets(), aws.String("a")
	put := func() (id string) {
		t.Helper()
		id, err := w.SecretFromSample("a")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name})
		if err != nil || aws.ToString(got.SecretString) != "2" || aws.ToString(got.VersionId) != id {
			t.Fatal(got, err)
		}
		return id
	}
	first := put()
	if again := put(); again != first {
		t.Errorf("what has not changed is a new version: %s, %s", first, again)
	}
	if _, err := c.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("other")}); err != nil {
		t.Fatal(err)
	}
	second := put()
	if second == first {
		t.Error("AWSCURRENT moved back to an older version")
	}
	if _, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name}); err != nil {
		t.Fatal(err)
	}
	if restored := put(); restored != second {
		t.Errorf("a restored secret has version %s, not %s", restored, second)
	}
	if _, err := c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	put()
	if _, err := w.SecretFromSample("none"); err == nil {
		t.Error("a secret that the file does not have was put")
	}
}

// Secrets Manager uses KMS as its caller: with the ARN and the version in the encryption context, and only through the service.
func TestSecretsUseKMSAsTheirCaller(t *testing.T) {
	ctx := context.Background()
	w := start(t, awslocal.WithSeed([]byte(`{"keys": [{"alias": "alias/app"}], "secrets": [
		{"name": "own", "key_id": "alias/app", "value": "sample", "suffix": "aaaaaa"}, {"name": "default", "value": "sample"}]}`)))
	const reads = `{"Effect":"Allow","Action":["secretsmanager:*"],"Resource":"*"}`
	for name, test := range map[string]struct{ statement, secret, want string }{
		"no right to the key":          {reads, "own", "AccessDeniedException"},
		"the default key needs none":   {reads, "default", ""},
		"through Secrets Manager":      {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}}}`, "own", ""},
		"through another service only": {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com"}}}`, "own", "AccessDeniedException"},
		"this secret":                  {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:*:*:secret:own-??????"}}}`, "own", ""},
		"another secret":               {`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:*:*:secret:other-??????"}}}`, "own", "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := `{"Version":"2012-10-17","Statement":[` + reads + `,` + test.statement + `]}`
			if err := w.PutRole(awssts.Role{Name: "build", AccessKeyID: buildID, SecretAccessKey: buildKey, Policy: json.RawMessage(policy)}); err != nil {
				t.Fatal(err)
			}
			c := secretsmanager.NewFromConfig(w.as(buildID, buildKey, ""))
			_, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &test.secret})
			refused(t, err, test.want, text(test.want, "Access to KMS is not allowed"))
		})
	}
	if _, err := w.kms().DisableKey(ctx, &kms.DisableKeyInput{KeyId: keyARN(t, w, "alias/app")}); err != nil {
		t.Fatal(err)
	}
	_, err := w.secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("own")})
	refused(t, err, "DecryptionFailure", "")
	_, err = w.secrets().PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String("own"), SecretString: aws.String("b")})
	refused(t, err, "EncryptionFailure", "")
}

// The state of secrets outlives the server, and a damaged one is refused.
func TestSecretsAreKept(t *testing.T) {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "state")
	s, err := awslocal.New(awslocal.WithDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	made, err := world{s, url}.secrets().CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("prod/db"), SecretString: aws.String("not-a-real-value")})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := start(t, awslocal.WithDir(dir), awslocal.WithReadOnly()).secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.ARN})
	if err != nil || aws.ToString(got.SecretString) != "not-a-real-value" || aws.ToString(got.VersionId) != aws.ToString(made.VersionId) {
		t.Error(got, err)
	}
	path := filepath.Join(dir, "state.json")
	state, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(state, []byte("not-a-real-value")) {
		t.Error("the state has a value in plaintext")
	}
	damaged := bytes.Replace(state, []byte(`"name":"prod/db"`), []byte(`"name":""`), 1)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := awslocal.New(awslocal.WithDir(dir), awslocal.WithReadOnly()); err == nil || !strings.Contains(err.Error(), `secret "prod/db"`) {
		t.Errorf("the damaged state: %v", err)
	}
}

// A fault moves AWSCURRENT between two calls of a client.
func TestStageMovesAfterDescribe(t *testing.T) {
	ctx := context.Background()
	w := start(t, awslocal.WithSeed([]byte(`{"secrets": [{"name": "prod/db", "values": ["one", "two"]}]}`)),
		awslocal.WithFaults(awslocal.Fault{Operation: "secretsmanager:GetSecretValue", Nth: 1, Kind: awslocal.MoveStage, Key: "prod/db"}))
	described, err := w.secrets().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("prod/db")})
	if err != nil {
		t.Fatal(err)
	}
	for id, stages := range described.VersionIdsToStages {
		if slices.Contains(stages, "AWSCURRENT") {
			_, err = w.secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: described.ARN, VersionId: &id, VersionStage: aws.String("AWSCURRENT")})
		}
	}
	refused(t, err, "InvalidRequestException", "")
	got, err := w.secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: described.ARN})
	if err != nil || aws.ToString(got.SecretString) != "one" {
		t.Error(got, err)
	}
}

// A server that is running can begin to list changes late, and stop.
func TestListSecretsBecomesLate(t *testing.T) {
	w := start(t, awslocal.WithSeed([]byte(`{"secrets": [{"name": "a", "value": "v"}, {"name": "b", "value": "v"}]}`)))
	listed := func(want ...string) {
		t.Helper()
		out, err := w.secrets().ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{SortBy: "name", SortOrder: "asc"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range out.SecretList {
			names = append(names, aws.ToString(s.Name))
		}
		if !slices.Equal(names, want) {
			t.Errorf("%v, want %v", names, want)
		}
	}
	if err := w.SetListDelay(5 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := w.secrets().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("c"), SecretString: aws.String("v")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.secrets().DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	listed("a", "b")
	if err := w.SetListDelay(0); err != nil {
		t.Fatal(err)
	}
	listed("b", "c")
}

// What is wrong with a secret in a sample file is said with its line, and without the value.
func TestWrongSecretsOfASampleFile(t *testing.T) {
	for file, want := range map[string]string{
		`{"name": "a b", "value": "v"}`:                                `secret "a b": ValidationException: Invalid name`,
		`{"name": "a", "value": "v", "values": ["w"]}`:                 "it must have only one of value, values and binary",
		`{"name": "a", "value": "v", "suffix": "abc"}`:                 "its suffix must be 6 letters and digits",
		`{"name": "a", "values": ["v"], "stages": {"AWSCURRENT": 2}}`:  `stage "AWSCURRENT" is on version 2, but there are 1`,
		`{"name": "a", "value": "v", "key_id": "alias/none"}`:          "there is no key alias/none that can be used",
		`{"name": "a", "value": "v"}, {"name": "a", "value": "v"}`:     "it is declared twice",
		`{"name": "a", "value": "v", "stage": "x"}`:                    `unknown field "stage"`,
		`{"name": "a", "values": "v"}`:                                 "a list of strings",
		`{"name": "a", "value": "` + strings.Repeat("v", 65537) + `"}`: "failed to satisfy constraint",
		`{"name": "a", "value": "v", "rotation": {"every": 1}}`:        `unknown field "every"`,
	} {
		err := awslocal.CheckSample([]byte(`{"secrets": [` + file + `]}`))
		if err == nil || !strings.Contains(err.Error(), "line 1") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "vvv") {
			t.Errorf("%.60s: %v, want %s", file, err, want)
		}
	}
}

func keyARN(t *testing.T, w world, alias string) *string {
	t.Helper()
	key, err := w.kms().DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		t.Fatal(err)
	}
	return key.KeyMetadata.Arn
}
