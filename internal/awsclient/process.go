package awsclient

import (
	"context"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// process returns the credentials of a profile that has a credential_process, or
// leads to one. The SDK's own provider would pass bundle's standard error to the
// program, and what a program writes there may hold credentials:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
// Only a terminal gets it, because a person may have to type a code.
func process(cfg aws.Config, profile *config.SharedConfig, terminal io.Writer) aws.CredentialsProvider {
	if profile.Source != nil {
		cfg.Credentials = process(cfg, profile.Source, terminal)
	} else {
		cfg.Credentials = aws.NewCredentialsCache(processcreds.NewProviderCommand(program(profile.CredentialProcess, terminal)))
	}
	if profile.RoleARN == "" {
		return cfg.Credentials
	}
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), profile.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = profile.RoleSessionName
		if profile.ExternalID != "" {
			o.ExternalID = aws.String(profile.ExternalID)
		}
		if d := profile.RoleDurationSeconds; d != nil && *d > stscreds.DefaultDuration {
			o.Duration = *d
		}
	}))
}

// program prepares a credential_process.
func program(command string, terminal io.Writer) processcreds.NewCommandBuilder {
	return processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{command}}.NewCommand(ctx)
		if err != nil {
			return nil, err
		}
		cmd.Stdin, cmd.Stderr = nil, nil
		cmd.Stdout = &limited{left: 64 << 10} // the SDK reads all of it
		if terminal != nil {
			cmd.Stdin, cmd.Stderr = os.Stdin, terminal
		}
		cmd.WaitDelay = time.Second // for processes that it started and left running
		return cmd, nil
	})
}
