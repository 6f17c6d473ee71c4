package secretstest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/whispering/bundle/runtime/secrets"
	"github.com/whispering/bundle/runtime/secretstest"
)

func TestSet(t *testing.T) {
	long, binary := strings.Repeat("é", 4000), "\x00\xff\x01"
	t.Run("set", func(t *testing.T) {
		secretstest.Set(t, map[string]string{"DB_PASSWORD": "not-a-real-password", "LONG": long, "TLS_KEY": binary})
		for name, want := range map[string]string{"DB_PASSWORD": "not-a-real-password", "LONG": long} {
			if got, err := secrets.Get(t.Context(), name); err != nil || got != want {
				t.Errorf("%s is %.40q, %v", name, got, err)
			}
		}
		if got, err := secrets.Bytes(t.Context(), "TLS_KEY"); err != nil || string(got) != binary {
			t.Errorf("the bytes are %q, %v", got, err)
		}
		if all, err := secrets.All(t.Context()); err != nil || len(all) != 3 {
			t.Errorf("all are %d, %v", len(all), err)
		}
		if _, err := secrets.Get(t.Context(), "DB_PASSWORT"); !errors.Is(err, secrets.ErrSecretNotFound) || !strings.Contains(err.Error(), "did you mean DB_PASSWORD?") {
			t.Error("a mistyped name:", err)
		}
		t.Run("within", func(t *testing.T) {
			secretstest.Set(t, map[string]string{"DB_PASSWORD": "another"})
			if got, _ := secrets.Get(t.Context(), "DB_PASSWORD"); got != "another" {
				t.Errorf("it is %q", got)
			}
		})
		if got, _ := secrets.Get(t.Context(), "DB_PASSWORD"); got != "not-a-real-password" {
			t.Errorf("after a test within, it is %q", got)
		}
	})
	t.Setenv("BUNDLE_SECRETS_DIR", t.TempDir())
	if _, err := secrets.Get(t.Context(), "DB_PASSWORD"); !errors.Is(err, secrets.ErrBundleNotFound) {
		t.Error("after the test, the layer is not opened again:", err)
	}
}

func TestLoadEnv(t *testing.T) {
	t.Setenv("SAMPLE_PASSWORD", "")
	if err := os.Unsetenv("SAMPLE_PASSWORD"); err != nil {
		t.Fatal(err)
	}
	if err := secretstest.New(t, map[string]string{"SAMPLE_PASSWORD": "x"}).LoadEnv(t.Context()); err != nil || os.Getenv("SAMPLE_PASSWORD") != "x" {
		t.Error(err)
	}
	if err := secretstest.New(t, map[string]string{"LD_PRELOAD": "x"}).LoadEnv(t.Context()); !errors.Is(err, secrets.ErrReservedVariable) {
		t.Error("a reserved name becomes a variable:", err)
	}
}

// TestNewRefuses: what no secret can be fails the test that sets it, and the message has no value.
func TestNewRefuses(t *testing.T) {
	for want, values := range map[string]map[string]string{
		"no secrets":                                       nil,
		"no secret can have the name AWS_REGION":           {"AWS_REGION": "sample-value"},
		"no secret can have the name aws_Session_token":    {"aws_Session_token": "sample-value"},
		"no secret can have the name BUNDLE_SECRETS_OTHER": {"BUNDLE_SECRETS_OTHER": "sample-value"},
		`"db-password" is not a valid`:                     {"db-password": "sample-value"},
		`"D" is not a valid`:                               {"D": "sample-value"},
		`"" is not a valid`:                                {"": "sample-value"},
		"DB_PASSWORD is empty":                             {"DB_PASSWORD": ""},
	} {
		tb := &failing{TB: t}
		func() {
			defer func() { _ = recover() }()
			secretstest.New(tb, values)
		}()
		if !strings.Contains(tb.text, want) || strings.Contains(tb.text, "sample-value") || strings.Contains(tb.text, "F-") {
			t.Errorf("%q: the test fails with %q", want, tb.text)
		}
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	for _, want := range []string{"one", "two", "three"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			client := secretstest.New(t, map[string]string{"DB_PASSWORD": want})
			if got, err := client.Get(context.Background(), "DB_PASSWORD"); err != nil || got != want {
				t.Errorf("it is %q, %v", got, err)
			}
		})
	}
}

// failing is a test that notes why it fails.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Helper() {}
func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic("fatal")
}
