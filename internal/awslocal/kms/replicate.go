package kms

import (
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

type replicateInput struct {
	KeyId                          *string
	ReplicaRegion                  *string
	Description                    string
	Policy                         *string
	BypassPolicyLockoutSafetyCheck bool
	Tags                           []tag
}

var regionPattern = lazyregexp.New(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// replicateKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html. The replica has the ID
// and material of the primary key, and its own policies, grants, description and tags. As in AWS, the reply shows it in the
// state Creating, but here it can be used at once.
func (s *Service) replicateKey(r *call.Request, in *replicateInput) (any, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.ReplicaRegion == nil {
		return nil, constraint(" null", "replicaRegion", "not be null")
	}
	if len(*in.ReplicaRegion) > 32 || !regionPattern.MatchString(*in.ReplicaRegion) {
		return nil, constraint(" '"+*in.ReplicaRegion+"'", "replicaRegion", "satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(r.Now)
	k, err := s.findByID(r, ref)
	if err != nil {
		return nil, err
	}
	if err := s.allow(r, "ReplicateKey", k, condition("kms:ReplicaRegion", *in.ReplicaRegion)); err != nil {
		return nil, err
	}
	if err := allowPlain(r, "CreateKey", "*", nil); err != nil {
		return nil, err
	}
	if err := checkLength("description", in.Description, 0, maxDescription); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	switch {
	case k.Region != k.PrimaryRegion:
		return nil, call.NewError("UnsupportedOperationException", k.arn()+" is not a multi-region primary key.")
	case *in.ReplicaRegion == k.Region:
		return nil, validation("The replica Region must be different from the Region of the primary key.")
	case s.keys[keyARN(*in.ReplicaRegion, k.Account, k.ID)] != nil:
		return nil, call.NewError("AlreadyExistsException", "A key with the same key ID already exists in "+*in.ReplicaRegion+".")
	}
	if err := k.usable(); err != nil {
		return nil, err
	}
	return s.addReplica(r, in, k.key)
}

// addReplica makes the replica. The caller holds the write lock.
func (s *Service) addReplica(r *call.Request, in *replicateInput, primary *key) (any, error) {
	replica := *primary
	replica.Region, replica.Description, replica.Tags = *in.ReplicaRegion, in.Description, in.Tags
	replica.Created, replica.aliases = r.Now, nil
	replica.RAM, replica.ram, replica.Grants = "", iam.Policy{}, nil
	policy, err := s.checkPolicy(r, &replica, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	replica.setPolicy(policy)
	s.keys[replica.arn()] = &replica
	shown := s.metadata(&replica)
	shown.KeyState, shown.Enabled, shown.CurrentKeyMaterialId = "Creating", false, ""
	out := map[string]any{"ReplicaKeyMetadata": shown, "ReplicaPolicy": replica.Document}
	if len(replica.Tags) > 0 {
		out["ReplicaTags"] = replica.Tags
	}
	return out, nil
}
