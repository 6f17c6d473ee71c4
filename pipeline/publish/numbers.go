package publish

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Numbers lists the numbers of all versions of a layer that are not deleted. Its errors are those of Find.
func (l *Lambda) Numbers(ctx context.Context, layer string) (map[int64]bool, error) {
	all := map[int64]bool{}
	err := pages(func(marker *string) (*string, int, error) {
		out, err := l.client.ListLayerVersions(ctx, &lambda.ListLayerVersionsInput{LayerName: aws.String(layer), MaxItems: aws.Int32(50), Marker: marker})
		if err != nil {
			return nil, 0, failure(ctx, err)
		}
		if _, _, err := l.highest(layer, 0, out.LayerVersions); err != nil {
			return nil, 0, err
		}
		for _, v := range out.LayerVersions {
			all[v.Version] = true
		}
		return out.NextMarker, len(out.LayerVersions), nil
	})
	return all, err
}
