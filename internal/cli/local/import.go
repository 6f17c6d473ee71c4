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
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/dotenv"
)

func (a *commands) localImport() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "put every value in a dotenv or JSON file below a path",
		UsageText: "bundle local import FILE --path PATH [options]",
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
			values, err := readValues(file)
			if err != nil {
				return err
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				return a.putValues(ctx, client, c, file, values)
			})
		},
	}
}

// readValues reads a dotenv file or a JSON object.
func readValues(path string) (*dotenv.File, error) {
	const most = 16 << 20
	content, err := plainfile.Read(path, most)
	switch {
	case err != nil && path == "-":
		return nil, console.Usagef("bundle local import does not read standard input: name a file")
	case err != nil && strings.Contains(path, "="):
		return nil, console.Usagef("bundle local import takes the name of a dotenv or JSON file. Write NAME=VALUE into a file, or put one value with bundle local put")
	case err != nil:
		return nil, console.Usagef("%s cannot be read: %v", path, pipeline.Cause(err))
	}
	parse := dotenv.Parse
	if dotenv.IsJSON(content) {
		parse = dotenv.ParseJSON
	}
	values, err := parse(content)
	if err != nil {
		return nil, console.Usagef("%s", dotenv.Describe(path, err))
	}
	return values, nil
}

// An imported is what became of a file of values.
type imported struct {
	Path       string `json:"path"`
	Parameters int    `json:"parameters"` // that were put
	Unchanged  int    `json:"unchanged"`
	LeftOut    []left `json:"left_out"`
	Notes      []left `json:"notes"`
}

// A left says what is special about a line of a file, or why it was left out.
type left struct {
	Line int    `json:"line"`
	Name string `json:"name"`
	Text string `json:"text"`
}

// putValues puts the values of a file that Parameter Store takes, and says what it left out.
func (a *commands) putValues(ctx context.Context, client *awslocal.Client, c *cli.Context, file string, values *dotenv.File) error {
	result := imported{Path: console.Text(c, "path"), LeftOut: []left{}, Notes: []left{}}
	for _, n := range values.Notes {
		if n.Kind == dotenv.LeftOut || n.Kind == dotenv.Unread {
			result.LeftOut = append(result.LeftOut, left{n.Line, n.Name, n.Text})
		} else {
			result.Notes = append(result.Notes, left{n.Line, n.Name, n.Text})
		}
	}
	refusals := result.put(ctx, client, console.Text(c, "key"), values.Variables)
	if !a.JSON() {
		for _, line := range append(grouped(result.Notes, ""), grouped(result.LeftOut, "left out: ")...) {
			a.Hint("%s: %s", file, line)
		}
	}
	a.Hint("%s", result.total())
	var wrong []error
	for _, line := range grouped(refusals, "") {
		wrong = append(wrong, console.Usagef("%s: the embedded AWS refused %s", file, line))
	}
	if len(values.Variables) == 0 { // of JSON
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
func (r *imported) put(ctx context.Context, client *awslocal.Client, key string, variables []dotenv.Variable) (refusals []left) {
	stored, err := describeAll(ctx, client, r.Path)
	if err != nil {
		stored = nil // putting says what is wrong with the path
	}
	for _, v := range variables {
		if v.Value.Len() == 0 {
			r.LeftOut = append(r.LeftOut, left{v.Line, v.Name, "it has no value, and Parameter Store takes no empty one"})
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
		if err := client.Call(ctx, "ssm", "PutParameter", in, nil); err != nil {
			refusals = append(refusals, left{v.Line, v.Name, awslocal.ExplainPut(err, name, value, key).Error()})
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

// mostPlaces is how many lines of a file one message names.
const mostPlaces = 200

// grouped returns one line for each text, with the lines and names that it is about.
func grouped(all []left, prefix string) []string {
	type group struct {
		places          []string
		separator, text string
	}
	var groups []*group
	known := map[string]*group{}
	for _, l := range all {
		place, separator := fmt.Sprintf("%s (line %d)", l.Name, l.Line), ": "
		if l.Name == "" {
			place, separator = fmt.Sprintf("line %d", l.Line), " "
		}
		g := known[separator+l.Text]
		if g == nil {
			g = &group{separator: separator, text: l.Text}
			known[separator+l.Text] = g
			groups = append(groups, g)
		}
		g.places = append(g.places, place)
	}
	lines := make([]string, len(groups))
	plural := strings.NewReplacer(
		"is not NAME=VALUE", "are not NAME=VALUE",
		"It is not shown, as it could be part of a value", "They are not shown, as they could be parts of values",
	)
	for i, g := range groups {
		if len(g.places) > 1 && g.separator == " " {
			g.text = plural.Replace(g.text)
		}
		if more := len(g.places) - mostPlaces; more > 0 {
			g.places = append(g.places[:mostPlaces], fmt.Sprintf("and %d more, which --json lists", more))
		}
		lines[i] = prefix + strings.Join(g.places, ", ") + g.separator + g.text
	}
	return lines
}
