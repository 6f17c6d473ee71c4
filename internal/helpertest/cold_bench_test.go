package helpertest

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/python"
)

// A contender is a program that starts, gets one secret, writes a byte and
// ends. The last two do the same call of kms:Decrypt. Before them, "request"
// makes a request to the same place that is not signed, and "bare" none.
type contender struct {
	name    string
	program string
	args    []string
}

// AWS's runtime clients have loaded node:http, and json and logging of Python,
// before they load a function (TestWhatTheClientsHaveLoaded of
// internal/lambdatest), so all do. The SDK's ways are given the call in
// variables, so that they pay for no parsing.
const (
	bareNode    = startNode + `done("none yet");`
	startNode   = `require("node:http"); const done = (v) => v.length > 4 ? require("node:fs").writeSync(1, ".") : process.exit(1);`
	requestNode = startNode + `const url = process.env.AWS_ENDPOINT_URL_KMS;
require(url.startsWith("https:") ? "node:https" : "node:http").request(url, { method: "POST" }, (r) => r.once("data", done)).end("{}");`
	helperNode = startNode + `require("bundle-secrets").getSecret("DB_PASSWORD").then(done);`
	sdkNode    = startNode + `const { KMSClient, DecryptCommand } = require("@aws-sdk/client-kms");
const c = new KMSClient({ endpoint: process.env.AWS_ENDPOINT_URL_KMS });
c.send(new DecryptCommand({ KeyId: process.env.CALL_KEY, CiphertextBlob: Buffer.from(process.env.CALL_BLOB, "base64"),
  EncryptionContext: JSON.parse(process.env.CALL_CONTEXT) })).then((r) => done(r.Plaintext));`
	barePython  = startPython + `done("none yet")`
	startPython = `import json, logging, os
def done(value):
    assert len(value) > 4
    os.write(1, b".")
`
	requestPython = startPython + `import http.client, urllib.parse
url = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL_KMS"])
if url.scheme == "https":
    import ssl
    c = http.client.HTTPSConnection(url.netloc, context=ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"]))
else:
    c = http.client.HTTPConnection(url.netloc)
c.request("POST", "/", "{}")
done(c.getresponse().read())`
	helperPython = startPython + `import bundle_secrets
done(bundle_secrets.get_secret("DB_PASSWORD"))`
	sdkPython = startPython + `import base64, sys
sys.path.append(os.environ["SDK"])
import boto3
r = boto3.client("kms").decrypt(KeyId=os.environ["CALL_KEY"], CiphertextBlob=base64.b64decode(os.environ["CALL_BLOB"]),
    EncryptionContext=json.loads(os.environ["CALL_CONTEXT"]))
done(r["Plaintext"])`
)

// BenchmarkColdStart measures what the first secret costs a new process: the
// best times until it has it, less that of the bare interpreter, for a bare
// request, for the helper and for the SDK, in turns. What the helper takes
// longer than the bare request, "own", is its share: the rest is the
// interpreter's price of any request. "tls" has the roots of Node or of the
// system to load, as it is in Lambda. BUNDLE_BENCH_NODE_MODULES names a
// node_modules folder with @aws-sdk/client-kms, BUNDLE_BENCH_SITE_PACKAGES a
// folder with boto3.
// Run it with
//
//	go test ./internal/helpertest -run '^$' -bench ColdStart -benchtime 21x
//
// and on a machine that does other things, behind "chrt --fifo 1".
func BenchmarkColdStart(b *testing.B) {
	for _, l := range languages(b) {
		if l.program == "" {
			continue
		}
		option, codes := "-e", []string{bareNode, requestNode, helperNode, sdkNode}
		if l.kind == "python" {
			option, codes = "-Bc", []string{barePython, requestPython, helperPython, sdkPython}
		}
		var contenders []contender
		for i, name := range []string{"bare", "request", "helper", "sdk"} {
			contenders = append(contenders, contender{name, l.program, []string{option, codes[i]}})
		}
		for _, scheme := range []string{"http", "tls"} {
			b.Run(l.name+"/"+scheme, func(b *testing.B) {
				env := benchEnvironment(b, l.kind, scheme == "tls")
				present := slices.DeleteFunc(slices.Clone(contenders), func(c contender) bool {
					_, _, err := c.run(env)
					if err != nil {
						b.Logf("%s does not run here: %v; the SDKs are @aws-sdk/client-kms (BUNDLE_BENCH_NODE_MODULES) and boto3 (BUNDLE_BENCH_SITE_PACKAGES)", c.name, err)
					}
					return err != nil
				})
				race(b, present, env)
			})
		}
	}
}

// run returns how long the program took to get its secret, and how much of the
// processor in all.
func (c contender) run(env []string) (wall, cpu time.Duration, err error) {
	cmd := exec.Command(c.program, c.args...)
	cmd.Env = env
	if c.name == "bare" {
		// Node 20 reads it when it starts, and its own roots too.
		cmd.Env = slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "NODE_EXTRA_CA_CERTS=") })
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	_, unread := out.Read(make([]byte, 1))
	wall = time.Since(began)
	if err := errors.Join(cmd.Wait(), unread); err != nil {
		return 0, 0, err
	}
	return wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// race runs the contenders in turns and reports their best times: what other work on the machine disturbs least.
func race(b *testing.B, contenders []contender, env []string) {
	wall, cpu := make([]float64, len(contenders)), make([]float64, len(contenders))
	for i := range contenders {
		wall[i], cpu[i] = math.Inf(1), math.Inf(1)
	}
	for b.Loop() {
		for i, c := range contenders {
			w, p, err := c.run(env)
			if err != nil {
				b.Fatal(err)
			}
			wall[i], cpu[i] = min(wall[i], w.Seconds()*1000), min(cpu[i], p.Seconds()*1000)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(wall[0], "bare-ms")
	for i, c := range contenders[1:] {
		b.ReportMetric(wall[i+1]-wall[0], c.name+"-ms")
		b.ReportMetric(cpu[i+1]-cpu[0], c.name+"-cpu-ms")
	}
	if len(contenders) > 2 {
		b.ReportMetric(wall[2]-wall[1], "own-ms")
		b.ReportMetric(cpu[2]-cpu[1], "own-cpu-ms")
	}
}

// benchEnvironment starts an embedded AWS, behind TLS if asked for.
func benchEnvironment(b *testing.B, language string, secure bool) []string {
	opt := b.TempDir()
	if err := os.CopyFS(opt, python.Files); err != nil {
		b.Fatal(err)
	}
	local := embedded(b)
	v := readVector(b, "ok-one")
	doc, err := sealed.Parse([]byte(v.document))
	if err != nil {
		b.Fatal(err)
	}
	context, err := json.Marshal(doc.Context(0))
	if err != nil {
		b.Fatal(err)
	}
	vars := local.environment(v.place(b))
	if secure {
		endpoint, own, bundle := front(b, local.url)
		vars["AWS_ENDPOINT_URL_KMS"] = endpoint
		vars[map[string]string{"node": "NODE_EXTRA_CA_CERTS", "python": "AWS_CA_BUNDLE"}[language]] = map[string]string{"node": own, "python": bundle}[language]
	}
	_, blob, _ := strings.Cut(v.document, "\nkey ")
	_, blob, _ = strings.Cut(strings.TrimSpace(blob), "\n")
	maps.Copy(vars, map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": b.TempDir(), "AWS_DEFAULT_REGION": "us-east-1", "TZ": ":UTC", "PYTHONPATH": filepath.Join(opt, "python"),
		"NODE_PATH": nodePath(b) + string(filepath.ListSeparator) + os.Getenv("BUNDLE_BENCH_NODE_MODULES"),
		"SDK":       os.Getenv("BUNDLE_BENCH_SITE_PACKAGES"),
		"CALL_KEY":  doc.Key, "CALL_BLOB": blob, "CALL_CONTEXT": string(context),
	})
	return listed(vars)
}

// front puts TLS before a server, and returns the file of its certificate and a bundle of that and the system's: Node brings
// roots of its own, to which one is added; Python has the system's.
func front(b *testing.B, to string) (endpoint, own, bundle string) {
	target, err := url.Parse(to)
	if err != nil {
		b.Fatal(err)
	}
	own, certificate := authority(b, "localhost")
	text, err := os.ReadFile(own)
	if err != nil {
		b.Fatal(err)
	}
	system, _ := os.ReadFile(cmp.Or(os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt")) // without it the bundle is short
	bundle = filepath.Join(b.TempDir(), "bundle.pem")
	if err := os.WriteFile(bundle, append(system, text...), 0o644); err != nil {
		b.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	s := httptest.NewUnstartedServer(proxy)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.StartTLS()
	b.Cleanup(s.Close)
	return "https://localhost:" + s.URL[strings.LastIndex(s.URL, ":")+1:], own, bundle
}
