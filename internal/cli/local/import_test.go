package local

import (
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
)

// What may be a value is never shown, and the message says where values come from.
func TestValuesOnTheCommandLineAreNotShown(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"put /x hunter2canary", "standard input or --from"},
		{"put /x=hunter2canary", "standard input or --from"},
		{"put --type String /x hunter2canary more", "standard input or --from"},
		{"put --from-sample /x hunter2canary", "standard input or --from"},
		{"import --path /x KEY=hunter2canary", "takes the name of a dotenv or JSON file"},
		{"import --path /x a.env KEY=hunter2canary", "takes one argument, a file"},
		{"import --path /x -", "standard input: it has no line NAME=VALUE"},
	} {
		_, _, err := local(t, "", tt.args)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", tt.args, err)
		}
	}
}

// local runs bundle local with a line of arguments, in the working directory.
func local(t *testing.T, stdin string, line string) (stdout, stderr string, err error) {
	t.Helper()
	var out, diagnostics strings.Builder
	con := &console.Console{Stdin: strings.NewReader(stdin), Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}
	con.Args = append([]string{"bundle", "local"}, strings.Fields(line)...)
	con.Begin()
	root := &cli.App{Commands: []*cli.Command{Command(con)}, ExitErrHandler: func(*cli.Context, error) {}, DisableSliceFlagSeparator: true}
	words, err := console.Arrange(root, con.Args)
	con.Answering(root, words)
	if err == nil {
		err = root.RunContext(t.Context(), words.Args)
	}
	return out.String(), diagnostics.String(), err
}

func TestRefusalsSayWhatToWrite(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, _, err := local(t, "", "key alias/there"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := local(t, "canary", "put --type String /typed"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ stdin, args, want string }{
		{"canary", "put x/y", "Write /x/y"},
		{"", "put /x", "no empty values"},
		{"\n", "put /x", "no empty values"},
		{"canary", "put awsx", "belong to AWS"},
		{"canary", "put --key alias/nokey /x", "bundle local key alias/nokey"},
		{"canary", "put --key badkey /x", "such as alias/NAME"},
		{"canary", "put --type Foo /x", "--type Foo: write String, StringList or SecureString"},
		{"canary", "put --tier foo /x", "--tier foo: write Standard, Advanced or Intelligent-Tiering"},
		{"canary", "put /typed", "bundle local rm /typed"},
		{strings.Repeat("canary", 1500), "put /x", "more than 8192 characters"},
		{"", "put --from-sample /x", "put the value without --from-sample"},
		{"", "key badkey", "write alias/badkey"},
		{"", "key alias/aws/x", "belong to AWS"},
		{"", "key alias/there", "already a key alias/there"},
	} {
		_, _, err := local(t, tt.stdin, tt.args)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", tt.args, err)
		}
	}
}

// An import puts only what differs: a new version would make everything reseal.
func TestImportPutsOnlyWhatDiffers(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, _, err := local(t, "", "key alias/other"); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct{ content, args, want, at string }{
		{"A=1\nB=2\n", "", "2 parameters put below /x", "1"},
		{"A=1\nB=2\n", "", "0 parameters put below /x, 2 unchanged", "1"},
		{"A=2\nB=2\n", "", "1 parameter put below /x, 1 unchanged", "2"},
		{"A=2\nB=2\n", "--key alias/other", "2 parameters put below /x", "3"},
		{"A=2\nB=2\n", "--key alias/other", "0 parameters put below /x, 2 unchanged", "3"},
	} {
		if err := os.WriteFile("a.env", []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, said, err := local(t, "", "import --path /x a.env "+step.args)
		if err != nil || strings.TrimSpace(said) != "bundle: "+step.want {
			t.Errorf("step %d: %q, %v", i, said, err)
		}
		out, _, err := local(t, "", "get /x/A")
		key := "alias/aws/ssm"
		if step.args != "" {
			key = "alias/other"
		}
		if err != nil || !strings.Contains(strings.Join(strings.Fields(out), " "), "/x/A SecureString "+step.at+" "+key) {
			t.Errorf("step %d: %q, %v", i, out, err)
		}
	}
}
