package awslocal

import (
	"io"
	"time"

	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/awslocal/lambda"
	"github.com/whispering/bundle/internal/awslocal/secretsmanager"
	"github.com/whispering/bundle/internal/awslocal/ssm"
)

// Option changes how a Server is made.
type Option func(*options)

type options struct {
	dir               string
	root              string
	environment       string
	readOnly          bool
	seed              []byte
	clock             func() time.Time
	log               io.Writer
	latency           time.Duration
	ssm               ssm.Options
	secrets           secretsmanager.Options
	functions         lambda.Options
	buckets           map[string]limit
	faults            []Fault
	managedByIdentity bool
	nullVariables     bool
	policyDelay       time.Duration
	eventDelay        time.Duration
	asked             func(iam.Access)
}

type limit struct{ perSecond, burst float64 }

func defaults() options {
	return options{clock: time.Now, log: io.Discard, buckets: map[string]limit{}, functions: lambda.Options{Update: time.Second, Snapshot: 10 * time.Second}}
}

// WithDir keeps the state in a directory, for one process at a time. The directory is made if it does not exist. See ErrLocked.
func WithDir(dir string) Option { return func(o *options) { o.dir = dir } }

// withRoot makes New put a .gitignore into the folder that has the state directories of all environments.
func withRoot(root string) Option { return func(o *options) { o.root = root } }

// withEnvironment says which environment the state belongs to.
func withEnvironment(name string) Option { return func(o *options) { o.environment = name } }

// WithReadOnly makes New read the state of the directory, but never write it. What changes is in memory only.
func WithReadOnly() Option { return func(o *options) { o.readOnly = true } }

// withTrial makes a server that finds what is wrong with a sample file, and of which nothing else is used.
func withTrial() Option {
	return func(o *options) { o.ssm.Trial, o.secrets.Trial = true, true }
}

// WithSeed brings a sample file (JSON) into the state. See Server.BringIn.
func WithSeed(seed []byte) Option { return func(o *options) { o.seed = seed } }

// WithClock sets the clock for dates in the state and in replies. Signatures and sessions use the machine's clock.
func WithClock(now func() time.Time) Option { return func(o *options) { o.clock = now } }

// WithLog writes one line per request: service, operation, names, status and duration; never a body or a value.
func WithLog(w io.Writer) Option { return func(o *options) { o.log = w } }

// WithLatency delays every answer until this long after its request arrived, as a network and a service would.
func WithLatency(d time.Duration) Option { return func(o *options) { o.latency = d } }

// WithFunctionTimes sets how long it takes to create or update a function (otherwise a second), and to publish a version with SnapStart or
// $LATEST.PUBLISHED (otherwise ten seconds). The clock of WithClock counts.
func WithFunctionTimes(update, snapshot time.Duration) Option {
	return func(o *options) { o.functions = lambda.Options{Update: update, Snapshot: snapshot} }
}

// WithLambdaQuotas throttles Lambda as https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html says: GetFunction at 100
// calls per second, all other calls together at 15.
func WithLambdaQuotas() Option {
	return func(o *options) {
		o.buckets["lambda:GetFunction"], o.buckets["lambda"] = limit{100, 100}, limit{15, 15}
	}
}

// WithTrailQuotas throttles CloudTrail as https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html says: 2 calls
// of LookupEvents per second.
func WithTrailQuotas() Option { return WithBucket("cloudtrail:LookupEvents", 2, 2) }

// WithEventDelay makes events appear in CloudTrail's event history this long after they happened, by the clock of WithClock.
func WithEventDelay(d time.Duration) Option { return func(o *options) { o.eventDelay = d } }

// WithListDelay makes ListSecrets of Secrets Manager show a change this long after it was made, by the clock of WithClock.
func WithListDelay(d time.Duration) Option { return func(o *options) { o.secrets.ListDelay = d } }

// WithPolicyDelay makes a key policy take effect this long after it was put, by the clock of WithClock. GetKeyPolicy returns it at once
// (https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html).
func WithPolicyDelay(d time.Duration) Option { return func(o *options) { o.policyDelay = d } }

// WithBucket throttles a service ("ssm") or one of its operations ("ssm:PutParameter") with a token bucket. Calls above its rate fail with
// the service's throttling error.
func WithBucket(service string, perSecond, burst float64) Option {
	return func(o *options) { o.buckets[service] = limit{perSecond, burst} }
}

// WithEmptyPages makes every paged read of SSM begin with an empty page and a NextToken.
func WithEmptyPages() Option { return func(o *options) { o.ssm.EmptyPages = true } }

// WithDuplicatesRefused makes GetParameters refuse a request that has a name twice, which AWS may or may not do.
func WithDuplicatesRefused() Option { return func(o *options) { o.ssm.DuplicatesRefused = true } }

// WithPartialBatches makes GetParameters with decryption list parameters that it cannot decrypt as invalid, instead of failing as a
// whole. AWS does not document which of the two it does.
func WithPartialBatches() Option { return func(o *options) { o.ssm.PartialBatches = true } }

// WithCommittedMessages seals the advanced tier in messages of the Encryption SDK's format 2 instead of format 1. AWS does not document
// which of the two it uses.
func WithCommittedMessages() Option { return func(o *options) { o.ssm.CommittedMessages = true } }

// WithManagedKeyByIdentity makes getting and putting values under alias/aws/ssm require that the caller's identity policies allow it,
// in addition to the key policy. Reports conflict on whether AWS requires that within one account.
func WithManagedKeyByIdentity() Option { return func(o *options) { o.managedByIdentity = true } }

// WithFaults injects faults from the start. See Server.Inject.
func WithFaults(f ...Fault) Option {
	return func(o *options) { o.faults = append(o.faults, f...) }
}

// WithNullVariables makes a policy variable without a value match nothing in the policies of KMS calls, so that negated conditions hold.
// Otherwise, its statement has no effect. AWS documents both.
func WithNullVariables() Option { return func(o *options) { o.nullVariables = true } }

// WithAccesses calls a function with every access that is asked of a caller's policies, before it is decided. Several requests call it
// at once. An access has all its condition keys if one of the policies has conditions.
func WithAccesses(asked func(iam.Access)) Option { return func(o *options) { o.asked = asked } }
