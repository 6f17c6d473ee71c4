package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/pipeline/policy"
)

func allModes() map[string]modes {
	return map[string]modes{"packed": {}, "blind": {true, true}, "mixed": {false, true}}
}

// lessened returns every document that lacks one permission of the given one: a
// statement, one of several actions, or one of several resources.
func lessened(d policy.Document) map[string]policy.Document {
	all := make(map[string]policy.Document)
	put := func(what string, i int, s ...policy.Statement) {
		all[what] = policy.Document{Version: d.Version, Statement: slices.Concat(d.Statement[:i:i], s, d.Statement[i+1:])}
	}
	for i, s := range d.Statement {
		if s.Effect != "Allow" {
			continue
		}
		put(s.Sid, i)
		for k, action := range s.Action {
			if len(s.Action) > 1 {
				one := s
				one.Action = slices.Delete(slices.Clone(s.Action), k, k+1)
				put(s.Sid+" without "+action, i, one)
			}
		}
		for k, resource := range s.Resource {
			if len(s.Resource) > 1 {
				one := s
				one.Resource = slices.Delete(slices.Clone(s.Resource), k, k+1)
				put(s.Sid+" without "+resource, i, one)
			}
		}
	}
	return all
}

// isJustEnough checks that a role with the policy can build what opens, and with no
// permission less.
func (w *world) isJustEnough(document policy.Document) {
	w.Helper()
	documents, err := w.run(w.role("ci", document))
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range documents {
		if err := w.open(w.admin, d); err != nil {
			w.Errorf("what was built under the policy does not open: %v", err)
		}
	}
	w.needsAll(document)
}

// needsAll checks that a role cannot build with one permission of the policy less.
func (w *world) needsAll(document policy.Document) {
	w.Helper()
	for what, less := range lessened(document) {
		if _, err := w.run(w.role("ci", less)); err == nil {
			w.Errorf("builds without %s", what)
		}
	}
}

func TestBuildPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			w.isJustEnough(w.setting.Build())
		})
	}
}

func TestPlanPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			w.documents() // publishes, so that there is a layer to find
			document := w.setting.Plan()
			if err := w.plan(w.role("plan", document)); err != nil {
				t.Fatal(err)
			}
			for what, less := range lessened(document) {
				if w.plan(w.role("plan", less)) == nil {
					t.Errorf("plans without %s", what)
				}
			}
		})
	}
}

func TestFunctionPolicyOpensThatFunctionAlone(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			documents := w.documents()
			for function := range documents {
				document, err := w.setting.Function(function)
				if err != nil {
					t.Fatal(err)
				}
				as := w.role(function, document)
				for other, d := range documents {
					if err := w.open(as, d); (err == nil) != (other == function) {
						t.Errorf("%s opening %s: %v", function, other, err)
					}
				}
				for what, less := range lessened(document) {
					if w.open(w.role(function, less), documents[function]) == nil {
						t.Errorf("%s opens without %s", function, what)
					}
				}
			}
		})
	}
}

// With the key policies, neither the build nor a function needs its own permission
// for a function's key. So the test can check that each Allow in them is needed.
func TestKeyPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	for name, m := range allModes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, m)
			w.setting.BuildRole = arn("ci")
			build := w.setting.Build()
			build.Statement = slices.DeleteFunc(build.Statement, func(s policy.Statement) bool {
				return s.Effect == "Allow" && (slices.Contains(s.Action, "kms:Encrypt") || slices.Contains(s.Action, "kms:ReEncryptTo"))
			})
			ci, glass := w.role("ci", build), w.role("glass", policy.Document{})
			functions := map[string]aws.Config{"hello": w.role("hello", policy.Document{}), "worker": w.role("worker", policy.Document{})}
			use := func() error {
				documents, err := w.run(ci)
				if err != nil {
					return err
				}
				for _, d := range documents {
					if err := w.open(functions[d.Header.Function], d); err != nil {
						return fmt.Errorf("%s: %w", d.Header.Function, err)
					}
					if err := w.open(glass, d); err != nil {
						return fmt.Errorf("breaking the glass of %s: %w", d.Header.Function, err)
					}
				}
				return nil
			}
			w.putKeyPolicies(same)
			if err := use(); err != nil {
				t.Fatal(err)
			}
			for _, sid := range []string{"SealHello", "OpenHello", "SealWorker", "OpenWorker", "BreakGlass"} {
				w.putKeyPolicies(leavingOut(sid))
				if use() == nil {
					t.Errorf("all works without %s", sid)
				}
			}
		})
	}
}

// A build role that the key policies do not name needs its own policy to seal: the
// account's root in a key policy leaves the decision to IAM policies.
func TestKeyPolicyLeavesSealingToTheAccountWhereNoRoleIsKnown(t *testing.T) {
	w := newWorld(t, modes{workerBlind: true})
	document := w.setting.Build()
	w.putKeyPolicies(same)
	if _, err := w.run(w.role("ci", document)); err != nil {
		t.Fatal(err)
	}
	w.needsAll(document)
}

func TestParametersUnderTheKeyOfTheServiceCanBePackedUnderThePolicy(t *testing.T) {
	w := newWorld(t, modes{})
	w.manifest.Functions[0].Secrets[0].Parameter.Value = "/local/other/plain" // under alias/aws/ssm
	w.resolve()
	if _, err := w.run(w.role("ci", w.setting.Build())); err != nil {
		t.Error(err)
	}
}
