package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/docs"
	"github.com/whispering/bundle/internal/needs"
	"github.com/whispering/bundle/internal/printable"
)

// A shell completes a command line, and prints what it would offer, a line
// each. The last word of "$@" is the one that is being written.
type shell struct {
	name, program, from string
	ask                 []string // how to run it: the words follow, the script is in ./completion
}

// shells are the shells that complete the command lines of a program of that name.
func shells(program string) []shell {
	function := "_" + strings.ReplaceAll(program, "-", "_")
	return []shell{
		{"bash", "bash", "Debian: apt-get install bash", []string{"--norc", "-uc", `
			source ./completion
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			` + function + ` ` + program + `
			printf '%s\n' "${COMPREPLY[@]-}"`, "-"}},
		// What zsh does with the choices needs a terminal; they are its own.
		{"zsh", "zsh", "Debian: apt-get install zsh", []string{"-fc", `
			compdef() { }
			compset() { before=${(M)words[CURRENT]##${~2}} }
			compadd() { local -a all=(${(P)@[-1]}); print -l -- $before${^all} }
			_describe() { print -l -- ${${(P)2}%%:*} }
			_files() { print -l -- *(N) }
			source ./completion
			words=("$@") CURRENT=$#
			_` + program, "-"}},
		{"fish", "fish", "Debian: apt-get install fish", []string{"-c", `
			mkdir -p $HOME/.config/fish/completions
			cp ./completion $HOME/.config/fish/completions/` + program + `.fish
			complete -C (string join " " -- $argv)`, "--"}},
	}
}

// TestCompletion completes command lines in real shells.
func TestCompletion(t *testing.T) {
	for _, sh := range shells("bundle") {
		t.Run(sh.name, func(t *testing.T) {
			needs.Program(t, sh.program, sh.from)
			dir := completionFolder(t, sh.name, "bundle")
			for _, c := range []struct {
				line          string
				offers, hides string // separated by spaces
			}{
				{"bundle ", "build plan local completion put schema", "serve"},
				{"bundle pl", "plan", ""},
				{"bundle plan --o", "--out --offline", "--reseal"},
				{"bundle local ", "put serve", "plan"},
				{"bundle local put --", "--key --from", "--offline"},
				{"bundle --env ", "local prod", "plan"},
				{"bundle --env local pl", "plan", "put"},
				{"bundle plan --env p", "prod", ""},
				{"bundle plan --manifest other.hcl --env ", "elsewhere", "prod"},
				{"bundle plan --manifest hostile.hcl --env ", "fine", "touch"},
				{"bundle plan --manifest $(touch\tpwned) --env ", "", "prod"},
				{"bundle plan --manifest none.hcl --env ", "", "prod"},
				{"bundle plan --manifest ", "other.hcl", "plan"},
				{"bundle inspect ", "layer.zip", "plan"},
				{"bundle unpack ", "layer.zip", "plan"},
				{"bundle unpack layer.zip tree --", "--function --helpers", "--layer"},
				{"bundle unpack layer.zip tree --function ", "hello worker", "plan"},
				{"bundle run --layer layer.zip --function hello -- ", "layer.zip", "plan"},
				{"bundle completion ", "bash man environments secrets", "plan"},
				{"bundle schema ", "manifest guard", "plan"},
				{"bundle fmt ", "other.hcl", "plan"},
				{"bundle run --function ", "hello worker", "plan"},
				{"bundle run --env local --function ", "hello", "worker"},
				{"bundle run --env local --function w", "", "worker"},
				{"bundle run --env=prod --function ", "hello worker", ""},
				{"bundle run --manifest other.hcl --function ", "", "hello"},
				{"bundle run --manifest=other.hcl --env ", "elsewhere", "prod"},
				{"bundle run --manifest \"a\\ folder/secrets.hcl\" --env ", "", "prod"},
				{"bundle run --manifest 'deep/secrets.hcl' --env ", "below", "prod"},
				{"bundle run --manifest ~/other.hcl --env ", "elsewhere", "prod"},
				{"bundle plan --region ", "us-west-2 eu-west-1 us-east-1", "plan"},
				{"bundle plan --env prod --region ", "us-west-2 eu-west-1", "us-east-1"},
				{"bundle plan --var ", "tier=", "plan"},
				{"bundle policy --function ", "hello worker", "plan"},
				{"bundle policy --function hello,", "hello,hello hello,worker", "plan"},
				{"bundle policy --function hello,wor", "hello,worker", "hello,hello"},
				{"bundle policy --env local --function x,", "x,hello", "x,worker"},
				{"bundle build --function hello,worker,", "hello,worker,hello", "plan"},
				{"bundle build --env local,", "", "local prod hello"},
				{"bundle policy --kind ", "ci plan put doctor deployed function key all", "hello secrets.hcl"},
				{"bundle policy --kind d", "doctor", "ci hello"},
				{"bundle policy --style ", "exact tags", "ci hello"},
				{"bundle policy --kind ci --format ", "json terraform cloudformation cdk", "gitlab secrets.hcl"},
				{"bundle matrix --format ", "github gitlab lines", "json secrets.hcl"},
				{"bundle matrix --format gitl", "gitlab", "github"},
				{"bundle matrix --format gitlab --env ", "local prod", "lines"},
				{"bundle policy --function-role ", "", "hello plan"},
				{"bundle compare --env local --env ", "local prod", "plan"},
				{"bundle put --env local ", "LOG_TOKEN DB_PASSWORD", "hello secrets.hcl"},
				{"bundle import --manifest other.hcl --env ", "elsewhere", "prod"},
				{"bundle local put ", "/local/shop/db /local/shop/log", "/prod secrets.hcl"},
				{"bundle local put --env prod ", "", "/prod /local"},
				{"bundle local get /local/shop/l", "/local/shop/log", "/local/shop/db"},
				{"bundle local put --manifest none.hcl ", "", "/local secrets.hcl"},
				{"bundle local rm --manifest hostile.hcl ", "", "touch $( ;"},
				{"bundle run --manifest hostile.hcl --function ", "good", "touch $( ;"},
				{"bundle run --env $(touch\tpwned) --function ", "", "hello"},
				{"bundle run --manifest escape.hcl --function ", "", "a hello"},
				{"bundle put ", "DB_PASSWORD LOG_TOKEN QUEUE", "plan secrets.hcl"},
				{"bundle put --env local ", "DB_PASSWORD LOG_TOKEN", "QUEUE"},
				{"bundle put --env prod --function worker ", "LOG_TOKEN QUEUE", "DB_PASSWORD"},
				{"bundle put --env prod D", "DB_PASSWORD", "QUEUE"},
				{"bundle import ", "layer.zip", "DB_PASSWORD"},
				{"bundle matrix --env ", "local prod", "plan"},
				{"bundle validate ", "", "layer.zip secrets.hcl"},
				{"bundle init --env ", "", "local prod"},
				{"bundle init --function ", "", "hello"},
			} {
				got := complete(t, sh, dir, strings.Split(c.line, " "))
				for _, word := range strings.Fields(c.offers) {
					if !slices.Contains(got, word) {
						t.Errorf("%q does not offer %s: %q", c.line, word, got)
					}
				}
				for _, word := range strings.Fields(c.hides) {
					if slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, word) || strings.HasPrefix(s, "$("+word) }) {
						t.Errorf("%q offers %s: %q", c.line, word, got)
					}
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
				t.Error("a word of the command line or of a manifest was run")
			}
		})
	}
}

// TestCompletionOfTheSecondName: its scripts complete bundle-secrets, call it, and leave the bundle of Ruby alone.
func TestCompletionOfTheSecondName(t *testing.T) {
	for _, sh := range shells("bundle-secrets") {
		t.Run(sh.name, func(t *testing.T) {
			needs.Program(t, sh.program, sh.from)
			dir := completionFolder(t, sh.name, "bundle-secrets")
			for line, want := range map[string]string{
				"bundle-secrets local pu": "put", "bundle-secrets plan --env p": "prod", "bundle-secrets plan --o": "--offline",
			} {
				if got := complete(t, sh, dir, strings.Split(line, " ")); !slices.Contains(got, want) {
					t.Errorf("%q does not offer %s: %q", line, want, got)
				}
			}
			script, err := os.ReadFile(filepath.Join(dir, "completion"))
			if err != nil {
				t.Fatal(err)
			}
			if found := regexp.MustCompile(`(?m)^(complete|compdef|#compdef|Register-ArgumentCompleter) .*\bbundle$|command bundle |__?bundle_(at|is|files|environments)`).Find(script); found != nil {
				t.Errorf("the script has %q", found)
			}
		})
	}
}

// completedManifest is what a manifest has besides its bundle and an embedded environment.
const completedManifest = `
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2", "eu-west-1"]
}
variable "tier" { default = "web" }
locals { root = "/${environment.name}/shop" }
group "common" {
  secret "LOG_TOKEN" { parameter = "${local.root}/log" }
}
defaults { include = ["common"] }
function "hello" {
  kms_key = "alias/hello"
  secret "DB_PASSWORD" { parameter = "${local.root}/db:7" }
}
function "worker" {
  kms_key      = "alias/worker"
  environments = ["prod"]
  secret "QUEUE" { parameter = "${local.root}/queue" }
}
`

// completionFolder makes a folder with manifests, and the script of a shell.
func completionFolder(t *testing.T, name, program string) string {
	t.Helper()
	dir := t.TempDir()
	environment := func(name string) string {
		return "environment \"" + name + "\" {\n  embedded = \"sample.json\"\n}\n"
	}
	for file, content := range map[string]string{
		"secrets.hcl":      "bundle { name = \"shop\" }\n" + environment("local") + completedManifest,
		"other.hcl":        environment("elsewhere"),
		"deep/secrets.hcl": environment("below"),
		"escape.hcl":       "function \"a\x1b[2J\" {}\n" + completedManifest,
		"hostile.hcl": environment("touch pwned") + environment("`touch pwned`") + environment("fine") +
			"function \"$(touch pwned)\" {}\nfunction \"; touch pwned\" {}\nfunction \"-x\" {}\nfunction \"good\" {\n  secret \"X\" { parameter = \"/$(touch pwned)\" }\n}\nfunction {",
		"layer.zip":  "",
		"completion": printedCompletion(t, name, program),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func printedCompletion(t *testing.T, what, program string) string {
	t.Helper()
	var out, diagnostics bytes.Buffer
	a := newApp(&console.Console{Args: []string{program, "completion", what}, Stdout: printable.New(&out), Stderr: printable.New(&diagnostics)}, nil)
	if code := a.run(t.Context()); code != 0 || diagnostics.Len() > 0 {
		t.Fatalf("bundle completion %s: exit code %d\n%s", what, code, &diagnostics)
	}
	return out.String()
}

func complete(t *testing.T, sh shell, dir string, words []string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), sh.program, append(slices.Clone(sh.ask), words...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/.config", "CI=", "BUNDLE_ENV=")
	out, err := cmd.Output()
	if err != nil && sh.name != "zsh" { // whose completion functions fail where they find nothing
		t.Errorf("%s %q: %v", sh.name, words, err)
	}
	var offered []string
	for line := range strings.Lines(string(out)) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")              // fish describes what it offers
		if sh.name != "zsh" || strings.HasPrefix(word, words[len(words)-1]) { // zsh itself leaves out what does not fit
			offered = append(offered, word)
		}
	}
	return offered
}

// usageWithoutFlags matches what is in the usage of a command besides its arguments.
var usageWithoutFlags = regexp.MustCompile(`bundle( \[build\]| [a-z]+)*|\[options\]|\[--[^]]*\]|--[a-z]+( [A-Z|]+(\.\.\.)?)?|\n`)

// TestCompletionKnowsEveryCommandAndFlag compares scripts and manual page with
// the command line.
func TestCompletionKnowsEveryCommandAndFlag(t *testing.T) {
	for _, what := range docs.Kinds() {
		if slices.Contains(docs.Lists(), what) {
			continue
		}
		script := strings.ReplaceAll(printedCompletion(t, what, "bundle"), `\-`, "-")
		for name, c := range leafCommands("", newApp(&console.Console{}, nil).cli().Commands) {
			if arguments := usageWithoutFlags.ReplaceAllString(c.UsageText, ""); c.ArgsUsage == "" && strings.TrimSpace(arguments) != "" {
				t.Errorf("bundle %s takes an argument, and ArgsUsage does not say what it is: %s", name, arguments)
			}
			if !strings.Contains(script, "bundle "+name) {
				t.Errorf("%s does not know bundle %s", what, name)
			}
			for _, f := range c.Flags {
				if f.(cli.VisibleFlag).IsVisible() && !strings.Contains(script, f.Names()[0]) {
					t.Errorf("%s does not know --%s", what, f.Names()[0])
				}
			}
		}
	}
}

// overstruck is how mandoc prints bold and underlined letters, but for the
// letters.
var overstruck = regexp.MustCompile(".\x08")

// TestManual checks the manual page with mandoc.
func TestManual(t *testing.T) {
	needs.Program(t, "mandoc", "Debian: apt-get install mandoc")
	for _, program := range []string{"bundle", "bundle-secrets"} {
		manual(t, program)
	}
}

func manual(t *testing.T, program string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), program+".1")
	if err := os.WriteFile(file, []byte(printedCompletion(t, docs.ManPage, program)), 0o600); err != nil {
		t.Fatal(err)
	}
	lint, _ := exec.CommandContext(t.Context(), "mandoc", "-Tlint", "-Wwarning", file).CombinedOutput()
	for line := range strings.Lines(string(lint)) {
		if !strings.Contains(line, "missing date") { // the same page, whenever it is made
			t.Error(line)
		}
	}
	out, err := exec.CommandContext(t.Context(), "mandoc", "-Tascii", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Join(strings.Fields(overstruck.ReplaceAllString(string(out), "")), " ")
	for _, want := range []string{"SYNOPSIS " + program + " [build options]", "0 done", "130 interrupted"} {
		if !strings.Contains(plain, want) {
			t.Errorf("the manual page does not say %q", want)
		}
	}
}

// TestCompletionOffersWhatIsAccepted: the words of a flag are those that its command names where it refuses another.
func TestCompletionOffersWhatIsAccepted(t *testing.T) {
	reportFolder(t)
	script := printedCompletion(t, "bash", "bundle")
	offered := regexp.MustCompile(`'bundle ([a-z]+) --([a-z]+)'\) kind=words words='([a-z ]+)'`).FindAllStringSubmatch(script, -1)
	if len(offered) < 3 {
		t.Errorf("only %q", offered)
	}
	for _, m := range offered {
		_, stderr, code := ran(t, m[1], "--"+m[2], "x")
		_, listed, _ := strings.Cut(strings.ToLower(strings.Join(strings.Fields(stderr), " ")), "write ")
		listed, _, _ = strings.Cut(listed, " see bundle")
		accepted := strings.FieldsFunc(strings.ReplaceAll(listed, " or ", " "), func(r rune) bool { return r == ' ' || r == ',' || r == '.' })
		words := strings.Fields(m[3])
		slices.Sort(words)
		slices.Sort(accepted)
		if code != 2 || !slices.Equal(words, accepted) {
			t.Errorf("bundle %s --%s: offers %q, accepts %q (exit code %d)\n%s", m[1], m[2], words, accepted, code, stderr)
		}
	}
}
