package execbin

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBinaries checks that the binaries are for both architectures, static, small
// enough and reproducible, and contain nothing of the machine that compiled them.
func TestBinaries(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles bundle-exec for two architectures")
	}
	first, err := All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOAMD64", "v3")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOFLAGS", "-tags=release")
	second, err := All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for i, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64} {
		b := first[i]
		const most = 6_500_000
		if len(b.Data) > most {
			t.Errorf("%s: %d bytes, more than %d", b.Path, len(b.Data), most)
		}
		if !bytes.Equal(b.Data, second[i].Data) {
			t.Errorf("%s: settings of the user change it", b.Path)
		}
		if bytes.Contains(b.Data, []byte(root)) || bytes.Contains(b.Data, []byte(os.TempDir()+"/bundle-exec-")) {
			t.Errorf("%s contains a path of this machine", b.Path)
		}
		f, err := elf.NewFile(bytes.NewReader(b.Data))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != machine {
			t.Errorf("%s is made for %v", b.Path, f.Machine)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s is not static", b.Path)
			}
		}
		info, err := buildinfo.Read(bytes.NewReader(b.Data))
		if err != nil {
			t.Fatal(err)
		}
		if info.Path != "github.com/whispering/bundle/cmd/bundle-exec" {
			t.Errorf("%s is %s", b.Path, info.Path)
		}
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs") {
				t.Errorf("%s contains the state of a working tree", b.Path)
			}
		}
	}
}

func TestBuildFails(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ended, "../.."); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled build: %v", err)
	}
	if _, err := Build(t.Context(), t.TempDir()); err == nil || errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "go.mod") ||
		!strings.Contains(err.Error(), "go build failed (exit status 1). To see why, run GOOS=linux GOARCH=amd64 ") || strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("no module: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := All(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no toolchain: %v", err)
	}
}
