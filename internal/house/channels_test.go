package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestReleaseIsInstalled makes the files of a release with goreleaser, as the workflow does, and installs them in every way that
// can be tried here: .github/release/try-channels. Only the program of this machine is compiled: those for other systems, which are
// not run, are a line of text.
func TestReleaseIsInstalled(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: packs a release")
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("it is tried on Linux on amd64")
	}
	tools := needs.ReleaseTools(t)
	for program, from := range map[string]string{
		"make": "make", "jq": "jq", "rpm": "rpm", "lintian": "lintian", "skopeo": "skopeo", "umoci": "umoci", "ruby": "ruby", "unzip": "unzip", "openssl": "openssl", "dpkg": "dpkg",
	} {
		needs.Program(t, program, "Debian: apt-get install "+from)
	}
	if os.Getuid() != 0 {
		needs.Missing(t, "packages are installed as root only")
	}
	dir := copyOfRepository(t)
	config := filepath.Join(dir, ".goreleaser.yaml")
	edited := strings.NewReplacer(
		`version_template: "{{ incpatch .Version }}-snapshot.{{ .ShortCommit }}"`, `version_template: "1.2.3"`,
		"    binary: bundle\n", "    binary: bundle\n    tool: "+filepath.Join(dir, "copies")+"\n",
	).Replace(read(t, ".goreleaser.yaml"))
	// What goreleaser runs as: TOOL build … -o PATH ./cmd/bundle
	copies := "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\n[ $GOOS$GOARCH = linuxamd64 ] && exec cp " + filepath.Join(dir, "program") + " \"$2\"\n" +
		"echo for $GOOS on $GOARCH >\"$2\"\n"
	for file, content := range map[string]string{config: edited, filepath.Join(dir, "copies"): copies} {
		if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		return run(t, dir, []string{
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com", "GIT_COMMITTER_NAME=test",
			"GIT_COMMITTER_EMAIL=test@example.com", "GIT_AUTHOR_DATE=2026-11-25T10:00:00Z", "GIT_COMMITTER_DATE=2026-11-25T10:00:00Z",
		}, "git", args...)
	}
	git("init", "-q", "-b", "main")
	git("remote", "add", "origin", "https://github.com/whispering/bundle")
	git("add", "-A")
	git("commit", "-qm", "a release")
	git("tag", "v1.2.3")
	run(t, dir, nil, "make", "release", "VERSION=v1.2.3", "COMMIT="+strings.TrimSpace(git("rev-parse", "HEAD")))
	if err := os.Rename(filepath.Join(dir, "dist", "bundle"), filepath.Join(dir, "program")); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + filepath.Join(tools, "bin") + string(filepath.ListSeparator) + os.Getenv("PATH")
	run(t, dir, []string{path}, filepath.Join(tools, "bin", "goreleaser"), "release", "--snapshot", "--clean", "--skip=publish,sbom")
	image := run(t, dir, []string{path, "PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + filepath.Join(tools, "wheels"), "PIP_ROOT_USER_ACTION=ignore"}, ".github/release/channels")
	if !regexp.MustCompile(`^sha256:[0-9a-f]{64}\n$`).MatchString(image) {
		t.Errorf("the image's digest is %q", image)
	}
	run(t, dir, nil, ".github/release/try", "v1.2.3", filepath.Join("dist", "bundle_1.2.3_linux_amd64.tar.gz"))
	files := filepath.Join(dir, "files")
	run(t, dir, nil, "sh", "-c", "mkdir files; for f in checksums.txt $(cut -c 67- dist/checksums.txt); do ln dist/$f files/$f; done")
	try := func() (string, error) {
		cmd := exec.Command(filepath.Join(dir, ".github", "release", "try-channels"), "v1.2.3", files)
		cmd.Env = append(os.Environ(), path)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := try()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	if os.Getenv("BUNDLE_TEST_REQUIRE") == "1" && strings.Contains(out, "not tried: ") {
		t.Errorf("something was not tried:\n%s", out)
	}
	for name, damage := range map[string]string{
		"a file is not that of checksums.txt":   "cp bundle-secrets.rb copy; echo >>copy; mv copy bundle-secrets.rb",
		"is not bundle_1.2.3_windows_amd64.zip": `jq '.architecture["64bit"].bin = "bundle.exe"' bundle-secrets.json >copy; mv copy bundle-secrets.json;` + again,
	} {
		run(t, files, nil, "sh", "-c", "cp -al . ../damaged")
		run(t, filepath.Join(dir, "damaged"), nil, "sh", "-c", damage)
		whole := files
		files = filepath.Join(dir, "damaged")
		if out, err := try(); err == nil || !strings.Contains(out, name) {
			t.Errorf("%s: %v\n%s", damage, err, out)
		}
		files = whole
		run(t, dir, nil, "rm", "-r", "damaged")
	}
}

// again writes checksums.txt of a damaged release anew.
const again = ` sha256sum $(cut -c 67- checksums.txt) >sums; mv sums checksums.txt`

// TestGoreleaserPublishesNothing: it writes files, which the workflow publishes. And no package takes the path that belongs to
// ruby-bundler.
func TestGoreleaserPublishesNothing(t *testing.T) {
	config := read(t, ".goreleaser.yaml")
	repositories, skipped := strings.Count(config, "    repository:\n"), strings.Count(config, "    skip_upload: true\n")
	if repositories == 0 || repositories != skipped || !strings.Contains(config, "\nrelease:\n  disable: true\n") {
		t.Errorf("%d repositories are named, and %d are skipped; is the release disabled?", repositories, skipped)
	}
	if found := regexp.MustCompile(`(?m)token|^(dockers|kos|publishers|blobs|brews|nix|aurs|winget)\w*:|dst: /usr/bin/bundle$|bindir: /usr/bin$`).FindString(config); found != "" {
		t.Errorf(".goreleaser.yaml has %q", found)
	}
	if !strings.Contains(read(t, ".github/release/build"), "\ngoreleaser release --clean --skip=publish\n") {
		t.Error(".github/release/build does not skip publishing")
	}
}

// TestChannelsGetWhatWasBuiltTwice: the jobs that push the image, the cask and the manifest run nothing of this repository, and
// push only what has the first build's checksum. A key is for one repository, and belongs to an environment.
func TestChannelsGetWhatWasBuiltTwice(t *testing.T) {
	workflow := read(t, ".github/workflows/release.yml")
	for name, wants := range map[string][]string{
		"image":    {"      contents: read\n      packages: write\n", `= "$IMAGE" ]`, "--preserve-digests"},
		"channels": {"    environment: ${{ matrix.channel }}\n", "      contents: read\n", "StrictHostKeyChecking=yes", "${{ secrets.KEY }}"},
	} {
		_, job, _ := strings.Cut(workflow, "\n  "+name+":\n")
		job = regexp.MustCompile(`(?m)^  \S`).Split(job, 2)[0]
		for _, want := range append(wants, "    needs: [build, publish]\n", "gh release download", "sha256sum --check --strict") {
			if !strings.Contains(job, want) {
				t.Errorf("the job %s has no %q:\n%s", name, want, job)
			}
		}
		if found := regexp.MustCompile(`actions/checkout|\.github/release|contents: write|id-token`).FindString(job); found != "" {
			t.Errorf("the job %s has %q", name, found)
		}
	}
}
