package ssm

import (
	"errors"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/secretsmanager"
)

// referenced answers a reference to a secret of Secrets Manager
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html). The reply has the value twice.
func (s *Service) referenced(req *call.Request, r reference, decrypt bool) (parameterReply, error) {
	if !decrypt {
		return parameterReply{}, call.NewError("ValidationException", "WithDecryption flag must be True for retrieving a Secret Manager secret.")
	}
	found, err := s.secrets.ReferenceFor(req, strings.TrimPrefix(r.name, secretsPrefix), r.selector)
	var refused *call.Error
	switch {
	case errors.Is(err, secretsmanager.ErrMissing):
		return parameterReply{}, call.NewError("ParameterNotFound", "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret "+
			strings.TrimPrefix(r.name, "/")+"null not found.")
	case errors.Is(err, secretsmanager.ErrDeleted):
		return parameterReply{}, call.NewError("ValidationException", "Invalid Request to Secrets Manager")
	case errors.As(err, &refused):
		return parameterReply{}, call.NewError("ValidationException", "An error occurred while calling one AWS dependency service.")
	case err != nil:
		return parameterReply{}, err
	}
	reply := parameterReply{ARN: found.ARN, LastModifiedDate: epoch(found.Created), Name: r.name, SourceResult: found.Source, Type: secureString}
	if r.selector != "" {
		reply.Selector = ":" + r.selector
	}
	if found.Text != nil {
		reply.Value = *found.Text
	}
	return reply, nil
}

// referencedAll answers the references to secrets among the names of a call, and lists those that cannot be read without decryption or
// do not exist. Any other error fails the whole call.
func (s *Service) referencedAll(req *call.Request, refs []reference, decrypt bool) (replies []parameterReply, invalid []string, err error) {
	replies = make([]parameterReply, 0, len(refs))
	for i, r := range refs {
		if !r.secret || contains(refs[:i], r) {
			continue
		}
		reply, err := s.referenced(req, r, decrypt)
		var refused *call.Error
		switch {
		case err == nil:
			replies = append(replies, reply)
		case errors.As(err, &refused) && (!decrypt || refused.Code == "ParameterNotFound"):
			invalid = append(invalid, r.asked)
		default:
			return nil, nil, err
		}
	}
	return replies, invalid, nil
}

func contains(refs []reference, r reference) bool {
	for _, other := range refs {
		if other.name == r.name && other.selector == r.selector {
			return true
		}
	}
	return false
}
