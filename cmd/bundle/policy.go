package main

import (
	"context"
	"errors"
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

// The kinds of documents that bundle policy writes.
const (
	kindCI       = "ci"
	kindPlan     = "plan"
	kindFunction = "function"
	kindKey      = "key"
	kindAll      = "all"
)

func (a *app) policyCommand() *cli.Command {
	return &cli.Command{
		Name:      "policy",
		Usage:     "write the IAM policies that a bundle needs: of roles and of keys",
		UsageText: "bundle policy [--manifest FILE] [--env NAME] --kind KIND [options]",
		Description: "bundle policy --manifest secrets.hcl --env prod --kind ci\n" +
			"bundle policy --env prod --kind function --function hello\n" +
			"bundle policy --env prod --kind key --function hello --function-role hello=arn:aws:iam::222222222222:role/hello",
		Flags: append(console.TargetFlags(),
			console.ManifestFlag(),
			console.VarFlag(),
			console.TextFlag("kind", "KIND", "ci (the role that builds), plan (one that only looks), function (a function's role), key (a function's key), or, with --json, all of them", kindCI),
			console.TextFlag("function", "NAME", "whose policy, for function and key; not needed where there is one function", ""),
			&cli.StringSliceFlag{Name: "function-role", Usage: "the role that a function runs as, for key policies: only it can decrypt (`NAME=ARN`)"},
			&cli.StringSliceFlag{Name: "break-glass", Usage: "a role that can decrypt besides, for key policies (`ARN`)"},
			console.TextFlag("build-role", "ARN", "the role that builds, for key policies: by default the environment's role, else whoever IAM policies of the account allow", ""),
			&cli.StringSliceFlag{Name: "parameter-key", Usage: "a key that parameters are stored under; by default Parameter Store is asked (`KEY`)"},
			&cli.StringSliceFlag{Name: "allow-key-account", Usage: "accept keys of another account (`ID`)"},
			console.TimeoutFlag(),
			console.EndpointFlag(),
			target.TrustedFlag(),
			console.DataFlag(),
			console.JSONFlag(),
			console.DebugFlag(),
		),
		Action: a.policy,
	}
}

func (a *app) policy(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	kind := console.Text(c, "kind")
	switch {
	case !slices.Contains([]string{kindCI, kindPlan, kindFunction, kindKey, kindAll}, kind):
		return console.Usagef("--kind %q is none of ci, plan, function, key and all", kind)
	case kind == kindAll && !a.JSON():
		return console.Usagef("--kind all needs --json: one document is one policy")
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
	ctx, s, end, err := awsenv.Begin(a.Console, c, module, m, awsenv.LookingRights)
	if err != nil {
		return err
	}
	defer end()
	bar := a.NewBar()
	problems := fillPolicySetting(ctx, c, s, setting, bar)
	bar.Finish()
	if len(problems) > 0 {
		return console.Failed(problems)
	}
	return a.printPolicies(c, kind, *setting)
}

// newPolicySetting takes what the command line says and needs no call.
func newPolicySetting(c *cli.Context, m *manifest.Manifest) (*policy.Setting, error) {
	s := &policy.Setting{
		Manifest: m, Region: m.Environment.Region(), BuildRole: m.Environment.Role.Value,
		FunctionRoles: map[string]string{}, BreakGlass: c.StringSlice("break-glass"),
	}
	if role := console.Text(c, "build-role"); role != "" {
		s.BuildRole = role
	}
	for _, entry := range c.StringSlice("function-role") {
		name, role, ok := strings.Cut(entry, "=")
		switch {
		case !ok:
			return nil, console.Usagef("--function-role %q is not of the form NAME=ARN", entry)
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

// fillPolicySetting asks AWS what the manifest's references stand for.
func fillPolicySetting(ctx context.Context, c *cli.Context, s *awsenv.Clients, setting *policy.Setting, o pipeline.Observer) pipeline.Problems {
	m := setting.Manifest
	resolve := &pipeline.Resolve{
		Scope: pipeline.Scope{Manifest: m, Region: setting.Region, Account: s.Account, Caller: s.Caller, Observer: o, AllowKeyAccounts: c.StringSlice("allow-key-account")},
		Keys:  s.Keys,
	}
	setting.Account = s.Account
	keys, problems := resolve.FunctionKeys(ctx)
	if len(problems) > 0 {
		return problems
	}
	setting.Keys = make(map[string]string, len(keys))
	for name, key := range keys {
		setting.Keys[name] = key.ARN
	}
	kind := console.Text(c, "kind")
	if kind == kindFunction || kind == kindKey {
		return nil // which are not about parameters
	}
	if setting.BlindKeys, problems = keyARNs(ctx, resolve, keyNames(m)); len(problems) > 0 {
		return problems
	}
	named := c.StringSlice("parameter-key")
	if len(named) > 0 {
		setting.ParameterKeys, problems = keyARNs(ctx, resolve, named)
		return problems
	}
	if kind == kindPlan || len(setting.BlindKeys) > 0 && allBlind(m) {
		return nil
	}
	stored, problems := resolve.Parameters(ctx, s.Parameters)
	for _, p := range stored {
		setting.Parameters = append(setting.Parameters, policy.Parameter(p))
	}
	return problems
}

// keyARNs resolves references to keys, in their order.
func keyARNs(ctx context.Context, resolve *pipeline.Resolve, refs []string) ([]string, pipeline.Problems) {
	found, problems := resolve.KeyARNs(ctx, refs)
	var arns []string
	for _, ref := range refs {
		arns = append(arns, found[ref])
	}
	return arns, problems
}

// keyNames returns the environment's parameter_keys.
func keyNames(m *manifest.Manifest) []string {
	var names []string
	for _, key := range m.Environment.ParameterKeys {
		names = append(names, key.Value)
	}
	return names
}

func allBlind(m *manifest.Manifest) bool {
	return !slices.ContainsFunc(m.Functions, func(fn manifest.Function) bool { return !fn.Blind.Value })
}

func (a *app) printPolicies(c *cli.Context, kind string, s policy.Setting) error {
	documents, err := policies(kind, console.Text(c, "function"), s)
	if err != nil {
		return err
	}
	for _, d := range documents {
		if d.Kind != kindKey && d.Characters > policy.MaxManaged {
			a.Hint("the %s policy has %d characters, and a managed policy can have %d: attach it in parts, each statement stands for itself",
				d.Kind, d.Characters, policy.MaxManaged)
		}
	}
	if a.JSON() {
		return a.Answer(view.Policy{
			Environment: s.Manifest.Environment.Name.Value, Region: s.Region, Account: s.Account, Documents: documents,
		})
	}
	if len(documents) != 1 {
		return console.Usagef("name the function with --function: %s", printable.Names(s.Functions()))
	}
	return a.PrintJSON(documents[0].Policy)
}

// policies writes the documents of one kind, or of all, about one function or
// about all. Where a function's role is not known, there is no key policy; only
// who asks for all is content with fewer.
func policies(kind, function string, s policy.Setting) ([]view.PolicyDocument, error) {
	var all []view.PolicyDocument
	add := func(d view.PolicyDocument, document policy.Document) {
		d.Policy, d.Characters = document, document.Size()
		all = append(all, d)
	}
	if kind == kindCI || kind == kindAll {
		add(view.PolicyDocument{Kind: kindCI}, s.Build())
	}
	if kind == kindPlan || kind == kindAll {
		add(view.PolicyDocument{Kind: kindPlan}, s.Plan())
	}
	names := s.Functions()
	if function != "" {
		names = []string{function}
	}
	var missing []error
	for _, name := range names {
		document, err := s.Function(name)
		if err != nil {
			return nil, console.Usagef("%v", err)
		}
		if kind == kindFunction || kind == kindAll {
			add(view.PolicyDocument{Kind: kindFunction, Function: name}, document)
		}
		if kind != kindKey && kind != kindAll {
			continue
		}
		document, err = s.Key(name)
		switch {
		case err == nil:
			add(view.PolicyDocument{Kind: kindKey, Function: name, Key: s.Keys[name]}, document)
		case kind == kindKey || !errors.Is(err, policy.ErrRole):
			missing = append(missing, err)
		}
	}
	if len(missing) > 0 {
		return nil, console.UsageLines("", append(missing, errors.New("Name it with --function-role NAME=ARN.")))
	}
	return all, nil
}
