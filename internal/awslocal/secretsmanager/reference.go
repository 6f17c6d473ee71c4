package secretsmanager

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Referenced is a version of a secret that a parameter refers to.
type Referenced struct {
	ARN     string
	Text    *string // nil for a binary value
	Source  string  // the reply of GetSecretValue as JSON
	Created time.Time
}

// The errors of ReferenceFor.
var (
	ErrMissing = errors.New("the secret or its version does not exist")
	ErrDeleted = errors.New("the secret is marked for deletion")
)

// ReferenceFor reads the version of a secret that a parameter refers to, as the caller of a request to Parameter Store. selector is the
// ID of a version, a label, or "" for the current version. Other errors than those above are of the rights to the secret or its key.
func (s *Service) ReferenceFor(req *call.Request, name, selector string) (Referenced, error) {
	inner := *req
	inner.ID, inner.Service, inner.Operation, inner.Body = "", "secretsmanager", "GetSecretValue", nil
	in := &getInput{SecretId: &name}
	switch {
	case selector == "":
	case s.hasVersion(&inner, name, selector):
		in.VersionId = &selector
	default:
		in.VersionStage = &selector
	}
	reply, err := s.value(&inner, in)
	var e *call.Error
	switch {
	case err == nil:
	case !errors.As(err, &e):
		return Referenced{}, err
	case e.Code == "ResourceNotFoundException", e.Code == "ValidationException":
		return Referenced{}, ErrMissing
	case e.Code == "InvalidRequestException":
		return Referenced{}, ErrDeleted
	default:
		return Referenced{}, err
	}
	source, err := json.Marshal(reply)
	return Referenced{reply.ARN, reply.SecretString, string(source), time.Time(reply.CreatedDate)}, err
}

func (s *Service) hasVersion(req *call.Request, name, id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	x := s.secrets[place(req.Account, req.Region)][name]
	return x != nil && x.version(id) != nil
}

// MoveBack moves AWSCURRENT of a secret to the version that has AWSPREVIOUS, as if something else did while a client works with it.
func (s *Service) MoveBack(req *call.Request, id string) error {
	r, err := parseReference(req, id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(req, r)
	if x == nil {
		return notFound()
	}
	v := x.staged(previous)
	if v == nil {
		return noValue("staging label", previous)
	}
	x.attach(current, v, instant(req))
	s.changed(req, x)
	return nil
}
