package awsclient

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"

	"github.com/whispering/bundle/internal/awsfault"
)

// Static is an access key that is given explicitly.
type Static struct{ ID, Key string }

// Options says where calls go and with which identity.
type Options struct {
	Region string       // required
	Role   RoleToAssume // with the credentials found

	// EndpointURL receives all calls instead of AWS's own endpoints: https, or
	// http on a loopback address. "" for AWS.
	EndpointURL string

	// Local says that the calls are for the embedded AWS. Then EndpointURL must be
	// on a loopback address, Static must be set, and neither the environment nor
	// profiles are read. Static is refused without Local.
	Local  bool
	Static *Static

	Timeout time.Duration // of one attempt, including the reply; 0 means 10 s
	Calls   *Calls        // counts every attempt; may be nil
	Debug   io.Writer     // gets one line per attempt; may be nil

	// Terminal shows what a credential_process writes to its standard error to a
	// person who can answer it. If it is nil, nothing of it is shown.
	Terminal io.Writer

	Version string // of bundle, for the user agent

	// Environ is the environment that is checked, in the form of os.Environ; nil
	// for the process's own. The SDK always reads the process's own.
	Environ []string

	attempts int // of one call; 0 means maxAttempts
}

// New returns a configuration for the clients of AWS services. It makes no
// calls. Its error wraps ErrEndpointOverride if the environment or a profile
// redirects calls, and is a CredentialsError if the configuration of credentials
// is wrong.
func New(ctx context.Context, o Options) (aws.Config, error) {
	if o.Region == "" {
		return aws.Config{}, errors.New("no region")
	}
	if o.Local != (o.Static != nil) {
		return aws.Config{}, errors.New("only the embedded AWS needs its own credentials")
	}
	if o.EndpointURL != "" || o.Local {
		if err := checkEndpoint(o.EndpointURL, o.Local); err != nil {
			return aws.Config{}, err
		}
	}
	base := embedded
	if !o.Local {
		base = found
	}
	cfg, err := base(ctx, o)
	if err != nil {
		return aws.Config{}, err
	}

	cfg.BaseEndpoint = nil
	if o.EndpointURL != "" {
		cfg.BaseEndpoint = aws.String(o.EndpointURL)
	}
	cfg.ConfigSources = append([]any{noConfiguredEndpoints{}}, cfg.ConfigSources...)
	cfg.HTTPClient = withoutRedirects(cfg.HTTPClient, o.timeout())
	cfg.Retryer = o.retryer
	cfg.RetryMaxAttempts, cfg.RetryMode = 0, ""
	cfg.Logger, cfg.ClientLogMode = logging.Nop{}, 0 // the SDK's logger bypasses printable.Stream
	cfg.AppID = o.appID()
	if !o.Local {
		if err := o.provide(&cfg); err != nil {
			return aws.Config{}, err
		}
	}
	if o.Role.ARN != "" {
		cfg.Credentials = assume(cfg, o.Role, o.environ())
	}
	return cfg, nil
}

// embedded returns the configuration for the embedded AWS, from Options alone.
func embedded(_ context.Context, o Options) (aws.Config, error) {
	return aws.Config{
		Region:      o.Region,
		Credentials: credentials.NewStaticCredentialsProvider(o.Static.ID, o.Static.Key, ""),
		HTTPClient:  newHTTPClient(o.timeout()),
		APIOptions:  (&recorder{calls: o.Calls, debug: o.Debug}).options(),
	}, nil
}

// found returns the configuration from the environment and the profile, after
// checking that neither sets an endpoint.
func found(ctx context.Context, o Options) (aws.Config, error) {
	if err := checkEnviron(o.environ(), o.EndpointURL); err != nil {
		return aws.Config{}, err
	}
	if setting, what := endless(o.environ()); what != "" {
		return aws.Config{}, &CredentialsError{Provider: Configuration, Setting: setting, endless: what, class: awsfault.Credentials}
	}
	metadata := imds.ClientDisabled
	if o.metadata() {
		metadata = imds.ClientEnabled
	}
	cfg, err := load(ctx,
		config.WithRegion(o.Region),
		config.WithHTTPClient(newHTTPClient(o.timeout())),
		config.WithRetryer(o.retryer),
		config.WithLogger(logging.Nop{}),
		config.WithAppID(o.appID()),
		config.WithEC2IMDSClientEnableState(metadata),
		config.WithAPIOptions(append((&recorder{calls: o.Calls, debug: o.Debug}).options(), pinned(o.EndpointURL))),
	)
	var late *awsfault.Asked
	if errors.As(err, &late) {
		return aws.Config{}, late
	}
	if err != nil {
		return aws.Config{}, refused(err, o.environ())
	}
	if err := checkProfile(cfg.ConfigSources, o.EndpointURL); err != nil {
		return aws.Config{}, err
	}
	return cfg, checkVariant(ctx, cfg.ConfigSources, o.EndpointURL)
}

// provide replaces the credentials that the SDK has found in the environment or a
// profile. The new ones run a credential_process safely, send no request to an
// untrusted host, and explain in bundle's own words why there are none.
func (o Options) provide(cfg *aws.Config) error {
	c := chain{o.environ(), sharedConfig(cfg.ConfigSources), sourcesOf(cfg.Credentials)}
	container, metadata := c.asks(aws.CredentialSourceHTTP), c.asks(aws.CredentialSourceIMDS) && o.metadata()
	if setting := misdirected(c.environ, c.profile, container, metadata); setting != "" {
		return &CredentialsError{Provider: Configuration, Profile: c.name(), Setting: setting, class: awsfault.Credentials}
	}
	if c.asks(aws.CredentialSourceProcess) && c.profile != nil {
		cfg.Credentials = process(*cfg, c.profile, o.Terminal)
	}
	if c.asks(aws.CredentialSourceLogin) && c.profile != nil {
		cfg.Credentials = login{cfg.Credentials, leaf(c.profile).LoginSession, lookup(c.environ, "AWS_LOGIN_CACHE_DIRECTORY")}
	}
	cfg.Credentials = explained{cfg.Credentials, c.explain, c.from()}
	return nil
}

func (o Options) environ() []string {
	if o.Environ == nil {
		return os.Environ()
	}
	return o.Environ
}

// metadata reports whether the EC2 instance metadata service may be asked. This is
// opt-in: the service is rarely there in CI, and asking for it takes seconds.
func (o Options) metadata() bool {
	return strings.EqualFold(lookup(o.environ(), "AWS_EC2_METADATA_DISABLED"), "false")
}

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return 10 * time.Second
}

func (o Options) appID() string {
	if o.Version == "" {
		return "bundle"
	}
	return "bundle/" + o.Version
}
