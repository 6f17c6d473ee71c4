package main

import (
	_ "embed" // for doc.go

	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/cli/docs"
	"github.com/whispering/bundle/internal/lazyregexp"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/pipeline/manifest"
)

// documentation is doc.go, which becomes a part of the manual page.
//
//go:embed doc.go
var documentation string

func (a *app) completionCommand() *cli.Command {
	return &cli.Command{
		Name:  "completion",
		Usage: "print a shell completion script or the manual page, or names in a manifest",
		UsageText: "bundle completion bash|zsh|fish|powershell|man\n" +
			"bundle completion [options] " + strings.Join(docs.Lists(), " | "),
		ArgsUsage: strings.Join(docs.Kinds(), "|"),
		Description: "source <(bundle completion bash)\n" +
			"bundle completion fish >~/.config/fish/completions/bundle.fish\n" +
			"bundle completion powershell | Out-String | Invoke-Expression\n" +
			"bundle completion man >bundle.1\n" +
			"bundle completion --manifest secrets.hcl environments\n" +
			"bundle completion --env prod --function hello secrets",
		Flags: []cli.Flag{
			console.TextFlag("manifest", "FILE", "the manifest file or folder to list names of; the completion scripts use it", "secrets.hcl"),
			console.TextFlag("env", "NAME", "list the names of this environment; default: BUNDLE_ENV, else all", ""),
			console.TextFlag("function", "NAME", "list the secrets of this function", ""),
		},
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
	case slices.Contains(docs.Lists(), what):
		return a.list(c, what)
	}
	for _, flag := range []string{"manifest", "env", "function"} {
		if console.Given(c, flag) {
			return console.Usagef("--%s is only for lists: %s", flag, strings.Join(docs.Lists(), ", "))
		}
	}
	var script bytes.Buffer
	called := docs.CalledBy(a.Args, c.App)
	if err := docs.Fill(&script, what, c.App, called, docs.Manual(called.In(documentation))); err != nil {
		return err
	}
	_, err = a.Stdout.Verbatim().Write(script.Bytes())
	return err
}

// shellWord matches the names that are listed. Every shell reads them as one word, and none of them can be a flag.
var shellWord = lazyregexp.New(`^[A-Za-z0-9_/][A-Za-z0-9_./-]*$`)

// list prints names in the manifest, each on a line. Completion runs it while the user types, so it says nothing about a
// manifest that cannot be read or is unfinished. It makes no calls.
func (a *app) list(c *cli.Context, what string) error {
	defer target.Sparing()()
	module, _ := manifest.Load(console.Text(c, "manifest"), manifest.Options{Environ: a.Environ})
	var environments, functions []string
	if name := cmp.Or(console.Text(c, "env"), a.Getenv("BUNDLE_ENV")); name != "" {
		environments = []string{name}
	}
	if name := console.Text(c, "function"); name != "" {
		functions = []string{name}
	}
	var lines strings.Builder
	for _, name := range namesOf(what, module, module.Listing(environments, functions)) {
		if !shellWord.MatchString(name) {
			continue
		}
		lines.WriteString(name)
		if what == docs.VariableNames {
			lines.WriteByte('=') // of --var NAME=VALUE
		}
		lines.WriteByte('\n')
	}
	_, err := a.Stdout.Verbatim().Write([]byte(lines.String()))
	return err
}

func namesOf(what string, module *manifest.Module, listing *manifest.Listing) []string {
	switch what {
	case docs.EnvironmentNames:
		return module.Environments()
	case docs.FunctionNames:
		return listing.Functions()
	case docs.SecretNames:
		return listing.Secrets()
	case docs.ParameterNames:
		return listing.Parameters()
	case docs.GroupNames:
		return listing.Groups()
	case docs.RegionNames:
		return listing.Regions()
	}
	return listing.Variables()
}
