package main

import (
	"cmp"
	"context"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/docs"
	"github.com/whispering/bundle/internal/cli/local"
)

// An app is one run of bundle.
type app struct {
	*console.Console
	releases fs.FS // tables of the helper files of releases; nil for none
}

// newApp returns an app with the tables of the helper files of releases; nil for
// none.
func newApp(con *console.Console, tables fs.FS) *app {
	con.Version = version()
	return &app{Console: con, releases: tables}
}

// with returns the app with another console.
func (a *app) with(con *console.Console) *app { return &app{Console: con, releases: a.releases} }

// run runs the command line, and returns the exit code.
func (a *app) run(ctx context.Context) int {
	a.Begin()
	a.Args = console.VersionCommand(a.Args)
	root := a.cli()
	called := docs.CalledBy(a.Args, root)
	a.Called = called.In
	words, err := console.Arrange(root, a.Args)
	a.Answering(root, words)
	switch {
	case err != nil:
	case words.Help != nil:
		err = docs.Help(a.Stdout.Text(), root, called, words.Help, cmp.Or(console.Terminal(a.Stdout), docs.Width), documentation)
	default:
		err = root.RunContext(ctx, words.Args)
	}
	return a.End(ctx, err)
}

// cli returns a new command line, because urfave/cli keeps the state of a run in it.
func (a *app) cli() *cli.App {
	build := a.buildCommand()
	root := &cli.App{
		Name:        "bundle",
		Usage:       "seal the secrets of Lambda functions at build time",
		UsageText:   "bundle [build options]\nbundle COMMAND [options]",
		Description: "bundle init --from serverless.yml\nbundle plan --env local\nbundle --env local --out layer.zip",
		Version:     a.Version,
		HideVersion: true, // console.Arrange handles version and help
		HideHelp:    true,
		Writer:      a.Stdout.Text(),
		ErrWriter:   a.Stderr.Text(),
		Flags:       build.Flags,
		Action:      build.Action,
		Before:      a.NoRootFlags,
		Commands: []*cli.Command{
			a.buildCommand(), a.validateCommand(), a.planCommand(), a.statusCommand(), a.compareCommand(), a.inspectCommand(), a.verifyCommand(),
			a.runCommand(), a.putCommand(), a.importCommand(), a.helpersCommand(), a.unpackCommand(), a.publishCommand(), a.rolloutCommand(),
			a.pruneCommand(), a.revokeCommand(), a.matrixCommand(), a.policyCommand(), a.rotateCommand(), a.doctorCommand(), a.auditCommand(),
			a.initCommand(), a.fmtCommand(), a.schemaCommand(), local.Command(a.Console), a.completionCommand(), a.versionCommand(),
		},
		ExitErrHandler:            func(*cli.Context, error) {}, // only main exits
		OnUsageError:              a.OnUsageError,
		DisableSliceFlagSeparator: true,
	}
	a.Strict(root.Commands)
	return root
}
