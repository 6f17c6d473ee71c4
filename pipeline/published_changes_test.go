package pipeline_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// aFewOfEverything is a manifest of 32 parameters: packed functions with secrets of
// their own and of a group, a blind one, one with a path import, and one that no
// test changes.
func aFewOfEverything() *sample {
	s := newSample()
	for _, alias := range []string{"a", "b", "c", "d", "e"} {
		s.key("alias/" + alias)
	}
	s.put("/shop/common", "not-a-real-value")
	s.put("/shop/json", `{"user": "not-a-real-user", "password": "not-a-real-password"}`)
	s.put("/shop/e", "not-a-real-value-e")
	own := func(function string, n int) {
		for i := range n {
			name := fmt.Sprintf("/shop/%s/p%d", function, i)
			s.put(name, "bm90LWEtcmVhbC12YWx1ZQ==")
			s.writef("  secret \"%s%d\" { parameter = %q }\n", strings.ToUpper(function), i, name)
		}
	}
	s.writef("group \"common\" {\n  secret \"COMMON\" { parameter = \"/shop/common\" }\n}\n")
	s.writef("function \"a\" {\n  kms_key = \"alias/a\"\n  include = [\"common\"]\n  secret \"JSON\" {\n    parameter = \"/shop/json\"\n  }\n")
	own("a", 12)
	s.writef("}\nfunction \"b\" {\n  kms_key = \"alias/b\"\n  include = [\"common\"]\n  blind = false\n")
	own("b", 3)
	s.writef("}\nfunction \"c\" {\n  kms_key = \"alias/c\"\n  include = [\"common\"]\n  blind = true\n")
	own("c", 3)
	s.writef("}\nfunction \"d\" {\n  kms_key = \"alias/d\"\n  parameters {\n    path = \"/shop/d\"\n    prefix = \"D_\"\n  }\n}\n")
	for i := range 11 {
		s.put(fmt.Sprintf("/shop/d/p%d", i), "not-a-real-value")
	}
	s.writef("function \"e\" {\n  kms_key = \"alias/e\"\n  secret \"EE\" { parameter = \"/shop/e\" }\n}\n")
	return s
}

// Whatever changes, a runner without a layer makes exactly the calls that the
// change needs, and every other document stays as it was published, byte for byte.
func TestFreshRunnersPayForWhatChangedOnly(t *testing.T) {
	// looked is the cost of a run in which nothing changed: 32 parameters, two pages
	// of one path, five keys and the published layer.
	looked := sum(calls(1, 5, 4, 0, 0), map[string]int{"ssm:GetParametersByPath": 2, "lambda:ListLayerVersions": 1, "lambda:GetLayerVersion": 1})
	// sealed and moved add reads and boxes to it.
	sealed := func(reads, boxes int) map[string]int { return calls(0, 0, 0, reads, boxes) }
	moved := func(reads, boxes int) map[string]int {
		return map[string]int{"ssm:GetParameters": reads, "kms:ReEncrypt": boxes}
	}
	edit := func(from, to string) func(*testing.T, *fresh) {
		return func(t *testing.T, f *fresh) { f.edit(t, from, to) }
	}
	for _, c := range []struct {
		name    string
		change  func(*testing.T, *fresh)
		more    map[string]int // in addition to looking, for the build
		looking map[string]int // in addition to a run without changes, for plan and build
		changed string         // documents with their actions; all others are carried over
	}{
		{name: "nothing", change: func(*testing.T, *fresh) {}},
		{name: "the same, written otherwise", change: func(t *testing.T, f *fresh) {
			f.edit(t, `include = ["common"]`, `secret "COMMON" { parameter = "/shop/${lower("COMMON")}" }`)
			f.edit(t, `path = "/shop/d"`, `path = "/shop/d/"`)
			f.edit(t, `alias/e`, f.arn(t, "alias/e"))
		}},
		{name: "a name", change: edit(`secret "A3"`, `secret "A_RENAMED"`), more: sealed(2, 1), changed: "a reseal"},
		{name: "names changed for one another", change: func(t *testing.T, f *fresh) {
			f.edit(t, `secret "B0"`, `secret "B9"`)
			f.edit(t, `secret "B1"`, `secret "B0"`)
			f.edit(t, `secret "B9"`, `secret "B1"`)
		}, more: sealed(1, 1), changed: "b reseal"},
		{name: "the name of a blind secret", change: edit(`secret "C1"`, `secret "C_RENAMED"`), more: moved(1, 4), changed: "c reseal"},
		{name: "the name of a function", change: edit(`function "b"`, `function "z"`), more: sealed(1, 1), changed: "b remove, z add"},
		{name: "deployed_as", change: edit(`kms_key = "alias/a"`, "kms_key = \"alias/a\"\n  deployed_as = \"shop-a\""), more: sealed(2, 1), changed: "a remove, shop-a add"},
		{name: "a field", change: edit(`parameter = "/shop/json"`, "parameter = \"/shop/json\"\n    field = \"user\""), more: sealed(2, 1), changed: "a reseal"},
		{name: "an encoding", change: edit(`secret "B2" { parameter = "/shop/b/p2" }`, "secret \"B2\" {\n    parameter = \"/shop/b/p2\"\n    encoding = \"base64\"\n  }"),
			more: sealed(1, 1), changed: "b reseal"},
		{name: "a constraint", change: edit(`parameter = "/shop/json"`, "parameter = \"/shop/json\"\n    min_length = 8"), more: sealed(2, 1), changed: "a reseal"},
		{name: "from pack to blind", change: edit(`blind = false`, `blind = true`), more: moved(1, 4), changed: "b reseal"},
		{name: "from blind to pack", change: edit(`blind = true`, `blind = false`), more: sealed(1, 1), changed: "c reseal"},
		// 18 values of a and b together, and 5 ciphertexts of c.
		{name: "a secret more in a group", change: func(t *testing.T, f *fresh) {
			f.put(t, "/shop/more", "not-a-real-value")
			f.edit(t, `secret "COMMON" { parameter = "/shop/common" }`, "secret \"COMMON\" { parameter = \"/shop/common\" }\n  secret \"MORE\" { parameter = \"/shop/more\" }")
		}, more: sum(sealed(2, 2), moved(1, 5)), changed: "a reseal, b reseal, c reseal"},
		{name: "another secret in a group", change: edit(`secret "COMMON" { parameter = "/shop/common" }`, `secret "EE" { parameter = "/shop/e" }`),
			more: sum(sealed(2, 2), moved(1, 4)), changed: "a reseal, b reseal, c reseal"},
		{name: "a group less in a function", change: edit("include = [\"common\"]\n  blind = false", "blind = false"), more: sealed(1, 1), changed: "b reseal"},
		{name: "a parameter more below a path", change: func(t *testing.T, f *fresh) { f.put(t, "/shop/d/new", "not-a-real-value") },
			more: sealed(2, 1), changed: "d reseal"},
		{name: "a parameter less below a path", change: func(t *testing.T, f *fresh) { f.remove(t, "/shop/d/p3") },
			more: sealed(1, 1), looking: map[string]int{"ssm:GetParametersByPath": -1}, changed: "d reseal"},
		{name: "a new version below a path", change: func(t *testing.T, f *fresh) { f.put(t, "/shop/d/p3", "not-a-real-value-changed") },
			more: sealed(2, 1), changed: "d reseal"},
		{name: "a parameter too deep below a path", change: func(t *testing.T, f *fresh) { f.put(t, "/shop/d/deep/er", "not-a-real-value") }},
		{name: "the prefix of an import", change: edit(`prefix = "D_"`, `prefix = "OTHER_"`), more: sealed(2, 1), changed: "d reseal"},
		{name: "the path of an import", change: edit(`path = "/shop/d"`, `path = "/shop/b"`), more: sealed(1, 1),
			looking: map[string]int{"ssm:GetParametersByPath": -1, "ssm:GetParameters": -1}, changed: "d reseal"},
		{name: "a function less", change: func(t *testing.T, f *fresh) {
			f.edit(t, "function \"e\" {\n  kms_key = \"alias/e\"\n  secret \"EE\" { parameter = \"/shop/e\" }\n}\n", "")
		}, looking: map[string]int{"kms:DescribeKey": -1}, changed: "e remove"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFresh(t, aFewOfEverything())
			// 29 values of a, b, d and e in 4 boxes, and 4 ciphertexts of c.
			_, layer := f.changes(t, sum(calls(1, 5, 0, 3, 4), moved(1, 4), map[string]int{"ssm:GetParametersByPath": 2, "lambda:ListLayerVersions": 1}))
			f.publish(t, layer)
			published := documents(t, layer)

			c.change(t, f)
			f.run(t, func(b *pipeline.Build) (*pipeline.Built, problem.Problems) { return planned(t.Context(), b) }, sum(looked, c.looking))
			changes, layer := f.changes(t, sum(looked, c.looking, c.more))
			var changed []string
			now := documents(t, layer)
			for _, change := range changes {
				if change.Action != plan.Carry {
					changed = append(changed, change.Name+" "+string(change.Action))
				}
				if same := bytes.Equal(published[change.Name], now[change.Name]); same != (change.Action == plan.Carry) {
					t.Errorf("%s, to %s: the same bytes: %t", change.Name, change.Action, same)
				}
			}
			if got := strings.Join(changed, ", "); got != c.changed {
				t.Errorf("changed are %q, want %q", got, c.changed)
			}

			// The next run has nothing to do.
			f.publish(t, layer)
			changes, again := f.changes(t, sum(looked, c.looking))
			if !bytes.Equal(layer, again) || slices.ContainsFunc(changes, func(c plan.Change) bool { return c.Action != plan.Carry }) {
				t.Error("the run after it changed something")
			}
		})
	}
}

// sum adds up calls.
func sum(all ...map[string]int) map[string]int {
	total := make(map[string]int)
	for _, some := range all {
		for name, n := range some {
			total[name] += n
		}
	}
	maps.DeleteFunc(total, func(_ string, n int) bool { return n == 0 })
	return total
}

// changes builds as a runner that has only the published layer.
func (f *fresh) changes(t *testing.T, want map[string]int) (changes []plan.Change, layer []byte) {
	t.Helper()
	layer = f.run(t, func(b *pipeline.Build) (*pipeline.Built, problem.Problems) {
		result, problems := b.Run(t.Context())
		if result != nil {
			changes = result.Changes
		}
		return result, problems
	}, want)
	return changes, layer
}

func (f *fresh) publish(t *testing.T, layer []byte) {
	t.Helper()
	if _, err := publish.New(f.cfg, awslocal.Account).Publish(t.Context(), "shop", "", layer); err != nil {
		t.Fatal(err)
	}
}

// edit replaces every occurrence of a string in the manifest.
func (f *fresh) edit(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(f.manifest)
	if err == nil && !bytes.Contains(text, []byte(from)) {
		t.Fatalf("the manifest does not have %q", from)
	}
	if err == nil {
		err = os.WriteFile(f.manifest, bytes.ReplaceAll(text, []byte(from), []byte(to)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fresh) arn(t *testing.T, alias string) string {
	t.Helper()
	key, err := kms.NewFromConfig(f.cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		t.Fatal(err)
	}
	return *key.KeyMetadata.Arn
}

func (f *fresh) remove(t *testing.T, name string) {
	t.Helper()
	if _, err := ssm.NewFromConfig(f.cfg).DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
}

// documents returns the documents of a layer by their names.
func documents(t *testing.T, layer []byte) map[string][]byte {
	t.Helper()
	unpacked, err := layerbuild.Read(layer)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, d := range unpacked.Documents {
		all[d.Header.Name] = d.Bytes()
	}
	return all
}
