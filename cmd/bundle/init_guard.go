package main

import (
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
)

// initGuard prints a guard file that allows what the manifest says in all its
// environments, and nothing more.
func (a *app) initGuard(c *cli.Context) error {
	for _, flag := range []string{"from", "from-serverless", "from-sam", "from-dotenv", "from-path", "name", "function"} {
		if given(c, flag) {
			return usagef("--guard makes a guard file of the manifest that --manifest names: leave --%s out", flag)
		}
	}
	for _, flag := range []string{"env", "account-id", "region"} {
		if len(c.StringSlice(flag)) > 0 {
			return usagef("--guard makes a guard file for all environments of the manifest: leave --%s out", flag)
		}
	}
	if c.Bool("json") {
		return usagef("with --guard standard output is the guard file: leave --json out")
	}
	out := stdinName
	if given(c, "out") {
		out = text(c, "out")
	}
	if err := absent(out); err != nil {
		return err
	}
	enough := sparing()
	defer enough()
	module, problems, err := a.load(c)
	if err != nil {
		return err
	}
	var wrong pipeline.Gathered
	wrong.Add(problems...)
	var all []*manifest.Manifest
	var asked pipeline.Questions
	for _, env := range module.Environments() {
		read, found := a.evaluate(module, env)
		wrong.Add(append(found, asked.Add(read)...)...)
		all = append(all, read.Manifest)
	}
	if wrong.Len() > 0 {
		return failed(wrong.Sorted())
	}
	enough() // what there is now is needed
	content, err := pipeline.GuardFile(all)
	if err != nil {
		return err
	}
	if out == stdinName {
		return a.printVerbatim("the guard file", content)
	}
	return create(out, content)
}
