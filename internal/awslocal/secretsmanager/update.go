package secretsmanager

import (
	"errors"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type updateInput struct {
	SecretId           *string
	ClientRequestToken *string
	Description        *string
	KmsKeyId           *string
	Type               *string
	valueInput
}

func (in *updateInput) check() error {
	var c check
	c.secretID(in.SecretId)
	c.token(in.ClientRequestToken)
	c.length("description", in.Description, 0, maxDescription)
	c.length("kmsKeyId", in.KmsKeyId, 0, maxID)
	c.length("type", in.Type, 0, maxType)
	in.valueInput.check(&c)
	return c.err()
}

// updateSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html.
func (s *Service) updateSecret(req *call.Request, in *updateInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.named(req, in.SecretId, condition("secretsmanager:Description", in.Description), condition("secretsmanager:KmsKeyId", in.KmsKeyId))
	if err != nil {
		return nil, err
	}
	id, err := token(in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	if x.deleted() {
		return nil, markedDeleted()
	}
	if err := in.single(); err != nil {
		return nil, err
	}
	if err := x.unmanaged(); err != nil {
		return nil, err
	}
	if in.given() || in.Description != nil || in.Type != nil { // a replica has only its key for itself
		if err := x.writable(); err != nil {
			return nil, err
		}
	}
	if v := x.version(id); in.given() && v != nil && v.Value != nil {
		return nil, taken(x, id)
	}
	if in.KmsKeyId != nil {
		if err := s.rekey(req, x, keyID(req, in.KmsKeyId)); err != nil {
			return nil, err
		}
	}
	out := createOutput{ARN: x.ARN, Name: x.Name}
	if in.given() {
		v, err := s.add(req, x, id, &in.valueInput, []string{current})
		if err != nil {
			return nil, err
		}
		out.VersionId = v.ID
	}
	if in.Description != nil {
		x.Description = *in.Description
	}
	if in.Type != nil {
		x.Type = *in.Type
	}
	s.changed(req, x)
	return out, nil
}

// rekey seals the versions with the labels of Secrets Manager under another key, unless the caller lacks kms:Encrypt for it: then only later
// versions are under it. They keep their IDs and dates.
func (s *Service) rekey(req *call.Request, x *secret, keyID string) error {
	if err := ownKey(req, x, keyID); err != nil {
		return err
	}
	if err := s.validate(req, x.ARN, keyID); err != nil {
		return err
	}
	encrypts, err := s.encrypts(req, x.ARN, keyID)
	if err != nil {
		return err
	}
	resealed := map[*version]*sealed{}
	for _, stage := range []string{current, pending, previous} {
		v := x.staged(stage)
		if v == nil || v.Value == nil || !encrypts {
			continue
		}
		plaintext, err := s.open(req, x.ARN, v)
		if err != nil {
			return err
		}
		if resealed[v], err = s.seal(req, x.ARN, v.ID, keyID, plaintext); err != nil {
			return err
		}
	}
	for v, value := range resealed {
		v.Value, v.KeyID = value, keyID
	}
	x.KeyID = keyID
	return nil
}

// encrypts reports whether the caller has kms:Encrypt for a key, without which UpdateSecret does not seal what is there again.
func (s *Service) encrypts(req *call.Request, arn, keyID string) (bool, error) {
	if s.options.Trial {
		return false, nil
	}
	key, err := s.keyOf(req, keyID)
	if err != nil {
		return false, err
	}
	err = fromKMS("EncryptionFailure", s.kms.DryRunFor(req, "Encrypt", key, []byte(validation), contextOf(arn, validation)))
	if e := (*call.Error)(nil); errors.As(err, &e) && e.Code == "AccessDeniedException" {
		return false, nil
	}
	return err == nil, err
}
