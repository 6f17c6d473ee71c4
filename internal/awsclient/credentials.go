package awsclient

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/whispering/bundle/internal/awsfault"
)

// ErrCredentials reports that there are no credentials, or that AWS does not
// accept them.
var ErrCredentials error = &told{"no usable AWS credentials", awsfault.Credentials}

// A Provider is where credentials come from.
type Provider int

// The providers of credentials.
const (
	Nowhere       Provider = iota // nothing is configured
	Environment                   // AWS_ACCESS_KEY_ID and its like
	SharedFiles                   // keys of a profile
	Process                       // credential_process of a profile
	SSO                           // IAM Identity Center
	Login                         // aws login
	WebIdentity                   // a token file, exchanged for a role's credentials
	Container                     // the credentials endpoint of a container
	Metadata                      // that of an EC2 instance
	Role                          // a role that other credentials assume
	Configuration                 // none was reached: a setting is wrong
)

// A CredentialsError says which provider of credentials failed. It holds nothing
// of what the provider, a program, a file or a server said, all of which may
// hold credentials; only AWS's error code.
type CredentialsError struct {
	Provider Provider
	Profile  string // the one that was chosen, "" for none or one whose name is not fit to print
	Role     string // ARN of the role that cannot be assumed, "" if that is not known
	Setting  string // the variable or profile setting that is wrong, "" if that is not known
	Code     string // AWS's, "" if there is none
	Status   int    // of the HTTP reply, 0 if there is none
	Network  string // why there is no reply, "" if there is one or none was asked for
	endless  string // what the setting names that a reader may never see the end of, "" if that is not it
	class    awsfault.Class

	session string   // name of the session that the role is assumed as, "" if that is not known
	rights  []string // that the role's trust policy has to allow; none: sts:AssumeRole
}

// Error says what failed, and what to do about it.
func (e *CredentialsError) Error() string {
	what, remedy := e.words()
	if remedy == "" {
		return what
	}
	return what + ". " + strings.TrimSuffix(remedy, ".")
}

// Remedy says what to do about it.
func (e *CredentialsError) Remedy() string {
	_, remedy := e.words()
	return remedy
}

// AssumedRole is the ARN of the role that cannot be assumed; "" if that is not
// known, or not what failed.
func (e *CredentialsError) AssumedRole() string {
	if e.Provider != Role {
		return ""
	}
	return e.Role
}

// Class tells a provider that refuses from one that does not answer.
func (e *CredentialsError) Class() awsfault.Class { return e.class }

// Is reports an ErrCredentials, unless the provider was merely out of reach.
func (e *CredentialsError) Is(target error) bool {
	return target == ErrCredentials && e.class == awsfault.Credentials
}

// explained gives out credentials, and says in words of ours why there are none.
type explained struct {
	aws.CredentialsProvider
	explain func(error) *CredentialsError
	from    string // behind "credentials": whom they come from
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

// A told error is an error of AWS in words of ours.
type told struct {
	text  string
	class awsfault.Class
}

func (e *told) Error() string         { return e.text }
func (e *told) Class() awsfault.Class { return e.class }

// A refusal is a failed call that may be one for want of credentials.
type refusal struct{ *awsfault.Failure }

// Unwrap returns the failure.
func (r *refusal) Unwrap() error { return r.Failure }

// Is reports an ErrCredentials.
func (r *refusal) Is(target error) bool {
	return target == ErrCredentials && r.Class() == awsfault.Credentials
}

// Credentials returns the credentials that calls of a configuration are made
// with. Where the context ends first, the error says what was waited for.
func Credentials(ctx context.Context, cfg aws.Config) (aws.Credentials, error) {
	ctx, wait := awsfault.WithWait(ctx)
	found, err := cfg.Credentials.Retrieve(ctx)
	if err != nil && ctx.Err() != nil {
		err = &awsfault.Asked{Operation: "kms:Decrypt", Until: cmp.Or(wait.For(), "credentials"), Err: ctx.Err()}
	}
	return found, err
}
