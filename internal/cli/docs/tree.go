package docs

import (
	"cmp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// A command is a command for help, scripts and the manual page.
type command struct {
	Path, Name, Parent string // bundle local put, put, bundle local
	Usage, UsageText   string
	Examples           string    // one per line
	Passes             bool      // its arguments are another program's command line
	Argument           valueKind // what else its arguments are
	Words              []string  // what its arguments can be, if that is all
	Flags              []option
	Commands           []*command
}

// An option is a flag. Kind is the kind of its value.
type option struct {
	Name, Placeholder, Usage, Default string
	Kind                              valueKind
	Words                             []string // what the value can be, of the kind wordValue
}

type valueKind string

const (
	noValue     valueKind = "" // a switch
	fileValue   valueKind = "file"
	folderValue valueKind = "folder"
	anyValue    valueKind = "any"
	wordValue   valueKind = "words"
	// Other kinds are the Lists.
)

// kindOf returns the kind of a value by its placeholder in help, which is what a command declares: the placeholder of a
// flag, or the ArgsUsage of the command.
func kindOf(placeholder string) valueKind {
	switch strings.TrimSuffix(placeholder, "...") {
	case "FILE", "LAYER":
		return fileValue
	case "DIR":
		return folderValue
	case "ENVIRONMENT":
		return EnvironmentNames
	case "FUNCTION":
		return FunctionNames
	case "SECRET":
		return SecretNames
	case "PARAMETER":
		return ParameterNames
	case "GROUP":
		return GroupNames
	}
	if strings.HasPrefix(placeholder, "FILE|") {
		return fileValue
	}
	return anyValue
}

// commands returns the root command, and every command that is not hidden. Their texts are for a program that was called
// by name; their paths begin with bundle.
func commands(root *cli.App, name *Name) (all []*command) {
	var add func(parent string, of *cli.Command) *command
	add = func(parent string, of *cli.Command) *command {
		c := &command{
			Path: strings.TrimSpace(parent + " " + of.Name), Name: of.Name, Parent: parent,
			Usage: name.In(of.Usage), UsageText: name.In(of.UsageText), Examples: name.inExamples(of.Description),
		}
		c.setArgument(of.ArgsUsage)
		all = append(all, c)
		for _, f := range of.Flags {
			if visible, ok := f.(cli.VisibleFlag); ok && visible.IsVisible() {
				c.Flags = append(c.Flags, newOption(c.Path, f.(cli.DocGenerationFlag), name))
			}
		}
		c.Flags = append(c.Flags, option{Name: "help", Usage: "show this help"})
		if parent == "" {
			c.Flags = append(c.Flags, option{Name: "version", Usage: "print the version"})
		}
		for _, sub := range of.Subcommands {
			if !sub.Hidden {
				c.Commands = append(c.Commands, add(c.Path, sub))
			}
		}
		return c
	}
	add("", &cli.Command{
		Name: "bundle", Usage: root.Usage, UsageText: root.UsageText, Description: root.Description, Flags: root.Flags, Subcommands: root.Commands,
	})
	return all
}

// setArgument sets what the arguments are, by the ArgsUsage of the command: words with bars between them, a placeholder, or
// a command line for another program, as COMMAND [ARGUMENT...].
func (c *command) setArgument(usage string) {
	c.Argument = anyValue // none
	switch {
	case strings.HasPrefix(usage, "COMMAND "):
		c.Passes, c.Argument = true, fileValue
	case usage == "":
	case usage == strings.ToLower(usage):
		c.Words = strings.Split(usage, "|")
	default:
		c.Argument = kindOf(usage)
	}
}

// find returns the command of a path, such as bundle local put.
func find(root *cli.App, name *Name, path []string) *command {
	for _, c := range commands(root, name) {
		if c.Path == strings.Join(path, " ") {
			return c
		}
	}
	return nil
}

var flagPlaceholder = lazyregexp.New(" \\(`([^`]*)`\\)")

func newOption(command string, f cli.DocGenerationFlag, name *Name) option {
	o := option{Name: f.Names()[0], Usage: name.In(flagPlaceholder.ReplaceAllString(f.GetUsage(), ""))}
	if !f.TakesValue() {
		return o
	}
	if found := flagPlaceholder.FindStringSubmatch(f.GetUsage()); found != nil {
		o.Placeholder = found[1]
	}
	o.Kind, o.Default = kindOf(o.Placeholder), f.GetDefaultText()
	if command != "bundle init" { // its flags name what the manifest does not have yet
		o.Kind = cmp.Or(flagKinds()[o.Name], o.Kind)
	}
	if o.Words = flagWords()[command+" --"+o.Name]; o.Words != nil {
		o.Kind = wordValue
	}
	o.Placeholder = cmp.Or(o.Placeholder, "VALUE")
	return o
}

// flagKinds has the kinds of flags that name the same for every command.
func flagKinds() map[string]valueKind {
	return map[string]valueKind{"env": EnvironmentNames, "function": FunctionNames, "region": RegionNames, "var": VariableNames}
}

// flagWords has the values of flags that take one of a few words. A test compares them with what the commands accept.
func flagWords() map[string][]string {
	return map[string][]string{
		"bundle matrix --format": {"github", "gitlab", "lines"},
		"bundle policy --format": {"json", "terraform", "cloudformation", "cdk"},
		"bundle policy --kind":   {"ci", "plan", "put", "doctor", "deployed", "rollout", "prune", "revoke", "audit", "function", "key", "all"},
		"bundle policy --style":  {"exact", "tags"},
		"bundle revoke --format": {"plan", "policy", "terraform", "cloudformation", "cdk"},
	}
}
