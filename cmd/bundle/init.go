package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/starter"
)

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "write a first manifest, from what a project has or from nothing; copies names, never values",
		UsageText: "bundle init\n" +
			"bundle init --from serverless.yml [--env prod --account-id 222222222222]\n" +
			"bundle init --from template.yaml\n" +
			"bundle init --from .env --function api\n" +
			"bundle init --from /prod/payments/ --env prod --account-id 222222222222 --region us-west-2\n" +
			"bundle init --guard --manifest secrets.hcl",
		Flags: []cli.Flag{
			console.TextFlag("from", "FILE|PATH", "a serverless.yml, a SAM template, a dotenv file, or a path of Parameter Store", ""),
			console.TextFlag("from-serverless", "FILE", "the same, of which only the content says that it is a serverless.yml", ""),
			console.TextFlag("from-sam", "FILE", "a SAM or CloudFormation template", ""),
			console.TextFlag("from-dotenv", "FILE", "a dotenv file, of which the names are taken", ""),
			console.TextFlag("from-path", "PATH", "a path of Parameter Store: the names below it are listed, undecrypted", ""),
			console.TextFlag("name", "NAME", "the bundle's name; by default what the source calls itself", ""),
			console.TextFlag("function", "NAME", "the function, where the source has none: from dotenv files, paths, and nothing", "app"),
			&cli.StringSliceFlag{Name: "env", Usage: "an environment in a real account (`NAME`)"},
			&cli.StringSliceFlag{Name: "account-id", Usage: "its account; with several environments, that of each (`[ENV=]ID`)"},
			&cli.StringSliceFlag{Name: "region", Usage: "its region; with several environments, that of each (`[ENV=]REGION`)"},
			console.TextFlag("out", "FILE", "the manifest to write; - for standard output", "secrets.hcl"),
			&cli.BoolFlag{Name: "guard", Usage: "print a guard file instead, that allows what the manifest says and nothing more"},
			console.TextFlag("manifest", "FILE", "with --guard: the manifest, or a folder of them", "secrets.hcl"),
			console.VarFlag(),
			console.TPSFlag(),
			console.TimeoutFlag(),
			console.EndpointFlag(),
			target.TrustedFlag(),
			console.JSONFlag(),
			console.DebugFlag(),
		},
		Action: a.init,
	}
}

type initReport struct {
	FormatVersion int        `json:"format_version"`
	Manifest      string     `json:"manifest"`
	Sample        string     `json:"sample"` // the file of sample values
	Functions     int        `json:"functions"`
	Secrets       int        `json:"secrets"` // counting those of a group for each function
	NotTaken      []initNote `json:"not_taken"`
}

type initNote struct {
	File string `json:"file"`
	Line int    `json:"line"` // 0 where there are none
	Text string `json:"text"`
}

func (a *app) init(c *cli.Context) error {
	if err := console.NoArguments(c); err != nil {
		return err
	}
	switch {
	case c.Bool("guard"):
		return a.initGuard(c)
	case console.Given(c, "manifest") || len(c.StringSlice("var")) > 0:
		return console.Usagef("--manifest and --var are for --guard; what is written is named with --out")
	}
	out := console.Text(c, "out")
	if out == stdinName && c.Bool("json") {
		return console.Usagef("with --out - standard output is the manifest: leave --json out")
	}
	sample := sampleName(out)
	if err := absent(out, sample); err != nil {
		return err
	}
	environments, err := initEnvironments(c)
	if err != nil {
		return err
	}
	draft, err := a.draft(c, environments)
	if err != nil {
		return err
	}
	result, err := draft.Write(starter.Options{Name: console.Text(c, "name"), Environments: environments, Sample: filepath.Base(sample)})
	for _, n := range draft.Notes {
		a.Hint("%s: %s", draft.Where(n), n.Text)
	}
	if err != nil {
		return console.Usagef("no manifest can be made%s: %v", of(draft), err)
	}
	report, err := a.inspectDraft(out, result.Manifest)
	if err != nil {
		return err
	}
	if out == stdinName {
		return a.PrintVerbatim("the manifest", result.Manifest)
	}
	if err := create(sample, result.Sample); err != nil {
		return err
	}
	if err := create(out, result.Manifest); err != nil {
		os.Remove(sample) // it was not there before
		return err
	}
	report.Manifest, report.Sample = out, sample
	for _, n := range draft.Notes {
		report.NotTaken = append(report.NotTaken, initNote{draft.Source, n.Line, n.Text})
	}
	return a.renderInit(report, c.Bool("json"))
}

func of(d *starter.Draft) string {
	if d.Source == "" {
		return ""
	}
	return " of " + d.Source
}

// sampleName is the file of sample values beside a manifest.
func sampleName(out string) string {
	if out == stdinName {
		out = "secrets.hcl"
	}
	return strings.TrimSuffix(out, ".hcl") + ".local.json"
}

// absent refuses to write over what is there.
func absent(out string, others ...string) error {
	if out == stdinName {
		return nil
	}
	if !strings.HasSuffix(out, ".hcl") {
		return console.Usagef("--out %s: the name of a manifest ends in .hcl", out)
	}
	if pipeline.InStateFolder(out) {
		return console.Usagef("--out %s is in %s, which is the embedded AWS's own. Name a path outside of it.", out, pipeline.StateFolder)
	}
	for _, path := range append(others, out) {
		if _, err := os.Lstat(path); err == nil {
			return console.Usagef("%s is there already, and is not written over. Name another file with --out, or remove it.", path)
		}
	}
	return nil
}

// create writes a new file, whole or not at all.
func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil {
		_, err = f.Write(content)
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path)
		}
	}
	if err != nil {
		return console.Failed(pipeline.Problems{formatProblem(pipeline.Output, "Manifest not written", "%s: %s", path, pipeline.WhyNotWritten(path, err))})
	}
	return nil
}

// initEnvironments reads --env, --account-id and --region.
func initEnvironments(c *cli.Context) ([]starter.Environment, error) {
	names := c.StringSlice("env")
	all := make([]starter.Environment, len(names))
	for i, name := range names {
		all[i].Name = name
	}
	for flag, set := range map[string]func(*starter.Environment) *string{
		"account-id": func(e *starter.Environment) *string { return &e.AccountID },
		"region":     func(e *starter.Environment) *string { return &e.Region },
	} {
		for _, entry := range c.StringSlice(flag) {
			env, value, named := strings.Cut(entry, "=")
			if !named {
				env, value = "", entry
			}
			i := slices.Index(names, env)
			switch {
			case len(names) == 0:
				return nil, console.Usagef("--%s needs --env: whose is it?", flag)
			case !named && len(names) == 1:
				i = 0
			case !named:
				return nil, console.Usagef("there are several environments: write --%s ENV=%s", flag, value)
			case i < 0:
				return nil, console.Usagef("--%s is about environment %q, which no --env names", flag, env)
			}
			at := set(&all[i])
			if *at != "" || value == "" {
				return nil, console.Usagef("--%s is empty, or given twice, for environment %q", flag, names[i])
			}
			*at = value
		}
	}
	return all, nil
}

// inspectDraft holds a manifest that is about to be written to everything that
// bundle validate looks at, in every environment. What does not pass is a fault
// of ours, and is not written.
func (a *app) inspectDraft(name string, src []byte) (*initReport, error) {
	module, diags := manifest.LoadSource(name, src, manifest.Options{})
	a.Files = module.Files()
	problems := pipeline.FromDiagnostics(diags)
	report := &initReport{FormatVersion: 1, NotTaken: []initNote{}}
	for _, env := range module.Environments() {
		m, found := target.Evaluate(a.Console, module, env)
		problems = append(problems, append(found, pipeline.CheckBlind(m)...)...)
		report.Functions, report.Secrets = len(m.Functions), 0
		for _, fn := range m.Functions {
			report.Secrets += len(fn.Secrets)
		}
	}
	for i, p := range problems {
		problems[i] = problem.New(problem.Fault, nil, "The manifest would not validate: "+p.Summary, p.Detail)
	}
	return report, console.Failed(problems.Sort())
}

func (a *app) renderInit(r *initReport, asJSON bool) error {
	if asJSON {
		return a.PrintJSON(r)
	}
	if err := a.Print("%s\n%s\n", r.Manifest, r.Sample); err != nil {
		return err
	}
	a.Hint("%s with %s; look through it, then try: bundle --manifest %s --env local --out layer.zip",
		printable.Count(r.Functions, "function"), printable.Count(r.Secrets, "secret"), r.Manifest)
	return nil
}
