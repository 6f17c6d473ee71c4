package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/values"
	"github.com/whispering/bundle/pipeline/dotenv"
)

func (a *commands) localImport() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "put every value in a dotenv or JSON file below a path",
		UsageText: "bundle local import FILE --path PATH [options]",
		ArgsUsage: "FILE",
		Description: "bundle local import .env.sample --path /local/payments\n" +
			"bundle local import values.json --path /local/payments \\\n" +
			"  --key alias/local-parameters",
		Flags: localFlags(
			console.JSONFlag(),
			console.TextFlag("path", "PATH", "the path to put the parameters below", ""),
			console.TextFlag("key", "KEY", "the KMS key that encrypts the parameters", "alias/aws/ssm"),
		),
		Action: func(c *cli.Context) error {
			file, err := console.OneArgument(c, "a file")
			if err != nil {
				return err
			}
			if console.Text(c, "path") == "" {
				return console.Usagef("name the path of the parameters with --path")
			}
			found, err := values.ReadFile(a.Console, "bundle local import", "bundle local import --path PATH -", "put one value with bundle local put", file)
			if err != nil {
				return err
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				return a.putValues(ctx, client, c, values.Shown(file), found)
			})
		},
	}
}

// An imported is what became of a file of values.
type imported struct {
	Path       string        `json:"path"`
	Parameters int           `json:"parameters"` // that were put
	Unchanged  int           `json:"unchanged"`
	LeftOut    []values.Note `json:"left_out"`
	Notes      []values.Note `json:"notes"`
}

// putValues puts the values of a file that Parameter Store takes, and says what it left out.
func (a *commands) putValues(ctx context.Context, client *awslocal.Client, c *cli.Context, file string, found *dotenv.File) error {
	result := imported{Path: console.Text(c, "path")}
	result.LeftOut, result.Notes = values.Notes(found)
	refusals := result.put(ctx, client, console.Text(c, "key"), found.Variables)
	if !a.JSON() {
		for _, line := range append(values.Grouped(result.Notes, ""), values.Grouped(result.LeftOut, "left out: ")...) {
			a.Hint("%s: %s", file, line)
		}
	}
	a.Hint("%s", result.total())
	var wrong []error
	for _, line := range values.Grouped(refusals, "") {
		wrong = append(wrong, console.Usagef("%s: the embedded AWS refused %s", file, line))
	}
	if len(found.Variables) == 0 { // of JSON
		wrong = append(wrong, console.Usagef("%s has no value to put", file))
	}
	if a.JSON() {
		if err := a.Answer(result); err != nil {
			return err
		}
	}
	return errors.Join(wrong...)
}

// put puts each value that is not what its parameter has. It returns what the embedded AWS refused.
func (r *imported) put(ctx context.Context, client *awslocal.Client, key string, variables []dotenv.Variable) (refusals []values.Note) {
	stored, err := describeAll(ctx, client, r.Path)
	if err != nil {
		stored = nil // putting says what is wrong with the path
	}
	for _, v := range variables {
		if v.Value.Len() == 0 {
			r.LeftOut = append(r.LeftOut, values.Note{Line: v.Line, Name: v.Name, Text: "it has no value, and Parameter Store takes no empty one"})
			continue
		}
		name, value := strings.TrimSuffix(r.Path, "/")+"/"+strings.TrimPrefix(v.Name, "/"), string(v.Value.Reveal())
		if unchanged(ctx, client, stored, name, value, key) {
			r.Unchanged++
			continue
		}
		in := map[string]any{
			"Name": name, "Value": value, "Type": "SecureString", "KeyId": key, "Tier": "Intelligent-Tiering", "Overwrite": true,
		}
		if i := slices.IndexFunc(stored, func(p storedParameter) bool { return p.Name == name }); i >= 0 {
			in["DataType"] = stored[i].DataType // which a put changes to text otherwise
		}
		if err := client.Call(ctx, "ssm", "PutParameter", in, nil); err != nil {
			refusals = append(refusals, values.Note{Line: v.Line, Name: v.Name, Text: awslocal.ExplainPut(err, name, value, key).Error()})
			continue
		}
		r.Parameters++
	}
	return refusals
}

// total says how many parameters were put.
func (r *imported) total() string {
	said := fmt.Sprintf("%d parameters put below %s", r.Parameters, r.Path)
	if r.Parameters == 1 {
		said = "1 parameter put below " + r.Path
	}
	if r.Unchanged > 0 {
		said += fmt.Sprintf(", %d unchanged", r.Unchanged)
	}
	return said
}

// unchanged reports whether a parameter among the stored ones is what would be put. A new version would make everything reseal.
func unchanged(ctx context.Context, client *awslocal.Client, stored []storedParameter, name, value, key string) bool {
	if !slices.ContainsFunc(stored, func(p storedParameter) bool { return p.Name == name && p.Type == "SecureString" && p.KeyId == key }) {
		return false
	}
	var out struct{ Parameter storedParameter }
	err := client.Call(ctx, "ssm", "GetParameter", map[string]any{"Name": name, "WithDecryption": true}, &out)
	return err == nil && out.Parameter.Value == value
}
