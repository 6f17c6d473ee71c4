package secretsmanager

import (
	"bytes"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// valueInput has the members of a value in a request.
type valueInput struct {
	SecretBinary []byte
	SecretString *string
}

func (in *valueInput) given() bool { return in.SecretBinary != nil || in.SecretString != nil }

// check checks the sizes. It quotes nothing of the value.
func (in *valueInput) check(c *check) {
	if in.SecretBinary != nil {
		c.size("", "secretBinary", len(in.SecretBinary), 1, maxValue)
	}
	if in.SecretString != nil {
		c.size("", "secretString", len(*in.SecretString), 1, maxValue)
	}
}

// single refuses a value in both members.
func (in *valueInput) single() error {
	if in.SecretBinary != nil && in.SecretString != nil {
		return invalidParameter("You can't specify both a binary secret value and a string secret value in the same secret.")
	}
	return nil
}

func (in *valueInput) plaintext() []byte {
	if in.SecretString != nil {
		return []byte(*in.SecretString)
	}
	return in.SecretBinary
}

// token checks the ClientRequestToken, which SDKs make if the caller does not.
func token(token *string) (string, error) {
	if token == nil || *token == "" {
		return "", invalidRequest(needToken)
	}
	return *token, nil
}

const needToken = "You must provide a ClientRequestToken value. We recommend a UUID-type value."

type putInput struct {
	SecretId           *string
	ClientRequestToken *string
	VersionStages      []string
	RotationToken      *string
	valueInput
}

// putSecretValue is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html.
func (s *Service) putSecretValue(req *call.Request, in *putInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.token(in.ClientRequestToken)
	c.rotationToken(in.RotationToken)
	in.check(&c)
	if in.VersionStages != nil {
		c.size(" '"+quoted(in.VersionStages)+"'", "versionStages", len(in.VersionStages), 1, maxStages)
		for i := range in.VersionStages {
			c.stage("versionStages", &in.VersionStages[i])
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.named(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	id, err := token(in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	switch {
	case x.deleted():
		return nil, markedDeleted()
	case !in.given():
		return nil, invalidRequest("You must provide either SecretString or SecretBinary.")
	}
	if err := in.single(); err != nil {
		return nil, err
	}
	if err := x.unmanaged(); err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	stages := in.VersionStages
	if stages == nil {
		stages = []string{current}
	}
	v, err := s.add(req, x, id, &in.valueInput, stages)
	if err != nil {
		return nil, err
	}
	s.changed(req, x)
	return struct {
		ARN, Name, VersionId string
		VersionStages        []string `json:",omitempty"`
	}{x.ARN, x.Name, v.ID, v.Stages}, nil
}

// add adds a version with a value and labels. A version that has the ID already must have the same value: a version never changes.
func (s *Service) add(req *call.Request, x *secret, id string, in *valueInput, stages []string) (*version, error) {
	if err := ownKey(req, x, x.KeyID); err != nil {
		return nil, err
	}
	v, plaintext := x.version(id), in.plaintext()
	if v != nil && v.Value != nil {
		same, err := s.holds(req, x, v, in)
		if err == nil && !same {
			err = taken(x, id)
		}
		return v, err
	}
	value, err := s.seal(req, x.ARN, id, x.KeyID, plaintext)
	if err != nil {
		return nil, err
	}
	if v == nil {
		v = &version{ID: id, Created: instant(req)}
		x.Versions = append(x.Versions, v)
		x.prune(req.Now)
	}
	v.Value, v.Binary, v.KeyID = value, in.SecretBinary != nil, x.KeyID
	if x.staged(current) == nil && !slices.Contains(stages, current) { // the first version is the current one, whatever its labels are
		stages = append([]string{current}, stages...)
	}
	for _, stage := range stages {
		x.attach(stage, v, instant(req))
	}
	return v, nil
}

// holds reports whether a version has the value of a request.
func (s *Service) holds(req *call.Request, x *secret, v *version, in *valueInput) (bool, error) {
	if v.Value == nil || v.Binary != (in.SecretBinary != nil) {
		return false, nil
	}
	plaintext, err := s.open(req, x.ARN, v)
	return bytes.Equal(plaintext, in.plaintext()), err
}

// prune removes the oldest versions without labels beyond 100, unless they are younger than a day
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
func (x *secret) prune(now time.Time) {
	over := len(x.Versions) - 100
	x.Versions = slices.DeleteFunc(x.Versions, func(v *version) bool {
		old := over > 0 && len(v.Stages) == 0 && now.Sub(v.Created) > 24*time.Hour
		if old {
			over--
		}
		return old
	})
}

// unmanaged refuses a change to a secret that another service manages.
func (x *secret) unmanaged() error {
	if x.OwningService == "" {
		return nil
	}
	return invalidRequest("The secret is managed by another service (%s). Use that service to update it.", x.OwningService)
}
