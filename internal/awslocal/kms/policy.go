package kms

import (
	"fmt"
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// The names that a key policy can have. Resource Access Manager writes the one for a key that is shared through it
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html).
const (
	policyName    = "default"
	ramPolicyName = "AWS_RAM"
)

type policyInput struct {
	KeyId                          *string
	PolicyName                     *string
	Policy                         *string
	BypassPolicyLockoutSafetyCheck bool
}

var policyNamePattern = lazyregexp.New(`^[\w]+$`)

// name returns the name of the policy, which is default if the request has none.
func (in *policyInput) name() (string, error) {
	if in.PolicyName == nil {
		return policyName, nil
	}
	if err := checkLength("policyName", *in.PolicyName, 1, 128); err != nil {
		return "", err
	}
	if !policyNamePattern.MatchString(*in.PolicyName) {
		return "", constraint(" '"+*in.PolicyName+"'", "policyName", `satisfy regular expression pattern: [\w]+`)
	}
	return *in.PolicyName, nil
}

func noSuchPolicy() error { return notFound("No such policy exists") }

// getKeyPolicy is https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html.
func (s *Service) getKeyPolicy(r *call.Request, in *policyInput) (any, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	name, err := in.name()
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.findByID(r, ref)
	if err != nil {
		return nil, err
	}
	if err := s.ownKey(r, k); err != nil {
		return nil, err
	}
	if err := s.allow(r, "GetKeyPolicy", k, condition("kms:PolicyName", name)); err != nil {
		return nil, err
	}
	document := map[string]string{policyName: k.Document, ramPolicyName: k.RAM}[name]
	if document == "" {
		return nil, noSuchPolicy()
	}
	return map[string]any{"Policy": document, "PolicyName": name}, nil
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
	name, err := in.name()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.findByID(r, ref)
	if err != nil {
		return nil, err
	}
	bypass := condition("kms:BypassPolicyLockoutSafetyCheck", strconv.FormatBool(in.BypassPolicyLockoutSafetyCheck))
	if err := s.allow(r, "PutKeyPolicy", k, bypass, condition("kms:PolicyName", name)); err != nil {
		return nil, err
	}
	switch name {
	case policyName:
	case ramPolicyName:
		return nil, validation("The AWS_RAM policy can only be managed by the RAM service")
	default:
		return nil, noSuchPolicy()
	}
	if k.State == statePendingDeletion {
		return nil, invalidState(k.arn(), "pending deletion")
	}
	policy, err := s.checkPolicy(r, k.key, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	before := k.policy(r.Now)
	k.setPolicy(policy)
	k.before, k.until = before, r.Now.Add(s.PolicyDelay)
	return nil, nil
}

// Share gives a key the policy that Resource Access Manager keeps for a shared key, or takes it away ("").
func (s *Service) Share(arn, document string) error {
	var policy iam.Policy
	if document != "" {
		var err error
		if policy, err = iam.ParseKey([]byte(document)); err != nil {
			return fmt.Errorf("the policy of RAM is not valid: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[arn]
	if k == nil {
		return fmt.Errorf("key %q does not exist", arn)
	}
	own, err := iam.ParseKey([]byte(k.Document))
	if err != nil {
		return err
	}
	k.RAM, k.ram = document, policy
	k.setPolicy(own)
	return nil
}
