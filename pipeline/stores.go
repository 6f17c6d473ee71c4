package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A Found is what a store has for one reference, or why it could not be read. A Ref of
// Parameter Store has a Parameter, one of Secrets Manager a Secret.
type Found struct {
	Ref       secret.Ref
	Parameter param.Parameter
	Secret    secretsmanager.Secret
	Err       error // wraps a sentinel of the store's package
}

// Version returns the version that was found.
func (f *Found) Version() secret.Version {
	if f.Ref.Store == secret.SecretsManager {
		return f.Secret.Version
	}
	return f.Parameter.Version
}

// value returns the value that was found, if values were read.
func (f *Found) value() secret.Value {
	if f.Ref.Store == secret.SecretsManager {
		return f.Secret.Value
	}
	return f.Parameter.Value
}

func ofParameter(r param.Result) Found { return Found{Ref: r.Ref, Parameter: r.Parameter, Err: r.Err} }

func ofSecret(r secretsmanager.Result) Found { return Found{Ref: r.Ref, Secret: r.Secret, Err: r.Err} }

// isMissing reports whether there is no such parameter or secret. A secret that is
// deleted and can be restored exists.
func isMissing(err error) bool {
	return errors.Is(err, param.ErrMissing) || errors.Is(err, secretsmanager.ErrMissing)
}

// isVersionMissing reports whether the parameter or secret exists, but not the version.
func isVersionMissing(err error) bool {
	return errors.Is(err, param.ErrVersion) || errors.Is(err, secretsmanager.ErrVersion)
}

// isDeleted reports whether a secret is marked for deletion.
func isDeleted(err error) bool { return errors.Is(err, secretsmanager.ErrDeleted) }

// Stores reads Parameter Store and Secrets Manager at once, each reference where it is
// kept.
type Stores struct {
	Parameters *param.Source
	Secrets    *secretsmanager.Source
}

// Versions implements [Versions] and [Parameters].
func (s Stores) Versions(ctx context.Context, refs []secret.Ref, got func(Found)) error {
	return both(ctx, refs, s.Parameters.Versions, s.Secrets.Versions, got)
}

// Read implements [Parameters].
func (s Stores) Read(ctx context.Context, refs []secret.Ref, got func(Found)) error {
	return both(ctx, refs, s.Parameters.Read, s.Secrets.Read, got)
}

// Dates implements [Versions] and [Parameters].
func (s Stores) Dates(ctx context.Context, refs []secret.Ref, got func(Found)) error {
	return dates(ctx, s.Secrets, refs, got)
}

func dates(ctx context.Context, secrets *secretsmanager.Source, refs []secret.Ref, got func(Found)) error {
	byName := make(map[string][]secret.Ref)
	for _, ref := range refs {
		byName[ref.Name] = append(byName[ref.Name], ref)
	}
	return secrets.Dates(ctx, refs, func(d secretsmanager.Dated) {
		for _, ref := range byName[d.Name] {
			found := Found{Ref: ref, Err: d.Err}
			written, ok := d.Created[ref.ID]
			if found.Secret.Version = (secret.Version{ARN: d.ARN, ID: ref.ID, Modified: written}); !ok && d.Err == nil {
				found.Err = fmt.Errorf("%w: %q has no version %s", secretsmanager.ErrVersion, ref, ref.ID)
			}
			got(found)
		}
	})
}

// List implements [Versions] and [Parameters].
func (s Stores) List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error) {
	return s.Parameters.List(ctx, path, recursive)
}

// BlindStores is Stores for clients that cannot receive the value of a SecureString or
// of a secret of Secrets Manager.
type BlindStores struct {
	Parameters *param.Blind
	Secrets    *secretsmanager.Source // made by Looking
}

// Versions implements [BlindParameters].
func (s BlindStores) Versions(ctx context.Context, refs []secret.Ref, got func(Found)) error {
	return both(ctx, refs, s.Parameters.Versions, s.Secrets.Versions, got)
}

// Ciphertexts implements [BlindParameters]. A secret of Secrets Manager has no
// ciphertext that leaves AWS, only a version.
func (s BlindStores) Ciphertexts(ctx context.Context, refs []secret.Ref, got func(Found)) error {
	return both(ctx, refs, s.Parameters.Ciphertexts, s.Secrets.Versions, got)
}

// Dates implements [BlindParameters].
func (s BlindStores) Dates(ctx context.Context, refs []secret.Ref, got func(Found)) error {
	return dates(ctx, s.Secrets, refs, got)
}

// List implements [BlindParameters].
func (s BlindStores) List(ctx context.Context, path string, recursive bool) ([]param.Parameter, error) {
	return s.Parameters.List(ctx, path, recursive)
}

// A reader reads the references of one store.
type reader[R any] func(ctx context.Context, refs []secret.Ref, got func(R)) error

// both reads each reference in its store, and both stores at once. It passes the results
// to got never two at a time. If one store stops the read, so does the other.
func both(ctx context.Context, refs []secret.Ref, parameters reader[param.Result], secrets reader[secretsmanager.Result], got func(Found)) error {
	var ofStores [2][]secret.Ref
	for _, ref := range refs {
		ofStores[ref.Store] = append(ofStores[ref.Store], ref)
	}
	var mu sync.Mutex // serializes calls of got
	pass := func(f Found) {
		mu.Lock()
		defer mu.Unlock()
		got(f)
	}
	readParameters := func(ctx context.Context) error {
		return parameters(ctx, ofStores[secret.ParameterStore], func(r param.Result) { pass(ofParameter(r)) })
	}
	readSecrets := func(ctx context.Context) error {
		return secrets(ctx, ofStores[secret.SecretsManager], func(r secretsmanager.Result) { pass(ofSecret(r)) })
	}
	switch {
	case len(ofStores[secret.SecretsManager]) == 0:
		return readParameters(ctx)
	case len(ofStores[secret.ParameterStore]) == 0:
		return readSecrets(ctx)
	}
	group, ctx := errgroup.WithContext(ctx) // its error is that of the store that stopped first
	group.Go(func() error { return readParameters(ctx) })
	group.Go(func() error { return readSecrets(ctx) })
	return group.Wait()
}
