package param

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/secret"
)

// batchSize is the largest number of parameters in one call of GetParameters.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
const batchSize = 10

// Reads begin at the default quota of an account, which GetParameter, GetParameters
// and GetParametersByPath share with each other and with everything else in the
// account:
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
const (
	startRate  = 40.0 // calls per second
	startBurst = 40   // calls made at once before the rate applies
)

// defaultConcurrency is how many batches are read at once.
const defaultConcurrency = 32

// Options tunes a Source. The zero value is right for most accounts.
type Options struct {
	// Account is the account of the parameters. It is required: a reply that names
	// another account is refused.
	Account string

	// TPS is the largest number of calls per second; 0 means no limit. nil adapts to
	// the account: a burst of 40 calls, then 40 per second, which is the default
	// quota, faster while nothing is throttled, and slower as soon as something is.
	//
	// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
	TPS *float64

	// Concurrency is the largest number of calls at once; 0 means 32.
	Concurrency int

	// Beside is another Source of the same account and region, which shares the
	// quota. Both then have the same pace, and TPS is ignored. It may be nil.
	Beside *Source
}

// Source reads the parameters of one account and region. It is safe for
// concurrent use. All calls share one pace.
type Source struct {
	client      *ssm.Client
	pacer       *pacing.Pacer
	home        home
	concurrency int
}

// Parameter is one parameter as Parameter Store returned it.
type Parameter struct {
	Ref     secret.Ref // as it was requested
	Version secret.Version
	Type    string       // "String", "StringList" or "SecureString"
	Value   secret.Value // only after Read

	// DataType is what Parameter Store checked the value against, such as Text.
	DataType string

	// Ciphertext is what is stored for a SecureString; only after Ciphertexts.
	Ciphertext []byte
}

// Result is the result for one reference: a Parameter, or an error wrapping
// ErrMissing, ErrVersion, ErrDenied, ErrUndecryptable or ErrReply.
type Result struct {
	Ref       secret.Ref
	Parameter Parameter
	Err       error
}

// New returns a Source that makes its calls with cfg.
func New(cfg aws.Config, o Options) *Source {
	concurrency := o.Concurrency
	if concurrency <= 0 {
		concurrency = defaultConcurrency
	}
	s := &Source{home: home{o.Account, cfg.Region}, concurrency: concurrency}
	switch {
	case o.Beside != nil:
		s.pacer = o.Beside.pacer
	case o.TPS != nil:
		s.pacer = pacing.Fixed(*o.TPS)
	default:
		s.pacer = pacing.Adaptive(startRate, startBurst)
	}
	s.client = ssm.NewFromConfig(cfg, s.paced)
	return s
}

// paced adds the pace to a client.
func (s *Source) paced(o *ssm.Options) { o.APIOptions = s.pacer.Options(o.APIOptions) }

// Versions reads the current version of each parameter, or the one that its
// selector names, without decryption. Otherwise, it is like Read.
func (s *Source) Versions(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return s.read(ctx, refs, versions, got)
}

// Read reads each parameter with its decrypted value, in batches of ten in the order
// given, and each distinct reference once. It passes the results of a batch to got
// as soon as the batch is complete, never two at a time. The order of the batches is
// undefined.
//
// It returns an error if the whole read stopped: one that wraps ErrUnavailable or
// ErrCredentials, or the context's error. Then got has not received every result.
func (s *Source) Read(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return s.read(ctx, refs, values, got)
}

// Texts reads the values of parameters of type String, without decryption. A parameter
// of another type has no value. Otherwise, it is like Read.
func (s *Source) Texts(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return s.read(ctx, refs, texts, got)
}

// A kind is what a read returns besides versions.
type kind int

const (
	versions    kind = iota // nothing
	values                  // the decrypted values
	ciphertexts             // what is stored for a SecureString
	texts                   // the values of Strings
)

func (s *Source) read(ctx context.Context, refs []secret.Ref, what kind, got func(Result)) error {
	err := workers.Each(ctx, s.concurrency, batches(refs), func(run context.Context, batch []secret.Ref) ([]Result, error) {
		results, err := s.batch(run, batch, what)
		if err != nil {
			return nil, s.stopped(ctx, err)
		}
		return results, nil
	}, func(results []Result) {
		for _, r := range results {
			got(r)
		}
	})
	if err != nil && awsfault.Find(err) == nil {
		return s.stopped(ctx, err) // the context ended between two calls
	}
	return err
}

// batches divides the distinct references into batches.
func batches(refs []secret.Ref) [][]secret.Ref {
	seen := make(map[secret.Ref]bool, len(refs))
	distinct := make([]secret.Ref, 0, len(refs))
	for _, ref := range refs {
		if !seen[ref] {
			seen[ref] = true
			distinct = append(distinct, ref)
		}
	}
	return slices.Collect(slices.Chunk(distinct, batchSize))
}

// batch reads at most ten parameters and finds out why some could not be read. It
// returns an error if the whole read must stop.
func (s *Source) batch(ctx context.Context, refs []secret.Ref, what kind) ([]Result, error) {
	results, err := s.ask(ctx, refs, what)
	switch {
	case err == nil:
		return s.explain(ctx, results)
	case !refused(err):
		return nil, err
	case len(refs) == 1:
		why, err := s.refusal(ctx, refs[0], what, err)
		return []Result{{Ref: refs[0], Err: why}}, err
	}
	// One parameter that is forbidden or cannot be decrypted fails the whole call.
	results = nil
	for _, ref := range refs {
		one, err := s.batch(ctx, []secret.Ref{ref}, what)
		if err != nil {
			return nil, err
		}
		results = append(results, one...)
	}
	return results, nil
}

// ask makes one call of GetParameters and checks its reply against the request.
func (s *Source) ask(ctx context.Context, refs []secret.Ref, what kind) ([]Result, error) {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.String()
	}
	out, err := s.client.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(what == values)})
	if awsfault.Classify(err) == awsfault.Malformed {
		return unanswered(refs, err), nil
	}
	if err != nil {
		return nil, err
	}
	m := newMatcher(s.home, refs)
	for i := range out.Parameters {
		m.found(s.take(&out.Parameters[i], what))
	}
	for _, name := range out.InvalidParameters {
		m.invalid(name)
	}
	results := m.checked()
	for i, r := range results {
		if errors.Is(r.Err, ErrReply) {
			results[i].Err = awsfault.InReply(r.Err, out.ResultMetadata)
		}
	}
	return results, nil
}

// explain distinguishes a missing version or label from a missing parameter: it
// reads those that were not found again, without their selectors.
func (s *Source) explain(ctx context.Context, results []Result) ([]Result, error) {
	var bare []secret.Ref
	asked := make(map[secret.Ref]bool)
	for _, r := range results {
		if b := r.Ref.Bare(); isMissing(r.Err) && r.Ref.Selector != "" && !asked[b] {
			asked[b] = true
			bare = append(bare, b)
		}
	}
	if len(bare) == 0 {
		return results, nil
	}
	found, err := s.batch(ctx, bare, versions)
	if err != nil {
		return nil, err
	}
	reasons := make(map[secret.Ref]error, len(found))
	for _, f := range found {
		reasons[f.Ref] = f.Err
	}
	for i, r := range results {
		if isMissing(r.Err) && r.Ref.Selector != "" {
			results[i].Err = reasons[r.Ref.Bare()]
			if results[i].Err == nil {
				results[i].Err = versionError(r.Ref)
			}
		}
	}
	return results, nil
}

// refusal finds out why the call for a single parameter was refused.
func (s *Source) refusal(ctx context.Context, ref secret.Ref, what kind, cause error) (why, stop error) {
	why = refusalError(cause)
	if what != values || !isDenied(cause) {
		return why, nil
	}
	// A key that the caller cannot use looks the same as a parameter that it cannot
	// read. Without decryption, only the latter is refused.
	switch _, err := s.ask(ctx, []secret.Ref{ref}, versions); {
	case err == nil:
		return undecryptable(cause), nil
	case refused(err):
		return why, nil
	default:
		return nil, err
	}
}

// take moves a parameter out of a reply of the SDK, and clears its value there,
// because any printer would show it.
func (s *Source) take(p *types.Parameter, what kind) reply {
	r := reply{
		name:     aws.ToString(p.Name),
		selector: aws.ToString(p.Selector),
		hasValue: p.Value != nil,
		parameter: Parameter{
			Type:     string(p.Type),
			DataType: cmp.Or(aws.ToString(p.DataType), Text),
			Version:  secret.Version{ARN: aws.ToString(p.ARN), Number: p.Version},
		},
	}
	if p.LastModifiedDate != nil {
		r.parameter.Version.Modified = p.LastModifiedDate.UTC().Truncate(timeUnit)
	}
	switch {
	case p.Value == nil:
	case what == values:
		r.parameter.Value = secret.New([]byte(*p.Value))
	case what == texts && p.Type == types.ParameterTypeString:
		r.parameter.Value = secret.New([]byte(*p.Value))
	case what == ciphertexts && p.Type == types.ParameterTypeSecureString:
		r.parameter.Ciphertext, r.badCiphertext = decodeCiphertext(*p.Value)
	}
	p.Value, p.SourceResult = nil, nil
	return r
}
