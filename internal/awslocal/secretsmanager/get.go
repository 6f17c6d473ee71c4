package secretsmanager

import (
	"slices"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type getInput struct {
	SecretId     *string
	VersionId    *string
	VersionStage *string
}

// valueReply is the reply of GetSecretValue. It has one of the two values: SecretBinary of a version that was put as binary.
type valueReply struct {
	ARN           string
	CreatedDate   epoch
	Name          string
	SecretBinary  []byte  `json:",omitempty"`
	SecretString  *string `json:",omitempty"`
	VersionId     string
	VersionStages []string `json:",omitempty"`
}

// getSecretValue is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html.
func (s *Service) getSecretValue(req *call.Request, in *getInput) (any, error) {
	reply, err := s.value(req, in)
	if err != nil {
		return nil, err
	}
	return reply, nil
}

func (s *Service) value(req *call.Request, in *getInput) (*valueReply, error) {
	var c check
	c.secretID(in.SecretId)
	c.versionID("versionId", in.VersionId)
	c.stage("versionStage", in.VersionStage)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock() // the day of the last access may change
	defer s.mu.Unlock()
	x, err := s.usable(req, in.SecretId, condition("secretsmanager:VersionId", in.VersionId), condition("secretsmanager:VersionStage", in.VersionStage))
	if err != nil {
		return nil, err
	}
	v, err := x.selected(in)
	if err != nil {
		return nil, err
	}
	if err := ownKey(req, x, v.KeyID); err != nil {
		return nil, err
	}
	plaintext, err := s.open(req, x.ARN, v)
	if err != nil {
		return nil, err
	}
	x.Accessed = req.Now.UTC().Truncate(24 * time.Hour)
	v.Accessed = x.Accessed
	reply := &valueReply{ARN: x.ARN, CreatedDate: epoch(v.Created), Name: x.Name, VersionId: v.ID, VersionStages: v.Stages}
	if v.Binary {
		reply.SecretBinary = plaintext
	} else {
		value := string(plaintext)
		reply.SecretString = &value
	}
	return reply, nil
}

// selected returns the version that a request means: the current one if it says nothing.
func (x *secret) selected(in *getInput) (*version, error) {
	if in.VersionId != nil {
		v := x.version(*in.VersionId)
		switch {
		case v == nil || v.Value == nil:
			return nil, noValue("VersionId", *in.VersionId)
		case in.VersionStage != nil && !slices.Contains(v.Stages, *in.VersionStage):
			return nil, invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.")
		}
		return v, nil
	}
	stage := current
	if in.VersionStage != nil {
		stage = *in.VersionStage
	}
	v := x.staged(stage)
	if v == nil || v.Value == nil {
		return nil, noValue("staging label", stage)
	}
	return v, nil
}
