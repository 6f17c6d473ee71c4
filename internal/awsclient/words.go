package awsclient

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/awsfault"
)

// words returns what failed, and what to do about it.
func (e *CredentialsError) words() (what, remedy string) {
	switch e.class {
	case awsfault.Credentials:
	case awsfault.Malformed:
		return fmt.Sprintf("%s returned an unexpected response", e.service()), "A proxy or another host may be answering in its place."
	default:
		return fmt.Sprintf("%s did not answer%s", e.service(), e.reason()), "Try again."
	}
	switch e.Provider {
	case Environment:
		return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set", "Set both, and AWS_SESSION_TOKEN if the key id begins with ASIA."
	case SharedFiles:
		return fmt.Sprintf("%s has no usable keys", e.profile()), "Check aws_access_key_id and aws_secret_access_key in the AWS configuration files."
	case Process:
		return fmt.Sprintf("the credential_process of %s returned no credentials", e.profile()),
			`Run its command by hand: it must exit with status 0 and print one JSON object with "Version": 1, and nothing else, to standard output.`
	case SSO:
		return e.sso()
	case Login:
		return fmt.Sprintf("%s is not logged in with aws login, or the login has expired%s", e.profile(), e.reason()), "Run " + e.command("aws login") + "."
	case WebIdentity:
		return e.webIdentity()
	case Container:
		return e.container()
	case Role:
		return e.role()
	case Configuration:
		return e.configuration()
	}
	return e.nowhere()
}

// service names the service that was asked for credentials.
func (e *CredentialsError) service() string {
	switch e.Provider {
	case SSO:
		return fmt.Sprintf("IAM Identity Center (SSO), which %s gets its credentials from,", e.profile())
	case Login:
		return "AWS Sign-In, which " + e.profile() + " gets its credentials from,"
	case Container:
		return "the container's credentials endpoint"
	case Metadata:
		return "the EC2 instance metadata service"
	}
	return "STS, which gives this job its credentials,"
}

// from returns what follows "credentials" in a message: where they come from; "" if
// that is obvious.
func (c chain) from() string {
	e := &CredentialsError{Provider: c.first(), Profile: c.name()}
	switch e.Provider {
	case Process:
		return " from the credential_process of " + e.profile()
	case SSO, Login, Container, Metadata, WebIdentity:
		service, _, _ := strings.Cut(e.service(), ",")
		return " from " + service
	case SharedFiles, Role:
		return " of " + e.profile()
	}
	return ""
}

// reason returns the code, the HTTP status or the network error, after a colon.
func (e *CredentialsError) reason() string {
	switch {
	case e.Network != "":
		return ": " + e.Network
	case e.Code != "":
		if e.Request != "" {
			return fmt.Sprintf(": %s (request id %s)", e.Code, e.Request)
		}
		return ": " + e.Code
	case e.Status != 0:
		return fmt.Sprintf(": HTTP status %d", e.Status)
	}
	return ""
}

func (e *CredentialsError) profile() string {
	if e.Profile == "" {
		return "the AWS profile"
	}
	return fmt.Sprintf("profile %q", e.Profile)
}

// command returns a command of the AWS CLI, with the profile.
func (e *CredentialsError) command(command string) string {
	switch {
	case e.Profile == "" || e.Profile == "default":
		return command
	case strings.ContainsAny(e.Profile, " ,"):
		return fmt.Sprintf("%s --profile '%s'", command, e.Profile)
	}
	return command + " --profile " + e.Profile
}

func (e *CredentialsError) sso() (what, remedy string) {
	login := "Run " + e.command("aws sso login")
	switch e.Code {
	case "", "UnauthorizedException", "ExpiredTokenException", "InvalidGrantException", "InvalidClientException", "UnauthorizedClientException":
		return fmt.Sprintf("%s is not logged in to IAM Identity Center (SSO), or the login has expired%s", e.profile(), e.reason()), login + "."
	}
	return fmt.Sprintf("IAM Identity Center (SSO) returned no credentials for %s%s", e.profile(), e.reason()),
		login + ", and check its sso_account_id and sso_role_name."
}

func (e *CredentialsError) webIdentity() (what, remedy string) {
	if e.Status == 0 {
		return "the web identity token cannot be read", "AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of the profile, must name a file that this process can read."
	}
	return "STS returned no credentials for the web identity token" + e.reason(),
		"Get a new token, and check the role in AWS_ROLE_ARN and its trust policy " +
			"(in GitHub Actions: that configure-aws-credentials ran before this step, with id-token: write)."
}

func (e *CredentialsError) container() (what, remedy string) {
	const settings = "AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	const token = "AWS_CONTAINER_AUTHORIZATION_TOKEN or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	switch {
	case e.Status == 0:
		return "the container's credentials endpoint cannot be called", "Check " + settings + ", and " + token + "."
	case e.Status >= 200 && e.Status < 300:
		return "the container's credentials endpoint returned no credentials", "Check " + settings + "."
	}
	return "the container's credentials endpoint refused the request" + e.reason(), "Check the role of the task or pod, " + settings + ", and " + token + "."
}

func (e *CredentialsError) role() (what, remedy string) {
	rights := "sts:AssumeRole"
	if len(e.rights) > 0 {
		rights = strings.Join(e.rights, ", ")
	}
	remedy = fmt.Sprintf("Allow the current credentials to call %s on the role, and name them in the role's trust policy.", rights)
	switch {
	case tooLargeCode(e.Code):
		remedy = "The session policy and the session tags are too large together. Use fewer or shorter tags, including on the session of the current credentials."
	case e.session != "" && e.Status != 0:
		remedy += fmt.Sprintf(" If that policy has a condition on sts:RoleSessionName, the session name is %q; to change it, set session_name in the environment.", e.session)
	}
	if e.Role == "" {
		return fmt.Sprintf("the role that %s names cannot be assumed%s", e.profile(), e.reason()), remedy
	}
	return fmt.Sprintf("the role %q cannot be assumed%s", e.Role, e.reason()), remedy
}

// nowhere is for when nothing is configured, or only the role of the EC2 instance,
// which comes last in the chain.
func (e *CredentialsError) nowhere() (what, remedy string) {
	switch {
	case e.Provider == Metadata && e.Status != 0:
		return "the EC2 instance metadata service returned no credentials" + e.reason(), "Attach a role to the instance."
	case e.Setting != "":
		return fmt.Sprintf("only %s is set, not both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", e.Setting), "Set both or neither."
	}
	return "there are no AWS credentials in the environment, the shared files, a web identity or a container",
		"In CI, get them before this step (in GitHub Actions: configure-aws-credentials, with id-token: write); " +
			"elsewhere set AWS_PROFILE to a profile, or run aws sso login or aws login; " +
			"for the role of an EC2 instance, set AWS_EC2_METADATA_DISABLED=false."
}
