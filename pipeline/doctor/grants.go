package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// A grantee is whom a grant allows to decrypt, or to move a document to another key.
type grantee struct {
	principal  string // an ARN, or the name of an AWS service
	operations []types.GrantOperation
}

// gives reports whether the grant has the operation for an action.
func (g grantee) gives(action string) bool {
	operation := types.GrantOperationDecrypt
	if action == moving {
		operation = types.GrantOperationReEncryptFrom
	}
	return slices.Contains(g.operations, operation)
}

const (
	grantsPerPage = 5 // a few, because a grant can be long: see internal/awsreply
	maxGrantPages = 100
	maxEmptyPages = 10 // in a row
)

// A badReply says what is wrong with the grants in a reply, as the end of a sentence.
type badReply string

func (e badReply) Error() string { return string(e) }

func isReply(err error) bool {
	var bad badReply
	return errors.As(err, &bad)
}

// grants reads the grants of a key that allow decrypting or moving, whatever their constraints.
// complete is false if there are more than it reads. Its errors are those of KMS, or
// a badReply.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (d *Doctor) grants(ctx context.Context, keyARN string) (all []grantee, complete bool, err error) {
	empty := 0
	var marker *string
	for range maxGrantPages {
		out, err := d.client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: aws.String(keyARN), Limit: aws.Int32(grantsPerPage), Marker: marker})
		if err != nil {
			return nil, false, err
		}
		for _, g := range out.Grants {
			found, err := granteeOf(g, keyARN)
			if err != nil {
				return nil, false, err
			}
			if found.gives(decrypting) || found.gives(moving) {
				all = append(all, found)
			}
		}
		if empty++; len(out.Grants) > 0 {
			empty = 0
		}
		next, before := aws.ToString(out.NextMarker), aws.ToString(marker)
		switch {
		case next == "" && out.Truncated:
			return nil, false, badReply("says that there are more, and not where")
		case next == "":
			return all, true, nil
		case next == before || empty == maxEmptyPages:
			return nil, false, badReply("does not end")
		}
		marker = out.NextMarker
	}
	return all, false, nil
}

// isKey reports whether the ID or ARN in a reply is that of a key.
func isKey(replied *string, keyARN string) bool {
	key := aws.ToString(replied)
	return key == keyARN || strings.HasSuffix(keyARN, ":key/"+key)
}

// granteeOf returns whom a grant is for. It must be of the key.
func granteeOf(g types.GrantListEntry, keyARN string) (grantee, error) {
	if !isKey(g.KeyId, keyARN) {
		return grantee{}, badReply("has a grant of another key")
	}
	principal, service := aws.ToString(g.GranteePrincipal), aws.ToString(g.GranteeServicePrincipal)
	if principal == "" && service == "" {
		return grantee{}, badReply("has a grant for nobody")
	}
	if principal == "" {
		principal = service
	}
	return grantee{principal, g.Operations}, nil
}
