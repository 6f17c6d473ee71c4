package sealed_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild/sealed"
)

var update = flag.Bool("update", false, "write the vectors that are missing")

// TestVectorsParse runs the vectors against Parse. It must refuse a vector that
// breaks a rule of the format, for that rule, and write every other one again
// byte for byte.
func TestVectorsParse(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectorRoot, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	opens := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		header, document, ok := strings.Cut(string(text), "\n\n")
		if !ok {
			t.Fatalf("%s has no empty line", path)
		}
		rule, expect := "", ""
		for line := range strings.SplitSeq(header, "\n") {
			key, value, _ := strings.Cut(line, ": ")
			switch key {
			case "rule":
				rule = value
			case "expect":
				expect = value
			}
		}
		if expect == "ok" {
			opens++
		}
		if expect == "wrong_digest" {
			continue // found before parsing; the document need not be valid
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			doc, err := sealed.Parse([]byte(document))
			if rule == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				checkRoundTrip(t, doc, []byte(document))
				return
			}
			var broken *sealed.FormatError
			if !errors.As(err, &broken) {
				t.Fatalf("got %v, want a *FormatError for %s", err, rule)
			}
			if broken.Rule != rule {
				t.Errorf("got %v, want it for %s", err, rule)
			}
		})
	}
	if len(paths) < 60 || opens < 15 {
		t.Errorf("%d vectors, of which %d open; want at least 60 and 15", len(paths), opens)
	}
}

// checkRoundTrip writes a document again and compares it with what was read.
func checkRoundTrip(t *testing.T, doc *sealed.Document, want []byte) {
	t.Helper()
	again, err := sealed.New(doc.Header, doc.Key, doc.Ciphertexts)
	if err != nil {
		t.Fatalf("what was parsed cannot be written: %v", err)
	}
	if !bytes.Equal(again.Bytes(), want) || !bytes.Equal(doc.Bytes(), want) {
		t.Error("what was parsed is written differently")
	}
}
