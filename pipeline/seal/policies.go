package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awsfault"
)

// defaultPolicy is the name of the policy of a key that its owner writes:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
const defaultPolicy = "default"

// Policy returns the policy of a key of the caller's account, as it is written there. It can
// take minutes until what was put counts, and until it is returned:
// https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
//
// Its errors wrap ErrKeyMissing, ErrKeyDenied, ErrReply, ErrUnavailable,
// ErrCredentials or the context's error.
func (k *KMS) Policy(ctx context.Context, keyARN string) (string, error) {
	out, err := k.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(keyARN), PolicyName: aws.String(defaultPolicy)})
	if err != nil {
		return "", failure(ctx, err, nil)
	}
	return aws.ToString(out.Policy), nil
}

// PutPolicy replaces the policy of a key. KMS checks that the caller could do that again; the
// check is never bypassed:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
//
// Its errors are those of Policy. After ErrUnavailable or the context's error, the policy may
// have been replaced.
func (k *KMS) PutPolicy(ctx context.Context, keyARN, policy string) error {
	_, err := k.client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: aws.String(keyARN), PolicyName: aws.String(defaultPolicy), Policy: aws.String(policy)})
	if err != nil {
		return failure(ctx, err, nil)
	}
	return nil
}

// Relatives returns the ARNs of the primary key and of all replicas of a multi-Region key, in
// this order; of any other key, only its own. Each has a policy of its own:
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-auth.html
//
// Its errors are those of Describe.
func (k *KMS) Relatives(ctx context.Context, keyARN string) ([]string, error) {
	out, err := k.client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(keyARN)})
	if err != nil {
		return nil, failure(ctx, err, nil)
	}
	key, err := described(keyARN, out.KeyMetadata)
	if err != nil {
		return nil, awsfault.InReply(err, out.ResultMetadata)
	}
	c := out.KeyMetadata.MultiRegionConfiguration
	if c == nil {
		return []string{key.ARN}, nil
	}
	var all []string
	if c.PrimaryKey != nil {
		all = append(all, aws.ToString(c.PrimaryKey.Arn))
	}
	for _, replica := range c.ReplicaKeys {
		all = append(all, aws.ToString(replica.Arn))
	}
	own, _ := parseKey(key.ARN)
	for i, one := range all {
		relative, ok := parseKey(one)
		relative.Region = own.Region
		if !ok || relative != own || slices.Contains(all[:i], one) {
			return nil, awsfault.InReply(fmt.Errorf("%w: it has a relative of key %q that is none", ErrReply, key.ARN), out.ResultMetadata)
		}
	}
	if !slices.Contains(all, key.ARN) {
		return nil, awsfault.InReply(fmt.Errorf("%w: key %q is not among its relatives", ErrReply, key.ARN), out.ResultMetadata)
	}
	return all, nil
}

// TryOpen finds out by a dry run whether KMS would allow the caller to decrypt a ciphertext
// under a key. Nothing is decrypted. Its errors are ErrKeyDenied if it would not, and those of
// Encrypt:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func (k *KMS) TryOpen(ctx context.Context, keyARN string, ciphertext []byte, encryption map[string]string) error {
	_, err := k.client.Decrypt(ctx, &kms.DecryptInput{
		KeyId: aws.String(keyARN), CiphertextBlob: ciphertext, EncryptionContext: encryption, DryRun: aws.Bool(true),
	})
	var api smithy.APIError
	switch {
	case err == nil:
		return fmt.Errorf("%w: the dry run got the reply of a real call", ErrReply)
	case errors.As(err, &api) && api.ErrorCode() == "DryRunOperationException":
		return nil
	}
	return moveFailure(ctx, err)
}
