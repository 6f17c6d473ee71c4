package console

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// commandLine is a command line of all kinds: flags with and without a value, a
// group, and a command whose arguments are another's.
func commandLine() *cli.App {
	flags := func() []cli.Flag {
		return []cli.Flag{TextFlag("out", "FILE", "", ""), &cli.BoolFlag{Name: "all"}, JSONFlag()}
	}
	return &cli.App{Flags: flags(), Commands: []*cli.Command{
		{Name: "plan", Flags: flags()},
		{Name: "run", Flags: flags(), ArgsUsage: PassedOn},
		{Name: "local", Subcommands: []*cli.Command{{Name: "put", Flags: flags()}}},
	}}
}

func TestArrange(t *testing.T) {
	for line, want := range map[string]string{
		"":                                "",
		"plan":                            "plan",
		"plan --all --out x":              "plan --all --out x",
		"plan a --all b --out x c":        "plan --all --out x -- a b c",
		"plan a --out=x b":                "plan --out=x -- a b",
		"plan a -out x":                   "plan -out x -- a",
		"plan a -- --all b":               "plan -- a --all b",
		"plan --out -- a":                 "plan --out -- -- a",
		"plan - --all":                    "plan --all -- -",
		"plan a --json b":                 "plan --json -- a b",
		"plan a --nothing b":              "plan --nothing -- a b",
		"plan a --out":                    "plan --out",
		"plan a --help=x":                 "help: bundle plan",
		"plan ---all a":                   "plan ---all -- a",
		"--out x plan a --all":            "--out x plan --all -- a",
		"x plan --all":                    "\"x\" is not a command of bundle\nSee bundle --help.",
		"plan --out --all":                "--out needs a value. If --all is its value, write --out=--all.",
		"plan --out --json --all":         "--out needs a value. If --json is its value, write --out=--json.",
		"plan -out --all=x":               "-out needs a value. If --all=x is its value, write -out=--all=x.",
		"plan --out --all --help":         "help: bundle plan",
		"plan --out=--all":                "plan --out=--all",
		"plan --out --nothing":            "plan --out --nothing",
		"run --out --all cmd":             "--out needs a value. If --all is its value, write --out=--all.",
		"run cmd --out --all":             "run -- cmd --out --all",
		"help plan extra":                 `bundle help takes no argument "extra"`,
		"help local put extra":            `bundle help takes no argument "extra"`,
		"local help put extra":            `bundle help takes no argument "extra"`,
		"plan extra --help":               "help: bundle plan",
		"local --out x put":               "local --out -- x put",
		"local x --json":                  "\"x\" is not a command of bundle local\nSee bundle local --help.",
		"-- plan --all":                   "a command of bundle must come before the --, not after it\nSee bundle --help.",
		"local -- put":                    "a command of bundle local must come before the --, not after it\nSee bundle local --help.",
		"run --out x cmd --all":           "run --out x -- cmd --all",
		"run cmd -- --out x":              "run -- cmd -- --out x",
		"run -- cmd --help":               "run -- cmd --help",
		"run cmd help":                    "run -- cmd help",
		"run --all --help cmd":            "help: bundle run",
		"local put /a --all":              "local put --all -- /a",
		"local x put --all":               "\"x\" is not a command of bundle local\nSee bundle local --help.",
		"help":                            "help: bundle",
		"--help":                          "help: bundle",
		"help plan":                       "help: bundle plan",
		"help local put":                  "help: bundle local put",
		"local help put":                  "help: bundle local put",
		"local help":                      "help: bundle local",
		"plan help":                       "help: bundle plan",
		"plan -h":                         "help: bundle plan",
		"plan --out --help":               "plan --out --help",
		"plan help me":                    "plan -- help me",
		"plan --all help":                 "plan --all -- help",
		"plan -- help":                    "plan -- help",
		"run help":                        "help: bundle run",
		"help nothing":                    "\"nothing\" is not a command of bundle\nSee bundle --help.",
		"help -- plan":                    "help: bundle",
		"local --help pt":                 "\"pt\" is not a command of bundle local. Did you mean \"put\"?\nSee bundle local --help.",
		"help " + strings.Repeat("x ", 3): "\"x\" is not a command of bundle\nSee bundle --help.",
	} {
		words, err := Arrange(commandLine(), append([]string{"bundle"}, strings.Fields(line)...))
		got := strings.Join(words.Args[min(1, len(words.Args)):], " ")
		switch {
		case err != nil:
			got = err.Error()
			if usage := new(UsageError); errors.As(err, &usage) && usage.See != "" {
				got += "\n" + usage.See
			}
		case words.Help != nil:
			got = "help: " + strings.Join(words.Help, " ")
		}
		if got != want {
			t.Errorf("%q becomes %q, not %q", line, got, want)
		}
	}
	if words, err := Arrange(commandLine(), nil); err != nil || len(words.Args) > 0 {
		t.Errorf("%v, %v", words, err)
	}
}

// FuzzArrange checks that a reordered command line has the same words, and that one
// already in order stays unchanged.
func FuzzArrange(f *testing.F) {
	for _, seed := range []string{"plan a --all -- b", "run x --out", "local put --out x a --json=1", "help help", "--out plan plan"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := append([]string{"bundle"}, strings.Split(line, " ")...)
		before := slices.Clone(args)
		words, err := Arrange(commandLine(), args)
		if !slices.Equal(args, before) {
			t.Fatalf("the arguments have become %q", args)
		}
		if err != nil || words.Help != nil {
			return
		}
		again, err := Arrange(commandLine(), words.Args)
		if err != nil || !slices.Equal(again.Args, words.Args) {
			t.Errorf("%q becomes %q, and then %q, %v", args, words.Args, again.Args, err)
		}
		unvalued := len(words.Args) < len(args) // or a -- with nothing behind it
		for _, word := range args {
			if word != "--" && !unvalued && count(args, word) != count(words.Args, word) {
				t.Errorf("%q becomes %q, with another number of %q", args, words.Args, word)
			}
		}
	})
}

func count(all []string, word string) (n int) {
	for _, w := range all {
		if w == word {
			n++
		}
	}
	return n
}
