package kms

import (
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// policyName is the only name that a key policy can have.
const policyName = "default"

type policyInput struct {
	KeyId                          *string
	PolicyName                     *string
	Policy                         *string
	BypassPolicyLockoutSafetyCheck bool
}

func (in *policyInput) checkName() error {
	if in.PolicyName != nil && *in.PolicyName != policyName {
		return notFound("No such policy exists")
	}
	return nil
}

// getKeyPolicy is https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html.
func (s *Service) getKeyPolicy(r *call.Request, in *policyInput) (any, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.findByID(r, ref)
	if err != nil {
		return nil, err
	}
	if err := s.allow(r, "GetKeyPolicy", k); err != nil {
		return nil, err
	}
	if err := in.checkName(); err != nil {
		return nil, err
	}
	return map[string]any{"Policy": k.Document, "PolicyName": policyName}, nil
}

// putKeyPolicy is https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html.
func (s *Service) putKeyPolicy(r *call.Request, in *policyInput) (any, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.Policy == nil {
		return nil, constraint(" null", "policy", "not be null")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.findByID(r, ref)
	if err != nil {
		return nil, err
	}
	bypass := condition("kms:BypassPolicyLockoutSafetyCheck", strconv.FormatBool(in.BypassPolicyLockoutSafetyCheck))
	if err := s.allow(r, "PutKeyPolicy", k, bypass); err != nil {
		return nil, err
	}
	if err := in.checkName(); err != nil {
		return nil, err
	}
	if k.State == statePendingDeletion {
		return nil, invalidState(k.arn(), "pending deletion")
	}
	policy, err := s.checkPolicy(r, k.key, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	k.setPolicy(policy)
	return nil, nil
}
