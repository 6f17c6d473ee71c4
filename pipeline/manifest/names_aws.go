package manifest

// lambdaNames are the names that Lambda refuses in a function's configuration, and those of the helpers' settings.
func lambdaNames() []family {
	return []family{
		{Never, RefusedByAll, "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html", []entry{
			{"AWS_ACCESS_KEY", "Lambda passes the credentials of the function's role in it"},
			{"AWS_ACCESS_KEY_ID", "Lambda passes the credentials of the function's role in it"},
			{"AWS_DEFAULT_REGION", "Lambda sets it to the region"},
			{"AWS_EXECUTION_ENV", "Lambda sets it to the runtime"},
			{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "Lambda sets it to the function's memory size"},
			{"AWS_LAMBDA_FUNCTION_NAME", "Lambda sets it to the name of the function, and the helpers use it to choose the document"},
			{"AWS_LAMBDA_FUNCTION_VERSION", "Lambda sets it to the function's version"},
			{"AWS_LAMBDA_INITIALIZATION_TYPE", "Lambda sets it to how the function was initialized"},
			{"AWS_LAMBDA_LOG_GROUP_NAME", "Lambda sets it to the log group"},
			{"AWS_LAMBDA_LOG_STREAM_NAME", "Lambda sets it to the log stream"},
			{"AWS_LAMBDA_MAX_CONCURRENCY", "Lambda sets it to how many invocations an instance can handle at a time"},
			{"AWS_LAMBDA_METADATA_API", "Lambda passes the address of its metadata endpoint in it"},
			{"AWS_LAMBDA_METADATA_TOKEN", "Lambda passes the token of its metadata endpoint in it"},
			{"AWS_LAMBDA_RUNTIME_API", "Lambda passes the address of the runtime API in it"},
			{"AWS_REGION", "Lambda sets it to the region"},
			{"AWS_SECRET_ACCESS_KEY", "Lambda passes the credentials of the function's role in it"},
			{"AWS_SESSION_TOKEN", "Lambda passes the credentials of the function's role in it"},
			{"LAMBDA_RUNTIME_DIR", "Lambda sets it to the folder of the runtime"},
			{"LAMBDA_TASK_ROOT", "Lambda sets it to the folder of the function's code"},
			{"_HANDLER", "Lambda sets it to the handler"},
			{"_X_AMZN_TRACE_ID", "Lambda passes the trace of an invocation in it"},
		}},
		{Never, RefusedByAll, "runtime.md#1-reading-in-order", []entry{
			{"BUNDLE_SECRETS_*", "the helpers read their settings from BUNDLE_SECRETS_* variables"},
		}},
	}
}

// awsNames are read by AWS SDKs (for Go, Python, JavaScript, Java, Ruby and PHP), the AWS CLI, Lambda's runtimes, or
// layers that AWS publishes. The last row has the rest of AWS_*.
func awsNames() []family {
	return []family{
		{ReadByAWS, RefusedByAll, "https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html", []entry{
			{"AWS_ACCOUNT_ID", "SDKs read the account of the credentials, and the endpoint, from it"},
			{"AWS_ACCOUNT_ID_ENDPOINT_MODE", "it chooses the endpoint that SDKs call"},
			{"AWS_AUTH_SCHEME_PREFERENCE", "it chooses how SDKs sign requests"},
			{"AWS_BEARER_TOKEN_*", "SDKs sign in to a service with the token in it"},
			{"AWS_CA_BUNDLE", "it names the certificates that SDKs, the CLI and the helpers trust"},
			{"AWS_CONFIG_FILE", "it names the configuration file, which can run programs"},
			{"AWS_CONTAINER_*", "SDKs and the helpers fetch credentials from the address that it names"},
			{"AWS_CREDENTIAL_EXPIRATION", "it sets when the credentials in variables expire"},
			{"AWS_CREDENTIAL_SCOPE", "it changes how SDKs sign requests"},
			{"AWS_DEFAULTS_MODE", "it chooses how SDKs connect and retry"},
			{"AWS_DEFAULT_PROFILE", "it chooses the profile, which can run programs"},
			{"AWS_DISABLE_*", "it turns off a part of the SDKs"},
			{"AWS_EC2_METADATA_*", "SDKs fetch credentials from the endpoint that it names"},
			{"AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_*", "it changes how long SDKs wait"},
			{"AWS_ENABLE_ENDPOINT_DISCOVERY", "it lets services name the endpoint that SDKs call"},
			{"AWS_ENDPOINT_DISCOVERY_ENABLED", "it lets services name the endpoint that SDKs call"},
			{"AWS_ENDPOINT_URL*", "it names the endpoint that SDKs, the CLI and the helpers call"},
			{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "it decides whether configured endpoints count"},
			{"AWS_IMDS_USE_IPV6", "it changes how SDKs reach the metadata endpoint"},
			{"AWS_LOGIN_CACHE_DIRECTORY", "it names the folder that sign-ins are kept in"},
			{"AWS_MAX_ATTEMPTS", "it sets how many times SDKs try"},
			{"AWS_METADATA_SERVICE_*", "it changes how SDKs reach the metadata endpoint"},
			{"AWS_NEW_RETRIES_*", "it chooses how SDKs retry"},
			{"AWS_PROFILE", "it chooses the profile, which can run programs"},
			{"AWS_REQUEST_CHECKSUM_CALCULATION", "it changes what SDKs send with a request"},
			{"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "it changes what SDKs send with a request"},
			{"AWS_RESPONSE_CHECKSUM_VALIDATION", "it decides whether SDKs check a reply"},
			{"AWS_RESTRICT_FILE_PERMISSIONS", "it decides who can read the files that SDKs write"},
			{"AWS_RETRY_MODE", "it chooses how SDKs retry"},
			{"AWS_ROLE_ARN", "SDKs assume the role that it names"},
			{"AWS_ROLE_SESSION_NAME", "SDKs name the session of a role by it"},
			{"AWS_S3_DISABLE_*", "it turns off a part of the S3 client"},
			{"AWS_S3_USE_ARN_REGION", "it chooses the region that the S3 client calls"},
			{"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "it chooses the endpoint that the S3 client calls"},
			{"AWS_SDK_CONFIG_OPT_OUT", "it keeps the SDK for Ruby from the configuration file"},
			{"AWS_SDK_JS_*", "the SDK for JavaScript reads settings from AWS_SDK_JS_* variables"},
			{"AWS_SDK_LOAD_CONFIG", "it makes older SDKs read the configuration file, which can run programs"},
			{"AWS_SDK_UA_APP_ID", "SDKs send it to AWS as the application's name"},
			{"AWS_SHARED_CREDENTIALS_FILE", "it names the credentials file, which can run programs"},
			{"AWS_SIGV4A_SIGNING_REGION_SET", "it chooses the regions that signatures hold for"},
			{"AWS_STS_REGIONAL_ENDPOINTS", "it chooses the endpoint of STS"},
			{"AWS_USE_DUALSTACK_ENDPOINT", "it chooses the endpoint that SDKs and the helpers call"},
			{"AWS_USE_FIPS_ENDPOINT", "it chooses the endpoint that SDKs and the helpers call"},
			{"AWS_WEB_IDENTITY_TOKEN_FILE", "SDKs assume a role with the token in the file that it names"},
		}},
		{ReadByAWS, RefusedByAll, "https://github.com/boto/botocore/blob/develop/botocore/configprovider.py", []entry{
			{"AWS_CREDENTIAL_FILE", "boto reads credentials from the file that it names"},
			{"AWS_CSM_*", "SDKs send a record of each call to the host that it names"},
			{"AWS_DATA_PATH", "boto loads descriptions of services from the folders in it"},
			{"AWS_SECRET_KEY", "older SDKs read credentials from it"},
			{"AWS_SECURITY_TOKEN", "older SDKs read credentials from it"},
		}},
		{ReadByAWS, RefusedByAll, "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html", []entry{
			{"AWS_CLI_*", "the AWS CLI reads settings from AWS_CLI_* variables"},
			{"AWS_DEFAULT_OUTPUT", "it chooses the output of the AWS CLI"},
			{"AWS_PAGER", "the AWS CLI runs the program that it names"},
		}},
		{ReadByAWS, RefusedByAll, "https://github.com/awslabs/aws-c-common/blob/main/source/allocator.c", []entry{
			{"AWS_CRT_*", "the library under several SDKs reads settings from AWS_CRT_* variables"},
		}},
		{ReadByAWS, RefusedByAll, "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html", []entry{
			{"AWS_LAMBDA_*", "Lambda and its runtimes read settings from AWS_LAMBDA_* variables: AWS_LAMBDA_EXEC_WRAPPER names a program that they run"},
			{"AWS_POWERSHELL_*", "Lambda's runtime for PowerShell reads the handler from AWS_POWERSHELL_* variables"},
		}},
		{ReadByAWS, RefusedByAll, "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html", []entry{
			{"AWS_XRAY_*", "the X-Ray SDK sends traces to the address in AWS_XRAY_DAEMON_ADDRESS"},
		}},
		{ReadByAWS, RefusedByAll, "https://github.com/awslabs/aws-lambda-web-adapter", []entry{
			{"AWS_LWA_*", "the Lambda Web Adapter reads settings from AWS_LWA_* variables"},
		}},
		{ReadByAWS, RefusedByAll, "https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-config.html", []entry{
			{"AWS_APPCONFIG_EXTENSION_*", "the AppConfig extension reads roles and addresses from AWS_APPCONFIG_EXTENSION_* variables"},
		}},
		{ReadByAWS, RefusedByAll, "https://github.com/awslabs/aws-embedded-metrics-node", []entry{
			{"AWS_EMF_*", "the library for embedded metrics sends to the address in AWS_EMF_AGENT_ENDPOINT"},
		}},
		{ReadByAWS, RefusedByNone, "https://docs.aws.amazon.com/sdk-for-ruby/v3/api/Aws/SharedCredentials.html", []entry{
			{"AMAZON_ACCESS_KEY_ID", "the SDK for Ruby reads credentials from it"},
			{"AMAZON_REGION", "the SDK for Ruby reads the region from it"},
			{"AMAZON_SECRET_ACCESS_KEY", "the SDK for Ruby reads credentials from it"},
			{"AMAZON_SESSION_TOKEN", "the SDK for Ruby reads credentials from it"},
		}},
		{ReadByAWS, RefusedByNone, "https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/http-configuration.html", []entry{
			{"ASYNC_HTTP_SERVICE_IMPL", "the SDK for Java loads the class that it names"},
			{"SYNC_HTTP_SERVICE_IMPL", "the SDK for Java loads the class that it names"},
		}},
		{ReadByAWS, RefusedByNone, "https://github.com/boto/botocore/blob/develop/botocore/plugin.py", []entry{
			{"BOTOCORE_*", "botocore loads the plugins that BOTOCORE_EXPERIMENTAL__PLUGINS names"},
			{"BOTO_*", "boto reads settings from BOTO_* variables: BOTO_CONFIG names its configuration file"},
		}},
		{BlockOnly, RefusedByNone, "https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html", []entry{
			{"AWS_*", "AWS can give this name a meaning at any time, and then anyone who can write its value controls it"},
		}},
	}
}
