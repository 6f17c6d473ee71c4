package ssm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// tag has no Value if the request has none, which AWS refuses.
type tag struct {
	Key   string
	Value *string
}

// Limits of https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html and of its Tag.
const (
	maxTags     = 50   // per parameter
	maxTagList  = 1000 // per call
	maxTagKey   = 128  // characters
	maxTagValue = 256
)

// tagPattern is what Tag and the service's model say of keys and values.
var tagPattern = lazyregexp.New(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)

// tags checks the tags of a request against the service's model.
func (c *check) tags(tags []tag) {
	if len(tags) > maxTagList {
		c.refuse(fmt.Sprintf("%d tags", len(tags)), "tags", fmt.Sprintf("have length less than or equal to %d", maxTagList))
		return
	}
	for i, t := range tags {
		key, value := fmt.Sprintf("tags.%d.member.key", i+1), fmt.Sprintf("tags.%d.member.value", i+1)
		c.length(key, t.Key, 1, maxTagKey)
		c.pattern(key, t.Key, tagPattern, tagPattern.String())
		if c.given(value, t.Value != nil); t.Value != nil {
			c.length(value, *t.Value, 0, maxTagValue)
			c.pattern(value, *t.Value, tagPattern, tagPattern.String())
		}
	}
}

// withTags returns the tags of a parameter with more, or the error for too many.
func withTags(old map[string]string, more []tag) (map[string]string, error) {
	after := maps.Clone(old)
	if after == nil && len(more) > 0 {
		after = map[string]string{}
	}
	for _, t := range more {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, call.NewError("ValidationException", "Tags beginning with aws: are reserved")
		}
		after[t.Key] = *t.Value
	}
	if len(after) > maxTags {
		return nil, call.NewError("TooManyTagsError", "The Targets parameter includes too many tags.")
	}
	return after, nil
}

// resourceTypes are those of the model. Only parameters are here.
func resourceTypes() []string {
	return []string{"Document", "ManagedInstance", "MaintenanceWindow", "Parameter", "PatchBaseline", "OpsItem", "OpsMetadata", "Automation",
		"Association", "CloudConnector"}
}

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
	var c check
	c.enum("resourceType", in.ResourceType, resourceTypes()...)
	switch req.Operation {
	case "AddTagsToResource":
		c.given("tags", in.Tags != nil)
		c.tags(in.Tags)
	case "RemoveTagsFromResource":
		c.given("tagKeys", in.TagKeys != nil)
	}
	if err := c.err(); err != nil {
		return in, nil, err
	}
	r, malformed := parseReference(req, in.ResourceId)
	if err := authorizeNames(req, r); err != nil {
		return in, nil, err
	}
	if in.ResourceType != "Parameter" {
		return in, nil, call.NewError("InvalidResourceType", "The embedded AWS has parameters only.")
	}
	if malformed == nil && r.plain() {
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
		value := p.Tags[key]
		tags = append(tags, tag{key, &value})
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
	after, err := withTags(p.Tags, in.Tags)
	if err != nil {
		return nil, err
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
