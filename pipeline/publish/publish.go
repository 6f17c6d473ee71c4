package publish

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/whispering/bundle/internal/awsfault"
)

// Lambda finds, downloads and publishes layers in one account and region. It is
// safe for concurrent use.
type Lambda struct {
	client *lambda.Client
	http   aws.HTTPClient // of the same configuration: proxies, certificates, no redirects
	base   string         // the endpoint, if it is not AWS's own

	region, account string
}

// New returns a Lambda that makes its calls with cfg, whose HTTPClient must be set.
// A call may transfer layerbuild.MaxBytes, and its timeout must allow for that.
// Layers named without an ARN are in account.
func New(cfg aws.Config, account string) *Lambda {
	return &Lambda{
		client: lambda.NewFromConfig(cfg), http: cfg.HTTPClient, base: aws.ToString(cfg.BaseEndpoint),
		region: cfg.Region, account: account,
	}
}

// A Version is one published version of a layer. Its content never changes.
type Version struct {
	ARN     string    // of the version
	Number  int64     // from 1; never used again
	SHA256  string    // of the content, in lower-case hexadecimal
	Size    int64     // of the content, in bytes
	Created time.Time // zero if Lambda's reply has no date

	location string // a link to the content, valid for ten minutes
}

// Find finds a version of a layer, or the newest one if ref has no number. It makes
// one call of GetLayerVersion and, to find the newest, one of ListLayerVersions
// before it, because a list has no digests:
// https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html
//
// If a version is deleted between the two calls, it reads the list again, so that
// the layer does not seem to have no versions.
//
// Its errors wrap ErrNoLayer, ErrVanished, ErrDenied, ErrReply, ErrUnavailable,
// ErrCredentials or the context's error.
func (l *Lambda) Find(ctx context.Context, ref Ref) (Version, error) {
	if ref.Version != 0 {
		return l.get(ctx, ref.Layer, ref.Version)
	}
	const attempts = 3
	var number int64
	for range attempts {
		var err error
		if number, err = l.newest(ctx, ref.Layer, ref.Before); err != nil {
			return Version{}, err
		}
		if v, err := l.get(ctx, ref.Layer, number); !errors.Is(err, ErrNoLayer) {
			return v, err
		}
	}
	return Version{}, fmt.Errorf("%w: version %d", ErrVanished, number)
}

func (l *Lambda) get(ctx context.Context, layer string, number int64) (Version, error) {
	out, err := l.client.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: aws.String(layer), VersionNumber: aws.Int64(number)})
	if err != nil {
		return Version{}, failure(ctx, err)
	}
	v, err := l.newVersion(layer, aws.ToString(out.LayerVersionArn), out.Version, out.Content)
	if err == nil && v.Number != number {
		err = fmt.Errorf("%w: it describes version %d, not %d", ErrReply, v.Number, number)
	}
	v.Created = date(aws.ToString(out.CreatedDate))
	return v, err
}

// newest returns the highest version number of a layer, or the highest one lower
// than below, if that is not 0. Lambda lists the newest version first, so the first
// page with a version is enough. If a page has another order, it reads all pages.
func (l *Lambda) newest(ctx context.Context, layer string, below int64) (int64, error) {
	var newest int64
	err := pages(func(marker *string) (*string, int, error) {
		out, err := l.client.ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: aws.String(layer), MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, 0, failure(ctx, err)
		}
		found, descending, err := l.highest(layer, below, out.LayerVersions)
		if newest = max(newest, found); err == nil && descending && len(out.LayerVersions) > 0 && newest != 0 {
			return nil, 0, nil
		}
		return out.NextMarker, len(out.LayerVersions), err
	})
	if err == nil && newest == 0 {
		err = fmt.Errorf("%w: %q", ErrNoLayer, layer)
	}
	if err != nil {
		return 0, err
	}
	return newest, nil
}

// highest returns the highest version in a page, and whether the page lists the
// newest first.
func (l *Lambda) highest(layer string, below int64, page []types.LayerVersionsListItem) (highest int64, descending bool, err error) {
	descending = true
	for i, v := range page {
		if v.Version < 1 {
			return 0, false, fmt.Errorf("%w: it lists version %d", ErrReply, v.Version)
		}
		if arn := aws.ToString(v.LayerVersionArn); v.LayerVersionArn != nil && !l.names(layer, arn, v.Version) {
			return 0, false, fmt.Errorf("%w: it lists %q as version %d", ErrReply, awsfault.Printable(arn), v.Version)
		}
		descending = descending && (i == 0 || v.Version < page[i-1].Version)
		if below == 0 || v.Version < below {
			highest = max(highest, v.Version)
		}
	}
	return highest, descending, nil
}

// Publish publishes a layer as a new version of name, in the caller's account:
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
// A description can have 256 characters.
//
// Every successful call makes a version, so a call is repeated only if it was
// throttled. If the answer does not say what happened, Publish looks at the newest
// version: if that has the same content, it is the result. If not, the error wraps
// ErrUnclear. Other errors wrap ErrNoLayer, ErrDenied, ErrRefused, ErrFull,
// ErrUnavailable, ErrCredentials or the context's error, and nothing was published.
func (l *Lambda) Publish(ctx context.Context, name, description string, layer []byte) (Version, error) {
	out, err := l.client.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{
		LayerName: aws.String(name), Description: aws.String(description),
		Content: &types.LayerVersionContentInput{ZipFile: layer},
	}, onlyWhenThrottled)
	sum := sha256.Sum256(layer)
	digest := hex.EncodeToString(sum[:])
	if err == nil {
		v, bad := l.newVersion(name, aws.ToString(out.LayerVersionArn), out.Version, out.Content)
		if bad == nil && v.SHA256 == digest {
			return v, nil
		}
		err = fmt.Errorf("%w: it does not describe the published layer", ErrReply)
	} else {
		refused := clearlyRefused(err)
		if err = failure(ctx, err); refused {
			return Version{}, err
		}
	}
	newest, look := l.Find(ctx, Ref{Layer: name})
	if look == nil && newest.SHA256 == digest {
		return newest, nil
	}
	return Version{}, fmt.Errorf("%w: %w", ErrUnclear, err)
}

// onlyWhenThrottled limits the SDK's retries to throttled calls, which did nothing.
func onlyWhenThrottled(o *lambda.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 8
		o.RateLimiter = ratelimit.None
		o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			return aws.BoolTernary(awsfault.Classify(err) == awsfault.Throttled)
		})}
	})
}

// newVersion checks a reply that describes a version against the request.
func (l *Lambda) newVersion(layer, arn string, number int64, content *types.LayerVersionContentOutput) (Version, error) {
	switch {
	case !l.names(layer, arn, number):
		return Version{}, fmt.Errorf("%w: it describes %q, version %d", ErrReply, awsfault.Printable(arn), number)
	case content == nil || content.CodeSize < 0:
		return Version{}, fmt.Errorf("%w: it describes a version without content", ErrReply)
	}
	sum, err := base64.StdEncoding.DecodeString(aws.ToString(content.CodeSha256))
	if err != nil || len(sum) != sha256.Size {
		return Version{}, fmt.Errorf("%w: it has no digest of the content", ErrReply)
	}
	return Version{
		ARN: arn, Number: number, SHA256: hex.EncodeToString(sum), Size: content.CodeSize, location: aws.ToString(content.Location),
	}, nil
}

// names reports whether an ARN is that of a version of a layer.
func (l *Lambda) names(layer, named string, number int64) bool {
	ref, err := ParseARN(named)
	return err == nil && ref.Version == number && (ref.Layer == layer || IsIn(ref, l.account, l.region, layer))
}

// date parses the date of a version. It is only shown, so an invalid one is left out.
func date(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05Z0700", s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// failure returns the error that ended a call. It keeps only a description of the
// cause: the timeout of one attempt must not look like the end of ctx.
func failure(ctx context.Context, cause error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, awsfault.Ended(ctx, cause))
	}
	return fmt.Errorf("%w: %w", sentinel(cause), awsfault.Explain(cause))
}
