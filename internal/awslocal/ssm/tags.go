package ssm

import (
	"maps"
	"slices"

	"github.com/whispering/bundle/internal/awslocal/call"
)

type tag struct{ Key, Value string }

const maxTags = 50 // https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html

type tagInput struct {
	ResourceType, ResourceId string
	Tags                     []tag
	TagKeys                  []string
}

// tagged decodes, authorizes and finds the parameter of a call about tags. The lock must be held.
func (s *Service) tagged(req *call.Request) (in tagInput, p *parameter, err error) {
	if err := req.Decode(&in); err != nil {
		return in, nil, err
	}
	r, malformed := parseReference(req, in.ResourceId)
	if err := authorizeNames(req, r); err != nil {
		return in, nil, err
	}
	if in.ResourceType != "Parameter" {
		return in, nil, call.NewError("InvalidResourceType", "The embedded AWS has parameters only.")
	}
	if malformed == nil {
		p, _ = s.find(r)
	}
	if p == nil {
		return in, nil, call.NewError("InvalidResourceId", "The resource ID isn't valid. Verify that you entered the correct ID and try again.")
	}
	return in, p, nil
}

func (s *Service) listTagsForResource(req *call.Request) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, p, err := s.tagged(req)
	if err != nil {
		return nil, err
	}
	tags := []tag{}
	for _, key := range slices.Sorted(maps.Keys(p.Tags)) {
		tags = append(tags, tag{key, p.Tags[key]})
	}
	return map[string]any{"TagList": tags}, nil
}

func (s *Service) addTagsToResource(req *call.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, p, err := s.tagged(req)
	if err != nil {
		return nil, err
	}
	after := maps.Clone(p.Tags)
	if after == nil {
		after = map[string]string{}
	}
	for _, t := range in.Tags {
		after[t.Key] = t.Value
	}
	if len(after) > maxTags {
		return nil, call.NewError("TooManyTagsError", "The Targets parameter includes too many tags.")
	}
	p.Tags = after
	return nil, nil
}

func (s *Service) removeTagsFromResource(req *call.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, p, err := s.tagged(req)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(p.Tags, key)
	}
	return nil, nil
}
