package policy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/policy"
)

// examine runs the doctor with a role. It returns what fails, and what the doctor says
// that it cannot see.
func (w *world) examine(cfg aws.Config, decrypt bool) []string {
	w.Helper()
	b := w.build(cfg)
	d := &pipeline.Diagnose{
		Scope: b.Scope, Parameters: b.Parameters, Keys: b.Keys, Blind: b.Blind.Parameters, Layers: b.Layers,
		Doctor: doctor.New(cfg), Decrypt: decrypt,
		Identity: func(ctx context.Context) (account, arn string, err error) {
			who, err := awsclient.Caller(ctx, cfg)
			return who.Account, who.ARN, err
		},
	}
	found, problems := d.Run(w.Context())
	var wrong []string
	for _, p := range problems {
		wrong = append(wrong, p.Summary+": "+p.Detail)
	}
	for _, c := range found.Checks {
		if c.Status == doctor.Note && (strings.Contains(c.Detail, "could not check") || strings.Contains(c.Detail, "Not seen")) {
			wrong = append(wrong, c.Name+": "+c.Detail)
		}
	}
	return wrong
}

// doctors is the policy of a doctor that looks at no roles. What it needs for roles, the
// stories of the doctor take away.
func doctors(s policy.Setting) policy.Document {
	s.BuildRole, s.PlanRole, s.PutRole, s.FunctionRoles = "", "", "", nil
	return s.Doctor()
}

func TestDoctorPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			w.documents() // publishes, so that there is a layer to find
			document := doctors(w.setting)
			for _, decrypt := range []bool{false, true} {
				if wrong := w.examine(w.role("doctor", document), decrypt); wrong != nil {
					t.Fatalf("decrypting %t:\n%s", decrypt, strings.Join(wrong, "\n"))
				}
			}
			all := lessened(document)
			if len(all) < 12 {
				t.Errorf("only %d permissions", len(all))
			}
			for what, less := range all {
				as := w.role("doctor", less)
				if w.examine(as, true) == nil {
					t.Errorf("nothing is wrong without %s", what)
				}
				opening := strings.HasPrefix(what, "DecryptThroughParameterStore")
				if wrong := w.examine(as, false); opening != (wrong == nil) {
					t.Errorf("without --decrypt, and without %s: %q", what, wrong)
				}
			}
		})
	}
}

// Each of the two names of a key policy is a right of its own.
func TestDoctorPolicyHasBothNamesOfAKeyPolicy(t *testing.T) {
	w := newWorld(t, modes{})
	w.documents()
	for name, want := range map[string]string{
		"default": "Not seen: the policy AWS_RAM, with which Resource Access Manager shares a key (AccessDeniedException",
		"AWS_RAM": "could not check who else can open the secrets of function",
	} {
		document := w.setting.Doctor()
		at := slices.IndexFunc(document.Statement, func(s policy.Statement) bool { return s.Sid == "ReadKeyAccess" })
		document.Statement[at].Condition = policy.Condition{"StringEqualsIfExists": {"kms:PolicyName": policy.List{name}}}
		wrong := w.examine(w.role("doctor", document), true)
		if len(wrong) != len(w.setting.Keys) || !strings.Contains(wrong[0], want) {
			t.Errorf("only %s: %q", name, wrong)
		}
	}
}

// KMS gives other accounts neither key policies nor the last use.
func TestDoctorPolicyAsksNothingOfForeignKeys(t *testing.T) {
	w := newWorld(t, modes{})
	const foreign = "arn:aws:kms:us-east-1:333333333333:key/11111111-1111-4111-8111-111111111111"
	has := func() bool { return strings.Contains(w.setting.Doctor().Text(), "ReadKeyAccess") }
	w.setting.Keys["hello"] = foreign
	if !has() {
		t.Error("it lacks the other key")
	}
	for _, s := range w.setting.Doctor().Statement {
		if s.Sid == "ReadKeyAccess" && slices.Contains(s.Resource, foreign) {
			t.Errorf("%+v", s)
		}
	}
	w.setting.Keys["worker"] = foreign
	if has() {
		t.Error("a statement about no key")
	}
}

// The role to examine is the one that builds: dry runs only show a caller's own rights.
func TestOneRoleCanHaveThePoliciesOfBuildAndDoctor(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			w.setting.BuildRole = arn("ci")
			w.putKeyPolicies(same)
			build, examine := w.setting.Build(), w.setting.Doctor()
			both := policy.Document{Version: build.Version, Statement: slices.Clone(build.Statement)}
			for _, s := range examine.Statement {
				s.Sid = "Doctor" + s.Sid // of another document
				both.Statement = append(both.Statement, s)
			}
			as := w.role("ci", both)
			if _, err := w.run(as); err != nil {
				t.Error(err)
			}
			if wrong := w.examine(as, true); wrong != nil {
				t.Errorf("under the key policies:\n%s", strings.Join(wrong, "\n"))
			}
			// Beside the policy of the build, one statement is enough.
			least := build
			for _, s := range examine.Statement {
				if s.Sid == "ReadKeyAccess" {
					least.Statement = append(slices.Clone(build.Statement), s)
				}
			}
			if wrong := w.examine(w.role("ci", least), true); wrong != nil {
				t.Errorf("with one more statement:\n%s", strings.Join(wrong, "\n"))
			}
			// Another role is not the one that the key policies let seal.
			if wrong := fmt.Sprint(w.examine(w.role("doctor", examine), true)); !strings.Contains(wrong, "cannot be ") {
				t.Errorf("another role: %s", wrong)
			}
		})
	}
}

func TestDoctorPolicyDeniesEveryAttack(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, m)
			document := s.setting.Doctor()
			attacks := buildAttacks(m)
			alone := union(attacks, map[string]call{
				"read another's parameter":            read("/local/other/db", false),
				"encrypt to a function's key":         encrypt(worker, honest),
				"put a parameter that a build trusts": func(s *stage, as aws.Config) error { return putAttacks()["put another's parameter"](s.world, as) },
				"publish a layer": func(s *stage, as aws.Config) error {
					_, err := lambda.NewFromConfig(as).PublishLayerVersion(s.Context(), &lambda.PublishLayerVersionInput{
						LayerName: aws.String("shop"), Content: &lambdatypes.LayerVersionContentInput{ZipFile: []byte("PK\x05\x06" + strings.Repeat("\x00", 18))}})
					return err
				},
			})
			if through := s.denied(s.role("doctor", document), alone); through != nil {
				t.Errorf("not refused:\n%s", strings.Join(through, "\n"))
			}
			if through := s.denied(s.role("doctor", broadened(document)), attacks); through != nil {
				t.Errorf("not refused where other policies of the role allow everything:\n%s", strings.Join(through, "\n"))
			}
			denies := noDenyIsIdle(t, func() *stage { return newStage(t, m) }, "doctor",
				func(s *stage) policy.Document { return s.setting.Doctor() }, func(*stage) map[string]call { return attacks })
			if denies < 5 {
				t.Errorf("only %d statements deny", denies)
			}
		})
	}
}
