// Package house checks the repository against its own rules: which package may
// import which, that every requirement of the format has a test, that every command
// in the documentation works.
package house

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/whispering/bundle/"

// law says what each package, except its tests, may import directly: packages of
// this module, then others. A trailing /... means everything below. The reasons are
// in docs/adr/0001-imports.md.
var law = map[string][2]string{
	"cmd/bundle":              {"internal/arn internal/cli/... pipeline/... layerbuild/... runtime/... internal/atomicfile internal/pacing internal/printable", "cli hcl x/sys"},
	"internal/cli/console":    {"internal/actions internal/printable internal/trust pipeline pipeline/problem", "cli hcl x/sys x/term progressbar"},
	"internal/cli/view":       {"internal/arn internal/actions internal/printable layerbuild/... pipeline/...", "hcl"},
	"internal/cli/docs":       {"internal/printable", "cli"},
	"internal/cli/target":     {"internal/arn internal/cli/console internal/printable internal/trust layerbuild/... pipeline pipeline/manifest pipeline/problem pipeline/publish", "cli hcl"},
	"internal/cli/awsenv":     {"internal/cli/console internal/awsclient internal/awslocal internal/pacing internal/plainfile layerbuild/... pipeline/... runtime/secrets", "cli hcl"},
	"internal/cli/batch":      {"internal/cli/console internal/cli/view internal/cli/target internal/cli/awsenv internal/actions internal/awsclient internal/printable pipeline/...", "cli"},
	"internal/cli/child":      {"internal/cli/console internal/awslocal/... internal/printable layerbuild/... pipeline/secret runtime/helpers runtime/kms runtime/node runtime/secrets", "x/sys"},
	"internal/cli/helperset":  {"internal/cli/console internal/cli/target layerbuild pipeline pipeline/manifest pipeline/problem runtime/execbin runtime/helpers runtime/released", "cli hcl"},
	"internal/cli/draft":      {"internal/cli/console internal/cli/target internal/cli/awsenv internal/plainfile pipeline/...", "cli"},
	"internal/cli/local":      {"internal/cli/console internal/cli/awsenv internal/cli/values internal/awslocal/... internal/plainfile pipeline pipeline/dotenv pipeline/manifest pipeline/problem", "cli"},
	"internal/cli/values":     {"internal/cli/console internal/plainfile pipeline pipeline/dotenv pipeline/secret", ""},
	"internal/cli/putting":    {"internal/cli/console internal/cli/target internal/cli/awsenv internal/cli/view internal/awsclient internal/printable pipeline pipeline/param pipeline/problem", "cli"},
	"cmd/bundle-exec":         {"runtime/execwrap", ""},
	"pipeline":                {"internal/arn internal/atomicfile internal/plainfile internal/workers pipeline/manifest pipeline/secret pipeline/plan pipeline/compare pipeline/param pipeline/secretsmanager pipeline/problem pipeline/seal pipeline/publish pipeline/policy pipeline/rollout pipeline/doctor pipeline/audit layerbuild layerbuild/sealed", "hcl x/sync"},
	"pipeline/manifest":       {"internal/arn internal/printable", "hcl cty"},
	"pipeline/problem":        {"internal/awsfault", "hcl"},
	"pipeline/secret":         {"internal/arn", ""},
	"pipeline/param":          {"internal/arn internal/awsfault internal/pacing internal/workers pipeline/secret", "aws ssm smithy"},
	"pipeline/secretsmanager": {"internal/arn internal/awsfault internal/lazyregexp internal/pacing internal/workers pipeline/secret", "aws secretsmanager smithy"},
	"pipeline/seal":           {"internal/arn internal/awsfault pipeline/secret layerbuild/sealed", "aws kms smithy"},
	"pipeline/publish":        {"internal/arn internal/awsfault internal/pacing layerbuild", "aws lambda smithy"},
	"pipeline/rollout":        {"internal/pacing internal/workers pipeline/problem pipeline/publish", "hcl"},
	"pipeline/policy":         {"internal/arn pipeline/manifest pipeline/secret", ""},
	"pipeline/stack":          {"internal/arn pipeline/manifest pipeline/policy", "hcl cty"},
	"pipeline/dotenv":         {"pipeline/secret", ""},
	"pipeline/starter":        {"pipeline/dotenv pipeline/manifest pipeline/secret", "yaml"},
	"pipeline/doctor":         {"internal/arn internal/awsclient internal/awsfault internal/pacing internal/workers pipeline/manifest pipeline/problem", "aws kms smithy"},
	"pipeline/audit":          {"internal/arn internal/awsfault internal/pacing internal/plainfile", "aws cloudtrail smithy"},
	"pipeline/plan":           {"internal/arn layerbuild/sealed pipeline/secret", ""},
	"pipeline/compare":        {"pipeline/manifest pipeline/secret layerbuild/sealed", ""},
	"layerbuild":              {"layerbuild/sealed", ""},
	"layerbuild/sealed":       {"", ""},
	"runtime/kms":             {"", "signer"},
	"runtime/secrets":         {"layerbuild/sealed runtime/kms", ""},
	"runtime/secretstest":     {"layerbuild/sealed runtime/secrets", ""},
	"runtime/execwrap":        {"runtime/secrets", ""},
	"runtime/node":            {"layerbuild", ""},
	"runtime/python":          {"", ""},
	"runtime/helpers":         {"layerbuild runtime/execbin runtime/execwrap runtime/node runtime/python", ""},
	"runtime/packages":        {"layerbuild runtime/node runtime/python", ""},
	"examples/...":            {"runtime/secrets", ""},
	"runtime/released":        {"layerbuild", ""},
	"runtime/released/make":   {"runtime/helpers runtime/released", ""},
	"runtime/execbin":         {"", ""},
	"runtime/execbin/make":    {"runtime/execbin", ""},
	"internal/awsclient":      {"internal/arn internal/awsfault internal/awsreply internal/plainfile", "aws config credentials imds sts smithy"},
	"internal/arn":            {"", ""},
	"internal/lazyregexp":     {"", ""},
	"internal/awsfault":       {"", "aws smithy"},
	"internal/awsreply":       {"", "aws smithy"},
	"internal/awslocal/...":   {"internal/awslocal/... internal/plainfile", ""},
	"internal/actions":        {"internal/printable", ""},
	"internal/printable":      {"", ""},
	"internal/runnertest":     {"", ""},
	"internal/tokentest":      {"", ""},
	"internal/filetest":       {"", ""},
	"internal/needs":          {"", "x/sys"},
	"internal/goroutines":     {"", ""},
	"internal/plainfile":      {"", ""},
	"internal/workers":        {"", ""},
	"internal/pacing":         {"internal/awsfault", "smithy x/time"},
	"internal/atomicfile":     {"", ""},
	"internal/trust":          {"internal/plainfile", ""},
	"internal/house/mutate":   {"", ""},
	"internal/bench":          {"internal/awslocal internal/awslocal/sts internal/docpage internal/peakmem internal/picture", "aws credentials kms lambda secretsmanager ssm"},
	"internal/initcheck":      {"internal/docpage pipeline pipeline/manifest pipeline/problem pipeline/starter", "yaml"},
	"internal/peakmem":        {"", ""},
	"internal/stall":          {"", ""},
	"internal/scale":          {"internal/docpage layerbuild/sealed", ""},
	"internal/docpage":        {"", ""},
	"internal/ociimage":       {"", ""},
	"internal/picture":        {"", ""},
	"internal/e2e/signedat":   {"", "aws config ssm sts smithy"},
	"internal/e2e/stscall":    {"", "aws config sts"},
	"internal/e2e/busy":       {"", "aws config lambda smithy"},
}

// others names the modules and packages of others.
var others = map[string]string{
	"cli":            "github.com/urfave/cli/v2",
	"hcl":            "github.com/hashicorp/hcl/v2/...",
	"cty":            "github.com/zclconf/go-cty/...",
	"yaml":           "go.yaml.in/yaml/v3",
	"progressbar":    "github.com/schollz/progressbar/v3",
	"x/term":         "golang.org/x/term",
	"x/sys":          "golang.org/x/sys/...",
	"x/sync":         "golang.org/x/sync/...",
	"x/time":         "golang.org/x/time/...",
	"aws":            "github.com/aws/aws-sdk-go-v2/aws/...",
	"cloudtrail":     "github.com/aws/aws-sdk-go-v2/service/cloudtrail/...",
	"signer":         "github.com/aws/aws-sdk-go-v2/aws/...",
	"config":         "github.com/aws/aws-sdk-go-v2/config",
	"credentials":    "github.com/aws/aws-sdk-go-v2/credentials/...",
	"imds":           "github.com/aws/aws-sdk-go-v2/feature/ec2/imds",
	"secretsmanager": "github.com/aws/aws-sdk-go-v2/service/secretsmanager/...",
	"ssm":            "github.com/aws/aws-sdk-go-v2/service/ssm/...",
	"kms":            "github.com/aws/aws-sdk-go-v2/service/kms/...",
	"lambda":         "github.com/aws/aws-sdk-go-v2/service/lambda/...",
	"sts":            "github.com/aws/aws-sdk-go-v2/service/sts/...",
	"smithy":         "github.com/aws/smithy-go/...",
}

// TestImportsObeyTheLaw compares go list with the table above.
func TestImportsObeyTheLaw(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		rule, ok := ruleFor(name)
		if !ok {
			t.Errorf("%s is not in the law; add it with what it may import and why", name)
			continue
		}
		var allowed []string
		for _, ours := range strings.Fields(rule[0]) {
			allowed = append(allowed, module+ours)
		}
		for _, other := range strings.Fields(rule[1]) {
			allowed = append(allowed, others[other])
		}
		for _, imported := range p.Imports {
			if imported == module+"internal/lazyregexp" {
				continue // every package may, as with package regexp
			}
			if !standard(imported) && !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, imported) }) {
				t.Errorf("%s imports %s, which the law does not allow", name, imported)
			}
		}
	}
}

type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", module+"...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []listed
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func ruleFor(name string) ([2]string, bool) {
	if rule, ok := law[name]; ok {
		return rule, true
	}
	for pattern, rule := range law {
		if strings.HasSuffix(pattern, "/...") && matches(pattern, name) {
			return rule, true
		}
	}
	return [2]string{}, false
}

func matches(pattern, name string) bool {
	prefix, below := strings.CutSuffix(pattern, "/...")
	return name == prefix || below && strings.HasPrefix(name, prefix+"/")
}

func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".") || path.Base(name) == "C"
}
