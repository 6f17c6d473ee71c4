package rollout_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awslocal"
	awslambda "github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/rollout"
)

// planted stands in the environment of every function.
const planted = "planted-4711"

const (
	region   = "us-east-1"
	layer    = "arn:aws:lambda:us-east-1:000000000000:layer:shop"
	foreign  = "arn:aws:lambda:us-east-1:000000000000:layer:tracing:1"
	awsLayer = "arn:aws:lambda:::awslayer:AmazonLinux1803"
)

// A world is an embedded AWS in the bubble of a test, without a network, and what a rollout did there.
type world struct {
	t      *testing.T
	server *awslocal.Server
	client *lambda.Client // as another tool

	mu     sync.Mutex
	calls  []string // of rollouts, in order
	before func(call string, n int) error
	after  func(call string, n int) error
}

func newWorld(t *testing.T, o ...awslocal.Option) *world {
	t.Helper()
	server, err := awslocal.New(append([]awslocal.Option{awslocal.WithFunctionTimes(3*time.Second, 20*time.Second)}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &world{t: t, server: server}
	w.client = lambda.NewFromConfig(w.config(transport(w.serve)))
	for range 3 {
		w.publishLayer("shop")
	}
	w.publishLayer("tracing")
	return w
}

type transport func(r *http.Request) (*http.Response, error)

func (f transport) Do(r *http.Request) (*http.Response, error) { return f(r) }

func (w *world) config(client aws.HTTPClient) aws.Config {
	id, key := w.server.Credentials()
	return aws.Config{
		Region: region, BaseEndpoint: aws.String("http://127.0.0.1:1"), Credentials: credentials.NewStaticCredentialsProvider(id, key, ""), HTTPClient: client,
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.RateLimiter = 8, ratelimit.None })
		},
	}
}

// serve answers a request.
func (w *world) serve(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	w.server.ServeHTTP(out, in)
	return out.Result(), nil
}

// errLost is what becomes of an answer that is lost.
var errLost = errors.New("connection reset")

// hooked answers a request of a rollout, with whatever happens before and after it.
func (w *world) hooked(r *http.Request) (*http.Response, error) {
	call := callOf(r)
	w.mu.Lock()
	w.calls = append(w.calls, call)
	n := 0
	for _, c := range w.calls {
		if c == call {
			n++
		}
	}
	before, after := w.before, w.after
	w.mu.Unlock()
	if before != nil {
		if err := before(call, n); err != nil {
			return nil, err
		}
	}
	res, err := w.serve(r)
	if err == nil && after != nil {
		if lost := after(call, n); lost != nil {
			_ = res.Body.Close()
			return nil, lost
		}
	}
	return res, err
}

// callOf is the operation of a request.
func callOf(r *http.Request) string {
	path := r.URL.Path
	last := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case strings.Contains(path, "/tags/"):
		return "ListTags"
	case strings.Contains(path, "/functions/") && last == "code-signing-config":
		return "GetFunctionCodeSigningConfig"
	case strings.Contains(path, "code-signing-configs"):
		return "GetCodeSigningConfig"
	case last == "configuration" && r.Method == http.MethodPut:
		return "UpdateFunctionConfiguration"
	case last == "configuration":
		return "GetFunctionConfiguration"
	case strings.Contains(path, "/layers/"):
		return "GetLayerVersion"
	case last == "versions" && r.Method == http.MethodPost:
		return "PublishVersion"
	case last == "versions":
		return "ListVersionsByFunction"
	case last == "aliases":
		return "ListAliases"
	case r.Method == http.MethodPut:
		return "UpdateAlias"
	}
	return path
}

// functions are clients for one rollout, as of a new process.
func (w *world) functions(pace *pacing.Pace) (*publish.Functions, *publish.Lambda) {
	cfg := w.config(transport(w.hooked))
	return publish.NewFunctions(cfg, awslocal.Account, pace, nil), publish.New(cfg, awslocal.Account).At(pace)
}

// job is a rollout of a new process.
func (w *world) job() *rollout.Rollout {
	f, l := w.functions(publish.NewPace())
	return &rollout.Rollout{Functions: f, Layers: l, Share: 1, Wave: 1, MaxFailures: 1}
}

// run plans and applies, and returns the rows and what is wrong in one line each.
func run(ctx context.Context, r *rollout.Rollout, version int64, names ...string) ([]*rollout.Row, []string) {
	var wants []rollout.Want
	for _, name := range names {
		wants = append(wants, rollout.Want{Function: name, Layer: layer, Version: version})
	}
	p, problems := r.Plan(ctx, wants)
	if len(problems) == 0 {
		problems = p.Apply(ctx)
	}
	if p == nil {
		p = new(rollout.Plan)
	}
	var said []string
	for _, one := range problems {
		said = append(said, one.Summary+": "+one.Detail)
	}
	return p.Rows, said
}

// rows are rows in short.
func short(rows []*rollout.Row) string {
	var all []string
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%s %s %s %d>%d %s>%s", r.Function, r.Action, r.State, r.From, r.To, r.Serves, r.Next))
	}
	return strings.Join(all, "\n")
}

// Another tool.

func check[T any](w *world, out T, err error) T {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func code(content string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("index.js")
	if err == nil {
		_, err = io.WriteString(f, content)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func (w *world) publishLayer(name string) {
	w.t.Helper()
	must(w.client.PublishLayerVersion(w.t.Context(), &lambda.PublishLayerVersionInput{
		LayerName: &name, Content: &types.LayerVersionContentInput{ZipFile: code(name)},
	}))(w)
}

func must[T any](out T, err error) func(*world) T {
	return func(w *world) T { return check(w, out, err) }
}

// function makes a function with layers.
func (w *world) function(name string, layers ...string) {
	w.t.Helper()
	w.create(name, nil, layers...)
}

func (w *world) create(name string, change func(*lambda.CreateFunctionInput), layers ...string) {
	w.t.Helper()
	in := newFunction(name, layers...)
	if change != nil {
		change(in)
	}
	must(w.client.CreateFunction(w.t.Context(), in))(w)
	w.settle()
}

// live makes a function with layers, one version and the alias live of it.
func (w *world) live(name string, layers ...string) {
	w.t.Helper()
	w.function(name, layers...)
	w.release(name, "live", w.version(name))
}

// settle waits until every update has ended.
func (w *world) settle() { time.Sleep(30 * time.Second) }

func (w *world) version(name string) string {
	w.t.Helper()
	return *must(w.client.PublishVersion(w.t.Context(), &lambda.PublishVersionInput{FunctionName: &name}))(w).Version
}

func (w *world) release(name, alias, version string, weights ...any) {
	w.t.Helper()
	routing := &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}
	for i := 0; i+1 < len(weights); i += 2 {
		routing.AdditionalVersionWeights[weights[i].(string)] = weights[i+1].(float64)
	}
	_, err := w.client.CreateAlias(w.t.Context(), &lambda.CreateAliasInput{FunctionName: &name, Name: &alias, FunctionVersion: &version, RoutingConfig: routing})
	var exists *types.ResourceConflictException
	if errors.As(err, &exists) {
		_, err = w.client.UpdateAlias(w.t.Context(), &lambda.UpdateAliasInput{FunctionName: &name, Name: &alias, FunctionVersion: &version, RoutingConfig: routing})
	}
	check(w, 0, err)
}

// setCode changes the code of $LATEST, even if it is being changed.
func (w *world) setCode(name, content string) {
	w.t.Helper()
	w.patiently(func() error {
		_, err := w.client.UpdateFunctionCode(w.t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code(content)})
		return err
	})
}

// set changes the configuration of $LATEST, even if it is being changed.
func (w *world) set(name string, change func(*lambda.UpdateFunctionConfigurationInput)) {
	w.t.Helper()
	in := &lambda.UpdateFunctionConfigurationInput{FunctionName: &name}
	change(in)
	w.patiently(func() error {
		_, err := w.client.UpdateFunctionConfiguration(w.t.Context(), in)
		return err
	})
}

func (w *world) patiently(do func() error) {
	w.t.Helper()
	for range 60 {
		err := do()
		var busy *types.ResourceConflictException
		if !errors.As(err, &busy) {
			check(w, 0, err)
			return
		}
		time.Sleep(time.Second)
	}
	w.t.Fatal("the function is busy for ever")
}

func (w *world) setLayers(name string, layers ...string) {
	w.t.Helper()
	w.set(name, func(in *lambda.UpdateFunctionConfigurationInput) { in.Layers = append([]string{}, layers...) })
}

// at is the ARN of a version of the layer.
func at(version int64) string { return layer + ":" + strconv.FormatInt(version, 10) }

// layersOf are the layers of a version of a function.
func (w *world) layersOf(name, qualifier string) []string {
	w.t.Helper()
	return layersOf(must(w.client.GetFunctionConfiguration(w.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: &qualifier}))(w).Layers)
}

func layersOf(all []types.Layer) []string {
	var arns []string
	for _, l := range all {
		arns = append(arns, *l.Arn)
	}
	return arns
}

// codeOf is the digest of the code of a version.
func (w *world) codeOf(name, qualifier string) string {
	w.t.Helper()
	return *must(w.client.GetFunctionConfiguration(w.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: &qualifier}))(w).CodeSha256
}

// serves is what an alias points to: "2", or "1 2:0.1" with weights.
func (w *world) serves(name, alias string) string {
	w.t.Helper()
	out := must(w.client.GetAlias(w.t.Context(), &lambda.GetAliasInput{FunctionName: &name, Name: &alias}))(w)
	text := *out.FunctionVersion
	if out.RoutingConfig != nil {
		for v, weight := range out.RoutingConfig.AdditionalVersionWeights {
			text += fmt.Sprintf(" %s:%v", v, weight)
		}
	}
	return text
}

// versions are the numbers of the versions of a function.
func (w *world) versions(name string) []string {
	w.t.Helper()
	var all []string
	for _, v := range must(w.client.ListVersionsByFunction(w.t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: &name}))(w).Versions {
		all = append(all, *v.Version)
	}
	return all
}

// made are the calls of rollouts since the last look.
func (w *world) made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.calls
	w.calls = nil
	return all
}

// expect compares what a function has with what it should have.
func (w *world) expect(name string, latest []string, serves string, served []string) {
	w.t.Helper()
	if got := w.layersOf(name, "$LATEST"); !slices.Equal(got, latest) {
		w.t.Errorf("%s: $LATEST has %v, not %v", name, got, latest)
	}
	if serves == "" {
		return
	}
	if got := w.serves(name, "live"); got != serves {
		w.t.Errorf("%s: live serves %s, not %s", name, got, serves)
	}
	if got := w.layersOf(name, "live"); !slices.Equal(got, served) {
		w.t.Errorf("%s: live has %v, not %v", name, got, served)
	}
}

// newFunction is the request for a function.
func newFunction(name string, layers ...string) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/function"), Handler: aws.String("index.handler"),
		Runtime: types.RuntimeNodejs22x, Code: &types.FunctionCode{ZipFile: code("one")}, Layers: layers, Environment: pinned(""),
	}
}

// pinned are environment variables with BUNDLE_SECRETS_SHA256, unless it is "".
func pinned(sha256 string) *types.Environment {
	variables := map[string]string{"TOKEN": planted}
	if sha256 != "" {
		variables["BUNDLE_SECRETS_SHA256"] = sha256
	}
	return &types.Environment{Variables: variables}
}

var failure = awslambda.Failure{Reason: planted, Code: "InvalidSubnet"}

var capacity = &types.CapacityProviderConfig{LambdaManagedInstancesCapacityProviderConfig: &types.LambdaManagedInstancesCapacityProviderConfig{
	CapacityProviderArn: aws.String("arn:aws:lambda:us-east-1:000000000000:capacity-provider:x"),
}}
