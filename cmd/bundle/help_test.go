package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/docs"
	"github.com/whispering/bundle/internal/printable"
)

// helpOf is what --help prints of a command, in so many columns.
func helpOf(t *testing.T, width int, path ...string) string {
	t.Helper()
	var b bytes.Buffer
	root := newApp(&console.Console{Stdout: printable.New(&b), Stderr: printable.New(&b)}, nil).cli()
	if err := docs.Help(&b, root, docs.CalledBy(nil, root), path, width, documentation); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// helped are all commands, groups of commands and bundle itself included, each with
// the words that name it.
func helped() map[string]*cli.Command {
	root := newApp(&console.Console{Stdout: printable.New(nil), Stderr: printable.New(nil)}, nil).cli()
	all := map[string]*cli.Command{"bundle": {Description: root.Description, Subcommands: root.Commands}}
	var add func(above string, commands []*cli.Command)
	add = func(above string, commands []*cli.Command) {
		for _, c := range commands {
			all[above+" "+c.Name] = c
			add(above+" "+c.Name, c.Subcommands)
		}
	}
	add("bundle", root.Commands)
	return all
}

// TestHelpIsTheDocumentation compares docs/commands.md with the output of --help.
// go test ./cmd/bundle -run TestHelpIsTheDocumentation -update writes the page.
func TestHelpIsTheDocumentation(t *testing.T) {
	page := "# bundle commands: the help of each\n\nWhat `bundle help` and `bundle COMMAND --help` print. Made by `go test ./cmd/bundle -run TestHelpIsTheDocumentation -update`.\n"
	for _, path := range slices.Sorted(maps.Keys(helped())) {
		page += "\n## " + path + "\n\n```text\n" + helpOf(t, docs.Width, strings.Fields(path)...) + "```\n"
	}
	file := filepath.Join("..", "..", "docs", "commands.md")
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != page {
		t.Errorf("%s is not what the commands print: go test ./cmd/bundle -run TestHelpIsTheDocumentation -update", file)
	}
}

// TestHelpShowsEveryFlagOnce finds a flag that is in no group of flags, and what
// urfave/cli adds by itself.
func TestHelpShowsEveryFlagOnce(t *testing.T) {
	for path, c := range helped() {
		text := helpOf(t, docs.Width, strings.Fields(path)...)
		for _, f := range c.Flags {
			want := 1
			if !f.(cli.VisibleFlag).IsVisible() {
				want = 0
			}
			name := "--" + f.Names()[0]
			shown := regexp.MustCompile(`(?m)^  `+name+`( [A-Z[|=\]]+)?(  .*)?$`).FindAllString(text, -1)
			if len(shown) != want {
				t.Errorf("help of %s shows %s %d times, not %d: give it a group in internal/cli/docs/groups.go\n%q", path, name, len(shown), want, shown)
			}
		}
		if strings.Contains(text, "default: false") || strings.Contains(text, "`") {
			t.Errorf("help of %s:\n%s", path, text)
		}
	}
}

// TestHelpFits holds help to the width of the terminal. Examples are to be copied, and are as long as they are: 80 columns
// at the most.
func TestHelpFits(t *testing.T) {
	for path, c := range helped() {
		for _, width := range []int{40, 80, 132} {
			for line := range strings.Lines(helpOf(t, width, strings.Fields(path)...)) {
				line = strings.TrimSuffix(line, "\n")
				if utf8.RuneCountInString(line) > width && (width == 80 || !strings.Contains(c.Description, strings.TrimSpace(line))) {
					t.Errorf("help of %s has in %d columns a line of %d: %s", path, width, utf8.RuneCountInString(line), line)
				}
			}
		}
	}
}

// called is the command line of bundle in an example, which may be a part of a shell's.
var called = regexp.MustCompile(`bundle( '[^']*'| [^\s'"|<>()]+)*`)

// TestExamples holds every command to two examples of itself at least, and has each
// taken apart by the command line: its commands and flags exist, and have values
// where they take some.
func TestExamples(t *testing.T) {
	for path, c := range helped() {
		examples := strings.Split(strings.ReplaceAll(c.Description, "\\\n", ""), "\n")
		if len(examples) < 2 {
			t.Errorf("%s has %d examples", path, len(examples))
		}
		for _, example := range examples {
			if _, query, ok := strings.Cut(example, "--json | jq '"); ok && !strings.HasPrefix(query, ".targets[].result.") {
				t.Errorf("%s looks for a result where --json has none", example)
			}
			var args []string
			for _, word := range strings.Fields(called.FindString(example)) {
				args = append(args, strings.Trim(word, "'"))
			}
			ran, err := wouldRun(t, args)
			if err != nil {
				t.Errorf("%s: %v", example, err)
			}
			bare := path == "bundle build" && ran == "bundle"
			if ran != path && !bare && len(c.Subcommands) == 0 {
				t.Errorf("%s is an example of %s, and runs %s", example, path, ran)
			}
		}
	}
}

// takesArguments is the usage of a command, behind its name, if it takes any.
var takesArguments = regexp.MustCompile(`^(NAME|LAYER DIR|ALIAS|FILE|\[PATH\]|\[FILE\.\.\.\]|\[manifest\||bash|(\[--[^]]*\] )+(SECRET|FILE) )|COMMAND \[ARGUMENT`)

// wouldRun reads a command line, and returns the command that it would run.
func wouldRun(t *testing.T, args []string) (ran string, err error) {
	var out bytes.Buffer
	root := newApp(&console.Console{Args: args, Stdout: printable.New(&out), Stderr: printable.New(&out)}, nil).cli()
	action := func(c *cli.Context) error {
		ran = "bundle"
		if c.Command.HelpName != "" {
			ran = c.Command.HelpName
		}
		if takesArguments.MatchString(strings.TrimPrefix(c.Command.UsageText, ran+" ")) {
			return nil
		}
		return console.NoArguments(c)
	}
	root.Action = action
	for _, c := range leafCommands("", root.Commands) {
		c.Action = action
	}
	words, err := console.Arrange(root, args)
	if err == nil {
		err = root.RunContext(t.Context(), words.Args)
	}
	return ran, err
}

// TestHelpKnowsTheExitCodesOfStories compares the exit codes that help lists with
// those that the stories see.
func TestHelpKnowsTheExitCodesOfStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatal(len(stories), err)
	}
	ended := regexp.MustCompile(`(?m)^(?:code|attack|open) (\d+) bundle ([a-z]+)\b`)
	for _, story := range stories {
		b, err := os.ReadFile(story)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ended.FindAllStringSubmatch(string(b), -1) {
			code, c := m[1], helped()["bundle "+m[2]]
			if c == nil || len(c.Subcommands) > 0 || c.Name == "run" { // which ends as what it runs
				continue
			}
			if !regexp.MustCompile(`(?m)^  ` + code + ` `).MatchString(helpOf(t, docs.Width, "bundle", m[2])) {
				t.Errorf("%s: %s, and the help of the command does not list that code", story, m[0])
			}
		}
	}
}
