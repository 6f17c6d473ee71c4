package child

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/runtime/node"
	"github.com/whispering/bundle/runtime/secrets"
)

// A Setting says which variables a command gets besides the secrets.
type Setting struct {
	Environ []string         // of this process, as NAME=value
	Opening []string         // what a helper needs to open the document, besides pins
	Dir     string           // of Unpack
	Doc     *sealed.Document // in Dir

	Pristine bool     // nothing of Environ but PATH and HOME
	Inherit  []string // names in Environ that it gets in any case
	Keep     bool     // the credentials in Environ, too
}

// Variables returns the variables of the command, and the names of those that it does
// not get because they identify somebody, sorted.
func (s Setting) Variables() (environ, withheld []string) {
	ours := slices.Concat(pins(s.Environ), s.Opening, []string{"BUNDLE_SECRETS_DIR=" + s.Dir, "BUNDLE_SECRETS_FUNCTION=" + s.Doc.Header.Name})
	folders := []string{ // where Lambda's runtimes look for modules
		"NODE_PATH=" + filepath.Join(s.Dir, filepath.FromSlash(filepath.Dir(node.Folder))),
		"PYTHONPATH=" + filepath.Join(s.Dir, "python"),
	}
	for _, variable := range s.Environ {
		name, value, _ := strings.Cut(variable, "=")
		switch path := startOf(folders, name); {
		case s.Pristine && !slices.Contains(s.Inherit, name) && !slices.Contains(bare(), folded(name)):
		case identifies(name) && !slices.Contains(s.Inherit, name) && !(s.Keep && strings.HasPrefix(folded(name), "AWS_")):
			if value != "" {
				withheld = append(withheld, name)
			}
		case startOf(ours, name) != nil, ofHelpers(name):
		case path != nil:
			if value != "" {
				*path += string(filepath.ListSeparator) + value
			}
		default:
			environ = append(environ, variable)
		}
	}
	slices.Sort(withheld)
	return slices.Concat(environ, ours, folders), slices.Compact(withheld)
}

// AsVariables returns the values that can be variables of a process, and the names of
// the others, sorted: see secrets.CheckVariable.
func AsVariables(values map[string]string) (as map[string]string, others []string) {
	as = make(map[string]string, len(values))
	for name, value := range values {
		if secrets.CheckVariable(name, value) != nil {
			others = append(others, name)
			continue
		}
		as[name] = value
	}
	slices.Sort(others)
	return as, others
}

// pins returns the variables that say which document is expected.
func pins(environ []string) []string {
	var all []string
	for _, variable := range environ {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case "BUNDLE_SECRETS_ENVIRONMENT", "BUNDLE_SECRETS_KEY", "BUNDLE_SECRETS_SHA256":
			all = append(all, variable)
		}
	}
	return all
}

// startOf returns the variable with that name, nil if there is none.
func startOf(variables []string, name string) *string {
	for i := range variables {
		if strings.HasPrefix(variables[i], name+"=") {
			return &variables[i]
		}
	}
	return nil
}

// Own reports whether run sets a variable itself, so that it cannot be inherited.
func Own(name string) bool {
	return ofHelpers(name) || slices.Contains([]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}, folded(name))
}

// ofHelpers reports whether helpers read a variable to find the document or KMS. What
// they need of these is in Setting.Opening.
func ofHelpers(name string) bool {
	name = folded(name)
	return strings.HasPrefix(name, "BUNDLE_SECRETS_") || name == "AWS_ENDPOINT_URL_KMS"
}

// folded returns a name as the system compares names.
func folded(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}

// bare are the variables of Environ that a command gets with Pristine.
func bare() []string {
	if runtime.GOOS == "windows" { // programs do not start without these
		return []string{"PATH", "HOME", "SYSTEMROOT", "USERPROFILE", "PATHEXT", "TEMP", "TMP"}
	}
	return []string{"PATH", "HOME"}
}

// identifies reports whether a variable has or leads to credentials of AWS, or a token
// of a CI.
func identifies(name string) bool {
	name = folded(name)
	return slices.Contains(strings.Fields(identities), name) ||
		strings.HasPrefix(name, "AWS_BEARER_TOKEN_") || strings.HasPrefix(name, "ACTIONS_ID_TOKEN_REQUEST_")
}

// identities are the variables of AWS's SDKs
// (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html), and those
// of CIs and their APIs. docs/run.md lists them.
const identities = `
	AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_CONFIG_FILE AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
	AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CREDENTIAL_EXPIRATION AWS_CREDENTIAL_FILE
	AWS_DEFAULT_PROFILE AWS_LOGIN_CACHE_DIRECTORY AWS_PROFILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_SECRET_ACCESS_KEY
	AWS_SECRET_KEY AWS_SECURITY_TOKEN AWS_SESSION_TOKEN AWS_SHARED_CREDENTIALS_FILE AWS_WEB_IDENTITY_TOKEN_FILE
	ACTIONS_RUNTIME_TOKEN GH_ENTERPRISE_TOKEN GH_TOKEN GITHUB_ENTERPRISE_TOKEN GITHUB_TOKEN
	CI_BUILD_TOKEN CI_DEPENDENCY_PROXY_PASSWORD CI_DEPLOY_PASSWORD CI_JOB_JWT CI_JOB_JWT_V1 CI_JOB_JWT_V2 CI_JOB_TOKEN
	CI_REGISTRY_PASSWORD CI_REPOSITORY_URL GITLAB_TOKEN
	BITBUCKET_STEP_OIDC_TOKEN BUILDKITE_AGENT_ACCESS_TOKEN BUILDKITE_AGENT_JOB_API_TOKEN CIRCLE_OIDC_TOKEN CIRCLE_OIDC_TOKEN_V2
	CIRCLE_TOKEN CI_NETRC_PASSWORD DRONE_NETRC_PASSWORD SEMAPHORE_OIDC_TOKEN SYSTEM_ACCESSTOKEN SYSTEM_OIDCREQUESTURI
`
