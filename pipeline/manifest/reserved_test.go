package manifest

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// classOf returns the class of a name, or "free" if it is not in the table.
func classOf(name string) Class {
	n, _ := Lookup(name)
	return cmp.Or(n.Class, "free")
}

func TestClassesOfNames(t *testing.T) {
	const free Class = "free"
	for class, names := range map[Class][]string{
		Never: {
			"AWS_REGION", "aws_region", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "Aws_Secret_Access_Key", "AWS_SESSION_TOKEN",
			"AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_METADATA_TOKEN", "AWS_LAMBDA_MAX_CONCURRENCY",
			"BUNDLE_SECRETS_KEY", "BUNDLE_SECRETS_", "bundle_secrets_x", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER", "_X_AMZN_TRACE_ID",
		},
		ReadByAWS: {
			"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "aws_endpoint_url_s3", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE",
			"AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_LAMBDA_EXEC_WRAPPER", "AWS_LAMBDA_DOTNET_PREJIT",
			"AWS_STS_REGIONAL_ENDPOINTS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
			"AWS_SDK_LOAD_CONFIG", "AWS_XRAY_DAEMON_ADDRESS", "AWS_PAGER", "AWS_DATA_PATH", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCOUNT_ID",
			"AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "BOTO_CONFIG", "BOTOCORE_EXPERIMENTAL__PLUGINS", "AWS_LWA_PORT",
		},
		ReadByLoaders: {
			"LD_PRELOAD", "NODE_OPTIONS", "PYTHONPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "DOTNET_STARTUP_HOOKS", "RUBYOPT", "BUNDLE_GEMFILE",
			"BUNDLE_SECRET", "BASH_ENV", "PATH", "Path", "HTTPS_PROXY", "http_proxy", "MY_PROXY", "AWS_PROXY", "SSLKEYLOGFILE", "sslkeylogfile",
			"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE",
			"ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", "LOG4J_CONFIGURATION_FILE", "SPRING_APPLICATION_JSON", "SPRING_CONFIG_LOCATION", "JAVA_OPTS",
			"JRUBY_OPTS", "PHPRC", "PHP_INI_SCAN_DIR", "PERLLIB", "LUA_INIT", "LUA_INIT_5_4", "ERL_FLAGS", "GIT_SSH_COMMAND",
			"OPENTELEMETRY_COLLECTOR_CONFIG_URI", "ZDOTDIR", "HOSTALIASES", "KRB5_CONFIG", "KRB5CCNAME", "PS4", "PROMPT_COMMAND", "GODEBUG",
			"MALLOC_TRACE", "TMPDIR", "TZDIR", "RES_OPTIONS", "RESOLV_HOST_CONF", "OTEL_EXPORTER_OTLP_ENDPOINT",
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ASAN_OPTIONS", "ComSpec", "npm_config_registry", "DOTNET_gcServer", "GIT_CONFIG_KEY_0",
		},
		BlockOnly: {"AWS_COGNITO_CLIENT_SECRET", "aws_cognito_client_secret", "AWS_", "AWS_S3_BUCKET", "AWS_SES_SMTP_PASSWORD", "AWS_ROLE_ARN_2", "AWS_IOT_ENDPOINT"},
		free: {
			"DB_PASSWORD", "PATHS", "MY_PATH", "AWSX", "AWS", "LDAP_PASSWORD", "NODEKEY", "LAMBDA_KEY", "PROXY", "GIT_TOKEN", "GITHUB_TOKEN", "NPM_TOKEN",
			"DD_API_KEY", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_HEADERS", "NEW_RELIC_LICENSE_KEY", "ELASTIC_APM_SECRET_TOKEN", "SPRING_DATASOURCE_PASSWORD",
			"PGPASSWORD", "PGHOST", "MYSQL_PASSWORD", "RELEASE_COOKIE", "HEX_API_KEY", "CARGO_REGISTRY_TOKEN", "COMPOSER_AUTH", "YARN_NPM_AUTH_TOKEN",
			"UV_PUBLISH_TOKEN", "DOCKER_PASSWORD", "TF_TOKEN", "GOOGLE_API_KEY", "JAVA_KEYSTORE_PASSWORD", "RSYNC_PASSWORD", "ENV_KEY", "HOME_KEY",
			"APP_KEY", "SECRET_KEY", "SSL_CERT", "TLS_KEY", "KEYCLOAK_SECRET", "PHP_PASSWORD", "LUA_KEY", "SHELL_KEY", "R_KEY", "GO_KEY", "MIX_PUSHER_APP_KEY",
		},
	} {
		for _, name := range names {
			if got := classOf(name); got != class {
				t.Errorf("%s is of class %q, want %q", name, got, class)
			}
		}
	}
}

// Every row can be looked up, and has a reason and a source.
func TestTableOfNames(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range Names() {
		if seen[n.Pattern] {
			t.Errorf("%s is in the table twice", n.Pattern)
		}
		seen[n.Pattern] = true
		if n.Pattern != strings.ToUpper(n.Pattern) || strings.Count(n.Pattern, "*") > 1 || n.Class.rank() < 0 {
			t.Errorf("row %+v is not in form", n)
		}
		if n.Reason == "" || strings.HasSuffix(n.Reason, ".") || !strings.HasPrefix(n.Source, "https://") && !strings.Contains(n.Source, ".md#") {
			t.Errorf("%s has no reason or no source: %q, %q", n.Pattern, n.Reason, n.Source)
		}
		for _, like := range []string{strings.Replace(n.Pattern, "*", "", 1), strings.ToLower(strings.Replace(n.Pattern, "*", "x_1", 1))} {
			if found, ok := Lookup(like); !ok || found.Class.rank() > n.Class.rank() {
				t.Errorf("%s is not matched by %s", like, n.Pattern)
			}
		}
	}
	if len(seen) < 400 {
		t.Errorf("only %d rows", len(seen))
	}
}

// What AWS SDKs read has a class for that: what the SDK reads that this module is built with, and what was found in
// others.
func TestTableHasTheVariablesOfTheSDKs(t *testing.T) {
	recorded, err := os.ReadFile("testdata/sdk_variables.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^(AWS_\S+) (.+)$`).FindAllStringSubmatch(string(recorded), -1) {
		found[line[1]] = line[2]
	}
	literal := regexp.MustCompile(`"(AWS_[A-Z0-9_]+)"`)
	for _, module := range []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/feature/ec2/imds"} {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		if err != nil {
			t.Fatal(err)
		}
		err = filepath.WalkDir(strings.TrimSpace(string(dir)), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			for _, m := range literal.FindAllStringSubmatch(string(src), -1) {
				found[m[1]] = module
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 80 {
		t.Errorf("only %d variables", len(found))
	}
	for name, who := range found {
		if c := classOf(name); c != Never && c != ReadByAWS {
			t.Errorf("%s, which %s reads, is of class %q", name, who, c)
		}
	}
}

var rowsOfNames = regexp.MustCompile(`(?s)<!-- names: ([a-z]+) -->\n.*?<!-- end -->\n`)

// docs/names.md has the table.
func TestDocumentationHasTheTableOfNames(t *testing.T) {
	const page = root + "/docs/names.md"
	src, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var got []Class
	want := rowsOfNames.ReplaceAllStringFunc(string(src), func(block string) string {
		class := Class(rowsOfNames.FindStringSubmatch(block)[1])
		got = append(got, class)
		return fmt.Sprintf("<!-- names: %s -->\n%s<!-- end -->\n", class, markdown(class))
	})
	if !slices.Equal(got, classes()) {
		t.Errorf("docs/names.md has tables of %q, want %q", got, classes())
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(src) {
		t.Error("docs/names.md is not the table (go test ./pipeline/manifest -run TheTableOfNames -update rewrites it)")
	}
}

func markdown(class Class) string {
	said := map[Refusal]string{RefusedByNone: "–", RefusedByAll: "refused", RefusedByGo: "refused by Go and the exec wrapper"}
	var b strings.Builder
	b.WriteString("| name | as a variable | why | source |\n|---|---|---|---|\n")
	for _, n := range Names() {
		if n.Class == class {
			fmt.Fprintf(&b, "| `%s` | %s | %s | [source](%s) |\n", n.Pattern, said[n.Helpers], n.Reason, n.Source)
		}
	}
	return b.String()
}
