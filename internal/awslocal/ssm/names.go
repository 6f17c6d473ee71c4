package ssm

import (
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Limits of https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and of the service's model.
const (
	maxName   = 1011 // including the prefix of the ARN
	maxLevels = 15
	maxAsked  = 2048 // of a name in a read
)

const (
	secretsPrefix = "/aws/reference/secretsmanager/"
	badSelector   = "Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>"
	badName       = "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can consist of " +
		"sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
)

// reference is a name in a request, parsed.
type reference struct {
	asked           string // as in the request
	account, region string
	name            string // canonical: the leading slash of a one-level name is dropped
	selector        string // without its colon
	secret          bool   // a reference to Secrets Manager
	byARN           bool
}

// plain reports whether it is a name alone, which calls that change something take only.
func (r reference) plain() bool { return !r.byARN && r.selector == "" }

// parseReference reads a name, a name with a selector, or a parameter's ARN with or without one, without the spaces around it
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html).
func parseReference(req *call.Request, asked string) (reference, error) {
	r := reference{asked: asked, account: req.Account, region: req.Region}
	rest := strings.TrimSpace(asked)
	if r.byARN = strings.HasPrefix(rest, "arn:"); r.byARN {
		parts := strings.SplitN(rest, ":", 6)
		if len(parts) != 6 || parts[2] != "ssm" || !strings.HasPrefix(parts[5], "parameter/") {
			return r, call.NewError("ValidationException", badSelector)
		}
		r.region, r.account = parts[3], parts[4]
		rest = strings.TrimPrefix(parts[5], "parameter")
	}
	name, selector, selects := strings.Cut(rest, ":")
	secretName, refers := strings.CutPrefix(name, secretsPrefix)
	if selects && selector == "" || strings.Contains(selector, ":") {
		return r, call.NewError("ValidationException", badSelector)
	}
	if r.secret = refers && secretName != ""; r.secret {
		r.name, r.selector = name, selector
		return r, nil
	}
	if name == "" || strings.Trim(name, nameChars) != "" || !pathShaped(name) {
		return r, call.NewError("ValidationException", badName)
	}
	r.name, r.selector = canonical(name), selector
	return r, nil
}

const nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/"

// pathShaped reports whether a name without levels has no slash, and one with levels begins with a slash and has no empty level.
func pathShaped(name string) bool {
	return !strings.Contains(name, "//") && !strings.HasSuffix(name, "/") && (name[0] == '/' || !strings.Contains(name, "/"))
}

// canonical drops the slash of a one-level name: "/foo" and "foo" are the same parameter.
func canonical(name string) string {
	if bare, ok := strings.CutPrefix(name, "/"); ok && !strings.Contains(bare, "/") {
		return bare
	}
	return name
}

// arn is the ARN of the parameter that r names. Its resource has exactly one slash before the first level.
func (r reference) arn() string { return parameterARN(r.account, r.region, r.name) }

func parameterARN(account, region, name string) string {
	return "arn:" + partition(region) + ":ssm:" + region + ":" + account + ":parameter/" + strings.TrimPrefix(name, "/")
}

// anyARN is the resource of calls that name no parameter, and of names that cannot be read.
func anyARN(req *call.Request) string {
	return "arn:" + partition(req.Region) + ":ssm:" + req.Region + ":" + req.Account + ":*"
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// newName checks the name of a parameter that a call puts. It returns the name without outer spaces, and its ARN.
func newName(req *call.Request, asked string) (name, arn string, err error) {
	name = strings.TrimSpace(asked)
	first, _, deeper := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	lower := strings.ToLower(first)
	switch {
	case strings.HasPrefix(lower, "aws") && (deeper || strings.HasPrefix(name, "/")):
		return "", "", call.NewError("AccessDeniedException", "No access to reserved parameter name: "+name+".")
	case name == "" || strings.Trim(name, nameChars) != "" || !pathShaped(name),
		strings.HasPrefix(lower, "aws"), strings.HasPrefix(lower, "ssm"):
		return "", "", call.NewError("ValidationException", badName)
	case strings.Count(strings.TrimPrefix(name, "/"), "/") >= maxLevels:
		return "", "", call.NewError("HierarchyLevelLimitExceededException",
			"Hierarchies can have a maximum of 15 levels. Provide a name with fewer levels: "+name)
	}
	if arn = parameterARN(req.Account, req.Region, name); len(arn) > maxName {
		return "", "", call.NewError("ValidationException", "Parameter name exceeds the limit of 1011 characters, the ARN's prefix included")
	}
	return name, arn, nil
}
