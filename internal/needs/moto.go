package needs

import (
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// Moto starts moto_server, another implementation of AWS to test against, and
// returns its URL. The server ends with the test.
func Moto(t testing.TB) string {
	t.Helper()
	program := Program(t, "moto_server", "PyPI: pip install 'moto[server]'")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	moto := exec.Command(program, "-H", "127.0.0.1", "-p", port)
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
			t.Fatal("moto_server does not answer")
		}
	}
}
