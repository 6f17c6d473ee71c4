package helpertest

import (
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/runtime/secrets"
)

const inNamespace = "BUNDLETEST_NAMESPACE"

// TestRelativeCredentials reads credentials at the address that ECS and CodeBuild
// have. It runs itself again in a network namespace, where this machine has it.
func TestRelativeCredentials(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		againInNamespace(t, inNamespace+"=1")
		return
	}
	ecs := &ecsServer{}
	ecs.serve(t)
	local := embedded(t)
	ecs.id, ecs.key = local.Credentials()
	vars := local.environment(readVector(t, "ok-blind").place(t))
	delete(vars, "AWS_ACCESS_KEY_ID")
	delete(vars, "AWS_SECRET_ACCESS_KEY")
	vars["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/x?y=1"
	vars["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9/credentials" // goes second
	check := func(t *testing.T, err any, ok bool) {
		t.Helper()
		if !ok || !slices.Equal(ecs.asked, []string{"GET 169.254.170.2/v2/credentials/x?y=1"}) {
			t.Errorf("%v; asked %q", err, ecs.asked)
		}
		ecs.asked = nil
	}
	inside := maps.Clone(vars)
	inside["AWS_LAMBDA_HTTP_ENDPOINT"] = "127.0.0.1:9" // in Lambda, there is no such address: it is not asked
	delete(inside, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
	refused := func(t *testing.T, code string) {
		t.Helper()
		if code != "credentials" || len(ecs.asked) > 0 {
			t.Errorf("in a Web Function: %s; asked %q", code, ecs.asked)
		}
		ecs.asked = nil
	}
	t.Run("go", func(t *testing.T) {
		_, err := secrets.New(secrets.Options{Environ: func() []string { return listed(vars) }}).All(t.Context())
		check(t, err, err == nil)
		_, err = secrets.New(secrets.Options{Environ: func() []string { return listed(inside) }}).All(t.Context())
		refused(t, string(secrets.CodeOf(err)))
	})
	for _, l := range languages(t) {
		t.Run(l.name, func(t *testing.T) {
			if l.program == "" {
				needs.Missing(t, "%s is not installed (%s)", l.kind, l.from)
			}
			got := l.start(t).call(t, request{Env: vars, Calls: [][]any{{"all"}}})[0]
			check(t, got.Message, got.Code == "")
			refused(t, l.start(t).call(t, request{Env: inside, Calls: [][]any{{"all"}}})[0].Code)
		})
	}
}

// againInNamespace runs the test again, with a variable that tells it so, in namespaces of its own for the network and for mounts.
func againInNamespace(t *testing.T, variable string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), variable)
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		needs.Absent(t, "a network namespace is not allowed here: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// An ecsServer is the credentials endpoint of a task.
type ecsServer struct {
	id, key string
	asked   []string
}

func (s *ecsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.Method+" "+r.Host+r.RequestURI)
	_ = json.NewEncoder(w).Encode(map[string]string{
		"AccessKeyId": s.id, "SecretAccessKey": s.key, "Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
}

// serve answers at the address of ECS until the test ends.
func (s *ecsServer) serve(t *testing.T) {
	t.Helper()
	server := &httptest.Server{Listener: listenAsECS(t), Config: &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
}

// listenAsECS gives the loopback interface the address of ECS, and listens there.
func listenAsECS(t *testing.T) net.Listener {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	up, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	up.SetUint16(unix.IFF_UP | unix.IFF_LOOPBACK | unix.IFF_RUNNING)
	address, err := unix.NewIfreq("lo:1")
	if err != nil {
		t.Fatal(err)
	}
	err = address.SetInet4Addr([]byte{169, 254, 170, 2})
	if err = errors.Join(err, unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, up), unix.IoctlIfreq(socket, unix.SIOCSIFADDR, address)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "169.254.170.2:80")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
