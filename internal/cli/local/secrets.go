package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/cli/values"
	"github.com/whispering/bundle/pipeline/problem"
)

// secretsFlag is the flag with which a command works on secrets of Secrets Manager instead of parameters.
func secretsFlag() cli.Flag {
	return &cli.BoolFlag{Name: "secretsmanager", Usage: "work on secrets of Secrets Manager instead of parameters"}
}

// A storedSecret is a secret as the embedded AWS describes it.
type storedSecret struct {
	Name                   string
	ARN                    string
	KmsKeyId               string
	LastChangedDate        float64
	VersionIdsToStages     map[string][]string
	SecretVersionsToStages map[string][]string // in place of the other in lists
}

// current is the ID of the version with AWSCURRENT, or "".
func (s *storedSecret) current() string {
	for _, versions := range []map[string][]string{s.VersionIdsToStages, s.SecretVersionsToStages} {
		for id, stages := range versions {
			if slices.Contains(stages, "AWSCURRENT") {
				return id
			}
		}
	}
	return ""
}

// putSecret puts a secret, or a new current version of it.
func (a *commands) putSecret(c *cli.Context, name string) error {
	for _, flag := range []string{"type", "tier", "data-type"} {
		if c.IsSet(flag) {
			return console.Usagef("--%s is for parameters: remove it, or --secretsmanager", flag)
		}
	}
	read, _, err := values.ReadOne(c.Context, a.Console, name, console.Text(c, "from"))
	if err != nil {
		return err
	}
	in := map[string]any{"ClientRequestToken": newVersionID()}
	if value := read.Reveal(); utf8.Valid(value) {
		in["SecretString"] = strings.TrimSuffix(string(value), "\n") // which editors and echo add
	} else {
		in["SecretBinary"] = value
	}
	return a.withLocal(c, func(ctx context.Context, client *awslocal.Client) error {
		operation := "CreateSecret"
		if _, err := describeSecret(ctx, client, name); err == nil {
			operation, in["SecretId"] = "UpdateSecret", name
		} else {
			in["Name"] = name
		}
		if console.Given(c, "key") {
			in["KmsKeyId"] = console.Text(c, "key")
		}
		var out struct{ VersionId string }
		if err := client.Call(ctx, "secretsmanager", operation, in, &out); err != nil {
			return refused(fmt.Errorf("%s: %w", name, awslocal.ExplainSecret(err, console.Text(c, "key"))))
		}
		return a.secretIsAt(name, out.VersionId)
	})
}

// secretIsAt answers with the version of a secret that was put; "" if it has no value.
func (a *commands) secretIsAt(name, id string) error {
	if id == "" {
		a.Hint("%s has no value", name)
	} else {
		a.Hint("%s is at version %s", name, id)
	}
	if !a.JSON() {
		return nil
	}
	return a.Answer(struct {
		Kind      string `json:"kind"`
		Name      string `json:"name"`
		VersionID string `json:"version_id"`
	}{"secretsmanager", name, id})
}

// newVersionID returns a random UUID, which is what SDKs make the ID of a version of.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func newVersionID() string {
	var b [16]byte
	rand.Read(b[:])                             // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4 and variant of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func describeSecret(ctx context.Context, client *awslocal.Client, name string) (s storedSecret, err error) {
	err = client.Call(ctx, "secretsmanager", "DescribeSecret", map[string]any{"SecretId": name}, &s)
	return s, err
}

// getSecret shows a secret or, with --reveal, its current value.
func (a *commands) getSecret(c *cli.Context, name string) error {
	return a.looking(c, func(ctx context.Context, client *awslocal.Client) error {
		if !c.Bool("reveal") {
			found, err := describeSecret(ctx, client, name)
			if err != nil {
				return aboutSecret(name, err)
			}
			return a.renderSecrets([]storedSecret{found})
		}
		var out struct {
			SecretString *string
			SecretBinary []byte
		}
		if err := client.Call(ctx, "secretsmanager", "GetSecretValue", map[string]any{"SecretId": name}, &out); err != nil {
			return aboutSecret(name, err)
		}
		value := out.SecretBinary
		if out.SecretString != nil {
			value = []byte(*out.SecretString + "\n")
		}
		return a.PrintVerbatim("the value", value)
	})
}

// listSecrets lists secrets whose names begin with a prefix, without their values.
func (a *commands) listSecrets(c *cli.Context) error {
	return a.looking(c, func(ctx context.Context, client *awslocal.Client) error {
		prefix := c.Args().First()
		in := map[string]any{"SortBy": "name", "SortOrder": "asc"}
		if prefix != "" {
			in["Filters"] = []map[string]any{{"Key": "name", "Values": []string{prefix}}}
		}
		all := []storedSecret{}
		for {
			var out struct {
				SecretList []storedSecret
				NextToken  string
			}
			if err := client.Call(ctx, "secretsmanager", "ListSecrets", in, &out); err != nil {
				return refused(err)
			}
			all = append(all, out.SecretList...)
			if out.NextToken == "" {
				break
			}
			in["NextToken"] = out.NextToken
		}
		if prefix != "" && len(all) == 0 {
			return console.Refuse(problem.Missing, nil, "Secret not found", "There is no secret in %s whose name begins with %q. "+
				"To list all, run bundle local list --secretsmanager without a name.", console.Text(c, "region"), prefix)
		}
		return a.renderSecrets(all)
	})
}

func (a *commands) renderSecrets(all []storedSecret) error {
	type row struct {
		Kind      string    `json:"kind"`
		Name      string    `json:"name"`
		ARN       string    `json:"arn"`
		VersionID string    `json:"version_id,omitempty"`
		Key       string    `json:"key"`
		Modified  time.Time `json:"modified"`
	}
	rows := make([]row, len(all))
	text := [][]string{{"NAME", "VERSION", "KEY", "MODIFIED"}}
	for i := range all {
		s := &all[i]
		key := s.KmsKeyId
		if key == "" {
			key = "alias/aws/secretsmanager"
		}
		rows[i] = row{"secretsmanager", s.Name, s.ARN, s.current(), key, time.UnixMilli(int64(s.LastChangedDate * 1000)).UTC()}
		version := s.current()
		if version == "" {
			version = "none"
		}
		if at := strings.Index(key, ":alias/"); at >= 0 {
			key = key[at+1:]
		}
		text = append(text, []string{s.Name, version, key, rows[i].Modified.Format(time.RFC3339)})
	}
	if a.JSON() {
		return a.Answer(struct {
			Secrets []row `json:"secrets"`
		}{rows})
	}
	return a.Stdout.Table(text)
}

// removeSecret deletes a secret at once, without a recovery window.
func removeSecret(ctx context.Context, client *awslocal.Client, name string) error {
	if _, err := describeSecret(ctx, client, name); err != nil {
		return aboutSecret(name, err)
	}
	err := client.Call(ctx, "secretsmanager", "DeleteSecret", map[string]any{"SecretId": name, "ForceDeleteWithoutRecovery": true}, nil)
	if err != nil {
		return aboutSecret(name, err)
	}
	return nil
}

// aboutSecret is refused for a call about one secret, which may not exist.
func aboutSecret(name string, err error) error {
	var answer *call.Error
	if errors.As(err, &answer) && answer.Code == "ResourceNotFoundException" {
		return console.Refuse(problem.Missing, nil, "Secret not found", "The embedded AWS has no secret %q with a value. "+
			"bundle local list --secretsmanager lists all.", name)
	}
	return refused(fmt.Errorf("%s: %w", name, err))
}
