package ssm

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func sealed(t testing.TB, key []byte, plain string, format messageFormat) []byte {
	t.Helper()
	message, err := sealMessage(key, []byte(plain), envelope{arn: "arn:aws:ssm:us-east-1:000000000000:parameter/a", keyARN: "arn:aws:kms:key",
		dataKey: []byte("sealed key"), format: format})
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func newDataKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}

// eachFormat runs a test with both formats of messages.
func eachFormat(t *testing.T, test func(*testing.T, messageFormat)) {
	first, second := formats()
	t.Run("format 1", func(t *testing.T) { test(t, first) })
	t.Run("format 2", func(t *testing.T) { test(t, second) })
}

func TestMessageOpensUnderItsDataKeyOnly(t *testing.T) { eachFormat(t, opensUnderItsKeyOnly) }

func opensUnderItsKeyOnly(t *testing.T, format messageFormat) {
	key := newDataKey()
	message := sealed(t, key, "sample", format)
	if data, err := dataKeyOf(message); err != nil || string(data) != "sealed key" {
		t.Errorf("data key %q, %v", data, err)
	}
	if plain, err := openMessage(key, message); err != nil || string(plain) != "sample" {
		t.Errorf("opened as %q, %v", plain, err)
	}
	if !bytes.Contains(message, []byte("PARAMETER_ARN")) || !bytes.Contains(message, []byte("aws-kms")) {
		t.Error("the header does not tell the context and the provider")
	}
	if _, err := openMessage(newDataKey(), message); err == nil {
		t.Error("opens under another key")
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) { eachFormat(t, noticesChanges) }

func noticesChanges(t *testing.T, format messageFormat) {
	key := newDataKey()
	message := sealed(t, key, strings.Repeat("sample ", 20), format)
	for i := range message {
		changed := bytes.Clone(message)
		changed[i] ^= 1
		if _, err := openMessage(key, changed); err == nil {
			t.Errorf("byte %d changed: still opens", i)
		}
		if _, err := openMessage(key, message[:i]); err == nil {
			t.Errorf("%d bytes: still opens", i)
		}
	}
}

func FuzzOpenMessage(f *testing.F) {
	key := bytes.Repeat([]byte{7}, 32)
	first, second := formats()
	f.Add(sealed(f, key, "sample", first))
	f.Add(sealed(f, key, "sample", second))
	f.Add([]byte{})
	f.Add([]byte("\x01\x80\x03\x78"))
	f.Add(append([]byte("\x01\x80\x03\x78"), make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, message []byte) {
		if _, err := openMessage(key, message); err == nil && !bytes.HasPrefix(message, []byte(first.head)) && !bytes.HasPrefix(message, []byte(second.head)) {
			t.Error("opens what is no message")
		}
	})
}
