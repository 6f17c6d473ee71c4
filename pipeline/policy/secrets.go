package policy

import (
	"slices"

	"github.com/whispering/bundle/internal/arn"
)

// Actions of Secrets Manager, and the condition key that its calls of KMS have:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
const (
	describeSecret   = "secretsmanager:DescribeSecret"
	listVersions     = "secretsmanager:ListSecretVersionIds"
	listSecrets      = "secretsmanager:ListSecrets"
	getSecret        = "secretsmanager:GetSecretValue"
	getSecretBatches = "secretsmanager:BatchGetSecretValue"

	ofSecret = "kms:EncryptionContext:SecretARN"
)

// A Secret is a secret of Secrets Manager and the key that its values are encrypted with.
type Secret struct {
	Name string
	Key  string // ARN; "" for aws/secretsmanager, which everyone in the account can use through Secrets Manager
}

// unknownSuffix matches the six characters that Secrets Manager adds to a name, and that a secret which is deleted and created again
// has others of. IAM compares ARNs with them. "-*" would match the secrets whose names go on with a hyphen, too:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html
const unknownSuffix = "-??????"

// secretARN returns the ARN of a secret as IAM has it as long as the secret does not exist: without the six characters.
func (s Setting) secretARN(name string) string {
	return arn.ARN{Partition: s.partition(), Service: "secretsmanager", Region: s.Region, Account: s.Account, Resource: "secret:" + name}.String()
}

// secretReach is what functions read from Secrets Manager.
type secretReach struct {
	secrets  List // patterns for the ARNs of the secrets
	optional List // ARNs, without suffixes, of those that need not exist and that no pattern matches
	keys     List // ARNs of customer managed keys
}

// secrets returns what the functions read from Secrets Manager. No blind function does.
func (s Setting) secrets() secretReach {
	var r secretReach
	keys := map[string]List{}
	for _, stored := range s.Secrets {
		if stored.Key != "" {
			keys[stored.Name] = append(keys[stored.Name], stored.Key)
		}
	}
	for _, fn := range s.Manifest.Functions {
		for _, sec := range fn.Secrets {
			name := sec.SecretsManager.Value
			if name == "" || fn.Blind.Value {
				continue
			}
			r.secrets = append(r.secrets, s.secretARN(name)+unknownSuffix)
			r.keys = append(append(r.keys, keys[name]...), s.SecretKeys...)
			if sec.Optional {
				r.optional = append(r.optional, s.secretARN(name))
			}
		}
	}
	r.secrets, r.keys = s.cut(r.secrets), distinct(r.keys)
	r.optional = slices.DeleteFunc(distinct(r.optional), func(arn string) bool { return covers(r.secrets, arn) })
	return r
}

// lookAtSecrets allows actions on the secrets. IAM compares a secret that does not exist by its ARN without a suffix, so that an
// optional one is only known to be absent with a right to that. AWS does not document it: docs/e2e.md has secret-missing-right.
func (s Setting) lookAtSecrets(sid string, actions ...string) []Statement {
	r := s.secrets()
	if len(r.secrets) == 0 {
		return nil
	}
	statements := []Statement{{Sid: sid, Effect: allow, Action: actions, Resource: r.secrets}}
	if len(r.optional) > 0 {
		statements = append(statements, Statement{Sid: "MissOptionalSecrets", Effect: allow, Action: List{describeSecret}, Resource: r.optional})
	}
	return statements
}

// lookAtVersions allows what a plan looks at: which version has which stage, and the dates of versions.
func (s Setting) lookAtVersions() []Statement {
	return s.lookAtSecrets("DescribeSecrets", describeSecret, listVersions)
}

// openSecrets allows Secrets Manager to decrypt the secrets for the role. Under aws/secretsmanager, that needs no right.
func (s Setting) openSecrets() []Statement {
	r := s.secrets()
	if len(r.keys) == 0 {
		return nil
	}
	return []Statement{{
		Sid: "DecryptThroughSecretsManager", Effect: allow, Action: List{"kms:Decrypt"}, Resource: r.keys,
		Condition: Condition{"StringEquals": {viaService: s.viaSecretsManager()}, "StringLike": {ofSecret: r.secrets}},
	}}
}

// closeSecrets denies reading other secrets. That is all that keeps the role from those under aws/secretsmanager: its key policy lets
// everyone in the account decrypt through Secrets Manager. BatchGetSecretValue knows no resource but *, and a build does not call it.
func (s Setting) closeSecrets() []Statement {
	r := s.secrets()
	if len(r.secrets) == 0 {
		return nil
	}
	return []Statement{
		{Sid: "DenySecretsElsewhere", Effect: deny, Action: List{getSecret}, NotResource: uncovered(r.secrets)},
		{Sid: "DenyBatchesOfSecrets", Effect: deny, Action: List{getSecretBatches}, Resource: List{"*"}},
	}
}

// denyValues denies using keys for data and, if the manifest has secrets of Secrets Manager, reading any secret there.
func (s Setting) denyValues() Statement {
	if len(s.secrets().secrets) == 0 {
		return denyValues()
	}
	return denyValues(getSecretBatches, getSecret)
}

// viaSecretsManager returns the values that kms:ViaService can have in a call that Secrets Manager makes.
func (s Setting) viaSecretsManager() List { return s.calledBy("secretsmanager") }
