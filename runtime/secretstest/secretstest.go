// Package secretstest gives unit tests secrets, without a layer, a key or a network:
//
//	func TestConnect(t *testing.T) {
//		secretstest.Set(t, map[string]string{"DB_PASSWORD": "not-a-real-password"})
//		…
//	}
package secretstest

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/secrets"
)

// Set makes the functions of package secrets return values, until the test ends. As
// they are functions of the whole process, tests that run in parallel cannot use
// different secrets: pass them a client of New.
func Set(t testing.TB, values map[string]string) {
	t.Helper()
	t.Cleanup(secrets.Replace(New(t, values)))
}

// New returns a client with secrets, one at least. A value that is not UTF-8 stands
// for a secret with encoding = "base64". A name or value that no secret can have
// fails the test.
func New(t testing.TB, values map[string]string) *secrets.Client {
	t.Helper()
	if len(values) == 0 {
		t.Fatalf("secretstest: no secrets: a function has one at least")
	}
	header := sealed.Header{Bundle: "test", Environment: "test", Function: "test", Name: "test", Mode: sealed.Pack}
	var chunks [][]byte
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, encoding := values[name], "text"
		if !utf8.ValidString(value) {
			value, encoding = base64.StdEncoding.EncodeToString([]byte(value)), "base64"
		}
		if bad := badName(name); bad != "" {
			t.Fatalf("secretstest: %s", bad)
		}
		if value == "" {
			t.Fatalf("secretstest: %s is empty, but Parameter Store has no empty values", name)
		}
		header.Sources = append(header.Sources, sealed.Source{
			Secret: name, Encoding: encoding, ARN: "arn:aws:ssm:us-east-1:000000000000:parameter/test/" + name, Version: 1, Modified: time.Unix(0, 0).UTC(),
		})
		parts := slices.Collect(slices.Chunk([]byte(value), sealed.MaxBox))
		for i := range parts {
			header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{name}, Part: i + 1, Parts: len(parts)})
		}
		chunks = append(chunks, parts...)
	}
	document, err := sealed.New(header, "arn:aws:kms:us-east-1:000000000000:key/test", chunks)
	if err != nil {
		t.Fatalf("secretstest: %v", err)
	}
	return secrets.New(secrets.Options{Document: document.Bytes(), Decrypter: plain{}, Environ: named})
}

// named are the variables that name the document.
func named() []string { return []string{"BUNDLE_SECRETS_FUNCTION=test"} }

// plain opens boxes whose ciphertext is their plaintext.
type plain struct{}

func (plain) Decrypt(_ context.Context, _ string, ciphertext []byte, _ map[string]string) ([]byte, error) {
	return ciphertext, nil
}
