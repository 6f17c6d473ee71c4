package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A sample is a manifest with its parameters and keys. Every value in it is made
// up.
type sample struct {
	manifest   strings.Builder
	Keys       []sampleKey       `json:"keys"`
	Parameters []sampleParameter `json:"parameters"`
	Secrets    []sampleSecret    `json:"secrets,omitempty"`
}

type sampleKey struct {
	Alias string `json:"alias"`
}

type sampleParameter struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	KeyID string `json:"key_id"`
	Tier  string `json:"tier"`
	Value string `json:"value"`
}

func newSample() *sample {
	s := &sample{Keys: []sampleKey{{"alias/parameters"}}, Parameters: []sampleParameter{}}
	s.manifest.WriteString("bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\n")
	return s
}

func (s *sample) writef(format string, args ...any) { fmt.Fprintf(&s.manifest, format, args...) }

func (s *sample) key(alias string) { s.Keys = append(s.Keys, sampleKey{alias}) }

func (s *sample) put(name, value string) {
	s.Parameters = append(s.Parameters, sampleParameter{name, "SecureString", "alias/parameters", "Intelligent-Tiering", value})
}

func (s *sample) seed(tb testing.TB) []byte {
	tb.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// A world is an embedded AWS with a sample, and the sample's manifest.
type world struct {
	server   *awslocal.Server
	url      string
	manifest string // path
}

func newWorld(tb testing.TB, s *sample, o ...awslocal.Option) *world {
	tb.Helper()
	w := &world{manifest: filepath.Join(tb.TempDir(), "secrets.hcl")}
	if err := os.WriteFile(w.manifest, []byte(s.manifest.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	var err error
	if w.server, err = awslocal.New(append(o, awslocal.WithSeed(s.seed(tb)))...); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = w.server.Close() })
	if w.url, err = w.server.Start("127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	return w
}

// put puts a new version of a parameter, as another program would.
func (w *world) put(t *testing.T, name, value string) {
	t.Helper()
	id, key := w.server.Credentials()
	cfg, err := awsclient.New(t.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: w.url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.APIOptions = nil // they allow only the calls of bundle
	_, err = ssm.NewFromConfig(cfg).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeSecureString, KeyId: aws.String("alias/parameters"), Overwrite: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A build is one run of the whole pipeline, from the manifest's text to the
// layer's bytes, with its own clients, as in one process.
type build struct {
	url     string
	id, key string
	path    string   // of the manifest
	tps     *float64 // nil: the default pace
}

func (w *world) build() build {
	id, key := w.server.Credentials()
	unlimited := 0.0
	return build{url: w.url, id: id, key: key, path: w.manifest, tps: &unlimited}
}

func (b build) run(ctx context.Context, previous *layerbuild.Layer) (layer []byte, calls map[string]int, err error) {
	p, counted, err := b.pipeline(ctx, previous)
	if err != nil {
		return nil, nil, err
	}
	result, problems := p.Run(ctx)
	if len(problems) > 0 {
		return nil, nil, problemsError(problems)
	}
	layer, problems = pipeline.Assemble(&layerbuild.Layer{Documents: result.Documents})
	if len(problems) > 0 {
		return nil, nil, problemsError(problems)
	}
	return layer, counted.Snapshot(), nil
}

// pipeline returns a Build with its clients, and the counter of its calls.
func (b build) pipeline(ctx context.Context, previous *layerbuild.Layer) (*pipeline.Build, *awsclient.Calls, error) {
	module, diags := manifest.Load(b.path, manifest.Options{})
	if diags.HasErrors() {
		return nil, nil, diags
	}
	m, diags := module.Evaluate("local")
	if diags.HasErrors() {
		return nil, nil, diags
	}
	counted := new(awsclient.Calls)
	cfg, err := awsclient.New(ctx, awsclient.Options{
		Region: awslocal.Region, EndpointURL: b.url, Local: true, Static: &awsclient.Static{ID: b.id, Key: b.key}, Calls: counted,
	})
	if err != nil {
		return nil, nil, err
	}
	stores, blind := storesOf(cfg, param.Options{Account: awslocal.Account, TPS: b.tps})
	return &pipeline.Build{
		Scope: pipeline.Scope{
			Manifest: m, Region: awslocal.Region, Account: awslocal.Account, Observer: unobserved{},
			Caller: func(ctx context.Context) (string, error) {
				who, err := awsclient.Caller(ctx, cfg)
				return who.Account, err
			},
		},
		Parameters: stores, Keys: seal.New(cfg), Previous: pipeline.Previous{Layer: previous},
		Blind: pipeline.Blind{Parameters: blind, Keys: seal.NewBlind(cfg)},
	}, counted, nil
}

// storesOf returns what builds read in an embedded AWS.
func storesOf(cfg aws.Config, o param.Options) (pipeline.Stores, pipeline.BlindStores) {
	parameters, secrets := param.New(cfg, o), secretsmanager.New(cfg, secretsmanager.Options{Account: awslocal.Account})
	return pipeline.Stores{Parameters: parameters, Secrets: secrets},
		pipeline.BlindStores{Parameters: parameters.Blind(cfg), Secrets: secrets.Looking(cfg)}
}

// planned returns the plan of a build.
func planned(ctx context.Context, b *pipeline.Build) (*pipeline.Built, problem.Problems) {
	p := &pipeline.Plan{
		Scope: b.Scope, Parameters: b.Parameters, Keys: b.Keys, Blind: b.Blind.Parameters, Layers: b.Layers, Previous: b.Previous,
		Reseal: b.Reseal, AllowRollback: b.AllowRollback, RequireBlind: b.RequireBlind,
	}
	result, problems := p.Run(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	return &pipeline.Built{Result: *result}, nil
}

type unobserved struct{}

func (unobserved) Progress(pipeline.Step, int, int) {}

func problemsError(problems problem.Problems) error {
	return fmt.Errorf("%d problems, the first: %s: %s", len(problems), problems[0].Summary, problems[0].Detail)
}

// expect builds, and checks that the server saw exactly these calls.
func (w *world) expect(t *testing.T, previous []byte, want map[string]int) []byte {
	t.Helper()
	var carry *layerbuild.Layer
	if previous != nil {
		var err error
		if carry, err = layerbuild.Read(previous); err != nil {
			t.Fatal(err)
		}
	}
	w.server.ResetCalls()
	layer, counted, err := w.build().run(t.Context(), carry)
	if err != nil {
		t.Fatal(err)
	}
	seen := w.server.Calls()
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("calls of the build (-want +seen by the server):\n%s", diff)
	}
	// --json reports what the client counts, so it must be right.
	maps.DeleteFunc(seen, func(name string, _ int) bool { return strings.HasSuffix(name, "(decrypt)") })
	if diff := cmp.Diff(seen, counted); diff != "" {
		t.Errorf("calls (-seen by the server +counted by the client):\n%s", diff)
	}
	return layer
}

func calls(identity, describe, plain, decrypting, encrypt int) map[string]int {
	all := map[string]int{
		"sts:GetCallerIdentity": identity, "kms:DescribeKey": describe, "ssm:GetParameters": plain + decrypting,
		"ssm:GetParameters(decrypt)": decrypting, "kms:Encrypt": encrypt,
	}
	maps.DeleteFunc(all, func(_ string, n int) bool { return n == 0 })
	return all
}

func with(all map[string]int, name string, n int) map[string]int {
	all[name] = n
	return all
}

// functions writes a manifest of unique parameters: number 0 is in every
// function, the others are divided into chunks. The second and third function
// share a key. Number 1 is too long for one box. The last is optional and missing,
// but must still be read.
func functions(unique, chunk int) *sample {
	s := newSample()
	s.put("/common", "not-a-real-value")
	for i := 1; i < unique; i++ {
		if i == unique-1 {
			continue
		}
		value := fmt.Sprintf("not-a-real-value-%d", i)
		if i == 1 {
			value = strings.Repeat(value, 5000/len(value))
		}
		s.put(fmt.Sprintf("/shop/p%d", i), value)
	}
	for f := 0; f == 0 || 1+f*chunk < unique; f++ {
		key := f
		if f == 2 {
			key = 1
		}
		if key == f {
			s.key(fmt.Sprintf("alias/f%d", f))
		}
		s.writef("function \"f%d\" {\n  kms_key = \"alias/f%d\"\n", f, key)
		if f == 1 || f == 2 {
			s.writef("  shared_key = true\n")
		}
		// Two spellings of one name.
		s.writef("  secret \"COMMON\" { parameter = %q }\n", []string{"/common", "common"}[f%2])
		for i := 1 + f*chunk; i < min(1+(f+1)*chunk, unique); i++ {
			s.writef("  secret \"P%d\" {\n    parameter = \"/shop/p%d\"\n    optional = %t\n  }\n", i, i, i == unique-1)
		}
		s.writef("}\n")
	}
	return s
}

func TestBuildMakesNoCallTooMany(t *testing.T) {
	for _, c := range []struct {
		unique, chunk         int
		keys, reads, boxes    int // of all functions
		changed               string
		oneReads, oneBoxes    int // of the only function with the changed parameter
		commonReads, ofCommon int // of all functions, which all have the common one; a missing one is not read again
	}{
		{unique: 1, chunk: 7, keys: 1, reads: 1, boxes: 1, changed: "/common", oneReads: 1, oneBoxes: 1, commonReads: 1, ofCommon: 1},
		{unique: 10, chunk: 7, keys: 2, reads: 1, boxes: 4, changed: "/shop/p2", oneReads: 1, oneBoxes: 3, commonReads: 1, ofCommon: 4},
		{unique: 11, chunk: 7, keys: 2, reads: 2, boxes: 4, changed: "/shop/p2", oneReads: 1, oneBoxes: 3, commonReads: 1, ofCommon: 4},
		{unique: 20, chunk: 7, keys: 2, reads: 2, boxes: 5, changed: "/shop/p2", oneReads: 1, oneBoxes: 3, commonReads: 2, ofCommon: 5},
		{unique: 21, chunk: 7, keys: 2, reads: 3, boxes: 5, changed: "/shop/p2", oneReads: 1, oneBoxes: 3, commonReads: 2, ofCommon: 5},
		{unique: 1000, chunk: 23, keys: 43, reads: 100, boxes: 46, changed: "/shop/p2", oneReads: 3, oneBoxes: 3, commonReads: 100, ofCommon: 46},
	} {
		t.Run(fmt.Sprint(c.unique), func(t *testing.T) {
			w := newWorld(t, functions(c.unique, c.chunk))
			first := w.expect(t, nil, calls(1, c.keys, 0, c.reads, c.boxes))
			if again := w.expect(t, first, calls(1, c.keys, c.reads, 0, 0)); !bytes.Equal(first, again) {
				t.Error("an unchanged build wrote other bytes")
			}
			w.put(t, c.changed, "not-a-real-value-changed")
			second := w.expect(t, first, calls(1, c.keys, c.reads, c.oneReads, c.oneBoxes))
			if again := w.expect(t, second, calls(1, c.keys, c.reads, 0, 0)); !bytes.Equal(second, again) {
				t.Error("an unchanged build after a changed one wrote other bytes")
			}
			w.put(t, "/common", "not-a-real-value-changed-for-all")
			w.expect(t, second, calls(1, c.keys, c.reads, c.commonReads, c.ofCommon))
		})
	}
}

func TestBuildListsEachPathOnce(t *testing.T) {
	s := newSample()
	for i := range 12 {
		s.put(fmt.Sprintf("/shop/mail/p%d", i), "not-a-real-value")
	}
	s.put("/shop/mail/deep/er", "not-a-real-value")
	for _, name := range []string{"f0", "f1", "f2"} {
		s.key("alias/" + name)
		s.writef("function %q {\n  kms_key = \"alias/%s\"\n  parameters {\n    path = \"/shop/mail\"\n    prefix = \"MAIL_\"\n    recursive = %t\n  }\n}\n",
			name, name, name != "f2")
	}
	w := newWorld(t, s)
	// Two pages of the path with recursion, two without.
	first := w.expect(t, nil, with(calls(1, 3, 0, 2, 3), "ssm:GetParametersByPath", 4))
	if again := w.expect(t, first, with(calls(1, 3, 2, 0, 0), "ssm:GetParametersByPath", 4)); !bytes.Equal(first, again) {
		t.Error("an unchanged build wrote other bytes")
	}
	// A change that only two functions import does not concern the third.
	w.put(t, "/shop/mail/deep/er", "not-a-real-value-changed")
	second := w.expect(t, first, with(calls(1, 3, 2, 2, 2), "ssm:GetParametersByPath", 4))
	w.put(t, "/shop/mail/deep/more", "not-a-real-value")
	third := w.expect(t, second, with(calls(1, 3, 2, 2, 2), "ssm:GetParametersByPath", 4))
	if again := w.expect(t, third, with(calls(1, 3, 2, 0, 0), "ssm:GetParametersByPath", 4)); !bytes.Equal(third, again) {
		t.Error("an unchanged build wrote other bytes")
	}
}
