package secretsmanager

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/internal/workers"
	"github.com/whispering/bundle/pipeline/secret"
)

// Quotas of an account and region in calls per second. DescribeSecret and GetSecretValue
// can share the first. The second, of ListSecretVersionIds, is not confirmed.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	startRate = 10000
	listRate  = 50
)

// defaultConcurrency is how many calls are made at once, twice as many as to Parameter
// Store, which returns ten parameters in one: docs/adr/0020-secrets-at-once.md.
const defaultConcurrency = 64

// Current is the stage of a secret's current version.
const Current = "AWSCURRENT"

// pending is the stage of the version that a rotation makes.
const pending = "AWSPENDING"

// Options tunes a Source.
type Options struct {
	// Account is the account of the secrets. It is required: a reply that names another
	// account is refused.
	Account string

	// Concurrency is the largest number of calls at once; 0 means 64.
	Concurrency int

	// Beside is another Source of the same account and region, which shares the quotas.
	// Both then have the same paces. It may be nil.
	Beside *Source
}

// Source reads the secrets of one account and region. It is safe for concurrent use. Its
// calls wait for each other only after Secrets Manager throttled one.
type Source struct {
	client      *secretsmanager.Client
	pacer       *pacing.Pacer
	listing     *pacing.Pace
	home        home
	concurrency int
}

// New returns a Source that makes its calls with cfg. Its client sends nothing but
// DescribeSecret, GetSecretValue and ListSecretVersionIds.
func New(cfg aws.Config, o Options) *Source {
	s := &Source{home: home{o.Account, cfg.Region}, concurrency: o.Concurrency}
	if s.concurrency <= 0 {
		s.concurrency = defaultConcurrency
	}
	if o.Beside != nil {
		s.pacer, s.listing = o.Beside.pacer, o.Beside.listing
	} else {
		s.pacer, s.listing = pacing.Adaptive(startRate, startRate), pacing.New(listRate, listRate).Of("ListSecretVersionIds")
	}
	s.client = secretsmanager.NewFromConfig(cfg, s.paced, only(reads))
	return s
}

// Looking returns a Source that makes its calls with cfg, at the pace of s. Its client
// sends nothing but DescribeSecret and ListSecretVersionIds, so it never receives a value.
func (s *Source) Looking(cfg aws.Config) *Source {
	looking := *s
	looking.client = secretsmanager.NewFromConfig(cfg, s.paced, only(looks))
	return &looking
}

// paced adds the paces to a client. A call that the pacer repeats waits for both.
func (s *Source) paced(o *secretsmanager.Options) {
	o.APIOptions = s.pacer.Options(s.listing.Options(o.APIOptions))
}

// only limits a client to the requests that allowed accepts.
func only(allowed func(request any) bool) func(*secretsmanager.Options) {
	return func(o *secretsmanager.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RefuseOthers",
				func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
					if !allowed(in.Parameters) {
						return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("this client does not send %T", in.Parameters)
					}
					return next.HandleInitialize(ctx, in)
				}), middleware.Before)
		})
	}
}

func looks(request any) bool {
	switch request.(type) {
	case *secretsmanager.DescribeSecretInput, *secretsmanager.ListSecretVersionIdsInput:
		return true
	}
	return false
}

func reads(request any) bool {
	_, value := request.(*secretsmanager.GetSecretValueInput)
	return value || looks(request)
}

// A Secret is one version of a secret, as Secrets Manager returned it.
type Secret struct {
	Ref     secret.Ref // as it was requested
	Version secret.Version

	Description              // only after Versions
	Value       secret.Value // only after Read
	Binary      bool         // the value is standard base64 of what is stored; only after Read
}

// Result is the result for one reference: a Secret, or an error wrapping ErrMissing,
// ErrVersion, ErrDeleted, ErrUnsupported, ErrChanged, ErrDenied, ErrUndecryptable or
// ErrReply. After Versions, a Secret without a version still has the Description, if
// there is one.
type Result struct {
	Ref    secret.Ref
	Secret Secret
	Err    error
}

// Versions looks up the version of each reference, with one DescribeSecret for each
// name. A version ID is taken as it is: whether a version without a stage exists,
// DescribeSecret does not say. The date of a version is not known.
//
// Results come as from Read.
func (s *Source) Versions(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	names, of := byName(refs)
	return each(ctx, s, names, func(ctx context.Context, name string) ([]Result, error) {
		return s.versions(ctx, name, of[name])
	}, func(results []Result) {
		for _, r := range results {
			got(r)
		}
	})
}

// Read reads the value of each distinct reference, with one GetSecretValue. It passes
// each result to got as soon as it is there, never two at a time. The order is undefined.
//
// A reference with a name gets the version at the stage, or the one with the ID. One
// with an ARN, a stage and an ID gets that version if it is still at the stage, and
// otherwise ErrChanged.
//
// It returns an error if the whole read stopped: one that wraps ErrUnavailable or
// ErrCredentials, or the context's error. Then got has not received every result.
func (s *Source) Read(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return each(ctx, s, distinct(refs), s.value, got)
}

// each makes a call for each job, and passes its result to got.
func each[J, R any](ctx context.Context, s *Source, jobs []J, call func(context.Context, J) (R, error), got func(R)) error {
	err := workers.Each(ctx, s.concurrency, jobs, func(run context.Context, job J) (R, error) {
		result, err := call(run, job)
		if err != nil {
			err = s.stopped(ctx, err)
		}
		return result, err
	}, got)
	if err != nil && awsfault.Find(err) == nil {
		return s.stopped(ctx, err) // the context ended between two calls
	}
	return err
}

// distinct returns the references without repetitions, in the order given. A reference
// without a stage and an ID is to the current version.
func distinct(refs []secret.Ref) []secret.Ref {
	seen := make(map[secret.Ref]bool, len(refs))
	all := make([]secret.Ref, 0, len(refs))
	for _, ref := range refs {
		if !seen[ref] {
			seen[ref] = true
			all = append(all, ref)
		}
	}
	return all
}

// byName returns the names in the order given, and the distinct references of each.
func byName(refs []secret.Ref) (names []string, of map[string][]secret.Ref) {
	of = make(map[string][]secret.Ref)
	for _, ref := range distinct(refs) {
		if of[ref.Name] == nil {
			names = append(names, ref.Name)
		}
		of[ref.Name] = append(of[ref.Name], ref)
	}
	return names, of
}
