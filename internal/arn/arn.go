// Package arn takes Amazon Resource Names apart and puts them together:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
//
// layerbuild/sealed and runtime/kms have stricter readers of their own: they run
// inside a function and import nothing of the build.
package arn

import "strings"

// An ARN is a name in its parts.
type ARN struct {
	Partition string // such as "aws"
	Service   string // such as "kms"
	Region    string // "" where a service has none
	Account   string // "" where a resource is in none
	Resource  string // such as "key/1234…"; it may contain colons
}

// Parse takes a name apart. It checks nothing but that there are six parts, of
// which partition, service and resource are not empty.
func Parse(s string) (ARN, bool) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, false
	}
	return ARN{p[1], p[2], p[3], p[4], p[5]}, true
}

// String puts the parts together.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Looks reports whether a text begins as an ARN does.
func Looks(s string) bool { return strings.HasPrefix(s, "arn:") }

// Account is the account of an ARN, and "" of any other text.
func Account(s string) string {
	a, _ := Parse(s)
	return a.Account
}

// Region is the region of an ARN, and "" of any other text.
func Region(s string) string {
	a, _ := Parse(s)
	return a.Region
}

// HasAccount reports whether the account is one: twelve digits.
func (a ARN) HasAccount() bool {
	return len(a.Account) == 12 && strings.Trim(a.Account, "0123456789") == ""
}

// InPartition reports whether a region can be in a partition. China and GovCloud
// have partitions of their own, told by the names of their regions, and no other
// region is in these.
func InPartition(partition, region string) bool {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return partition == "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return partition == "aws-us-gov"
	}
	return partition != "" && partition != "aws-cn" && partition != "aws-us-gov"
}
