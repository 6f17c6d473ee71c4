package kms

import (
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const maxTags = 50 // https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html

type describeInput struct {
	KeyId       *string
	Description string
	Tags        []tag
	TagKeys     []string
}

// updateKeyDescription is https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html.
func (s *Service) updateKeyDescription(r *call.Request, in *describeInput) (any, error) {
	if err := checkLength("description", in.Description, 0, maxDescription); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	k.Description = in.Description
	return nil, nil
}

// tagResource is https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html.
func (s *Service) tagResource(r *call.Request, in *describeInput) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	after := slices.Clone(k.Tags)
	for _, t := range in.Tags {
		after = append(without(after, t.TagKey), t)
	}
	if len(after) > maxTags {
		return nil, call.NewError("LimitExceededException", "A key has at most 50 tags.")
	}
	k.Tags = after
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
	for _, key := range in.TagKeys {
		k.Tags = without(k.Tags, key)
	}
	return nil, nil
}

func without(tags []tag, key string) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return t.TagKey == key })
}

func checkTags(tags []tag) error {
	for _, t := range tags {
		if t.TagKey == "" || len(t.TagKey) > 128 || len(t.TagValue) > 256 {
			return call.NewError("TagException", "A tag key has 1 to 128 characters, a tag value at most 256.")
		}
	}
	return nil
}

// listResourceTags is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html. All tags fit on one page.
func (s *Service) listResourceTags(r *call.Request, in *listInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.listed(r, in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Tags": append([]tag{}, k.Tags...), "Truncated": false}, nil
}

// listKeyPolicies is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html.
func (s *Service) listKeyPolicies(r *call.Request, in *listInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.listed(r, in)
	if err != nil {
		return nil, err
	}
	names := []string{policyName}
	if k.RAM != "" {
		names = []string{ramPolicyName, policyName} // sorted, as every list
	}
	p, err := in.paginate(names, 100, 1000)
	if err != nil {
		return nil, err
	}
	return p.output("PolicyNames", p.names), nil
}

// listed finds the key that a list is about and authorizes the operation. The caller holds a lock.
func (s *Service) listed(r *call.Request, in *listInput) (reference, error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return reference{}, err
	}
	k, err := s.findByID(r, ref)
	if err != nil {
		return reference{}, err
	}
	return k, s.allow(r, r.Operation, k)
}
