package publish

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"

	"github.com/whispering/bundle/internal/awsfault"
)

// DefaultTPS is the pace of calls to Lambda's control plane in calls per second, retries included, and how many calls can begin
// at once. An account has 15 per second in a region for all calls of this kind, which deployments and consoles share:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const DefaultTPS = 5

// A Pace is the pace of all calls to Lambda's control plane that a process makes in one account and region. It is safe for
// concurrent use.
type Pace struct{ limiter *rate.Limiter }

// NewPace returns a Pace of DefaultTPS.
func NewPace() *Pace { return &Pace{rate.NewLimiter(DefaultTPS, DefaultTPS)} }

// NewControl returns a client for calls that read or change functions, made with cfg, whose HTTPClient must be set. Every attempt
// waits for its turn at pace. Replies have lost all that no caller here reads before they are decoded, such as environment
// variables; of those, they have at most the ones of Settings.
func NewControl(cfg aws.Config, pace *Pace) *lambda.Client {
	cfg = cfg.Copy()
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails
	cfg.HTTPClient = bare{cfg.HTTPClient, key}
	return lambda.NewFromConfig(cfg, pace.option)
}

// At returns a Lambda that makes its calls at pace.
func (l *Lambda) At(pace *Pace) *Lambda {
	paced := *l
	paced.client = lambda.New(l.client.Options(), pace.option)
	return &paced
}

// option makes a client wait for its turn before each attempt.
func (p *Pace) option(o *lambda.Options) {
	o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(s *middleware.Stack) error {
		return s.Finalize.Insert(p, "Retry", middleware.After)
	})
}

// ID implements middleware.FinalizeMiddleware.
func (*Pace) ID() string { return "ControlPace" }

// HandleFinalize implements middleware.FinalizeMiddleware.
func (p *Pace) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	turn := p.limiter.Reserve() // the limiter's own Wait fails early if it would exceed the deadline
	pause(ctx, turn.Delay())
	if err := ctx.Err(); err != nil {
		turn.Cancel()
		awsfault.Waited(ctx, fmt.Sprintf("its turn at %.3g calls per second", float64(p.limiter.Limit())))
		return out, metadata, err
	}
	return next.HandleFinalize(ctx, in)
}
