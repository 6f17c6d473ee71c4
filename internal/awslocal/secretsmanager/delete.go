package secretsmanager

import (
	"strconv"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// The recovery window in days.
const (
	leastWindow   = 7
	mostWindow    = 30
	defaultWindow = 30
)

type deleteInput struct {
	SecretId                   *string
	RecoveryWindowInDays       *int
	ForceDeleteWithoutRecovery bool
}

type deleteOutput struct {
	ARN          string
	DeletionDate epoch
	Name         string
}

func (in *deleteInput) keys() []conditionKeys {
	keys := []conditionKeys{}
	if in.RecoveryWindowInDays != nil {
		days := strconv.Itoa(*in.RecoveryWindowInDays)
		keys = append(keys, condition("secretsmanager:RecoveryWindowInDays", &days))
	}
	force := strconv.FormatBool(in.ForceDeleteWithoutRecovery)
	return append(keys, condition("secretsmanager:ForceDeleteWithoutRecovery", &force))
}

// deleteSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html.
func (s *Service) deleteSecret(req *call.Request, in *deleteInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	if err := c.err(); err != nil {
		return nil, err
	}
	r, err := parseReference(req, *in.SecretId)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(req, r)
	if err := authorize(req, req.Operation, r, x, in.keys()...); err != nil {
		return nil, err
	}
	days := defaultWindow
	switch {
	case in.RecoveryWindowInDays == nil:
	case in.ForceDeleteWithoutRecovery:
		return nil, invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case *in.RecoveryWindowInDays < leastWindow, *in.RecoveryWindowInDays > mostWindow:
		return nil, invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	default:
		days = *in.RecoveryWindowInDays
	}
	switch {
	case in.ForceDeleteWithoutRecovery && x == nil: // AWS answers as if it had been there
		return deleteOutput{r.arn + "-" + newSuffix(), epoch(instant(req)), r.asked}, nil
	case x == nil:
		return nil, notFound()
	case x.replicated() != nil:
		return nil, x.replicated()
	case in.ForceDeleteWithoutRecovery, x.Primary != "": // a replica has no recovery window
		s.unlink(x)
		s.drop(req, x)
		return deleteOutput{x.ARN, epoch(instant(req)), x.Name}, nil
	case x.deleted():
		return nil, markedDeleted()
	}
	x.Deletion = instant(req).Add(time.Duration(days) * 24 * time.Hour)
	s.changed(req, x)
	return deleteOutput{x.ARN, epoch(x.Deletion), x.Name}, nil
}

// restoreSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html.
func (s *Service) restoreSecret(req *call.Request, in *idInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.named(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	x.Deletion = time.Time{}
	s.changed(req, x)
	return map[string]any{"ARN": x.ARN, "Name": x.Name}, nil
}
