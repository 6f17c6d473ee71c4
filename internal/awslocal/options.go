package awslocal

import (
	"io"
	"time"

	"github.com/whispering/bundle/internal/awslocal/ssm"
)

// Option changes how a Server is made.
type Option func(*options)

type options struct {
	dir               string
	seed              []byte
	clock             func() time.Time
	log               io.Writer
	latency           time.Duration
	ssm               ssm.Options
	buckets           map[string]limit
	faults            []Fault
	managedByIdentity bool
}

type limit struct{ perSecond, burst float64 }

func defaults() options {
	return options{clock: time.Now, log: io.Discard, buckets: map[string]limit{}}
}

// WithDir keeps the state in a directory, made if need be, for one process at a time. See ErrLocked.
func WithDir(dir string) Option { return func(o *options) { o.dir = dir } }

// WithSeed fills the state from a seed file (JSON) as long as nothing was ever changed in it.
func WithSeed(seed []byte) Option { return func(o *options) { o.seed = seed } }

// WithClock sets the clock of the dates in the state and in replies. Signatures and sessions go by the machine's clock.
func WithClock(now func() time.Time) Option { return func(o *options) { o.clock = now } }

// WithLog writes one line per request: service, operation, names, status and duration; never a body or a value.
func WithLog(w io.Writer) Option { return func(o *options) { o.log = w } }

// WithLatency holds every answer back until this long after its request came, as a network and a service would.
func WithLatency(d time.Duration) Option { return func(o *options) { o.latency = d } }

// WithBucket throttles a service ("ssm") by a token bucket: what exceeds it is answered with ThrottlingException.
func WithBucket(service string, perSecond, burst float64) Option {
	return func(o *options) { o.buckets[service] = limit{perSecond, burst} }
}

// WithEmptyPages lets every paged read of SSM begin with an empty page and a NextToken.
func WithEmptyPages() Option { return func(o *options) { o.ssm.EmptyPages = true } }

// WithDuplicatesRefused lets GetParameters refuse a name that is asked for twice, which AWS may or may not do.
func WithDuplicatesRefused() Option { return func(o *options) { o.ssm.DuplicatesRefused = true } }

// WithPartialBatches lets a decrypting GetParameters list what cannot be decrypted as invalid, instead of failing as a whole. Which of
// both AWS does is not documented.
func WithPartialBatches() Option { return func(o *options) { o.ssm.PartialBatches = true } }

// WithCommittedMessages seals the advanced tier in messages of the Encryption SDK's format 2 instead of format 1. Which of both AWS uses is
// not documented.
func WithCommittedMessages() Option { return func(o *options) { o.ssm.CommittedMessages = true } }

// WithManagedKeyByIdentity makes reading and putting values under alias/aws/ssm need the caller's own right to the key, besides that of
// the key policy. Reports conflict on which of both holds within one account.
func WithManagedKeyByIdentity() Option { return func(o *options) { o.managedByIdentity = true } }

// WithFaults injects faults from the start. See Server.Inject.
func WithFaults(f ...Fault) Option {
	return func(o *options) { o.faults = append(o.faults, f...) }
}
