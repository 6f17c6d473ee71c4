package main

import (
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
)

// sealInMemory builds the document of one function of the manifest, and writes nothing.
// data is the state folder of the embedded AWS.
func (a *app) sealInMemory(c *cli.Context) (doc *sealed.Document, data string, err error) {
	module, m, err := target.OpenTrusted(a.Console, c)
	if err != nil {
		return nil, "", err
	}
	fn, err := target.ChooseFunction(m, console.Text(c, "function"))
	if err != nil {
		return nil, "", err
	}
	m = m.Of(fn)
	ctx, s, end, err := awsenv.Begin(a.Console, c, module, m, awsenv.BuildingRights)
	if err != nil {
		return nil, "", err
	}
	defer end()
	bar := a.NewQuietBar()
	build := &pipeline.Build{
		Scope: pipeline.Scope{Manifest: m, Region: m.Environment.Region(), Account: s.Account, Caller: s.Caller, Observer: bar,
			AllowKeyAccounts: c.StringSlice("allow-key-account"), Undeployed: true},
		Parameters: s.Parameters, Keys: s.Keys, Blind: s.Blind, Layers: s.Layers,
	}
	made, problems := build.Run(ctx)
	bar.Finish()
	if len(problems) > 0 {
		return nil, "", console.Failed(problems)
	}
	a.RenderWarnings(made.Warnings)
	return made.Documents[0], awsenv.StateOf(c, module.Dir()), nil
}
