package local

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
)

// environ returns the lines of a shell script that makes AWS SDKs use the embedded AWS, whatever is in the environment and in the AWS
// configuration files (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
func environ(client *awslocal.Client, region string, before []string) []string {
	id, secret := client.Credentials()
	lines := []string{"unset " + strings.Join(diverting(before), " ")}
	for _, variable := range slices.Concat([][2]string{
		{"AWS_ENDPOINT_URL", client.URL()},
		{"AWS_ENDPOINT_URL_STS", client.URL()}, // the Go SDK reads only this one when a profile has a role
		{"AWS_ACCESS_KEY_ID", id}, {"AWS_SECRET_ACCESS_KEY", secret},
		{"AWS_REGION", region}, {"AWS_DEFAULT_REGION", region},
		{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"},
		{"AWS_USE_FIPS_ENDPOINT", "false"}, {"AWS_USE_DUALSTACK_ENDPOINT", "false"},
		// Nothing in a profile may count: some SDKs prefer the endpoint of a service there to AWS_ENDPOINT_URL.
		{"AWS_CONFIG_FILE", os.DevNull}, {"AWS_SHARED_CREDENTIALS_FILE", os.DevNull},
	}, aroundProxies(before)) {
		lines = append(lines, fmt.Sprintf("export %s=%s", variable[0], console.ShellWord(variable[1])))
	}
	return lines
}

// diverting lists the variables that an SDK prefers to the ones that environ sets, or that stop it.
func diverting(before []string) []string {
	all := []string{
		"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
		"AWS_AUTH_SCHEME_PREFERENCE", "AWS_CA_BUNDLE", "AWS_DEFAULTS_MODE",
		"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_SSM",
	}
	for _, entry := range before { // endpoints of other services, which the embedded AWS does not have
		name, _, _ := strings.Cut(entry, "=")
		if service, of := strings.CutPrefix(name, "AWS_ENDPOINT_URL_"); of && service != "STS" && isName(service) && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// isName reports whether a variable can have this name, or end in it, in a shell.
func isName(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// aroundProxies keeps calls to this machine away from a proxy, if one is set. Programs differ in which of the two names they read.
func aroundProxies(before []string) (variables [][2]string) {
	value := func(name string) string { return console.Variable(before, name) }
	if value("HTTP_PROXY")+value("http_proxy")+value("ALL_PROXY")+value("all_proxy") == "" {
		return nil
	}
	var hosts []string
	for _, host := range strings.Split(value("no_proxy")+","+value("NO_PROXY")+",127.0.0.1,localhost,::1", ",") {
		if host = strings.TrimSpace(host); host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	all := strings.Join(hosts, ",")
	return [][2]string{{"NO_PROXY", all}, {"no_proxy", all}}
}
