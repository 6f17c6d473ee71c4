package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/pipeline/policy"
)

// byTags makes the policies of a world name keys by tags, and tags the functions' keys.
func (w *world) byTags() {
	w.Helper()
	w.setting.ByTags = true
	tags := w.setting.Tags()
	for name, key := range w.setting.Keys {
		w.tag(key, tags[name]...)
	}
}

func tagsOf(all []policy.Tag) []types.Tag {
	var tags []types.Tag
	for _, t := range all {
		tags = append(tags, types.Tag{TagKey: aws.String(t.Key), TagValue: aws.String(t.Value)})
	}
	return tags
}

func (w *world) tag(key string, tags ...policy.Tag) {
	w.Helper()
	if len(tags) == 0 {
		return
	}
	if _, err := kms.NewFromConfig(w.admin).TagResource(w.Context(), &kms.TagResourceInput{KeyId: &key, Tags: tagsOf(tags)}); err != nil {
		w.Fatal(err)
	}
}

// createKey creates a key with tags, which everybody may use.
func (w *world) createKey(as aws.Config, tags ...policy.Tag) *string {
	w.Helper()
	out, err := kms.NewFromConfig(as).CreateKey(w.Context(), &kms.CreateKeyInput{
		Tags: tagsOf(tags), Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}}`)})
	if err != nil {
		w.Fatal(err)
	}
	return out.KeyMetadata.Arn
}

// attacker returns an administrator of another account.
func (w *world) attacker() aws.Config {
	w.Helper()
	id, key := sts.NewAccessKey("AKIA")
	role := sts.Role{Name: "attacker", Account: "333333333333", AccessKeyID: id, SecretAccessKey: key, Policy: w.json(everything())}
	if err := w.server.PutRole(role); err != nil {
		w.Fatal(err)
	}
	return w.config(id, key)
}

func tags(function, environment string) []policy.Tag {
	var all []policy.Tag
	if function != "" {
		all = append(all, policy.Tag{Key: "bundle:function", Value: function})
	}
	if environment != "" {
		all = append(all, policy.Tag{Key: "bundle:environment", Value: environment})
	}
	return all
}

// tagAttacks seal under keys that are not the function's, with each of the two calls.
func tagAttacks(s *stage) map[string]call {
	all := make(map[string]call)
	under := func(what string, key *string, context func(*stage) map[string]string) {
		at := func(*stage) *string { return key }
		all["encrypt under "+what], all["re-encrypt under "+what] = encrypt(at, context), move(at, context)
	}
	under("a key of another account with the function's tags", s.createKey(s.attacker(), tags("shop/hello", "local")...), honest)
	under("a key that is tagged for another environment", s.createKey(s.admin, tags("shop/hello", "prod")...), honest)
	under("a key for another environment, as there", s.createKey(s.admin, tags("shop/hello", "prod")...), changed("bundle:environment", "prod"))
	under("a key without tags", s.createKey(s.admin), honest)
	under("a key that is tagged for the environment alone", s.createKey(s.admin, tags("", "local")...), honest)
	under("a key that is tagged for the function alone", s.createKey(s.admin, tags("shop/hello", "")...), honest)
	under("a key with an empty tag", s.createKey(s.admin, policy.Tag{Key: "bundle:function"}, policy.Tag{Key: "bundle:environment", Value: "local"}), honest)
	under("a key with an empty tag, for no function", s.createKey(s.admin, policy.Tag{Key: "bundle:function"}, policy.Tag{Key: "bundle:environment", Value: "local"}),
		changed("bundle:function", ""))
	under("a key whose tag has another letter case", s.createKey(s.admin, tags("shop/Hello", "local")...), honest)
	under("a key whose environment has another letter case", s.createKey(s.admin, tags("shop/hello", "Local")...), honest)
	under("a key whose tag is a pattern", s.createKey(s.admin, tags("shop/*", "local")...), honest)
	under("the key of another function", s.worker, honest)
	under("the key of another bundle's function", s.createKey(s.admin, tags("other/hello", "local")...), changed("bundle:function", "other/hello"))
	under("the key of a bundle whose name begins alike", s.createKey(s.admin, tags("shop2/hello", "local")...), changed("bundle:function", "shop2/hello"))
	return all
}

func newTaggedStage(t *testing.T, m modes, options ...awslocal.Option) *stage {
	t.Helper()
	s := newWorld(t, m, options...).stage()
	s.byTags()
	return s
}

func TestTagPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			w.byTags()
			document := w.setting.Build()
			if text := document.Text(); strings.Contains(text, w.setting.Keys["hello"]) {
				t.Errorf("it names the key:\n%s", text)
			}
			w.isJustEnough(document)
			if err := w.plan(w.role("plan", w.setting.Plan())); err != nil {
				t.Error(err)
			}
			for what, less := range lessened(w.setting.Plan()) {
				if w.plan(w.role("plan", less)) == nil {
					t.Errorf("plans without %s", what)
				}
			}
			if wrong := w.examine(w.role("doctor", doctors(w.setting)), true); wrong != nil {
				t.Error(strings.Join(wrong, "\n"))
			}
			for what, less := range lessened(doctors(w.setting)) {
				if w.examine(w.role("doctor", less), true) == nil {
					t.Errorf("the doctor finds nothing wrong without %s", what)
				}
			}
		})
	}
}

// Both tags are needed.
func TestBuildsNothingUnderAKeyWithoutItsTags(t *testing.T) {
	for _, key := range []string{"bundle:function", "bundle:environment"} {
		w := newWorld(t, modes{workerBlind: true})
		w.byTags()
		as := w.role("ci", w.setting.Build())
		if _, err := w.run(as); err != nil {
			t.Fatal(err)
		}
		if _, err := kms.NewFromConfig(w.admin).UntagResource(t.Context(), &kms.UntagResourceInput{
			KeyId: aws.String(w.setting.Keys["worker"]), TagKeys: []string{key}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.run(as); err == nil {
			t.Errorf("builds without the tag %s", key)
		}
	}
}

// AWS says two things of a variable without a value. Under both, all attacks are denied.
func TestTagPolicyDeniesEveryAttack(t *testing.T) {
	readings := map[string][]awslocal.Option{"invalid": nil, "null": {awslocal.WithNullVariables()}}
	for name, m := range allModes() {
		for reading, options := range readings {
			t.Run(name+", "+reading, func(t *testing.T) {
				s := newTaggedStage(t, m, options...)
				attacks := union(buildAttacks(m), tagAttacks(s))
				for what, document := range map[string]policy.Document{"alone": s.setting.Build(), "beside other policies": broadened(s.setting.Build())} {
					if through := s.denied(s.role("ci", document), attacks); through != nil {
						t.Errorf("%s, not refused:\n%s", what, strings.Join(through, "\n"))
					}
				}
				attacks = union(tagAttacks(s), administrationAttacks())
				if through := s.denied(s.role("plan", broadened(s.setting.Plan())), attacks); through != nil {
					t.Errorf("the role that plans, not refused:\n%s", strings.Join(through, "\n"))
				}
			})
		}
	}
}

func TestNoDenyOfTheTagPolicyIsIdle(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			noDenyIsIdle(t, func() *stage { return newTaggedStage(t, m) }, "ci",
				func(s *stage) policy.Document { return s.setting.Build() }, func(s *stage) map[string]call { return union(buildAttacks(m), tagAttacks(s)) })
		})
	}
}

const sharedHCL = `
bundle {
  name  = "shop"
  layer = "shop"
}
environment "local" { embedded = "seed.json" }
function "hello" {
  kms_key = "alias/hello"
  secret "DB" { parameter = "/local/shop/db:1" }
}
function "worker" {
  kms_key    = "alias/worker"
  shared_key = true
  secret "TOKEN" { parameter = "/local/shop/token" }
}
function "other" {
  kms_key    = "alias/worker"
  shared_key = true
  blind      = true
  secret "TOKEN" { parameter = "/local/shop/token" }
}
`

// Functions that share a key keep statements of their own, beside the one for the tags.
func TestSharedKeysAreNamedBesideTags(t *testing.T) {
	s := newWorldOf(t, seedJSON, sharedHCL).stage()
	s.byTags()
	if tags := s.setting.Tags(); tags["worker"] != nil || tags["other"] != nil || len(tags["hello"]) != 2 {
		t.Errorf("tags of %v, %v, %v", tags["worker"], tags["other"], tags["hello"])
	}
	document := s.setting.Build()
	if _, err := s.run(s.role("ci", document)); err != nil {
		t.Fatal(err)
	}
	s.needsAll(document)
	attacks := union(tagAttacks(s), map[string]call{
		"encrypt for a tagged function under the shared key":   encrypt(worker, honest),
		"encrypt for a function that does not share it":        encrypt(worker, changed("bundle:function", "shop/attacker")),
		"encrypt for a function that shares it, elsewhere":     encrypt(own, changed("bundle:function", "shop/worker")),
		"encrypt for a function that shares it, without a tag": encrypt(evil, changed("bundle:function", "shop/worker")),
		"encrypt under the shared key, in prod":                encrypt(worker, changed("bundle:function", "shop/worker", "bundle:environment", "prod")),
	})
	if through := s.denied(s.role("ci", broadened(document)), attacks); through != nil {
		t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
	}
	for i, statement := range document.Statement {
		if !strings.Contains(statement.Sid, "Keys") && statement.Sid != "DenySealingElsewhere" || statement.Effect != "Deny" {
			continue
		}
		if statement.Sid != "DenyReEncryptFromOtherKeys" && len(s.denied(s.role("ci", broadened(without(document, i))), attacks)) == 0 {
			t.Errorf("without %s, every attack is refused all the same", statement.Sid)
		}
	}
}

// One function that says shared_key may share its key with a function elsewhere.
func TestTagsAreOfUnsharedKeysOnly(t *testing.T) {
	w := newWorldOf(t, seedJSON, strings.Replace(fmt.Sprintf(manifestHCL, false, false), `blind   = false`, `shared_key = true`, 2))
	exact := w.setting.Build().Text()
	w.setting.ByTags = true
	if w.setting.Build().Text() != exact || w.setting.Plan().Text() == "" {
		t.Errorf("without a function to tag, the policy is another:\n%s", w.setting.Build().Text())
	}
}

// The parts that depend on the number of functions do so no longer.
func TestTagPolicyIsShortForManyFunctions(t *testing.T) {
	size := func(n int, byTags bool) int {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("function-%d", i))
		}
		s := plain("aws", "us-west-2", names...)
		s.ByTags = byTags
		for i := range s.Manifest.Functions { // the parameters of all are the same
			s.Manifest.Functions[i].Secrets = s.Manifest.Functions[0].Secrets
			s.Manifest.Functions[i].Imports = s.Manifest.Functions[0].Imports
		}
		return s.Build().Size()
	}
	if few, many := size(2, true), size(1000, true); few != many || many > policy.MaxManaged {
		t.Errorf("%d characters for one function, %d for a thousand", few, many)
	}
	if exact := size(40, false); exact < 10000 {
		t.Errorf("the exact policy has %d characters", exact)
	}
}
