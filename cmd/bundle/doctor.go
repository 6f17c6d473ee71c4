package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Category:  console.OnlyLooks,
		Usage:     "check whether a build would be allowed, and who can decrypt",
		UsageText: "bundle doctor [--manifest FILE] [--env NAME...] [options]",
		Description: "bundle doctor --manifest secrets.hcl --env prod\n" +
			"bundle doctor --env prod --plan-role arn:aws:iam::222222222222:role/plan \\\n" +
			"  --function-role hello=arn:aws:iam::222222222222:role/hello\n" +
			"bundle doctor --all --decrypt --json",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			&cli.BoolFlag{Name: "decrypt", Usage: "also read and decrypt the secrets of packed functions, as a build does, and discard the values"},
			console.TextFlag("build-role", "ARN", "the role that runs builds, to check its policies; default: the environment's role", ""),
			console.TextFlag("plan-role", "ARN", "a role that only plans, to check its policies", ""),
			console.TextFlag("put-role", "ARN", "a role that puts parameters, to check its policies", ""),
			functionRoleFlag("the role that a function runs as, to check its policies"),
			parameterKeyFlag(),
			secretKeyFlag(),
			console.KeyAccountFlag(),
			console.TPSFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.DebugFlag(),
		}),
		Action: a.examine,
	}
}

func (a *app) examine(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	if err != nil {
		return err
	}
	if flag := namedRole(c); flag != "" && slices.ContainsFunc(targets, func(t *target.Target) bool { return t.Environment != targets[0].Environment }) {
		return console.Usagef("%s names a role of one environment: choose one with --env", flag)
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls:  true,
		Rights: awsenv.AllRights,
		Gather: func(r *view.Several, results []any, _ bool) { r.Diagnoses = results },
		Prepare: func(con *console.Console, t *target.Target) (batch.Step, error) {
			setting, err := newPolicySetting(c, t.Manifest)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				s := w.Session
				s.Doctor.Root = t.Manifest.Environment.Embedded.Value != ""
				diagnose := &pipeline.Diagnose{
					Scope: scope(c, t, w), Parameters: s.Parameters, Keys: s.Keys, Blind: s.Blind.Parameters, Layers: s.Layers,
					Doctor: s.Doctor, Decrypt: c.Bool("decrypt"),
					Roles: pipeline.Roles{
						Build: setting.BuildRole, Named: console.Text(c, "build-role") != "", Plan: setting.PlanRole, Put: setting.PutRole,
						Functions: setting.FunctionRoles, Keys: namedKeys(c), Parameters: s.Source, Secrets: s.Secrets,
					},
					Identity: func(ctx context.Context) (account, arn string, err error) {
						who, err := s.Identity(ctx)
						return who.Account, who.ARN, err
					},
				}
				found, problems := diagnose.Run(ctx)
				w.Observer.Finish()
				report := view.NewDoctor(found, len(problems) == 0, con.ForUser)
				report.Environment, report.Region, report.Endpoint = t.Environment, t.Region, console.Text(c, "endpoint-url")
				report.AWSCalls, _ = w.Spent()
				return report, console.Failed(problems)
			}, nil
		},
	})
}

// namedRole returns a flag that names a role, or "" if there is none.
func namedRole(c *cli.Context) string {
	for _, flag := range []string{"build-role", "plan-role", "put-role"} {
		if console.Text(c, flag) != "" {
			return "--" + flag
		}
	}
	if len(c.StringSlice("function-role")) > 0 {
		return "--function-role"
	}
	return ""
}
