package helpertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/internal/needs"
)

// placesIn names the folder that TestWithoutLayers has prepared before it runs itself again in a namespace.
const placesIn = "BUNDLETEST_PLACES"

// TestWithoutLayers runs what docs/without-layers.md has, in a network namespace with the credentials endpoint of ECS and CodeBuild,
// and with the unpacked tree as a read-only /opt. The embedded AWS is the account.
func TestWithoutLayers(t *testing.T) {
	page, err := os.ReadFile("../../docs/without-layers.md")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv(placesIn); dir != "" {
		p := newPlace(t, dir)
		t.Run("ECS", func(t *testing.T) { p.ecs(t, string(page)) })
		t.Run("a container image", func(t *testing.T) { p.image(t, string(page)) })
		t.Run("CodeBuild", p.codebuild)
		t.Run("a Web Function", p.webFunction)
		t.Run("a MicroVM", p.microVM)
		return
	}
	for _, program := range []string{"node", "python3"} {
		needs.Program(t, program, "see .ci/install-runtimes")
	}
	dir := t.TempDir()
	p := &place{dir: dir, environ: environOf(dir)}
	for _, folder := range []string{"bin", "web", "examples/local"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := needs.Bundle(filepath.Join(dir, "bin", "bundle")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secrets.hcl", "examples/local/parameters.json"} {
		b, err := os.ReadFile(filepath.Join("../..", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range regexp.MustCompile(`(?ms)^cat > (\S+) <<'END'\n(.*?)^END$`).FindAllStringSubmatch(string(page), -1) {
		if err := os.WriteFile(filepath.Join(dir, file[1]), []byte(file[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.run(t, nil, "bundle", "--env", "local", "--out", "layer.zip")
	for _, command := range regexp.MustCompile(`(?m)^bundle unpack .*$`).FindAllString(string(page), -1) {
		p.run(t, nil, strings.Fields(command)...)
	}
	againInNamespace(t, placesIn+"="+dir)
}

// A place is a machine with the unpacked tree, the embedded AWS and the credentials endpoint of ECS.
type place struct {
	dir     string
	environ []string
	ecsHas  *ecsServer
	calls   string // the log of the embedded AWS
	kms     string // its URL
}

// environOf returns the variables of this process without those that say who it is and where it runs, with the bundle of a folder.
func environOf(dir string) []string {
	all := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc([]string{"AWS_", "BUNDLE_", "CI=", "GITHUB_", "PATH=", "NODE_", "PYTHON"}, func(prefix string) bool {
			return strings.HasPrefix(variable, prefix)
		})
	})
	return append(all, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
}

func newPlace(t *testing.T, dir string) *place {
	t.Helper()
	p := &place{
		dir: dir, ecsHas: &ecsServer{id: "local", key: "local"}, calls: filepath.Join(dir, "calls.log"),
		environ: append(environOf(dir), "AWS_REGION=us-east-1"),
	}
	p.ecsHas.serve(t)
	// A namespace of its own for mounts: nothing of this reaches the machine.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(filepath.Join(dir, "secrets"), "/opt", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", "/opt", "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(p.calls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	server := p.command(nil, "bundle", "local", "serve", "--listen", "127.0.0.1:0")
	server.Stderr = log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Process.Kill(), server.Wait() })
	for n := 0; p.kms == ""; n++ {
		out, err := p.command(nil, "bundle", "local", "env").Output()
		if _, rest, found := strings.Cut(string(out), "export AWS_ENDPOINT_URL='"); err == nil && found {
			p.kms, _, _ = strings.Cut(rest, "'")
			break
		}
		if n == 100 {
			t.Fatalf("the embedded AWS does not start: %v\n%s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.environ = append(p.environ, "AWS_ENDPOINT_URL_KMS="+p.kms)
	return p
}

func (p *place) command(environ []string, argv ...string) *exec.Cmd {
	c := exec.Command("/usr/bin/env", argv...) // which looks for the program in the PATH of the place
	c.Dir, c.Env = p.dir, slices.Concat(p.environ, environ)
	return c
}

// run runs a program that must succeed, and returns what it prints.
func (p *place) run(t *testing.T, environ []string, argv ...string) string {
	t.Helper()
	var out, said bytes.Buffer
	c := p.command(environ, argv...)
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", argv, err, out.String(), said.String())
	}
	return out.String()
}

// decrypts counts the calls of kms:Decrypt so far.
func (p *place) decrypts(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(p.calls)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("Decrypt"))
}

// task are the variables that ECS and CodeBuild set for credentials.
func task() []string { return []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/x"} }

// asked checks that the credentials came from the endpoint of ECS.
func (p *place) asked(t *testing.T) {
	t.Helper()
	if !slices.Equal(p.ecsHas.asked, []string{"GET 169.254.170.2/v2/credentials/x"}) {
		t.Errorf("the endpoint for credentials was asked %q", p.ecsHas.asked)
	}
	p.ecsHas.asked = nil
}

const greeting = "DB_PASSWORD has 19 characters\n"

// dockerfile returns the words of an instruction in the first block of the page that begins with an image, as in FROM image.
func dockerfile(t *testing.T, page, image, instruction string) (words []string) {
	t.Helper()
	_, block, found := strings.Cut(page, "```dockerfile\nFROM "+image)
	block, _, _ = strings.Cut(block, "```")
	if !found || !strings.Contains(block, "\nCOPY secrets/ /opt/\n") {
		t.Fatalf("no image %s that copies the tree to /opt", image)
	}
	_, line, found := strings.Cut(block, "\n"+instruction+" ")
	line, _, _ = strings.Cut(line, "\n")
	if err := json.Unmarshal([]byte(line), &words); err != nil || !found {
		t.Fatalf("image %s: %s %q: %v", image, instruction, line, err)
	}
	return words
}

func (p *place) ecs(t *testing.T, page string) {
	const image = "public.ecr.aws/docker/library/python:"
	argv := slices.Concat(dockerfile(t, page, image, "ENTRYPOINT"), dockerfile(t, page, image, "CMD"))
	if got := p.run(t, task(), argv...); got != greeting {
		t.Errorf("got %q", got)
	}
	p.asked(t)
	helpers := map[string][]string{
		"python3": {"-c", `import bundle_secrets; print("DB_PASSWORD has", len(bundle_secrets.get_secret("DB_PASSWORD")), "characters")`},
		"node":    {"-e", `require("bundle-secrets").getSecret("DB_PASSWORD").then((v) => console.log("DB_PASSWORD has", v.length, "characters"))`},
	}
	for program, arguments := range helpers {
		got := p.run(t, append(task(), "PYTHONPATH=/opt/python", "NODE_PATH=/opt/nodejs/node_modules"), append([]string{program}, arguments...)...)
		if got != greeting {
			t.Errorf("%s: %q", program, got)
		}
		p.asked(t)
	}
	var said bytes.Buffer
	c := p.command([]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=no-slash"}, argv...)
	c.Stderr = &said
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() != 77 || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("without credentials: %v\n%s", err, said.String())
	}
	c = p.command(append(task(), "BUNDLE_SECRETS_SHA256="+strings.Repeat("0", 64)), argv...)
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() != 65 {
		t.Errorf("another document than the one that is fixed: %v", err)
	}
}

// image runs the commands that an image of Lambda has, except for the runtime: internal/lambdatest runs those of AWS.
func (p *place) image(t *testing.T, page string) {
	if words := dockerfile(t, page, "public.ecr.aws/lambda/nodejs:", "CMD"); !slices.Equal(words, []string{"index.handler"}) {
		t.Errorf("the image runs %q", words)
	}
	_, line, _ := strings.Cut(page, "```dockerfile\nENTRYPOINT ")
	line, _, _ = strings.Cut(line, "\n")
	var entry []string
	if err := json.Unmarshal([]byte(line), &entry); err != nil || len(entry) != 2 {
		t.Fatalf("the entry point %s: %v", line, err)
	}
	inside := []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:9", "AWS_LAMBDA_FUNCTION_NAME=test_function", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local"}
	if got := p.run(t, inside, entry[0], "python3", "worker.py"); got != greeting {
		t.Errorf("got %q", got)
	}
	es := []string{"--input-type=module", "-e", `import { getSecret } from "/opt/nodejs/node_modules/bundle-secrets/index.cjs";
		console.log("DB_PASSWORD has", (await getSecret("DB_PASSWORD")).length, "characters")`}
	if got := p.run(t, inside, append([]string{"node"}, es...)...); got != greeting {
		t.Errorf("an ES module: %q", got)
	}
}

func (p *place) codebuild(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(p.dir, "buildspec.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Phases map[string]struct{ Commands []string }
	}
	if err := yaml.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	checkout := &place{dir: t.TempDir(), environ: p.environ}
	for _, name := range []string{"layer.zip", "worker.py"} {
		if err := os.Link(filepath.Join(p.dir, name), filepath.Join(checkout.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got := checkout.run(t, task(), "sh", "-ec", strings.Join(spec.Phases["build"].Commands, "\n"))
	if !strings.HasSuffix(got, "\n"+greeting) {
		t.Errorf("got %q", got)
	}
	p.asked(t)
}

// webFunction answers 64 requests in one process at the same time, three times.
func (p *place) webFunction(t *testing.T) {
	before := p.decrypts(t)
	inside := []string{
		"AWS_LAMBDA_HTTP_ENDPOINT=127.0.0.1:9001", "BUNDLE_SECRETS_DIR=" + filepath.Join(p.dir, "web", "secrets"),
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	}
	server := p.command(inside, "node", "--input-type=module", "-e", `
		import { createServer } from "node:http";
		import { greeting } from "`+filepath.Join(p.dir, "web", "app.mjs")+`";
		const waiting = [];
		let most = 0;
		const server = createServer(async (request, response) => {
			waiting.push(response);
			most = Math.max(most, waiting.length);
			if (waiting.length < 64) return;
			await Promise.all(waiting.splice(0).map(async (each) => each.end(await greeting() + "\n")));
		});
		server.listen(0, "127.0.0.1", () => console.log(server.address().port));`)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = server.Process.Kill(), server.Wait() }()
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				reply, err := http.Get("http://127.0.0.1:" + strings.TrimSpace(port))
				if err != nil {
					t.Error(err)
					return
				}
				defer reply.Body.Close()
				if body, err := io.ReadAll(reply.Body); err != nil || string(body) != greeting {
					t.Errorf("%v: %q", err, body)
				}
			})
		}
		all.Wait()
	}
	if got := p.decrypts(t) - before; got != p.boxes(t) {
		t.Errorf("192 requests made %d calls of kms:Decrypt; the document has %d boxes", got, p.boxes(t))
	}
}

// boxes counts the boxes of the document in /opt.
func (p *place) boxes(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/opt/bundle/functions/payments-local-hello.sealed")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\nbox "))
}

// microVM loads the helper, stops, as before a snapshot, and opens the document after it has continued, with the credentials that
// there are then.
func (p *place) microVM(t *testing.T) {
	before := p.decrypts(t)
	c := p.command([]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2/microvm", "NODE_PATH=/opt/nodejs/node_modules"}, "node", "-e", `
		const { getSecret } = require("bundle-secrets");
		console.log("ready");
		process.stdin.once("data", async () => {
			console.log("DB_PASSWORD has", (await getSecret("DB_PASSWORD")).length, "characters");
			process.exit();
		});`)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%v: %q", err, line)
	}
	if n := p.decrypts(t); n != before || len(p.ecsHas.asked) > 0 {
		t.Errorf("before the snapshot: %d calls of kms:Decrypt, credentials %q", n-before, p.ecsHas.asked)
	}
	if _, err := io.WriteString(in, "go\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || line != greeting {
		t.Errorf("%v: %q", err, line)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	if !slices.Equal(p.ecsHas.asked, []string{"GET 169.254.170.2/microvm"}) {
		t.Errorf("the endpoint for credentials was asked %q", p.ecsHas.asked)
	}
	p.ecsHas.asked = nil
}
