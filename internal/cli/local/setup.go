package local

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
)

// Maximum sizes, in bytes, of files that the command line names.
const (
	mostPolicy = 1 << 20
	mostValues = 16 << 20
)

func (a *commands) localKey() *cli.Command {
	return &cli.Command{
		Name:      "key",
		Usage:     "create a symmetric key with an alias, and print its ARN",
		UsageText: "bundle local key ALIAS [--policy FILE] [options]",
		Description: "bundle local key alias/local-hello\n" +
			"bundle local key alias/local-hello --policy key.json",
		Flags: localFlags(console.TextFlag("policy", "FILE", "the key policy (JSON); default: full access for the account", ""), console.JSONFlag()),
		Action: func(c *cli.Context) error {
			alias, err := console.OneArgument(c, "an alias")
			if err != nil {
				return err
			}
			in := map[string]any{"Description": alias}
			if path := console.Text(c, "policy"); path != "" {
				policy, err := plainfile.Read(path, mostPolicy)
				if err != nil {
					return console.Usagef("the policy %s cannot be read: %v", path, pipeline.Cause(err))
				}
				in["Policy"] = string(policy)
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				var out struct{ KeyMetadata struct{ Arn, KeyId string } }
				if err := client.Call(ctx, "kms", "CreateKey", in, &out); err != nil {
					return refused(err)
				}
				named := map[string]any{"AliasName": alias, "TargetKeyId": out.KeyMetadata.KeyId}
				if err := client.Call(ctx, "kms", "CreateAlias", named, nil); err != nil {
					return refused(err)
				}
				if !a.JSON() {
					return a.Print("%s\n", out.KeyMetadata.Arn)
				}
				return a.Answer(struct {
					Alias string `json:"alias"`
					ARN   string `json:"arn"`
				}{alias, out.KeyMetadata.Arn})
			})
		},
	}
}

func (a *commands) localRole() *cli.Command {
	return &cli.Command{
		Name:      "role",
		Usage:     "create a role and enforce permissions: from then on, unknown credentials are refused",
		UsageText: "bundle local role NAME [--policy FILE] [options]",
		Description: "bundle local role build --policy policy.json\n" +
			"bundle local role build --policy policy.json --account 222222222222",
		Flags: allRegionsFlags(
			console.TextFlag("policy", "FILE", "the role's IAM policy (JSON); default: no permissions", ""),
			console.TextFlag("account", "ID", "the role's account", awslocal.Account),
		),
		Action: func(c *cli.Context) error {
			name, err := console.OneArgument(c, "a role's name")
			if err := cmp.Or(err, refuseRegion(c)); err != nil {
				return err
			}
			id, secret := sts.NewAccessKey("AKIA")
			role := map[string]any{
				"name": name, "account": console.Text(c, "account"), "access_key_id": id, "secret_access_key": secret, "trust": []string{"*"},
			}
			if path := console.Text(c, "policy"); path != "" {
				policy, err := plainfile.Read(path, mostPolicy)
				if err != nil || !json.Valid(policy) {
					return console.Usagef("the policy %s is not a JSON file that can be read", path)
				}
				role["policy"] = json.RawMessage(policy)
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				if err := client.Call(ctx, "local", "PutRole", role, nil); err != nil {
					return refused(err)
				}
				return a.Print("unset AWS_SESSION_TOKEN\nexport AWS_ACCESS_KEY_ID='%s'\nexport AWS_SECRET_ACCESS_KEY='%s'\n", id, secret)
			})
		},
	}
}

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
			path, err := console.OneArgument(c, "a file")
			if err != nil {
				return err
			}
			if console.Text(c, "path") == "" {
				return console.Usagef("name the path of the parameters with --path")
			}
			content, err := plainfile.Read(path, mostValues)
			if err != nil {
				return console.Usagef("%s cannot be read: %v", path, pipeline.Cause(err))
			}
			values, err := readValues(content)
			if err != nil {
				return console.Usagef("%s: %v", path, err)
			}
			return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
				for _, name := range slices.Sorted(maps.Keys(values)) {
					in := map[string]any{
						"Name": strings.TrimSuffix(console.Text(c, "path"), "/") + "/" + name, "Value": values[name],
						"Type": "SecureString", "KeyId": console.Text(c, "key"), "Tier": "Intelligent-Tiering", "Overwrite": true,
					}
					if err := client.Call(ctx, "ssm", "PutParameter", in, nil); err != nil {
						return refused(fmt.Errorf("%s: %w", name, err))
					}
				}
				a.Hint("%d parameters put below %s", len(values), console.Text(c, "path"))
				if !a.JSON() {
					return nil
				}
				return a.Answer(struct {
					Path       string `json:"path"`
					Parameters int    `json:"parameters"`
				}{console.Text(c, "path"), len(values)})
			})
		},
	}
}

// readValues reads a JSON object of strings, or the lines NAME=VALUE of a
// dotenv file: comments, blank lines, export, and quotes around a value. Its
// errors name lines, never values.
func readValues(b []byte) (map[string]string, error) {
	switch {
	case !utf8.Valid(b):
		return nil, errors.New("it is not UTF-8")
	case bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")):
		return readMembers(b)
	}
	values := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 64<<10)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "export ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("line %d is not NAME=VALUE", n)
		}
		value, err := unquoted(value)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", n, err)
		}
		values[name] = value
	}
	if lines.Err() != nil {
		return nil, fmt.Errorf("a line is too long")
	}
	return values, nil
}

// readMembers reads a JSON object of strings.
func readMembers(b []byte) (map[string]string, error) {
	var members map[string]*string // nil for null
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, errors.New("it is not a JSON object of strings")
	}
	values := make(map[string]string)
	for name, value := range members {
		if value == nil || strings.TrimSpace(name) == "" {
			return nil, errors.New("it is not a JSON object of strings, each with a name")
		}
		values[name] = *value
	}
	return values, nil
}

// unquoted returns the value of a line of a dotenv file, without the quotes around it.
func unquoted(value string) (string, error) {
	switch {
	case strings.HasPrefix(value, `"`):
		text, err := strconv.Unquote(value)
		if err != nil {
			return "", errors.New("has a quote that does not end")
		}
		if !utf8.ValidString(text) {
			return "", errors.New("is not UTF-8")
		}
		return text, nil
	case len(value) >= 2 && strings.HasPrefix(value, "'") && strings.HasSuffix(value, "'"):
		return value[1 : len(value)-1], nil
	}
	return value, nil
}
