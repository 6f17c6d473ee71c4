// Package awsenv makes the clients of one environment, embedded or real.
package awsenv

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awsclient"
	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/audit"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// layerTimeout is the timeout of one call that transfers a layer. For the maximum
// of 50 MB, that is 3 Mbit/s.
const layerTimeout = 3 * time.Minute

// EmbeddedAccount is the account of embedded environments.
const EmbeddedAccount = awslocal.Account

// Options say how to call AWS.
type Options struct {
	endpoint string   // --endpoint-url
	data     string   // --data; "" for the folder next to the manifest
	tps      *float64 // --ssm-tps
	Beside   *Clients // another session in the same account and region, to share its paces; nil for none
	debug    bool
	Rights   Rights   // what a role is assumed for
	accounts []string // --allow-key-account
}

// OptionsOf reads the flags that say how to call AWS, and the limit of --timeout.
func OptionsOf(c *cli.Context) (o Options, limit time.Duration, err error) {
	if limit, err = console.Timeout(c); err != nil {
		return o, 0, err
	}
	o = Options{endpoint: console.Text(c, "endpoint-url"), data: console.Text(c, "data"), debug: c.Bool("debug"), accounts: c.StringSlice("allow-key-account")}
	o.tps, err = console.Pace(c)
	return o, limit, err
}

// Clients are the clients of one environment, embedded or real, that the pipeline
// uses.
type Clients struct {
	Account    string // of the environment
	Identity   func(context.Context) (awsclient.Identity, error)
	Caller     func(context.Context) (string, error) // the account of the caller
	Source     *param.Source                         // also describes parameters
	Parameters pipeline.Parameters
	Looking    pipeline.Versions // never requests a decrypted value
	Secrets    *secretsmanager.Source
	Listed     *secretsmanager.Listing
	Describing *secretsmanager.Source // like Secrets, but never requests a value
	Keys       pipeline.Keys
	KeyTags    pipeline.KeyTags
	Blind      pipeline.Blind
	Layers     *publish.Lambda
	Pace       *pacing.Pace // of calls to Lambda's control plane: those of Functions, and all that change functions or delete layers
	Functions  *publish.Functions
	Doctor     *doctor.Doctor
	KeysIn     func(region string) *seal.KMS // in a region of the partition
	LayersIn   func(region string) *publish.Lambda
	options    awsclient.Options
	Events     *audit.CloudTrail
	eventPace  *pacing.Pace
	calls      *awsclient.Calls
	Close      func()
}

// Begin makes the session of a command from its flags, with the given rights of the
// environment's role. The context ends after --timeout. end closes the session.
func Begin(con *console.Console, c *cli.Context, module *manifest.Module, m *manifest.Manifest, of Rights) (
	ctx context.Context, s *Clients, end func(), err error) {
	options, limit, err := OptionsOf(c)
	if err != nil {
		return nil, nil, nil, err
	}
	options.Rights = of
	ctx, cancel := context.WithTimeout(c.Context, limit)
	if s, err = Connect(con, ctx, module, m, options); err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return ctx, s, func() { s.Close(); cancel() }, nil
}

// Connect makes a session. It starts the embedded AWS if the environment is
// embedded, and makes no other call.
func Connect(con *console.Console, ctx context.Context, module *manifest.Module, m *manifest.Manifest, o Options) (*Clients, error) {
	s := &Clients{Account: m.Environment.AccountID.Value, calls: new(awsclient.Calls), Close: func() {}}
	options := awsclient.Options{
		Region: m.Environment.Region(), Role: roleOf(con, m, o), EndpointURL: o.endpoint,
		Calls: s.calls, Version: con.Version, Environ: con.Environ, Terminal: attended(con),
	}
	if o.debug {
		options.Debug = con.Stderr.Text()
	}
	if m.Environment.Embedded.Value != "" {
		if o.endpoint != "" {
			return nil, console.Usagef("environment %q is embedded and starts its own AWS; remove --endpoint-url", m.Environment.Name.Value)
		}
		changes := slices.Contains([]Rights{BuildingRights, PublishingRights, PuttingRights, RollingRights, PruningRights, OwnRights}, o.Rights)
		local, err := EmbeddedOf(module, m.Environment, o.data).open(ctx, con, !changes, m)
		if err != nil {
			return nil, err
		}
		id, key := local.Credentials()
		s.Account, s.Close = awslocal.Account, func() { _ = local.Close() }
		options.Local, options.EndpointURL, options.Static = true, local.URL(), &awsclient.Static{ID: id, Key: key}
	}
	cfg, err := awsclient.New(ctx, options)
	if err != nil {
		s.Close()
		return nil, configurationProblem(&m.Environment.Range, err)
	}
	embedded := s.Close
	s.Close = func() { awsclient.CloseIdle(cfg); embedded() }
	s.Identity = func(ctx context.Context) (awsclient.Identity, error) {
		return awsclient.Caller(ctx, cfg)
	}
	s.Caller = func(ctx context.Context) (string, error) {
		who, err := s.Identity(ctx)
		return who.Account, err
	}
	beside := Clients{Pace: publish.NewPace(), eventPace: audit.NewPace()}
	if o.Beside != nil {
		beside = *o.Beside
	}
	s.Source = param.New(cfg, param.Options{Account: s.Account, TPS: o.tps, Beside: beside.Source})
	s.Secrets = secretsmanager.New(cfg, secretsmanager.Options{Account: s.Account, Beside: beside.Secrets})
	s.Listed = s.Secrets.Listing(cfg)
	s.Describing = s.Secrets.Looking(cfg)
	s.Parameters = pipeline.Stores{Parameters: s.Source, Secrets: s.Secrets}
	s.Looking = pipeline.Stores{Parameters: s.Source.Looking(cfg), Secrets: s.Describing}
	keys := seal.New(cfg)
	s.Keys, s.KeyTags = keys, keys
	s.Blind = pipeline.Blind{Parameters: pipeline.BlindStores{Parameters: s.Source.Blind(cfg), Secrets: s.Describing}, Keys: seal.NewBlind(cfg)}
	s.Layers = publish.New(awsclient.WithTimeout(cfg, layerTimeout), s.Account)
	s.Pace = beside.Pace
	s.Functions = publish.NewFunctions(cfg, s.Account, s.Pace, beside.Functions)
	s.Doctor = doctor.New(cfg)
	s.KeysIn = func(region string) *seal.KMS {
		in := cfg.Copy()
		in.Region = region
		return seal.New(in)
	}
	s.LayersIn = func(region string) *publish.Lambda {
		in := cfg.Copy()
		in.Region = region
		return publish.New(awsclient.WithTimeout(in, layerTimeout), s.Account)
	}
	s.options = options
	s.eventPace = beside.eventPace
	s.Events = audit.New(cfg, s.eventPace)
	return s, nil
}

// Opening returns the keys in a region for a role that is assumed only to decrypt. Its session can do nothing else.
func (s *Clients) Opening(ctx context.Context, role, region string) (*seal.KMS, error) {
	options := s.options
	options.Region = region
	options.Role = awsclient.RoleToAssume{ARN: role, Policy: policy.Opening().Text()}
	cfg, err := awsclient.New(ctx, options)
	if err != nil {
		return nil, configurationProblem(nil, err)
	}
	others := s.Close
	s.Close = func() { awsclient.CloseIdle(cfg); others() }
	return seal.New(cfg), nil
}

// attended returns standard error if a person can see it and answer a prompt, and
// nil otherwise.
func attended(con *console.Console) io.Writer {
	if con.CI() || console.Terminal(con.Stderr) == 0 {
		return nil
	}
	return con.Stderr.Text()
}

// sentence turns an error into a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// configurationProblem returns what is wrong with the configuration of AWS, at a
// place in the manifest or at none.
func configurationProblem(at *hcl.Range, err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return console.Failed(problem.Problems{problem.FromAWS(err, problem.Resource{}, at)})
	case errors.Is(err, awsclient.ErrEndpointOverride):
		return console.Refuse(problem.Manifest, at, "Endpoint overridden", "Calls would not go to AWS: %v. Anyone who controls that endpoint would receive every secret, so it is not allowed in a real account. "+
			"Unset it, or pass the address with --endpoint-url to use it on purpose.", err)
	case errors.Is(err, awsclient.ErrVariant), awsclient.IsSetting(err):
		return console.Refuse(problem.Manifest, at, "Wrong AWS setting", "%s", sentence(err))
	case errors.Is(err, awsclient.ErrCredentials):
		return console.Refuse(problem.Access, at, "No usable credentials", "%s", sentence(err))
	}
	return console.Usagef("%v", err)
}
