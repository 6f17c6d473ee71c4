package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

// kept makes the secrets of functions ones of Secrets Manager, under a key of theirs.
// Functions without names keep what they have.
func (w *world) kept(names map[string][]string, key string) {
	for i := range w.setting.Manifest.Functions {
		fn := &w.setting.Manifest.Functions[i]
		for _, name := range names[fn.Name.Value] {
			name, optional := strings.CutSuffix(name, "?")
			fn.Secrets = append(fn.Secrets, manifest.Secret{Name: manifest.Text{Value: "KEPT"}, SecretsManager: manifest.Text{Value: name}, Optional: optional})
			w.setting.Secrets = append(w.setting.Secrets, policy.Secret{Name: name, Key: key})
		}
	}
}

// alone removes everything that functions read from Parameter Store.
func (w *world) alone() {
	for i := range w.setting.Manifest.Functions {
		fn := &w.setting.Manifest.Functions[i]
		fn.Imports = nil
		fn.Secrets = slices.DeleteFunc(fn.Secrets, func(s manifest.Secret) bool { return s.SecretsManager.Value == "" })
	}
	w.setting.Parameters = nil
}

// keptWorlds are bundles that read Secrets Manager: beside parameters, beside a blind function, and alone; under a key of theirs, and
// under aws/secretsmanager.
func keptWorlds(t *testing.T) map[string]*world {
	t.Helper()
	all := map[string]*world{}
	for name, m := range map[string]modes{"packed": {}, "mixed": {workerBlind: true}, "alone": {}} {
		for under, key := range map[string]string{"own key": arnOfKey("ffffffff-1111-4111-8111-111111111111"), "default key": ""} {
			w := newWorld(t, m)
			names := map[string][]string{"hello": {"local/db", "local/shop/token", "flat", "local/shop/some?"}}
			if !m.workerBlind {
				names["worker"] = []string{"/local/shop/worker", "local/db"}
			}
			w.kept(names, key)
			if name == "alone" {
				w.alone()
			}
			all[name+", "+under] = w
		}
	}
	return all
}

func arnOfKey(id string) string {
	return "arn:aws:kms:" + awslocal.Region + ":" + awslocal.Account + ":key/" + id
}

func arnOfSecret(name string) string {
	return "arn:aws:secretsmanager:" + awslocal.Region + ":" + awslocal.Account + ":secret:" + name
}

// Each Allow and each Deny is noticed by the doctor if it is missing, in each style.
func TestProbesOfSecretsFindEachStatementThatIsMissing(t *testing.T) {
	for name, w := range keptWorlds(t) {
		build := w.setting.BuildProbes()
		for style, apply := range styles() {
			setting := w.setting
			apply(&setting)
			w.missesNoStatement(name+", ci, "+style, setting.Build(), build, "DenyUntaggedKeys")
			w.missesNoStatement(name+", plan, "+style, setting.Plan(), setting.PlanProbes(), "DenyUntaggedKeys")
		}
		for what, less := range lessened(w.setting.Build()) {
			if len(failing(w, build, less)) == 0 {
				t.Errorf("%s: nothing fails without %s", name, what)
			}
		}
		for what, less := range lessened(w.setting.Plan()) {
			if len(failing(w, w.setting.PlanProbes(), less)) == 0 {
				t.Errorf("%s, plan: nothing fails without %s", name, what)
			}
		}
	}
}

// An ask is what a role asks of Secrets Manager, and of KMS through it.
type ask struct {
	action, resource string
	keys             map[string][]string
}

func throughSecrets(service, secret string) map[string][]string {
	keys := map[string][]string{
		"kms:EncryptionContext:SecretARN": {arnOfSecret(secret)}, "kms:EncryptionContextKeys": {"SecretARN", "SecretVersionId"},
	}
	if service != "" {
		keys["kms:ViaService"] = []string{service + "." + awslocal.Region + ".amazonaws.com"}
	}
	return keys
}

// attacksOnSecrets are refused to a role that builds, whatever its other policies allow.
func attacksOnSecrets() map[string]ask {
	own := arnOfKey("ffffffff-1111-4111-8111-111111111111")
	other := strings.Replace(arnOfSecret("local/db-AbCdEf"), awslocal.Region, "eu-west-1", 1)
	return map[string]ask{
		"read a batch":                            {"secretsmanager:BatchGetSecretValue", "*", nil},
		"read a name that goes on with a hyphen":  {"secretsmanager:GetSecretValue", arnOfSecret("local/db-other-AbCdEf"), nil},
		"read a name that goes on":                {"secretsmanager:GetSecretValue", arnOfSecret("local/dbx-AbCdEf"), nil},
		"read a name that ends alike":             {"secretsmanager:GetSecretValue", arnOfSecret("prod/local/db-AbCdEf"), nil},
		"read a name with a slash before":         {"secretsmanager:GetSecretValue", arnOfSecret("/local/db-AbCdEf"), nil},
		"read another stage's secret":             {"secretsmanager:GetSecretValue", arnOfSecret("prod/db-AbCdEf"), nil},
		"read one in another region":              {"secretsmanager:GetSecretValue", other, nil},
		"read by a name without a suffix":         {"secretsmanager:GetSecretValue", arnOfSecret("local/db"), nil},
		"read an optional one without a suffix":   {"secretsmanager:GetSecretValue", arnOfSecret("local/shop/some"), nil},
		"decrypt directly":                        {"kms:Decrypt", own, throughSecrets("", "local/db-AbCdEf")},
		"decrypt through another service":         {"kms:Decrypt", own, throughSecrets("lambda", "local/db-AbCdEf")},
		"decrypt through a service named like it": {"kms:Decrypt", own, throughSecrets("secretsmanagerx", "local/db-AbCdEf")},
	}
}

// changesOfSecrets are refused to a role that builds and has no other policies.
func changesOfSecrets() map[string]ask {
	own := arnOfKey("ffffffff-1111-4111-8111-111111111111")
	all := map[string]ask{
		"list all secrets":                          {"secretsmanager:ListSecrets", "*", nil},
		"decrypt another's through Secrets Manager": {"kms:Decrypt", own, throughSecrets("secretsmanager", "prod/db-AbCdEf")},
		"decrypt one that goes on with a hyphen":    {"kms:Decrypt", own, throughSecrets("secretsmanager", "local/db-other-AbCdEf")},
		"decrypt without a secret":                  {"kms:Decrypt", own, map[string][]string{"kms:ViaService": {"secretsmanager." + awslocal.Region + ".amazonaws.com"}}},
	}
	for action := range strings.FieldsSeq(`PutSecretValue UpdateSecret UpdateSecretVersionStage DeleteSecret RestoreSecret RotateSecret CancelRotateSecret
		PutResourcePolicy DeleteResourcePolicy GetResourcePolicy ReplicateSecretToRegions RemoveRegionsFromReplication StopReplicationToReplica TagResource
		UntagResource CreateSecret ListSecretVersionIds`) {
		all[action] = ask{"secretsmanager:" + action, arnOfSecret("local/db-AbCdEf"), nil}
	}
	for _, action := range []string{"kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant"} {
		all[action+" under the key of the secrets"] = ask{action, own, throughSecrets("secretsmanager", "local/db-AbCdEf")}
	}
	return all
}

// may reports whether documents allow what is asked.
func (w *world) may(a ask, documents ...policy.Document) bool {
	w.Helper()
	return iam.Simulate(parsed(w, documents), iam.Access{
		Principal: arn("role"), Account: awslocal.Account, Action: a.action, Resource: a.resource, Keys: a.keys,
	}).Decision == "allowed"
}

func TestRoleThatBuildsReadsNoOtherSecret(t *testing.T) {
	for name, w := range keptWorlds(t) {
		build, doctor := w.setting.Build(), w.setting.Doctor()
		for what, attack := range attacksOnSecrets() {
			if w.may(attack, build, everything()) || w.may(attack, doctor, everything()) {
				t.Errorf("%s: %s, with other policies", name, what)
			}
			if w.may(attack, build) || w.may(attack, doctor) {
				t.Errorf("%s: %s", name, what)
			}
		}
		for what, attack := range changesOfSecrets() {
			if w.may(attack, build) || w.may(attack, doctor) {
				t.Errorf("%s: %s", name, what)
			}
		}
		if reads := (ask{"secretsmanager:GetSecretValue", arnOfSecret("local/db-AbCdEf"), nil}); !w.may(reads, build) {
			t.Errorf("%s: a build cannot read its own", name)
		}
	}
}

// Under aws/secretsmanager, the right to read a value is enough to have it. So kinds that read no value deny reading them, if the
// manifest has any.
func TestRolesThatOnlyLookReadNoSecret(t *testing.T) {
	for name, w := range keptWorlds(t) {
		for kind, document := range map[string]policy.Document{
			"plan": w.setting.Plan(), "deployed": w.setting.Deployed(false), "functions only": w.setting.Deployed(true),
			"prune": w.setting.Prune(), "rollout": w.setting.Rollout(), "revoke": w.setting.Revoke(),
		} {
			for what, attack := range attacksOnSecrets() {
				if w.may(attack, document, everything()) {
					t.Errorf("%s, %s: %s", name, kind, what)
				}
			}
			own := ask{"secretsmanager:GetSecretValue", arnOfSecret("local/db-AbCdEf"), nil}
			through := ask{"kms:Decrypt", arnOfKey("ffffffff-1111-4111-8111-111111111111"), throughSecrets("secretsmanager", "local/db-AbCdEf")}
			if w.may(own, document, everything()) || w.may(through, document, everything()) {
				t.Errorf("%s, %s: reads its own", name, kind)
			}
			looks := kind == "plan" || kind == "deployed" || kind == "functions only"
			for _, action := range []string{"secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"} {
				if w.may(ask{action, arnOfSecret("local/db-AbCdEf"), nil}, document) != looks {
					t.Errorf("%s, %s: %s", name, kind, action)
				}
				if w.may(ask{action, arnOfSecret("prod/db-AbCdEf"), nil}, document) {
					t.Errorf("%s, %s: %s of another", name, kind, action)
				}
			}
			absent := ask{"secretsmanager:DescribeSecret", arnOfSecret("local/shop/some"), nil}
			if w.may(absent, document) != looks {
				t.Errorf("%s, %s: that an optional secret is absent", name, kind)
			}
			absent.resource = arnOfSecret("local/db")
			if w.may(absent, document) {
				t.Errorf("%s, %s: that a secret is absent that must exist", name, kind)
			}
		}
	}
}

// A manifest without secrets of Secrets Manager has the policies that it had before bundle read it.
func TestPoliciesDoNotNameASecretsManagerThatIsNotUsed(t *testing.T) {
	for kind, document := range every(t, plain("aws", "us-west-2", "one", "two")) {
		if strings.Contains(document, "ecrets") && strings.Contains(document, "ecretsManager") || strings.Contains(document, "secretsmanager") {
			t.Errorf("%s: %s", kind, document)
		}
	}
}

func TestSecretsAreOfTheirPartition(t *testing.T) {
	for _, c := range []struct{ partition, region, via string }{
		{"aws", "us-west-2", `"secretsmanager.us-west-2.amazonaws.com"`},
		{"aws-cn", "cn-north-1", `["secretsmanager.cn-north-1.amazonaws.com","secretsmanager.cn-north-1.amazonaws.com.cn"]`},
		{"aws-us-gov", "us-gov-west-1", `"secretsmanager.us-gov-west-1.amazonaws.com"`},
	} {
		s := plain(c.partition, c.region, "one")
		s.Manifest.Functions[0].Secrets = []manifest.Secret{{SecretsManager: manifest.Text{Value: "prod/db"}}}
		s.Manifest.Functions[0].Imports = nil
		s.SecretKeys = []string{fmt.Sprintf("arn:%s:kms:%s:222222222222:key/secrets", c.partition, c.region)}
		for _, want := range []string{
			fmt.Sprintf(`{"Sid":"ReadSecrets","Effect":"Allow","Action":["secretsmanager:DescribeSecret","secretsmanager:GetSecretValue"],"Resource":"arn:%s:secretsmanager:%s:222222222222:secret:prod/db-??????"}`, c.partition, c.region),
			fmt.Sprintf(`"Condition":{"StringEquals":{"kms:ViaService":%s},"StringLike":{"kms:EncryptionContext:SecretARN":"arn:%s:secretsmanager:%s:222222222222:secret:prod/db-??????"}}`, c.via, c.partition, c.region),
			`"Sid":"DenyDirectDecrypt","Effect":"Deny","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":` + c.via + `}}`,
			fmt.Sprintf(`{"Sid":"DenySecretsElsewhere","Effect":"Deny","Action":"secretsmanager:GetSecretValue","NotResource":"arn:%s:secretsmanager:%s:222222222222:secret:prod/db-??????"}`, c.partition, c.region),
		} {
			if got := text(t, s.Build()); !strings.Contains(got, want) {
				t.Errorf("%s: no %s in\n%s", c.partition, want, got)
			}
		}
	}
}

// A put writes parameters only.
func TestPutHasNoRightToSecrets(t *testing.T) {
	for name, w := range keptWorlds(t) {
		if got := text(t, w.setting.Put()); strings.Contains(got, "secretsmanager") || strings.Contains(got, "ffffffff") {
			t.Errorf("%s: %s", name, got)
		}
		if err := w.setting.CheckPut(); (err != nil) != strings.HasPrefix(name, "alone") {
			t.Errorf("%s: %v", name, err)
		}
		session, fits := w.setting.PutSession()
		if !fits || strings.Contains(session.Text(), "secretsmanager") {
			t.Errorf("%s: %v %s", name, fits, session.Text())
		}
	}
}

// A session of a build reads the manifest's secrets, and no others. One that looks reads none.
func TestSessionsOfSecrets(t *testing.T) {
	through := ask{"kms:Decrypt", arnOfKey("ffffffff-1111-4111-8111-111111111111"), throughSecrets("secretsmanager", "local/db-AbCdEf")}
	own := func(action string) ask { return ask{"secretsmanager:" + action, arnOfSecret("local/db-AbCdEf"), nil} }
	for name, w := range keptWorlds(t) {
		build, fits := w.setting.BuildSession(nil)
		if !fits {
			t.Fatal(name)
		}
		for what, c := range map[string]struct {
			ask
			builds, looks bool
		}{
			"describe": {own("DescribeSecret"), true, true}, "read": {own("GetSecretValue"), true, false}, "list versions": {own("ListSecretVersionIds"), false, true},
			"decrypt": {through, true, false}, "write": {own("PutSecretValue"), false, false}, "tag": {own("TagResource"), false, false},
			"move a stage": {own("UpdateSecretVersionStage"), false, false}, "share": {own("PutResourcePolicy"), false, false},
			"read the resource policy": {own("GetResourcePolicy"), false, false}, "list": {ask{"secretsmanager:ListSecrets", "*", nil}, false, true},
			"replicate": {own("ReplicateSecretToRegions"), false, false}, "make a password": {ask{"secretsmanager:GetRandomPassword", "*", nil}, false, false},
		} {
			if w.may(c.ask, build) != c.builds {
				t.Errorf("%s: a build: %s", name, what)
			}
			if w.may(c.ask, policy.Looking()) != c.looks {
				t.Errorf("a look: %s", what)
			}
		}
		for what, attack := range attacksOnSecrets() {
			if w.may(attack, build) && !strings.Contains(what, "an optional one") || w.may(attack, policy.Looking()) {
				t.Errorf("%s: %s", name, what)
			}
		}
	}
}

// Names of secrets begin with a slash or not, and are cut where they have one.
func TestSessionOfALargeBuildNamesSecretsByTheirFolders(t *testing.T) {
	setting := policy.Setting{Region: "us-west-2", Account: "222222222222"}
	for name, tt := range map[string]struct {
		secrets int
		name    string
		want    string // a resource, "" if there is no document
	}{
		"few":           {3, "prod/shop/secret-%d", "prod/shop/secret-2-??????"},
		"one folder":    {900, "prod/shop/secret-%d", "prod/shop/*"},
		"many folders":  {900, "prod/shop-%d/secret", "prod/*"},
		"leading slash": {900, "/prod/shop-%d/secret", "/prod/*"},
		"flat names":    {900, "secret-%d", ""},
	} {
		setting.Manifest = manySecrets(0, nil)
		for i := range tt.secrets {
			setting.Manifest.Functions[0].Secrets = append(setting.Manifest.Functions[0].Secrets, manifest.Secret{SecretsManager: manifest.Text{Value: fmt.Sprintf(tt.name, i)}})
		}
		d, fits := setting.BuildSession(nil)
		if fits != (tt.want != "") || fits && !strings.Contains(d.Text(), `"arn:aws:secretsmanager:us-west-2:222222222222:secret:`+tt.want+`"`) {
			t.Errorf("%s: %v %s", name, fits, d.Text())
		}
	}
}

// Names that go on where another one ends are in one another's patterns: app-?????? and app-x-??????.
func TestPoliciesOfManySecretsAreSplit(t *testing.T) {
	for form, name := range map[string]string{"folders": "prod/payments/function-%d/secret", "flat": "payments-secret-%d", "nested": "payments%s"} {
		s := plain("aws", "us-west-2", "one", "two", "three")
		for i := range 80 {
			text := fmt.Sprintf(name, i)
			if form == "nested" {
				text = fmt.Sprintf(name, strings.Repeat("-a", i/20)) + fmt.Sprintf("-%d", i%20)
			}
			fn := &s.Manifest.Functions[i%2*2] // the one between is blind
			fn.Secrets = append(fn.Secrets, manifest.Secret{SecretsManager: manifest.Text{Value: text}, Optional: i%5 == 0})
			if form == "nested" && i%20 == 0 {
				fn.Secrets = append(fn.Secrets, manifest.Secret{SecretsManager: manifest.Text{Value: fmt.Sprintf(name, strings.Repeat("-a", i/20))}})
			}
		}
		s.SecretKeys = []string{"arn:aws:kms:us-west-2:222222222222:key/ffffffff-1111-4111-8111-111111111111"}
		for kind, whole := range map[string]policy.Document{"ci": s.Build(), "plan": s.Plan(), "doctor": s.Doctor()} {
			parts, err := whole.Split(4000)
			if err != nil {
				t.Fatalf("%s, %s: %v", form, kind, err)
			}
			one, several := parsed(t, []policy.Document{whole}), parsed(t, parts)
			answers := map[string]int{}
			for _, fn := range s.Manifest.Functions {
				for _, sec := range fn.Secrets {
					for _, end := range []string{"", "-AbCdEf", "-AbCdE", "-AbCdEfG", "-x-AbCdEf", "-0-AbCdEf", "0-AbCdEf", "/x-AbCdEf"} {
						for _, action := range []string{"GetSecretValue", "DescribeSecret", "BatchGetSecretValue"} {
							r := request{action: "secretsmanager:" + action, resource: "arn:aws:secretsmanager:us-west-2:222222222222:secret:" + sec.SecretsManager.Value + end}
							want := decide(one, r)
							if answers[want]++; decide(several, r) != want {
								t.Fatalf("%s, %s: %+v: %s, and in parts: %s", form, kind, r, want, decide(several, r))
							}
						}
					}
				}
			}
			if len(parts) < 3 || len(answers) < 3 {
				t.Errorf("%s, %s: %d parts, %v", form, kind, len(parts), answers)
			}
			t.Logf("%s, %s: %d characters in %d parts", form, kind, whole.Size(), len(parts))
		}
	}
}
