package house

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// TestReleaseIsReproducible builds a release in two folders, for a user with
// settings and one without. The cache is the same for both, so that what a
// compiler might leave in a package is not seen here: docs/releasing.md says how
// that was tried.
func TestReleaseIsReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: links the command twice")
	}
	needs.Program(t, "make", "Debian: apt-get install make")
	const commit = "0123456789abcdef0123456789abcdef01234567"
	var sums [2]string
	for i, env := range [][]string{
		{"GOFLAGS=", "CGO_ENABLED=0"},
		{"GOFLAGS=-tags=other -buildvcs=true -ldflags=-w", "CGO_ENABLED=1", "GOAMD64=v3", "GOARM64=v8.1", "GOFIPS140=latest"},
	} {
		dir := copyOfRepository(t)
		run(t, dir, env, "make", "release", "VERSION=v1.2.3", "COMMIT="+commit)
		b, err := os.ReadFile(filepath.Join(dir, "dist", "bundle"))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = fmt.Sprintf("%x", sha256.Sum256(b))
		var answer struct {
			Targets []struct {
				Result struct {
					Version, Commit string
					Dirty, Release  bool
				}
			}
		}
		if err := json.Unmarshal([]byte(run(t, dir, nil, "dist/bundle", "version", "--json")), &answer); err != nil {
			t.Fatal(err)
		}
		said := answer.Targets[0].Result
		if said.Version != "v1.2.3" || said.Commit != commit || said.Dirty || !said.Release {
			t.Errorf("it says that it is %+v", said)
		}
		if strings.Contains(string(b), dir) {
			t.Error("it holds the path of the folder that it was built in")
		}
		if i == 0 {
			t.Run("packages", func(t *testing.T) { packagesOfRelease(t, dir) })
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds differ: %s, %s", sums[0], sums[1])
	}
	cmd := exec.Command("make", "release", "COMMIT="+commit, "-o", "exec")
	cmd.Dir = root(t)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "usage: make release VERSION=v1.2.3") {
		t.Errorf("a release without a version: %v: %s", err, out)
	}
}

// packagesOfRelease builds the npm package and the PyPI package as the workflow does, with the bundle in dist. That they are
// reproducible is tested in internal/packagestest.
func packagesOfRelease(t *testing.T, dir string) {
	env := []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + filepath.Join(needs.PackageTools(t), "wheels"), "npm_config_offline=true"}
	run(t, dir, nil, "tar", "-czf", "dist/archive", "-C", "dist", "bundle")
	archive := filepath.Join(dir, "dist", "archive")
	build := func(version string) (string, error) {
		named := filepath.Join(dir, "dist", "bundle_"+version+"_linux_amd64.tar.gz")
		if err := os.Rename(archive, named); err != nil {
			t.Fatal(err)
		}
		archive = named
		cmd := exec.Command(".github/release/packages")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := build("1.2.4"); err == nil || !strings.Contains(out, "packages: 1.2.4 cannot be a version of a package") {
		t.Errorf("the archive of another version: %v\n%s", err, out)
	}
	if out, err := build("1.2.3"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out := run(t, filepath.Join(dir, "dist"), nil, "sha256sum", "-c", "checksums.txt")
	if want := "bundle-secrets-1.2.3.tgz: OK\nbundle_secrets-1.2.3-py3-none-any.whl: OK\nbundle_secrets-1.2.3.tar.gz: OK\n"; out != want {
		t.Errorf("the checksums are of\n%s", out)
	}
}

// TestPackagesArePublishedWithoutTokens: each by a job of its own with an environment, after the attestation, that has no right
// but its identity and runs nothing of this repository.
func TestPackagesArePublishedWithoutTokens(t *testing.T) {
	workflow := read(t, ".github/workflows/release.yml")
	for name, publishes := range map[string]string{"npm": "npm publish", "pypi": "uses: pypa/gh-action-pypi-publish@"} {
		_, job, _ := strings.Cut(workflow, "\n  "+name+":\n")
		job = regexp.MustCompile(`(?m)^  \S`).Split(job, 2)[0]
		for _, want := range []string{
			"    needs: [build, publish]\n", "    environment: " + name + "\n", "    permissions:\n      contents: read\n      id-token: write\n    steps:\n",
			"gh release download", "sha256sum --check --strict", publishes,
		} {
			if !strings.Contains(job, want) {
				t.Errorf("the job %s has no %q:\n%s", name, want, job)
			}
		}
		if found := regexp.MustCompile(`secrets\.|(?i)_TOKEN: [^$]|password|actions/checkout|\.github/|--provenance=false`).FindString(job); found != "" {
			t.Errorf("the job %s has %q", name, found)
		}
	}
	if n := strings.Count(workflow, publishedTo); n != 2 {
		t.Errorf("%d jobs have id-token and contents, want those of the packages only", n)
	}
}

const publishedTo = "      contents: read\n      id-token: write\n"

// TestReleaseHasItsTable: what make helpers writes is what the release's own
// helpers are; the hook before a release refuses a version without its table,
// and one whose table is another's.
func TestReleaseHasItsTable(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles bundle-exec for two architectures")
	}
	needs.Program(t, "make", "Debian: apt-get install make")
	dir := copyOfRepository(t)
	check := func() (string, error) {
		cmd := exec.Command("go", "run", "./runtime/released/make", "-check", "v1.2.3")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := check(); err == nil || !strings.Contains(out, "v1.2.3.txt is missing: run make helpers VERSION=v1.2.3") {
		t.Errorf("no table: %v: %s", err, out)
	}
	run(t, dir, []string{"GOFLAGS=-tags=other", "CGO_ENABLED=1"}, "make", "helpers", "VERSION=v1.2.3")
	if out, err := check(); err != nil {
		t.Errorf("the table that was written: %v: %s", err, out)
	}
	// Built from what was copied: the copy would have to be compiled first.
	if err := needs.Bundle(filepath.Join(dir, "program")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "./program", "helpers", "--out", "helpers.zip")
	table, err := os.ReadFile(filepath.Join(dir, "runtime", "released", "tables", "v1.2.3.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var inspected struct {
		Targets []struct {
			Result struct {
				HelperFiles []struct{ Path, Mode, SHA256 string } `json:"helper_files"`
			}
		}
	}
	if err := json.Unmarshal([]byte(run(t, dir, nil, "./program", "inspect", "--json", "--layer", "helpers.zip")), &inspected); err != nil {
		t.Fatal(err)
	}
	var listed strings.Builder
	for _, f := range inspected.Targets[0].Result.HelperFiles {
		fmt.Fprintf(&listed, "%s %s %s\n", f.SHA256, f.Mode, f.Path)
	}
	if listed.String() != string(table) {
		t.Errorf("the table is\n%s\nthe helpers are\n%s", table, listed.String())
	}
	if out := run(t, dir, nil, "./program", "verify", "--layer", "helpers.zip"); !strings.Contains(out, "against this bundle") {
		t.Errorf("verify says %s", out)
	}
	helper := filepath.Join(dir, "runtime", "python", "python", "bundle_secrets", "_http.py")
	if err := os.WriteFile(helper, []byte("pass\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := check(); err == nil || !strings.Contains(out, "v1.2.3.txt does not match this checkout") {
		t.Errorf("a helper that was changed since: %v: %s", err, out)
	}
	if !regexp.MustCompile(`(?m)^if .*--snapshot.*\n(  .*\n)*  .*go run ./runtime/released/make -check "\$version"$`).MatchString(read(t, ".github/release/before")) {
		t.Error(".github/release/before does not compare the table")
	}
}

// TestEveryReleaseHasATable: a table for each version that the changelog tells
// of, and for no other.
func TestEveryReleaseHasATable(t *testing.T) {
	var told, kept []string
	for _, m := range regexp.MustCompile(`(?m)^## (v\S+) `).FindAllStringSubmatch(read(t, "CHANGELOG.md"), -1) {
		told = append(told, m[1])
	}
	files, err := filepath.Glob(filepath.Join(root(t), "runtime", "released", "tables", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		kept = append(kept, strings.TrimSuffix(filepath.Base(file), ".txt"))
	}
	slices.Sort(told)
	slices.Sort(kept)
	if !slices.Equal(told, kept) {
		t.Errorf("CHANGELOG.md tells of %q, runtime/released/tables has %q: run make helpers VERSION=…", told, kept)
	}
}

// TestReleaseConfigurationsAgree compares what goreleaser builds with what make
// release builds, with what the workflow tries, and with the names that
// downloads rely on.
func TestReleaseConfigurationsAgree(t *testing.T) {
	config, makefile, workflow := read(t, ".goreleaser.yaml"), read(t, "Makefile"), read(t, ".github/workflows/release.yml")

	recipe := regexp.MustCompile(`(?m)^release: exec\n((?:\t.*\n)+)`).FindStringSubmatch(makefile)
	if recipe == nil {
		t.Fatal("the Makefile has no target release")
	}
	settings := regexp.MustCompile(`\b(?:CGO|GO)[A-Z0-9_]*=[^ "\n]*`)
	made := settings.FindAllString(recipe[1], -1)
	listed := settings.FindAllString(block(t, config, "env:"), -1)
	for _, name := range []string{"goamd64", "goarm64"} {
		listed = append(listed, strings.ToUpper(name)+"="+strings.Join(flow(t, config, name), " "))
	}
	slices.Sort(made)
	slices.Sort(listed)
	if !slices.Equal(made, listed) {
		t.Errorf("make release sets %q,\ngoreleaser %q", made, listed)
	}
	ldflags := regexp.MustCompile(`(?m)^ +ldflags: (.*)$`).FindStringSubmatch(config)
	if ldflags == nil {
		t.Fatal("goreleaser has no ldflags")
	}
	flags := fmt.Sprintf("go build -tags %s %s -ldflags %q", strings.Join(flow(t, config, "tags"), ","), strings.Join(flow(t, config, "flags"), " "),
		strings.NewReplacer("v{{ .Version }}", "$(VERSION)", "{{ .FullCommit }}", "$(COMMIT)").Replace(ldflags[1]))
	if !strings.Contains(recipe[1], flags) {
		t.Errorf("goreleaser runs %s, make release\n%s", flags, recipe[1])
	}

	var archives []string
	for _, system := range flow(t, config, "goos") {
		for _, architecture := range flow(t, config, "goarch") {
			extension := "tar.gz"
			if system == "windows" {
				extension = "zip"
			}
			archives = append(archives, system+"_"+architecture+"."+extension)
		}
	}
	if want := strings.Fields("linux_amd64.tar.gz linux_arm64.tar.gz darwin_amd64.tar.gz darwin_arm64.tar.gz windows_amd64.zip windows_arm64.zip"); !slices.Equal(archives, want) {
		t.Errorf("archives are made for %q, want %q", archives, want)
	}
	for _, m := range regexp.MustCompile(`archive: (\S+)`).FindAllStringSubmatch(workflow, -1) {
		if !slices.Contains(archives, m[1]) {
			t.Errorf("the workflow tries %s, which is not made", m[1])
		}
	}
	for _, text := range []string{
		`name_template: "bundle_{{ .Version }}_{{ .Os }}_{{ .Arch }}"`, "name_template: checksums.txt", "algorithm: sha256", "formats: [zip]", "formats: [tar.gz]",
	} {
		if !strings.Contains(config, text) {
			t.Errorf(".goreleaser.yaml has no %s: downloads rely on the names", text)
		}
	}
}

// TestReleaseHoldsWhatIsPrinted compares the files that the hook makes with
// those that go into the archives, and with those that are looked for there.
func TestReleaseHoldsWhatIsPrinted(t *testing.T) {
	var printed, packed, tried []string
	for _, m := range regexp.MustCompile(`(?m)^print (\S+) \S+ \S+$`).FindAllStringSubmatch(read(t, ".github/release/before"), -1) {
		printed = append(printed, m[1])
	}
	_, archives, _ := strings.Cut(read(t, ".goreleaser.yaml"), "\narchives:\n")
	archives, _, _ = strings.Cut(archives, "\nnfpms:\n")
	for _, m := range regexp.MustCompile(`src: (\S+)\n(?: +dst: (\S+))?`).FindAllStringSubmatch(archives, -1) { // a link has a template in its name
		if name, ok := strings.CutPrefix(m[1], ".github/release/out/"); ok {
			packed = append(packed, name)
			tried = append(tried, m[2])
		} else {
			tried = append(tried, m[1])
		}
	}
	if len(printed) == 0 || !slices.Equal(printed, packed) {
		t.Errorf("the hook prints %q, the archives hold %q", printed, packed)
	}
	if want := "for file in " + strings.Join(tried, " ") + ";"; !strings.Contains(read(t, ".github/release/try"), want) {
		t.Errorf(".github/release/try does not look for %s", want)
	}
}

// TestWorkflowsArePinned: each action by its commit, the same in all workflows,
// and a release by one version of Go that go.mod admits.
func TestWorkflowsArePinned(t *testing.T) {
	pins := make(map[string]string)
	files, err := filepath.Glob(filepath.Join(root(t), ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no workflows", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`uses: ([^@\s]+)(\S*.*)`).FindAllStringSubmatch(string(b), -1) {
			if strings.HasPrefix(m[1], "./") {
				continue // of this repository
			}
			if !regexp.MustCompile(`^@[0-9a-f]{40} # v[0-9.]+$`).MatchString(m[2]) {
				t.Errorf("%s: %s%s is not pinned to a commit, with its version in a comment", filepath.Base(file), m[1], m[2])
			}
			if pins[m[1]] != "" && pins[m[1]] != m[2] {
				t.Errorf("%s: %s is pinned to %s, elsewhere to %s", filepath.Base(file), m[1], m[2], pins[m[1]])
			}
			pins[m[1]] = m[2]
		}
	}
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	used := regexp.MustCompile(`GO_VERSION: (\d+\.\d+)\.\d+\n`).FindStringSubmatch(read(t, ".github/workflows/release.yml"))
	if wanted == nil || used == nil || wanted[1] != used[1] {
		t.Errorf("go.mod says %q, releases are built with %q", wanted, used)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// flow returns the elements of the YAML list "name: [a, b]".
func flow(t *testing.T, text, name string) []string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^ +` + name + `: \[(.*)\]$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no list %s", name)
	}
	return strings.Split(m[1], ", ")
}

// block returns the lines that follow a YAML key and begin with a dash.
func block(t *testing.T, text, key string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^ +` + key + `\n((?: +- .*\n)+)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no %s", key)
	}
	return m[1]
}
