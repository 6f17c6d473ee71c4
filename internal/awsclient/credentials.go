package awsclient

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/whispering/bundle/internal/awsfault"
)

// ErrCredentials reports that there are no credentials, or that AWS does not
// accept them.
var ErrCredentials error = noCredentials{}

type noCredentials struct{}

func (noCredentials) Error() string          { return "no usable AWS credentials" }
func (noCredentials) CredentialsError() bool { return true }

// marked gives out credentials, and marks its errors as being about credentials
// unless it was merely out of reach.
type marked struct {
	aws.CredentialsProvider
	what string
}

func (m marked) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := m.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	switch awsfault.Classify(err) {
	case awsfault.Canceled, awsfault.Throttled, awsfault.Unavailable, awsfault.Malformed:
		return c, err
	}
	return c, &credentialsError{m.what, err}
}

// credentialsError is recognised by awsfault by its method CredentialsError.
type credentialsError struct {
	what string
	err  error
}

func (e *credentialsError) Error() string {
	var operation *smithy.OperationError
	if errors.As(e.err, &operation) && operation.ServiceID == "ec2imds" {
		return e.what + ": there are none in the environment, the shared files, a web identity or a container" +
			" (for the role of an EC2 instance, set AWS_EC2_METADATA_DISABLED=false)"
	}
	var api smithy.APIError
	if errors.As(e.err, &api) {
		return e.what + ": " + api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return e.what + ": " + e.err.Error()
}

func (e *credentialsError) Unwrap() error          { return e.err }
func (e *credentialsError) Is(target error) bool   { return target == ErrCredentials }
func (e *credentialsError) CredentialsError() bool { return true }
