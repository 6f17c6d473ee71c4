// Package local is bundle local: commands that show and change what the embedded AWS
// has.
package local

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
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
		console.TextFlag("data", "DIR", "the state folder; default: .bundle-local next to the manifest, initialized with the manifest's sample values", ""),
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

// state finds the state folder and its initial sample values.
func (a *commands) state(c *cli.Context) (dir string, options []awslocal.Option, err error) {
	if data := console.Text(c, "data"); data != "" {
		return data, nil, nil
	}
	path := console.Text(c, "manifest")
	if _, err := os.Stat(path); err != nil && !console.Given(c, "manifest") {
		return pipeline.StateFolder, nil, nil
	}
	module, diags := manifest.Load(path, manifest.Options{Environ: a.Environ})
	if diags.HasErrors() {
		a.Files = module.Files
		a.RenderWarnings(problem.WarningsOf(diags))
		return "", nil, console.Usagef("%s has errors, which bundle validate shows; name the state folder with --data", path)
	}
	dir = filepath.Join(module.Dir(), pipeline.StateFolder)
	for _, name := range module.Environments() {
		if m, _ := module.Evaluate(name); m.Environment.Embedded.Value != "" {
			seed, err := awsenv.ReadBelow(module.Dir(), m.Environment.Embedded.Value)
			if err != nil {
				return "", nil, console.Usagef("the sample values %s cannot be read: %v", m.Environment.Embedded.Value, err)
			}
			return dir, []awslocal.Option{awslocal.WithSeed(seed)}, nil
		}
	}
	return dir, nil, nil
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

type attach func(ctx context.Context, dir string, options ...awslocal.Option) (*awslocal.Client, error)

func (a *commands) with(c *cli.Context, attach attach, do func(context.Context, *awslocal.Client) error) error {
	region := cmp.Or(console.Text(c, "region"), awslocal.Region)
	if wrong := manifest.BadRegion(region); wrong != "" {
		return console.Usagef("--region %s: %s", region, wrong)
	}
	if unknown := manifest.UnknownRegion(region); unknown != "" {
		a.Hint("--region %s: %s", region, unknown)
	}
	dir, options, err := a.state(c)
	if err != nil {
		return err
	}
	client, err := attach(c.Context, dir, options...)
	if err != nil {
		return console.Usagef("the embedded AWS cannot start: %v%s", err, awsenv.StateRemedy(err))
	}
	defer func() { _ = client.Close() }()
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
			dir, options, err := a.state(c)
			if err != nil {
				return err
			}
			server, url, err := awslocal.Serve(c.Context, dir, console.Text(c, "listen"), append(options, awslocal.WithLog(a.Stderr.Text()))...)
			if err != nil {
				return console.Usagef("the embedded AWS cannot be served: %v%s", err, awsenv.StateRemedy(err))
			}
			defer func() { _ = server.Close() }()
			a.Hint("the embedded AWS, NOT FOR PRODUCTION; state in %s; bundle local env prints what other programs need", dir)
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
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				return client.Call(ctx, "local", "Reset", nil, nil)
			})
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
				// Variables that are already set must not redirect a program or change its credentials.
				if err := a.Print("unset %s\n", strings.Join(overriding(), " ")); err != nil {
					return err
				}
				id, key := client.Credentials()
				for _, variable := range [][2]string{
					{"AWS_ENDPOINT_URL", client.URL()},
					{"AWS_ACCESS_KEY_ID", id}, {"AWS_SECRET_ACCESS_KEY", key},
					{"AWS_REGION", console.Text(c, "region")}, {"AWS_DEFAULT_REGION", console.Text(c, "region")},
				} {
					if err := a.Print("export %s='%s'\n", variable[0], variable[1]); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// overriding lists the variables that an SDK prefers to the ones that bundle local env sets
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
func overriding() []string {
	return []string{
		"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_STS",
	}
}
