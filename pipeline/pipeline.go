// Package pipeline holds the use cases of bundle: it takes a manifest through
// the steps that its folders name, manifest → plan → param → seal → layer, and
// joins every error on the way to the manifest's line to blame.
package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// Parameters reads Parameter Store. [param.Source] is the one there is.
type Parameters interface {
	// Versions and Read hand each result to got as soon as it is there, never
	// two at once; they return an error only for what stops the whole read.
	Versions(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	Read(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error)
}

// A KeyDescriber resolves keys. [seal.KMS] is the one there is.
type KeyDescriber interface {
	Describe(ctx context.Context, ref string) (seal.Key, error)
}

// Keys resolves keys and encrypts under them. [seal.KMS] is the one there is.
type Keys interface {
	KeyDescriber
	Encrypt(ctx context.Context, keyARN string, box secret.Value, context map[string]string) ([]byte, error)
}

// Layers reads and publishes Lambda layers. [publish.Lambda] is the one there
// is.
type Layers interface {
	Find(ctx context.Context, ref publish.Ref) (publish.Version, error)
	Download(ctx context.Context, v publish.Version) ([]byte, error)
	Publish(ctx context.Context, name, description string, layer []byte) (publish.Version, error)
}
