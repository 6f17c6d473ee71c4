package policy_test

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/pipeline/policy"
)

// roundaboutAttacks name what they are after in another way than a build does, or have
// someone else get it.
func roundaboutAttacks() map[string]call {
	all := map[string]call{
		"read another's parameter by its version":       read("/local/other/db:1", true),
		"read another's text by a label":                read("/local/other/text:stable", false),
		"read another's text by its ARN":                read("arn:aws:ssm:us-east-1:000000000000:parameter/local/other/text", false),
		"read another's parameter without a slash":      read("other-flat", true),
		"read another's text beside its own parameter":  readAll("/local/shop/db:1", "/local/other/text"),
		"read a parameter whose name begins like its":   read("/local/shop/dbx", true),
		"read below its own parameter":                  read("/local/shop/db/x", true),
		"decrypt a sealed document by the key's alias":  decrypt(alias("alias/hello"), sealedBox, honest),
		"encrypt to a foreign key by its alias":         encrypt(alias("alias/foreign"), honest),
		"move to a foreign key by its alias":            move(alias("alias/foreign"), honest),
		"decrypt a parameter in the context of another": decrypt(parameters, func(s *stage) []byte { return s.parameter }, func(s *stage) map[string]string { return at(s.otherARN) }),
	}
	for path, recursive := range map[string]bool{"/": true, "/local/shop": true, "/local/shop/": false, "/local/shop/mailbox": true, "/local/other/": true} {
		all["list the path "+path] = func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParametersByPath(s.Context(), &ssm.GetParametersByPathInput{Path: &path, Recursive: &recursive, WithDecryption: aws.Bool(true)})
			return err
		}
	}
	for what, name := range map[string]string{"its own parameter": "/local/shop/db", "what it imports": "/local/shop/mail/user"} {
		all["read the history of "+what] = func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParameterHistory(s.Context(), &ssm.GetParameterHistoryInput{Name: &name, WithDecryption: aws.Bool(true)})
			return err
		}
		all["read alone "+what] = func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParameter(s.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
			return err
		}
	}
	maps.Copy(all, keyAttacks())
	return all
}

// keyAttacks use keys for what a build does not.
func keyAttacks() map[string]call {
	tag := func(key, value string) []types.Tag { return []types.Tag{{TagKey: &key, TagValue: &value}} }
	grant := func(key func(*stage) *string, constraints *types.GrantConstraints, operations ...types.GrantOperation) func(*stage, *kms.Client) error {
		return func(s *stage, c *kms.Client) error {
			_, err := c.CreateGrant(s.Context(), &kms.CreateGrantInput{KeyId: key(s), GranteePrincipal: aws.String(arn("attacker")), Constraints: constraints, Operations: operations})
			return err
		}
	}
	calls := map[string]func(*stage, *kms.Client) error{
		"tag its key as another function's": func(s *stage, c *kms.Client) error {
			_, err := c.TagResource(s.Context(), &kms.TagResourceInput{KeyId: s.own, Tags: tag("bundle:function", "shop/worker")})
			return err
		},
		"tag its key as of another environment": func(s *stage, c *kms.Client) error {
			_, err := c.TagResource(s.Context(), &kms.TagResourceInput{KeyId: s.own, Tags: tag("bundle:environment", "prod")})
			return err
		},
		"tag the key of the parameters as its own": func(s *stage, c *kms.Client) error {
			_, err := c.TagResource(s.Context(), &kms.TagResourceInput{KeyId: s.parameters, Tags: tag("bundle:function", "shop/hello")})
			return err
		},
		"take the environment's tag away": func(s *stage, c *kms.Client) error {
			_, err := c.UntagResource(s.Context(), &kms.UntagResourceInput{KeyId: s.own, TagKeys: []string{"bundle:environment"}})
			return err
		},
		"create a key as of the environment": func(s *stage, c *kms.Client) error {
			_, err := c.CreateKey(s.Context(), &kms.CreateKeyInput{Tags: tag("bundle:environment", "local"), MultiRegion: aws.Bool(true)})
			return err
		},
		"move the primary key to another region": func(s *stage, c *kms.Client) error {
			_, err := c.UpdatePrimaryRegion(s.Context(), &kms.UpdatePrimaryRegionInput{KeyId: s.own, PrimaryRegion: aws.String("us-west-2")})
			return err
		},
		"make a data key that is encrypted": func(s *stage, c *kms.Client) error {
			_, err := c.GenerateDataKeyWithoutPlaintext(s.Context(), &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: s.own, KeySpec: types.DataKeySpecAes256, EncryptionContext: s.honest})
			return err
		},
		"make a data key under the key of the parameters": func(s *stage, c *kms.Client) error {
			_, err := c.GenerateDataKey(s.Context(), &kms.GenerateDataKeyInput{KeyId: s.parameters, KeySpec: types.DataKeySpecAes256, EncryptionContext: at(s.parameterARN)})
			return err
		},
		"grant moving documents": grant(own, nil, types.GrantOperationReEncryptFrom),
		"grant decrypting one function's documents": grant(own, &types.GrantConstraints{
			EncryptionContextSubset: map[string]string{"bundle:function": "shop/hello"}}, types.GrantOperationDecrypt),
		"grant granting":                  grant(own, nil, types.GrantOperationCreateGrant, types.GrantOperationEncrypt),
		"grant sealing to a foreign key":  grant(evil, nil, types.GrantOperationEncrypt, types.GrantOperationReEncryptTo),
		"move a document of another key":  moveDocument(parameters, evil),
		"move its document to its own":    moveDocument(own, own),
		"move its document to the worker": moveDocument(own, worker),
	}
	all := make(map[string]call, len(calls))
	for name, try := range calls {
		all[name] = func(s *stage, as aws.Config) error { return try(s, kms.NewFromConfig(as)) }
	}
	return all
}

// moveDocument re-encrypts a document of hello, with a source key that may be another.
func moveDocument(from, to func(*stage) *string) func(*stage, *kms.Client) error {
	return func(s *stage, c *kms.Client) error {
		_, err := c.ReEncrypt(s.Context(), &kms.ReEncryptInput{
			CiphertextBlob: sealedBox(s), SourceKeyId: from(s), SourceEncryptionContext: s.honest,
			DestinationKeyId: to(s), DestinationEncryptionContext: with(s.honest, "bundle:function", "shop/worker"),
		})
		return err
	}
}

func alias(name string) func(*stage) *string { return func(*stage) *string { return &name } }

func readAll(names ...string) call {
	return func(s *stage, as aws.Config) error {
		_, err := ssm.NewFromConfig(as).GetParameters(s.Context(), &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
		return err
	}
}

// No attack is refused for another reason than the policy: a role that may do everything
// is not told AccessDeniedException.
func TestAttacksAreRefusedByThePolicyOnly(t *testing.T) {
	m := modes{workerBlind: true}
	for attack, try := range buildAttacks(m) {
		s := newStage(t, m) // an attack may change it
		if err := try(s, s.role("all", everything())); code(err) == "AccessDeniedException" {
			t.Errorf("%s: %v", attack, err)
		}
		_ = s.server.Close()
	}
}

// A parameter that another account shares is read by its ARN, and is not the manifest's
// of the same name. The embedded AWS has one account's parameters.
func TestParametersOfOtherAccountsAndRegionsAreRefused(t *testing.T) {
	for name, m := range allModes() {
		w := newWorld(t, m)
		for _, d := range []policy.Document{w.setting.Build(), w.setting.Plan(), w.setting.Doctor()} {
			for _, place := range []string{"us-east-1:333333333333", "us-west-2:000000000000"} {
				for _, action := range []string{"ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameter", "ssm:GetParameterHistory"} {
					r := request{action: action, resource: "arn:aws:ssm:" + place + ":parameter/local/shop/mail/user"}
					if got := decide(parsed(t, []policy.Document{broadened(d)}), r); got != "falsewith an explicit deny in an identity-based policy" {
						t.Errorf("%s: %s on %s: %s", name, action, r.resource, got)
					}
				}
			}
		}
	}
}
