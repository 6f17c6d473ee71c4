package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// The AWS CLI takes the credentials that it finds, so the commands say in which account each
// belongs, if there are several.
func TestTheWayBackNamesTheAccount(t *testing.T) {
	w := newPutWorld(t)
	for _, c := range []struct {
		environments []string
		want         string
	}{
		{[]string{"one"}, "  aws ssm delete-parameter --region us-west-2 --name /shop/plain\n"},
		{[]string{"one", "two"}, "  aws ssm delete-parameter --region us-west-2 --name /shop/plain # one, account 111111111111\n" +
			"  aws ssm delete-parameter --region us-west-2 --name /shop/plain # two, account 222222222222\n"},
	} {
		args := []string{"bundle", "put", "--region", "us-west-2", "--endpoint-url", w.url, "PLAIN"}
		for _, environment := range c.environments {
			args = append(args, "--env", environment)
		}
		var out, diagnostics bytes.Buffer
		a := newApp(&console.Console{Args: args, Environ: w.environ, Stdin: strings.NewReader("x"), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
		if code := a.run(t.Context()); code != 0 || !strings.HasSuffix(out.String(), "To undo this:\n"+c.want) {
			t.Errorf("%v: exit code %d\n%s%s", c.environments, code, &out, &diagnostics)
		}
		for _, environment := range c.environments {
			if _, err := w.places[environment+" us-west-2"].DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/shop/plain")}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A value in the place of a name is not shown. A name that looks like one is, to find the
// slip in it.
func TestPutDoesNotShowAValueInThePlaceOfAName(t *testing.T) {
	manifest := sampleManifest(t)
	for typed, shown := range map[string]bool{
		"DB_PASWORD": true, "_X1": true,
		"c4nary": false, "c4nary_x": false, "C4NARY-X": false, "C4NARY x": false, "sk_live_c4nary": false, "9C4NARY": false, "C4NARY\n": false, "ÜC4NARY": false,
		"C4NARY+/": false, "{\"c4nary\": 1}": false, "/c4nary": false, "c4nary:DB": false, strings.Repeat("C4NARY", 11): false,
	} {
		for _, function := range []string{"", "hello"} {
			var out, diagnostics bytes.Buffer
			args := []string{"bundle", "put", "--manifest", manifest, "--env", "local", "--json", typed}
			if function != "" {
				args = append(args, "--function", function)
			}
			a := newApp(&console.Console{Args: args, Stdin: strings.NewReader("x"), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
			code := a.run(t.Context())
			said := out.String() + diagnostics.String()
			if code != 2 || !strings.Contains(diagnostics.String(), "Unknown secret") || !strings.Contains(diagnostics.String(), "has DB.") {
				t.Errorf("%q: exit code %d\n%s", typed, code, said)
			}
			if strings.Contains(strings.ToLower(said), "c4nary") || strings.Contains(said, typed) != shown {
				t.Errorf("%q is shown, or not:\n%s", typed, said)
			}
		}
	}
}

// sampleManifest writes a manifest with an embedded environment, and returns its path.
func sampleManifest(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"secrets.hcl": "bundle { name = \"shop\" }\nenvironment \"local\" { embedded = \"sample.json\" }\nenvironment \"other\" { embedded = \"sample.json\" }\n" +
			"function \"hello\" {\n  kms_key = \"alias/hello\"\n  secret \"DB\" { parameter = \"/shop/db\" }\n}\n",
		"sample.json": `{"keys": [{"alias": "alias/hello"}], "parameters": [{"name": "/shop/db", "type": "SecureString", "value": "not-a-real-password"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "secrets.hcl")
}
