package awsclient

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/whispering/bundle/internal/awsfault"
	"github.com/whispering/bundle/internal/plainfile"
)

// endless returns a variable whose file may block its reader forever or have no
// end: a pipe, or a device other than the null device. what describes the file.
func endless(environ []string) (variable, what string) {
	for _, file := range []struct{ variable, standard, name string }{
		{"AWS_CONFIG_FILE", config.DefaultSharedConfigFilename(), "~/.aws/config"},
		{"AWS_SHARED_CREDENTIALS_FILE", config.DefaultSharedCredentialsFilename(), "~/.aws/credentials"},
		{"AWS_CA_BUNDLE", "", ""}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "", ""}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "", ""},
	} {
		path, is := lookup(environ, file.variable), file.variable+" names"
		if path == "" {
			path, is = file.standard, file.name+" is"
		}
		if path == "" || path == os.DevNull {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeDevice) != 0 {
			return file.variable, is + " a " + plainfile.Kind(info.Mode()) + ", not a regular file"
		}
	}
	return "", ""
}

// load makes the SDK read the environment and profiles. The SDK ignores the context
// while it reads the files that a profile names.
func load(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	type loaded struct {
		cfg aws.Config
		err error
	}
	done := make(chan loaded, 1)
	go func() {
		cfg, err := config.LoadDefaultConfig(ctx, options...)
		done <- loaded{cfg, err}
	}()
	select {
	case l := <-done:
		return l.cfg, l.err
	case <-ctx.Done():
		return aws.Config{}, &awsfault.Asked{Operation: "the first call", Until: "a file that the AWS configuration names", Err: ctx.Err()}
	}
}

// A limited writer accepts left bytes, and refuses more.
type limited struct{ left int }

var errTooMuch = errors.New("too much output")

// Write implements io.Writer.
func (w *limited) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errTooMuch
	}
	return len(b), nil
}
