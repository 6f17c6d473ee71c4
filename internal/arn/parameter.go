package arn

import "strings"

// Parameter is the ARN of a parameter, or of a path of such: the slash that a name
// begins with is not doubled.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
func Parameter(partition, region, account, name string) ARN {
	return ARN{partition, "ssm", region, account, "parameter/" + strings.TrimPrefix(name, "/")}
}

// ParameterName is the name in the ARN of a parameter as Parameter Store is asked
// for it: one of a single level has no slash. It is "" for any other text.
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
