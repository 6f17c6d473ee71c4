package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
)

// stateFolder is where the embedded AWS keeps its state, beside the manifest.
const stateFolder = pipeline.StateFolder

// layerTimeout is how long one call may take that moves a layer, of 50 MB at
// the most: that is 3 Mbit/s.
const layerTimeout = 3 * time.Minute

type sessionOptions struct {
	endpoint string        // --endpoint-url
	data     string        // --data; "" for beside the manifest
	tps      *float64      // --ssm-tps
	beside   *param.Source // of another session in the same account and region; nil for none
	debug    bool
	rights   rights   // what a role is assumed for
	accounts []string // --allow-key-account
}

// sessionFlags reads the flags that say how AWS is to be called, and for how
// long.
func sessionFlags(c *cli.Context) (o sessionOptions, limit time.Duration, err error) {
	if limit, err = timeout(c); err != nil {
		return o, 0, err
	}
	o = sessionOptions{endpoint: text(c, "endpoint-url"), data: text(c, "data"), debug: c.Bool("debug"), accounts: c.StringSlice("allow-key-account")}
	o.tps, err = pace(c)
	return o, limit, err
}

// A session is the AWS of one environment, embedded or real, as the pipeline
// wants it.
type session struct {
	account    string // the one the environment is for
	identity   func(context.Context) (awsclient.Identity, error)
	caller     func(context.Context) (string, error) // its account
	parameters *param.Source
	looking    *param.Source // refuses to send a request for a decrypted value
	keys       pipeline.Keys
	blind      pipeline.Blind
	layers     *publish.Lambda
	doctor     *doctor.Doctor
	calls      *awsclient.Calls
	close      func()
}

// begin makes the session of a command by its flags, for no longer than
// --timeout, with those rights of the environment's role. end closes it.
func (a *app) begin(c *cli.Context, module *manifest.Module, m *manifest.Manifest, of rights) (ctx context.Context, s *session, end func(), err error) {
	options, limit, err := sessionFlags(c)
	if err != nil {
		return nil, nil, nil, err
	}
	options.rights = of
	ctx, cancel := context.WithTimeout(c.Context, limit)
	if s, err = a.connect(ctx, module, m, options); err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return ctx, s, func() { s.close(); cancel() }, nil
}

// connect makes a session. It starts the embedded AWS where the environment
// is an embedded one, and makes no other call.
func (a *app) connect(ctx context.Context, module *manifest.Module, m *manifest.Manifest, o sessionOptions) (*session, error) {
	s := &session{account: m.Environment.AccountID.Value, calls: new(awsclient.Calls), close: func() {}}
	options := awsclient.Options{
		Region: m.Environment.Region(), Role: a.roleOf(m, o), EndpointURL: o.endpoint,
		Calls: s.calls, Version: version(), Environ: a.environ, Terminal: a.attended(),
	}
	if o.debug {
		options.Debug = a.stderr.Text()
	}
	if seed := m.Environment.Embedded; seed.Value != "" {
		if o.endpoint != "" {
			return nil, usagef("environment %q is embedded and starts its own AWS; leave --endpoint-url out", m.Environment.Name.Value)
		}
		local, err := openEmbedded(ctx, module.Dir(), cmp.Or(o.data, filepath.Join(module.Dir(), stateFolder)), seed)
		if err != nil {
			return nil, err
		}
		id, key := local.Credentials()
		s.account, s.close = awslocal.Account, func() { _ = local.Close() }
		options.Local, options.EndpointURL, options.Static = true, local.URL(), &awsclient.Static{ID: id, Key: key}
	}
	cfg, err := awsclient.New(ctx, options)
	if err != nil {
		s.close()
		return nil, configurationProblem(written(&m.Environment.Range), err)
	}
	embedded := s.close
	s.close = func() { awsclient.CloseIdle(cfg); embedded() }
	s.identity = func(ctx context.Context) (awsclient.Identity, error) {
		return awsclient.Caller(ctx, cfg)
	}
	s.caller = func(ctx context.Context) (string, error) {
		who, err := s.identity(ctx)
		return who.Account, err
	}
	s.parameters = param.New(cfg, param.Options{Account: s.account, TPS: o.tps, Beside: o.beside})
	s.looking = s.parameters.Looking(cfg)
	s.keys = seal.New(cfg)
	s.blind = pipeline.Blind{Parameters: s.parameters.Blind(cfg), Keys: seal.NewBlind(cfg)}
	s.layers = publish.New(awsclient.WithTimeout(cfg, layerTimeout), s.account)
	s.doctor = doctor.New(cfg)
	return s, nil
}

// attended is standard error where somebody sees it, and can answer what asks
// there.
func (a *app) attended() io.Writer {
	if a.ci() || terminal(a.stderr) == 0 {
		return nil
	}
	return a.stderr.Text()
}

// sentence makes an error one.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// configurationProblem says what is wrong with how AWS is to be reached, at a
// place in the manifest or nowhere.
func configurationProblem(at *hcl.Range, err error) error {
	d := hcl.Diagnostic{Severity: hcl.DiagError, Subject: at}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return failed(pipeline.Problems{problem.FromAWS(err, problem.Resource{}, at)})
	case errors.Is(err, awsclient.ErrEndpointOverride):
		d.Summary = "Endpoint overridden"
		d.Detail = fmt.Sprintf("Calls would go elsewhere: %v. Whoever listens there would receive every secret, so it is refused in a real account. "+
			"Unset it; if it is meant, pass the address with --endpoint-url.", err)
		return failed(pipeline.Problems{{Kind: pipeline.Manifest, Diagnostic: d}})
	case errors.Is(err, awsclient.ErrVariant), awsclient.IsSetting(err):
		d.Summary, d.Detail = "Wrong AWS setting", sentence(err)
		return failed(pipeline.Problems{{Kind: pipeline.Manifest, Diagnostic: d}})
	case errors.Is(err, awsclient.ErrCredentials):
		d.Summary, d.Detail = "No usable credentials", sentence(err)
		return failed(pipeline.Problems{{Kind: pipeline.Access, Diagnostic: d}})
	}
	return usagef("%v", err)
}

// openEmbedded gives a client of the embedded AWS of a manifest in dir, with its
// state in data: of the one that bundle local serve has running, or of one that it
// starts.
func openEmbedded(ctx context.Context, dir, data string, seed manifest.Text) (*awslocal.Client, error) {
	refuse := func(summary, detail string) error {
		return failed(pipeline.Problems{{Kind: pipeline.Manifest, Diagnostic: hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &seed.Range,
		}}})
	}
	content, err := readBelow(dir, seed.Value)
	if err != nil {
		return nil, refuse("Sample values cannot be read", fmt.Sprintf("embedded names %q, which cannot be read: %v.", seed.Value, err))
	}
	client, err := awslocal.Attach(ctx, data, awslocal.WithSeed(content))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, inUse(data, &seed.Range)
	}
	if err != nil {
		return nil, refuse("Embedded AWS cannot start", fmt.Sprintf("%v%s.", err, elsewhere(err)))
	}
	return client, nil
}

// inUse says that the state of an embedded AWS was not to be had in time.
func inUse(data string, at *hcl.Range) error {
	return failed(pipeline.Problems{problem.New(pipeline.Unavailable, at, "Out of time", fmt.Sprintf(
		"The run took longer than --timeout. Last, it waited for %s, which another run is using. Wait for that, or name another folder with --data.", data))})
}

// elsewhere says what to do where the state of an embedded AWS cannot be written.
func elsewhere(err error) string {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) {
		return ". Its state needs a folder that is writable: name one with --data"
	}
	return ""
}

// dataFlag returns the flag of commands that open the embedded AWS of an
// environment.
func dataFlag() cli.Flag {
	return textFlag("data", "DIR", "the state folder of the embedded AWS: by default .bundle-local beside the manifest", "")
}

// checkData refuses a state folder that no target has a use for.
func checkData(c *cli.Context, targets []*target) error {
	embedded := func(t *target) bool { return len(t.problems) > 0 || t.manifest.Environment.Embedded.Value != "" }
	if c.Generic("data") != nil && given(c, "data") && !slices.ContainsFunc(targets, embedded) {
		return usagef("--data is the state folder of the embedded AWS, and no environment here is embedded: leave it out")
	}
	return nil
}

// readBelow reads a file of the manifest's folder, and nothing that a link
// leads to outside of it.
func readBelow(dir, path string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.FromSlash(path)
	info, err := root.Stat(name) // before it is opened: to open a pipe is to wait for its other end
	if err == nil {
		err = plainfile.Check(info.Mode())
	}
	if err != nil {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 16 << 20
	return io.ReadAll(io.LimitReader(f, most))
}
