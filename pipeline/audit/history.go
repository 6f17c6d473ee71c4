package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/pacing"
)

// Facts of https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html.
const (
	// TPS is the pace of LookupEvents in calls per second, in one account and Region. Everyone there shares it.
	TPS = 2
	// History is how far event history goes back.
	History = 90 * 24 * time.Hour

	pageSize = 50
)

var (
	// ErrDenied reports that the caller is not allowed to do this.
	ErrDenied error = awsfault.Sentinel("cloudtrail", "", awsfault.Denied, "it is not allowed")
	// ErrReply reports a reply that AWS should never send.
	ErrReply error = awsfault.Sentinel("cloudtrail", "", awsfault.Malformed, "the reply does not match the request")
	// ErrUnavailable reports that there was no answer.
	ErrUnavailable error = awsfault.Sentinel("cloudtrail", "", awsfault.Unavailable, "no answer from CloudTrail")
	// ErrCredentials reports that there are no credentials, or that AWS does not accept them.
	ErrCredentials error = awsfault.Sentinel("cloudtrail", "", awsfault.Credentials, "no usable AWS credentials")
	// ErrRefused reports that CloudTrail refuses a call.
	ErrRefused error = awsfault.Sentinel("cloudtrail", "", awsfault.Other, "CloudTrail refuses the call")
)

// A CloudTrail looks into the event history and at the trails of one account and Region. It is safe for concurrent use.
type CloudTrail struct {
	client *cloudtrail.Client
}

// New returns a CloudTrail that makes its calls with cfg, whose HTTPClient must be set. p is that of calls of LookupEvents.
func New(cfg aws.Config, p *pacing.Pace) *CloudTrail {
	return &CloudTrail{cloudtrail.NewFromConfig(cfg, func(o *cloudtrail.Options) { o.APIOptions = p.Options(o.APIOptions) })}
}

// NewPace returns the pace of all calls of LookupEvents that a process makes in one account and Region.
func NewPace() *pacing.Pace { return pacing.New(TPS, 1).Of("LookupEvents") }

// Lookup calls each with every record of the event history that names a key, from the newest to the oldest, until each returns false.
// It has those from since until now, at most of the last 90 days, of the caller's account and Region. seen is called after each page
// with the time of its oldest event, and whether there are more pages. Event history has an event some minutes after it happened:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
//
// Its errors wrap ErrDenied, ErrReply, ErrUnavailable, ErrCredentials, ErrRefused or the context's error.
func (t *CloudTrail) Lookup(ctx context.Context, key string, since, until time.Time,
	seen func(oldest time.Time, more bool), each func(record []byte) bool) error {
	const maxEmpty = 50
	empty, token := 0, (*string)(nil)
	for {
		out, err := t.client.LookupEvents(ctx, &cloudtrail.LookupEventsInput{
			LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: aws.String(key)}},
			StartTime:        aws.Time(since), EndTime: aws.Time(until), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return failure(ctx, err)
		}
		oldest := until
		for _, e := range out.Events {
			if at := aws.ToTime(e.EventTime); at.Before(oldest) {
				oldest = at
			}
			if !each([]byte(aws.ToString(e.CloudTrailEvent))) {
				return nil
			}
		}
		more := aws.ToString(out.NextToken) != ""
		seen(oldest, more)
		if !more {
			return nil
		}
		if empty++; len(out.Events) > 0 {
			empty = 0
		}
		if empty == maxEmpty || aws.ToString(out.NextToken) == aws.ToString(token) {
			return fmt.Errorf("%w: the list of events does not end", ErrReply)
		}
		token = out.NextToken
	}
}

// LastOpened returns when the event history says that a document under a key was last opened since a time, and false if it has no such
// event. That is no proof that nobody opened it: see [CloudTrail.Lookup]. It stops at the first event that it looks for. Its errors are
// those of Lookup.
func (t *CloudTrail) LastOpened(ctx context.Context, key, document string, since time.Time) (last time.Time, opened bool, err error) {
	err = t.Lookup(ctx, key, since, time.Now(), func(time.Time, bool) {}, func(text []byte) bool {
		e, class, unread := parse(text)
		if unread == nil && class == opening && e.Outcome == Opened && e.Document == document {
			last, opened = e.Time, true
		}
		return !opened
	})
	return last, opened, err
}

// A Trail is a trail that has management events of the Region.
type Trail struct {
	Name string
	// Leaves says that it leaves calls of KMS out, or may leave some out, by its event selectors.
	Leaves bool
}

// Trails returns the trails that log in the Region, and whether they leave calls of KMS out:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
// Its errors are those of Lookup.
func (t *CloudTrail) Trails(ctx context.Context) ([]Trail, error) {
	out, err := t.client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		return nil, failure(ctx, err)
	}
	var all []Trail
	for _, trail := range out.TrailList {
		of, err := t.client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: trail.TrailARN})
		if err != nil {
			return nil, failure(ctx, err)
		}
		if of.TrailARN == nil && len(of.EventSelectors)+len(of.AdvancedEventSelectors) == 0 {
			return nil, fmt.Errorf("%w: it has no event selectors", ErrReply)
		}
		all = append(all, Trail{aws.ToString(trail.Name), !logs(of.EventSelectors) && !logsAdvanced(of.AdvancedEventSelectors)})
	}
	return all, nil
}

// logs reports whether a selector has calls of kms:Decrypt, which only read.
func logs(selectors []types.EventSelector) bool {
	return slices.ContainsFunc(selectors, func(s types.EventSelector) bool {
		management := s.IncludeManagementEvents == nil || *s.IncludeManagementEvents
		return management && s.ReadWriteType != types.ReadWriteTypeWriteOnly && !slices.Contains(s.ExcludeManagementEventSources, kmsSource)
	})
}

// logsAdvanced is logs for advanced selectors. A field that depends on the caller may leave something out.
func logsAdvanced(selectors []types.AdvancedEventSelector) bool {
	is := map[string]string{"eventCategory": "Management", "eventSource": kmsSource, "readOnly": "true", "eventName": "Decrypt", "eventType": "AwsApiCall"}
	return slices.ContainsFunc(selectors, func(s types.AdvancedEventSelector) bool {
		management := false
		for _, f := range s.FieldSelectors {
			value, known := is[aws.ToString(f.Field)]
			if !known || !fits(value, f) {
				return false
			}
			management = management || aws.ToString(f.Field) == "eventCategory"
		}
		return management
	})
}

func failure(ctx context.Context, cause error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, awsfault.Ended(ctx, cause))
	}
	return fmt.Errorf("%w: %w", sentinel(cause), awsfault.Explain(cause))
}

func sentinel(err error) error {
	switch awsfault.Classify(err) {
	case awsfault.Credentials:
		return ErrCredentials
	case awsfault.Denied:
		return ErrDenied
	case awsfault.Throttled, awsfault.Unavailable:
		return ErrUnavailable
	case awsfault.Malformed:
		return ErrReply
	}
	if awsfault.Code(err) == "" {
		return ErrUnavailable
	}
	return ErrRefused
}
