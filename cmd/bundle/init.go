package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
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
			textFlag("from", "FILE|PATH", "a serverless.yml, a SAM template, a dotenv file, or a path of Parameter Store", ""),
			textFlag("from-serverless", "FILE", "the same, of which only the content says that it is a serverless.yml", ""),
			textFlag("from-sam", "FILE", "a SAM or CloudFormation template", ""),
			textFlag("from-dotenv", "FILE", "a dotenv file, of which the names are taken", ""),
			textFlag("from-path", "PATH", "a path of Parameter Store: the names below it are listed, undecrypted", ""),
			textFlag("name", "NAME", "the bundle's name; by default what the source calls itself", ""),
			textFlag("function", "NAME", "the function, where the source has none: from dotenv files, paths, and nothing", "app"),
			&cli.StringSliceFlag{Name: "env", Usage: "an environment in a real account (`NAME`)"},
			&cli.StringSliceFlag{Name: "account-id", Usage: "its account; with several environments, that of each (`[ENV=]ID`)"},
			&cli.StringSliceFlag{Name: "region", Usage: "its region; with several environments, that of each (`[ENV=]REGION`)"},
			textFlag("out", "FILE", "the manifest to write; - for standard output", "secrets.hcl"),
			&cli.BoolFlag{Name: "guard", Usage: "print a guard file instead, that allows what the manifest says and nothing more"},
			textFlag("manifest", "FILE", "with --guard: the manifest, or a folder of them", "secrets.hcl"),
			varFlag(),
			tpsFlag(),
			timeoutFlag(),
			endpointFlag(),
			trustedFlag(),
			jsonFlag(),
			debugFlag(),
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
	if err := noArguments(c); err != nil {
		return err
	}
	switch {
	case c.Bool("guard"):
		return a.initGuard(c)
	case given(c, "manifest") || len(c.StringSlice("var")) > 0:
		return usagef("--manifest and --var are for --guard; what is written is named with --out")
	}
	out := text(c, "out")
	if out == stdinName && c.Bool("json") {
		return usagef("with --out - standard output is the manifest: leave --json out")
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
	result, err := draft.Write(starter.Options{Name: text(c, "name"), Environments: environments, Sample: filepath.Base(sample)})
	for _, n := range draft.Notes {
		a.hint("%s: %s", draft.Where(n), n.Text)
	}
	if err != nil {
		return usagef("no manifest can be made%s: %v", of(draft), err)
	}
	report, err := a.inspectDraft(out, result.Manifest)
	if err != nil {
		return err
	}
	if out == stdinName {
		return a.printVerbatim("the manifest", result.Manifest)
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
		return usagef("--out %s: the name of a manifest ends in .hcl", out)
	}
	if pipeline.InStateFolder(out) {
		return usagef("--out %s is in %s, which is the embedded AWS's own. Name a path outside of it.", out, stateFolder)
	}
	for _, path := range append(others, out) {
		if _, err := os.Lstat(path); err == nil {
			return usagef("%s is there already, and is not written over. Name another file with --out, or remove it.", path)
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
		return failed(pipeline.Problems{formatProblem(pipeline.Output, "Manifest not written", "%s: %s", path, pipeline.WhyNotWritten(path, err))})
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
				return nil, usagef("--%s needs --env: whose is it?", flag)
			case !named && len(names) == 1:
				i = 0
			case !named:
				return nil, usagef("there are several environments: write --%s ENV=%s", flag, value)
			case i < 0:
				return nil, usagef("--%s is about environment %q, which no --env names", flag, env)
			}
			at := set(&all[i])
			if *at != "" || value == "" {
				return nil, usagef("--%s is empty, or given twice, for environment %q", flag, names[i])
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
	a.files = module.Files()
	problems := pipeline.FromDiagnostics(diags)
	report := &initReport{FormatVersion: 1, NotTaken: []initNote{}}
	for _, env := range module.Environments() {
		read, found := a.evaluate(module, env)
		problems = append(problems, append(found, read.CheckBlind()...)...)
		m := read.Manifest
		report.Functions, report.Secrets = len(m.Functions), 0
		for _, fn := range m.Functions {
			report.Secrets += len(fn.Secrets)
		}
	}
	for i := range problems {
		problems[i].Kind = pipeline.Fault
		problems[i].Diagnostic = hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The manifest would not validate: " + problems[i].Summary, Detail: problems[i].Detail}
	}
	return report, failed(problems.Sort())
}

func (a *app) renderInit(r *initReport, asJSON bool) error {
	if asJSON {
		return a.printJSON(r)
	}
	if err := a.print("%s\n%s\n", r.Manifest, r.Sample); err != nil {
		return err
	}
	a.hint("%s with %s; look through it, then try: bundle --manifest %s --env local --out layer.zip",
		count(r.Functions, "function"), count(r.Secrets, "secret"), r.Manifest)
	return nil
}
