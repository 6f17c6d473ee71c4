package arn

import "strings"

// Parameter returns the ARN of a parameter, or of a path of parameters. A leading
// slash of the name is not doubled.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
func Parameter(partition, region, account, name string) ARN {
	return ARN{partition, "ssm", region, account, "parameter/" + strings.TrimPrefix(name, "/")}
}

// ParameterName returns the name in the ARN of a parameter, as calls to Parameter
// Store use it: a name with one level has no slash. It is "" for any other string.
func ParameterName(s string) string {
	a, _ := Parse(s)
	name, ok := strings.CutPrefix(a.Resource, "parameter/")
	switch {
	case !ok || a.Service != "ssm":
		return ""
	case !strings.Contains(name, "/"):
		return name
	}
	return "/" + name
}
