package awsclient

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awsfault"
)

// ErrCredentials means that there are no credentials, or that AWS does not accept
// them.
var ErrCredentials error = &told{"no usable AWS credentials", awsfault.Credentials}

// A Provider is a source of credentials.
type Provider int

// The providers of credentials.
const (
	Nowhere       Provider = iota // nothing is configured
	Environment                   // AWS_ACCESS_KEY_ID and related variables
	SharedFiles                   // keys of a profile
	Process                       // credential_process of a profile
	SSO                           // IAM Identity Center
	Login                         // aws login
	WebIdentity                   // a token file, exchanged for a role's credentials
	Container                     // the credentials endpoint of a container
	Metadata                      // the metadata service of an EC2 instance
	Role                          // a role that other credentials assume
	Configuration                 // none was asked: a setting is wrong
)

// A CredentialsError says which provider of credentials failed. It has nothing of
// the output of the provider, a program, a file or a server, all of which may hold
// credentials; only AWS's error code.
type CredentialsError struct {
	Provider Provider
	Profile  string // the chosen profile; "" if there is none, or its name is not safe to print
	Role     string // ARN of the role that cannot be assumed; "" if unknown
	Setting  string // the variable or profile setting that is wrong; "" if unknown
	Code     string // AWS's error code; "" if there is none
	Request  string // ID of AWS's request; "" if there is none
	Status   int    // of the HTTP reply, 0 if there is none
	Network  string // why there is no reply; "" if there is one, or nothing was sent
	endless  string // says that the setting names a pipe or a device; "" if it does not
	class    awsfault.Class

	session string   // session name of the role; "" if unknown
	rights  []string // actions that the role's trust policy must allow; empty means sts:AssumeRole
}

// Error returns what failed and what to do about it.
func (e *CredentialsError) Error() string {
	what, remedy := e.words()
	if remedy == "" {
		return what
	}
	return what + ". " + strings.TrimSuffix(remedy, ".")
}

// Remedy returns what to do about it.
func (e *CredentialsError) Remedy() string {
	_, remedy := e.words()
	return remedy
}

// AssumedRole returns the ARN of the role that cannot be assumed; "" if it is
// unknown, or something else failed.
func (e *CredentialsError) AssumedRole() string {
	if e.Provider != Role {
		return ""
	}
	return e.Role
}

// Class distinguishes a provider that refuses from one that does not answer.
func (e *CredentialsError) Class() awsfault.Class { return e.class }

// Is matches ErrCredentials, unless the provider could not be reached.
func (e *CredentialsError) Is(target error) bool {
	return target == ErrCredentials && e.class == awsfault.Credentials
}

// explained returns credentials, and explains in bundle's own words why there are none.
type explained struct {
	aws.CredentialsProvider
	explain func(error) *CredentialsError
	from    string // follows "credentials": where they come from
}

// Retrieve implements aws.CredentialsProvider.
func (p explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.CredentialsProvider.Retrieve(ctx)
	if err == nil && c.HasKeys() {
		return c, nil
	}
	var known *CredentialsError
	switch {
	case ctx.Err() != nil:
		awsfault.Waited(ctx, "credentials"+p.from)
		return aws.Credentials{}, ctx.Err()
	case errors.As(err, &known):
		return aws.Credentials{}, known
	}
	return aws.Credentials{}, p.explain(err)
}

// A told error is an error of AWS in bundle's own words.
type told struct {
	text  string
	class awsfault.Class
}

func (e *told) Error() string         { return e.text }
func (e *told) Class() awsfault.Class { return e.class }

// A refusal is a failed call, perhaps because there are no valid credentials.
type refusal struct{ *awsfault.Failure }

// Unwrap returns the failure.
func (r *refusal) Unwrap() error { return r.Failure }

// Is matches ErrCredentials.
func (r *refusal) Is(target error) bool {
	return target == ErrCredentials && r.Class() == awsfault.Credentials
}

// Credentials returns the credentials that calls of a configuration are made
// with. If the context ends first, the error says what Credentials was waiting for.
func Credentials(ctx context.Context, cfg aws.Config) (aws.Credentials, error) {
	ctx, wait := awsfault.WithWait(ctx)
	found, err := cfg.Credentials.Retrieve(ctx)
	if err != nil && ctx.Err() != nil {
		err = &awsfault.Asked{Operation: "kms:Decrypt", Until: cmp.Or(wait.For(), "credentials"), Err: ctx.Err()}
	}
	return found, err
}
