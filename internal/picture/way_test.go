package picture

import (
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the pictures and the transcript again")

// written compares a file of the documentation with what is drawn now, or writes it with -update.
func written(t *testing.T, name, drawn string) {
	t.Helper()
	if err := xml.Unmarshal([]byte(drawn), new(struct{})); err != nil {
		t.Errorf("docs/%s is not XML: %v", name, err)
	}
	path := filepath.Join("../../docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != drawn {
		t.Errorf("docs/%s is not what is drawn now: make recording (%v)", name, err)
	}
}

func TestWay(t *testing.T) {
	written(t, "way.svg", Way())
	for _, reader := range readers {
		opens := slices.Contains(reader.what[2:], plaintext)
		if opens != slices.Contains([]string{"the function's role", "a break-glass role"}, reader.who) {
			t.Errorf("%s: only the function's role and a break-glass role open what is sealed", reader.who)
		}
	}
}
