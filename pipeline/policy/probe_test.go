package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/pipeline/policy"
)

// failing returns the probes that documents of a role do not pass.
func failing(w *world, all []policy.Probe, documents ...policy.Document) (failed []policy.Probe) {
	w.Helper()
	var parsed []iam.Policy
	for _, d := range documents {
		if len(d.Statement) == 0 {
			continue
		}
		p, err := iam.ParseIdentity(w.json(d))
		if err != nil {
			w.Fatal(err)
		}
		parsed = append(parsed, p)
	}
	for _, p := range all {
		found := iam.Simulate(parsed, iam.Access{Principal: arn("role"), Account: awslocal.Account, Action: p.Action, Resource: p.Resource, Keys: p.Keys})
		if (found.Decision == "allowed") != p.Allow {
			failed = append(failed, p)
		}
	}
	return failed
}

// TestProbesFindEachStatementThatIsMissing takes each statement out of a document. Without an Allow, a request fails. Without a Deny,
// an attack succeeds if the role may do everything else.
func TestProbesFindEachStatementThatIsMissing(t *testing.T) {
	for name, m := range map[string]modes{"packed": {}, "blind": {true, true}, "mixed": {helloBlind: true}} {
		w := newWorld(t, m)
		function, err := w.setting.Function("hello")
		if err != nil {
			t.Fatal(err)
		}
		opens, err := w.setting.FunctionProbes("hello")
		if err != nil {
			t.Fatal(err)
		}
		w.missesNoStatement(name+", ci", w.setting.Build(), w.setting.BuildProbes())
		w.missesNoStatement(name+", plan", w.setting.Plan(), w.setting.PlanProbes())
		w.missesNoStatement(name+", function", function, opens)
	}
	for name, source := range putManifests() {
		w := newWorldOf(t, putSeed, source)
		w.missesNoStatement(name+", put", w.setting.Put(), w.setting.PutProbes())
	}
}

// missesNoStatement checks that a document passes its probes, and does not without any of its statements, except some.
func (w *world) missesNoStatement(at string, document policy.Document, probes []policy.Probe, except ...string) {
	w.Helper()
	denied := slices.DeleteFunc(slices.Clone(probes), func(p policy.Probe) bool { return p.Absent || p.Allow })
	if failed := failing(w, probes, document); len(failed) > 0 {
		w.Errorf("%s: the document itself fails %+v", at, failed)
	}
	if failed := failing(w, denied, document, everything()); len(failed) > 0 {
		w.Errorf("%s: the document does not deny %+v", at, failed)
	}
	for i, s := range document.Statement {
		probes, less := probes, []policy.Document{without(document, i)}
		if s.Effect == "Deny" {
			probes, less = denied, append(less, everything())
		}
		if len(failing(w, probes, less...)) == 0 && !slices.Contains(except, s.Sid) {
			w.Errorf("%s: nothing fails without %s", at, s.Sid)
		}
	}
}

// TestPutProbesAreForEachStyle has the probes that doctor makes, which does not know whether the documents of a role name folders.
func TestPutProbesAreForEachStyle(t *testing.T) {
	for name, source := range putManifests() {
		w := newWorldOf(t, putSeed, source)
		for style, apply := range styles() {
			setting := w.setting
			apply(&setting)
			w.missesNoStatement(name+", "+style, setting.Put(), w.setting.PutProbes())
		}
	}
}

// TestPutProbesFindEachMemberThatIsMissing takes each action and each resource out of each statement.
func TestPutProbesFindEachMemberThatIsMissing(t *testing.T) {
	for name, source := range putManifests() {
		w := newWorldOf(t, putSeed, source)
		probes, document := w.setting.PutProbes(), w.setting.Put()
		for what, less := range lessened(document) {
			if len(failing(w, probes, less)) == 0 {
				t.Errorf("%s: nothing fails without %s", name, what)
			}
		}
		denied := slices.DeleteFunc(slices.Clone(probes), func(p policy.Probe) bool { return p.Absent || p.Allow })
		for i, s := range document.Statement {
			for j := range s.Action {
				if s.Effect != "Deny" {
					continue
				}
				less := without(document, i)
				s.Action = slices.Delete(slices.Clone(document.Statement[i].Action), j, j+1)
				if len(s.Action) > 0 {
					less.Statement = append(less.Statement, s)
				}
				if len(failing(w, denied, less, everything())) == 0 {
					t.Errorf("%s: nothing fails if %s is not about %s", name, s.Sid, document.Statement[i].Action[j])
				}
			}
		}
	}
}

// styles are the ways to write the documents of a world.
func styles() map[string]func(*policy.Setting) {
	return map[string]func(*policy.Setting){
		"exact": func(*policy.Setting) {}, "tags": func(s *policy.Setting) { s.ByTags = true }, "folders": func(s *policy.Setting) { s.Levels = 2 },
		"tags and folders": func(s *policy.Setting) { s.ByTags, s.Levels = true, 2 },
	}
}

// TestProbesAreForEachStyle has the probes that doctor makes, which does not know the style of the documents of a role. Each style passes,
// and what is taken out is noticed. Only that a plan denies administering keys, its own style has to ask.
func TestProbesAreForEachStyle(t *testing.T) {
	for mode, m := range map[string]modes{"packed": {}, "blind": {true, true}, "mixed": {helloBlind: true}} {
		w := newWorld(t, m)
		build, plan := w.setting.BuildProbes(), w.setting.PlanProbes()
		for style, apply := range styles() {
			setting := w.setting
			apply(&setting)
			for kind, c := range map[string]struct {
				document policy.Document
				probes   []policy.Probe
			}{"ci": {setting.Build(), build}, "plan": {setting.Plan(), append(setting.PlanProbes(), plan...)}} {
				// DenyKeysOfOtherFunctions has the same effect as DenyUntaggedKeys, in one of the two readings of AWS's documentation.
				w.missesNoStatement(mode+", "+style+", "+kind, c.document, c.probes, "DenyUntaggedKeys")
			}
		}
	}
}

// TestProbesFindEachMemberThatIsMissing takes each resource out of each Allow.
func TestProbesFindEachMemberThatIsMissing(t *testing.T) {
	w := newWorld(t, modes{helloBlind: true})
	document := w.setting.Build()
	for i, s := range document.Statement {
		for j := range s.Resource {
			if s.Effect != "Allow" || len(s.Resource) == 1 {
				continue
			}
			less := without(document, i)
			s.Resource = slices.Delete(slices.Clone(document.Statement[i].Resource), j, j+1)
			less.Statement = append(less.Statement, s)
			if len(failing(w, w.setting.BuildProbes(), less)) == 0 {
				t.Errorf("nothing fails if %s is not about %s", s.Sid, document.Statement[i].Resource[j])
			}
		}
	}
}

// TestProbesPassSplitDocuments splits documents, and leaves each of the parts out.
func TestProbesPassSplitDocuments(t *testing.T) {
	for _, m := range []modes{{}, {true, true}, {helloBlind: true}} {
		w := newWorld(t, m)
		probes := w.setting.BuildProbes()
		parts, err := w.setting.Build().Split(2000)
		if err != nil {
			t.Fatal(err)
		}
		if failed := failing(w, probes, parts...); len(parts) < 2 || len(failed) > 0 {
			t.Errorf("%d parts: %+v", len(parts), failed)
		}
		for i := range parts {
			if !slices.ContainsFunc(parts[i].Statement, func(s policy.Statement) bool { return s.Effect == "Allow" }) {
				continue
			}
			if len(failing(w, probes, slices.Delete(slices.Clone(parts), i, i+1)...)) == 0 {
				t.Errorf("nothing fails without part %d", i+1)
			}
		}
	}
}

// TestProbesFindWideRoles has roles that people have.
func TestProbesFindWideRoles(t *testing.T) {
	w := newWorld(t, modes{})
	puts := newWorldOf(t, putSeed, fmt.Sprintf(putManifest, withField, false))
	hello, err := w.setting.FunctionProbes("hello")
	if err != nil {
		t.Fatal(err)
	}
	wide := func(actions ...string) policy.Document {
		d := everything()
		d.Statement[0].Action = actions
		return d
	}
	attacked := func(failed []policy.Probe) (actions []string) {
		for _, p := range failed {
			if !p.Allow && !slices.Contains(actions, p.Action) {
				actions = append(actions, p.Action)
			}
		}
		slices.Sort(actions)
		return actions
	}
	for _, c := range []struct {
		document policy.Document
		probes   []policy.Probe
		want     string
	}{
		{wide("kms:Decrypt"), hello, "[kms:Decrypt]"},
		{wide("ssm:*"), w.setting.PlanProbes(), "[ssm:GetParameter ssm:GetParameterHistory ssm:GetParameters ssm:GetParametersByPath]"},
		{wide("kms:Decrypt", "kms:CreateGrant"), w.setting.PlanProbes(), "[kms:CreateGrant kms:Decrypt]"},
		{wide("kms:Encrypt"), w.setting.BuildProbes(), "[kms:Encrypt]"},
		{wide("kms:ReplicateKey", "kms:TagResource"), w.setting.BuildProbes(), "[kms:ReplicateKey kms:TagResource]"},
		{wide("ssm:*"), puts.setting.PutProbes(), "[ssm:GetParameter ssm:GetParameterHistory ssm:GetParameters ssm:GetParametersByPath ssm:PutParameter]"},
		{wide("kms:Encrypt", "kms:ReEncrypt*"), puts.setting.PutProbes(), "[kms:Encrypt kms:ReEncryptFrom kms:ReEncryptTo]"},
		{wide("kms:GenerateDataKey*", "kms:PutKeyPolicy"), puts.setting.PutProbes(), "[kms:GenerateDataKey kms:PutKeyPolicy]"},
		{wide("logs:*", "s3:*"), w.setting.BuildProbes(), "[]"},
	} {
		if got := fmt.Sprint(attacked(failing(w, c.probes, c.document))); got != c.want {
			t.Errorf("%s: %s, want %s", strings.Join(c.document.Statement[0].Action, " "), got, c.want)
		}
	}
	if _, err := w.setting.FunctionProbes("other"); err == nil {
		t.Error("there is no function other")
	}
}
