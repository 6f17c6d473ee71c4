package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// session returns what is known before any call.
func (w *world) session() policy.Setting {
	return policy.Setting{Manifest: w.manifest, Region: awslocal.Region, Account: awslocal.Account, BuildRole: arn("ci")}
}

func TestSessionsOfABuildAreEnoughAndNothingInThemIsTooMuch(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			building, fits := w.session().BuildSession(nil)
			publishing, fitsToo := w.session().PublishSession()
			if !fits || !fitsToo || len(building.Text()) > policy.MaxSession || len(publishing.Text()) > policy.MaxSession {
				t.Fatalf("too long: %s %s", building.Text(), publishing.Text())
			}
			if blind := m.helloBlind && m.workerBlind; strings.Contains(building.Text(), "kms:Encrypt\"") == blind || strings.Contains(building.Text(), "kms:Decrypt") == blind {
				t.Errorf("blind: %v: %s", blind, building.Text())
			}
			both := building // the test builds and publishes with one session
			both.Statement = append(both.Statement[:len(both.Statement):len(both.Statement)], publishing.Statement[1:]...)
			w.isJustEnough(both)
		})
	}
}

func TestSessionOfABuildDoesNothingElse(t *testing.T) {
	for name, m := range allModes() {
		s := newStage(t, m)
		document, _ := s.session().BuildSession(nil)
		cfg := s.role("ci", document)
		keys, parameters, ctx := kms.NewFromConfig(cfg), ssm.NewFromConfig(cfg), t.Context()
		for what, attack := range map[string]func() error{
			"decrypt a document": func() error {
				_, err := keys.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: s.documents["hello"].Ciphertexts[0], KeyId: s.own, EncryptionContext: s.honest})
				return err
			},
			"decrypt a parameter past Parameter Store": func() error {
				_, err := keys.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: s.parameter, KeyId: s.parameters, EncryptionContext: at(s.parameterARN)})
				return err
			},
			"read another parameter": func() error {
				_, err := parameters.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/local/other/db"}})
				return err
			},
			"write a parameter": func() error {
				_, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/local/shop/db"), Type: types.ParameterTypeString, Value: aws.String("x"), Overwrite: aws.Bool(true)})
				return err
			},
			"seal for another function": func() error {
				_, err := keys.Encrypt(ctx, &kms.EncryptInput{KeyId: s.own, Plaintext: []byte("x"), EncryptionContext: with(s.honest, "bundle:function", "shop/other")})
				return err
			},
			"seal for another environment": func() error {
				_, err := keys.Encrypt(ctx, &kms.EncryptInput{KeyId: s.own, Plaintext: []byte("x"), EncryptionContext: with(s.honest, "bundle:environment", "prod")})
				return err
			},
			"encrypt without a context": func() error {
				_, err := keys.Encrypt(ctx, &kms.EncryptInput{KeyId: s.own, Plaintext: []byte("x")})
				return err
			},
			"move another's parameter": func() error {
				_, err := keys.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: s.other, SourceKeyId: s.parameters, SourceEncryptionContext: at(s.otherARN),
					DestinationKeyId: s.own, DestinationEncryptionContext: s.honest})
				return err
			},
			"make a key": func() error { _, err := keys.CreateKey(ctx, &kms.CreateKeyInput{}); return err },
		} {
			if attack() == nil {
				t.Errorf("%s: a session of a build may %s", name, what)
			}
		}
	}
}

func TestSessionThatLooks(t *testing.T) {
	document, err := iam.ParseIdentity([]byte(policy.Looking().Text()))
	if err != nil {
		t.Fatal(err)
	}
	may := func(action string) bool {
		return iam.Evaluate(nil, nil, iam.Access{
			Principal: arn("ci"), Account: awslocal.Account, Root: true, Action: action, Resource: "*", Session: &document,
		}).Allowed
	}
	for action := range strings.FieldsSeq(`ssm:GetParameters ssm:GetParametersByPath ssm:DescribeParameters kms:DescribeKey kms:GetKeyPolicy kms:ListAliases
		lambda:ListLayerVersions lambda:GetLayerVersion sts:GetCallerIdentity`) {
		if !may(action) {
			t.Errorf("may not %s", action)
		}
	}
	for action := range strings.FieldsSeq(`kms:Decrypt kms:Encrypt kms:ReEncryptFrom kms:ReEncryptTo kms:GenerateDataKey kms:GenerateDataKeyPair kms:GenerateDataKeyWithoutPlaintext
		kms:CreateGrant kms:RetireGrant kms:RevokeGrant kms:CreateKey kms:PutKeyPolicy kms:ScheduleKeyDeletion kms:CancelKeyDeletion kms:DisableKey kms:EnableKey kms:CreateAlias kms:UpdateAlias
		kms:DeleteAlias kms:TagResource kms:UntagResource kms:ReplicateKey kms:RotateKeyOnDemand kms:EnableKeyRotation kms:ImportKeyMaterial kms:DeleteImportedKeyMaterial kms:Sign
		ssm:PutParameter ssm:DeleteParameter ssm:DeleteParameters ssm:LabelParameterVersion ssm:UnlabelParameterVersion ssm:AddTagsToResource ssm:RemoveTagsFromResource ssm:SendCommand
		ssm:StartSession ssm:StartAutomationExecution ssm:CreateDocument ssm:UpdateDocument ssm:PutResourcePolicy ssm:DeleteResourcePolicy
		lambda:PublishLayerVersion lambda:DeleteLayerVersion lambda:AddLayerVersionPermission lambda:RemoveLayerVersionPermission lambda:CreateFunction lambda:UpdateFunctionCode
		lambda:UpdateFunctionConfiguration lambda:DeleteFunction lambda:InvokeFunction lambda:AddPermission lambda:PublishVersion lambda:CreateAlias lambda:UpdateAlias lambda:TagResource
		secretsmanager:GetSecretValue secretsmanager:PutSecretValue s3:PutObject iam:PassRole sts:AssumeRole`) {
		if may(action) {
			t.Errorf("may %s", action)
		}
	}
	// A Deny by name still applies if the list of reading actions ever grows.
	for _, action := range []string{"kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "secretsmanager:GetSecretValue"} {
		if !strings.Contains(policy.Looking().Text(), `"`+action+`"`) {
			t.Errorf("does not name %s", action)
		}
	}
}

// manySecrets returns a manifest of one function with n secrets.
func manySecrets(n int, name func(int) string) *manifest.Manifest {
	m := &manifest.Manifest{
		Bundle:      manifest.Bundle{Name: manifest.Text{Value: "shop"}},
		Environment: manifest.Environment{Name: manifest.Text{Value: "prod"}},
		Functions:   []manifest.Function{{Name: manifest.Text{Value: "hello"}}},
	}
	for i := range n {
		m.Functions[0].Secrets = append(m.Functions[0].Secrets, manifest.Secret{Parameter: manifest.Text{Value: name(i)}})
	}
	return m
}

func TestSessionOfALargeBuildNamesParametersByTheirPaths(t *testing.T) {
	setting := policy.Setting{Region: "cn-north-1", Account: "222222222222", BuildRole: "arn:aws-cn:iam::222222222222:role/build"}
	for name, tt := range map[string]struct {
		secrets int
		name    func(int) string
		want    string // a resource, "" if there is no document
	}{
		"few":        {3, func(i int) string { return fmt.Sprintf("/prod/shop/secret-%d", i) }, "arn:aws-cn:ssm:cn-north-1:222222222222:parameter/prod/shop/secret-2"},
		"one path":   {900, func(i int) string { return fmt.Sprintf("/prod/shop/secret-%d", i) }, "arn:aws-cn:ssm:cn-north-1:222222222222:parameter/prod/shop/*"},
		"many paths": {900, func(i int) string { return fmt.Sprintf("/prod/shop-%d/secret", i) }, "arn:aws-cn:ssm:cn-north-1:222222222222:parameter/prod/*"},
		"flat names": {900, func(i int) string { return fmt.Sprintf("secret-%d", i) }, ""},
	} {
		setting.Manifest = manySecrets(tt.secrets, tt.name)
		d, fits := setting.BuildSession([]string{"333333333333", "not an account"})
		text := d.Text()
		switch {
		case fits != (tt.want != ""), len(text) > policy.MaxSession, fits && !strings.Contains(text, `"`+tt.want+`"`):
			t.Errorf("%s: %v %d %s", name, fits, len(text), text)
		case fits && (!strings.Contains(text, "arn:aws-cn:kms:cn-north-1:333333333333:key/*") || strings.Contains(text, "not an account")):
			t.Errorf("%s: keys of other accounts: %s", name, text)
		}
		if _, err := iam.ParseIdentity([]byte(text)); fits && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := manySecrets(1, func(int) string { return "/prod/shop/secret" })
	for i := range 300 {
		many.Functions = append(many.Functions, manifest.Function{Name: manifest.Text{Value: fmt.Sprintf("function-%d", i)}})
	}
	setting.Manifest = many
	if d, fits := setting.BuildSession(nil); !fits || !strings.Contains(d.Text(), `"shop/*"`) {
		t.Errorf("many functions: %v %s", fits, d.Text())
	}
}
