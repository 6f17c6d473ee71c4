package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/pipeline/secret"
)

// maxCiphertext is the length in bytes of the longest ciphertext that Encrypt
// returns.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const maxCiphertext = 6144

// leastFound is the length in bytes from which a plaintext does not occur in a
// ciphertext by chance.
const leastFound = 8

// KMS resolves keys and encrypts under them, in one account and region. It is
// safe for concurrent use.
type KMS struct {
	client *kms.Client
}

// New returns a KMS that makes its calls with cfg.
func New(cfg aws.Config) *KMS {
	return &KMS{client: kms.NewFromConfig(cfg)}
}

// Key is a KMS key as it is now.
type Key struct {
	ARN, Partition, Region, Account string

	State           string // such as "Enabled", "Disabled" or "PendingDeletion"
	Enabled         bool   // the state is Enabled
	Symmetric       bool   // key spec SYMMETRIC_DEFAULT, for encryption
	Spec, Usage     string // such as "SYMMETRIC_DEFAULT" and "ENCRYPT_DECRYPT"; "unknown" if KMS has no such words
	CustomerManaged bool   // not an AWS managed key
}

// Describe resolves an alias, a key ID, or the ARN of either to the key that it
// refers to now:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
//
// Its errors wrap ErrKeyMissing, ErrKeyDenied, ErrReply, ErrUnavailable,
// ErrCredentials or the context's error.
func (k *KMS) Describe(ctx context.Context, ref string) (Key, error) {
	out, err := k.client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(ref)})
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode() == "ValidationException": // the reference is all that can be invalid
		return Key{}, fmt.Errorf("%w: %w", ErrKeyMissing, awsfault.Explain(err))
	case err != nil:
		return Key{}, failure(ctx, err, nil)
	}
	key, err := described(ref, out.KeyMetadata)
	return key, awsfault.InReply(err, out.ResultMetadata)
}

var kindForm = lazyregexp.New(`^[A-Z0-9_]{1,64}$`)

// kindOf returns a key spec or key usage, which may be newer than the SDK, if it has the
// form of one. Anything else in a reply is not printed.
func kindOf(word string) string {
	if kindForm.MatchString(word) {
		return word
	}
	return "unknown"
}

// described checks the description of the key that ref names.
func described(ref string, m *types.KeyMetadata) (Key, error) {
	if m == nil {
		return Key{}, fmt.Errorf("%w: it does not describe a key", ErrReply)
	}
	name, ok := parseKey(aws.ToString(m.Arn))
	switch {
	case !ok:
		return Key{}, fmt.Errorf("%w: it does not have the ARN of a key", ErrReply)
	case name.Account != aws.ToString(m.AWSAccountId):
		return Key{}, fmt.Errorf("%w: the key %q does not belong to the account in its ARN", ErrReply, name)
	case name.Key() != aws.ToString(m.KeyId):
		return Key{}, fmt.Errorf("%w: the key %q does not have the ID in its ARN", ErrReply, name)
	case !slices.Contains(types.KeyState("").Values(), m.KeyState):
		return Key{}, fmt.Errorf("%w: the key %q is in a state that is not one of KMS's", ErrReply, name)
	case !arn.IsAlias(ref) && ref != name.String() && ref != name.Key():
		return Key{}, fmt.Errorf("%w: it describes key %q", ErrReply, name)
	case arn.IsAlias(ref) && !beside(ref, name): // the ARN of an alias has the region and account of its key
		return Key{}, fmt.Errorf("%w: it describes key %q", ErrReply, name)
	}
	key := Key{ARN: name.String(), Partition: name.Partition, Region: name.Region, Account: name.Account}
	key.State = string(m.KeyState)
	key.Enabled = m.Enabled && m.KeyState == types.KeyStateEnabled
	key.Symmetric = m.KeySpec == types.KeySpecSymmetricDefault && m.KeyUsage == types.KeyUsageTypeEncryptDecrypt
	key.Spec, key.Usage = kindOf(string(m.KeySpec)), kindOf(string(m.KeyUsage))
	key.CustomerManaged = m.KeyManager == types.KeyManagerTypeCustomer
	return key, nil
}

// Encrypt encrypts the plaintext of one box, 1 to 4,096 bytes, and returns the
// ciphertext, which is different for every call:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
//
// The key is named by its ARN, so that the reply can be checked against it. Errors
// wrap ErrKeyMissing, ErrKeyDenied, ErrKeyState, ErrReply, ErrUnavailable,
// ErrCredentials or the context's error. They repeat no part of the plaintext, even
// if the reply does.
func (k *KMS) Encrypt(ctx context.Context, keyARN string, box secret.Value, encryption map[string]string) ([]byte, error) {
	if _, ok := parseKey(keyARN); !ok {
		return nil, fmt.Errorf("%w: %q is not the ARN of a key", ErrKeyMissing, awsfault.Printable(keyARN))
	}
	plaintext := box.Reveal()
	defer clear(plaintext)
	out, err := k.client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: aws.String(keyARN), Plaintext: plaintext, EncryptionContext: encryption,
	})
	if err != nil {
		return nil, failure(ctx, err, plaintext)
	}
	if err := checkSealed(out, keyARN, plaintext); err != nil {
		told := awsfault.InReply(err, out.ResultMetadata)
		if withoutEcho(told.Error(), plaintext) == told.Error() {
			err = told
		}
		return nil, err
	}
	return out.CiphertextBlob, nil
}

// checkSealed checks a reply of Encrypt against its request.
func checkSealed(out *kms.EncryptOutput, keyARN string, plaintext []byte) error {
	switch blob := out.CiphertextBlob; {
	case aws.ToString(out.KeyId) != keyARN:
		return fmt.Errorf("%w: it names a key other than %q", ErrReply, keyARN) // not shown: it could be anything, even the plaintext
	case len(blob) > maxCiphertext:
		return fmt.Errorf("%w: the ciphertext is %d bytes long", ErrReply, len(blob))
	case len(blob) <= len(plaintext), len(plaintext) >= leastFound && bytes.Contains(blob, plaintext):
		return fmt.Errorf("%w: the ciphertext is not valid", ErrReply)
	}
	return nil
}

// beside reports whether an alias is in the partition, region and account of a key.
// An alias that is not an ARN always is.
func beside(alias string, key arn.ARN) bool {
	a, ok := arn.Parse(alias)
	a.Resource = key.Resource
	return !ok || a == key
}

// parseKey parses the ARN of a key. Its ID consists of letters, digits and hyphens
// (docs/format.md, F-19).
func parseKey(s string) (arn.ARN, bool) {
	a, ok := arn.Parse(s)
	partition := a.Partition == "aws" || strings.HasPrefix(a.Partition, "aws-") && only(a.Partition, lower) // not yet: the region's
	return a, ok && partition && only(a.Region, lower) && a.HasAccount() && only(a.Key(), lower+upper)
}

const (
	lower = "abcdefghijklmnopqrstuvwxyz0123456789-"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only reports whether a string is not empty and consists of some characters.
func only(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

// failure returns the error that ended a call. It keeps only a description of the
// cause: the timeout of one attempt must not look like the end of ctx.
func failure(ctx context.Context, cause error, plaintext []byte) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, awsfault.Ended(ctx, cause))
	}
	why := awsfault.Explain(cause)
	if text := withoutEcho(why.Error(), plaintext); text != why.Error() {
		why.Reword(text)
	}
	return fmt.Errorf("%w: %w", sentinel(cause), why)
}
