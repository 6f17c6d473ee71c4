package policy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/policy"
)

// A stage is a world with everything that an attacker could get.
type stage struct {
	*world
	documents              map[string]*sealed.Document
	parameter, db, other   []byte // ciphertexts: of the functions worker and hello, and of another bundle
	forged                 []byte // one that claims to be worker's, under another bundle's key
	elsewhere              []byte // one of the same name in another region
	parameters, own, evil  *string
	worker                 *string
	honest                 map[string]string // the encryption context of a box of hello
	parameterARN, otherARN string
}

func newStage(t *testing.T, m modes, options ...awslocal.Option) *stage {
	t.Helper()
	return newWorld(t, m, options...).stage()
}

func (w *world) stage() *stage {
	w.Helper()
	s := &stage{
		world: w, documents: w.documents(), parameter: w.stored("/local/shop/token"), other: w.stored("/local/other/db"),
		parameters: w.key("alias/parameters"), own: w.key("alias/hello"), worker: w.key("alias/worker"), evil: w.key("alias/foreign"),
		parameterARN: "arn:aws:ssm:us-east-1:000000000000:parameter/local/shop/token",
		otherARN:     "arn:aws:ssm:us-east-1:000000000000:parameter/local/other/db",
		db:           w.stored("/local/shop/db"),
	}
	out, err := kms.NewFromConfig(w.admin).Encrypt(w.Context(), &kms.EncryptInput{
		KeyId: s.evil, Plaintext: []byte("planted"), EncryptionContext: at(s.parameterARN)})
	if err != nil {
		w.Fatal(err)
	}
	s.forged = out.CiphertextBlob
	out, err = kms.NewFromConfig(w.admin).Encrypt(w.Context(), &kms.EncryptInput{
		KeyId: s.parameters, Plaintext: []byte("of another region"), EncryptionContext: at(elsewhereARN)})
	if err != nil {
		w.Fatal(err)
	}
	s.elsewhere = out.CiphertextBlob
	s.honest = s.documents["hello"].Context(0)
	return s
}

const elsewhereARN = "arn:aws:ssm:us-west-2:000000000000:parameter/local/shop/token"

// with returns an encryption context with changed or added pairs, and without those
// whose value is "".
func with(context map[string]string, pairs ...string) map[string]string {
	context = maps.Clone(context)
	for i := 0; i < len(pairs); i += 2 {
		context[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "" {
			delete(context, pairs[i])
		}
	}
	return context
}

func at(arn string) map[string]string { return map[string]string{"PARAMETER_ARN": arn} }

// A call is one call to try with some credentials.
type call func(*stage, aws.Config) error

func encrypt(key func(*stage) *string, context func(*stage) map[string]string) call {
	return func(s *stage, as aws.Config) error {
		_, err := kms.NewFromConfig(as).Encrypt(s.Context(), &kms.EncryptInput{
			KeyId: key(s), Plaintext: []byte("planted"), EncryptionContext: context(s)})
		return err
	}
}

// move re-encrypts a parameter of the bundle.
func move(key func(*stage) *string, context func(*stage) map[string]string) call {
	return func(s *stage, as aws.Config) error {
		_, err := kms.NewFromConfig(as).ReEncrypt(s.Context(), &kms.ReEncryptInput{
			CiphertextBlob: s.parameter, SourceEncryptionContext: at(s.parameterARN), SourceKeyId: s.parameters,
			DestinationKeyId: key(s), DestinationEncryptionContext: context(s)})
		return err
	}
}

// take re-encrypts a ciphertext to the function's own key and context.
func take(blob func(*stage) []byte, context func(*stage) map[string]string) call {
	return func(s *stage, as aws.Config) error {
		_, err := kms.NewFromConfig(as).ReEncrypt(s.Context(), &kms.ReEncryptInput{
			CiphertextBlob: blob(s), SourceEncryptionContext: context(s), DestinationKeyId: s.own, DestinationEncryptionContext: s.honest})
		return err
	}
}

func decrypt(key func(*stage) *string, blob func(*stage) []byte, context func(*stage) map[string]string) call {
	return func(s *stage, as aws.Config) error {
		_, err := kms.NewFromConfig(as).Decrypt(s.Context(), &kms.DecryptInput{KeyId: key(s), CiphertextBlob: blob(s), EncryptionContext: context(s)})
		return err
	}
}

func read(name string, decrypted bool) call {
	return func(s *stage, as aws.Config) error {
		_, err := ssm.NewFromConfig(as).GetParameters(s.Context(), &ssm.GetParametersInput{Names: []string{name}, WithDecryption: &decrypted})
		return err
	}
}

func own(s *stage) *string        { return s.own }
func worker(s *stage) *string     { return s.worker }
func evil(s *stage) *string       { return s.evil }
func parameters(s *stage) *string { return s.parameters }
func sealedBox(s *stage) []byte   { return s.documents["hello"].Ciphertexts[0] }

func honest(s *stage) map[string]string { return s.honest }
func changed(pairs ...string) func(*stage) map[string]string {
	return func(s *stage) map[string]string { return with(s.honest, pairs...) }
}
func stripped(*stage) map[string]string { return nil }

// sealingAttacks are those on the destination of sealing, each with Encrypt and with
// ReEncrypt.
func sealingAttacks(try func(key func(*stage) *string, context func(*stage) map[string]string) call) map[string]call {
	return map[string]call{
		"to a foreign key":                         try(evil, honest),
		"to the key of the parameters":             try(parameters, honest),
		"to an attacker's function":                try(own, changed("bundle:function", "shop/attacker")),
		"to the function of another bundle":        try(own, changed("bundle:function", "other/hello")),
		"for another environment":                  try(own, changed("bundle:environment", "prod")),
		"with the context stripped":                try(own, stripped),
		"with the function stripped":               try(own, changed("bundle:function", "")),
		"with the environment stripped":            try(own, changed("bundle:environment", "")),
		"with one more context key":                try(own, changed("attacker", "was here")),
		"with a parameter's context besides":       try(own, changed("PARAMETER_ARN", "arn:aws:ssm:us-east-1:000000000000:parameter/x")),
		"with a function in another letter case":   try(own, changed("bundle:function", "SHOP/hello")),
		"with a function that only begins like it": try(own, changed("bundle:function", "shop/hello2")),
	}
}

// openingAttacks are those on stored parameters and sealed documents.
func openingAttacks() map[string]call {
	return map[string]call{
		"decrypt a parameter outside Parameter Store": decrypt(parameters, func(s *stage) []byte { return s.parameter },
			func(s *stage) map[string]string { return at(s.parameterARN) }),
		"decrypt another function's parameter outside Parameter Store": decrypt(parameters, func(s *stage) []byte { return s.db },
			func(*stage) map[string]string {
				return at("arn:aws:ssm:us-east-1:000000000000:parameter/local/shop/db")
			}),
		"move a forged parameter from a foreign key": take(func(s *stage) []byte { return s.forged },
			func(s *stage) map[string]string { return at(s.parameterARN) }),
		"decrypt another's parameter outside Parameter Store": decrypt(parameters, func(s *stage) []byte { return s.other },
			func(s *stage) map[string]string { return at(s.otherARN) }),
		"decrypt a sealed document":                            decrypt(own, sealedBox, honest),
		"decrypt a sealed document without naming its context": decrypt(own, sealedBox, stripped),
		"move a parameter of another region":                   take(func(s *stage) []byte { return s.elsewhere }, func(*stage) map[string]string { return at(elsewhereARN) }),
		"move another's parameter":                             take(func(s *stage) []byte { return s.other }, func(s *stage) map[string]string { return at(s.otherARN) }),
		"move a parameter with its context stripped":           take(func(s *stage) []byte { return s.parameter }, stripped),
		"move a sealed document":                               take(sealedBox, honest),
		"move a sealed document to a foreign key": func(s *stage, as aws.Config) error {
			_, err := kms.NewFromConfig(as).ReEncrypt(s.Context(), &kms.ReEncryptInput{
				CiphertextBlob: sealedBox(s), SourceEncryptionContext: s.honest, DestinationKeyId: s.evil})
			return err
		},
		"read another's parameter, decrypted":                    read("/local/other/db", true),
		"read what everyone may decrypt through Parameter Store": read("/local/other/plain", true),
		"make a data key": func(s *stage, as aws.Config) error {
			_, err := kms.NewFromConfig(as).GenerateDataKey(s.Context(), &kms.GenerateDataKeyInput{
				KeyId: s.own, KeySpec: types.DataKeySpecAes256, EncryptionContext: s.honest})
			return err
		},
		"grant decryption": func(s *stage, as aws.Config) error {
			_, err := kms.NewFromConfig(as).CreateGrant(s.Context(), &kms.CreateGrantInput{
				KeyId: s.own, GranteePrincipal: aws.String(arn("attacker")), Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
			return err
		},
		"change the key policy": func(s *stage, as aws.Config) error {
			_, err := kms.NewFromConfig(as).PutKeyPolicy(s.Context(), &kms.PutKeyPolicyInput{KeyId: s.own, Policy: aws.String(
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}}`)})
			return err
		},
	}
}

// readingAttacks read other parameters in every way. Some of these have no key.
func readingAttacks() map[string]call {
	text, parent := aws.String("/local/other/text"), aws.String("/local")
	return map[string]call{
		"read another's text": read(*text, false),
		"read another's text alone": func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParameter(s.Context(), &ssm.GetParameterInput{Name: text})
			return err
		},
		"read the history of another's text": func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParameterHistory(s.Context(), &ssm.GetParameterHistoryInput{Name: text})
			return err
		},
		"read the history of another's parameter, decrypted": func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParameterHistory(s.Context(), &ssm.GetParameterHistoryInput{Name: aws.String("/local/other/db"), WithDecryption: aws.Bool(true)})
			return err
		},
		"list a parent": func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParametersByPath(s.Context(), &ssm.GetParametersByPathInput{Path: parent, Recursive: aws.Bool(true)})
			return err
		},
		"list another's path": func(s *stage, as aws.Config) error {
			_, err := ssm.NewFromConfig(as).GetParametersByPath(s.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/local/other")})
			return err
		},
	}
}

// administrationAttacks let someone in, or put another key in the place of a function's.
func administrationAttacks() map[string]call {
	everyone := aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}}`)
	function := types.Tag{TagKey: aws.String("bundle:function"), TagValue: aws.String("shop/hello")}
	calls := map[string]func(s *stage, c *kms.Client) error{
		"change the second key policy": func(s *stage, c *kms.Client) error {
			_, err := c.PutKeyPolicy(s.Context(), &kms.PutKeyPolicyInput{KeyId: s.own, Policy: everyone, PolicyName: aws.String("AWS_RAM")})
			return err
		},
		"grant decrypting": func(s *stage, c *kms.Client) error {
			_, err := c.CreateGrant(s.Context(), &kms.CreateGrantInput{
				KeyId: s.own, GranteePrincipal: aws.String(arn("attacker")), Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
			return err
		},
		"grant decrypting parameters": func(s *stage, c *kms.Client) error {
			_, err := c.CreateGrant(s.Context(), &kms.CreateGrantInput{
				KeyId: s.parameters, GranteePrincipal: aws.String(arn("attacker")), Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
			return err
		},
		"tag a foreign key as the function's": func(s *stage, c *kms.Client) error {
			_, err := c.TagResource(s.Context(), &kms.TagResourceInput{KeyId: s.evil, Tags: []types.Tag{function}})
			return err
		},
		"take the function's tag away": func(s *stage, c *kms.Client) error {
			_, err := c.UntagResource(s.Context(), &kms.UntagResourceInput{KeyId: s.own, TagKeys: []string{"bundle:function"}})
			return err
		},
		"create a key as the function's": func(s *stage, c *kms.Client) error {
			_, err := c.CreateKey(s.Context(), &kms.CreateKeyInput{Tags: []types.Tag{function}, Policy: everyone, BypassPolicyLockoutSafetyCheck: true})
			return err
		},
		"point the function's alias at a foreign key": func(s *stage, c *kms.Client) error {
			_, err := c.UpdateAlias(s.Context(), &kms.UpdateAliasInput{AliasName: aws.String("alias/hello"), TargetKeyId: s.evil})
			return err
		},
		"delete the function's alias": func(s *stage, c *kms.Client) error {
			_, err := c.DeleteAlias(s.Context(), &kms.DeleteAliasInput{AliasName: aws.String("alias/hello")})
			return err
		},
		"create an alias of a foreign key": func(s *stage, c *kms.Client) error {
			_, err := c.CreateAlias(s.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/hello2"), TargetKeyId: s.evil})
			return err
		},
		"replicate the function's key": func(s *stage, c *kms.Client) error {
			_, err := c.ReplicateKey(s.Context(), &kms.ReplicateKeyInput{KeyId: s.own, ReplicaRegion: aws.String("us-west-2"), Policy: everyone})
			return err
		},
	}
	all := make(map[string]call, len(calls))
	for name, try := range calls {
		all[name] = func(s *stage, as aws.Config) error { return try(s, kms.NewFromConfig(as)) }
	}
	return all
}

func prefixed(prefix string, all map[string]call) map[string]call {
	named := make(map[string]call, len(all))
	for name, c := range all {
		named[prefix+name] = c
	}
	return named
}

func union[F any](all ...map[string]F) map[string]F {
	sum := make(map[string]F)
	for _, m := range all {
		maps.Copy(sum, m)
	}
	return sum
}

// buildAttacks is everything that the role that builds must not be allowed to do.
func buildAttacks(m modes) map[string]call {
	attacks := union(openingAttacks(), readingAttacks(), administrationAttacks(), roundaboutAttacks(), puttingAttacks(),
		prefixed("encrypt ", sealingAttacks(encrypt)), prefixed("re-encrypt ", sealingAttacks(move)))
	switch {
	case m.helloBlind && m.workerBlind:
		attacks["decrypt a parameter through Parameter Store"] = read("/local/shop/token", true)
	case !m.workerBlind:
		attacks["re-encrypt a packed function's parameter"] = move(own, honest)
	default:
		attacks["decrypt a blind function's parameter through Parameter Store"] = read("/local/shop/token", true)
	}
	return attacks
}

// puttingAttacks write other parameters than the one for the ARN of the layer.
func puttingAttacks() map[string]call {
	return map[string]call{
		"put a function's parameter":          putText("/local/shop/token"),
		"put another layer's parameter":       putText("/local/layers/shop2"),
		"put below the layer's own parameter": putText("/local/layers/shop/x"),
	}
}

func putText(name string) call {
	return func(s *stage, as aws.Config) error {
		_, err := ssm.NewFromConfig(as).PutParameter(s.Context(), &ssm.PutParameterInput{
			Name: &name, Value: aws.String("planted"), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
		})
		return err
	}
}

// denied runs attacks with some credentials, and reports those that are not denied.
func (s *stage) denied(as aws.Config, attacks map[string]call) (through []string) {
	s.Helper()
	for name, attack := range attacks {
		if err := attack(s, as); code(err) != "AccessDeniedException" {
			through = append(through, name)
		}
	}
	slices.Sort(through)
	return through
}

// noDenyIsIdle checks that each Deny of a document prevents an attack that would succeed
// without it, if the role may do everything else. An attack that gets through can change
// what the next one meets, so each Deny has a stage of its own. It returns how many there
// are.
func noDenyIsIdle(t *testing.T, fresh func() *stage, role string, document func(*stage) policy.Document, attacks func(*stage) map[string]call) (denies int) {
	t.Helper()
	s := fresh()
	for i := range document(s).Statement {
		statement := document(s).Statement[i]
		if statement.Effect != "Deny" {
			continue
		}
		denies++
		if len(s.denied(s.role(role, broadened(without(document(s), i))), attacks(s))) == 0 {
			t.Errorf("without %s, every attack is refused all the same", statement.Sid)
		}
		s = fresh()
	}
	return denies
}

// without returns a document without one of its statements.
func without(d policy.Document, i int) policy.Document {
	d.Statement = slices.Delete(slices.Clone(d.Statement), i, i+1)
	return d
}

// everything is the policy of a role that may do everything.
func everything() policy.Document { return broadened(policy.Document{Version: "2012-10-17"}) }

// broadened returns a document that also allows everything, as if the role had other
// policies too.
func broadened(d policy.Document) policy.Document {
	return policy.Document{Version: d.Version, Statement: append(slices.Clone(d.Statement), policy.Statement{
		Sid: "Everything", Effect: "Allow", Action: policy.List{"*"}, Resource: policy.List{"*"},
	})}
}

func TestBuildPolicyDeniesEveryAttack(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, m)
			attacks := buildAttacks(m)
			// Between functions, only the exact Allows and the key policies decide.
			across := map[string]call{
				"encrypt to a function's key for another function":    encrypt(worker, honest),
				"re-encrypt to a function's key for another function": move(worker, honest),
				"read another's parameter":                            read("/local/other/db", false),
			}
			if through := s.denied(s.role("ci", s.setting.Build()), union(attacks, across)); through != nil {
				t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
			}
			if through := s.denied(s.role("ci", broadened(s.setting.Build())), attacks); through != nil {
				t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
			}
			delete(across, "read another's parameter")
			s.putKeyPolicies(same)
			if through := s.denied(s.role("ci", broadened(s.setting.Build())), union(attacks, across)); through != nil {
				t.Errorf("not refused under the key policies:\n%s", strings.Join(through, "\n"))
			}
			if len(attacks)+len(across) < 30 {
				t.Errorf("only %d attacks", len(attacks)+len(across))
			}
		})
	}
}

// Each Deny prevents an attack that would succeed without it, if the role has other
// policies too.
func TestNoDenyOfTheBuildPolicyIsIdle(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			noDenyIsIdle(t, func() *stage { return newStage(t, m) }, "ci",
				func(s *stage) policy.Document { return s.setting.Build() }, func(*stage) map[string]call { return buildAttacks(m) })
		})
	}
}

func TestPlanPolicyGivesNoValue(t *testing.T) {
	s := newStage(t, modes{workerBlind: true})
	attacks := union(openingAttacks(), readingAttacks(), prefixed("encrypt ", sealingAttacks(encrypt)), prefixed("re-encrypt ", sealingAttacks(move)), map[string]call{
		"encrypt as the build does":                     encrypt(own, honest),
		"move as the build does":                        move(worker, func(s *stage) map[string]string { return s.documents["worker"].Context(0) }),
		"read a parameter decrypted, as the build does": read("/local/shop/db", true),
	})
	if through := s.denied(s.role("plan", s.setting.Plan()), attacks); through != nil {
		t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
	}
	delete(attacks, "change the key policy") // the Deny does not cover it
	if through := s.denied(s.role("plan", broadened(s.setting.Plan())), attacks); through != nil {
		t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
	}
}

func TestFunctionPolicyDeniesEveryAttack(t *testing.T) {
	s := newStage(t, modes{})
	document, err := s.setting.Function("hello")
	if err != nil {
		t.Fatal(err)
	}
	theirs := func(s *stage) map[string]string { return s.documents["worker"].Context(0) }
	attacks := union(openingAttacks(), prefixed("encrypt ", sealingAttacks(encrypt)), prefixed("re-encrypt ", sealingAttacks(move)), map[string]call{
		"open another function's document":                      decrypt(worker, func(s *stage) []byte { return s.documents["worker"].Ciphertexts[0] }, theirs),
		"open its own document as another function's":           decrypt(own, sealedBox, changed("bundle:function", "shop/worker")),
		"open its own document as of another environment":       decrypt(own, sealedBox, changed("bundle:environment", "prod")),
		"open its own document with one more context key":       decrypt(own, sealedBox, changed("attacker", "was here")),
		"seal a document of its own":                            encrypt(own, honest),
		"read the parameter that its secret was made from":      read("/local/shop/db", false),
		"read the parameter that its secret was made from, too": read("/local/shop/db", true),
	})
	delete(attacks, "decrypt a sealed document") // which it must be allowed
	if through := s.denied(s.role("hello", document), attacks); through != nil {
		t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
	}
	if through := s.denied(s.role("hello", broadened(document)), administrationAttacks()); through != nil {
		t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
	}
}

func TestKeyPolicyKeepsEveryoneElseOutAndNobodyLockedOut(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, m)
			s.setting.BuildRole = arn("ci")
			s.putKeyPolicies(same)
			attacks := union(prefixed("encrypt ", sealingAttacks(encrypt)), map[string]call{
				"decrypt a sealed document":                 decrypt(own, sealedBox, honest),
				"move a sealed document to a foreign key":   openingAttacks()["move a sealed document to a foreign key"],
				"make a data key":                           openingAttacks()["make a data key"],
				"plant a value":                             encrypt(own, honest),
				"move a parameter into a function":          move(own, honest),
				"open another function's document by right": decrypt(worker, func(s *stage) []byte { return s.documents["worker"].Ciphertexts[0] }, func(s *stage) map[string]string { return s.documents["worker"].Context(0) }),
			})
			delete(attacks, "encrypt to a foreign key")             // whose policies are
			delete(attacks, "encrypt to the key of the parameters") // not ours
			if through := s.denied(s.role("administrator", everything()), attacks); through != nil {
				t.Errorf("an administrator:\n%s", strings.Join(through, "\n"))
			}
			if through := s.denied(s.admin, attacks); through != nil {
				t.Errorf("the account's root:\n%s", strings.Join(through, "\n"))
			}
			glass := s.role("glass", policy.Document{})
			delete(attacks, "decrypt a sealed document")
			delete(attacks, "open another function's document by right")
			if through := s.denied(glass, attacks); through != nil {
				t.Errorf("who breaks the glass:\n%s", strings.Join(through, "\n"))
			}
			delete(attacks, "plant a value")
			delete(attacks, "move a parameter into a function")
			delete(attacks, "encrypt to a foreign key")
			attacks["decrypt a sealed document"] = decrypt(own, sealedBox, honest)
			if through := s.denied(s.role("ci", everything()), attacks); through != nil {
				t.Errorf("who builds:\n%s", strings.Join(through, "\n"))
			}
			// The account can always repair a policy that it has put.
			for _, who := range []aws.Config{s.admin, s.role("administrator", everything())} {
				if err := openingAttacks()["change the key policy"](s, who); err != nil {
					t.Errorf("locked out: %v", err)
				}
				s.putKeyPolicies(same)
			}
		})
	}
}
