package policy_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secretsmanager"
	"github.com/whispering/bundle/runtime/secrets"
)

// seedJSON has the parameters and keys of a small shop, and a parameter and a key of others.
const seedJSON = `{
  "keys": [{"alias": "alias/parameters"}, {"alias": "alias/hello"}, {"alias": "alias/worker"}, {"alias": "alias/foreign"}],
  "parameters": [
    {"name": "/local/shop/db", "type": "SecureString", "key_id": "alias/parameters", "values": ["not-a-real-value-0", "not-a-real-value-1"]},
    {"name": "/local/shop/token", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-2"},
    {"name": "/local/shop/mail/user", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-3"},
    {"name": "/local/shop/dbx", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-7"},
    {"name": "/local/shop/db/x", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-8"},
    {"name": "/local/other/db", "type": "SecureString", "key_id": "alias/parameters", "value": "not-a-real-value-4"},
    {"name": "/local/other/plain", "type": "SecureString", "value": "not-a-real-value-5"},
    {"name": "/local/other/text", "type": "String", "value": "not-a-real-value-6"}
  ]
}`

// manifestHCL imports one path in both spellings, because each needs a permission.
const manifestHCL = `
bundle {
  name            = "shop"
  layer           = "shop"
  layer_parameter = "/local/layers/shop"
}
environment "local" { embedded = "seed.json" }
function "hello" {
  kms_key = "alias/hello"
  blind   = %t
  secret "DB" { parameter = "/local/shop/db:1" }
  parameters {
    path      = "/local/shop/mail/"
    recursive = true
  }
}
function "worker" {
  kms_key = "alias/worker"
  blind   = %t
  secret "TOKEN" { parameter = "/local/shop/token" }
  parameters { path = "/local/shop/mail" }
}
`

// A world is an embedded AWS with the shop in it.
type world struct {
	*testing.T
	server   *awslocal.Server
	url      string
	manifest *manifest.Manifest
	setting  policy.Setting
	admin    aws.Config
	count    int // of puts
}

// The ways to build the two functions.
type modes struct{ helloBlind, workerBlind bool }

func newWorld(t *testing.T, m modes, options ...awslocal.Option) *world {
	t.Helper()
	return newWorldOf(t, seedJSON, fmt.Sprintf(manifestHCL, m.helloBlind, m.workerBlind), options...)
}

func newWorldOf(t *testing.T, seed, source string, options ...awslocal.Option) *world {
	t.Helper()
	w := &world{T: t}
	var err error
	if w.server, err = awslocal.New(append(options, awslocal.WithSeed([]byte(seed)))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Close() })
	if w.url, err = w.server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secrets.hcl")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	module, diags := manifest.Load(file, manifest.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if w.manifest, diags = module.Evaluate("local"); diags.HasErrors() {
		t.Fatal(diags)
	}
	id, key := w.server.Credentials()
	w.admin = w.config(id, key)
	w.resolve()
	return w
}

func (w *world) config(id, key string) aws.Config {
	w.Helper()
	cfg, err := awsclient.New(w.Context(), awsclient.Options{
		Region: awslocal.Region, EndpointURL: w.url, Local: true, Static: &awsclient.Static{ID: id, Key: key},
	})
	if err != nil {
		w.Fatal(err)
	}
	cfg.APIOptions = nil // they allow only the calls of bundle
	return cfg
}

// resolve resolves what bundle policy would.
func (w *world) resolve() {
	w.Helper()
	b := w.build(w.admin)
	resolve := &pipeline.Resolve{Scope: b.Scope, Keys: b.Keys, Parameters: param.New(w.admin, param.Options{Account: awslocal.Account})}
	keys, problems := resolve.FunctionKeys(w.Context())
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	w.setting = policy.Setting{
		Manifest: w.manifest, Region: awslocal.Region, Account: awslocal.Account, Keys: map[string]string{},
		FunctionRoles: map[string]string{}, BreakGlass: []string{arn("glass")},
	}
	for name, key := range keys {
		w.setting.Keys[name], w.setting.FunctionRoles[name] = key.ARN, arn(name)
	}
	sources, problems := resolve.StoredParameters(w.Context())
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	for _, s := range sources {
		w.setting.Parameters = append(w.setting.Parameters, policy.Parameter(s))
	}
}

func arn(role string) string { return "arn:aws:iam::" + awslocal.Account + ":role/" + role }

// role declares a role with a policy, and returns a configuration with its
// credentials.
func (w *world) role(name string, document policy.Document) aws.Config {
	w.Helper()
	id, key := sts.NewAccessKey("AKIA")
	role := sts.Role{Name: name, Account: awslocal.Account, AccessKeyID: id, SecretAccessKey: key}
	if len(document.Statement) > 0 {
		role.Policy = w.json(document)
	}
	return w.declare(role)
}

// roleWith declares a role with managed policies and, if it is not empty, an inline one.
func (w *world) roleWith(name string, managed []policy.Document, inline policy.Document) aws.Config {
	w.Helper()
	id, key := sts.NewAccessKey("AKIA")
	role := sts.Role{Name: name, Account: awslocal.Account, AccessKeyID: id, SecretAccessKey: key}
	for _, document := range managed {
		if len(document.Statement) == 0 {
			continue
		}
		role.Policies = append(role.Policies, w.json(document))
	}
	if len(inline.Statement) > 0 {
		role.Policy = w.json(inline)
	}
	return w.declare(role)
}

func (w *world) declare(role sts.Role) aws.Config {
	w.Helper()
	if err := w.server.PutRole(role); err != nil {
		w.Fatal(err)
	}
	return w.config(role.AccessKeyID, role.SecretAccessKey)
}

func (w *world) json(document any) []byte {
	w.Helper()
	b, err := json.Marshal(document)
	if err != nil {
		w.Fatal(err)
	}
	return b
}

func (w *world) build(cfg aws.Config) *pipeline.Build {
	stores, blind := storesOf(cfg)
	return &pipeline.Build{
		Scope: pipeline.Scope{
			Manifest: w.manifest, Region: awslocal.Region, Account: awslocal.Account, Observer: unobserved{},
			Caller: func(ctx context.Context) (string, error) {
				who, err := awsclient.Caller(ctx, cfg)
				return who.Account, err
			},
		},
		Parameters: stores, Keys: seal.New(cfg), Layers: publish.New(cfg, awslocal.Account),
		Blind: pipeline.Blind{Parameters: blind, Keys: seal.NewBlind(cfg)},
	}
}

// storesOf returns what runs with a role read.
func storesOf(cfg aws.Config) (pipeline.Stores, pipeline.BlindStores) {
	parameters := param.New(cfg, param.Options{Account: awslocal.Account, TPS: new(float64)})
	secrets := secretsmanager.New(cfg, secretsmanager.Options{Account: awslocal.Account})
	return pipeline.Stores{Parameters: parameters, Secrets: secrets},
		pipeline.BlindStores{Parameters: parameters.Blind(cfg), Secrets: secrets.Looking(cfg)}
}

type unobserved struct{}

func (unobserved) Progress(pipeline.Step, int, int) {}

// run builds and publishes with a role. From the second run on, it replaces what was
// published before.
func (w *world) run(cfg aws.Config) ([]*sealed.Document, error) {
	b := w.build(cfg)
	result, problems := b.Run(w.Context())
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	}
	layer := &layerbuild.Layer{Documents: result.Documents}
	content, problems := pipeline.Assemble(layer)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	}
	p := &pipeline.Publish{
		Scope: b.Scope, Layers: b.Layers, Pointer: param.New(cfg, param.Options{Account: awslocal.Account, TPS: new(float64)}),
		From: "layer.zip", Layer: layer, Content: content,
		Helpers: &pipeline.HelperCheck{Releases: []layerbuild.Release{{Name: "of a test"}}, Manifest: b.Manifest},
	}
	if _, problems := p.Run(w.Context()); len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	}
	return result.Documents, nil
}

func (w *world) findLayer(cfg aws.Config) error {
	_, err := publish.New(cfg, awslocal.Account).Find(w.Context(), publish.Ref{Layer: "shop"})
	return err
}

// plan plans with a role.
func (w *world) plan(cfg aws.Config) error {
	b := w.build(cfg)
	p := &pipeline.Plan{Scope: b.Scope, Parameters: b.Parameters, Keys: b.Keys, Blind: b.Blind.Parameters, Layers: b.Layers,
		Pointer: param.New(cfg, param.Options{Account: awslocal.Account})}
	planned, problems := p.Run(w.Context())
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s", problems[0].Summary, problems[0].Detail)
	}
	if s := planned.Standing; s == nil || s.Stand == pipeline.StandsUnread {
		return fmt.Errorf("where the layer's parameter stands is not known: %+v", s)
	}
	return w.findLayer(cfg)
}

// documents builds as the administrator, and returns the documents.
func (w *world) documents() map[string]*sealed.Document {
	w.Helper()
	all, err := w.run(w.admin)
	if err != nil {
		w.Fatal(err)
	}
	byName := make(map[string]*sealed.Document)
	for _, d := range all {
		byName[d.Header.Function] = d
	}
	return byName
}

// open opens a document with a role, as the helpers do.
func (w *world) open(cfg aws.Config, d *sealed.Document) error {
	w.Helper()
	dir := w.TempDir()
	file := filepath.Join(dir, filepath.FromSlash(sealed.Path(d.Header.Name)))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(file, d.Bytes(), 0o600); err != nil {
		w.Fatal(err)
	}
	as, err := cfg.Credentials.Retrieve(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	client := secrets.New(secrets.Options{Dir: dir, Environ: func() []string {
		return []string{"AWS_ENDPOINT_URL_KMS=" + w.url, "AWS_ACCESS_KEY_ID=" + as.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + as.SecretAccessKey}
	}})
	values, err := client.All(w.Context())
	if err == nil && len(values) == 0 {
		w.Error("the document opened, and nothing was in it")
	}
	return err
}

// stored returns a parameter's ciphertext.
func (w *world) stored(name string) []byte {
	w.Helper()
	out, err := ssm.NewFromConfig(w.admin).GetParameter(w.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
	if err != nil {
		w.Fatal(err)
	}
	blob, err := base64.StdEncoding.DecodeString(*out.Parameter.Value)
	if err != nil {
		w.Fatal(err)
	}
	return blob
}

func (w *world) key(alias string) *string {
	w.Helper()
	out, err := kms.NewFromConfig(w.admin).DescribeKey(w.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		w.Fatal(err)
	}
	return out.KeyMetadata.Arn
}

// putKeyPolicies gives each function's key the policy that bundle policy writes.
func (w *world) putKeyPolicies(change func(policy.Document) policy.Document) {
	w.Helper()
	for _, name := range w.setting.Functions() {
		document, err := w.setting.Key(name)
		if err != nil {
			w.Fatal(err)
		}
		_, err = kms.NewFromConfig(w.admin).PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{
			KeyId: aws.String(w.setting.Keys[name]), Policy: aws.String(string(w.json(change(document)))),
		})
		if err != nil {
			w.Fatal(err)
		}
	}
}

func same(d policy.Document) policy.Document { return d }

// code returns AWS's code of an error.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
