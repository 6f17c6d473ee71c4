//go:build unix

package faulttest

import (
	"cmp"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/stall"
)

// soon is the --timeout of rows that wait for it.
const soon = 1500 * time.Millisecond

// sooner is the --timeout of rows whose attempts fail at once: all of them can be over before soon.
const sooner = 500 * time.Millisecond

// late is a row that ends when its time is up.
func late(r row) *row {
	r.limit, r.code, r.layer = cmp.Or(r.limit, soon), 6, old
	if r.step == "" {
		r.step = "try again"
	}
	return &r
}

// with runs the command of a profile's credential_process.
func process(command string) func(*stage) {
	return func(s *stage) {
		s.write("config", "[profile p]\ncredential_process = "+command+"\n")
		s.env = append(s.env, "AWS_CONFIG_FILE="+filepath.Join(s.dir, "config"), "AWS_PROFILE=p", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	}
}

// pipe has the AWS configuration be a pipe.
func pipe(s *stage) {
	path := filepath.Join(s.dir, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		s.Fatal(err)
	}
	s.env = append(s.env, "AWS_CONFIG_FILE="+path)
}

// container has a credentials endpoint that does not answer.
func container(s *stage) {
	s.env = append(s.env, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+raw(stall.Silent)(s), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
}

// withRole is the standard manifest with a role in its environment.
func withRole() string {
	return strings.Replace(standard(), "  regions ", "  role       = \"arn:aws:iam::222222222222:role/builder\"\n  regions ", 1)
}

// publishing publishes the layer.
func publishing(s *stage) []result {
	return []result{s.run(s.calling("publish", "--env", "prod", "--layer", layerFile)...)}
}

// opening opens every document of the layer.
func opening(s *stage) []result {
	return []result{s.run(s.calling("verify", "--open", "--layer", layerFile)...)}
}

// held plans for an embedded environment whose state another run has.
func held(s *stage) []result {
	s.write("secrets.hcl", "bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\n"+function("f0", "/prod/p0"))
	s.write("sample.json", `{"keys": [{"alias": "alias/f0"}], "parameters": [{"name": "/prod/p0", "type": "SecureString", "value": "not-a-real-sample"}]}`)
	s.url = ""
	plan := s.calling("plan", "--env", "local")
	if got := s.run("local", "reset"); got.code != 0 { // makes a state
		s.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	lock, err := os.OpenFile(filepath.Join(s.dir, ".bundle-local", "local", "lock"), os.O_RDWR, 0)
	if err != nil {
		s.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		s.Fatal(err)
	}
	return []result{s.run(plan...)}
}

// slow are the rows of whatever does not come to an end.
func slow() []*row {
	const caller = "sts:GetCallerIdentity"
	twice := "HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml\r\nContent-Length: 6\r\n\r\nc4nary"
	return []*row{
		late(row{number: "5", fault: "no answer at all", serve: raw(stall.Silent), names: []string{caller}}),
		late(row{number: "5", fault: "no answer to Encrypt", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Hang}), names: []string{seals}}),
		{number: "5", fault: "no answer to one attempt", note: "which ends after 10 s", faults: times(1, awslocal.Fault{Operation: seals, Kind: awslocal.Hang}), limit: 30 * time.Second, slow: true, layer: fresh},
		late(row{number: "6", fault: "a byte every 200 ms", faults: always(awslocal.Fault{Operation: seals, Kind: awslocal.Drip, Delay: 200 * time.Millisecond}), names: []string{seals}}),
		late(row{fault: "headers without end", serve: raw(stall.Trickle("HTTP/1.1 200 OK\r\n", "X-Y: z\r\n")), names: []string{caller}}),
		late(row{fault: "a body without end", serve: raw(stall.Trickle("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", " ")), names: []string{caller}}),
		late(row{fault: "early hints without end", serve: raw(stall.Trickle("", "HTTP/1.1 103 Early Hints\r\n\r\n")), names: []string{caller}}),
		late(row{fault: "a TLS handshake without end", serve: func(s *stage) string { return strings.Replace(raw(stall.Silent)(s), "http", "https", 1) }, names: []string{caller}}),
		{fault: "a second reply that nobody asked for", note: "nothing of it is printed", serve: raw(func(c net.Conn, open <-chan struct{}) { _, _ = c.Write([]byte(twice + twice)); <-open }),
			code: 6, layer: old, step: "try again", after: func(_ *stage, all []result) string {
				if strings.Contains(string(all[0].stderr), "c4nary") || strings.Contains(string(all[0].stderr), "Unsolicited") {
					return "the reply is printed"
				}
				return ""
			}},
		late(row{fault: "a `credential_process` that does not end", before: process(`sh -c "trap '' TERM INT HUP; sleep 5"`), names: []string{"credential_process", `"p"`}}),
		{fault: "a `credential_process` that prints without end", before: process("yes"), code: 4, layer: old, names: []string{"credential_process", `"p"`}, step: "run it"},
		late(row{fault: "a container's credentials endpoint that does not answer", before: container, names: []string{"credentials endpoint"}}),
		late(row{fault: "a role that cannot be assumed in time", manifest: withRole(), faults: always(awslocal.Fault{Operation: "sts:AssumeRole", Kind: awslocal.Hang}), names: []string{"role/builder"}}),
		{fault: "a pipe in place of the AWS configuration", before: pipe, code: 2, layer: old, names: []string{"AWS_CONFIG_FILE"}, step: "set AWS_CONFIG_FILE to a regular file"},
		late(row{fault: "another run has the state of the embedded AWS", act: held, names: []string{".bundle-local"}, step: "wait for that run"}),
		late(row{fault: "no answer to PublishLayerVersion", faults: always(awslocal.Fault{Operation: "lambda:PublishLayerVersion", Kind: awslocal.Hang}), act: publishing,
			names: []string{"lambda:PublishLayerVersion"}, step: "It is not known whether the layer was published"}),
		late(row{fault: "no answer to Decrypt in `verify --open`", faults: always(awslocal.Fault{Operation: "kms:Decrypt", Kind: awslocal.Hang}), act: opening, names: []string{`function "f0"`}}),
		late(row{number: "29", fault: "`HTTPS_PROXY` refuses", limit: sooner, act: withoutEndpoint, env: []string{"HTTPS_PROXY=http://127.0.0.1:1"}, names: []string{"HTTPS_PROXY"}}),
		late(row{number: "29", fault: "a certificate that nobody trusts", serve: secure(nil, "127.0.0.1"), names: []string{"certificate"}, step: "AWS_CA_BUNDLE"}),
		late(row{number: "29", fault: "a certificate for another host", serve: secure(nil, "localhost"), before: trusting, names: []string{"certificate"}, step: "AWS_CA_BUNDLE"}),
		late(row{number: "29", fault: "a server with TLS 1.1", limit: sooner, serve: secure(&tls.Config{MaxVersion: tls.VersionTLS11}, "127.0.0.1"), before: trusting, names: []string{"TLS"}}),
		late(row{number: "29", fault: "a server without TLS", limit: sooner, serve: func(s *stage) string { return strings.Replace(plainly(s), "http", "https", 1) }, names: []string{"does not speak TLS"}}),
	}
}

// secure serves over TLS, under a name of this machine. The certificate is for 127.0.0.1.
func secure(config *tls.Config, host string) func(*stage) string {
	return func(s *stage) string {
		url := s.serve(s.server, func(server *httptest.Server) {
			server.TLS = config
			server.StartTLS()
			s.write("certificate.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
		})
		return fmt.Sprintf("https://%s%s", host, url[strings.LastIndex(url, ":"):])
	}
}

// trusting trusts that certificate.
func trusting(s *stage) {
	s.env = append(s.env, "AWS_CA_BUNDLE="+filepath.Join(s.dir, "certificate.pem"))
}
