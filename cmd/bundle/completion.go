package main

import (
	_ "embed" // for doc.go

	"bytes"
	_ "embed"
	"os"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/cli/docs"
	"github.com/whispering/bundle/internal/lazyregexp"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline/manifest"
)

// documentation is doc.go, which becomes a part of the manual page.
//
//go:embed doc.go
var documentation string

func (a *app) completionCommand() *cli.Command {
	return &cli.Command{
		Name:  "completion",
		Usage: "print a shell completion script or the manual page",
		UsageText: "bundle completion bash|zsh|fish|powershell|man\n" +
			"bundle completion [--manifest FILE] environments",
		Description: "source <(bundle completion bash)\n" +
			"bundle completion fish >~/.config/fish/completions/bundle.fish\n" +
			"bundle completion powershell | Out-String | Invoke-Expression\n" +
			"bundle completion man >bundle.1\n" +
			"bundle completion --manifest secrets.hcl environments",
		Flags:  []cli.Flag{console.TextFlag("manifest", "FILE", "the manifest file or folder to list the environments of; the completion scripts use it", "secrets.hcl")},
		Action: a.completion,
	}
}

func (a *app) completion(c *cli.Context) error {
	what, err := console.OneArgument(c, "one of "+strings.Join(docs.Kinds(), ", "))
	switch {
	case err != nil:
		return err
	case !slices.Contains(docs.Kinds(), what):
		return console.Usagef("unknown completion %q. Write one of %s.", what, strings.Join(docs.Kinds(), ", "))
	case what == docs.EnvironmentNames:
		return a.printEnvironments(console.Text(c, "manifest"))
	case console.Given(c, "manifest"):
		return console.Usagef("--manifest is only for bundle completion %s", docs.EnvironmentNames)
	}
	var script bytes.Buffer
	called := docs.CalledBy(a.Args, c.App)
	if err := docs.Fill(&script, what, c.App, called, docs.Manual(called.In(documentation))); err != nil {
		return err
	}
	_, err = a.Stdout.Verbatim().Write(script.Bytes())
	return err
}

// environmentName matches the names of environments. A shell reads each as one word.
var environmentName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// printEnvironments prints the names of the manifest's environments that can be read.
// Completion runs it while the user types: it reads the manifest and makes no calls.
func (a *app) printEnvironments(path string) error {
	if _, err := os.Stat(path); err != nil {
		return console.Usagef("the manifest cannot be read: %v", err)
	}
	module, _ := manifest.Load(path, manifest.Options{Environ: a.Environ})
	for _, name := range module.Environments() {
		if !environmentName.MatchString(name) {
			continue
		}
		if err := a.Print("%s\n", name); err != nil {
			return err
		}
	}
	return nil
}
