package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/problem"
)

// usage says when a function's key was last used. KMS knows that since some day. It
// reports a multi-Region key for each Region apart.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html
func (d *Doctor) usage(ctx context.Context, f Function) Finding {
	found := Finding{Check: CheckUsage, Status: Note, Function: f.Name, Action: "kms:GetKeyLastUsage", Resource: f.KeyARN, At: f.Key}
	out, err := d.client.GetKeyLastUsage(ctx, &kms.GetKeyLastUsageInput{KeyId: aws.String(f.KeyARN)})
	switch {
	case err != nil && !unanswerable(err):
		return found.failed(found.problem(ctx, err, problem.Resource{Lead: fmt.Sprintf("The last use of key %q is not available", f.Key.Value)}))
	case err != nil:
		found.Detail = fmt.Sprintf("could not check whether anything uses key %q: %s", f.Key.Value, unanswered(err))
		return found
	}
	if !isKey(out.KeyId, f.KeyARN) {
		return found.failed(found.unexpected("The reply of KMS for the last use of key %q is about another key.", f.Key.Value))
	}
	created, tracked := aws.ToTime(out.KeyCreationDate), aws.ToTime(out.TrackingStartDate)
	switch last := out.KeyLastUsage; {
	case last != nil && last.Timestamp != nil:
		found.Status, found.Detail = OK, fmt.Sprintf("key %q was last used on %s, for %s", f.Key.Value, day(*last.Timestamp), operation(last.Operation))
	case created.Before(tracked):
		found.Detail = fmt.Sprintf("KMS knows of no use of key %q since %s, and does not know of uses before. An idle key costs a dollar a month", f.Key.Value, day(tracked))
	default:
		found.Detail = fmt.Sprintf("nothing has used key %q since it was created on %s. An idle key costs a dollar a month", f.Key.Value, day(created))
	}
	return found
}

var operationForm = lazyregexp.New(`^[A-Za-z]{1,64}$`)

func operation(name types.KeyLastUsageTrackingOperation) string {
	if operationForm.MatchString(string(name)) {
		return string(name)
	}
	return "an unknown operation"
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
