package lambda

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// A function can be named by its name, by its ARN, or by the end of its ARN, and each with a qualifier. These are the patterns
// as AWS writes them, of FunctionName (CreateFunction) and NamespacedFunctionName (other operations).
const (
	functionPlace     = `(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?`
	newFunctionText   = functionPlace + `([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`
	oldFunctionText   = functionPlace + `([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`
	qualifierText     = `\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`
	maxFunctionName   = 64  // characters
	maxNewFunctionARN = 140 // with the qualifier
	maxOldFunctionARN = 256
	maxQualifier      = 128
)

var (
	newFunctionPattern = lazyregexp.New("^" + newFunctionText + "$")
	oldFunctionPattern = lazyregexp.New("^" + oldFunctionText + "$")
	qualifierPattern   = lazyregexp.New("^(" + qualifierText + ")$")
)

// newFunction returns the ARN of the function that a CreateFunction names.
func newFunction(r *call.Request, name string) (string, error) {
	var wrong []string
	if len(name) > maxNewFunctionARN {
		wrong = append(wrong, broken(name, "functionName", "have length less than or equal to "+strconv.Itoa(maxNewFunctionARN)))
	}
	parts := newFunctionPattern.FindStringSubmatch(name)
	if parts == nil {
		wrong = append(wrong, broken(name, "functionName", "satisfy regular expression pattern: "+newFunctionText))
	}
	if err := refused(wrong); err != nil {
		return "", err
	}
	named := nameParts(parts)
	if len(named.name) > maxFunctionName {
		return "", invalid("%s", call.Detected(broken(named.name, "functionName", "have length less than or equal to "+strconv.Itoa(maxFunctionName))))
	}
	if named.account != "" && named.account != r.Account {
		return "", &call.Error{Status: http.StatusForbidden, Code: "AccessDeniedException"}
	}
	return named.arn(r)
}

// oldFunction returns the ARN of the function that another operation names, and the qualifier, if there is one.
func oldFunction(r *call.Request, in functionInput) (arn, qualifier string, err error) {
	var wrong []string
	if len(in.Qualifier) > maxQualifier {
		wrong = append(wrong, broken(in.Qualifier, "qualifier", "have length less than or equal to "+strconv.Itoa(maxQualifier)))
	}
	if in.Qualifier != "" && !qualifierPattern.MatchString(in.Qualifier) {
		wrong = append(wrong, broken(in.Qualifier, "qualifier", "satisfy regular expression pattern: "+qualifierText))
	}
	if len(in.FunctionName) > maxOldFunctionARN {
		wrong = append(wrong, broken(in.FunctionName, "functionName", "have length less than or equal to "+strconv.Itoa(maxOldFunctionARN)))
	}
	parts := oldFunctionPattern.FindStringSubmatch(in.FunctionName)
	if parts == nil {
		wrong = append(wrong, broken(in.FunctionName, "functionName", "satisfy regular expression pattern: "+oldFunctionText))
	}
	if err := refused(wrong); err != nil {
		return "", "", err
	}
	named := nameParts(parts)
	if named.qualifier != "" && in.Qualifier != "" && named.qualifier != in.Qualifier {
		return "", "", invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	arn, err = named.arn(r)
	return arn, cmp.Or(named.qualifier, in.Qualifier), err
}

const (
	latest          = "$LATEST"
	latestPublished = "$LATEST.PUBLISHED"
)

// functionParts are the parts of a function's name; those that are not given are "".
type functionParts struct{ region, account, name, qualifier string }

func nameParts(match []string) functionParts {
	cut := func(text string) string { // the colon at the end
		if text == "" {
			return ""
		}
		return text[:len(text)-1]
	}
	return functionParts{region: cut(match[3]), account: cut(match[9]), name: match[11], qualifier: match[13]}
}

func (p functionParts) arn(r *call.Request) (string, error) {
	if p.region != "" && p.region != r.Region {
		return "", notFound(fmt.Sprintf("Functions from '%s' are not reachable in this region ('%s')", p.region, r.Region))
	}
	account := r.Account
	if p.account != "" {
		account = p.account
	}
	return "arn:aws:lambda:" + r.Region + ":" + account + ":function:" + p.name, nil
}
