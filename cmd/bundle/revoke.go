package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/batch"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/pacing"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/stack"
)

// The forms in which bundle revoke writes, besides those of bundle policy.
const (
	formPlan   = "plan"
	formPolicy = "policy"
)

func (a *app) revokeCommand() *cli.Command {
	return &cli.Command{
		Name:  "revoke",
		Usage: "let the policies of functions' keys deny opening old documents, after a rotation",
		UsageText: "bundle revoke [--manifest FILE] [--env NAME] [--keep LAYERS] [options]\n" +
			"bundle revoke [--manifest FILE] [--env NAME] [--keep LAYERS] --apply [--as ROLES] [options]\n" +
			"bundle revoke [--manifest FILE] [--env NAME] --lift [--apply] [options]",
		Description: "bundle revoke --manifest secrets.hcl --env prod\n" +
			"bundle revoke --env prod --keep 13,12 --apply\n" +
			"bundle revoke --env prod --add --apply\n" +
			"bundle revoke --env prod --apply --as arn:aws:iam::222222222222:role/hello\n" +
			"bundle revoke --env prod --keep new.zip --format terraform",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			&cli.StringSliceFlag{Name: "function", Usage: "only the keys of these functions, separated by commas; can be repeated (`NAMES`)"},
			&cli.StringSliceFlag{Name: "keep", Usage: "only documents of these layers open from then on: numbers or ARNs of published versions, or files, separated by commas; can be repeated; default: the newest published version (`LAYERS`)"},
			&cli.BoolFlag{Name: "functions-only", Usage: "look only at the functions of the manifest, not at all of the account"},
			&cli.StringSliceFlag{Name: "break-glass", Usage: "another role that still opens everything, besides those that the key policy names as such; can be repeated (`ARN`)"},
			&cli.BoolFlag{Name: "add", Usage: "only list the documents of these layers as well, before they are deployed: what opens now still does"},
			&cli.BoolFlag{Name: "lift", Usage: "let all documents open again: take the statement away"},
			&cli.BoolFlag{Name: "drop-unknown", Usage: "also shut out documents that are listed and that no layer here has. Another bundle, environment or region that shares the key may need them"},
			&cli.BoolFlag{Name: "allow-in-use", Usage: "also shut out what deployed functions need: they fail at their next cold start"},
			&cli.BoolFlag{Name: "apply", Usage: "change the key policies; otherwise, only show what would change"},
			&cli.BoolFlag{Name: "allow-ci", Usage: "with --apply: also in a CI, which should not have the right to change key policies"},
			&cli.BoolFlag{Name: "drift", Usage: "with --apply: also change keys that a CloudFormation stack owns"},
			&cli.StringSliceFlag{Name: "as", Usage: "with --apply: prove the effect as these roles, which the key policies let open documents, with dry runs for at most 10 minutes; separated by commas; can be repeated (`ROLES`)"},
			console.TextFlag("format", "FORMAT", "plan, policy (the whole policy of the key, to put), or the statement for a tool that owns the policy: terraform, cloudformation or cdk", formPlan),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.ReportFlag(),
			console.ExitCodeFlag(),
			console.DebugFlag(),
		}),
		Action: a.revoke,
	}
}

func (a *app) revoke(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	if err := a.checkRevoke(c); err != nil {
		return err
	}
	keep, err := layersToKeep(c.StringSlice("keep"))
	if err != nil {
		return err
	}
	targets, err := target.Choose(a.Console, c, target.Request{Manifest: "manifest"})
	switch {
	case err != nil:
		return err
	case len(targets) != 1:
		return console.Usagef("bundle revoke works on one environment and region, but this run has %d: %s. Choose one with --env and --region.", len(targets), target.Listed(targets))
	}
	rights := awsenv.OwnLookingRights
	if c.Bool("apply") {
		rights = awsenv.OwnRights
	}
	return batch.Each(a.Console, c, targets, batch.Job{
		Calls: true, Rights: rights,
		Prepare: func(_ *console.Console, t *target.Target) (batch.Step, error) {
			r := &pipeline.Revoke{
				Scope:   pipeline.Scope{Manifest: t.Manifest, Region: t.Region},
				Regions: t.Regions, Keep: keep, Exempt: c.StringSlice("break-glass"), FunctionsOnly: c.Bool("functions-only"),
				Lift: c.Bool("lift"), Add: c.Bool("add"), DropUnknown: c.Bool("drop-unknown"), InUse: c.Bool("allow-in-use"), Drift: c.Bool("drift"),
			}
			for _, names := range c.StringSlice("function") {
				r.Named = append(r.Named, strings.Split(names, ",")...)
			}
			return func(ctx context.Context, con *console.Console, w *batch.Work) (view.Result, error) {
				return a.with(con).revokeIn(ctx, c, w, r)
			}, nil
		},
	})
}

// checkRevoke refuses flags that do not go together, and --apply in a CI.
func (a *app) checkRevoke(c *cli.Context) error {
	format, apply, lift := console.Text(c, "format"), c.Bool("apply"), c.Bool("lift")
	for _, role := range slices.Concat(c.StringSlice("break-glass"), provers(c)) {
		if r, ok := arn.Parse(role); role != "" && (!ok || r.Service != "iam" || !r.HasAccount() || !strings.HasPrefix(r.Resource, "role/")) {
			return console.Usagef("%q is not the ARN of a role: write arn:aws:iam::ACCOUNT:role/NAME", role)
		}
	}
	switch {
	case !slices.Contains([]string{formPlan, formPolicy, formTerraform, formCloudFormation, formCDK}, format):
		return console.Usagef("unknown --format %q: write plan, policy, terraform, cloudformation or cdk", format)
	case format != formPlan && (apply || a.JSON()):
		return console.Usagef("--format %s prints what to change elsewhere: leave out --apply and --json", format)
	case c.Bool("add") && (lift || c.Bool("drop-unknown") || c.Bool("allow-in-use") || len(c.StringSlice("break-glass")) > 0):
		return console.Usagef("--add shuts nothing out: leave out --lift, --drop-unknown, --allow-in-use and --break-glass")
	case lift && (len(c.StringSlice("keep")) > 0 || c.Bool("drop-unknown") || len(provers(c)) > 0):
		return console.Usagef("--lift lets all documents open: leave out --keep, --drop-unknown and --as")
	case lift && format != formPlan && format != formPolicy:
		return console.Usagef("--lift leaves no statement to print: take DenyRevoked out of the resource, or leave out --format")
	case !apply && (c.Bool("drift") || c.Bool("allow-ci") || len(provers(c)) > 0):
		return console.Usagef("--as, --drift and --allow-ci are for --apply")
	case apply && a.CI() && !c.Bool("allow-ci"):
		return console.Usagef("this is a CI, which should not have the right to change key policies: it is the right to the key. Let a person run bundle revoke --apply, or, if you know what you do, pass --allow-ci")
	}
	return nil
}

// layersToKeep reads the values of --keep, and the files among them.
func layersToKeep(flags []string) ([]pipeline.ToKeep, error) {
	var all []pipeline.ToKeep
	for _, values := range flags {
		for value := range strings.SplitSeq(values, ",") {
			number, err := strconv.ParseInt(value, 10, 64)
			switch {
			case value == "":
				return nil, console.Usagef("--keep %q has an empty name: write NUMBER, ARN or FILE, separated by single commas", values)
			case err == nil && number < 1:
				return nil, console.Usagef("--keep %s is not a version: versions are numbers from 1", value)
			case err == nil:
				all = append(all, pipeline.ToKeep{Ref: &publish.Ref{Version: number}})
			case arn.Looks(value):
				ref, err := publish.ParseARN(value)
				if err != nil {
					return nil, console.Usagef("--keep: %v", err)
				}
				all = append(all, pipeline.ToKeep{Ref: &ref})
			default:
				layer, _, err := target.ReadLayer(value)
				if err != nil {
					return nil, err
				}
				all = append(all, pipeline.ToKeep{KeptLayer: pipeline.KeptLayer{Path: value, Documents: layer.Documents}})
			}
		}
	}
	return all, nil
}

// nothingRevoked is printed about a run that failed before it changed anything.
const nothingRevoked = "; no key policy was changed"

// lastOpened is how far back openings of documents are shown that are shut out.
const lastOpened = 7 * 24 * time.Hour

// revokeIn plans and, with --apply, changes the policies, and proves the effect.
func (a *app) revokeIn(ctx context.Context, c *cli.Context, w *batch.Work, r *pipeline.Revoke) (view.Result, error) {
	s := w.Session
	r.Account, r.Caller, r.Observer, r.Keys, r.Functions = s.Account, s.Caller, w.Observer, s.Keys, s.Functions
	r.Policies = func(region string) pipeline.KeyPolicies { return s.KeysIn(region) }
	r.Layers = func(region string) pipeline.DeployedLayers { return s.LayersIn(region) }
	plan, problems := r.Plan(ctx)
	if plan == nil {
		return nil, &console.Failure{Problems: problems, Aftermath: nothingRevoked}
	}
	apply, format := c.Bool("apply"), console.Text(c, "format")
	if format == formPlan && len(problems) == 0 {
		problems = r.LastOpenings(ctx, plan, s.Events, a.Started.Add(-lastOpened))
	}
	if apply && len(problems) == 0 {
		problems = r.CheckOwners(plan)
	}
	if format != formPlan && len(problems) == 0 {
		w.Observer.Finish()
		return nil, a.printRevocation(plan, format)
	}
	if apply && len(problems) == 0 && plan.Changes() {
		plan, problems = a.lookAgain(ctx, r, plan, s.Functions.Unlisted())
		if plan == nil {
			return nil, &console.Failure{Problems: problems, Aftermath: nothingRevoked}
		}
	}
	var proofs []pipeline.Proof
	roles := provers(c)
	if apply && len(problems) == 0 {
		problems = r.Apply(ctx, plan)
		if len(roles) > 0 && len(problems) == 0 {
			proofs, problems = a.prove(ctx, c, s, r, plan, roles)
		}
	}
	w.Observer.Finish()
	report := view.NewRevoke(r, plan, proofs)
	report.Apply, report.Prove = apply, len(roles) > 0
	report.AWSCalls, report.DurationMS = w.Spent()
	if problems = append(problems, plan.Unreached...); len(problems) == 0 {
		return report, nil
	}
	failure := &console.Failure{Problems: problems}
	if !report.Changed {
		failure.Aftermath = nothingRevoked
	}
	return report, failure
}

// lookAgain plans once more, right before policies are changed: in a large account, the first look takes minutes, and somebody may have
// deployed an old version meanwhile.
func (a *app) lookAgain(
	ctx context.Context, r *pipeline.Revoke, before *pipeline.Revocation, functions pipeline.Functions,
) (*pipeline.Revocation, problem.Problems) {
	r.Functions = functions
	plan, problems := r.Plan(ctx)
	if plan != nil {
		plan.Openings = before.Openings
	}
	if plan != nil && len(problems) == 0 {
		problems = r.CheckOwners(plan)
	}
	return plan, problems
}

// provers are the roles of --as.
func provers(c *cli.Context) []string {
	var all []string
	for _, values := range c.StringSlice("as") {
		all = append(all, strings.Split(values, ",")...)
	}
	return all
}

// prove proves the effect as roles. It may take longer than --timeout allows.
func (a *app) prove(
	ctx context.Context, c *cli.Context, s *awsenv.Clients, r *pipeline.Revoke, plan *pipeline.Revocation, roles []string,
) ([]pipeline.Proof, problem.Problems) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), pipeline.ProofLimit+time.Minute)
	defer cancel()
	defer context.AfterFunc(c.Context, cancel)()
	type assumed struct{ role, region string }
	in := map[assumed]pipeline.Opening{}
	for _, k := range plan.Keys {
		for _, role := range roles {
			if in[assumed{role, k.Region()}] != nil {
				continue
			}
			as, err := s.Opening(limited, role, k.Region())
			if err != nil {
				return nil, console.ProblemsOf(err)
			}
			in[assumed{role, k.Region()}] = as
		}
	}
	return r.Prove(limited, plan, roles, func(role, region string) pipeline.Opening { return in[assumed{role, region}] }, wallClock{})
}

// wallClock is the time of the machine.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Wait(ctx context.Context, d time.Duration) error { return pacing.Rest(ctx, d) }

// printRevocation prints the policy of the only key, or the statements for a tool.
func (a *app) printRevocation(plan *pipeline.Revocation, format string) error {
	if format == formPolicy {
		var texts []string
		for _, k := range plan.Keys {
			if k.Text != "" && !slices.Contains(texts, k.Text) {
				texts = append(texts, k.Text)
			}
		}
		switch len(texts) {
		case 0:
			a.Hint("no policy needs a change")
			return nil
		case 1:
			return a.PrintVerbatim("the policy", []byte(texts[0]+"\n"))
		}
		return console.Usagef("%d policies need a change, and one can be printed: choose a key with --function. Each Region's key of a multi-Region key can have a policy of its own: then use --apply", len(texts))
	}
	var statements []stack.KeyStatement
	for _, k := range plan.Keys {
		if k.After != nil {
			statements = append(statements, stack.KeyStatement{Key: k.Key, Statement: k.After.Statement()})
		}
	}
	write := map[string]func([]stack.KeyStatement) ([]byte, error){
		formTerraform: stack.TerraformStatements, formCloudFormation: stack.CloudFormationStatements, formCDK: stack.CDKStatements,
	}[format]
	content, err := write(statements)
	if err != nil {
		return err
	}
	return a.PrintVerbatim("the output", content)
}
