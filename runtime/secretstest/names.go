package secretstest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// never has the names that no secret can have, not even with allow_reserved: docs/names.md.
const never = `
AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME
AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
AWS_LAMBDA_MAX_CONCURRENCY AWS_LAMBDA_METADATA_API AWS_LAMBDA_METADATA_TOKEN AWS_LAMBDA_RUNTIME_API AWS_REGION
AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT
`

// badName returns why no secret can have a name, or "".
func badName(name string) string {
	upper := strings.ToUpper(name)
	switch {
	case !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{1,127}$`).MatchString(name):
		return fmt.Sprintf("%q is not a valid name of a secret: use 2 to 128 letters, digits and underscores, starting with a letter", name)
	case slices.Contains(strings.Fields(never), upper), strings.HasPrefix(upper, "BUNDLE_SECRETS_"):
		return fmt.Sprintf("no secret can have the name %s: it is reserved for Lambda and the helpers", name)
	}
	return ""
}
