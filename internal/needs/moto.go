package needs

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Moto starts the server of moto, another implementation of AWS to test against, and
// returns its URL. It is the moto of the Python on PATH, which must have the version of
// .ci/requirements.txt: another one answers some requests in another way. The server
// ends with the test.
func Moto(t testing.TB) string {
	t.Helper()
	python := Program(t, "python3", "Debian: apt-get install python3")
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/whispering/bundle").Output()
	if err != nil {
		t.Fatal(err)
	}
	requirements, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), ".ci", "requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if missing := motoMissing(python, requirements); missing != "" {
		Missing(t, "%s", missing)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	moto := exec.Command(python, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
	if err := moto.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = moto.Process.Kill()
		_ = moto.Wait()
	})
	url := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if reply, err := http.Get(url + "/moto-api/data.json"); err == nil {
			_ = reply.Body.Close()
			return url
		}
		if time.Now().After(deadline) {
			t.Fatal("moto does not answer")
		}
	}
}

// motoMissing says what a Python has instead of the moto that requirements ask for, or
// returns "".
func motoMissing(python string, requirements []byte) string {
	_, rest, named := strings.Cut(string(requirements), "\nmoto[server]==")
	if !named {
		return "the requirements name no version of moto"
	}
	want, _, _ := strings.Cut(rest, "\n")
	has, err := exec.Command(python, "-c", "import importlib.metadata; print(importlib.metadata.version('moto'))").Output()
	switch {
	case err != nil:
		return fmt.Sprintf("%s has no moto (PyPI: pip install 'moto[server]==%s')", python, want)
	case strings.TrimSpace(string(has)) != want:
		return fmt.Sprintf("%s has moto %s, not %s (PyPI: pip install 'moto[server]==%[3]s')", python, strings.TrimSpace(string(has)), want)
	}
	return ""
}
