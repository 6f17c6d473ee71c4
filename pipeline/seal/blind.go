package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/internal/awsfault"
)

var (
	// ErrCiphertext reports a ciphertext that KMS cannot decrypt: it is not a KMS
	// ciphertext, is damaged, or has another encryption context.
	ErrCiphertext error = awsfault.Sentinel("kms", "InvalidCiphertextException", awsfault.Other, "KMS does not accept the ciphertext")
	// ErrSourceKey reports a ciphertext under another key than the expected one.
	ErrSourceKey error = awsfault.Sentinel("kms", "IncorrectKeyException", awsfault.Other, "it is encrypted under another key")
)

// Blind re-encrypts ciphertexts inside KMS. Its client refuses to send any call
// that takes or returns plaintext. It is safe for concurrent use.
type Blind struct {
	client *kms.Client
}

// NewBlind returns a Blind that makes its calls with cfg.
func NewBlind(cfg aws.Config) *Blind {
	return &Blind{kms.NewFromConfig(cfg, refusePlaintext)}
}

// A Move is the re-encryption of one ciphertext from one key to another.
type Move struct {
	Ciphertext []byte
	Parameter  string   // ARN: the context that Parameter Store encrypted it with
	Sources    []string // ARNs of the keys that it may be encrypted under; none means any but To
	To         string   // ARN
	Context    map[string]string
}

// ReEncrypt returns the ciphertext under the key m.To and with the context
// m.Context. The plaintext does not leave KMS:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
//
// The encryption context of what Parameter Store stores is the parameter's ARN:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
//
// Errors wrap ErrCiphertext, ErrSourceKey, ErrKeyMissing, ErrKeyDenied,
// ErrKeyState, ErrReply, ErrUnavailable, ErrCredentials or the context's error.
func (b *Blind) ReEncrypt(ctx context.Context, m Move) ([]byte, error) {
	out, err := b.client.ReEncrypt(ctx, m.request())
	if err != nil {
		return nil, moveFailure(ctx, err)
	}
	if err := m.check(out); err != nil {
		return nil, awsfault.InReply(err, out.ResultMetadata)
	}
	return out.CiphertextBlob, nil
}

// check checks a reply of ReEncrypt against its request.
func (m Move) check(out *kms.ReEncryptOutput) error {
	source, to := aws.ToString(out.SourceKeyId), aws.ToString(out.KeyId)
	_, ok := parseKey(source)
	switch n := len(out.CiphertextBlob); {
	case to != m.To:
		return fmt.Errorf("%w: %q encrypted instead of %q", ErrReply, awsfault.Printable(to), m.To)
	case !ok:
		return fmt.Errorf("%w: the source key is %q", ErrReply, awsfault.Printable(source))
	case n == 0 || n > maxCiphertext:
		return fmt.Errorf("%w: the ciphertext is %d bytes long", ErrReply, n)
	case bytes.Equal(out.CiphertextBlob, m.Ciphertext):
		return fmt.Errorf("%w: the ciphertext has not changed", ErrReply)
	case source == m.To:
		return fmt.Errorf("%w: %s, which is the function's own", ErrSourceKey, source)
	case !m.expects(source):
		return fmt.Errorf("%w: %s", ErrSourceKey, source)
	}
	return nil
}

// Try finds out by a dry run whether KMS would allow ReEncrypt. Its errors are those
// of ReEncrypt, except for those that need a reply.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func (b *Blind) Try(ctx context.Context, m Move) error {
	request := m.request()
	request.DryRun = aws.Bool(true)
	_, err := b.client.ReEncrypt(ctx, request)
	var api smithy.APIError
	switch {
	case err == nil:
		return fmt.Errorf("%w: the dry run got the reply of a real call", ErrReply)
	case errors.As(err, &api) && api.ErrorCode() == "DryRunOperationException":
		return nil
	}
	return moveFailure(ctx, err)
}

func (m Move) request() *kms.ReEncryptInput {
	in := &kms.ReEncryptInput{
		CiphertextBlob:               m.Ciphertext,
		SourceEncryptionContext:      map[string]string{"PARAMETER_ARN": m.Parameter},
		DestinationKeyId:             aws.String(m.To),
		DestinationEncryptionContext: m.Context,
	}
	if len(m.Sources) == 1 {
		in.SourceKeyId = aws.String(m.Sources[0]) // then KMS accepts no other
	}
	return in
}

func (m Move) expects(source string) bool {
	return len(m.Sources) == 0 || slices.Contains(m.Sources, source)
}

func moveFailure(ctx context.Context, err error) error {
	var api smithy.APIError
	if ctx.Err() == nil && errors.As(err, &api) {
		switch api.ErrorCode() {
		case "InvalidCiphertextException": // its message is empty
			return fmt.Errorf("%w: %w", ErrCiphertext, awsfault.Explain(err))
		case "IncorrectKeyException":
			return fmt.Errorf("%w: %w", ErrSourceKey, awsfault.Explain(err))
		}
	}
	return failure(ctx, err, nil)
}

// refusePlaintext limits a client to ReEncrypt. It refuses Decrypt, Encrypt,
// GenerateDataKey, and every other operation that KMS has or will have.
func refusePlaintext(o *kms.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RefusePlaintext",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				if _, ok := in.Parameters.(*kms.ReEncryptInput); !ok {
					return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("a blind build does not send %T", in.Parameters)
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
}
