package audit

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// fits reports whether an event has a value that a field of an advanced selector wants:
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
func fits(value string, f types.AdvancedFieldSelector) bool {
	any := func(with func(s, part string) bool, all []string) bool {
		return slices.ContainsFunc(all, func(part string) bool { return with(value, part) })
	}
	equal := func(s, other string) bool { return s == other }
	switch {
	case any(equal, f.NotEquals), any(strings.HasPrefix, f.NotStartsWith), any(strings.HasSuffix, f.NotEndsWith):
		return false
	case len(f.Equals)+len(f.StartsWith)+len(f.EndsWith) == 0:
		return true
	}
	return any(equal, f.Equals) || any(strings.HasPrefix, f.StartsWith) || any(strings.HasSuffix, f.EndsWith)
}
