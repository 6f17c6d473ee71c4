package kms

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const (
	maxTags     = 50  // https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
	maxTagKey   = 128 // characters: https://docs.aws.amazon.com/kms/latest/APIReference/API_Tag.html
	maxTagValue = 256
)

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
	after := merged(k.Tags, in.Tags)
	if len(after) > maxTags {
		return nil, call.NewError("LimitExceededException", "A key has at most 50 tags.")
	}
	k.Tags = after
	return nil, nil
}

// merged adds tags to others, whose values they replace.
func merged(tags, more []tag) []tag {
	replaced := func(t tag) bool { return slices.ContainsFunc(more, func(m tag) bool { return m.TagKey == t.TagKey }) }
	return append(slices.DeleteFunc(slices.Clone(tags), replaced), more...)
}

// listResourceTags is https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html. The tags are sorted by key.
func (s *Service) listResourceTags(r *call.Request, in *listInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.allowed(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	entries := map[string]tag{}
	for _, t := range k.Tags {
		entries[t.TagKey] = t
	}
	return pageOf(in, "Tags", entries, maxTags, maxTags)
}

// checkTags checks the tags of a request. The codes and texts are those that tests recorded from AWS.
func checkTags(tags []tag) error {
	var wrong []string
	for i, t := range tags {
		at := func(value, member, rule string) {
			wrong = append(wrong, fmt.Sprintf("Value %s at 'tags.%d.member.%s' failed to satisfy constraint: Member must %s", value, i+1, member, rule))
		}
		const least, most = "have length greater than or equal to 1", "have length less than or equal to %d"
		switch length := utf8.RuneCountInString(t.TagKey); {
		case length < 1:
			at("'"+t.TagKey+"'", "tagKey", least)
		case length > maxTagKey:
			at("'"+t.TagKey+"'", "tagKey", fmt.Sprintf(most, maxTagKey))
		}
		switch {
		case t.TagValue == nil:
			at("null", "tagValue", "not be null")
		case utf8.RuneCountInString(*t.TagValue) > maxTagValue:
			at("'"+*t.TagValue+"'", "tagValue", fmt.Sprintf(most, maxTagValue))
		}
	}
	if len(wrong) > 0 {
		return validation("%s", call.Detected(wrong...))
	}
	if len(tags) > maxTags {
		return call.NewError("TagException", "Too many tags")
	}
	keys := map[string]bool{}
	for _, t := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.TagKey), "aws:"):
			return call.NewError("TagException", "Tags beginning with aws: are reserved")
		case keys[t.TagKey]:
			return call.NewError("TagException", "Duplicate tag keys")
		}
		keys[t.TagKey] = true
	}
	return nil
}
