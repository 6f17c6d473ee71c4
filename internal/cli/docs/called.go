package docs

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// The names of the program, which does the same under both.
const (
	bundle        = "bundle"
	bundleSecrets = "bundle-secrets" // beside the bundle of Ruby
)

// A Name is the name that the program was called by. It is bundle, unless the program was called as bundle-secrets.
type Name struct {
	name     string
	commands *regexp.Regexp // finds where a command line of bundle begins; nil if nothing changes
}

// CalledBy returns the name in the program's own arguments. Any other name, such as that of a copy for a test, counts as
// bundle.
func CalledBy(args []string, root *cli.App) *Name {
	if len(args) == 0 {
		return &Name{name: bundle}
	}
	base := filepath.Base(args[0])
	if len(base) > len(".exe") && strings.EqualFold(base[len(base)-len(".exe"):], ".exe") {
		base = base[:len(base)-len(".exe")]
	}
	if base != bundleSecrets {
		return &Name{name: bundle}
	}
	words := []string{`\[`, "--", "COMMAND", "help"} // [options], --flag, COMMAND
	for _, c := range root.Commands {
		words = append(words, regexp.QuoteMeta(c.Name)+`\b`)
	}
	return &Name{bundleSecrets, regexp.MustCompile(`(^|[\s'(` + "`" + `*])bundle (` + strings.Join(words, "|") + `)`)}
}

// String returns the name.
func (n *Name) String() string { return n.name }

// In returns a string in which the command lines of bundle begin with the name. What stands in double quotes is not
// changed, because it is the user's.
func (n *Name) In(text string) string {
	if n.commands == nil {
		return text
	}
	parts := strings.Split(text, `"`)
	for i := 0; i < len(parts); i += 2 {
		parts[i] = n.commands.ReplaceAllString(parts[i], "${1}"+n.name+" ${2}")
	}
	return strings.Join(parts, `"`)
}

// inExamples is In for command lines of a shell, which may quote them and write to files that are called like the
// program.
func (n *Name) inExamples(text string) string {
	if n.commands == nil {
		return text
	}
	text = n.commands.ReplaceAllString(text, "${1}"+n.name+" ${2}")
	return strings.NewReplacer("/bundle.fish", "/"+n.name+".fish", ">bundle.1", ">"+n.name+".1").Replace(text)
}

// function returns the name for functions of a shell.
func (n *Name) function() string { return strings.ReplaceAll(n.name, "-", "_") }
