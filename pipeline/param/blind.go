package param

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/whispering/bundle/pipeline/secret"
)

// Blind reads parameters without ever receiving the value of a SecureString: its
// client refuses to send a request with decryption. It shares the pace of the
// Source that it was made from, and is safe for concurrent use.
type Blind struct {
	source *Source
}

// Blind returns a Blind that makes its calls with cfg, at the pace of s.
func (s *Source) Blind(cfg aws.Config) *Blind {
	blind := *s
	blind.client = ssm.NewFromConfig(cfg, s.paced, refuseDecryption)
	return &Blind{&blind}
}

// Looking returns a Source that makes its calls with cfg, at the pace of s. Its
// client refuses to send a request with decryption.
func (s *Source) Looking(cfg aws.Config) *Source { return s.Blind(cfg).source }

// Versions is like Source.Versions, with a client that cannot decrypt.
func (b *Blind) Versions(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return b.source.read(ctx, refs, versions, got)
}

// Ciphertexts reads each parameter as it is stored. Otherwise, it is like
// Source.Read. A SecureString has its Ciphertext. A parameter of another type has
// none, because what is stored for it is its value.
//
// Without decryption, Parameter Store returns the ciphertext of a SecureString:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
func (b *Blind) Ciphertexts(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return b.source.read(ctx, refs, ciphertexts, got)
}

// List is like Source.List, but for SecureStrings only. Parameter Store filters out
// the others, so it never sends their values, which are not encrypted.
func (b *Blind) List(ctx context.Context, path string, recursive bool) ([]Parameter, error) {
	all, err := b.source.list(ctx, path, recursive, []types.ParameterStringFilter{{
		Key: aws.String("Type"), Option: aws.String("Equals"), Values: []string{string(types.ParameterTypeSecureString)},
	}})
	for _, p := range all {
		if p.Type != string(types.ParameterTypeSecureString) {
			return nil, replyError("the list of SecureStrings below %q contains %q, a %s", path, p.Ref, p.Type)
		}
	}
	return all, err
}

// refuseDecryption limits a client to the two calls that a blind build makes,
// without decryption.
func refuseDecryption(o *ssm.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RefuseDecryption",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				if !undecrypted(in.Parameters) {
					return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("a blind build does not send %T with decryption, or at all", in.Parameters)
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
}

func undecrypted(request any) bool {
	switch in := request.(type) {
	case *ssm.GetParametersInput:
		return !aws.ToBool(in.WithDecryption)
	case *ssm.GetParametersByPathInput:
		return !aws.ToBool(in.WithDecryption)
	}
	return false
}

// decodeCiphertext decodes what is stored for a SecureString. It does not return
// the decoder's error, because it could quote a value instead of a ciphertext.
func decodeCiphertext(stored string) (ciphertext []byte, bad bool) {
	ciphertext, err := base64.StdEncoding.DecodeString(stored)
	if err != nil || len(ciphertext) == 0 {
		return nil, true
	}
	return ciphertext, false
}

// Advanced reports whether the parameter is a SecureString of the advanced tier.
// These are stored as messages of the AWS Encryption SDK, which KMS cannot
// re-encrypt. The first bytes of such a message are its version, for version 1 its
// type, and then the algorithm suite. The first bytes of a KMS ciphertext are not
// documented, so everything else is left to KMS.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
// https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
func (p Parameter) Advanced() bool {
	c := p.Ciphertext
	switch {
	case len(c) < 3:
		return false
	case c[0] == 1:
		return c[1] == 0x80
	case c[0] == 2:
		return (c[1] == 0x04 || c[1] == 0x05) && c[2] == 0x78
	}
	return false
}
