"use strict";

// The rows of docs/names.md that helpers refuse. This list never grows; only the build refuses names that are added there.
const PREFIXES = `
  AWS_APPCONFIG_EXTENSION_ AWS_BEARER_TOKEN_ AWS_CLI_ AWS_CONTAINER_ AWS_CRT_ AWS_CSM_ AWS_DISABLE_ AWS_EC2_METADATA_ AWS_EMF_
  AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_ AWS_ENDPOINT_URL AWS_LAMBDA_ AWS_LWA_ AWS_METADATA_SERVICE_ AWS_NEW_RETRIES_ AWS_POWERSHELL_
  AWS_S3_DISABLE_ AWS_SDK_JS_ AWS_XRAY_ BUNDLE_ CORECLR_ DYLD_ GEM_ LD_ NODE_ OPENSSL_ PERL5 PYTHON RUBY
`.trim().split(/\s+/);
const WHOLE = `
  AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_ACCOUNT_ID AWS_ACCOUNT_ID_ENDPOINT_MODE AWS_AUTH_SCHEME_PREFERENCE AWS_CA_BUNDLE AWS_CONFIG_FILE
  AWS_CREDENTIAL_EXPIRATION AWS_CREDENTIAL_FILE AWS_CREDENTIAL_SCOPE AWS_DATA_PATH AWS_DEFAULTS_MODE AWS_DEFAULT_OUTPUT AWS_DEFAULT_PROFILE
  AWS_DEFAULT_REGION AWS_ENABLE_ENDPOINT_DISCOVERY AWS_ENDPOINT_DISCOVERY_ENABLED AWS_EXECUTION_ENV AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
  AWS_IMDS_USE_IPV6 AWS_LOGIN_CACHE_DIRECTORY AWS_MAX_ATTEMPTS AWS_PAGER AWS_PROFILE AWS_REGION AWS_REQUEST_CHECKSUM_CALCULATION
  AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES AWS_RESPONSE_CHECKSUM_VALIDATION AWS_RESTRICT_FILE_PERMISSIONS AWS_RETRY_MODE AWS_ROLE_ARN
  AWS_ROLE_SESSION_NAME AWS_S3_USE_ARN_REGION AWS_S3_US_EAST_1_REGIONAL_ENDPOINT AWS_SDK_CONFIG_OPT_OUT AWS_SDK_LOAD_CONFIG
  AWS_SDK_UA_APP_ID AWS_SECRET_ACCESS_KEY AWS_SECRET_KEY AWS_SECURITY_TOKEN AWS_SESSION_TOKEN AWS_SHARED_CREDENTIALS_FILE
  AWS_SIGV4A_SIGNING_REGION_SET AWS_STS_REGIONAL_ENDPOINTS AWS_USE_DUALSTACK_ENDPOINT AWS_USE_FIPS_ENDPOINT AWS_WEB_IDENTITY_TOKEN_FILE
  BASH_ENV CLASSPATH DOTNET_STARTUP_HOOKS ENV GCONV_PATH GLIBC_TUNABLES HOME IFS JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS LAMBDA_RUNTIME_DIR
  LAMBDA_TASK_ROOT PATH SHELLOPTS SSL_CERT_DIR SSL_CERT_FILE _HANDLER _JAVA_OPTIONS _X_AMZN_TRACE_ID
`.trim().split(/\s+/);

/** isReserved reports whether a name cannot become an environment variable (docs/runtime.md, section 4). */
function isReserved(name) {
  const upper = name.toUpperCase();
  return PREFIXES.some((p) => upper.startsWith(p)) || upper.endsWith("_PROXY") || WHOLE.includes(upper);
}

/** nearest returns the name with the fewest edits from the requested one, or the first of several. */
function nearest(asked, names) {
  let best = "";
  let fewest = Infinity;
  for (const name of names) {
    const edits = distance(asked.slice(0, 128).toUpperCase(), name.toUpperCase());
    if (edits < fewest) [best, fewest] = [name, edits];
  }
  return best;
}

/** distance returns the Levenshtein distance of two strings. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
  }
  return row[b.length];
}

module.exports = { isReserved, nearest };
