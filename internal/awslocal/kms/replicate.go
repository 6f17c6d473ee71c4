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

func checkRegion(member string, region *string) error {
	if region == nil {
		return constraint(" null", member, "not be null")
	}
	if len(*region) > 32 || !regionPattern.MatchString(*region) {
		return constraint(" '"+*region+"'", member, `satisfy regular expression pattern: ^([a-z]+-){2,3}\d+$`)
	}
	return nil
}

// replicateKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html. The replica has the ID
// and material of the primary key, and its own policies, grants, description and tags. As in AWS, the reply shows it in the
// state Creating, but here it can be used at once.
func (s *Service) replicateKey(r *call.Request, in *replicateInput) (any, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := checkRegion("replicaRegion", in.ReplicaRegion); err != nil {
		return nil, err
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
		return nil, notPrimary(k.key)
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

func notPrimary(k *key) error {
	return call.NewError("UnsupportedOperationException", k.arn()+" is not a multi-region primary key.")
}

type primaryInput struct {
	KeyId         *string
	PrimaryRegion *string
}

// updatePrimaryRegion is https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html. It needs the right on the
// primary key and on the replica. Here, the keys are never in the state Updating.
func (s *Service) updatePrimaryRegion(r *call.Request, in *primaryInput) (any, error) {
	if err := checkRegion("primaryRegion", in.PrimaryRegion); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	region := condition("kms:PrimaryRegion", *in.PrimaryRegion)
	k, err := s.change(r, in.KeyId, region)
	if err != nil {
		return nil, err
	}
	if err := s.ownKey(r, k); err != nil {
		return nil, err
	}
	if k.Region != k.PrimaryRegion {
		return nil, notPrimary(k.key)
	}
	arn := keyARN(*in.PrimaryRegion, k.Account, k.ID)
	replica := s.keys[arn]
	if replica == nil || replica.gone(r.Now) {
		return nil, notFound("Key '%s' does not exist", arn)
	}
	if err := s.allow(r, r.Operation, reference{key: replica}, region); err != nil {
		return nil, err
	}
	for _, either := range []*key{k.key, replica} {
		if err := either.usable(); err != nil {
			return nil, err
		}
	}
	for _, related := range s.related(k.key) {
		related.PrimaryRegion = *in.PrimaryRegion
	}
	return nil, nil
}

// related are a multi-Region key and its replicas, or a key alone. The caller holds a lock.
func (s *Service) related(k *key) []*key {
	all := []*key{k}
	for _, other := range s.keys {
		if other != k && k.multiRegion() && other.ID == k.ID && other.Account == k.Account {
			all = append(all, other)
		}
	}
	return all
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
