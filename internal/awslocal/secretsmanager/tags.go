package secretsmanager

import (
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Limits of a secret's texts and tags (https://docs.aws.amazon.com/general/latest/gr/asm.html).
const (
	maxDescription = 2048
	maxType        = 256
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
)

type tag struct{ Key, Value string }

// tags checks tags of a request.
func (c *check) tags(tags []tag) {
	for i := range tags {
		c.length("tags.key", &tags[i].Key, 1, maxTagKey)
		c.length("tags.value", &tags[i].Value, 0, maxTagValue)
	}
}

// requestTags are the condition keys of tags in a request.
func requestTags(tags []tag) conditionKeys {
	return func(keys map[string][]string) {
		for _, t := range tags {
			keys["aws:RequestTag/"+t.Key] = []string{t.Value}
			keys["aws:TagKeys"] = append(keys["aws:TagKeys"], t.Key)
		}
	}
}

// tag adds tags, or changes the values of those that are there.
func (x *secret) tag(tags []tag) error {
	if len(tags) == 0 {
		return nil
	}
	all := slices.Clone(x.Tags)
	given := map[string]bool{}
	for _, t := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return invalidParameter("Tag keys that begin with aws: are reserved.")
		case given[t.Key]:
			return invalidParameter("The tag key %s is there twice.", t.Key)
		}
		given[t.Key] = true
		if i := slices.IndexFunc(all, func(other tag) bool { return other.Key == t.Key }); i >= 0 {
			all[i].Value = t.Value
		} else {
			all = append(all, t)
		}
	}
	if len(all) > maxTags {
		return limitExceeded("A secret can have at most %d tags.", maxTags)
	}
	x.Tags = all
	return nil
}

type tagInput struct {
	SecretId *string
	Tags     []tag
}

// tagResource is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html.
func (s *Service) tagResource(req *call.Request, in *tagInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.given("tags", in.Tags != nil)
	c.tags(in.Tags)
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.usable(req, in.SecretId, requestTags(in.Tags))
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	if err := x.tag(in.Tags); err != nil {
		return nil, err
	}
	s.changed(req, x)
	return nil, nil
}

type untagInput struct {
	SecretId *string
	TagKeys  []string
}

// untagResource is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html.
func (s *Service) untagResource(req *call.Request, in *untagInput) (any, error) {
	var c check
	c.secretID(in.SecretId)
	c.given("tagKeys", in.TagKeys != nil)
	for i := range in.TagKeys {
		c.length("tagKeys", &in.TagKeys[i], 1, maxTagKey)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := func(keys map[string][]string) { keys["aws:TagKeys"] = in.TagKeys }
	x, err := s.usable(req, in.SecretId, keys)
	if err != nil {
		return nil, err
	}
	if err := x.writable(); err != nil {
		return nil, err
	}
	x.Tags = slices.DeleteFunc(slices.Clone(x.Tags), func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	s.changed(req, x)
	return nil, nil
}
