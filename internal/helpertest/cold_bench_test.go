package helpertest

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"io/fs"
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
	"github.com/whispering/bundle/runtime/node"
	"github.com/whispering/bundle/runtime/python"
)

// A contender is a program that starts, gets one secret and ends. All do the
// same call of kms:Decrypt; the first of a language does none.
type contender struct {
	name    string
	program string
	args    []string
}

// The SDK's ways are given the call in variables, so that they pay for no parsing.
const (
	bareNode   = `0`
	helperNode = `require("bundle-secrets").getSecret("DB_PASSWORD").then((v) => { if (v.length < 5) process.exit(1); })`
	sdkNode    = `const { KMSClient, DecryptCommand } = require("@aws-sdk/client-kms");
const c = new KMSClient({ endpoint: process.env.AWS_ENDPOINT_URL_KMS });
c.send(new DecryptCommand({ KeyId: process.env.CALL_KEY, CiphertextBlob: Buffer.from(process.env.CALL_BLOB, "base64"),
  EncryptionContext: JSON.parse(process.env.CALL_CONTEXT) })).then((r) => { if (r.Plaintext.length < 5) process.exit(1); });`
	barePython   = `pass`
	helperPython = `import bundle_secrets
assert len(bundle_secrets.get_secret("DB_PASSWORD")) > 4`
	sdkPython = `import base64, boto3, json, os
r = boto3.client("kms").decrypt(KeyId=os.environ["CALL_KEY"], CiphertextBlob=base64.b64decode(os.environ["CALL_BLOB"]),
    EncryptionContext=json.loads(os.environ["CALL_CONTEXT"]))
assert len(r["Plaintext"]) > 4`
)

// BenchmarkColdStart measures what the first secret costs a new process: the
// best times of its whole run, less that of the bare interpreter, for the helper
// and for the SDK, in turns. "tls" has the certificates of the system to load,
// as it is in Lambda. BUNDLE_BENCH_NODE_MODULES names a node_modules folder with
// @aws-sdk/client-kms; boto3 belongs to python3. Run it with
//
//	go test ./internal/helpertest -run '^$' -bench ColdStart -benchtime 21x
func BenchmarkColdStart(b *testing.B) {
	opt := b.TempDir()
	for _, files := range []fs.FS{node.Files, python.Files} {
		if err := os.CopyFS(opt, files); err != nil {
			b.Fatal(err)
		}
	}
	languages := map[string][]contender{
		"node": {
			{"bare", "node", []string{"-e", bareNode}},
			{"helper", "node", []string{"-e", helperNode}},
			{"sdk", "node", []string{"-e", sdkNode}},
		},
		"python": {
			{"bare", "python3", []string{"-B", "-c", barePython}},
			{"helper", "python3", []string{"-B", "-c", helperPython}},
			{"sdk", "python3", []string{"-B", "-c", sdkPython}},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(languages)) {
		for _, scheme := range []string{"http", "tls"} {
			b.Run(name+"/"+scheme, func(b *testing.B) {
				env := benchEnvironment(b, opt, name, scheme == "tls")
				for _, c := range languages[name] {
					if _, _, err := c.run(env); err != nil {
						b.Skipf("%s does not run here: %v; install node, python3, boto3 and @aws-sdk/client-kms (BUNDLE_BENCH_NODE_MODULES)", c.name, err)
					}
				}
				race(b, languages[name], env)
			})
		}
	}
}

// run returns how long the program took, and how much of the processor.
func (c contender) run(env []string) (wall, cpu time.Duration, err error) {
	cmd := exec.Command(c.program, c.args...)
	cmd.Env = env
	began := time.Now()
	err = cmd.Run()
	if err != nil {
		return 0, 0, err
	}
	return time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
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
	b.ReportMetric(wall[1]-wall[0], "helper-ms")
	b.ReportMetric(wall[2]-wall[0], "sdk-ms")
	b.ReportMetric((wall[2]-wall[0])/(wall[1]-wall[0]), "sdk/helper")
	b.ReportMetric(cpu[1]-cpu[0], "helper-cpu-ms")
	b.ReportMetric(cpu[2]-cpu[0], "sdk-cpu-ms")
}

// benchEnvironment starts an embedded AWS, behind TLS if asked for.
func benchEnvironment(b *testing.B, opt, language string, secure bool) []string {
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
		"PATH": os.Getenv("PATH"), "HOME": b.TempDir(), "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": filepath.Join(opt, "python"),
		"NODE_PATH": filepath.Join(opt, "nodejs", "node_modules") + string(filepath.ListSeparator) + os.Getenv("BUNDLE_BENCH_NODE_MODULES"),
		"CALL_KEY":  doc.Key, "CALL_BLOB": blob, "CALL_CONTEXT": string(context),
	})
	var env []string
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	return env
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
