// Package draft reads the source of a first manifest, and writes the manifest.
package draft

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/dotenv"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/starter"
)

// Read reads the source of the manifest. If wrong is not nil, it does not call AWS, and the draft may be nil.
func Read(con *console.Console, c *cli.Context, environments []starter.Environment, wrong error) (*starter.Draft, error) {
	kind, source := starter.Unknown, console.Text(c, "from")
	given := 0
	for _, flag := range []struct {
		name string
		kind starter.Kind
	}{
		{"from", starter.Unknown}, {"from-serverless", starter.ServerlessKind}, {"from-sam", starter.SAMKind},
		{"from-dotenv", starter.DotenvKind}, {"from-path", starter.PathKind},
	} {
		if console.Text(c, flag.name) != "" {
			kind, source = flag.kind, console.Text(c, flag.name)
			given++
		}
	}
	function := console.Text(c, "function")
	switch {
	case given > 1:
		return nil, console.Usagef("only one --from flag can be used (--from, --from-serverless, --from-sam, --from-dotenv or --from-path)")
	case given == 0:
		return starter.Sketch(function), nil
	case kind == starter.Unknown && starter.LooksLikePath(source) && !exists(source):
		kind = starter.PathKind
	}
	if kind == starter.PathKind {
		return draftOfPath(con, c, source, environments, wrong)
	}
	if advice := starter.Program(source); advice != "" && kind != starter.DotenvKind && exists(source) {
		return nil, console.Usagef("%s %s", source, advice)
	}
	if info, err := os.Stat(source); err == nil && info.IsDir() {
		return nil, console.Usagef("%s is a folder. Name a file in it: a serverless.yml, a SAM or CloudFormation template, or a dotenv file", source)
	}
	content, err := readSource(source)
	if err != nil {
		return nil, console.Usagef("%s cannot be read: %v", source, pipeline.Cause(err))
	}
	if kind == starter.Unknown {
		kind = starter.Detect(source, content)
	}
	draft, err := drafted(kind, source, content, function)
	var encrypted *dotenv.EncryptedError
	if errors.As(err, &encrypted) {
		return nil, console.Usagef("%s: %s. For bundle init, list the names in a file instead, one on each line", source,
			dotenv.Describe(source, "bundle import --env NAME -", err))
	}
	if err != nil {
		return nil, console.Usagef("%s: %v", source, err)
	}
	draft.Name = cmp.Or(draft.Name, folderName(source))
	return draft, nil
}

// Misplaced returns an error about arguments that also says how to name a source, if the first one is a file or a path.
func Misplaced(c *cli.Context, err error) error {
	if name := c.Args().First(); exists(name) || starter.LooksLikePath(name) {
		return console.Usagef("%v. To read a source, write: %s --from %s", err, c.Command.HelpName, name)
	}
	return err
}

// drafted reads a source of one kind. A serverless.yml can include files in its
// folder and below it.
func drafted(kind starter.Kind, source string, content []byte, function string) (*starter.Draft, error) {
	switch kind {
	case starter.ServerlessKind:
		root, err := os.OpenRoot(filepath.Dir(source))
		if err != nil {
			return starter.Serverless(source, content, nil)
		}
		defer root.Close()
		return starter.Serverless(source, content, root.FS())
	case starter.SAMKind:
		return starter.SAM(source, content, nil)
	case starter.DotenvKind:
		return starter.Dotenv(source, content, function)
	case starter.NamesKind:
		return starter.Names(source, content, function)
	case starter.TaskKind:
		return starter.TaskDefinition(source, content)
	}
	return nil, starter.Unrecognized(source, content)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readSource reads a file, up to the maximum size of a source.
func readSource(path string) ([]byte, error) {
	const most = 2 << 20
	b, err := plainfile.Read(path, most)
	if errors.Is(err, plainfile.ErrTooLarge) {
		return b[:most], nil
	}
	return b, err
}

// folderName returns the name of the folder that a file is in.
func folderName(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	return filepath.Base(filepath.Dir(whole))
}

// draftOfPath lists the names below a path of Parameter Store, if nothing is wrong so far.
func draftOfPath(con *console.Console, c *cli.Context, path string, environments []starter.Environment, wrong error) (*starter.Draft, error) {
	if problem := manifest.BadPath(path); problem != "" {
		return nil, console.Usagef("path %q cannot be used: %s%s", path, problem, starter.OnePathLevel(path))
	}
	if len(environments) != 1 || environments[0].AccountID == "" || environments[0].Region == "" {
		return nil, console.Usagef("to list what is below a path, name one environment with its account and region: --env NAME --account-id ID --region REGION")
	}
	if wrong != nil {
		return nil, nil
	}
	env := environments[0]
	m := &manifest.Manifest{Environment: manifest.Environment{
		Name: manifest.Text{Value: env.Name}, AccountID: manifest.Text{Value: env.AccountID}, Regions: []manifest.Text{{Value: env.Region}},
	}}
	if err := target.RefuseUntrusted(con, c, m); err != nil {
		return nil, err
	}
	ctx, s, end, err := awsenv.Begin(con, c, nil, m, awsenv.LookingRights)
	if err != nil {
		return nil, err
	}
	defer end()
	names, problems := (&pipeline.Listing{Environment: m.Environment, Path: path, Caller: s.Caller, Parameters: s.Parameters}).Run(ctx)
	if len(problems) > 0 {
		return nil, console.Failed(problems)
	}
	return starter.Parameters(path, names, env.Name, console.Text(c, "function")), nil
}

// Inspect runs all checks of bundle validate, in every environment, on a manifest
// before it is written. A problem is a bug in bundle, and the manifest is not written.
func Inspect(con *console.Console, name string, src []byte) (functions, secrets int, err error) {
	module, diags := manifest.LoadSource(name, src, manifest.Options{})
	con.Files = module.Files
	problems := problem.FromDiagnostics(diags)
	for _, env := range module.Environments() {
		read, found := target.Evaluate(con, module, env)
		problems = append(problems, append(found, read.CheckBlind()...)...)
		m := read.Manifest
		functions, secrets = len(m.Functions), 0
		for _, fn := range m.Functions {
			secrets += len(fn.Secrets)
		}
	}
	for i, p := range problems {
		problems[i] = problem.New(problem.Fault, nil, "Manifest would not validate", p.Summary+": "+p.Detail)
	}
	return functions, secrets, console.Failed(problems.Sort())
}

// OfSource returns " of " and the source of a draft; "" if there is no source.
func OfSource(d *starter.Draft) string {
	if d.Source == "" {
		return ""
	}
	return " of " + d.Source
}

// SampleName returns the path of the sample file next to a manifest.
func SampleName(out string) string {
	if out == console.StdinName {
		out = "secrets.hcl"
	}
	return strings.TrimSuffix(out, ".hcl") + ".local.json"
}

// Absent refuses to overwrite existing files.
func Absent(out string, others ...string) error {
	if out == console.StdinName {
		return nil
	}
	if !strings.HasSuffix(out, ".hcl") {
		return console.Usagef("--out %s: the name of a manifest ends in .hcl", out)
	}
	if pipeline.InStateFolder(out) {
		return console.Usagef("--out %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", out, pipeline.StateFolder)
	}
	var present []error
	for _, path := range append(others, out) {
		if _, err := os.Lstat(path); err == nil {
			present = append(present, console.Usagef("%s already exists and is not overwritten. Choose another file with --out, or remove it.", path))
		}
	}
	return errors.Join(present...)
}

// Create writes a new file, whole or not at all.
func Create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil {
		_, err = f.Write(content)
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path)
		}
	}
	if err != nil {
		return console.Refuse(problem.Output, nil, "Manifest not written", "%s: %s", path, pipeline.WhyNotWritten(path, err))
	}
	return nil
}

// Environments reads --env, --account-id and --region, and reports everything that is wrong with them.
func Environments(c *cli.Context) ([]starter.Environment, error) {
	names := c.StringSlice("env")
	all := make([]starter.Environment, len(names))
	var wrong []error
	for i, name := range names {
		all[i].Name = name
		switch bad := manifest.BadName("environment", name); {
		case bad != "":
			wrong = append(wrong, console.Usagef("--env: %s", bad))
		case name == starter.LocalEnvironment:
			wrong = append(wrong, console.Usagef("--env %s: bundle init adds this embedded environment itself. Use another name.", name))
		case slices.Contains(names[:i], name):
			wrong = append(wrong, console.Usagef("--env %s: the environment is named twice", name))
		}
	}
	for _, flag := range []struct {
		name string
		of   func(*starter.Environment) *string
		bad  func(string) string
	}{
		{"account-id", func(e *starter.Environment) *string { return &e.AccountID }, manifest.BadAccount},
		{"region", func(e *starter.Environment) *string { return &e.Region }, manifest.BadRegion},
	} {
		for _, entry := range c.StringSlice(flag.name) {
			i, value, err := placed(flag.name, entry, names)
			switch {
			case err != nil:
			case value == "" || *flag.of(&all[i]) != "":
				err = console.Usagef("--%s is empty, or given twice, for environment %q", flag.name, names[i])
			case flag.bad(value) != "":
				err = console.Usagef("--%s %s: %s", flag.name, value, flag.bad(value))
			default:
				*flag.of(&all[i]) = value
			}
			wrong = append(wrong, err)
		}
	}
	return all, errors.Join(wrong...)
}

// placed splits [ENV=]VALUE, and finds the environment among names.
func placed(flag, entry string, names []string) (i int, value string, err error) {
	env, value, named := strings.Cut(entry, "=")
	if !named {
		env, value = "", entry
	}
	i = slices.Index(names, env)
	switch {
	case len(names) == 0:
		return 0, "", console.Usagef("--%s needs --env, to name the environment it belongs to", flag)
	case !named && len(names) == 1:
		return 0, value, nil
	case !named:
		return 0, "", console.Usagef("with several environments, write --%s ENV=%s", flag, value)
	case i < 0:
		return 0, "", console.Usagef("--%s names environment %q, but no --env does", flag, env)
	}
	return i, value, nil
}

// Name reads --name.
func Name(c *cli.Context) (string, error) {
	name := console.Text(c, "name")
	if bad := manifest.BadName("bundle", name); name != "" && bad != "" {
		return "", console.Usagef("--name: %s", bad)
	}
	return name, nil
}
