package execwrap

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/runtime/secrets"
)

func TestEnvironment(t *testing.T) {
	base := []string{"A=1", "B=", "EMPTY", "A2=x=y"}
	cases := []struct {
		name     string
		secrets  map[string]string
		override bool
		want     []string
		kept     []string
		err      error
	}{
		{"nothing", nil, false, base, nil, nil},
		{"added in order", map[string]string{"Z9": "z", "C1": "c"}, false, append(slices.Clone(base), "C1=c", "Z9=z"), nil, nil},
		{"kept", map[string]string{"A2": "s", "C1": "c"}, false, append(slices.Clone(base), "C1=c"), []string{"A2"}, nil},
		{"overridden", map[string]string{"A2": "s"}, true, []string{"A=1", "B=", "EMPTY", "A2=s"}, nil, nil},
		{"a name that begins another", map[string]string{"A": "s", "A2": "t"}, true, []string{"B=", "EMPTY", "A=s", "A2=t"}, nil, nil},
		{"bytes as they are", map[string]string{"C1": "a=b\n'\"$(id)`id`\\é"}, false, append(slices.Clone(base), "C1=a=b\n'\"$(id)`id`\\é"), nil, nil},
		{"reserved", map[string]string{"C1": "c", "LD_PRELOAD": "x"}, true, nil, nil, secrets.ErrReservedVariable},
		{"reserved in lower case", map[string]string{"https_proxy": "x"}, false, nil, nil, secrets.ErrReservedVariable},
		{"ours", map[string]string{"BUNDLE_SECRETS_DIR": "x"}, false, nil, nil, secrets.ErrReservedVariable},
		{"NUL", map[string]string{"C1": "canary\x00"}, false, nil, nil, secrets.ErrValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(base)
			got, kept, err := Environment(base, c.secrets, c.override)
			if !errors.Is(err, c.err) || !slices.Equal(got, c.want) || !slices.Equal(kept, c.kept) {
				t.Errorf("got %q, %q, %v", got, kept, err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Error("the error contains the value")
			}
			if !slices.Equal(base, before) {
				t.Error("base was changed")
			}
		})
	}
}

// TestDocumentedErrors compares errorType and exitStatus with the table of
// docs/runtime.md, section 3, in both directions.
func TestDocumentedErrors(t *testing.T) {
	text, err := os.ReadFile("../../docs/runtime.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| `(Runtime\\.[A-Za-z]+)` \\| ([0-9, ]+) \\|").FindAllStringSubmatch(string(text), -1)
	documented := map[string]bool{}
	for _, row := range rows {
		code := secrets.Code(row[1])
		documented[row[1]] = true
		if got := errorType(code); got != row[2] || !regexp.MustCompile(`^(Runtime|Function)\.[A-Z][a-zA-Z]+$`).MatchString(got) {
			t.Errorf("%s is reported as %s, documented as %s", code, got, row[2])
		}
		first, _, _ := strings.Cut(row[3], ",")
		if got := strconv.Itoa(exitStatus(&Error{Code: code})); got != strings.TrimSpace(first) {
			t.Errorf("%s ends with %s, documented as %s", code, got, row[3])
		}
	}
	for _, code := range []secrets.Code{secrets.ErrSetting, secrets.ErrBundleNotFound, secrets.ErrSecretNotFound, secrets.ErrUnknownFormat,
		secrets.ErrDocument, secrets.ErrWrongFunction, secrets.ErrWrongEnvironment, secrets.ErrWrongKey, secrets.ErrWrongDigest,
		secrets.ErrTampered, secrets.ErrAccessDenied, secrets.ErrKeyUnusable, secrets.ErrCredentials, secrets.ErrEndpoint,
		secrets.ErrUnavailable, secrets.ErrReply, secrets.ErrReservedVariable, secrets.ErrValue, ErrSnapStart, ErrExec} {
		if !documented[string(code)] {
			t.Errorf("%s is not documented", code)
		}
		delete(documented, string(code))
	}
	for code := range documented {
		t.Errorf("%s is documented and does not exist", code)
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	has := func(values map[string]string, err error) func(context.Context) (map[string]string, error) {
		return func(context.Context) (map[string]string, error) { return values, err }
	}
	fine := has(map[string]string{"DB_PASSWORD": "canary"}, nil)
	cases := []struct {
		name   string
		args   []string
		env    []string
		all    func(context.Context) (map[string]string, error)
		status int
		says   string
	}{
		{"no command", nil, nil, fine, 126, "usage"},
		{"no such file", []string{filepath.Join(dir, "none")}, nil, fine, 127, "cannot be found"},
		{"not executable", []string{plain}, nil, fine, 126, "not executable"},
		{"a folder", []string{dir}, nil, fine, 126, "not executable"},
		{"not on the PATH", []string{"none"}, []string{"PATH=" + dir + ":" + filepath.Dir(plain)}, fine, 127, "PATH"},
		{"no PATH", []string{"none"}, nil, fine, 127, "PATH"},
		{"next wrapper missing", []string{self}, []string{"BUNDLE_SECRETS_NEXT_WRAPPER=" + filepath.Join(dir, "none")}, fine, 127, "none"},
		{"next wrapper not executable", []string{self}, []string{"BUNDLE_SECRETS_NEXT_WRAPPER=" + plain}, fine, 126, "plain"},
		{"SnapStart", []string{self}, []string{"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}, fine, 78, "snapstart_refused"},
		{"reserved", []string{self}, nil, has(map[string]string{"NODE_OPTIONS": "canary"}, nil), 78, "NODE_OPTIONS"},
		{"NUL", []string{self}, nil, has(map[string]string{"DB_PASSWORD": "canary\x00"}, nil), 78, "DB_PASSWORD"},
		{"denied", []string{self}, nil, has(nil, &secrets.Error{Code: secrets.ErrAccessDenied, Reason: "sample"}), 77, "access_denied"},
		{"an error without a code", []string{self}, nil, has(nil, errors.New("sample")), 70, "sample"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("the wrapper is for Lambda, which is Linux")
			}
			var stderr bytes.Buffer
			w := Wrapper{Args: c.args, Environ: c.env, Stderr: &stderr, All: c.all,
				Exec: func(string, []string, []string) error { t.Error("the program was started"); return nil }}
			if status := w.Run(t.Context()); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			if line := stderr.String(); !strings.Contains(line, c.says) || strings.Count(line, "\n") != 1 || strings.Contains(line, "canary") {
				t.Errorf("said %q", line)
			}
		})
	}
}

func TestArgumentsAreUntouched(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the wrapper is for Lambda, which is Linux")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{self, "", "--flag=a b", "$(id)", "*", "-", "--", "é\n"}
	var path string
	var argv []string
	w := Wrapper{Args: args, Environ: []string{"A=1"}, Stderr: os.Stderr,
		All:  func(context.Context) (map[string]string, error) { return nil, nil },
		Exec: func(p string, a, _ []string) error { path, argv = p, a; return nil }}
	if status := w.Run(t.Context()); status != 0 || path != self || !slices.Equal(argv, args) {
		t.Errorf("status %d, %q %q", status, path, argv)
	}
}

// FuzzEnvironment checks, for any names and values, that no reserved name and no
// NUL byte gets into the environment, and that every other value is unchanged.
func FuzzEnvironment(f *testing.F) {
	f.Add("A=1", "DB_PASSWORD", "x=y\n", true)
	f.Add("Path=/bin", "PATH", "/tmp", false)
	f.Add("", "a_proxy", "\x00", true)
	f.Fuzz(func(t *testing.T, variable, name, value string, override bool) {
		environ, kept, err := Environment([]string{variable}, map[string]string{name: value}, override)
		if secrets.Reserved(name) || strings.ContainsRune(value, 0) {
			if err == nil || environ != nil {
				t.Error("accepted")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) == 0 && environ[len(environ)-1] != name+"="+value {
			t.Error("the value is not there")
		}
	})
}
