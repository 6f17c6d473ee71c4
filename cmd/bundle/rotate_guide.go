package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/view"
)

// A guide leads a person through the steps of a rotation. What a step does is a command of bundle, which is called with the
// words that the runbook shows.
type guide struct {
	*app
	c      *cli.Context
	person *console.Person
	book   view.Runbook
}

// lead does the steps that are left, as long as the person agrees to each.
func (g *guide) lead(ctx context.Context, report *view.Rotate) error {
	for {
		agrees, err := g.step(ctx, report)
		if err != nil {
			g.Hint("stopped at step %q. To go on, run the same command again", report.Next)
			return err
		}
		if !agrees {
			g.Hint("stopped before step %q. To go on, run the same command again: it asks AWS how far the rotation is", report.Next)
			return nil
		}
		before := report.Next
		g.book.Again, g.book.Only = false, true
		if report, err = g.howFar(g.c, g.book); err != nil {
			return err
		}
		switch {
		case !report.Begun && before != view.RotatePut:
			g.Hint("the rotation of %s is complete", report.Secret)
			return nil
		case report.Next == before && before != view.RotateDeploy:
			g.Hint("step %q is not done: see above", before)
			return nil
		}
	}
}

// step does the next step, and reports whether the person agreed to it.
func (g *guide) step(ctx context.Context, report *view.Rotate) (bool, error) {
	commands := report.Step(report.Next).Args
	switch report.Next {
	case view.RotatePut:
		if len(commands) == 0 { // they are not those of bundle
			return g.ask(ctx, "Run the command above, or start the rotation. Does Secrets Manager have the new value?", nil)
		}
		return g.ask(ctx, "Does the issuer have the new secret, with the old one still valid? Put the new value now?", commands)
	case view.RotatePublish:
		if err := g.call(ctx, commands[:1]); err != nil {
			return false, err
		}
		return g.ask(ctx, "Build and publish this?", commands[1:])
	case view.RotateAllow:
		return g.ask(ctx, "Let the key policies open the new documents, too?", commands)
	case view.RotateDeploy:
		if g.book.Rollout {
			return true, g.call(ctx, commands) // which asks
		}
		return g.ask(ctx, "Deploy the functions with your tool, or elsewhere with bundle rollout. Are they deployed?", nil)
	}
	half := len(commands) / 2 // the same commands follow, with --apply or --yes
	if err := g.call(ctx, commands[:half]); err != nil {
		return false, err
	}
	question := "Delete these versions?"
	if report.Next == view.RotateRevoke {
		question = "Has nothing opened the old value for long enough, and has its issuer ended it? Change the key policies now?"
	}
	return g.ask(ctx, question, commands[half:])
}

// ask calls commands if the person agrees.
func (g *guide) ask(ctx context.Context, question string, commands [][]string) (bool, error) {
	agrees, err := g.person.Agrees(ctx, question)
	if err != nil || !agrees {
		return false, err
	}
	return true, g.call(ctx, commands)
}

// call calls commands until one fails, whose exit code is then that of this run.
func (g *guide) call(ctx context.Context, commands [][]string) error {
	for _, args := range commands {
		if err := g.Stderr.Printf("$ %s\n", g.ForUser(commandLine(args))); err != nil {
			return err
		}
		con := &console.Console{Args: append(g.Args[:1:1], args...), Environ: g.Environ, Stdin: g.Stdin, Stdout: g.Stdout, Stderr: g.Stderr}
		if code := newApp(con, g.releases).run(ctx); code != console.ExitDone {
			return &console.ChildExit{Code: code}
		}
	}
	return nil
}
