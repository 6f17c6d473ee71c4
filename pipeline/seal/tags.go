package seal

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/whispering/bundle/internal/awsfault"
)

// maxTags is the largest number of tags of a key:
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const maxTags = 50

// Tags returns the tags of a key of the caller's account, by their keys:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html
//
// Its errors wrap ErrKeyMissing, ErrKeyDenied, ErrReply, ErrUnavailable,
// ErrCredentials or the context's error.
func (k *KMS) Tags(ctx context.Context, keyARN string) (map[string]string, error) {
	tags := make(map[string]string)
	var marker *string
	for range maxTags {
		out, err := k.client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: aws.String(keyARN), Limit: aws.Int32(maxTags), Marker: marker})
		if err != nil {
			return nil, failure(ctx, err, nil)
		}
		before := len(tags)
		for _, t := range out.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
		if aws.ToString(out.NextMarker) == "" && !out.Truncated {
			return tags, nil
		}
		if marker = out.NextMarker; aws.ToString(marker) == "" || len(tags) == before {
			return nil, awsfault.InReply(fmt.Errorf("%w: the list of tags of key %q does not end", ErrReply, keyARN), out.ResultMetadata)
		}
	}
	return nil, fmt.Errorf("%w: key %q has more than %d tags", ErrReply, keyARN, maxTags)
}
