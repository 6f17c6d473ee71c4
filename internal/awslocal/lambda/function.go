package lambda

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// reserved are the names of https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html that a function's
// environment cannot have. The API does not accept two more, _HANDLER and _X_AMZN_TRACE_ID, as names of variables at all.
var reserved = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

// variableName is that of https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html.
var variableName = lazyregexp.New(`^[a-zA-Z][a-zA-Z0-9_]+$`)

type functionInput struct {
	FunctionName string
	Qualifier    string
	Environment  struct{ Variables map[string]string }
}

// createFunction checks a function's environment as CreateFunction does
// (https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html). It does no more, because there are no functions here.
func (s *Service) createFunction(r *call.Request, in *functionInput) (any, error) {
	arn, err := newFunction(r, in)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(in.Environment.Variables))
	for _, name := range names {
		if !variableName.MatchString(name) {
			return nil, validation(name, "environment.variables", "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+")
		}
	}
	if err := s.allow(r, arn, nil); err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(reserved, name) })
	if len(names) > 0 {
		return nil, invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
			"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(names, ", "))
	}
	return nil, &call.Error{Status: http.StatusNotFound, Code: "UnknownOperationException", Message: "The embedded AWS has no functions."}
}

// deleteFunction never finds a function (https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html).
func (s *Service) deleteFunction(r *call.Request, in *functionInput) (any, error) {
	arn, err := oldFunction(r, in)
	if err != nil {
		return nil, err
	}
	if err := s.allow(r, arn, nil); err != nil {
		return nil, err
	}
	return nil, notFound("Function not found: " + arn)
}
