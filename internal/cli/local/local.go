// Package local is bundle local: commands that show and change what the embedded AWS
// has.
package local

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// commands has the commands of bundle local.
type commands struct{ *console.Console }

// Command returns bundle local with its commands.
func Command(con *console.Console) *cli.Command {
	a := &commands{con}
	return &cli.Command{
		Name:      "local",
		Usage:     "the embedded AWS, for laptops, forks and tests; NOT FOR PRODUCTION",
		UsageText: "bundle local COMMAND [options]",
		Description: "bundle local serve\n" +
			"bundle local list --json",
		Subcommands: []*cli.Command{
			a.localServe(), a.localPut(), a.localGet(), a.localList(), a.localRemove(),
			a.localKey(), a.localRole(), a.localImport(), a.localEnv(), a.localReset(),
		},
		Action: console.NeedsCommand,
	}
}

// localFlags returns a command's own flags, followed by those of every command of bundle local that works in one region.
func localFlags(own ...cli.Flag) []cli.Flag {
	return append(stateFlags(own...), console.TextFlag("region", "REGION", "the region to work in", awslocal.Region))
}

// allRegionsFlags is localFlags for commands that work on all regions. Their --region is only there to be refused.
func allRegionsFlags(own ...cli.Flag) []cli.Flag {
	return append(stateFlags(own...), &cli.GenericFlag{Name: "region", Hidden: true, Value: console.Once()})
}

func stateFlags(own ...cli.Flag) []cli.Flag {
	return append(own,
		console.TextFlag("data", "DIR", "the folder of the states; default: .bundle-local next to the manifest, with the sample values of the manifest", ""),
		console.TextFlag("env", "NAME", "the embedded environment; needed only if there are several", ""),
		console.ManifestFlag(),
	)
}

// refuseRegion refuses --region for a command that works on all regions.
func refuseRegion(c *cli.Context) error {
	if !console.Given(c, "region") {
		return nil
	}
	return console.Usagef("%s works on all regions: remove --region. To set the region of other programs, pass it to bundle local env.", c.Command.HelpName)
}

// a place is where a command of bundle local works.
type place struct {
	dir      string
	options  []awslocal.Option
	embedded *awsenv.Embedded // nil if no manifest says what the sample file is
	sample   []byte           // the sample file; nil if there is none
	flags    string           // that name it, each behind a blank
}

// place finds the state folder and the sample file that belongs to it.
func (a *commands) place(c *cli.Context) (place, error) {
	folder := awslocal.Folder{Root: cmp.Or(console.Text(c, "data"), pipeline.StateFolder), Environment: console.Text(c, "env")}
	var p place
	for _, flag := range []string{"env", "data"} {
		if given := console.Text(c, flag); given != "" {
			p.flags += " --" + flag + " " + console.ShellWord(given)
		}
	}
	module, err := a.module(c)
	if err != nil {
		return p, err
	}
	if module != nil {
		embedded, err := a.embedded(c, module)
		if err != nil {
			return p, err
		}
		if p.embedded = embedded; embedded != nil {
			folder, p.flags = embedded.Folder(), embedded.Flags()
			if p.sample, err = embedded.Sample(); err != nil {
				return p, err
			}
		} else if console.Text(c, "data") == "" {
			folder.Root = filepath.Join(module.Dir(), pipeline.StateFolder)
		}
	}
	var several *awslocal.SeveralError
	p.dir, p.options, err = folder.State()
	if errors.As(err, &several) {
		return p, console.Usagef("%s has the states of several environments. Choose one with --env: %s", several.Root, strings.Join(several.Environments, ", "))
	}
	if err != nil {
		return p, console.Usagef("%v", err)
	}
	return p, nil
}

// module loads the manifest; nil if there is none, or if --data alone names the state.
func (a *commands) module(c *cli.Context) (*manifest.Module, error) {
	path, asked := console.Text(c, "manifest"), console.Given(c, "manifest")
	if console.Text(c, "data") != "" && !asked {
		return nil, nil
	}
	if _, err := os.Stat(path); err != nil && !asked {
		return nil, nil
	}
	module, diags := manifest.Load(path, manifest.Options{Environ: a.Environ})
	a.Files = module.Files
	if diags.HasErrors() {
		a.RenderWarnings(problem.WarningsOf(diags))
		return nil, console.Usagef("%s has errors, which bundle validate shows; name the state folder with --data", path)
	}
	return module, nil
}

// embedded chooses the embedded environment: the one that --env or BUNDLE_ENV names, else
// the only one. It returns nil if the manifest has none.
func (a *commands) embedded(c *cli.Context, module *manifest.Module) (*awsenv.Embedded, error) {
	samples := module.Samples()
	all := make([]string, len(samples))
	for i, environment := range samples {
		all[i] = environment.Name.Value
	}
	name := console.Text(c, "env")
	switch other := a.Getenv("BUNDLE_ENV"); {
	case name != "" && !slices.Contains(all, name):
		return nil, console.Usagef("--env %s: the manifest has no embedded environment of this name. It has: %s", name, cmp.Or(strings.Join(all, ", "), "none"))
	case name != "":
	case len(all) == 0:
		return nil, nil
	case len(all) == 1:
		name = all[0]
	case slices.Contains(all, other):
		name = other
	default:
		return nil, console.Usagef("the manifest has several embedded environments. Choose one with --env: %s", strings.Join(all, ", "))
	}
	return awsenv.EmbeddedOf(module, samples[slices.Index(all, name)], console.Text(c, "data")), nil
}

// withLocal runs do with a client of the embedded AWS: of the server that runs on the
// state, or of one that ends with do.
func (a *commands) withLocal(c *cli.Context, do func(context.Context, *awslocal.Client) error) error {
	return a.with(c, awslocal.Attach, do)
}

// looking is withLocal for commands that change nothing. It does not create a state.
func (a *commands) looking(c *cli.Context, do func(context.Context, *awslocal.Client) error) error {
	return a.with(c, awslocal.Look, do)
}

// withSample returns the options that bring in the sample file.
func (p *place) withSample() []awslocal.Option {
	if p.sample == nil {
		return p.options
	}
	return append(p.options, awslocal.WithSeed(p.sample))
}

// cannot is the error if the embedded AWS cannot do something.
func (p *place) cannot(do string, err error) error {
	if p.embedded != nil && errors.Is(err, awslocal.ErrSample) {
		return p.embedded.WrongSample(p.sample, err)
	}
	return console.Usagef("the embedded AWS cannot %s: %v%s", do, err, awsenv.StateRemedy(err))
}

type attach func(ctx context.Context, dir string, options ...awslocal.Option) (*awslocal.Client, error)

func (a *commands) with(c *cli.Context, attach attach, do func(context.Context, *awslocal.Client) error) error {
	region := cmp.Or(console.Text(c, "region"), awslocal.Region)
	if wrong := manifest.BadRegion(region); wrong != "" {
		return console.Usagef("--region %s: %s", region, wrong)
	}
	if unknown := manifest.UnknownRegion(region); unknown != "" {
		a.Hint("--region %s: %s", region, unknown)
	}
	p, err := a.place(c)
	if err != nil {
		return err
	}
	client, err := attach(c.Context, p.dir, p.withSample()...)
	if err != nil {
		return p.cannot("start", err)
	}
	defer func() { _ = client.Close() }()
	if !c.Bool("from-sample") {
		awsenv.HintKept(a.Console, client.Kept(), p.flags)
	}
	client.SetRegion(region)
	return do(c.Context, client)
}

func (a *commands) localServe() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "serve the embedded AWS to other programs until interrupted",
		UsageText: "bundle local serve [--listen ADDRESS] [options]",
		Description: "bundle local serve\n" +
			"bundle local serve --listen 127.0.0.1:4599 --data .bundle-local",
		Flags: allRegionsFlags(console.TextFlag("listen", "ADDRESS", "the loopback address to listen on", "127.0.0.1:4599")),
		Action: func(c *cli.Context) error {
			if err := cmp.Or(console.NoArguments(c), refuseRegion(c)); err != nil {
				return err
			}
			p, err := a.place(c)
			if err != nil {
				return err
			}
			server, url, err := awslocal.Serve(c.Context, p.dir, console.Text(c, "listen"), append(p.withSample(), awslocal.WithLog(a.Stderr.Text()))...)
			if err != nil {
				return p.cannot("be served", err)
			}
			defer func() { _ = server.Close() }()
			awsenv.HintKept(a.Console, server.Kept(), p.flags)
			a.Hint("the embedded AWS, NOT FOR PRODUCTION; state in %s; bundle local env prints what other programs need", p.dir)
			if err := a.Print("%s\n", url); err != nil {
				return err
			}
			<-c.Done()
			return nil
		},
	}
}

func (a *commands) localReset() *cli.Command {
	return &cli.Command{
		Name:      "reset",
		Usage:     "delete all state and start again with the sample values",
		UsageText: "bundle local reset [options]",
		Description: "bundle local reset\n" +
			"bundle local reset --data .bundle-local",
		Flags: allRegionsFlags(),
		Action: func(c *cli.Context) error {
			if err := cmp.Or(console.NoArguments(c), refuseRegion(c)); err != nil {
				return err
			}
			p, err := a.place(c)
			if err != nil {
				return err
			}
			if p.sample != nil {
				if err := awslocal.CheckSample(p.sample); err != nil {
					return p.cannot("be reset", err)
				}
			}
			client, err := awslocal.Attach(c.Context, p.dir, p.options...)
			if err != nil {
				return p.cannot("start", err)
			}
			defer func() { _ = client.Close() }()
			return client.Call(c.Context, "local", "Reset", awslocal.SampleFile(p.sample), nil)
		},
	}
}

func (a *commands) localEnv() *cli.Command {
	return &cli.Command{
		Name:      "env",
		Category:  console.OnlyLooks,
		Usage:     "print the environment variables that point other programs at the running embedded AWS",
		UsageText: "bundle local env [options]",
		Description: `eval "$(bundle local env)"` + "\n" +
			`eval "$(bundle local env --region eu-west-1)"`,
		Flags: localFlags(),
		Action: func(c *cli.Context) error {
			if err := console.NoArguments(c); err != nil {
				return err
			}
			return a.looking(c, func(_ context.Context, client *awslocal.Client) error {
				if !client.Serving() {
					return console.Usagef("no embedded AWS is served from this state. Start one: bundle local serve")
				}
				for _, line := range environ(client, console.Text(c, "region"), a.Environ) {
					if err := a.Print("%s\n", line); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
