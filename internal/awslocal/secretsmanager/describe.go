package secretsmanager

import (
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type idInput struct{ SecretId *string }

func (in *idInput) check() error {
	var c check
	c.secretID(in.SecretId)
	return c.err()
}

// description is what DescribeSecret and ListSecrets say of a secret, without the labels of its versions.
type description struct {
	ARN              string
	CreatedDate      epoch
	DeletedDate      epoch  `json:",omitzero"`
	Description      string `json:",omitempty"`
	KmsKeyId         string `json:",omitempty"`
	LastAccessedDate epoch  `json:",omitzero"`
	LastChangedDate  epoch
	Name             string
	OwningService    string `json:",omitempty"`
	PrimaryRegion    string `json:",omitempty"`
	rotationReply
	Tags []tag  `json:",omitzero"`
	Type string `json:",omitempty"`
}

func (x *secret) describe() description {
	return description{
		rotationReply: x.Rotation.reply(),
		ARN:           x.ARN, CreatedDate: epoch(x.Created), DeletedDate: epoch(x.Deletion), Description: x.Description, KmsKeyId: x.KeyID,
		LastAccessedDate: epoch(x.Accessed), LastChangedDate: epoch(x.Changed), Name: x.Name, OwningService: x.OwningService, PrimaryRegion: x.primaryRegion(),
		Tags: slices.Clone(x.Tags), Type: x.Type,
	}
}

// labels are the labels of the versions that have some, also of those without a value. It is nil if there are none.
func (x *secret) labels() map[string][]string {
	var all map[string][]string
	for _, v := range x.Versions {
		if len(v.Stages) == 0 {
			continue
		}
		if all == nil {
			all = map[string][]string{}
		}
		all[v.ID] = v.Stages
	}
	return all
}

// describeSecret is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html.
func (s *Service) describeSecret(req *call.Request, in *idInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	x, err := s.named(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	return struct {
		description
		ReplicationStatus  []replicaReply      `json:",omitempty"`
		VersionIdsToStages map[string][]string `json:",omitempty"`
	}{x.describe(), s.replication(x), x.labels()}, nil
}

type versionsInput struct {
	SecretId          *string
	MaxResults        *int
	NextToken         *string
	IncludeDeprecated bool
}

type versionReply struct {
	CreatedDate      epoch
	KmsKeyIds        []string
	LastAccessedDate epoch `json:",omitzero"`
	VersionId        string
	VersionStages    []string `json:",omitempty"`
}

// listSecretVersionIDs is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html.
func (s *Service) listSecretVersionIDs(req *call.Request, in *versionsInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.page(in.MaxResults, in.NextToken, maxPage)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	x, err := s.named(req, in.SecretId)
	if err != nil {
		return nil, err
	}
	all := []versionReply{}
	for _, v := range x.Versions {
		if v.Value == nil || len(v.Stages) == 0 && !in.IncludeDeprecated {
			continue
		}
		key := v.KeyID
		if key == "" {
			key = "DefaultEncryptionKey"
		}
		all = append(all, versionReply{epoch(v.Created), []string{key}, epoch(v.Accessed), v.ID, v.Stages})
	}
	page, next, err := paged(all, in.MaxResults, in.NextToken, x.ARN)
	if err != nil {
		return nil, err
	}
	return struct {
		ARN, Name string
		NextToken string `json:",omitempty"`
		Versions  []versionReply
	}{x.ARN, x.Name, next, page}, nil
}
