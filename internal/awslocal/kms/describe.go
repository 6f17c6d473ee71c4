package kms

import (
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type describeInput struct {
	KeyId       *string
	Description *string
	Tags        []tag
	TagKeys     []string
}

// updateKeyDescription is https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html.
func (s *Service) updateKeyDescription(r *call.Request, in *describeInput) (any, error) {
	if in.Description == nil {
		return nil, constraint(" null", "description", "not be null")
	}
	if err := checkLength("description", *in.Description, 0, maxDescription); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	k.Description = *in.Description
	return nil, nil
}

// untagResource is https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html.
func (s *Service) untagResource(r *call.Request, in *describeInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	k.Tags = slices.DeleteFunc(slices.Clone(k.Tags), func(t tag) bool { return slices.Contains(in.TagKeys, t.TagKey) })
	return nil, nil
}

// listKeyPolicies is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html.
func (s *Service) listKeyPolicies(r *call.Request, in *listInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.allowed(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	names := []string{"1 " + policyName}
	if k.RAM != "" {
		names = append(names, "2 "+ramPolicyName)
	}
	p, err := in.paginate(names, 100, 1000)
	if err != nil {
		return nil, err
	}
	for i, name := range p.names {
		p.names[i] = name[2:]
	}
	return p.output("PolicyNames", p.names), nil
}
