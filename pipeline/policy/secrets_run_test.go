package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
)

// keptSeed has secrets of Secrets Manager under a key of theirs and under aws/secretsmanager, and one of others of each.
const keptSeed = `{
  "keys": [{"alias": "alias/secrets"}, {"alias": "alias/parameters"}, {"alias": "alias/hello"}, {"alias": "alias/worker"}],
  "parameters": [{"name": "/local/shop/token", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-1"}],
  "secrets": [
    {"name": "local/db", "key_id": "alias/secrets", "value": "{\"password\": \"not-a-real-value-2\"}"},
    {"name": "local/api", "value": "not-a-real-value-3"},
    {"name": "local/db-other", "key_id": "alias/secrets", "value": "not-a-real-value-4"},
    {"name": "local/api-other", "value": "not-a-real-value-5"}
  ]
}`

const keptManifest = `
bundle {
  name            = "shop"
  layer           = "shop"
  layer_parameter = "/local/layers/shop"
}
environment "local" { embedded = "seed.json" }
function "hello" {
  kms_key = "alias/hello"
  secret "DB" {
    secretsmanager = "local/db"
    field          = "password"
  }
  secret "API" { secretsmanager = "local/api" }
  secret "NONE" {
    secretsmanager = "local/none"
    optional       = true
  }
}
function "worker" {
  kms_key = "alias/worker"
  blind   = %t
  secret "TOKEN" { parameter = "/local/shop/token" }
}
`

func newKeptWorld(t *testing.T, blind bool, options ...awslocal.Option) *world {
	t.Helper()
	w := newWorldOf(t, keptSeed, fmt.Sprintf(keptManifest, blind), options...)
	w.setting.Secrets = []policy.Secret{{Name: "local/db", Key: *w.key("alias/secrets")}, {Name: "local/api"}}
	return w
}

// builds builds and publishes with a role, and builds again from that, which describes the secrets.
func (w *world) builds(cfg aws.Config) error {
	documents, err := w.run(cfg)
	if err != nil {
		return err
	}
	b := w.build(cfg)
	b.Previous = pipeline.Previous{Layer: &layerbuild.Layer{Documents: documents}}
	again, problems := b.Run(w.Context())
	if len(problems) > 0 {
		return fmt.Errorf("again: %s: %s", problems[0].Summary, problems[0].Detail)
	}
	same := func(a, b *sealed.Document) bool { return string(a.Bytes()) == string(b.Bytes()) }
	if !slices.EqualFunc(documents, again.Documents, same) {
		return fmt.Errorf("again: other documents")
	}
	return nil
}

func TestRolesThatReadSecretsHaveWhatTheyNeedAndNoMore(t *testing.T) {
	for _, blind := range []bool{false, true} {
		w := newKeptWorld(t, blind)
		document := w.setting.Build()
		if err := w.builds(w.role("ci", document)); err != nil {
			t.Fatal(err)
		}
		for what, less := range lessened(document) {
			later := strings.Contains(what, "local/none-") // once it exists
			if (w.builds(w.role("ci", less)) == nil) != later {
				t.Errorf("builds without %s", what)
			}
		}
		parts, err := document.Split(2000)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.builds(w.roleWith("ci", parts, policy.Document{})); err != nil {
			t.Errorf("in %d parts: %v", len(parts), err)
		}
		w.setting.Levels = 1
		if err := w.builds(w.role("ci", w.setting.Build())); err != nil {
			t.Errorf("by folders: %v", err)
		}
		w.setting.Levels = 0
		plan := w.setting.Plan()
		if err := w.plan(w.role("plan", plan)); err != nil {
			t.Error(err)
		}
		for _, sid := range []string{"DescribeSecrets", "MissOptionalSecrets"} {
			less := plan
			less.Statement = slices.DeleteFunc(slices.Clone(plan.Statement), func(s policy.Statement) bool { return s.Sid == sid })
			if w.plan(w.role("plan", less)) == nil {
				t.Errorf("plans without %s", sid)
			}
		}
		_, err = secretsmanager.NewFromConfig(w.admin).CreateSecret(w.Context(), &secretsmanager.CreateSecretInput{
			Name: aws.String("local/none"), SecretString: aws.String("not-a-real-value-7")})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.builds(w.role("ci", document)); err != nil {
			t.Errorf("with the optional secret: %v", err)
		}
		less := lessened(document)["ReadSecrets without arn:aws:secretsmanager:us-east-1:000000000000:secret:local/none-??????"]
		if len(less.Statement) == 0 || w.builds(w.role("ci", less)) == nil {
			t.Error("builds without the right to the optional secret")
		}
	}
}

// What a role that builds does not do to secrets, AWS refuses: to read others also if its other policies allow it.
func TestAttacksOnSecretsAreRefused(t *testing.T) {
	w := newKeptWorld(t, true)
	client := func(cfg aws.Config) *secretsmanager.Client { return secretsmanager.NewFromConfig(cfg) }
	read := func(name string) func(*secretsmanager.Client) error {
		return func(c *secretsmanager.Client) error {
			_, err := c.GetSecretValue(w.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
			return err
		}
	}
	reads := map[string]func(*secretsmanager.Client) error{
		"another's": read("local/db-other"), "another's under aws/secretsmanager": read("local/api-other"),
		"a batch": func(c *secretsmanager.Client) error {
			_, err := c.BatchGetSecretValue(w.Context(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"local/db"}})
			return err
		},
	}
	own := aws.String("local/db")
	writes := map[string]func(*secretsmanager.Client) error{
		"put a value": func(c *secretsmanager.Client) error {
			_, err := c.PutSecretValue(w.Context(), &secretsmanager.PutSecretValueInput{SecretId: own, SecretString: aws.String("not-a-real-value-6")})
			return err
		},
		"move a stage": func(c *secretsmanager.Client) error {
			_, err := c.UpdateSecretVersionStage(w.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: own, VersionStage: aws.String("mine")})
			return err
		},
		"share": func(c *secretsmanager.Client) error {
			_, err := c.PutResourcePolicy(w.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: own, ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
			return err
		},
		"replicate": func(c *secretsmanager.Client) error {
			_, err := c.ReplicateSecretToRegions(w.Context(), &secretsmanager.ReplicateSecretToRegionsInput{
				SecretId: own, AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("us-west-2")}}})
			return err
		},
		"list": func(c *secretsmanager.Client) error {
			_, err := c.ListSecrets(w.Context(), &secretsmanager.ListSecretsInput{})
			return err
		},
		"delete": func(c *secretsmanager.Client) error {
			_, err := c.DeleteSecret(w.Context(), &secretsmanager.DeleteSecretInput{SecretId: own})
			return err
		},
	}
	for kind, document := range map[string]policy.Document{"ci": w.setting.Build(), "plan": w.setting.Plan(), "doctor": w.setting.Doctor()} {
		for what, try := range union(reads, writes) {
			if err := try(client(w.role(kind, document))); code(err) != "AccessDeniedException" {
				t.Errorf("%s: %s: %v", kind, what, err)
			}
		}
		for what, try := range reads {
			if err := try(client(w.roleWith(kind, []policy.Document{document}, everything()))); code(err) != "AccessDeniedException" {
				t.Errorf("%s, with other policies: %s: %v", kind, what, err)
			}
		}
		for _, name := range []string{"local/db", "local/api"} {
			err := read(name)(client(w.roleWith(kind, []policy.Document{document}, everything())))
			if (err == nil) != (kind != "plan") {
				t.Errorf("%s reads %s: %v", kind, name, err)
			}
		}
	}
}
