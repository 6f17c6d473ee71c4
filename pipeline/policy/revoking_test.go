package policy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
)

// revoke returns a Revoke with a role.
func (w *world) revoke(cfg aws.Config) *pipeline.Revoke {
	return &pipeline.Revoke{
		Scope: pipeline.Scope{
			Manifest: w.manifest, Region: awslocal.Region, Account: awslocal.Account, Observer: unobserved{}, Caller: func(ctx context.Context) (string, error) {
				who, err := awsclient.Caller(ctx, cfg)
				return who.Account, err
			},
		},
		Keys:      seal.New(cfg),
		Policies:  func(string) pipeline.KeyPolicies { return seal.New(cfg) },
		Layers:    func(string) pipeline.DeployedLayers { return publish.New(cfg, awslocal.Account) },
		Functions: publish.NewFunctions(cfg, awslocal.Account, publish.NewPace(), nil),
	}
}

// revokes puts the key policies without a revocation, revokes with a role all but the newest documents, and assumes the role
// of a function.
func (w *world) revokes(cfg aws.Config) error {
	w.Helper()
	for _, key := range w.setting.Keys {
		_, err := kms.NewFromConfig(w.admin).PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: aws.String(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + awslocal.Account + `:root"}, "Action": "kms:*", "Resource": "*"}]}`)})
		if err != nil {
			w.Fatal(err)
		}
	}
	r := w.revoke(cfg)
	plan, problems := r.Plan(w.Context())
	if len(problems) == 0 {
		problems = r.CheckOwners(plan)
	}
	if len(problems) == 0 {
		problems = r.Apply(w.Context(), plan)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	}
	for _, k := range plan.Keys {
		if k.State != pipeline.KeyChanged {
			return fmt.Errorf("key %s is %s", k.Key, k.State)
		}
	}
	_, err := sts.NewFromConfig(cfg).AssumeRole(w.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(w.setting.FunctionRoles["hello"]), RoleSessionName: aws.String("proof")})
	return err
}

func TestRevokePolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	w := newWorld(t, modes{}, awslocal.WithFunctionTimes(0, 0))
	w.documents() // publishes
	w.deploy("hello", 1, true)
	w.setting.FunctionRoles = map[string]string{"hello": arn("hello")}
	w.role("hello", policy.Document{})
	document := w.setting.Revoke()
	if err := w.revokes(w.role("revoke", document)); err != nil {
		t.Fatal(err)
	}
	for what, less := range lessened(document) {
		if w.revokes(w.role("revoke", less)) == nil {
			t.Errorf("revokes without %s", what)
		}
	}
}

// The rights are for these keys alone, and for no bypass of the lockout check, and a multi-Region key stands for its relatives.
func TestRevokePolicyIsForTheseKeys(t *testing.T) {
	w := newWorld(t, modes{})
	as := kms.NewFromConfig(w.role("revoke", w.setting.Revoke()))
	other, err := kms.NewFromConfig(w.admin).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + awslocal.Account + `:root"}, "Action": "kms:*", "Resource": "*"}]}`
	own := w.setting.Keys["hello"]
	for what, in := range map[string]*kms.PutKeyPolicyInput{
		"another key": {KeyId: other.KeyMetadata.KeyId, Policy: aws.String(text)},
		"a bypass":    {KeyId: &own, Policy: aws.String(text), BypassPolicyLockoutSafetyCheck: true},
	} {
		if _, err := as.PutKeyPolicy(t.Context(), in); code(err) != "AccessDeniedException" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := as.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &own, Policy: aws.String(text)}); err != nil {
		t.Errorf("the key itself: %v", err)
	}
	w.setting.Keys["hello"] = "arn:aws:kms:us-west-2:" + awslocal.Account + ":key/mrk-1234567890abcdef1234567890abcdef"
	if text := w.setting.Revoke().Text(); !strings.Contains(text, `"arn:aws:kms:*:`+awslocal.Account+`:key/mrk-1234567890abcdef1234567890abcdef"`) {
		t.Error(text)
	}
}

// A turning is a clock that turns when it is waited for.
type turning struct{ now time.Time }

func (c *turning) Now() time.Time { return c.now }

func (c *turning) Wait(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return nil
}

// proven rotates a secret, revokes the old documents, and proves it as a role.
func (w *world) proven(clock pipeline.Clock, role string, exempt ...string) ([]pipeline.Proof, problem.Problems) {
	w.Helper()
	w.documents()
	_, err := ssm.NewFromConfig(w.admin).PutParameter(w.Context(), &ssm.PutParameterInput{
		Name: aws.String("/local/shop/mail/user"), Value: aws.String("not-a-real-value-9"), Type: ssmtypes.ParameterTypeSecureString,
		KeyId: aws.String("alias/parameters"), Overwrite: aws.Bool(true),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.documents()
	r := w.revoke(w.admin)
	r.Exempt = exempt
	plan, problems := r.Plan(w.Context())
	if len(problems) == 0 {
		problems = r.Apply(w.Context(), plan)
	}
	if len(problems) > 0 {
		w.Fatal(problems[0])
	}
	as := w.role("hello", policy.Document{Version: "2012-10-17", Statement: []policy.Statement{{Effect: "Allow", Action: policy.List{"kms:Decrypt"}, Resource: policy.List{"*"}}}})
	return r.Prove(w.Context(), plan, []string{role}, func(string, string) pipeline.Opening { return seal.New(as) }, clock)
}

// The proof waits until the policies have taken effect, and tells how long that took.
func TestRevocationIsProvenOnceItHasTakenEffect(t *testing.T) {
	clock := &turning{time.Now()}
	w := newWorld(t, modes{}, awslocal.WithClock(clock.Now), awslocal.WithPolicyDelay(12*time.Second))
	proofs, problems := w.proven(clock, arn("hello"))
	if len(problems) > 0 || len(proofs) != 2 {
		t.Fatal(problems, proofs)
	}
	if p := proofs[0]; p.Took != 15*time.Second || p.Old == p.New || p.Old == "" || p.Why != "" {
		t.Errorf("%+v", p)
	}
	if p := proofs[1]; p.Took != 0 || p.Function != "worker" {
		t.Errorf("the second key was put before the first was proven: %+v", p)
	}
}

// What does not take effect in time, or cannot be seen by the role, is not proven.
func TestRevocationIsNotProven(t *testing.T) {
	for name, c := range map[string]struct {
		role   string
		exempt []string
		why    string
		kind   problem.Kind
	}{
		"too late":         {arn("hello"), nil, "not in effect after 10m0s: the old document still opens", problem.Unavailable},
		"exempt":           {arn("hello"), []string{arn("hello")}, "the policy exempts " + arn("hello"), problem.Access},
		"of another place": {"arn:aws:iam::333333333333:role/hello", nil, "the policy does not let arn:aws:iam::333333333333:role/hello open documents of any function", problem.Access},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, modes{}, awslocal.WithPolicyDelay(time.Hour))
			proofs, problems := w.proven(&turning{time.Now()}, c.role, c.exempt...)
			if len(problems) != 2 || problems[0].Kind != c.kind || len(proofs) != 2 || !strings.HasPrefix(proofs[0].Why, c.why) {
				t.Errorf("%v, %+v", problems, proofs)
			}
		})
	}
}
