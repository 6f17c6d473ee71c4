package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/awsenv"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/target"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/starter"
)

// draft reads what the manifest is to be made from.
func (a *app) draft(c *cli.Context, environments []starter.Environment) (*starter.Draft, error) {
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
		return nil, console.Usagef("--from and the flags that begin so exclude each other")
	case given == 0:
		return starter.Sketch(function), nil
	case kind == starter.Unknown && starter.IsPath(source) && !exists(source):
		kind = starter.PathKind
	}
	if kind == starter.PathKind {
		return a.draftOfPath(c, source, environments)
	}
	content, err := readSource(source)
	if err != nil {
		return nil, console.Usagef("%s cannot be read: %v", source, err)
	}
	if kind == starter.Unknown {
		kind = starter.Detect(source, content)
	}
	var draft *starter.Draft
	switch kind {
	case starter.ServerlessKind:
		draft, err = starter.Serverless(source, content)
	case starter.SAMKind:
		draft, err = starter.SAM(source, content)
	case starter.DotenvKind:
		draft, err = starter.Dotenv(source, content, function)
	default:
		return nil, console.Usagef("what %s is cannot be told. Name it with --from-serverless, --from-sam or --from-dotenv.", source)
	}
	if err != nil {
		return nil, console.Usagef("%s: %v", source, err)
	}
	draft.Name = cmp.Or(draft.Name, folderName(source))
	return draft, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readSource reads a file, but no more of it than a source may have.
func readSource(path string) ([]byte, error) {
	const most = 2 << 20
	b, err := plainfile.Read(path, most)
	if errors.Is(err, plainfile.ErrTooLarge) {
		return b[:most], nil
	}
	return b, err
}

// folderName is the name of the folder that a file is in.
func folderName(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	return filepath.Base(filepath.Dir(whole))
}

// draftOfPath lists the names below a path of Parameter Store.
func (a *app) draftOfPath(c *cli.Context, path string, environments []starter.Environment) (*starter.Draft, error) {
	if problem := manifest.BadPath(path); problem != "" {
		return nil, console.Usagef("%q will not do: %s", path, problem)
	}
	if len(environments) != 1 || environments[0].AccountID == "" || environments[0].Region == "" {
		return nil, console.Usagef("to list what is below a path, name one environment with its account and region: --env NAME --account-id ID --region REGION")
	}
	env := environments[0]
	if err := env.Check(); err != nil {
		return nil, console.Usagef("%v", err)
	}
	m := &manifest.Manifest{Environment: manifest.Environment{
		Name: manifest.Text{Value: env.Name}, AccountID: manifest.Text{Value: env.AccountID}, Regions: []manifest.Text{{Value: env.Region}},
	}}
	if err := target.RefuseUntrusted(a.Console, c, m); err != nil {
		return nil, err
	}
	ctx, s, end, err := awsenv.Begin(a.Console, c, nil, m, awsenv.LookingRights)
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
