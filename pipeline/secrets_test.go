package pipeline_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

type sampleSecret struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
	Binary [][]byte `json:"binary,omitempty"`
}

// keep adds a secret of Secrets Manager.
func (s *sample) keep(name string, values ...string) {
	s.Secrets = append(s.Secrets, sampleSecret{Name: name, Values: values})
}

// A vault is a world whose clock moves on by a second with each look, and a client that
// changes its secrets as another program would.
type vault struct {
	*world
	*secretsmanager.Client
}

func newVault(t *testing.T, s *sample) *vault {
	t.Helper()
	var seconds atomic.Int64
	w := newWorld(t, s, awslocal.WithClock(func() time.Time { return time.Date(2026, 11, 1, 10, 0, int(seconds.Add(1)), 0, time.UTC) }))
	id, key := w.server.Credentials()
	cfg, err := awsclient.New(t.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: w.url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.APIOptions = nil // they allow only the calls of bundle
	return &vault{w, secretsmanager.NewFromConfig(cfg)}
}

// change puts a new current version, and returns its ID.
func (v *vault) change(t *testing.T, name, value string) string {
	t.Helper()
	out, err := v.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value})
	if err != nil {
		t.Fatal(err)
	}
	return *out.VersionId
}

// move moves AWSCURRENT from one version to another.
func (v *vault) move(t *testing.T, name, from, to string) {
	t.Helper()
	_, err := v.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: &from, MoveToVersionId: &to,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// current returns the ID of the current version.
func (v *vault) current(t *testing.T, name string) string {
	t.Helper()
	out, err := v.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.VersionId
}

func (v *vault) remove(t *testing.T, name string, forGood bool) {
	t.Helper()
	if _, err := v.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name, ForceDeleteWithoutRecovery: &forGood}); err != nil {
		t.Fatal(err)
	}
}

// built builds, and fails the test if that fails.
func (v *vault) built(t *testing.T, previous []byte) []byte {
	t.Helper()
	layer, problems := v.try(t, previous, nil)
	if len(problems) > 0 {
		t.Fatal(problemsError(problems))
	}
	return layer
}

// try builds.
func (v *vault) try(t *testing.T, previous []byte, change func(*pipeline.Build)) ([]byte, problem.Problems) {
	t.Helper()
	b, _, err := v.build().pipeline(t.Context(), layerOf(t, previous))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(b)
	}
	result, problems := b.Run(t.Context())
	if len(problems) > 0 {
		return nil, problems
	}
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
	return layer, problems
}

// plan plans, and returns what was called.
func (v *vault) plan(t *testing.T, previous []byte, change func(*pipeline.Build)) (*pipeline.Built, problem.Problems, map[string]int) {
	t.Helper()
	b, counted, err := v.build().pipeline(t.Context(), layerOf(t, previous))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(b)
	}
	result, problems := planned(t.Context(), b)
	return result, problems, counted.Snapshot()
}

func layerOf(t *testing.T, content []byte) *layerbuild.Layer {
	t.Helper()
	if content == nil {
		return nil
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// ofSecrets adds calls of Secrets Manager.
func ofSecrets(all map[string]int, describe, get, list int) map[string]int {
	for name, n := range map[string]int{"DescribeSecret": describe, "GetSecretValue": get, "ListSecretVersionIds": list} {
		if n > 0 {
			all["secretsmanager:"+name] = n
		}
	}
	return all
}

// mixed is a manifest of functions with parameters and secrets of both kinds: the same
// secret in two functions, and two of its fields in one.
func mixed() *sample {
	s := newSample()
	s.key("alias/f0")
	s.key("alias/f1")
	s.put("/shop/p", "not-a-real-value")
	s.keep("prod/db", `{"user": "not-a-real-user", "password": "not-a-real-password"}`)
	s.keep("prod/token", "not-a-real-token")
	for _, name := range []string{"f0", "f1"} {
		s.writef("function %q {\n  kms_key = \"alias/%s\"\n  secret \"PARAMETER\" { parameter = \"/shop/p\" }\n", name, name)
		s.writef("  secret \"USER\" {\n    secretsmanager = \"prod/db\"\n    field = \"user\"\n  }\n  secret \"PASSWORD\" {\n    secretsmanager = \"prod/db\"\n    field = \"password\"\n  }\n")
		if name == "f1" {
			s.writef("  secret \"TOKEN\" { secretsmanager = \"prod/token\" }\n  secret \"NONE\" {\n    secretsmanager = \"prod/none\"\n    optional = true\n  }\n")
		}
		s.writef("}\n")
	}
	return s
}

func TestBuildReadsEachSecretOnce(t *testing.T) {
	v := newVault(t, mixed())
	// Of a missing one, GetSecretValue does not say whether the secret or its value is missing.
	first := v.expect(t, nil, ofSecrets(calls(1, 2, 0, 1, 2), 1, 3, 0))
	got, err := open(t, v.world, first, "f1")
	want := map[string]string{"PARAMETER": "not-a-real-value", "USER": "not-a-real-user", "PASSWORD": "not-a-real-password", "TOKEN": "not-a-real-token"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if again := v.expect(t, first, ofSecrets(calls(1, 2, 1, 0, 0), 3, 0, 0)); !bytes.Equal(first, again) {
		t.Error("an unchanged build wrote other bytes")
	}
	// The function with the changed secret is sealed anew, from all of its secrets.
	v.change(t, "prod/token", "not-a-real-token-changed")
	second := v.expect(t, first, ofSecrets(calls(1, 2, 1, 1, 1), 3, 2, 0))
	if again := v.expect(t, second, ofSecrets(calls(1, 2, 1, 0, 0), 3, 0, 0)); !bytes.Equal(second, again) {
		t.Error("an unchanged build after a changed one wrote other bytes")
	}
	v.change(t, "prod/db", `{"user": "not-a-real-user", "password": "not-a-real-password-changed"}`)
	third := v.expect(t, second, ofSecrets(calls(1, 2, 1, 1, 2), 3, 2, 0))
	if got, err := open(t, v.world, third, "f0"); err != nil || got["PASSWORD"] != "not-a-real-password-changed" {
		t.Errorf("%v %v", got, err)
	}
}

func TestPlanAsksOnlyForTheDatesOfChangedSecrets(t *testing.T) {
	v := newVault(t, mixed())
	if _, problems, seen := v.plan(t, nil, nil); len(problems) > 0 || seen["secretsmanager:DescribeSecret"] != 3 || seen["secretsmanager:ListSecretVersionIds"] != 0 {
		t.Fatal(problems, seen)
	}
	first := v.built(t, nil)
	if _, problems, seen := v.plan(t, first, nil); len(problems) > 0 || seen["secretsmanager:DescribeSecret"] != 3 || seen["secretsmanager:ListSecretVersionIds"] != 0 {
		t.Fatal(problems, seen)
	}
	was, is := v.current(t, "prod/db"), v.change(t, "prod/db", `{"user": "a-user", "password": "a-password"}`)
	result, problems, seen := v.plan(t, first, nil)
	if diff := cmp.Diff(ofSecrets(calls(1, 2, 1, 0, 0), 3, 0, 1), seen); len(problems) > 0 || diff != "" {
		t.Fatal(problems, diff)
	}
	for _, change := range result.Changes {
		if len(change.Reasons) != 2 {
			t.Fatalf("%+v", change)
		}
		r := change.Reasons[0]
		if r.Secret != "PASSWORD" || r.From != was || r.To != is || r.FromDate.IsZero() || !r.ToDate.After(r.FromDate) {
			t.Errorf("%+v", r)
		}
	}
}

// A role for builds may not list versions. Its plan shows the change without the dates.
func TestPlanGoesOnWithoutTheDates(t *testing.T) {
	v := newVault(t, mixed())
	first := v.built(t, nil)
	v.change(t, "prod/db", `{"user": "another", "password": "another"}`)
	v.server.Inject(awslocal.Fault{Operation: "secretsmanager:ListSecretVersionIds", Kind: awslocal.Fail, Code: "AccessDeniedException"})
	result, problems, _ := v.plan(t, first, nil)
	if len(problems) > 0 || len(result.Warnings) != 1 || result.Warnings[0].Summary != "Date of a version not known" {
		t.Fatal(problems, result.Warnings)
	}
	if r := result.Changes[0].Reasons[0]; r.From == r.To || r.FromDate.IsZero() || !r.ToDate.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestStagesThatMoveBackAreRollbacks(t *testing.T) {
	v := newVault(t, mixed())
	old := v.current(t, "prod/token")
	now := v.change(t, "prod/token", "not-a-real-token-changed")
	first := v.built(t, nil)
	v.move(t, "prod/token", now, old)
	layer, problems := v.try(t, first, nil)
	_, foreseen, _ := v.plan(t, first, nil)
	for by, problems := range map[string]problem.Problems{"build": problems, "plan": foreseen} {
		if len(problems) != 1 || problems[0].Kind != problem.Integrity || problems[0].Summary != "Older version" {
			t.Fatalf("%s: %v", by, problems)
		}
		for _, part := range []string{"TOKEN", `"f1"`, now, old, "2026-11-01T10:00:", "AWSCURRENT was moved back", "--allow-rollback"} {
			if !strings.Contains(problems[0].Detail, part) {
				t.Errorf("%s: there is no %q in %s", by, part, problems[0].Detail)
			}
		}
	}
	if layer != nil {
		t.Error("a layer was made")
	}
	allowed := func(b *pipeline.Build) { b.AllowRollback = true }
	if _, problems, _ := v.plan(t, first, allowed); len(problems) > 0 {
		t.Error(problems)
	}
	back, problems := v.try(t, first, allowed)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, err := open(t, v.world, back, "f1"); err != nil || got["TOKEN"] != "not-a-real-token" {
		t.Errorf("%v %v", got, err)
	}
	// From there, the newer version is none.
	v.move(t, "prod/token", old, now)
	if again := v.built(t, back); bytes.Equal(again, back) {
		t.Error("nothing changed")
	}
}

// rewrite replaces text of the manifest.
func (v *vault) rewrite(t *testing.T, s *sample, old, now string) {
	t.Helper()
	text := s.manifest.String()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q in the manifest", old)
	}
	if err := os.WriteFile(v.manifest, []byte(strings.Replace(text, old, now, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPinnedVersionIDs(t *testing.T) {
	s := mixed()
	v := newVault(t, s)
	old := v.current(t, "prod/token")
	first := v.built(t, nil)
	v.change(t, "prod/token", "2")
	now := v.change(t, "prod/token", "3") // the first one has no stage anymore
	second := v.built(t, first)
	v.rewrite(t, s, `"TOKEN" { secretsmanager = "prod/token" }`, fmt.Sprintf("\"TOKEN\" {\n    secretsmanager = \"prod/token\"\n    version_id = %q\n  }", now))
	if layer := v.expect(t, second, ofSecrets(calls(1, 2, 1, 0, 0), 3, 0, 0)); !bytes.Equal(layer, second) {
		t.Error("a pin to what is there resealed")
	}
	pin := fmt.Sprintf("\"TOKEN\" {\n    secretsmanager = \"prod/token\"\n    version_id = %q\n  }", old)
	v.rewrite(t, s, `"TOKEN" { secretsmanager = "prod/token" }`, pin)
	_, problems := v.try(t, second, nil)
	_, foreseen, _ := v.plan(t, second, nil)
	for _, problems := range []problem.Problems{problems, foreseen} {
		if len(problems) != 1 || problems[0].Summary != "Older version" || !strings.Contains(problems[0].Detail, "which version_id names") {
			t.Error(problems)
		}
	}
	layer, problems := v.try(t, second, func(b *pipeline.Build) { b.AllowRollback = true })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, err := open(t, v.world, layer, "f1"); err != nil || got["TOKEN"] != "not-a-real-token" {
		t.Errorf("%v %v", got, err)
	}
	v.rewrite(t, s, `"TOKEN" { secretsmanager = "prod/token" }`, strings.Replace(pin, old, "00000000-0000-0000-0000-000000000000", 1))
	_, problems = v.try(t, second, nil)
	_, foreseen, _ = v.plan(t, second, nil)
	for _, problems := range []problem.Problems{problems, foreseen} {
		if len(problems) != 1 || problems[0].Kind != problem.Missing {
			t.Errorf("a version that is not there: %v", problems)
		}
	}
}

// A version has one date. A previous layer that has two for it was forged, and no function
// can open it. That is no reason to reseal, or a build would do what no report explains.
func TestVersionsWithTwoDatesInThePreviousLayer(t *testing.T) {
	v := newVault(t, mixed())
	layer := layerOf(t, v.built(t, nil))
	for _, name := range []string{"PASSWORD", "USER"} {
		forged := &layerbuild.Layer{Documents: slices.Clone(layer.Documents)}
		source, _ := forged.Documents[0].Header.Source(name)
		line := fmt.Sprintf("source %s text secretsmanager %s %s ", name, source.ARN, source.ID)
		old := forged.Documents[0].Bytes()
		at := bytes.Index(old, []byte(line)) + len(line)
		document, err := sealed.Parse(slices.Concat(old[:at], []byte("2020"), old[at+len("2020"):]))
		if err != nil {
			t.Fatal(err)
		}
		forged.Documents[0] = document
		var content bytes.Buffer
		if err := layerbuild.Write(&content, forged); err != nil {
			t.Fatal(err)
		}
		result, problems, _ := v.plan(t, content.Bytes(), nil)
		if len(problems) > 0 || result.Changes[0].Action != plan.Carry {
			t.Errorf("%s: %v, %+v", name, problems, result.Changes)
		}
		v.expect(t, content.Bytes(), ofSecrets(calls(1, 2, 1, 0, 0), 3, 0, 0))
	}
}

func TestRecreatedSecrets(t *testing.T) {
	v := newVault(t, mixed())
	first := v.built(t, nil)
	v.remove(t, "prod/token", true)
	if _, err := v.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("prod/token"), SecretString: aws.String("another")}); err != nil {
		t.Fatal(err)
	}
	result, problems, seen := v.plan(t, first, nil)
	if len(problems) > 0 || seen["secretsmanager:ListSecretVersionIds"] > 0 {
		t.Fatal(problems, seen)
	}
	if r := result.Changes[1].Reasons; len(r) != 1 || r[0] != (plan.Reason{Secret: "TOKEN", What: "recreated"}) {
		t.Errorf("%+v", r)
	}
	if got, err := open(t, v.world, v.built(t, first), "f1"); err != nil || got["TOKEN"] != "another" {
		t.Errorf("%v %v", got, err)
	}
}

// A secret that waits for its deletion, or that never had a value, exists. So a build does
// not leave it out, although it is optional.
func TestSecretsThatCannotBeReadAreNotAbsent(t *testing.T) {
	s := mixed()
	s.keep("prod/none")
	empty := newVault(t, s)
	deleted := newVault(t, mixed())
	if _, err := deleted.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("prod/none"), SecretString: aws.String("x")}); err != nil {
		t.Fatal(err)
	}
	first := deleted.built(t, nil)
	deleted.remove(t, "prod/none", false)
	for what, tt := range map[string]struct {
		v        *vault
		previous []byte
	}{
		"empty": {empty, nil}, "deleted": {deleted, nil}, "deleted since": {deleted, first},
	} {
		_, problems := tt.v.try(t, tt.previous, nil)
		_, foreseen, _ := tt.v.plan(t, tt.previous, nil)
		for by, problems := range map[string]problem.Problems{"build": problems, "plan": foreseen} {
			if len(problems) != 1 || problems[0].Kind != problem.Missing || !strings.Contains(problems[0].Detail, `"prod/none"`) {
				t.Errorf("%s, %s: %v", what, by, problems)
			}
		}
		if strings.Contains(what, "deleted") && !strings.Contains(problems[0].Detail, "estore") {
			t.Errorf("%s: nothing about restoring it in %s", what, problems[0].Detail)
		}
	}
}

func TestBinarySecrets(t *testing.T) {
	s := newSample()
	s.key("alias/f0")
	s.Secrets = append(s.Secrets, sampleSecret{Name: "prod/keystore", Binary: [][]byte{bytes.Repeat([]byte{0, 1, 0xff}, 20000)}})
	s.writef("function \"f0\" {\n  kms_key = \"alias/f0\"\n  secret \"STORE\" {\n    secretsmanager = \"prod/keystore\"\n  }\n}\n")
	v := newVault(t, s)
	for _, more := range []string{"", "    field = \"a\"\n", "    encoding = \"base64\"\n    field = \"a\"\n"} {
		v.rewrite(t, s, "\"prod/keystore\"\n", "\"prod/keystore\"\n"+more)
		_, problems := v.try(t, nil, nil)
		if len(problems) != 1 || problems[0].Summary != "Binary value" || problems[0].Kind != problem.Missing {
			t.Errorf("%q: %v", more, problems)
		}
	}
	v.rewrite(t, s, "\"prod/keystore\"\n", "\"prod/keystore\"\n    encoding = \"base64\"\n")
	b, _, err := v.build().pipeline(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	built, problems := b.Run(t.Context())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	layer, problems := pipeline.Assemble(&layerbuild.Layer{Documents: built.Documents})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, err := open(t, v.world, layer, "f0"); err != nil || got["STORE"] != base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0, 1, 0xff}, 20000)) {
		t.Error(err)
	}
	foreseen, problems, _ := v.plan(t, layer, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for by, warnings := range map[string]problem.Problems{"build": built.Warnings, "plan": foreseen.Warnings} {
		if len(warnings) != 1 || warnings[0].Summary != "Large secret" || !strings.Contains(warnings[0].Detail, "20 boxes") {
			t.Errorf("%s: %v", by, warnings)
		}
	}
}

// TestUnchangedBuildOf500 has secrets of both kinds, the common ones in every function.
func TestUnchangedBuildOf500(t *testing.T) {
	const parameters, secrets, perFunction = 243, 257, 25
	s := newSample()
	s.put("/common", "not-a-real-value")
	s.keep("common", `{"a": "not-a-real-value-a", "b": "not-a-real-value-b"}`)
	functions := 0
	for n := 1; n < max(parameters, secrets); n += perFunction {
		name := fmt.Sprintf("f%d", functions)
		functions++
		s.key("alias/" + name)
		s.writef("function %q {\n  kms_key = \"alias/%s\"\n  secret \"COMMON\" { parameter = \"/common\" }\n", name, name)
		for _, field := range []string{"a", "b"} {
			s.writef("  secret \"COMMON_%s\" {\n    secretsmanager = \"common\"\n    field = %q\n  }\n", field, field)
		}
		for i := n; i < n+perFunction; i++ {
			if i < parameters {
				s.put(fmt.Sprintf("/shop/p%d", i), fmt.Sprintf("not-a-real-value-%d", i))
				s.writef("  secret \"P%d\" { parameter = \"/shop/p%d\" }\n", i, i)
			}
			if i < secrets {
				s.keep(fmt.Sprintf("shop/s%d", i), fmt.Sprintf("not-a-real-value-of-secret-%d", i))
				s.writef("  secret \"S%d\" { secretsmanager = \"shop/s%d\" }\n", i, i)
			}
		}
		s.writef("}\n")
	}
	v := newVault(t, s)
	reads := (parameters + 9) / 10
	first := v.expect(t, nil, ofSecrets(calls(1, functions, 0, reads, functions), 0, secrets, 0))
	if again := v.expect(t, first, ofSecrets(calls(1, functions, reads, 0, 0), secrets, 0, 0)); !bytes.Equal(first, again) {
		t.Error("an unchanged build wrote other bytes")
	}
	v.change(t, "shop/s7", "not-a-real-value-changed")
	second := v.expect(t, first, ofSecrets(calls(1, functions, reads, 3, 1), secrets, 1+perFunction, 0))
	if again := v.expect(t, second, ofSecrets(calls(1, functions, reads, 0, 0), secrets, 0, 0)); !bytes.Equal(second, again) {
		t.Error("an unchanged build after a changed one wrote other bytes")
	}
}

// between does something after versions were read, and before values are.
type between struct {
	pipeline.Parameters
	do func()
}

func (b between) Read(ctx context.Context, refs []secret.Ref, got func(pipeline.Found)) error {
	b.do()
	return b.Parameters.Read(ctx, refs, got)
}

// A secret that vanishes changed during the run; one that waits for its deletion can be restored.
func TestSecretsThatVanishDuringTheRun(t *testing.T) {
	for forGood, want := range map[bool]problem.Problem{
		true:  problem.New(problem.Integrity, nil, "Secret changed during the run", "Run the build again"),
		false: problem.New(problem.Missing, nil, "", "estore"),
	} {
		v := newVault(t, mixed())
		first := v.built(t, nil)
		v.change(t, "prod/token", "2")
		_, problems := v.try(t, first, func(b *pipeline.Build) {
			b.Parameters = between{b.Parameters, func() { v.remove(t, "prod/token", forGood) }}
		})
		if len(problems) != 1 || problems[0].Kind != want.Kind || want.Summary != "" && problems[0].Summary != want.Summary || !strings.Contains(problems[0].Detail, want.Detail) {
			t.Errorf("deleted for good %t: %v", forGood, problems)
		}
	}
}
