package awsclient

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/whispering/bundle/internal/awsfault"
)

// refused finds the setting that the SDK cannot use. It reads the SDK's message but
// does not repeat it: the message can hold lines of profiles and values of variables.
func refused(err error, environ []string) *CredentialsError {
	e := &CredentialsError{Provider: Configuration, Profile: safeProfile(chosenProfile(environ)), class: awsfault.Credentials}
	var absent config.SharedConfigProfileNotExistError
	var source config.SharedConfigAssumeRoleError
	var roleless config.CredentialRequiresARNError
	var code config.AssumeRoleTokenProviderNotSetError
	var file config.SharedConfigLoadError
	var path *fs.PathError
	text := err.Error()
	switch {
	case errors.As(err, &source):
		e.Setting = "source_profile"
	case errors.As(err, &absent):
		e.Setting = "AWS_PROFILE"
	case errors.As(err, &roleless):
		e.Setting = "role_arn"
	case errors.As(err, &code):
		e.Setting = "mfa_serial"
	case errors.As(err, &file):
		e.Setting = "AWS_CONFIG_FILE"
	case strings.Contains(text, "custom CA bundle"), errors.As(err, &path) && path.Path == lookup(environ, "AWS_CA_BUNDLE"):
		e.Setting = "AWS_CA_BUNDLE"
	case strings.Contains(text, "partial credentials"):
		e.Setting = "aws_secret_access_key"
	case lookup(environ, fullURI) != "" && !allowedHost(lookup(environ, fullURI)):
		e.Setting = fullURI
	default:
		e.Setting = settingIn(text)
	}
	return e
}

// chosenProfile returns the name of the profile that the environment selects.
func chosenProfile(environ []string) string {
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if v := lookup(environ, name); v != "" {
			return v
		}
	}
	return "default"
}

// checked are the variables and profile settings whose values the SDK may refuse. A
// name comes before a shorter one that it begins with.
var checked = []string{
	"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_EC2_METADATA_V1_DISABLED", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT",
	"AWS_DEFAULTS_MODE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_ENABLE_ENDPOINT_DISCOVERY", "AWS_S3_USE_ARN_REGION",
	"AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "AWS_DISABLE_REQUEST_COMPRESSION",
	"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_REQUEST_CHECKSUM_CALCULATION",
	"AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"ec2_metadata_service_endpoint_mode", "ec2_metadata_v1_disabled", "use_dualstack_endpoint", "use_fips_endpoint", "defaults_mode",
	"max_attempts", "retry_mode", "disable_request_compression", "request_min_compression_size_bytes", "account_id_endpoint_mode",
	"request_checksum_calculation", "response_checksum_validation", "disable_clock_skew_correction",
	"credential_source", "duration_seconds", "sso_session", "sso_region", "sso_start_url", "sso_account_id", "sso_role_name",
	"login_session", "web_identity_token_file", "role_arn", "credential_process",
}

// settingIn finds the setting that a message of the SDK is about. It returns a name
// from the list above, never a part of the message.
func settingIn(text string) string {
	for _, name := range checked {
		if strings.Contains(text, name) {
			return name
		}
	}
	switch {
	case strings.Contains(text, "SSO session section"):
		return "sso_session"
	case strings.Contains(text, "role ARN is not set"):
		return "AWS_ROLE_ARN"
	case strings.Contains(text, "only one credential type"):
		return "credential_process"
	case strings.Contains(text, "EcsContainer"):
		return "credential_source"
	}
	return ""
}

// IsSetting reports whether an error is about a setting that is not related to
// credentials.
func IsSetting(err error) bool {
	var e *CredentialsError
	return errors.As(err, &e) && e.Provider == Configuration && (e.endless != "" || allowedValues[strings.ToUpper(strings.TrimPrefix(strings.ToLower(e.Setting), "aws_"))] != "")
}

// allowedValues describes the allowed values of a setting. The key is the name of
// the variable without AWS_, or of the profile's setting in upper case.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
var allowedValues = map[string]string{
	"RETRY_MODE":                           "standard or adaptive",
	"MAX_ATTEMPTS":                         "a whole number",
	"USE_FIPS_ENDPOINT":                    trueOrFalse,
	"USE_DUALSTACK_ENDPOINT":               trueOrFalse,
	"DEFAULTS_MODE":                        "auto, legacy, standard, in-region, cross-region or mobile",
	"ENABLE_ENDPOINT_DISCOVERY":            "true, false or auto",
	"S3_USE_ARN_REGION":                    trueOrFalse,
	"S3_DISABLE_MULTIREGION_ACCESS_POINTS": trueOrFalse,
	"S3_DISABLE_EXPRESS_SESSION_AUTH":      trueOrFalse,
	"DISABLE_REQUEST_COMPRESSION":          trueOrFalse,
	"REQUEST_MIN_COMPRESSION_SIZE_BYTES":   "a whole number from 0 to 10485760",
	"ACCOUNT_ID_ENDPOINT_MODE":             "preferred, disabled or required",
	"REQUEST_CHECKSUM_CALCULATION":         "when_supported or when_required",
	"RESPONSE_CHECKSUM_VALIDATION":         "when_supported or when_required",
	"DISABLE_CLOCK_SKEW_CORRECTION":        trueOrFalse,
	"EC2_METADATA_V1_DISABLED":             trueOrFalse,
	"EC2_METADATA_SERVICE_ENDPOINT_MODE":   "IPv4 or IPv6",
	"CA_BUNDLE":                            "a file of PEM certificates",
}

const trueOrFalse = "true or false"

// configuration returns which setting is wrong, and what to do about it.
func (e *CredentialsError) configuration() (what, remedy string) {
	check := "Check it with " + e.command("aws sts get-caller-identity") + "."
	if e.endless != "" {
		return e.endless, "Set " + e.Setting + " to a regular file."
	}
	switch e.Setting {
	case "":
		return fmt.Sprintf("the AWS configuration cannot be used: the environment, or %s", e.profile()), check
	case "AWS_PROFILE":
		return fmt.Sprintf("%s is not in the AWS configuration files", e.profile()),
			"Correct AWS_PROFILE, or add the profile (aws configure lists and creates profiles)."
	case "source_profile":
		return fmt.Sprintf("%s names a source_profile that does not exist or has no credentials", e.profile()), "Correct source_profile, or add what it names."
	case "role_arn":
		return fmt.Sprintf("%s, or one it is based on, has source_profile, credential_source or web_identity_token_file, and no role_arn", e.profile()), "Add role_arn."
	case "mfa_serial":
		return fmt.Sprintf("%s has mfa_serial, but bundle does not prompt for MFA codes", e.profile()),
			fmt.Sprintf("Get a session first, for example: eval \"$(%s --format env)\"", e.command("aws configure export-credentials"))
	case "aws_secret_access_key":
		return fmt.Sprintf("%s has only one of aws_access_key_id and aws_secret_access_key", e.profile()), "Set both or neither."
	case "credential_process":
		return fmt.Sprintf("%s has more than one of source_profile, credential_source, credential_process and web_identity_token_file", e.profile()), "Keep one."
	case "AWS_CONFIG_FILE":
		return "one of the AWS configuration files cannot be read", "Correct the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, or those in ~/.aws."
	case "AWS_CA_BUNDLE":
		return "the certificate file in AWS_CA_BUNDLE, or in ca_bundle of the profile, cannot be read or contains no certificate",
			"Set it to a file of PEM certificates, or unset it."
	case "AWS_ROLE_ARN":
		return "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not", "Set both or neither."
	case relativeURI:
		return relativeURI + " does not begin with a slash", "Correct it, or unset it."
	case fullURI, metadataHost, "ec2_metadata_service_endpoint":
		return e.Setting + " would request credentials from another machine without TLS:  " +
			"it must be https, or http to a loopback address or to a credentials address of ECS, EKS or EC2", "Correct it, or unset it."
	}
	if values := allowedValues[strings.ToUpper(strings.TrimPrefix(strings.ToLower(e.Setting), "aws_"))]; values != "" {
		setting := e.Setting
		if !strings.HasPrefix(setting, "AWS_") {
			setting = fmt.Sprintf("the setting %s of %s", setting, e.profile())
		}
		return setting + " has a value that is not allowed", fmt.Sprintf("Set it to %s, or unset it.", values)
	}
	return fmt.Sprintf("the AWS configuration cannot be used: %s is missing or has a value that is not allowed", e.Setting), check
}
