package main

import (
	"errors"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/draft"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// initGuard prints a guard file that allows exactly what the manifest asks for in all
// its environments.
func (a *app) initGuard(c *cli.Context) error {
	var wrong []error
	for _, flag := range []string{"from", "from-serverless", "from-sam", "from-dotenv", "from-path", "name", "function"} {
		if console.Given(c, flag) {
			wrong = append(wrong, console.Usagef("--guard creates a guard file from the manifest at --manifest: remove --%s", flag))
		}
	}
	for _, flag := range []string{"env", "account-id", "region"} {
		if len(c.StringSlice(flag)) > 0 {
			wrong = append(wrong, console.Usagef("--guard creates a guard file for all environments of the manifest: remove --%s", flag))
		}
	}
	if a.JSON() {
		wrong = append(wrong, console.Usagef("with --guard, standard output is the guard file: remove --json"))
	}
	out := console.StdinName
	if console.Given(c, "out") {
		out = console.Text(c, "out")
	}
	if err := errors.Join(append(wrong, draft.Absent(out))...); err != nil {
		return err
	}
	enough := target.Sparing()
	defer enough()
	module, problems, err := target.Load(a.Console, c)
	if err != nil {
		return err
	}
	var gathered problem.Gathered
	gathered.Add(problems...)
	var all []*manifest.Manifest
	var asked pipeline.Questions
	for _, env := range module.Environments() {
		read, found := target.Evaluate(a.Console, module, env)
		gathered.Add(append(found, asked.Add(read)...)...)
		all = append(all, read.Manifest)
	}
	if gathered.Len() > 0 {
		return console.Failed(gathered.Sorted())
	}
	enough() // the memory so far is needed, but little of what follows
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	content, err := pipeline.GuardFile(all)
	if err != nil {
		return err
	}
	if out == console.StdinName {
		return a.PrintVerbatim("the guard file", content)
	}
	return draft.Create(out, content)
}
