// Package secrets gives a Lambda function in Go the secrets that bundle sealed
// for it. It reads the function's document from the layer below /opt, opens it
// with kms:Decrypt (one call per 4 KB of secrets), and caches the values for
// the life of the process:
//
//	password, err := secrets.Get(ctx, "DB_PASSWORD")
//
// docs/runtime.md specifies what is read, in which order, and what each error
// means, for all languages; F-n in a comment is the number of a rule in
// docs/format.md. Nothing is read before the first call. Failures are never
// cached, and no error contains a value.
package secrets

import (
	"context"
	"sync"
	"sync/atomic"
)

// shared is the client of the package's functions, unless a test replaces it.
var (
	shared   = sync.OnceValue(func() *Client { return New(Options{}) })
	replaced atomic.Pointer[Client]
)

func client() *Client {
	if c := replaced.Load(); c != nil {
		return c
	}
	return shared()
}

// Replace makes the functions of this package use another client, until restore is
// called. It is for unit tests: secretstest.Set calls it.
func Replace(c *Client) (restore func()) {
	before := replaced.Swap(c)
	return func() { replaced.Store(before) }
}

// Get returns the value of one secret as a string. See [Client.Get].
func Get(ctx context.Context, name string) (string, error) { return client().Get(ctx, name) }

// All returns the values of all secrets of the function, by name. See
// [Client.All].
func All(ctx context.Context) (map[string]string, error) { return client().All(ctx) }

// Bytes returns the value of one secret as bytes, decoded if the manifest says
// encoding = "base64". See [Client.Bytes].
func Bytes(ctx context.Context, name string) ([]byte, error) { return client().Bytes(ctx, name) }

// LoadEnv sets every secret as an environment variable of this process. See
// [Client.LoadEnv].
func LoadEnv(ctx context.Context) error { return client().LoadEnv(ctx) }
