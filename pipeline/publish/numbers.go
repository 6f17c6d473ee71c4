package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// A Listed is a version of a layer as a list has it, without the digest of its content.
type Listed struct {
	Number      int64
	ARN         string
	Created     time.Time // zero if Lambda's reply has no date
	Description string    // of whoever published it; untrusted
}

// List lists all versions of a layer that are not deleted, in the order of Lambda. There are none of a layer that does not
// exist. Its errors are those of Find.
func (l *Lambda) List(ctx context.Context, layer string) ([]Listed, error) {
	var all []Listed
	at := map[int64]bool{}
	err := pages(func(marker *string) (*string, int, error) {
		out, err := l.client.ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: aws.String(layer), MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, 0, failure(ctx, err)
		}
		if _, _, err := l.highest(layer, 0, out.LayerVersions); err != nil {
			return nil, 0, err
		}
		for _, v := range out.LayerVersions {
			if at[v.Version] {
				return nil, 0, fmt.Errorf("%w: it lists version %d twice", ErrReply, v.Version)
			}
			at[v.Version] = true
			all = append(all, Listed{v.Version, aws.ToString(v.LayerVersionArn), date(aws.ToString(v.CreatedDate)), aws.ToString(v.Description)})
		}
		return out.NextMarker, len(out.LayerVersions), nil
	})
	return all, err
}

// Numbers lists the numbers of all versions of a layer that are not deleted. Its errors are those of Find.
func (l *Lambda) Numbers(ctx context.Context, layer string) (map[int64]bool, error) {
	listed, err := l.List(ctx, layer)
	all := map[int64]bool{}
	for _, v := range listed {
		all[v.Number] = true
	}
	return all, err
}
