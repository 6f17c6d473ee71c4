package house

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// A downloaded is a release on a server, and the machine of a job that installs it with examples/ci/install.sh.
type downloaded struct {
	files   map[string][]byte // of v1.2.3, by name
	pinned  string            // checksums.txt beside the script; "" for none
	environ []string
	machine [2]string // what uname says, if not the truth
	lacks   string    // programs that the machine does not have, separated by spaces
	version string
	folder  string
	scripts string // folder of the script; "" for ci
	prepare func(job string) error
}

// linuxArchive is the archive of the system that the test plays, and theProgram what is in it.
const (
	linuxArchive = "bundle_1.2.3_linux_amd64.tar.gz"
	theProgram   = "#!/bin/sh\necho installed\n"
)

func archiveWith(entries ...tar.Header) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range entries {
		h.Mode = 0o755
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(theProgram))
		}
		err := w.WriteHeader(&h)
		if h.Typeflag == tar.TypeReg && err == nil {
			_, err = io.WriteString(w, theProgram)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func line(content []byte, name string) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256(content), name)
}

// TestInstallScript installs releases from a server of its own, good ones and others, as jobs do.
func TestInstallScript(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the script is for Linux and macOS")
	}
	for _, program := range []string{"curl", "sha256sum", "openssl", "tar"} {
		needs.Program(t, program, "Debian: apt-get install "+program)
	}
	good := archiveWith(tar.Header{Name: "LICENSE", Typeflag: tar.TypeReg}, tar.Header{Name: "bundle", Typeflag: tar.TypeReg},
		tar.Header{Name: "bundle-secrets", Typeflag: tar.TypeSymlink, Linkname: "bundle"})
	other := archiveWith(tar.Header{Name: "bundle", Typeflag: tar.TypeReg})
	sums := line(good, linuxArchive) + line(other, "bundle_1.2.3_linux_arm64.tar.gz")
	released := func() map[string][]byte { return map[string][]byte{linuxArchive: good, "checksums.txt": []byte(sums)} }
	with := func(archive []byte) map[string][]byte {
		return map[string][]byte{linuxArchive: archive, "checksums.txt": []byte(line(archive, linuxArchive))}
	}
	for name, c := range map[string]struct {
		downloaded
		says string // "" if it installs
	}{
		"pinned":                               {downloaded{files: map[string][]byte{linuxArchive: good}, pinned: sums}, ""},
		"not pinned":                           {downloaded{files: released()}, ""},
		"without v":                            {downloaded{files: released(), version: "1.2.3"}, ""},
		"a folder of folders":                  {downloaded{files: released(), folder: "a b/c"}, ""},
		"a folder like a flag":                 {downloaded{files: released(), folder: "-C"}, ""},
		"a sum of a binary file":               {downloaded{files: released(), pinned: strings.Replace(sums, "  ", " *", 1)}, ""},
		"a sum with Windows' line ends":        {downloaded{files: released(), pinned: strings.ReplaceAll(sums, "\n", "\r\n")}, ""},
		"a script in a folder like a variable": {downloaded{files: released(), pinned: sums, scripts: "a=b"}, ""},
		"shasum only":                          {downloaded{files: released(), lacks: "sha256sum openssl"}, ""},
		"openssl only":                         {downloaded{files: released(), lacks: "sha256sum shasum"}, ""},
		"a .curlrc of a stranger": {downloaded{files: released(), prepare: func(job string) error {
			return os.WriteFile(filepath.Join(job, ".curlrc"), []byte("output = stolen\n"), 0o600)
		}}, ""},
		"on a Mac": {downloaded{files: map[string][]byte{"bundle_1.2.3_darwin_arm64.tar.gz": good}, pinned: line(good, "bundle_1.2.3_darwin_arm64.tar.gz"), machine: [2]string{"Darwin", "arm64"}}, ""},
		"on arm64": {downloaded{files: map[string][]byte{"bundle_1.2.3_linux_arm64.tar.gz": good}, pinned: line(good, "bundle_1.2.3_linux_arm64.tar.gz"), machine: [2]string{"Linux", "aarch64"}}, ""},
		"over another version": {downloaded{files: released(), prepare: func(job string) error {
			return errors.Join(os.Mkdir(filepath.Join(job, "tools"), 0o755), os.WriteFile(filepath.Join(job, "tools", "bundle"), []byte("old"), 0o755))
		}}, ""},
		"a replaced archive":          {downloaded{files: map[string][]byte{linuxArchive: other, "checksums.txt": []byte(sums)}}, "is not the file of the release, or is damaged"},
		"both replaced":               {downloaded{files: with(other), pinned: sums}, "is not the file of the release, or is damaged"},
		"cut off":                     {downloaded{files: map[string][]byte{linuxArchive: good[:len(good)-9], "checksums.txt": []byte(sums)}}, "is not the file of the release"},
		"empty":                       {downloaded{files: map[string][]byte{linuxArchive: {}, "checksums.txt": []byte(sums)}}, "is not the file of the release"},
		"pinned to another release":   {downloaded{files: released(), pinned: line(good, "bundle_1.2.2_linux_amd64.tar.gz")}, "does not have exactly one checksum for " + linuxArchive + ". Is it the file of another release?"},
		"pinned to nothing":           {downloaded{files: released(), pinned: "\n"}, "does not have exactly one checksum"},
		"pinned twice":                {downloaded{files: released(), pinned: sums + sums}, "does not have exactly one checksum"},
		"a name in another name":      {downloaded{files: released(), pinned: line(good, "x"+linuxArchive)}, "does not have exactly one checksum"},
		"a name that is a pattern":    {downloaded{files: released(), pinned: line(good, strings.ReplaceAll(linuxArchive, ".", "x"))}, "does not have exactly one checksum"},
		"another hash":                {downloaded{files: released(), pinned: "d41d8cd98f00b204e9800998ecf8427e  " + linuxArchive + "\n"}, "is not a SHA-256"},
		"upper case":                  {downloaded{files: released(), pinned: strings.ToUpper(sums[:64]) + sums[64:]}, "does not have exactly one checksum"},
		"pinned by a link to nothing": {downloaded{files: released(), prepare: func(job string) error { return os.Symlink("nothing", filepath.Join(job, "ci", "checksums.txt")) }}, "checksums.txt is not a file"},
		"pinned by a folder":          {downloaded{files: released(), prepare: func(job string) error { return os.Mkdir(filepath.Join(job, "ci", "checksums.txt"), 0o755) }}, "checksums.txt is not a file"},
		"no such release":             {downloaded{files: map[string][]byte{}}, "checksums.txt cannot be downloaded. Is v1.2.3 a release?"},
		"no archive":                  {downloaded{files: map[string][]byte{"checksums.txt": []byte(sums)}}, linuxArchive + " cannot be downloaded"},
		"no archive but pinned":       {downloaded{files: map[string][]byte{}, pinned: sums}, linuxArchive + " cannot be downloaded"},
		"no program":                  {downloaded{files: with(archiveWith(tar.Header{Name: "LICENSE", Typeflag: tar.TypeReg}))}, "cannot be unpacked"},
		"not an archive":              {downloaded{files: with([]byte("<html>"))}, "cannot be unpacked"},
		"a link as the program":       {downloaded{files: with(archiveWith(tar.Header{Name: "bundle", Typeflag: tar.TypeSymlink, Linkname: "/bin/sh"}))}, "does not contain the program"},
		"a folder as the program":     {downloaded{files: with(archiveWith(tar.Header{Name: "bundle/", Typeflag: tar.TypeDir}))}, "does not contain the program"},
		"a folder in the way":         {downloaded{files: released(), prepare: func(job string) error { return os.MkdirAll(filepath.Join(job, "tools", "bundle"), 0o755) }}, "contains a folder where the program goes"},
		"a file instead of a folder":  {downloaded{files: released(), prepare: func(job string) error { return os.WriteFile(filepath.Join(job, "tools"), nil, 0o600) }}, "the folder cannot be created"},
		"no version":                  {downloaded{files: released(), version: "v"}, "the version is not valid"},
		"a branch":                    {downloaded{files: released(), version: "main"}, "the version is not valid"},
		"latest":                      {downloaded{files: released(), version: "latest"}, "the version is not valid"},
		"half a version":              {downloaded{files: released(), version: "v1.2"}, "the version is not valid"},
		"a path":                      {downloaded{files: released(), version: "v1.2.3/../../x"}, "the version is not valid"},
		"two lines":                   {downloaded{files: released(), version: "v1.2.3\nv1.2.4"}, "the version is not valid"},
		"a command":                   {downloaded{files: released(), version: "v1.2.3;id"}, "the version is not valid"},
		"a variable that is not set":  {downloaded{files: released(), folder: "-"}, "the folder has no name"},
		"no curl":                     {downloaded{files: released(), lacks: "curl"}, "curl is not installed"},
		"nothing to compare with":     {downloaded{files: released(), lacks: "sha256sum shasum openssl"}, "sha256sum, shasum or openssl must be installed"},
		"a mirror without TLS":        {downloaded{files: released(), environ: []string{"BUNDLE_RELEASES=http://mirror.example.com/"}}, "must begin with https://"},
		"a mirror that is a file":     {downloaded{files: released(), environ: []string{"BUNDLE_RELEASES=file:///tmp"}}, "must begin with https://"},
		"a redirect elsewhere":        {downloaded{files: map[string][]byte{"checksums.txt": []byte("redirect file:///etc/passwd")}}, "cannot be downloaded"},
		"another protocol":            {downloaded{files: map[string][]byte{"checksums.txt": []byte("redirect ftp://127.0.0.1:1/checksums.txt")}}, "rotocol \"ftp\""},
		"letters":                     {downloaded{files: released(), version: "a.b.c"}, "the version is not valid"},
		"another system":              {downloaded{files: released(), machine: [2]string{"FreeBSD", "amd64"}}, "there is no archive for FreeBSD"},
		"another machine":             {downloaded{files: released(), machine: [2]string{"Linux", "armv7l"}}, "there is no release for armv7l"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job, out, err := c.install(t)
			folder := filepath.Join(job, strings.TrimPrefix(c.folder, "-"))
			if c.folder == "-C" {
				folder = filepath.Join(job, "-C")
			}
			if left, _ := filepath.Glob(filepath.Join(folder, ".install-*")); len(left) > 0 {
				t.Errorf("it left %q", left)
			}
			if c.says != "" {
				if err == nil || !strings.Contains(out, "install.sh: ") || !strings.Contains(out, c.says) {
					t.Errorf("%v, want %q:\n%s", err, c.says, out)
				}
				if _, err := os.Lstat(filepath.Join(folder, "bundle-secrets")); err == nil {
					t.Error("it installed the program all the same")
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if warned := strings.Contains(out, "a replaced release would not be noticed"); warned != (c.pinned == "") || !warned && out != "" {
				t.Errorf("it says\n%s", out)
			}
			for _, program := range []string{"bundle", "bundle-secrets"} {
				if said, err := exec.Command(filepath.Join(folder, program)).CombinedOutput(); string(said) != "installed\n" {
					t.Errorf("%s: %v: %s", program, err, said)
				}
			}
		})
	}
	for _, args := range [][]string{{}, {"v1.2.3"}, {"v1.2.3", "tools", "more"}} {
		out, err := exec.Command("sh", append([]string{filepath.Join(root(t), "examples", "ci", "install.sh")}, args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "usage: sh install.sh VERSION FOLDER") {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}

// install runs the script in a folder of its own, which it returns, with what the script printed.
func (d *downloaded) install(t *testing.T) (job, out string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := d.files[strings.TrimPrefix(r.URL.Path, "/v1.2.3/")]
		if to, redirect := strings.CutPrefix(string(content), "redirect "); redirect {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return
		}
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(server.Close)
	job = t.TempDir()
	if d.scripts == "" {
		d.scripts = "ci"
	}
	bin, scripts := filepath.Join(job, "bin"), filepath.Join(job, d.scripts)
	script, err := os.ReadFile(filepath.Join(root(t), "examples", "ci", "install.sh"))
	if err = errors.Join(err, os.Mkdir(bin, 0o755), os.Mkdir(scripts, 0o755), os.WriteFile(filepath.Join(scripts, "install.sh"), script, 0o600)); err != nil {
		t.Fatal(err)
	}
	if d.pinned != "" {
		err = os.WriteFile(filepath.Join(scripts, "checksums.txt"), []byte(d.pinned), 0o600)
	}
	for _, name := range strings.Fields("sh awk chmod curl dirname gzip ln mkdir mktemp mv openssl rm sha256sum shasum tar uname perl") {
		if program, found := exec.LookPath(name); found == nil && !slices.Contains(strings.Fields(d.lacks), name) {
			err = errors.Join(err, os.Symlink(program, filepath.Join(bin, name)))
		}
	}
	if d.machine == [2]string{} {
		d.machine = [2]string{"Linux", "x86_64"}
	}
	said := fmt.Sprintf("#!/bin/sh\ncase $1 in -s) echo %s ;; -m) echo %s ;; esac\n", d.machine[0], d.machine[1])
	err = errors.Join(err, os.Remove(filepath.Join(bin, "uname")), os.WriteFile(filepath.Join(bin, "uname"), []byte(said), 0o755))
	if d.prepare != nil {
		err = errors.Join(err, d.prepare(job))
	}
	if err != nil {
		t.Fatal(err)
	}
	if d.version == "" {
		d.version = "v1.2.3"
	}
	switch d.folder {
	case "":
		d.folder = "tools"
	case "-":
		d.folder = ""
	}
	cmd := exec.Command(filepath.Join(bin, "sh"), d.scripts+"/install.sh", d.version, d.folder)
	cmd.Dir = job
	cmd.Env = append([]string{"PATH=" + bin, "HOME=" + job, "BUNDLE_RELEASES=" + server.URL}, d.environ...)
	b, err := cmd.CombinedOutput()
	return job, string(b), err
}
