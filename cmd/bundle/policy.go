package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/cli/view"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/policy"
)

func (a *app) policyCommand() *cli.Command {
	return &cli.Command{
		Name:      "policy",
		Category:  console.OnlyLooks,
		Usage:     "print the IAM and key policies that a bundle needs",
		UsageText: "bundle policy [--manifest FILE] [--env NAME] --kind KIND [options]",
		Description: "bundle policy --manifest secrets.hcl --env prod --kind ci\n" +
			"bundle policy --env prod --kind ci --split ci-policies\n" +
			"bundle policy --env prod --kind ci --style tags --prefixes --split ci-policies\n" +
			"bundle policy --env prod --kind function --function hello\n" +
			"bundle policy --env prod --kind key --function hello \\\n" +
			"  --function-role hello=arn:aws:iam::222222222222:role/hello\n" +
			"bundle policy --env prod --kind key --function hello \\\n" +
			"  --documents new.zip,old.zip \\\n" +
			"  --function-role hello=arn:aws:iam::222222222222:role/hello\n" +
			"bundle policy --env prod --format terraform > access.tf",
		Flags: slices.Concat(console.TargetFlags(), []cli.Flag{
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("kind", "KIND", "ci (the role that builds), plan (a role that only plans), put (a role that puts parameters), doctor (a role that runs bundle doctor), deployed (a role that runs bundle status --deployed), rollout (a role that runs bundle rollout), prune (a role that runs bundle prune), revoke (a role that runs bundle revoke), audit (a role that runs bundle audit), function (a function's role), key (a function's key), or all (with --json)", policy.KindCI),
			&cli.StringSliceFlag{Name: "function", Usage: "only these functions, separated by commas; can be repeated. For kinds ci, plan, put, doctor, deployed, rollout, prune, revoke and audit, the role is for them alone. Kinds function and key print one (`NAMES`)"},
			&cli.BoolFlag{Name: "functions-only", Usage: "for kind deployed: a role for bundle status --deployed --functions-only, which does not list the functions of the account"},
			policyStyleFlag(),
			policyPrefixesFlag(),
			console.TextFlag("split", "DIR", "write the policy to this folder, as numbered managed policies that fit (6144 characters each, at most 10) and together mean the same; not for kinds key and all", ""),
			functionRoleFlag("the role that a function runs as, for key policies (only it can decrypt) and kinds doctor and revoke"),
			&cli.StringSliceFlag{Name: "break-glass", Usage: "another role that can decrypt, for key policies (`ARN`)"},
			documentsFlag(),
			console.TextFlag("build-role", "ARN", "the role that runs builds, for key policies and kind doctor; default: the environment's role, or else, in key policies, any principal that IAM policies in the account allow", ""),
			console.TextFlag("plan-role", "ARN", "a role that only plans, for kind doctor", ""),
			console.TextFlag("put-role", "ARN", "a role that puts parameters, for kind doctor", ""),
			parameterKeyFlag(),
			secretKeyFlag(),
			otherLayerFlag(),
			console.KeyAccountFlag(),
			policyFormatFlag(),
		}, target.CallFlags(), []cli.Flag{
			console.JSONFlag(),
			console.DebugFlag(),
		}),
		Action: a.policy,
	}
}

func (a *app) policy(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	kind := console.Text(c, "kind")
	resources, err := a.checkPolicyFormat(c)
	switch {
	case err != nil:
		return err
	case resources:
		kind = policy.KindAll
	case !slices.Contains(policy.Kinds(), kind):
		return unknownKind(kind)
	case kind == policy.KindAll && !a.JSON():
		return console.Usagef("--kind all needs --json, because it prints several policies")
	}
	if c.Bool("functions-only") && kind != policy.KindDeployed {
		return console.Usagef("--functions-only is for --kind deployed")
	}
	var functions []string
	for _, names := range c.StringSlice("function") {
		functions = append(functions, strings.Split(names, ",")...)
	}
	others, err := otherLayers(c, kind)
	if err != nil {
		return err
	}
	folder, err := a.policyFolder(c, kind)
	if err != nil {
		return err
	}
	byTags, err := policyStyle(c, kind)
	if err != nil {
		return err
	}
	if err := checkPolicyPrefixes(c, kind, resources); err != nil {
		return err
	}
	layers, err := keptLayers(c, kind)
	if err != nil {
		return err
	}
	module, m, err := target.OpenTrusted(a.Console, c)
	if err != nil {
		return err
	}
	a.About(m.Environment.Name.Value, m.Environment.Region(), "")
	setting, err := newPolicySetting(c, m)
	if err != nil {
		return err
	}
	setting.OtherLayers = others
	group, err := setting.Of(functions)
	if err != nil {
		return console.Usagef("%v", err)
	}
	if policy.OfRoles(kind) {
		setting = &group // nothing is asked about the others
	}
	ctx, s, end, err := awsenv.Begin(a.Console, c, module, m, awsenv.LookingRights)
	if err != nil {
		return err
	}
	defer end()
	bar := a.NewBar(1)
	setting.Account, setting.ByTags, setting.FunctionsOnly = s.Account, byTags, c.Bool("functions-only")
	resolve := &pipeline.Resolve{
		Scope: pipeline.Scope{Manifest: setting.Manifest, Region: setting.Region, Account: s.Account, Caller: s.Caller, Observer: bar,
			AllowKeyAccounts: c.StringSlice("allow-key-account")},
		Keys: s.Keys, Parameters: s.Source, Secrets: s.Secrets, Listed: s.Listed,
	}
	var plan *pipeline.KeyPlan
	if resources {
		plan = planKeys(ctx, resolve, s)
	}
	problems := resolve.Setting(ctx, setting, kind, namedKeys(c))
	if byTags && len(problems) == 0 {
		tags := s.KeyTags
		if resources {
			tags = plan
		}
		setting.Lacking, problems = resolve.LackingTags(ctx, setting, tags)
	}
	folders := map[string]*policy.Setting{kind: setting}
	switch {
	case !c.Bool("prefixes") || len(problems) > 0:
	case resources:
		folders, problems, err = allInFolders(ctx, resolve, setting)
	default:
		setting.Beyond, problems, err = inFolders(ctx, c, resolve, setting, kind)
	}
	bar.Finish()
	switch {
	case err != nil:
		return err
	case len(problems) > 0:
		return console.Failed(problems)
	}
	if c.Bool("prefixes") {
		for _, kind := range slices.Sorted(maps.Keys(folders)) {
			a.hintFolders(folders[kind], kind)
		}
	}
	if resources {
		return a.printResources(c, *setting, plan.Absent())
	}
	if layers != nil {
		if err := pipeline.Keep(setting, group.Functions(), layers); err != nil {
			return console.Usagef("%v", err)
		}
	}
	documents, missing, err := setting.Documents(kind, functions)
	switch {
	case err != nil:
		return console.Usagef("%v", err)
	case len(missing) > 0:
		return console.UsageLines("", append(missing, errors.New("Name it with --function-role NAME=ARN.")))
	}
	if byTags {
		a.hintTags(setting)
	}
	if layers != nil {
		a.hintReplicas(documents)
	}
	if folder != nil {
		return a.splitPolicies(folder, setting, documents, len(functions) == 0)
	}
	return a.printPolicies(setting, documents)
}

func parameterKeyFlag() *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: "parameter-key", Usage: "a key that parameters are encrypted with; can be repeated; default: look it up in Parameter Store (`KEY`)"}
}

func secretKeyFlag() *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: "secret-key", Usage: "a key that secrets of Secrets Manager are encrypted with; can be repeated; default: look it up in Secrets Manager (`KEY`)"}
}

func namedKeys(c *cli.Context) pipeline.NamedKeys {
	return pipeline.NamedKeys{Parameters: c.StringSlice("parameter-key"), Secrets: c.StringSlice("secret-key")}
}

func functionRoleFlag(usage string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: "function-role", Usage: usage + " (`NAME=ARN`)"}
}

// newPolicySetting returns the setting from the command line. It makes no calls.
func newPolicySetting(c *cli.Context, m *manifest.Manifest) (*policy.Setting, error) {
	s := &policy.Setting{
		Manifest: m, Region: m.Environment.Region(), BuildRole: m.Environment.Role.Value,
		FunctionRoles: map[string]string{}, BreakGlass: c.StringSlice("break-glass"),
	}
	if role := console.Text(c, "build-role"); role != "" {
		s.BuildRole = role
	}
	s.PlanRole, s.PutRole = console.Text(c, "plan-role"), console.Text(c, "put-role")
	for _, flag := range []string{"parameter-key", "secret-key"} { // no key means that of AWS, which needs no right
		if slices.Contains(c.StringSlice(flag), "") {
			return nil, console.Usagef("--%s has an empty value (is a variable unset?)", flag)
		}
	}
	for _, entry := range c.StringSlice("function-role") {
		name, role, ok := strings.Cut(entry, "=")
		switch {
		case !ok:
			return nil, console.Usagef("--function-role %q is not valid: write NAME=ARN", entry)
		case strings.Contains(role, "=arn:"):
			return nil, console.Usagef("--function-role %q names several roles: repeat the flag for each", entry)
		case s.FunctionRoles[name] != "":
			return nil, console.Usagef("--function-role names function %q twice", name)
		}
		s.FunctionRoles[name] = role
	}
	if err := s.Check(); err != nil {
		return nil, console.Usagef("%v", err)
	}
	return s, nil
}

func (a *app) printPolicies(s *policy.Setting, documents []policy.Written) error {
	for _, d := range documents {
		if err := a.checkSize(d, len(s.Functions()), s.Kept != nil); err != nil {
			return err
		}
	}
	if a.JSON() {
		return a.Answer(view.NewPolicy(s, documents))
	}
	if len(documents) != 1 {
		return console.Usagef("name the function with --function: %s", printable.Names(s.Functions()))
	}
	if d := documents[0]; d.Kind == policy.KindKey && len(indented(d.Policy)) > policy.MaxIndented {
		return a.PrintVerbatim("the policy", []byte(d.Policy.Text()+"\n")) // KMS counts white space
	}
	return a.PrintJSON(documents[0].Policy)
}
