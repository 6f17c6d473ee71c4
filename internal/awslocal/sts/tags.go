package sts

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Session tags are those of https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html. Their keys are the same in
// any case. A session inherits the transitive tags of the session that assumed its role, and cannot set them.

const (
	mostTags        = 50
	longestTagKey   = 128 // characters
	longestTagValue = 256
	tagValueText    = `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`
	tagKeyText      = `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`
)

var tagPattern = lazyregexp.New("^" + tagValueText + "$")

func (in *assumption) readTags(_ *call.Request, members map[string]string) error {
	in.tags = map[string]string{}
	for i := 1; ; i++ {
		prefix := "Tags.member." + strconv.Itoa(i)
		key, ok := members[prefix+".Key"]
		value, has := members[prefix+".Value"]
		switch {
		case !ok && !has:
			return nil
		case !ok || !has:
			return invalid("Value null at 'tags.%d.member' failed to satisfy constraint: Member must not be null", i)
		case i > mostTags:
			return invalid("Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d", mostTags)
		}
		if err := checkTagKey(key, "tags."+strconv.Itoa(i)+".member.key"); err != nil {
			return err
		}
		if err := checkTagValue(value, i); err != nil {
			return err
		}
		if find(maps.Keys(in.tags), key) != "" {
			return call.NewError("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		in.tags[key] = value
	}
}

func checkTagKey(key, at string) error {
	const failed = "Value '%s' at '%s' failed to satisfy constraint: Member must "
	switch length := utf8.RuneCountInString(key); {
	case length < 1:
		return invalid(failed+"have length greater than or equal to 1", key, at)
	case length > longestTagKey:
		return invalid(failed+"have length less than or equal to %d", key, at, longestTagKey)
	case !tagPattern.MatchString(key):
		return invalid(failed+"satisfy regular expression pattern: %s", key, at, tagKeyText)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return invalid(failed+"not begin with aws:, which is reserved", key, at)
	}
	return nil
}

func checkTagValue(value string, i int) error {
	const failed = "Value '%s' at 'tags.%d.member.value' failed to satisfy constraint: Member must "
	switch {
	case utf8.RuneCountInString(value) > longestTagValue:
		return invalid(failed+"have length less than or equal to %d", value, i, longestTagValue)
	case !tagPattern.MatchString(value):
		return invalid(failed+"satisfy regular expression pattern: %s", value, i, tagValueText)
	}
	return nil
}

// readTransitive reads which tags are transitive, and refuses those that the calling session handed down already.
func (in *assumption) readTransitive(req *call.Request, members map[string]string) error {
	if _, over := members["TransitiveTagKeys.member."+strconv.Itoa(mostTags+1)]; over {
		return invalid("Value at 'transitiveTagKeys' failed to satisfy constraint: Member must have length less than or equal to %d", mostTags)
	}
	for i := 1; ; i++ {
		at := "TransitiveTagKeys.member." + strconv.Itoa(i)
		key, ok := members[at]
		if !ok {
			break
		}
		if err := checkTagKey(key, lowerFirst(at)); err != nil {
			return err
		}
		set := find(maps.Keys(in.tags), key)
		if set == "" {
			return call.NewError("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
		in.transitive = append(in.transitive, set)
	}
	in.inherited = map[string]string{}
	for _, key := range req.Caller.Transitive {
		if find(maps.Keys(in.tags), key) != "" {
			return call.NewError("InvalidParameterValue",
				"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		in.inherited[key] = req.Caller.Tags[key]
	}
	return nil
}

// find returns the key that is the same in any case, or "".
func find(keys func(func(string) bool), key string) string {
	for other := range keys {
		if strings.EqualFold(other, key) {
			return other
		}
	}
	return ""
}

// sessionTags are the tags of the new session.
func (in *assumption) sessionTags() map[string]string {
	all := maps.Clone(in.inherited)
	maps.Copy(all, in.tags)
	return all
}

// transitiveKeys are the keys of the tags that the next session inherits, sorted.
func (in *assumption) transitiveKeys() []string {
	all := slices.Concat(slices.Collect(maps.Keys(in.inherited)), in.transitive)
	slices.Sort(all)
	return slices.Compact(all)
}
