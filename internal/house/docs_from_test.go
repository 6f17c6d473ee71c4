package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/needs"
)

// otherTools looks for the commands of a page about another tool.
func otherTools(t *testing.T, page string) {
	t.Helper()
	if page == "sops.md" {
		needs.Program(t, "sops", "go install github.com/getsops/sops/v3/cmd/sops@v3.13.3")
		needs.Program(t, "age-keygen", "go install filippo.io/age/cmd/age-keygen@v1.3.1")
		needs.Program(t, "jq", "Debian: apt-get install jq")
	}
}

// chamberOnPath returns the path of chamber, and puts the AWS CLI on the PATH.
func chamberOnPath(t *testing.T) string {
	t.Helper()
	chamber, err := exec.LookPath("chamber")
	if err != nil {
		needs.Absent(t, "chamber is not on the PATH; build it from a checkout of github.com/segmentio/chamber")
	}
	t.Setenv("PATH", needs.AWS(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return chamber
}

// TestChamberKeepsWhatThePageSays compares the parameters that docs/from/chamber.md puts with those that chamber writes.
func TestChamberKeepsWhatThePageSays(t *testing.T) {
	chamber := chamberOnPath(t)
	script := shellBlocks(t, filepath.Join(root(t), "docs/from/chamber.md"))
	start, _, found := strings.Cut(script, "\nmkdir payments")
	if !found {
		t.Fatal("docs/from/chamber.md does not begin with what chamber has")
	}
	list := "\naws ssm describe-parameters --query 'sort_by(Parameters, &Name)[].[Name, Type, KeyId, Version]' --output text >list.txt"
	var lists []string
	for _, write := range []string{"", "\nchamber_write() { printf %s \"$3\" | CHAMBER_AWS_SSM_ENDPOINT=$AWS_ENDPOINT_URL " + chamber + " write \"$1\" \"$2\" -; }\n"} {
		home, dir := t.TempDir(), t.TempDir()
		env := append(awsFor(t, "bundle", home), "HOME="+home)
		lines := strings.Split(start, "\n")
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "chamber_write payments") })
		if i < 0 {
			t.Fatal("docs/from/chamber.md writes nothing")
		}
		lines = slices.Insert(lines, i, write)
		run(t, dir, env, "bash", "-euo", "pipefail", "-c", strings.Join(lines, "\n")+list)
		b, err := os.ReadFile(filepath.Join(dir, "list.txt"))
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, string(b))
	}
	if lists[0] != lists[1] || !strings.Contains(lists[0], "/payments/db_password") {
		t.Errorf("the page puts\n%sand chamber writes\n%s", lists[0], lists[1])
	}
}

// TestChamberCountsForItself checks what docs/from/chamber.md says about a put by another tool.
func TestChamberCountsForItself(t *testing.T) {
	chamber := chamberOnPath(t)
	home := t.TempDir()
	env := append(awsFor(t, "bundle", home), "HOME="+home, "CHAMBER_KMS_KEY_ALIAS=aws/ssm", "CHAMBER="+chamber)
	out := run(t, home, env, "bash", "-euo", "pipefail", "-c", `
		export CHAMBER_AWS_SSM_ENDPOINT=$AWS_ENDPOINT_URL
		"$CHAMBER" write payments token not-a-real-first
		aws ssm put-parameter --overwrite --type SecureString --name /payments/token --description 1 --value not-a-real-second >put.json
		"$CHAMBER" list payments
		aws ssm get-parameter --name /payments/token --query Parameter.Version`)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 3 || strings.Fields(lines[1])[1] != "1" || lines[2] != "2" {
		t.Errorf("chamber and Parameter Store have these versions:\n%s", out)
	}
}
