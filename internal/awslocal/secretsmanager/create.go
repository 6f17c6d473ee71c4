package secretsmanager

import (
	"github.com/whispering/bundle/internal/awslocal/call"
)

type createInput struct {
	Name                        *string
	ClientRequestToken          *string
	Description                 *string
	KmsKeyId                    *string
	Tags                        []tag
	Type                        *string
	CrossAccountPrimaryARN      *string
	AddReplicaRegions           []replicaRegion
	ForceOverwriteReplicaSecret bool
	valueInput

	suffix string // of the ARN; "" for a random one
}

func (in *createInput) check() error {
	var c check
	c.required("name", in.Name, maxName)
	c.token(in.ClientRequestToken)
	c.length("description", in.Description, 0, maxDescription)
	c.length("kmsKeyId", in.KmsKeyId, 0, maxID)
	c.length("type", in.Type, 0, maxType)
	in.valueInput.check(&c)
	c.tags(in.Tags)
	if in.AddReplicaRegions != nil {
		c.regions(in.AddReplicaRegions)
	}
	if err := c.err(); err != nil {
		return err
	}
	if !namePattern.MatchString(*in.Name) {
		return invalidName()
	}
	return nil
}

// createSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
func (s *Service) createSecret(req *call.Request, in *createInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.CrossAccountPrimaryARN != nil {
		return nil, notBuilt("replicas of secrets of other accounts")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := reference{asked: *in.Name, arn: bareARN(req.Account, req.Region, *in.Name)}
	if err := in.authorize(req, r); err != nil {
		return nil, err
	}
	id, err := token(in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	if err := in.single(); err != nil {
		return nil, err
	}
	x := s.secrets[place(req.Account, req.Region)][*in.Name]
	if x != nil && !x.gone(req.Now) {
		return s.again(req, x, id, in)
	}
	return s.create(req, id, in)
}

// authorize checks the rights to make the secret, with tags.
func (in *createInput) authorize(req *call.Request, r reference) error {
	keys := []conditionKeys{condition("secretsmanager:Name", in.Name), condition("secretsmanager:Description", in.Description),
		condition("secretsmanager:KmsKeyId", in.KmsKeyId), requestTags(in.Tags), addedRegions(in.AddReplicaRegions)}
	if err := authorize(req, "CreateSecret", r, nil, keys...); err != nil {
		return err
	}
	if len(in.Tags) > 0 {
		if err := authorize(req, "TagResource", r, nil, keys...); err != nil {
			return err
		}
	}
	if len(in.AddReplicaRegions) > 0 {
		return authorize(req, "ReplicateSecretToRegions", r, nil, keys...)
	}
	return nil
}

// again answers a request for a secret that exists: the same request once more changes nothing.
func (s *Service) again(req *call.Request, x *secret, id string, in *createInput) (any, error) {
	if x.deleted() {
		return nil, invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	v := x.version(id)
	if v == nil || !in.given() {
		return nil, exists(x.Name)
	}
	same, err := s.holds(req, x, v, &in.valueInput)
	if err == nil && !same {
		err = exists(x.Name)
	}
	if err != nil {
		return nil, err
	}
	return createOutput{ARN: x.ARN, Name: x.Name, VersionId: v.ID}, nil
}

type createOutput struct {
	ARN, Name         string
	VersionId         string         `json:",omitempty"`
	ReplicationStatus []replicaReply `json:",omitempty"`
}

func (s *Service) create(req *call.Request, id string, in *createInput) (any, error) {
	suffix := in.suffix
	if suffix == "" {
		suffix = newSuffix()
	}
	x := &secret{
		Name: *in.Name, ARN: bareARN(req.Account, req.Region, *in.Name) + "-" + suffix, Account: req.Account, Region: req.Region,
		Description: text(in.Description), Type: text(in.Type), KeyID: keyID(req, in.KmsKeyId), Created: instant(req), Changed: instant(req),
		Versions: []*version{},
	}
	if err := x.tag(in.Tags); err != nil {
		return nil, err
	}
	if err := s.validate(req, x.ARN, x.KeyID); err != nil {
		return nil, err
	}
	out := createOutput{ARN: x.ARN, Name: x.Name}
	if in.given() {
		v, err := s.add(req, x, id, &in.valueInput, []string{current})
		if err != nil {
			return nil, err
		}
		out.VersionId = v.ID
	}
	if err := s.addReplicas(req, x, in.AddReplicaRegions, in.ForceOverwriteReplicaSecret); err != nil {
		return nil, err
	}
	s.put(x)
	s.changed(req, x)
	out.ReplicationStatus = s.replication(x)
	return out, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
