package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/ssm"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/values"
	"github.com/whispering/bundle/pipeline/problem"
)

// A storedParameter is a parameter as the embedded AWS describes it.
type storedParameter struct {
	Name             string
	Type             string
	KeyId            string
	Version          int64
	Tier             string
	DataType         string
	LastModifiedDate float64
	Value            string `json:",omitempty"`
}

func (a *commands) localPut() *cli.Command {
	return &cli.Command{
		Name:      "put",
		Usage:     "put a parameter, a secret or a new version of it, with a value from a prompt, standard input or a file",
		UsageText: "bundle local put NAME [--from FILE | --from-sample] [options]",
		ArgsUsage: "PARAMETER",
		Description: "bundle local put /local/payments/db/password\n" +
			"printf not-a-real-password | bundle local put /local/payments/db/password\n" +
			"bundle local put /local/payments/tls-key --from key.pem \\\n" +
			"  --key alias/local-parameters\n" +
			"bundle local put /local/payments/settings --from settings.jsonc \\\n" +
			"  --data-type jsonc\n" +
			"bundle local put --from-sample /local/payments/db/password\n" +
			"bundle local put --secretsmanager local/payments/db",
		Flags: localFlags(
			console.TextFlag("type", "TYPE", "String, StringList or SecureString", "SecureString"),
			console.TextFlag("key", "KEY", "the KMS key that encrypts a SecureString or a secret; default: alias/aws/ssm, or alias/aws/secretsmanager for a secret", ""),
			console.TextFlag("tier", "TIER", "Standard, Advanced or Intelligent-Tiering", "Intelligent-Tiering"),
			console.TextFlag("data-type", "TYPE", "what the value is checked to be: "+lastOr(ssm.DataTypes())+
				"; default: the parameter's data type; for a new one, text", ""),
			console.JSONFlag(),
			console.TextFlag("from", "FILE", "read the value from this file", ""),
			&cli.BoolFlag{Name: "from-sample", Usage: "put what the sample file has for the parameter or secret"},
			secretsFlag(),
		),
		Action: func(c *cli.Context) error {
			name, err := console.NameToPut(c, "parameter")
			if err != nil {
				return err
			}
			if c.Bool("from-sample") {
				return a.putSample(c, name)
			}
			if c.Bool("secretsmanager") {
				return a.putSecret(c, name)
			}
			if err := cmp.Or(oneOf(c, "type", "String", "StringList", "SecureString"), oneOf(c, "tier", "Standard", "Advanced", "Intelligent-Tiering")); err != nil {
				return err
			}
			if console.Given(c, "data-type") {
				if err := oneOf(c, "data-type", ssm.DataTypes()...); err != nil {
					return err
				}
			}
			read, _, err := values.ReadOne(c.Context, a.Console, name, console.Text(c, "from"))
			if err != nil {
				return err
			}
			value := strings.TrimSuffix(string(read.Reveal()), "\n") // which editors and echo add
			in := map[string]any{
				"Name": name, "Value": value, "Overwrite": true,
				"Type": console.Text(c, "type"), "Tier": console.Text(c, "tier"),
			}
			key := cmp.Or(console.Text(c, "key"), "alias/aws/ssm")
			if console.Text(c, "type") == "SecureString" {
				in["KeyId"] = key
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				dataType := console.Text(c, "data-type")
				if !console.Given(c, "data-type") {
					dataType = dataTypeOf(ctx, client, name)
				}
				in["DataType"] = dataType
				var out struct{ Version int64 }
				if err := client.Call(ctx, "ssm", "PutParameter", in, &out); err != nil {
					return refusedAbout(name, awslocal.ExplainPut(err, name, value, key))
				}
				if dataType == "aws:ec2:image" && !kept(ctx, client, name, out.Version) {
					return console.Usagef("the embedded AWS did not keep the value of %s, because it is not an AMI ID, such as ami-0ff8a91507f77f867", name)
				}
				return a.isAt(name, out.Version)
			})
		},
	}
}

// dataTypeOf returns the data type of a parameter, and text if there is none of that name: a put without a data type would
// make the new version text.
func dataTypeOf(ctx context.Context, client *awslocal.Client, name string) string {
	var out struct{ Parameter storedParameter }
	if err := client.Call(ctx, "ssm", "GetParameter", map[string]any{"Name": name}, &out); err != nil {
		return "text" // a name that is refused, or a fault: PutParameter says so
	}
	return out.Parameter.DataType
}

// kept reports whether a version exists that was put. AWS checks an AMI ID only after it has answered.
func kept(ctx context.Context, client *awslocal.Client, name string, version int64) bool {
	return client.Call(ctx, "ssm", "GetParameter", map[string]any{"Name": fmt.Sprintf("%s:%d", name, version)}, nil) == nil
}

// oneOf refuses a flag whose value is none of some.
func oneOf(c *cli.Context, flag string, all ...string) error {
	if value := console.Text(c, flag); !slices.Contains(all, value) {
		return console.Usagef("--%s %s: write %s", flag, value, lastOr(all))
	}
	return nil
}

// lastOr lists words, with an "or" before the last.
func lastOr(all []string) string {
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// isAt answers with the version of a parameter that was put.
func (a *commands) isAt(name string, version int64) error {
	a.Hint("%s is at version %d", name, version)
	if !a.JSON() {
		return nil
	}
	return a.Answer(struct {
		Name    string `json:"name"`
		Version int64  `json:"version"`
	}{name, version})
}

// putSample puts what the sample file has for a parameter or a secret.
func (a *commands) putSample(c *cli.Context, name string) error {
	for _, flag := range []string{"from", "type", "key", "tier", "data-type"} {
		if console.Given(c, flag) {
			return console.Usagef("--from-sample takes everything from the sample file: remove --%s", flag)
		}
	}
	return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
		if c.Bool("secretsmanager") {
			var out struct {
				VersionID string `json:"version_id"`
			}
			if err := client.Call(ctx, "local", "SecretFromSample", map[string]string{"name": name}, &out); err != nil {
				return refused(err)
			}
			return a.secretIsAt(name, out.VersionID)
		}
		var out struct {
			Version int64 `json:"version"`
		}
		if err := client.Call(ctx, "local", "FromSample", map[string]string{"name": name}, &out); err != nil {
			return refused(err)
		}
		return a.isAt(name, out.Version)
	})
}

// refused turns an error of the embedded AWS into a usage error.
func refused(err error) error { return console.Usagef("the embedded AWS refused: %v", err) }

// refusedAbout is refused for a call about one parameter, whose name may be that of a secret.
func refusedAbout(name string, err error) error {
	if hint := perhapsSecret(name); hint != "" {
		return refused(fmt.Errorf("%w.%s", err, hint))
	}
	return refused(err)
}

// about is refused for a call about one parameter, which may not exist.
func about(name string, err error) error {
	var answer *call.Error
	if errors.As(err, &answer) && (answer.Code == "ParameterNotFound" || answer.Code == "ParameterVersionNotFound") {
		return console.Refuse(problem.Missing, nil, "Parameter not found", "The embedded AWS has no parameter %q. bundle local list lists all.%s", name, perhapsSecret(name))
	}
	return refusedAbout(name, fmt.Errorf("%s: %w", name, err))
}

// perhapsSecret says, after a blank, how to work on a secret of Secrets Manager, if no parameter can have the name; else "".
func perhapsSecret(name string) string {
	if !strings.Contains(name, "/") || strings.HasPrefix(name, "/") {
		return ""
	}
	return " If it is a secret of Secrets Manager, add --secretsmanager."
}

func (a *commands) localGet() *cli.Command {
	return &cli.Command{
		Name:      "get",
		Category:  console.OnlyLooks,
		Usage:     "show a parameter or a secret; its value only with --reveal",
		UsageText: "bundle local get NAME [--reveal] [options]",
		ArgsUsage: "PARAMETER",
		Description: "bundle local get /local/payments/db/password\n" +
			"bundle local get /local/payments/db/password --reveal\n" +
			"bundle local get --secretsmanager local/payments/db",
		Flags: localFlags(&cli.BoolFlag{Name: "reveal", Usage: "print only the value"}, console.JSONFlag(), secretsFlag()),
		Action: func(c *cli.Context) error {
			name, err := console.OneArgument(c, "a parameter's name")
			if err != nil {
				return err
			}
			if c.Bool("reveal") && a.JSON() {
				return console.Usagef("with --reveal, standard output is the value: remove --json")
			}
			if c.Bool("secretsmanager") {
				return a.getSecret(c, name)
			}
			return a.looking(c, func(ctx context.Context, client *awslocal.Client) error {
				var out struct{ Parameter storedParameter }
				in := map[string]any{"Name": name, "WithDecryption": c.Bool("reveal")}
				if err := client.Call(ctx, "ssm", "GetParameter", in, &out); err != nil {
					return about(name, err)
				}
				if c.Bool("reveal") {
					return a.PrintVerbatim("the value", []byte(out.Parameter.Value+"\n"))
				}
				all, err := describeAll(ctx, client, out.Parameter.Name) // GetParameter has neither key nor tier
				if err != nil {
					return err
				}
				same := func(p storedParameter) bool {
					return p.Name == out.Parameter.Name && p.Version == out.Parameter.Version
				}
				if i := slices.IndexFunc(all, same); i >= 0 {
					out.Parameter = all[i]
				}
				return a.renderParameters([]storedParameter{out.Parameter})
			})
		},
	}
}

func (a *commands) localList() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Category:  console.OnlyLooks,
		Usage:     "list all parameters or secrets, or those at and below a path, without their values",
		UsageText: "bundle local list [PATH] [options]",
		ArgsUsage: "PARAMETER",
		Description: "bundle local list\n" +
			"bundle local list /local/payments --json\n" +
			"bundle local list --secretsmanager local/payments",
		Flags: localFlags(console.JSONFlag(), secretsFlag()),
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 1 {
				return console.Usagef("bundle local list takes one path, not also %q", c.Args().Get(1))
			}
			if c.Bool("secretsmanager") {
				return a.listSecrets(c)
			}
			return a.looking(c, func(ctx context.Context, client *awslocal.Client) error {
				path := c.Args().First()
				all, err := describeAll(ctx, client, path)
				if err != nil {
					return err
				}
				if path != "" && len(all) == 0 {
					return console.Refuse(problem.Missing, nil, "No parameters", "There is no parameter %q in %s, and none below it. "+
						"To list all, run bundle local list without a path.%s", path, console.Text(c, "region"), perhapsSecret(path))
				}
				return a.renderParameters(all)
			})
		},
	}
}

// describeAll lists the parameter that has a path as its name and those below it, or all if the path is "".
func describeAll(ctx context.Context, client *awslocal.Client, path string) ([]storedParameter, error) {
	in := map[string]any{"MaxResults": 50}
	path = strings.TrimSuffix(path, "/")
	if path != "" {
		in["ParameterFilters"] = []map[string]any{{"Key": "Name", "Option": "BeginsWith", "Values": []string{path}}}
	}
	var all []storedParameter
	for {
		var out struct {
			Parameters []storedParameter
			NextToken  string
		}
		if err := client.Call(ctx, "ssm", "DescribeParameters", in, &out); err != nil {
			return nil, refused(err)
		}
		for _, p := range out.Parameters {
			if path == "" || p.Name == path || strings.HasPrefix(p.Name, path+"/") {
				all = append(all, p)
			}
		}
		if out.NextToken == "" {
			slices.SortFunc(all, func(a, b storedParameter) int { return strings.Compare(a.Name, b.Name) })
			return all, nil
		}
		in["NextToken"] = out.NextToken
	}
}

func (a *commands) renderParameters(all []storedParameter) error {
	type row struct {
		Name     string    `json:"name"`
		Type     string    `json:"type"`
		Version  int64     `json:"version"`
		Key      string    `json:"key,omitempty"`
		Tier     string    `json:"tier,omitempty"`
		DataType string    `json:"data_type"`
		Modified time.Time `json:"modified"`
	}
	rows := make([]row, len(all))
	text := [][]string{{"NAME", "TYPE", "VERSION", "KEY", "MODIFIED"}}
	for i, p := range all {
		rows[i] = row{p.Name, p.Type, p.Version, p.KeyId, p.Tier, p.DataType, time.UnixMilli(int64(p.LastModifiedDate * 1000)).UTC()}
		text = append(text, []string{p.Name, p.Type, fmt.Sprint(p.Version), p.KeyId, rows[i].Modified.Format(time.RFC3339)})
	}
	if a.JSON() {
		return a.Answer(struct {
			Parameters []row `json:"parameters"`
		}{rows})
	}
	return a.Stdout.Table(text)
}

func (a *commands) localRemove() *cli.Command {
	return &cli.Command{
		Name:      "rm",
		Usage:     "delete parameters or secrets",
		UsageText: "bundle local rm NAME... [options]",
		ArgsUsage: "PARAMETER...",
		Description: "bundle local rm /local/payments/db/password\n" +
			"bundle local rm /local/payments/db/user /local/payments/db/password\n" +
			"bundle local rm --secretsmanager local/payments/db",
		Flags: localFlags(console.JSONFlag(), secretsFlag()),
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return console.Usagef("bundle local rm needs a parameter's name")
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				deleted, problems := []string{}, problem.Problems{}
				for _, name := range c.Args().Slice() {
					remove := removeParameter
					if c.Bool("secretsmanager") {
						remove = removeSecret
					}
					if err := remove(ctx, client, name); err != nil {
						problems = append(problems, console.ProblemsOf(err)...)
						continue
					}
					deleted = append(deleted, name)
				}
				if a.JSON() {
					if err := a.Answer(struct {
						Deleted []string `json:"deleted"`
					}{deleted}); err != nil {
						return err
					}
				}
				if len(problems) > 0 {
					return &console.Failure{Problems: problems} // others may have been deleted
				}
				return nil
			})
		},
	}
}

func removeParameter(ctx context.Context, client *awslocal.Client, name string) error {
	if err := client.Call(ctx, "ssm", "DeleteParameter", map[string]any{"Name": name}, nil); err != nil {
		return about(name, err)
	}
	return nil
}
