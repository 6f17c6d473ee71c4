package secrets

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
)

// LoadEnv sets every secret as an environment variable of this process. An
// existing variable is kept, unless Options.Override is set. LoadEnv checks all
// names and values before it sets the first variable: a reserved name is
// ErrReservedVariable, and a value with a NUL byte is ErrValue. Child processes
// inherit these variables; they do not inherit what Get returns.
func (c *Client) LoadEnv(ctx context.Context) error {
	all, err := c.All(ctx)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names {
		if err := CheckVariable(name, all[name]); err != nil {
			return err
		}
	}
	for _, name := range names {
		if _, exists := os.LookupEnv(name); exists && !c.options.Override {
			continue
		}
		if err := os.Setenv(name, all[name]); err != nil {
			return failf(ErrValue, "secret %s cannot become an environment variable", name)
		}
	}
	return nil
}

// CheckVariable returns nil if a secret can become an environment variable.
// Otherwise, it returns ErrReservedVariable for the name, or ErrValue for a
// value with a NUL byte.
func CheckVariable(name, value string) error {
	switch {
	case Reserved(name):
		return failf(ErrReservedVariable, "secret %s has a reserved name, so it cannot become an environment variable: rename it, or read it with get", name)
	case strings.ContainsRune(value, 0):
		return failf(ErrValue, "secret %s contains a NUL byte, so it cannot become an environment variable", name)
	}
	return nil
}

// Reserved reports whether a variable with this name could change which code a
// process runs, where it sends its traffic, or its identity (docs/runtime.md,
// section 4). Case is ignored. A manifest refuses these names and more
// (docs/names.md). This list never grows, so that an update does not stop a
// function.
func Reserved(name string) bool {
	name = strings.ToUpper(name)
	has := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	return slices.ContainsFunc(strings.Fields(reservedPrefixes), has) || strings.HasSuffix(name, "_PROXY") || slices.Contains(strings.Fields(reservedNames), name)
}

const reservedPrefixes = `
	AWS_APPCONFIG_EXTENSION_ AWS_BEARER_TOKEN_ AWS_CLI_ AWS_CONTAINER_ AWS_CRT_ AWS_CSM_ AWS_DISABLE_ AWS_EC2_METADATA_
	AWS_EMF_ AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_ AWS_ENDPOINT_URL AWS_LAMBDA_ AWS_LWA_ AWS_METADATA_SERVICE_ AWS_NEW_RETRIES_
	AWS_POWERSHELL_ AWS_S3_DISABLE_ AWS_SDK_JS_ AWS_XRAY_ BUNDLE_ CORECLR_ COR_ DYLD_ GEM_ LD_ NODE_ OPENSSL_ PERL5 PYTHON
	RUBY
`

const reservedNames = `
	AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_ACCOUNT_ID AWS_ACCOUNT_ID_ENDPOINT_MODE AWS_AUTH_SCHEME_PREFERENCE AWS_CA_BUNDLE
	AWS_CONFIG_FILE AWS_CREDENTIAL_EXPIRATION AWS_CREDENTIAL_FILE AWS_CREDENTIAL_SCOPE AWS_DATA_PATH AWS_DEFAULTS_MODE
	AWS_DEFAULT_OUTPUT AWS_DEFAULT_PROFILE AWS_DEFAULT_REGION AWS_ENABLE_ENDPOINT_DISCOVERY AWS_ENDPOINT_DISCOVERY_ENABLED
	AWS_EXECUTION_ENV AWS_IGNORE_CONFIGURED_ENDPOINT_URLS AWS_IMDS_USE_IPV6 AWS_LOGIN_CACHE_DIRECTORY AWS_MAX_ATTEMPTS
	AWS_PAGER AWS_PROFILE AWS_REGION AWS_REQUEST_CHECKSUM_CALCULATION AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES
	AWS_RESPONSE_CHECKSUM_VALIDATION AWS_RESTRICT_FILE_PERMISSIONS AWS_RETRY_MODE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME
	AWS_S3_USE_ARN_REGION AWS_S3_US_EAST_1_REGIONAL_ENDPOINT AWS_SDK_CONFIG_OPT_OUT AWS_SDK_LOAD_CONFIG AWS_SDK_UA_APP_ID
	AWS_SECRET_ACCESS_KEY AWS_SECRET_KEY AWS_SECURITY_TOKEN AWS_SESSION_TOKEN AWS_SHARED_CREDENTIALS_FILE
	AWS_SIGV4A_SIGNING_REGION_SET AWS_STS_REGIONAL_ENDPOINTS AWS_USE_DUALSTACK_ENDPOINT AWS_USE_FIPS_ENDPOINT
	AWS_WEB_IDENTITY_TOKEN_FILE BASH_ENV CLASSPATH DOTNET_STARTUP_HOOKS ENV GCONV_PATH GLIBC_TUNABLES HOME IFS
	JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT PATH SHELLOPTS SSL_CERT_DIR SSL_CERT_FILE _HANDLER
	_JAVA_OPTIONS _X_AMZN_TRACE_ID
`
