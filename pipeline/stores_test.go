package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

var errStopped = errors.New("stopped")

// Each store waits for the other before it answers.
func TestBothStoresAreReadAtOnce(t *testing.T) {
	refs := []secret.Ref{{Name: "/a"}, {Store: secret.SecretsManager, Name: "x"}, {Name: "/b"}, {Store: secret.SecretsManager, Name: "y"}}
	var reading sync.WaitGroup
	reading.Add(2)
	meet := func() {
		reading.Done()
		reading.Wait()
	}
	var busy sync.Mutex
	var got []string
	err := both(t.Context(), refs, func(_ context.Context, refs []secret.Ref, got func(param.Result)) error {
		meet()
		for _, ref := range refs {
			got(param.Result{Ref: ref, Parameter: param.Parameter{Version: secret.Version{Number: 7}}})
		}
		return nil
	}, func(_ context.Context, refs []secret.Ref, got func(secretsmanager.Result)) error {
		meet()
		for _, ref := range refs {
			got(secretsmanager.Result{Ref: ref, Secret: secretsmanager.Secret{Version: secret.Version{ID: "id"}}})
		}
		return nil
	}, func(f Found) {
		if !busy.TryLock() {
			t.Error("got is called twice at a time")
			return
		}
		defer busy.Unlock()
		if v := f.Version(); (v.ID == "id") != (f.Ref.Store == secret.SecretsManager) || (v.Number == 7) != (f.Ref.Store == secret.ParameterStore) {
			t.Errorf("%+v", f)
		}
		got = append(got, f.Ref.Name)
	})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"/a", "/b", "x", "y"}) {
		t.Errorf("%v, %v", got, err)
	}
}

// A store that stops stops the other, and its error is reported.
func TestAStoreThatStopsStopsTheOther(t *testing.T) {
	refs := []secret.Ref{{Name: "/a"}, {Store: secret.SecretsManager, Name: "x"}}
	err := both(t.Context(), refs, func(ctx context.Context, _ []secret.Ref, _ func(param.Result)) error {
		<-ctx.Done()
		return ctx.Err()
	}, func(context.Context, []secret.Ref, func(secretsmanager.Result)) error {
		return errStopped
	}, func(Found) {})
	if !errors.Is(err, errStopped) {
		t.Error(err)
	}
}

func TestAStoreWithoutReferencesIsNotAsked(t *testing.T) {
	never := func(context.Context, []secret.Ref, func(secretsmanager.Result)) error { panic("asked") }
	asked := 0
	parameters := func(_ context.Context, refs []secret.Ref, _ func(param.Result)) error {
		asked += 1 + len(refs)
		return nil
	}
	for _, refs := range [][]secret.Ref{nil, {{Name: "/a"}}} { // without any, the one says how the context has ended
		if err := both(t.Context(), refs, parameters, never, func(Found) {}); err != nil {
			t.Error(err)
		}
	}
	if asked != 3 {
		t.Errorf("asked for %d", asked)
	}
}
