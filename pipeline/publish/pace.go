package publish

import (
	"crypto/rand"
	"crypto/sha256"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/whispering/bundle/internal/pacing"
)

// DefaultTPS is the pace of calls to Lambda's control plane in calls per second, retries included, and how many calls can begin
// at once. An account has 15 per second in a region for all calls of this kind, which deployments and consoles share:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const DefaultTPS = 5

// NewPace returns the pace of all calls to Lambda's control plane that a process makes in one account and region.
func NewPace() *pacing.Pace { return pacing.New(DefaultTPS, DefaultTPS) }

// NewControl returns a client for calls that read or change functions, made with cfg, whose HTTPClient must be set. Every attempt
// waits for its turn at the pace. Replies have lost all that no caller here reads before they are decoded, such as environment
// variables; of those, they have at most the ones of Settings.
func NewControl(cfg aws.Config, p *pacing.Pace) *lambda.Client {
	cfg = cfg.Copy()
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails
	cfg.HTTPClient = bare{cfg.HTTPClient, key}
	return lambda.NewFromConfig(cfg, at(p))
}

// At returns a Lambda that makes its calls at a pace.
func (l *Lambda) At(p *pacing.Pace) *Lambda {
	paced := *l
	paced.client = lambda.New(l.client.Options(), at(p))
	return &paced
}

// at makes a client wait for its turn before each attempt.
func at(p *pacing.Pace) func(*lambda.Options) {
	return func(o *lambda.Options) { o.APIOptions = p.Options(o.APIOptions) }
}
