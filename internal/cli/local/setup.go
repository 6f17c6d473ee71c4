package local

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
)

// mostPolicy is the largest size of a policy in bytes.
const mostPolicy = 1 << 20

func (a *commands) localKey() *cli.Command {
	return &cli.Command{
		Name:      "key",
		Usage:     "create a symmetric key with an alias, and print its ARN",
		UsageText: "bundle local key ALIAS [--policy FILE] [options]",
		ArgsUsage: "ALIAS",
		Description: "bundle local key alias/local-hello\n" +
			"bundle local key alias/local-hello --policy key.json",
		Flags: localFlags(console.TextFlag("policy", "FILE", "the key policy (JSON); default: full access for the account", ""), console.JSONFlag()),
		Action: func(c *cli.Context) error {
			alias, err := console.OneArgument(c, "an alias")
			if err != nil {
				return err
			}
			switch rest, named := strings.CutPrefix(alias, "alias/"); {
			case !named:
				return console.Usagef("%s is not an alias: write alias/%s", alias, alias)
			case strings.HasPrefix(rest, "aws/"):
				return console.Usagef("aliases that begin with alias/aws/ belong to AWS: write another, such as alias/local-%s", strings.TrimPrefix(rest, "aws/"))
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
				arn, err := createKey(ctx, client, alias, in)
				if err != nil {
					return err
				}
				if !a.JSON() {
					return a.Print("%s\n", arn)
				}
				return a.Answer(struct {
					Alias string `json:"alias"`
					ARN   string `json:"arn"`
				}{alias, arn})
			})
		},
	}
}

// createKey creates a key with an alias, and returns its ARN. in is the request of kms:CreateKey.
func createKey(ctx context.Context, client *awslocal.Client, alias string, in map[string]any) (arn string, err error) {
	var out struct{ KeyMetadata struct{ Arn, KeyId string } }
	if err := client.Call(ctx, "kms", "CreateKey", in, &out); err != nil {
		return "", refused(err)
	}
	named := map[string]any{"AliasName": alias, "TargetKeyId": out.KeyMetadata.KeyId}
	err = client.Call(ctx, "kms", "CreateAlias", named, nil)
	var answer *call.Error
	switch {
	case errors.As(err, &answer) && answer.Code == "AlreadyExistsException":
		return "", console.Usagef("there is already a key %s, which stays as it is. To use it, write its alias. For another key, write another alias", alias)
	case err != nil:
		return "", refused(err)
	}
	return out.KeyMetadata.Arn, nil
}

func (a *commands) localRole() *cli.Command {
	return &cli.Command{
		Name:      "role",
		Usage:     "create a role and enforce permissions: from then on, unknown credentials are refused",
		UsageText: "bundle local role NAME [--policy FILE] [options]",
		ArgsUsage: "NAME",
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
