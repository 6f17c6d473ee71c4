package problem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"crypto/x509"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/whispering/bundle/internal/awsfault"
)

// failed returns the error of a call, as a client of the SDK does.
func failed(operation, host string, err error) error {
	service, name, _ := strings.Cut(operation, ":")
	return &smithy.OperationError{ServiceID: strings.ToUpper(service), OperationName: name, Err: &awsfault.Asked{
		Operation: operation, Host: host, Attempts: 3, Throttled: 1, Failed: 2, Err: err,
	}}
}

func refused(operation, code, message string) error {
	service, _, _ := strings.Cut(operation, ":")
	return failed(operation, service+".eu-south-2.amazonaws.com", &smithy.GenericAPIError{Code: code, Message: message})
}

func lostAt(operation, host string, err error) error {
	return failed(operation, host, &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://" + host, Err: err}})
}

const (
	getParameters = "ssm:GetParameters"
	getSecret     = "secretsmanager:GetSecretValue"
	putParameter  = "ssm:PutParameter"
	user          = "User: arn:aws:sts::222222222222:assumed-role/ci/x is not authorized to perform: "
	parameterARN  = "arn:aws:ssm:eu-south-2:222222222222:parameter/a"
	keyARN        = "arn:aws:kms:eu-south-2:222222222222:key/1234"
	hidden        = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."
)

type advised struct{ class awsfault.Class }

func (advised) Error() string           { return "nothing is configured. Configure it" }
func (advised) Remedy() string          { return "Configure it." }
func (a advised) Class() awsfault.Class { return a.class }

// What is reported for each failure: the kind, which decides the exit code, the
// summary, and part of the remedy.
var said = []struct {
	err     error
	kind    Kind
	summary string
	remedy  string
}{
	// Secrets Manager.
	{refused(getSecret, "AccessDeniedException", user+"secretsmanager:GetSecretValue on resource: prod/db because no identity-based policy allows the secretsmanager:GetSecretValue action"),
		Access, "Access to the secret denied", "Allow secretsmanager:GetSecretValue on the resource for this role in a policy attached to the role"},
	{refused(getSecret, "AccessDeniedException", ""), Access, "Access to the secret denied", "Allow right:One and right:Two on the resource for this role"},
	{refused(getSecret, "AccessDeniedException", "Access to KMS is not allowed"), Missing, "Secret cannot be decrypted", "Allow kms:Decrypt on the key that encrypts the secret"},
	{refused(getSecret, "AccessDeniedException", user+"kms:Decrypt on resource: "+keyARN), Missing, "Secret cannot be decrypted", "Allow kms:Decrypt on the key " + keyARN},
	{refused(getSecret, "DecryptionFailure", ""), Missing, "Secret cannot be decrypted", "Enable the key"},
	{refused(getSecret, "ResourceNotFoundException", ""), Missing, "Secret not found", "optional = true"},
	{awsfault.Sentinel("secretsmanager", "no version", awsfault.Other, "none"), Missing, "Secret has no such version", "version_stage"},
	{awsfault.Sentinel("secretsmanager", "deleted", awsfault.Other, "deleted"), Missing, "Secret marked for deletion", "restore-secret"},
	{awsfault.Sentinel("secretsmanager", "unsupported", awsfault.Other, "form"), Integrity, "Version ID not supported", "ClientRequestToken"},
	{awsfault.Sentinel("secretsmanager", "changed", awsfault.Unavailable, "moved"), Unavailable, "Secret changed meanwhile", "Try again"},
	{refused(getSecret, "InvalidRequestException", ""), Integrity, "Unexpected answer from Secrets Manager", "endpoint is AWS"},
	{refused(getSecret, "ValidationException", ""), Integrity, "Unexpected answer from Secrets Manager", "endpoint is AWS"},
	{refused(getSecret, "ThrottlingException", ""), Unavailable, "Secrets Manager throttles requests", "10,000 calls per second"},
	{refused(getSecret, "InternalServiceError", ""), Unavailable, "Secrets Manager unavailable", "Try again"},

	// Credentials.
	{refused(getParameters, "ExpiredTokenException", ""), Access, "No usable credentials", "aws sso login"},
	{refused("sts:GetCallerIdentity", "ExpiredToken", ""), Access, "No usable credentials", "id-token: write"},
	{refused("sts:AssumeRole", "TokenRefreshRequired", ""), Access, "No usable credentials", "AWS_PROFILE"},
	{refused("kms:Encrypt", "UnrecognizedClientException", ""), Access, "No usable credentials", "region eu-south-2 is enabled"},
	{refused("sts:GetCallerIdentity", "InvalidClientTokenId", ""), Access, "No usable credentials", "region eu-south-2 is enabled"},
	{refused("sts:GetCallerIdentity", "InvalidAccessKeyId", ""), Access, "No usable credentials", "configure-aws-credentials"},
	{refused("sts:AssumeRole", "RegionDisabledException", ""), Access, "Region not enabled", "Enable region eu-south-2"},
	{refused("lambda:GetLayerVersion", "OptInRequired", ""), Access, "Region or service not enabled", "eu-south-2"},
	{refused("sts:GetCallerIdentity", "SignatureDoesNotMatch", "The request signature we calculated does not match"), Access, "No usable credentials", "AWS_SECRET_ACCESS_KEY"},
	{refused(getParameters, "InvalidSignatureException", "The request signature we calculated does not match"), Access, "No usable credentials", "AWS_SECRET_ACCESS_KEY"},
	{refused(getParameters, "InvalidSignatureException", "Signature expired: 20261128T000000Z is now earlier than"), Access, "Clock is wrong", "Set this machine's clock"},
	{refused("sts:GetCallerIdentity", "SignatureDoesNotMatch", "Signature not yet current: 20261128T000000Z"), Access, "Clock is wrong", "Set this machine's clock"},
	{refused("sts:GetCallerIdentity", "RequestExpired", ""), Access, "Clock is wrong", "bundle doctor"},
	{refused("sts:AssumeRoleWithWebIdentity", "IDPRejectedClaim", ""), Access, "No usable credentials", "id-token: write"},
	{refused("sts:AssumeRoleWithWebIdentity", "InvalidIdentityToken", ""), Access, "No usable credentials", "trust policy"},
	{refused(getParameters, "MissingAuthenticationToken", ""), Access, "No usable credentials", "aws sso login"},
	{advised{awsfault.Credentials}, Access, "No usable credentials", "Configure it"},
	{advised{awsfault.Unavailable}, Unavailable, "AWS unavailable", "Configure it"},
	{advised{awsfault.Throttled}, Unavailable, "AWS unavailable", "Configure it"},
	{advised{awsfault.Malformed}, Integrity, "Unexpected answer from AWS", "Configure it"},

	// Denied calls.
	{refused(getParameters, "AccessDeniedException", ""), Access, "Access to the parameter denied", "Allow right:One and right:Two on the resource for this role."},
	{refused("kms:Encrypt", "AccessDeniedException", ""), Access, "Access to the key denied", "Allow right:One and right:Two on the resource for this role, in the key policy or a policy of the role"},
	{refused("lambda:GetLayerVersion", "AccessDeniedException", ""), Access, "Access to the layer denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:ListFunctions", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:ListVersionsByFunction", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:ListAliases", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:GetFunctionConfiguration", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:UpdateFunctionConfiguration", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:PublishVersion", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:UpdateAlias", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:ListTags", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:GetFunctionCodeSigningConfig", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:GetCodeSigningConfig", "AccessDeniedException", ""), Access, "Access to functions denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:UpdateAlias", "PreconditionFailedException", ""), Unavailable, "Changed by something else", "Try again"},
	{refused("lambda:PublishVersion", "ResourceConflictException", ""), Unavailable, "Function is being changed", "Try again"},
	{refused("lambda:UpdateFunctionConfiguration", "CodeVerificationFailedException", ""), Integrity, "Layer is not signed", "only signed layers"},
	{refused("lambda:UpdateFunctionConfiguration", "InvalidCodeSignatureException", ""), Integrity, "Layer is not signed", "only signed layers"},
	{refused("lambda:UpdateFunctionConfiguration", "CodeSigningConfigNotFoundException", ""), Missing, "No code signing configuration", "is deleted"},
	{refused("lambda:GetFunctionConfiguration", "ResourceNotFoundException", ""), Integrity, "Function not found", "just been deleted"},
	{refused("lambda:UpdateFunctionConfiguration", "ResourceNotFoundException", ""), Integrity, "Function not found", "just been deleted"},
	{refused("lambda:PublishVersion", "ResourceNotFoundException", ""), Integrity, "Function not found", "just been deleted"},
	{refused("lambda:UpdateAlias", "ResourceNotFoundException", ""), Integrity, "Alias not found", "just been deleted"},
	{refused("lambda:UpdateFunctionConfiguration", "InvalidParameterValueException", ""), Integrity, "Layers refused", "list of layers"},
	{refused("lambda:PublishVersion", "InvalidParameterValueException", ""), Integrity, "Changed by something else", "$LATEST"},
	{refused("lambda:UpdateAlias", "InvalidParameterValueException", ""), Integrity, "Alias not moved", "versions"},
	{refused("cloudtrail:LookupEvents", "AccessDeniedException", ""), Access, "Access to CloudTrail denied", "Allow right:One and right:Two on the resource for this role"},
	{refused("lambda:PublishLayerVersion", "AccessDeniedException", ""), Access, "Layer not published", "Allow right:One and right:Two on the resource for this role"},
	{refused("sts:AssumeRole", "AccessDenied", ""), Access, "Role cannot be assumed", "Allow sts:AssumeRole"},
	{refused("sts:AssumeRoleWithWebIdentity", "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"), Access, "Role cannot be assumed", "aud and sub"},
	{refused("sts:GetCallerIdentity", "AccessDenied", ""), Access, "Access denied", "Allow right:One and right:Two on the resource for this role"},
	{refused(getParameters, "AccessDeniedException", hidden), Access, "Parameter cannot be decrypted", "Allow kms:Decrypt on the key that encrypts the parameter for this role"},
	{
		refused(getParameters, "AccessDeniedException", user+"kms:Decrypt on resource: "+keyARN+" because no identity-based policy allows the kms:Decrypt action"),
		Access, "Parameter cannot be decrypted", "Allow kms:Decrypt on the key " + keyARN + " for this role in a policy attached to the role",
	},
	{refused(getParameters, "AccessDeniedException", user+"kms:Decrypt on this resource because the resource does not exist in this Region, no resource-based policies allow access"),
		Access, "Parameter cannot be decrypted", "Allow kms:Decrypt on the key that encrypts the parameter for this role, in the key policy"},
	{refused("kms:ReEncrypt", "AccessDeniedException", hidden), Access, "Access to the key denied", "check that the key exists in this account"},
	{
		refused(getParameters, "AccessDeniedException", user+"ssm:GetParameters on resource: "+parameterARN+" because no identity-based policy allows the ssm:GetParameters action"),
		Access, "Access to the parameter denied", "Allow ssm:GetParameters on " + parameterARN + " for this role in a policy attached to the role",
	},
	{
		refused("kms:Encrypt", "AccessDeniedException", user+"kms:Encrypt on resource: "+keyARN+" because no resource-based policy allows the kms:Encrypt action"),
		Access, "Access to the key denied", "on the key " + keyARN + " for this role in the resource's policy",
	},
	{
		refused(getParameters, "AccessDeniedException", user+"ssm:GetParameters on resource: "+parameterARN+" because no service control policy allows the ssm:GetParameters action"),
		Access, "Access to the parameter denied", "A policy of the role cannot change that",
	},
	{
		refused(getParameters, "AccessDeniedException", user+"ssm:GetParameters on resource: "+parameterARN+" because no resource control policy allows the ssm:GetParameters action"),
		Access, "Access to the parameter denied", "(RCP)",
	},
	{
		refused(getParameters, "AccessDeniedException", user+"ssm:GetParameters on resource: "+parameterARN+" because no permissions boundary allows the ssm:GetParameters action"),
		Access, "Access to the parameter denied", "permissions boundary does not allow ssm:GetParameters",
	},
	{
		refused(getParameters, "AccessDeniedException", user+"ssm:GetParameters on resource: "+parameterARN+" because no session policy allows the ssm:GetParameters action"),
		Access, "Access to the parameter denied", "where the role is assumed",
	},
	{
		refused(getParameters, "AccessDeniedException", user+"ssm:GetParameters on resource: "+parameterARN+" because no VPC endpoint policy allows the ssm:GetParameters action"),
		Access, "Access to the parameter denied", "VPC endpoint",
	},
	{
		refused("kms:Encrypt", "AccessDeniedException", user+"kms:Encrypt on resource: "+keyARN+" with an explicit deny in a service control policy: arn:aws:iam::1:policy/x"),
		Access, "Access to the key denied", "An explicit Deny in a service control policy denies kms:Encrypt on the key " + keyARN + ", and an Allow cannot override it",
	},
	{
		refused("kms:Encrypt", "AccessDeniedException", user+"kms:Encrypt on resource: "+keyARN+" with an explicit deny in an identity-based policy"),
		Access, "Access to the key denied", "An explicit Deny in an identity-based policy denies",
	},

	// Parameter Store.
	{awsfault.Sentinel("ssm", "ParameterNotFound", awsfault.Other, "there is no such parameter"), Missing, "Parameter not found", "optional = true"},
	{awsfault.Sentinel("ssm", "ParameterVersionNotFound", awsfault.Other, "there is no such version"), Missing, "Version or label not found", "what follows the colon"},
	{refused(getParameters, "InvalidKeyId", ""), Missing, "Parameter cannot be decrypted", "Enable the key"},
	{refused(getParameters, "InternalServerError", ""), Unavailable, "Parameter Store unavailable", "ssm:GetParameters was sent to ssm.eu-south-2.amazonaws.com 3 times (1 throttled, 2 failed). Try again"},
	{refused(getParameters, "ThrottlingException", ""), Unavailable, "Parameter Store throttles requests", "--ssm-tps"},
	{refused(getParameters, "ServiceUnavailable", ""), Unavailable, "Parameter Store unavailable", "--ssm-tps"},
	{refused("ssm:GetParametersByPath", "InvalidFilterValue", ""), Integrity, "Unexpected answer from Parameter Store", "Check that the endpoint is AWS"},

	// Putting a parameter.
	{
		refused(putParameter, "AccessDeniedException", user+"ssm:PutParameter on resource: "+parameterARN), Access, "Parameter not written",
		"Allow ssm:PutParameter on " + parameterARN + " for this role (bundle policy --kind put",
	},
	{
		refused(putParameter, "AccessDeniedException", user+"kms:Encrypt on resource: "+keyARN), Access, "Parameter not written",
		"Allow kms:Encrypt on the key " + keyARN,
	},
	{refused(putParameter, "InvalidKeyId", ""), Missing, "Parameter not written", "name another with --key"},
	{refused(putParameter, "ValidationException", "c4nary"), Manifest, "Parameter not written", "Its message is not shown"},
	{refused(putParameter, "ParameterAlreadyExists", ""), Integrity, "Parameter not written", "did not exist when the run started"},
	{refused(putParameter, "ParameterLimitExceeded", ""), Missing, "Parameter not written", "as many parameters in region eu-south-2"},
	{refused(putParameter, "TooManyUpdates", ""), Unavailable, "Parameter not written", "in progress"},
	{refused(putParameter, "ParameterMaxVersionLimitExceeded", ""), Missing, "Parameter not written", "label-parameter-version"},
	{refused(putParameter, "ParameterPatternMismatchException", ""), Manifest, "Parameter not written", "AllowedPattern"},
	{refused(putParameter, "HierarchyTypeMismatchException", ""), Integrity, "Parameter not written", "another type"},
	{
		fmt.Errorf("%w: %w", awsfault.Found("ssm", "unclear", awsfault.Unavailable, "it is not known"), awsfault.Explain(refused(putParameter, "InternalServerError", ""))),
		Unavailable, "Outcome unknown", "with --dry-run",
	},
	// KMS.
	{refused("kms:DescribeKey", "NotFoundException", ""), Missing, "Key not found", "correct kms_key"},
	{refused("kms:DescribeKey", "InvalidArnException", ""), Missing, "Key not found", "ARN"},
	{refused("kms:DescribeKey", "ValidationException", ""), Missing, "Key not found", "it must be the ID, alias or ARN"},
	{refused("kms:Encrypt", "DisabledException", ""), Missing, "Unusable key", "Enable the key"},
	{refused("kms:Encrypt", "KMSInvalidStateException", ""), Missing, "Unusable key", "cancel its deletion"},
	{refused("kms:Encrypt", "InvalidKeyUsageException", ""), Missing, "Unusable key", "ENCRYPT_DECRYPT"},
	{refused("kms:ReEncrypt", "InvalidCiphertextException", ""), Missing, "Unusable ciphertext", "standard-tier"},
	{refused("kms:ReEncrypt", "IncorrectKeyException", ""), Missing, "Unusable ciphertext", "parameter_keys"},
	{refused("kms:Encrypt", "InvalidGrantTokenException", ""), Integrity, "Unexpected answer from KMS", "Check that the endpoint is AWS"},
	{refused("kms:Encrypt", "KeyUnavailableException", ""), Unavailable, "KMS unavailable", "custom key store"},
	{refused("kms:Encrypt", "DependencyTimeoutException", ""), Unavailable, "KMS unavailable", "Try again"},
	{refused("kms:Encrypt", "KMSInternalException", ""), Unavailable, "KMS unavailable", "Try again"},
	{refused("kms:Encrypt", "ThrottlingException", ""), Unavailable, "KMS throttles requests", "Cryptographic operations (symmetric) request rate"},
	{refused("kms:Encrypt", "ValidationException", ""), Integrity, "Unexpected answer from KMS", "Check that the endpoint is AWS"},

	// Lambda.
	{refused("lambda:GetLayerVersion", "ResourceNotFoundException", ""), Integrity, "Layer not found", "Correct its name or version"},
	{refused("lambda:GetLayerVersion", "ServiceException", ""), Unavailable, "Lambda unavailable", "Try again"},
	{refused("lambda:GetLayerVersion", "InvalidParameterValueException", ""), Integrity, "Unexpected answer from Lambda", "Try again"},
	{refused("lambda:GetLayerVersion", "TooManyRequestsException", ""), Unavailable, "Lambda throttles requests", "Rate of control plane API requests"},
	{refused("lambda:PublishLayerVersion", "InvalidParameterValueException", ""), Integrity, "Layer not published", "does not accept the layer"},
	{refused("lambda:PublishLayerVersion", "ValidationException", ""), Integrity, "Layer not published", "does not accept the layer"},
	{refused("lambda:PublishLayerVersion", "RequestEntityTooLargeException", ""), Integrity, "Layer not published", "50 MB"},
	{refused("lambda:PublishLayerVersion", "RequestTooLargeException", ""), Integrity, "Layer not published", "50 MB"},
	{refused("lambda:PublishLayerVersion", "CodeStorageExceededException", ""), Missing, "Layer not published", "Function and layer storage"},
	{refused("lambda:PublishLayerVersion", "ResourceNotFoundException", ""), Integrity, "Layer not published", "Correct the layer's name"},
	{awsfault.Found("lambda", "vanished", awsfault.Other, "it is gone"), Integrity, "Layer not found", "Run the command again"},
	{awsfault.Found("lambda", "damaged", awsfault.Other, "it is damaged"), Integrity, "Layer damaged", "Try again"},
	{
		fmt.Errorf("%w: %w", awsfault.Found("lambda", "unclear", awsfault.Unavailable, "it is not known"), awsfault.Explain(refused("lambda:PublishLayerVersion", "ServiceException", ""))),
		Unavailable, "Outcome unknown", "does not publish the same content twice",
	},
	{awsfault.Sentinel("lambda", "", awsfault.Malformed, "no answer to that"), Integrity, "Unexpected answer from Lambda", "Try again"},

	// Key policies.
	{refused("kms:PutKeyPolicy", "AccessDeniedException", ""), Access, "Access to the key denied", "bundle policy --kind revoke writes the policy"},
	{refused("kms:PutKeyPolicy", "MalformedPolicyDocumentException", ""), Access, "Key policy not changed", "would not let these credentials change it again"},
	{refused("kms:PutKeyPolicy", "LimitExceededException", ""), Manifest, "Key policy not changed", "Keep fewer layers"},

	// STS.
	{refused("sts:AssumeRole", "MalformedPolicyDocument", ""), Access, "Role cannot be assumed", "session policy"},
	{refused("sts:AssumeRole", "PackedPolicyTooLarge", ""), Access, "Role cannot be assumed", "too large in total"},
	{refused("sts:AssumeRoleWithWebIdentity", "IDPCommunicationError", ""), Unavailable, "STS unavailable", "identity provider"},
	{refused("sts:GetCallerIdentity", "ServiceUnavailable", ""), Unavailable, "AWS unavailable", "Try again"},
	{refused("sts:GetCallerIdentity", "Throttling", ""), Unavailable, "AWS unavailable", "Try again"},

	// No answer.
	{lostAt("kms:Encrypt", "kms-fips.eu-south-2.amazonaws.com", &net.DNSError{Name: "x", IsNotFound: true}), Manifest, "Endpoint does not exist", "AWS_USE_FIPS_ENDPOINT"},
	{lostAt(getParameters, "ssm.eu-south-2.api.aws", &net.DNSError{Name: "x", IsNotFound: true}), Manifest, "Endpoint does not exist", "AWS_USE_DUALSTACK_ENDPOINT"},
	{lostAt(getParameters, "ssm.eu-sooth-2.amazonaws.com", &net.DNSError{Name: "x", IsNotFound: true}), Unavailable, "Parameter Store unavailable", "that region eu-sooth-2 exists"},
	{lostAt("kms:Encrypt", "kms.eu-south-2.amazonaws.com", x509.UnknownAuthorityError{}), Unavailable, "KMS unavailable", "AWS_CA_BUNDLE"},
	{lostAt("kms:Encrypt", "kms.eu-south-2.amazonaws.com", &net.OpError{Op: "proxyconnect", Err: errors.New("x")}), Unavailable, "KMS unavailable", "HTTPS_PROXY"},
	{lostAt("kms:Encrypt", "kms.eu-south-2.amazonaws.com", io.EOF), Unavailable, "KMS unavailable", "kms:Encrypt was sent to kms.eu-south-2.amazonaws.com 3 times"},

	// Without a known service.
	{&smithy.GenericAPIError{Code: "ThrottlingException"}, Unavailable, "AWS throttles requests", "Run fewer jobs"},
	{&smithy.GenericAPIError{Code: "InternalFailure"}, Unavailable, "AWS unavailable", "Try again"},
	{awsfault.Sentinel("", "", awsfault.Malformed, "no answer to that"), Integrity, "Unexpected answer from AWS", "Check that the endpoint is AWS"},
	{&smithy.GenericAPIError{Code: "SomethingNew"}, Integrity, "Unexpected answer from AWS", "Check that the endpoint is AWS"},
}

func TestTheWordsOfEachFailure(t *testing.T) {
	about := Resource{Name: "it", On: "the resource", Rights: []string{"right:One", "right:Two"}, Or: ", or do without"}
	for _, test := range said {
		got := FromAWS(test.err, about, nil)
		if got.Kind != test.kind || got.Summary != test.summary || !strings.Contains(strings.ReplaceAll(got.Detail, ", or do without", ""), test.remedy) {
			t.Errorf("%v:\ngot  %s: %s: %s\nwant %s: %s: … %s", test.err, got.Kind, got.Summary, got.Detail, test.kind, test.summary, test.remedy)
		}
		if strings.ContainsAny(got.Summary+got.Detail, "{}") {
			t.Errorf("%v: %s: %s", test.err, got.Summary, got.Detail)
		}
	}
}

func TestEveryRowIsTested(t *testing.T) {
	left := make(map[string]row, len(table))
	for key, r := range table {
		left[key] = r
	}
	for _, test := range said {
		f := awsfault.Explain(test.err)
		found := find(f)
		for key, r := range left {
			if r == found || r.summary == "" && r.remedy == found.remedy {
				delete(left, key)
			}
		}
	}
	for key := range left {
		t.Errorf("no test of %q", key)
	}
}

// operations are those that bundle calls, with the errors that the API reference
// lists for each.
var operations = map[string]string{
	"ssm:GetParameters":       "InvalidKeyId InternalServerError",
	"ssm:GetParametersByPath": "InternalServerError InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidKeyId InvalidNextToken",
	"ssm:DescribeParameters":  "InternalServerError InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidNextToken",
	"ssm:PutParameter": "InternalServerError InvalidKeyId ParameterLimitExceeded TooManyUpdates ParameterAlreadyExists HierarchyLevelLimitExceededException " +
		"HierarchyTypeMismatchException InvalidAllowedPatternException ParameterMaxVersionLimitExceeded ParameterPatternMismatchException UnsupportedParameterType " +
		"PoliciesLimitExceededException InvalidPolicyTypeException InvalidPolicyAttributeException IncompatiblePolicyException",
	"kms:DescribeKey":            "DependencyTimeoutException InvalidArnException KMSInternalException NotFoundException",
	"kms:GetKeyPolicy":           "DependencyTimeoutException InvalidArnException KMSInternalException KMSInvalidStateException NotFoundException",
	"kms:PutKeyPolicy":           "DependencyTimeoutException InvalidArnException KMSInternalException KMSInvalidStateException LimitExceededException MalformedPolicyDocumentException NotFoundException",
	"kms:ListGrants":             "DependencyTimeoutException InvalidArnException InvalidMarkerException KMSInternalException KMSInvalidStateException NotFoundException",
	"kms:GetKeyLastUsage":        "DependencyTimeoutException InvalidArnException KMSInternalException NotFoundException",
	"kms:ListResourceTags":       "InvalidArnException InvalidMarkerException KMSInternalException NotFoundException",
	"kms:Encrypt":                crypto,
	"kms:Decrypt":                crypto + " IncorrectKeyException InvalidCiphertextException",
	"kms:ReEncrypt":              crypto + " IncorrectKeyException InvalidCiphertextException",
	"lambda:ListLayerVersions":   layers,
	"lambda:GetLayerVersion":     layers,
	"lambda:PublishLayerVersion": layers + " CodeStorageExceededException",
	"sts:GetCallerIdentity":      "",
	"sts:AssumeRole":             "ExpiredTokenException MalformedPolicyDocument PackedPolicyTooLarge RegionDisabledException",
	"sts:AssumeRoleWithWebIdentity": "ExpiredTokenException IDPCommunicationError IDPRejectedClaim InvalidIdentityToken MalformedPolicyDocument " +
		"PackedPolicyTooLarge RegionDisabledException",
}

const (
	crypto = "DependencyTimeoutException DisabledException InvalidGrantTokenException InvalidKeyUsageException KMSInternalException " +
		"KMSInvalidStateException KeyUnavailableException NotFoundException"
	layers = "InvalidParameterValueException ResourceNotFoundException ServiceException TooManyRequestsException"
	// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
	common = "AccessDeniedException ExpiredTokenException IncompleteSignature InternalFailure MalformedHttpRequestException NotAuthorized OptInRequired " +
		"RequestAbortedException RequestEntityTooLargeException RequestExpired RequestTimeoutException ServiceUnavailable ThrottlingException " +
		"UnrecognizedClientException UnknownOperationException ValidationError ValidationException"
)

// Every error that an operation can return according to AWS's model has a row, or one
// for its class. The service's other errors belong to other operations.
func TestEveryErrorOfTheModelHasARow(t *testing.T) {
	models := map[string]*smithy.TypeRegistry{"ssm": ssm.TypeRegistry, "kms": kms.TypeRegistry, "lambda": lambda.TypeRegistry}
	explicit := map[string]bool{"InvalidFilterKey": true, "InvalidFilterOption": true, "InvalidFilterValue": true, "InvalidNextToken": true, "InvalidMarkerException": true,
		"HierarchyLevelLimitExceededException": true, "InvalidAllowedPatternException": true, "UnsupportedParameterType": true,
		"PoliciesLimitExceededException": true, "InvalidPolicyTypeException": true, "InvalidPolicyAttributeException": true,
		"IncompatiblePolicyException": true,
	} // for requests that bundle never makes
	for operation, codes := range operations {
		service, _, _ := strings.Cut(operation, ":")
		listed := strings.Fields(codes)
		for _, code := range listed {
			f := awsfault.Explain(refused(operation, code, ""))
			if _, ok := first(f, code); !ok && find(f) == table["class other"] && !explicit[code] {
				t.Errorf("%s has no row for %s", operation, code)
			}
			if model := models[service]; model != nil && !inModel(model, code) {
				t.Errorf("%s: the SDK does not know %s", operation, code)
			}
		}
		listed = append(listed, strings.Fields(common)...)
		if model := models[service]; model != nil {
			for name := range model.Entries {
				listed = append(listed, name[strings.LastIndex(name, "#")+1:])
			}
		}
		for _, code := range listed {
			p := FromAWS(refused(operation, code, "c4nary"), Resource{}, nil)
			if p.Kind == "" || p.Kind == Fault || p.Summary == "" || !strings.HasSuffix(p.Detail, ".") || strings.ContainsAny(p.Summary+p.Detail, "{}") {
				t.Errorf("%s, %s: %s: %s: %s", operation, code, p.Kind, p.Summary, p.Detail)
			}
			if strings.Contains(p.Detail, "c4nary") {
				t.Errorf("%s, %s: %s", operation, code, p.Detail)
			}
		}
	}
}

func inModel(model *smithy.TypeRegistry, code string) bool {
	for name := range model.Entries {
		if strings.HasSuffix(name, "#"+code) {
			return true
		}
	}
	return false
}

func TestATimeoutNamesTheLastCall(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{failed(getParameters, "ssm.us-west-2.amazonaws.com", ctx.Err()), "It was waiting for ssm:GetParameters, which was sent to ssm.us-west-2.amazonaws.com 3 times (1 throttled, 2 failed). The account's quota for Parameter Store throughput"},
		{&smithy.OperationError{ServiceID: "KMS", OperationName: "DescribeKey", Err: &awsfault.Asked{Until: "credentials", Err: ctx.Err()}},
			"It was waiting for credentials; kms:DescribeKey was not sent."},
	} {
		p := FromAWS(fmt.Errorf("no answer: %w", awsfault.Ended(ctx, test.err)), Resource{}, nil)
		if p.Kind != Unavailable || p.Summary != "Out of time" || !strings.Contains(p.Detail, test.want) {
			t.Errorf("got %s: %s: %s, want %s", p.Kind, p.Summary, p.Detail, test.want)
		}
	}
}

// The timeout of one attempt is not the end of the run's time.
func TestATimeoutOfOneAttemptIsNoAnswer(t *testing.T) {
	err := fmt.Errorf("x: %w", awsfault.Explain(failed("kms:Encrypt", "kms.us-west-2.amazonaws.com", context.DeadlineExceeded)))
	if p := FromAWS(err, Resource{}, nil); p.Summary != "KMS unavailable" {
		t.Errorf("got %s: %s", p.Summary, p.Detail)
	}
}
