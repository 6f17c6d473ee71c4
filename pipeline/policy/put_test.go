package policy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// putSeed has a parameter of each kind that a put writes, and one of others. Nothing is
// under alias/aws/ssm, whose key policy lets everyone in.
const putSeed = `{
  "keys": [{"alias": "alias/parameters"}, {"alias": "alias/more"}, {"alias": "alias/hello"}, {"alias": "alias/worker"}, {"alias": "alias/foreign"}],
  "parameters": [
    {"name": "/local/shop/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-0"},
    {"name": "/local/shop/json", "type": "SecureString", "key_id": "alias/more", "value": "{\"a\": \"not-a-real-value-1\", \"b\": 2}"},
    {"name": "/local/shop/big", "type": "SecureString", "key_id": "alias/more", "tier": "Advanced", "value": "not-a-real-value-2"},
    {"name": "/local/shop/old", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-3"},
    {"name": "/local/other/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-4"},
    {"name": "/local/other/plain", "type": "SecureString", "value": "not-a-real-value-5"},
    {"name": "/local/other/text", "type": "String", "value": "not-a-real-value-6"}
  ]
}`

const putManifest = `
bundle { name = "shop" }
environment "local" { embedded = "seed.json" }
function "hello" {
  kms_key = "alias/hello"
  secret "DB" { parameter = "/local/shop/db" }
  secret "BIG" { parameter = "/local/shop/big" }
  secret "OLD" { parameter = "/local/shop/old:1" }
  %s
}
function "worker" {
  kms_key = "alias/worker"
  blind   = %t
  secret "DB" { parameter = "/local/shop/db" }
}
`

const withField = `secret "PART" {
    parameter = "/local/shop/json"
    field     = "a"
  }`

// putManifests are the ways to put.
func putManifests() map[string]string {
	return map[string]string{"a field": fmt.Sprintf(putManifest, withField, false), "no field": fmt.Sprintf(putManifest, "", false), "blind": fmt.Sprintf(putManifest, withField, true)}
}

// puts puts every secret with a role, one after the other.
func (w *world) puts(cfg aws.Config, names ...string) error {
	for _, name := range names {
		p := &pipeline.Put{
			Scope: pipeline.Scope{Manifest: w.manifest, Region: awslocal.Region, Account: awslocal.Account, Caller: func(ctx context.Context) (string, error) {
				who, err := awsclient.Caller(ctx, cfg)
				return who.Account, err
			}},
			Storage: param.New(cfg, param.Options{Account: awslocal.Account, TPS: new(float64)}), Keys: seal.New(cfg),
		}
		w.count++
		named := []pipeline.Named{{Name: name, Value: secret.New(fmt.Appendf(nil, "not-a-real-put-%d", w.count))}}
		problems := p.Choose(named, "")
		if len(problems) == 0 {
			problems = p.Look(w.Context())
		}
		if len(problems) == 0 {
			problems = p.Give(w.Context(), named)
		}
		if len(problems) == 0 {
			problems, _ = p.Write(w.Context())
		}
		if len(problems) > 0 {
			return fmt.Errorf("%s: %s: %s", name, problems[0].Summary, problems[0].Detail)
		}
	}
	return nil
}

func TestPutPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, c := range map[string]struct {
		manifest string
		names    []string
	}{
		"a field":  {fmt.Sprintf(putManifest, withField, false), []string{"DB", "BIG", "PART"}},
		"no field": {fmt.Sprintf(putManifest, "", false), []string{"DB", "BIG"}},
		"blind":    {fmt.Sprintf(putManifest, withField, true), []string{"DB", "BIG", "PART"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, putSeed, c.manifest)
			document := w.setting.Put()
			if err := w.puts(w.role("put", document), c.names...); err != nil {
				t.Fatal(err)
			}
			for what, less := range lessened(document) {
				if w.puts(w.role("put", less), c.names...) == nil {
					t.Errorf("puts without %s", what)
				}
			}
			if text := document.Text(); strings.Contains(text, "/local/shop/old") || strings.Contains(text, "ReadFields") != strings.Contains(c.manifest, "field") {
				t.Errorf("it has what no put needs: %s", text)
			}
		})
	}
}

func TestPutPolicyDeniesEveryAttack(t *testing.T) {
	for name, field := range map[string]string{"a field": withField, "no field": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, putSeed, fmt.Sprintf(putManifest, field, false))
			attacks := putAttacks()
			if field == "" {
				attacks["read the value that it replaces a field in"] = readWith("/local/shop/json")
			}
			refused := func(w *world, document policy.Document) (through []string) {
				as := w.role("put", document)
				for name, attack := range attacks {
					if err := attack(w, as); code(err) != "AccessDeniedException" {
						through = append(through, fmt.Sprintf("%s: %v", name, err))
					}
				}
				slices.Sort(through)
				return through
			}
			document := w.setting.Put()
			if through := refused(w, document); through != nil {
				t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
			}
			if through := refused(w, broadened(document)); through != nil {
				t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
			}
			for i, statement := range document.Statement {
				if statement.Effect != "Deny" {
					continue
				}
				fresh := newWorldOf(t, putSeed, fmt.Sprintf(putManifest, field, false)) // an attack that gets through can change what the next one meets
				if refused(fresh, broadened(without(fresh.setting.Put(), i))) == nil {
					t.Errorf("without %s, every attack is refused all the same", statement.Sid)
				}
			}
		})
	}
}

func readWith(name string) func(*world, aws.Config) error {
	return func(w *world, as aws.Config) error {
		_, err := ssm.NewFromConfig(as).GetParameters(w.Context(), &ssm.GetParametersInput{Names: []string{name}, WithDecryption: aws.Bool(true)})
		return err
	}
}

// putAttacks is everything that a role that puts must not be allowed to do.
func putAttacks() map[string]func(*world, aws.Config) error {
	put := func(name, key string) func(*world, aws.Config) error {
		return func(w *world, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).PutParameter(w.Context(), &ssm.PutParameterInput{
				Name: &name, Value: aws.String("planted"), KeyId: &key, Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
			})
			return err
		}
	}
	at := func(name string) map[string]string {
		return map[string]string{"PARAMETER_ARN": "arn:aws:ssm:us-east-1:000000000000:parameter" + name}
	}
	all := map[string]func(*world, aws.Config) error{
		"put another's parameter":             put("/local/other/db", "alias/parameters"),
		"put a new parameter":                 put("/local/shop/new", "alias/parameters"),
		"put below its own parameter":         put("/local/shop/db/x", "alias/parameters"),
		"put a parameter that is pinned":      put("/local/shop/old", "alias/parameters"),
		"read another's parameter, decrypted": readWith("/local/other/db"),
		"read its own parameter, decrypted":   readWith("/local/shop/db"),
		"read what everyone may decrypt":      readWith("/local/other/plain"),
		"decrypt its own parameter outside Parameter Store": func(w *world, as aws.Config) error {
			_, err := kms.NewFromConfig(as).Decrypt(w.Context(), &kms.DecryptInput{CiphertextBlob: w.stored("/local/shop/json"), EncryptionContext: at("/local/shop/json")})
			return err
		},
		"encrypt outside Parameter Store": func(w *world, as aws.Config) error {
			_, err := kms.NewFromConfig(as).Encrypt(w.Context(), &kms.EncryptInput{KeyId: w.key("alias/parameters"), Plaintext: []byte("x"), EncryptionContext: at("/local/shop/db")})
			return err
		},
		"make a data key outside Parameter Store": func(w *world, as aws.Config) error {
			_, err := kms.NewFromConfig(as).GenerateDataKey(w.Context(), &kms.GenerateDataKeyInput{
				KeyId: w.key("alias/more"), KeySpec: types.DataKeySpecAes256, EncryptionContext: at("/local/shop/big")})
			return err
		},
		"move its own parameter to a foreign key": func(w *world, as aws.Config) error {
			_, err := kms.NewFromConfig(as).ReEncrypt(w.Context(), &kms.ReEncryptInput{
				CiphertextBlob: w.stored("/local/shop/db"), SourceEncryptionContext: at("/local/shop/db"), DestinationKeyId: w.key("alias/foreign")})
			return err
		},
		"change a key policy": func(w *world, as aws.Config) error {
			_, err := kms.NewFromConfig(as).PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: w.key("alias/parameters"), Policy: aws.String(
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}}`)})
			return err
		},
	}
	for name, attack := range readingAttacks() {
		all[name] = func(w *world, as aws.Config) error { return attack(&stage{world: w}, as) }
	}
	return all
}

// The session policy of a put allows what the put needs, and no more than putting.
func TestPutSessionIsEnough(t *testing.T) {
	w := newWorldOf(t, putSeed, fmt.Sprintf(putManifest, withField, false))
	document, fits := w.setting.PutSession()
	if !fits {
		t.Fatal("it is too long")
	}
	as := w.role("put", document)
	if err := w.puts(as, "DB", "BIG", "PART"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"put another's parameter", "put a new parameter", "encrypt outside Parameter Store", "change a key policy", "read another's parameter, decrypted"} {
		if err := putAttacks()[name](w, as); code(err) != "AccessDeniedException" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
