package database

import (
	"errors"
	"testing"

	"github.com/whispering/bundle/runtime/secrets"
	"github.com/whispering/bundle/runtime/secretstest"
)

func TestThePasswordIsPartOfTheAddress(t *testing.T) {
	secretstest.Set(t, map[string]string{"DB_PASSWORD": "not/real"})
	if got, err := URL(t.Context()); err != nil || got != "postgres://app:not%2Freal@db.example.com/app" {
		t.Errorf("the address is %q, %v", got, err)
	}
}

func TestAMissingSecretIsAnError(t *testing.T) {
	secretstest.Set(t, map[string]string{"OTHER": "x"})
	if _, err := URL(t.Context()); !errors.Is(err, secrets.ErrSecretNotFound) {
		t.Errorf("the error is %v", err)
	}
}
