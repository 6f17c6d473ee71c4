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

// Blind reads parameters without ever seeing the value of a SecureString: its
// client refuses to send a request for a decrypted one. It keeps the pace of the
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

// Looking returns a Source that makes its calls with cfg, at the pace of s, and
// whose client refuses to send a request for a decrypted value.
func (s *Source) Looking(cfg aws.Config) *Source { return s.Blind(cfg).source }

// Versions is Source.Versions, through a client that could not decrypt.
func (b *Blind) Versions(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return b.source.read(ctx, refs, versions, got)
}

// Ciphertexts reads each parameter as it is stored. Otherwise it is like
// Source.Read: a SecureString comes with its Ciphertext, a parameter of another
// type with nothing, because what is stored for it is its value.
//
// Parameter Store hands out the ciphertext of a SecureString to who asks without
// decryption:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
func (b *Blind) Ciphertexts(ctx context.Context, refs []secret.Ref, got func(Result)) error {
	return b.source.read(ctx, refs, ciphertexts, got)
}

// List is like Source.List, of SecureStrings only: Parameter Store leaves the
// others out, so that their values, which it would send as they are, stay there.
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

// refuseDecryption keeps a client from any call but the two that a blind build
// makes, and from asking for decryption in these.
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

// decodeCiphertext decodes what is stored for a SecureString. The decoder's
// error is not passed on: should it not be a ciphertext, it could be a value.
func decodeCiphertext(stored string) (ciphertext []byte, bad bool) {
	ciphertext, err := base64.StdEncoding.DecodeString(stored)
	if err != nil || len(ciphertext) == 0 {
		return nil, true
	}
	return ciphertext, false
}

// Advanced reports whether the parameter is a SecureString of the advanced tier:
// these are stored as a message of the AWS Encryption SDK, which KMS cannot
// re-encrypt. Such a message tells itself by its first bytes: its version, and
// for version 1 its type, and then the algorithm suite. Those of a KMS
// ciphertext are not documented; KMS is to judge whatever else there is.
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
