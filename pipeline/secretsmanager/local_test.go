package secretsmanager

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline/secret"
)

const seed = `{
  "region": "us-west-2",
  "keys": [{"alias": "alias/open"}, {"alias": "alias/off"}],
  "secrets": [
    {"name": "prod/db", "key_id": "alias/open", "values": ["fake one", "fake two"], "stages": {"stable": 1}},
    {"name": "prod/bytes", "binary": ["AP8="]},
    {"name": "prod/default", "value": "fake default"},
    {"name": "prod/off", "key_id": "alias/off", "value": "fake off"},
    {"name": "prod/empty"},
    {"name": "prod/deleted", "value": "fake deleted"},
    {"name": "rds!cluster", "value": "fake cluster", "owning_service": "rds", "rotation": {"days": 7, "pending": true}},
    {"name": "other/db", "value": "fake other"}
  ],
  "roles": [{"name": "admin", "access_key_id": "AKIAADMIN00000000000", "secret_access_key": "admin", "policy":
      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}},
    {"name": "reader", "access_key_id": "AKIAREADER0000000000", "secret_access_key": "reader", "policy":
      {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": ["arn:aws:secretsmanager:us-west-2:000000000000:secret:prod/*", "arn:aws:secretsmanager:us-west-2:000000000000:secret:rds!*"]},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}},
    {"name": "keyless", "access_key_id": "AKIAKEYLESS000000000", "secret_access_key": "keyless", "policy":
      {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}]}}]
}`

// embedded starts the embedded AWS and returns configurations for its roles.
func embedded(t *testing.T) (server *awslocal.Server, as func(role string) aws.Config) {
	t.Helper()
	server, err := awslocal.New(awslocal.WithSeed([]byte(seed)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return server, func(role string) aws.Config {
		cfg := config(url)
		id := "AKIA" + strings.ToUpper(role)
		cfg.Credentials = credentials.NewStaticCredentialsProvider(id+strings.Repeat("0", 20-len(id)), role, "")
		return cfg
	}
}

// prepare deletes a secret and disables a key, and forgets the calls for it.
func prepare(t *testing.T, server *awslocal.Server, cfg aws.Config) *secretsmanager.Client {
	t.Helper()
	cfg.APIOptions = nil // internal/awsreply has only what bundle calls
	ctx, client := t.Context(), secretsmanager.NewFromConfig(cfg)
	if _, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("prod/deleted")}); err != nil {
		t.Fatal(err)
	}
	keys := kms.NewFromConfig(cfg)
	off, err := keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/off")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DisableKey(ctx, &kms.DisableKeyInput{KeyId: off.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	server.ResetCalls()
	return client
}

func TestReadingTheEmbeddedAWS(t *testing.T) {
	server, as := embedded(t)
	prepare(t, server, as("admin"))
	s := New(as("reader"), Options{Account: awslocal.Account})
	refs := named("prod/db", "prod/bytes", "prod/default", "prod/off", "prod/empty", "prod/deleted", "prod/gone", "other/db", "rds!cluster")
	stable, nope := at("prod/db", "stable", ""), at("prod/db", "nope", "")
	refs = append(refs, stable, nope)
	values := map[string]string{"prod/db": "fake two", "prod/bytes": "AP8=", "prod/default": "fake default", "rds!cluster": "fake cluster"}
	fails := map[string]error{"prod/off": ErrUndecryptable, "prod/empty": ErrVersion, "prod/deleted": ErrDeleted, "prod/gone": ErrMissing, "other/db": ErrDenied}

	results, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), refs, got) })
	if err != nil || len(results) != len(refs) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for ref, r := range results {
		want, why := values[ref.Name], fails[ref.Name]
		switch ref {
		case stable:
			want = "fake one"
		case nope:
			want, why = "", ErrVersion
		}
		if !errors.Is(r.Err, why) || string(r.Secret.Value.Reveal()) != want || r.Secret.Binary != (ref.Name == "prod/bytes") {
			t.Errorf("%s at %s: %v, value of %d bytes", ref, ref.Selector, r.Err, r.Secret.Value.Len())
		}
	}

	server.ResetCalls()
	found, err := collect(t, func(got func(Result)) error { return s.Versions(t.Context(), refs, got) })
	if err != nil || len(found) != len(refs) {
		t.Fatalf("%d results, %v", len(found), err)
	}
	delete(fails, "prod/off") // whose key nobody needs
	for ref, r := range found {
		why := fails[ref.Name]
		if ref == nope {
			why = ErrVersion
		}
		was := results[ref].Secret.Version
		if !errors.Is(r.Err, why) || r.Err == nil && ref.Name != "prod/off" && (r.Secret.Version.ARN != was.ARN || r.Secret.Version.ID != was.ID || !r.Secret.Version.Modified.IsZero()) {
			t.Errorf("%s at %s: %v, %+v", ref, ref.Selector, r.Err, r.Secret.Version)
		}
	}
	if calls := server.Calls(); calls["secretsmanager:DescribeSecret"] != 9 || calls["secretsmanager:GetSecretValue"] != 0 || calls["kms:Decrypt"] != 0 {
		t.Errorf("calls are %v", calls)
	}
	d := found[at("rds!cluster", Current, "")].Secret
	if d.Owner != "rds" || !d.Rotates || d.Pending() == "" || !found[at("prod/deleted", Current, "")].Secret.Deleted.After(d.LastRotated) {
		t.Errorf("%+v", d.Description)
	}
}

// A first read of N secrets costs N calls. Later, each is described, and those that changed are read.
func TestCallsOfALaterRead(t *testing.T) {
	server, as := embedded(t)
	client := prepare(t, server, as("admin"))
	s := New(as("admin"), Options{Account: awslocal.Account})
	refs := named("prod/db", "prod/bytes", "prod/default", "rds!cluster", "other/db")
	before, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), append(refs, refs...), got) })
	if err != nil || len(before) != 5 {
		t.Fatalf("%d results, %v", len(before), err)
	}
	if calls := server.Calls(); calls["secretsmanager:GetSecretValue"] != 5 || calls["secretsmanager:DescribeSecret"] != 0 {
		t.Errorf("the first read: %v", calls)
	}
	if _, err := client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("prod/db"), SecretString: aws.String("fake three")}); err != nil {
		t.Fatal(err)
	}
	server.ResetCalls()
	now, err := collect(t, func(got func(Result)) error { return s.Versions(t.Context(), refs, got) })
	if err != nil {
		t.Fatal(err)
	}
	var changed []secret.Ref
	for ref, r := range now {
		if r.Secret.Version.ID != before[ref].Secret.Version.ID {
			changed = append(changed, at(r.Secret.Version.ARN, ref.Selector, r.Secret.Version.ID))
		}
	}
	after, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), changed, got) })
	if err != nil || len(after) != 1 || after[changed[0]].Err != nil || string(after[changed[0]].Secret.Value.Reveal()) != "fake three" {
		t.Errorf("%d results, %v", len(after), err)
	}
	if calls := server.Calls(); calls["secretsmanager:DescribeSecret"] != 5 || calls["secretsmanager:GetSecretValue"] != 1 {
		t.Errorf("the later read: %v", calls)
	}

	// The dates are those of the values.
	dated := make(map[string]Dated)
	if err := s.Looking(as("admin")).Dates(t.Context(), refs, func(d Dated) { dated[d.Name] = d }); err != nil || len(dated) != 5 {
		t.Fatalf("%d results, %v", len(dated), err)
	}
	db := dated["prod/db"]
	if v := after[changed[0]].Secret.Version; db.Err != nil || len(db.Created) != 3 || db.ARN != v.ARN || !db.Created[v.ID].Equal(v.Modified) {
		t.Errorf("%+v", db)
	}

	// The stage moves back after it was looked up.
	old := before[refs[0]].Secret.Version.ID
	if _, err := client.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: aws.String("prod/db"), VersionStage: aws.String(Current), MoveToVersionId: &old, RemoveFromVersionId: &changed[0].ID,
	}); err != nil {
		t.Fatal(err)
	}
	after, err = collect(t, func(got func(Result)) error { return s.Read(t.Context(), changed, got) })
	if r := after[changed[0]]; err != nil || !errors.Is(r.Err, ErrChanged) || r.Secret.Value.Len() > 0 {
		t.Errorf("the stage moved: %v, %v", r.Err, err)
	}
}

// A caller without the right to the key reads only what is under the default key.
func TestKeysOfTheEmbeddedAWS(t *testing.T) {
	server, as := embedded(t)
	prepare(t, server, as("admin"))
	s := New(as("keyless"), Options{Account: awslocal.Account})
	results, err := collect(t, func(got func(Result)) error { return s.Read(t.Context(), named("prod/db", "prod/default"), got) })
	if err != nil || !errors.Is(results[at("prod/db", Current, "")].Err, ErrUndecryptable) || results[at("prod/default", Current, "")].Err != nil {
		t.Errorf("%v, %+v", err, results)
	}
	if text := results[at("prod/db", Current, "")].Err.Error(); !strings.Contains(text, "its key is") {
		t.Error(text)
	}
}
