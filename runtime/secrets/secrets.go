// Package secrets gives a Go function the secrets that bundle sealed for it. It
// reads the function's document from the layer below /opt, has KMS open it (one
// call per 4 KB of secrets), and keeps what it opened for as long as the
// process lives:
//
//	password, err := secrets.Get(ctx, "DB_PASSWORD")
//
// What is read, in which order, and what each error means is laid down in
// docs/runtime.md, for all languages alike; F-n in a comment is the number of a
// rule in docs/format.md. Nothing is read before the first call. Failures are
// never remembered, and no error holds a value.
package secrets

import (
	"context"
	"sync"
)

// shared is the client of the package's functions.
var shared = sync.OnceValue(func() *Client { return New(Options{}) })

// Get returns one secret as text. See [Client.Get].
func Get(ctx context.Context, name string) (string, error) { return shared().Get(ctx, name) }

// All returns every secret of the function by name. See [Client.All].
func All(ctx context.Context) (map[string]string, error) { return shared().All(ctx) }

// Bytes returns one secret as bytes, decoded where the manifest says base64.
// See [Client.Bytes].
func Bytes(ctx context.Context, name string) ([]byte, error) { return shared().Bytes(ctx, name) }

// LoadEnv makes every secret an environment variable of this process. See
// [Client.LoadEnv].
func LoadEnv(ctx context.Context) error { return shared().LoadEnv(ctx) }
