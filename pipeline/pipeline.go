// Package pipeline contains the use cases of bundle. It takes a manifest through
// the steps that its folders are named after, manifest → plan → param → seal →
// layer, and reports every error at the manifest line that caused it.
package pipeline

import (
	"context"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// Parameters reads parameters and secrets of Secrets Manager. [Stores] implements it.
type Parameters interface {
	Versions
	// Read reads values. Otherwise, it is like Versions.
	Read(ctx context.Context, refs []secret.Ref, got func(Found)) error
}

// A KeyDescriber resolves keys. [seal.KMS] implements it.
type KeyDescriber interface {
	Describe(ctx context.Context, ref string) (seal.Key, error)
}

// Keys resolves keys and encrypts under them. [seal.KMS] implements it.
type Keys interface {
	KeyDescriber
	Encrypt(ctx context.Context, keyARN string, box secret.Value, context map[string]string) ([]byte, error)
}

// A Pointer reads and writes the parameter that has the ARN of a published layer.
// [param.Source] implements it.
type Pointer interface {
	Texts
	Put(ctx context.Context, p param.Put) (param.Written, error)
}

// Layers reads and publishes Lambda layers. [publish.Lambda] implements it.
type Layers interface {
	Find(ctx context.Context, ref publish.Ref) (publish.Version, error)
	Download(ctx context.Context, v publish.Version) ([]byte, error)
	Publish(ctx context.Context, name, description string, layer []byte) (publish.Version, error)
}
