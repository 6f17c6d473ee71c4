// Package arn parses and formats Amazon Resource Names:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
//
// layerbuild/sealed and runtime/kms have their own, stricter parsers: they run
// inside a function and import nothing from the build.
package arn

import "strings"

// An ARN is a parsed Amazon Resource Name.
type ARN struct {
	Partition string // such as "aws"
	Service   string // such as "kms"
	Region    string // "" if the service has none
	Account   string // "" if the resource belongs to none
	Resource  string // such as "key/1234…"; it can contain colons
}

// Parse parses an ARN. It checks only that there are six parts, and that
// partition, service and resource are not empty.
func Parse(s string) (ARN, bool) {
	var p [5]string
	for i := range p {
		var more bool
		if p[i], s, more = strings.Cut(s, ":"); !more {
			return ARN{}, false
		}
	}
	if p[0] != "arn" || p[1] == "" || p[2] == "" || s == "" {
		return ARN{}, false
	}
	return ARN{p[1], p[2], p[3], p[4], s}, true
}

// String formats the ARN.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Looks reports whether a string begins like an ARN.
func Looks(s string) bool { return strings.HasPrefix(s, "arn:") }

// Account returns the account of an ARN, and "" for any other string.
func Account(s string) string {
	a, _ := Parse(s)
	return a.Account
}

// Region returns the region of an ARN, and "" for any other string.
func Region(s string) string {
	a, _ := Parse(s)
	return a.Region
}

// HasAccount reports whether the account has the form of one: twelve digits.
func (a ARN) HasAccount() bool {
	return len(a.Account) == 12 && strings.Trim(a.Account, "0123456789") == ""
}

// InPartition reports whether a region can be in a partition. China and GovCloud
// have separate partitions, which the names of their regions show. No other region
// is in these partitions. The name of every partition begins with aws:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func InPartition(partition, region string) bool {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return partition == "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return partition == "aws-us-gov"
	}
	more, isolated := strings.CutPrefix(partition, "aws-")
	return partition == "aws" || isolated && more != "cn" && more != "us-gov" && more != "" && strings.Trim(more, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// Domain returns the domain of a partition's endpoints, such as "amazonaws.com", and "" for
// an unknown partition: partitions.json of aws-sdk-go-v2.
func Domain(partition string) string {
	return map[string]string{
		"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com", "aws-eusc": "amazonaws.eu",
		"aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov", "aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov",
	}[partition]
}
