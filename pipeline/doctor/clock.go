package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/pipeline/problem"
)

// maxSkew is how far a clock can be off. In most cases, a request must reach AWS
// within five minutes of its signature's time.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html
const maxSkew = 5 * time.Minute

// Clock compares the clock of this machine with the time in AWS's reply. An error
// reply has it too. It calls DescribeKey.
func (d *Doctor) Clock(ctx context.Context, key string) Finding {
	found := Finding{Check: CheckClock, Status: OK}
	before := time.Now()
	out, err := d.client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(key)})
	after := time.Now()
	var theirs time.Time
	var refusal *smithyhttp.ResponseError
	switch {
	case err == nil:
		if raw, ok := middleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
			theirs, _ = http.ParseTime(raw.Header.Get("Date"))
		}
	case errors.As(err, &refusal) && refusal.Response != nil:
		theirs, _ = http.ParseTime(refusal.Response.Header.Get("Date"))
	}
	if theirs.IsZero() {
		found.Status, found.Detail = Note, "AWS did not return the time"
		return found
	}
	off := skew(before, after, theirs)
	switch {
	case off.Abs() > maxSkew:
		direction := "behind"
		if off > 0 {
			direction = "ahead of"
		}
		return found.failed(problem.New(problem.Access, nil, "Clock is wrong", fmt.Sprintf(
			"The clock of this machine is %s %s AWS's, which refuses requests signed more than %s away. Set the clock.",
			off.Abs().Round(time.Second), direction, maxSkew)))
	default:
		found.Detail = fmt.Sprintf("within %s of AWS's", max(time.Second, off.Abs().Round(time.Second)))
	}
	return found
}

// skew returns how far our clock is ahead of theirs. theirs was read between before
// and after, and is truncated to seconds.
func skew(before, after, theirs time.Time) time.Duration {
	switch {
	case theirs.Add(time.Second).Before(before):
		return before.Sub(theirs)
	case theirs.After(after):
		return after.Sub(theirs)
	}
	return 0
}
