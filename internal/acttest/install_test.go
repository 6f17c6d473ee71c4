package acttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/filetest"
)

// archived packs a program as a release does.
func archived(t *testing.T, program string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range map[string]string{"LICENSE": "MIT", "bundle": program} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A release is what a server has, by path.
type release map[string][]byte

func (r release) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		b, ok := r[request.URL.Path]
		if !ok {
			http.NotFound(w, request)
			return
		}
		_, _ = w.Write(b)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const archive = "bundle_1.2.3_linux_arm64.tar.gz"

// sums is a checksums.txt that is right about the archive.
func sums(content []byte) string {
	return fmt.Sprintf("%x  %s\n%x  bundle_1.2.3_linux_amd64.tar.gz\n", sha256.Sum256(content), archive, sha256.Sum256(nil))
}

func install(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := command{env: append([]string{"RUNNER_TEMP=" + t.TempDir(), "RUNNER_OS=Linux", "RUNNER_ARCH=ARM64"}, env...)}
	return c.run(t, bash(t), append([]string{filepath.Join(filetest.Root(t), ".github/action/install")}, args...)...)
}

func TestAReleaseIsInstalled(t *testing.T) {
	content := archived(t, "#!/bin/sh\necho bundle v1.2.3\n")
	url := release{"/v1.2.3/" + archive: content, "/v1.2.3/checksums.txt": []byte(sums(content))}.serve(t)
	for name, args := range map[string][]string{"by its version": {"v1.2.3", "main", url}, "by the tag of the action": {"", "v1.2.3", url}} {
		stdout, stderr, code := install(t, nil, args...)
		program := strings.TrimSuffix(stdout, "\n")
		if code != 0 || !filepath.IsAbs(program) || stderr != "" {
			t.Fatalf("%s: %d, %q\n%s", name, code, stdout, stderr)
		}
		if out := (command{}).must(t, program); out != "bundle v1.2.3\n" {
			t.Errorf("%s: %q", name, out)
		}
		if entries, err := os.ReadDir(filepath.Dir(program)); err != nil || len(entries) != 1 {
			t.Errorf("%s leaves %v, %v", name, entries, err)
		}
	}
}

func TestWhatIsNoReleaseIsNotInstalled(t *testing.T) {
	content := archived(t, "#!/bin/sh\necho taken over\n")
	good := release{"/v1.2.3/" + archive: content, "/v1.2.3/checksums.txt": []byte(sums(content))}
	with := func(path, text string) release {
		changed := release{}
		for name, b := range good {
			changed[name] = b
		}
		changed[path] = []byte(text)
		if text == "" {
			delete(changed, path)
		}
		return changed
	}
	empty := []byte("no archive")
	noProgram := release{"/v1.2.3/" + archive: empty, "/v1.2.3/checksums.txt": []byte(sums(empty))}
	tests := map[string]struct {
		release release
		version string
		env     []string
		says    string
	}{
		"a checksum of something else":    {with("/v1.2.3/checksums.txt", sums([]byte("else"))), "v1.2.3", nil, "is damaged, or is not the released file"},
		"an archive that was exchanged":   {with("/v1.2.3/"+archive, "else"), "v1.2.3", nil, "is damaged, or is not the released file"},
		"no checksum of it":               {with("/v1.2.3/checksums.txt", strings.Repeat("0", 64)+"  other.tar.gz\n"), "v1.2.3", nil, "does not have exactly one checksum"},
		"two checksums of it":             {with("/v1.2.3/checksums.txt", sums(content)+sums([]byte("else"))), "v1.2.3", nil, "does not have exactly one checksum"},
		"a checksum that is none":         {with("/v1.2.3/checksums.txt", "0  "+archive+"\n"), "v1.2.3", nil, "does not have exactly one checksum"},
		"no checksums":                    {with("/v1.2.3/checksums.txt", ""), "v1.2.3", nil, "checksums.txt cannot be downloaded"},
		"no archive":                      {with("/v1.2.3/"+archive, ""), "v1.2.3", nil, archive + " cannot be downloaded"},
		"an archive that is none":         {noProgram, "v1.2.3", nil, ""},
		"a release that does not exist":   {good, "v1.2.4", nil, "Is v1.2.4 a release"},
		"a system without releases":       {good, "v1.2.3", []string{"RUNNER_OS=Plan9"}, "no release for this operating system"},
		"a machine without releases":      {good, "v1.2.3", []string{"RUNNER_ARCH=X86"}, "no release for this architecture"},
		"a version with a path":           {good, "v1.2.3/../../x/v1.2.3", nil, "The version is not valid"},
		"a version with a command":        {good, "v1.2.3$(touch x)", nil, "The version is not valid"},
		"a version with a line":           {good, "v1.2.3\n::error::x", nil, "The version is not valid"},
		"a version with a query":          {good, "v1.2.3?x=y", nil, "The version is not valid"},
		"a version that begins as a flag": {good, "--output=x", nil, "The version is not valid"},
		"a moving version":                {good, "v1", nil, "The version is not valid"},
		"a version without its v":         {good, "1.2.3", nil, "The version is not valid"},
		"the newest":                      {good, "latest", nil, "The version is not valid"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := install(t, test.env, test.version, "", test.release.serve(t))
			if code == 0 || stdout != "" || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, %q\n%s", code, stdout, stderr)
			}
			for line := range strings.Lines(stderr) {
				if strings.HasPrefix(line, "::") && !strings.HasPrefix(line, "::error title=bundle was not installed::") {
					t.Errorf("a command: %q", line)
				}
			}
		})
	}
}

func TestReleasesComeFromWhereTheActionSays(t *testing.T) {
	content := archived(t, "#!/bin/sh\necho taken over\n")
	elsewhere := release{"/v1.2.3/" + archive: content, "/v1.2.3/checksums.txt": []byte(sums(content))}.serve(t)
	home := t.TempDir()
	filetest.Write(t, filepath.Join(home, ".curlrc"), "connect-to = \"::"+strings.TrimPrefix(elsewhere, "http://")+"\"\n")
	env := []string{"HOME=" + home, "CURL_HOME=" + home, "RELEASES=" + elsewhere, "releases=" + elsewhere, "GITHUB_SERVER_URL=" + elsewhere}
	if stdout, _, code := install(t, env, "v1.2.3", "", release{}.serve(t)); code == 0 {
		t.Errorf("%q was installed", stdout)
	}
	for _, address := range []string{"http://example.com", "file:///tmp", "ftp://example.com", "", "http://127.0.0.1.example.com"} {
		if _, stderr, code := install(t, env, "v1.2.3", "", address); code == 0 || !strings.Contains(stderr, "must begin with https:") {
			t.Errorf("%q: %d\n%s", address, code, stderr)
		}
	}
}

// fakeGH puts a gh on a PATH of its own, which notes what it is asked and what
// token it has, and answers with a status.
func fakeGH(t *testing.T, status string) (env []string, asked string) {
	t.Helper()
	dir := t.TempDir()
	asked = filepath.Join(dir, "asked")
	filetest.Write(t, filepath.Join(dir, "gh"), "#!/bin/sh\necho \"$*\" >'"+asked+"'\necho \"token $GH_TOKEN\" >>'"+asked+"'\nexit "+status+"\n")
	if err := os.Chmod(filepath.Join(dir, "gh"), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "GH_TOKEN=a-token"}, asked
}

// withoutGH is a PATH of what the script uses, and nothing else.
func withoutGH(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"mktemp", "awk", "curl", "sha256sum", "tar", "gzip", "rm", "tr", "dirname", "cat", "bash"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("there is no %s", name)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"PATH=" + dir}
}

func TestAReleaseIsVerified(t *testing.T) {
	content := archived(t, "#!/bin/sh\necho bundle v1.2.3\n")
	good := release{"/v1.2.3/" + archive: content, "/v1.2.3/checksums.txt": []byte(sums(content))}.serve(t)
	digest, other := fmt.Sprintf("%x", sha256.Sum256(content)), strings.Repeat("0", 64)
	// Whoever can replace a release can replace its checksums with it.
	tests := map[string]struct {
		gh      string // its exit code; "" for no gh
		digests string
		asks    bool
		refuses string // "" for what is installed
		says    string
	}{
		"an attestation":                {"0", "none", true, "", ""},
		"no attestation":                {"1", "none", true, "There is no attestation", ""},
		"no gh":                         {"", "none", false, "", "::notice title=bundle was not verified::"},
		"its digest":                    {"1", digest, false, "", ""},
		"its digest in capitals":        {"", strings.ToUpper(digest), false, "", ""},
		"one of several digests":        {"1", other + "\r\n" + digest + "\n", false, "", ""},
		"another digest":                {"0", other, false, "which release-sha256 does not name", ""},
		"a digest that was never set":   {"0", "", false, "release-sha256 is empty", ""},
		"lines without a digest":        {"0", "\n\n", false, "release-sha256 is empty", ""},
		"no digest":                     {"0", digest[:63], false, "a line that is not a SHA-256 digest", ""},
		"a digest with its kind":        {"0", "sha256:" + digest, false, "a line that is not a SHA-256 digest", ""},
		"a digest and something else":   {"0", digest + "\nnone", false, "a line that is not a SHA-256 digest", ""},
		"a pattern instead of a digest": {"0", "*", false, "a line that is not a SHA-256 digest", ""},
		"a digest with a command in it": {"0", digest + "\n$(exit)", false, "a line that is not a SHA-256 digest", ""},
		"a digest among words":          {"0", "x" + digest + " ", false, "a line that is not a SHA-256 digest", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			env, asked := withoutGH(t), ""
			if test.gh != "" {
				env, asked = fakeGH(t, test.gh)
			}
			stdout, stderr, code := install(t, env, "v1.2.3", "", good, "whispering/bundle", test.digests)
			if (code == 0) != (test.refuses == "") || (stdout == "") != (test.refuses != "") || !strings.Contains(stderr, test.refuses) || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, %q\n%s", code, stdout, stderr)
			}
			if test.says == "" && strings.Contains(stderr, "was not verified") {
				t.Errorf("it is not verified:\n%s", stderr)
			}
			var got []byte
			if asked != "" {
				got, _ = os.ReadFile(asked)
			}
			want := "attestation verify " + archive + " --hostname github.com --repo whispering/bundle --signer-workflow whispering/bundle/.github/workflows/release.yml " +
				"--source-ref refs/tags/v1.2.3 --deny-self-hosted-runners\ntoken a-token\n"
			if test.asks && string(got) != want || !test.asks && len(got) > 0 {
				t.Errorf("gh was asked %q", got)
			}
		})
	}
	env, _ := fakeGH(t, "0")
	if _, stderr, code := install(t, env, "source", "", good, "whispering/bundle", digest); code == 0 || !strings.Contains(stderr, "release-sha256 is for a release") {
		t.Errorf("a digest of what is built from source: %d\n%s", code, stderr)
	}
}
