package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Shared reports whether a version of a layer has a policy, which lets other accounts read it. It makes one call:
// https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html
// A version that does not exist has none. Its errors are those of Find, without ErrNoLayer.
func (l *Lambda) Shared(ctx context.Context, layer string, number int64) (bool, error) {
	out, err := l.client.GetLayerVersionPolicy(ctx, &lambda.GetLayerVersionPolicyInput{LayerName: aws.String(layer), VersionNumber: aws.Int64(number)})
	if err == nil {
		var policy struct{ Statement []json.RawMessage }
		if json.Unmarshal([]byte(aws.ToString(out.Policy)), &policy) != nil || len(policy.Statement) == 0 {
			return false, fmt.Errorf("%w: it has a policy that is not one", ErrReply)
		}
		return true, nil
	}
	if err = failure(ctx, err); errors.Is(err, ErrNoLayer) { // ResourceNotFoundException
		return false, nil
	}
	return false, err
}

// Delete deletes a version of a layer. Functions that have it keep it; it can neither be read nor attached anymore, and its
// number is never used again. Deleting what does not exist succeeds, so a call whose outcome is not known can be repeated:
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html
// Its errors are those of Find.
func (l *Lambda) Delete(ctx context.Context, layer string, number int64) error {
	_, err := l.client.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: aws.String(layer), VersionNumber: aws.Int64(number)})
	if err != nil {
		return failure(ctx, err)
	}
	return nil
}
