package problem

// A row has the words for a failure, and what to do about it. {service} and {region}
// are those of the call, {rights} and {on} the permissions to allow and their
// resource, {policy} the policy that denies them, and {or} what else can be done.
type row struct {
	kind    Kind
	summary string
	remedy  string
}

const (
	// howToGetCredentials says where credentials come from.
	howToGetCredentials = "In CI, get credentials in an earlier step (in GitHub Actions: aws-actions/configure-aws-credentials " +
		"with permissions id-token: write; in other CI systems: with their OIDC token). On a workstation, run aws sso login or aws login, or set AWS_PROFILE{or}."
	checkEndpoint = "Nothing was written. Check that the endpoint is AWS, with no proxy in between. If it is, please report this as a bug{or}."
	tryAgain      = "Try again{or}."
	vanished      = "It may have just been deleted. Run the command again{or}."
	report        = "Please report this as a bug{or}."
)

// table is searched by "service:Operation CODE", "service CODE" and "CODE", in this
// order. If a code has no row, its class is searched in the same way. Codes that do
// not begin with a capital letter are not AWS's, but bundle's.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
var table = map[string]row{
	// Credentials.
	"ExpiredToken":                {Access, noCredentials, expired},
	"ExpiredTokenException":       {Access, noCredentials, expired},
	"TokenRefreshRequired":        {Access, noCredentials, expired},
	"UnrecognizedClientException": {Access, noCredentials, unknownKey},
	"InvalidClientTokenId":        {Access, noCredentials, unknownKey},
	"InvalidAccessKeyId":          {Access, noCredentials, unknownKey},
	"RegionDisabledException":     {Access, "Region not enabled", "Enable region {region} in the account (aws account enable-region), or use another region{or}."},
	"OptInRequired":               {Access, "Region or service not enabled", "Enable region {region} and the service in the account, or use another region{or}."},
	"SignatureDoesNotMatch":       {Access, noCredentials, "Check AWS_SECRET_ACCESS_KEY and the clock of this machine (bundle doctor compares it with AWS){or}."},
	"InvalidSignatureException":   {Access, noCredentials, "Check AWS_SECRET_ACCESS_KEY and the clock of this machine (bundle doctor compares it with AWS){or}."},
	"sts IDPRejectedClaim":        {Access, noCredentials, webIdentity},
	"sts InvalidIdentityToken":    {Access, noCredentials, webIdentity},
	"class credentials":           {Access, noCredentials, howToGetCredentials},
	"clock":                       {Access, "Clock is wrong", "Set this machine's clock (timedatectl set-ntp true), because AWS accepts a request for only five minutes. To see how far it is off, run bundle doctor{or}."},

	// Errors that say what to do.
	"advised class credentials": {Access, noCredentials, ""},
	"advised class throttled":   {Unavailable, "AWS unavailable", ""},
	"advised class unavailable": {Unavailable, "AWS unavailable", ""},
	"advised class malformed":   {Integrity, "Unexpected answer from AWS", ""},

	// Denied calls.
	"class denied":                  {Access, "Access denied", "Allow {rights} on {on} for this role{or}."},
	"ssm class denied":              {Access, "Access to the parameter denied", "Allow {rights} on {on} for this role{or}."},
	"kms:PutKeyPolicy class denied": {Access, "Access to the key denied", "Allow {rights} on {on} for this role (bundle policy --kind revoke writes the policy){or}."},
	"kms:PutKeyPolicy MalformedPolicyDocumentException": {Access, "Key policy not changed", "KMS does not accept the policy. Either it names a role or user that is gone, or it would not let these credentials change it again. " +
		"Put it as an administrator of the key, or print it with --format policy and correct it{or}."},
	"kms:PutKeyPolicy LimitExceededException":          {Manifest, "Key policy not changed", "The policy is too large for KMS. Keep fewer layers{or}."},
	"kms class denied":                                 {Access, "Access to the key denied", "Allow {rights} on {on} for this role, in the key policy or a policy of the role (bundle policy writes both){or}."},
	"lambda class denied":                              {Access, "Access to the layer denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:ListFunctions class denied":                {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:ListVersionsByFunction class denied":       {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:ListAliases class denied":                  {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:GetFunctionConfiguration class denied":     {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:UpdateFunctionConfiguration class denied":  {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:PublishVersion class denied":               {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:UpdateAlias class denied":                  {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:ListTags class denied":                     {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:GetFunctionCodeSigningConfig class denied": {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"lambda:GetCodeSigningConfig class denied":         {Access, "Access to functions denied", "Allow {rights} on {on} for this role{or}."},
	"secretsmanager class denied":                      {Access, "Access to the secret denied", "Allow {rights} on {on} for this role{or}."},
	"cloudtrail class denied":                          {Access, "Access to CloudTrail denied", "Allow {rights} on {on} for this role{or}."},
	"ssm key denied": {Access, "Parameter cannot be decrypted", "Allow {rights} on {on} for this role, in the key policy or a policy of the role " +
		"(bundle policy writes both), and check that the key exists in this account and region{or}."},
	"secretsmanager key denied": {Missing, "Secret cannot be decrypted", "Allow {rights} on {on} for this role, in the key policy or a policy of the role " +
		"(bundle policy writes both), and check that the key exists in this account and region{or}."},
	"kms key denied": {Access, "Access to the key denied", "Allow {rights} on {on} for this role, in the key policy or a policy of the role " +
		"(bundle policy writes both), and check that the key exists in this account and region{or}."},
	"lambda:PublishLayerVersion class denied":    {Access, notPublished, "Allow {rights} on {on} for this role{or}."},
	"sts:AssumeRole class denied":                {Access, noRole, "Allow sts:AssumeRole on the role to these credentials, and name them in the role's trust policy{or}."},
	"sts:AssumeRoleWithWebIdentity class denied": {Access, noRole, webIdentity},

	// If AWS names the policy, these remedies replace those above.
	"denied identity-based policy":   {remedy: "Allow {rights} on {on} for this role in a policy attached to the role (bundle policy writes one){or}."},
	"denied resource-based policy":   {remedy: "Allow {rights} on {on} for this role in the resource's policy (for a key, bundle policy --kind key writes it){or}."},
	"denied service control policy":  {remedy: "A service control policy (SCP) does not allow {rights} on {on}. A policy of the role cannot change that. Ask the administrators of the organization{or}."},
	"denied resource control policy": {remedy: "A resource control policy (RCP) does not allow {rights} on {on}. A policy of the role cannot change that. Ask the administrators of the organization{or}."},
	"denied permissions boundary":    {remedy: "The role's permissions boundary does not allow {rights} on {on}. Add it there, and to a policy of the role{or}."},
	"denied session policy":          {remedy: "The session policy that the role was assumed with does not allow {rights} on {on}. Add it where the role is assumed{or}."},
	"denied VPC endpoint policy":     {remedy: "The policy of the VPC endpoint does not allow {rights} on {on}. Add it there{or}."},
	"denied explicitly":              {remedy: "An explicit Deny in {policy} denies {rights} on {on}, and an Allow cannot override it. Change that Deny{or}."},

	// Parameter Store.
	"ssm ParameterNotFound":        {Missing, "Parameter not found", "Put the parameter, correct its name, or write optional = true{or}."},
	"ssm ParameterVersionNotFound": {Missing, "Version or label not found", "The parameter exists, but not this version or label. Correct what follows the colon, or remove it to use the newest version{or}."},
	"ssm InvalidKeyId": {Missing, "Parameter cannot be decrypted",
		"Enable the key that encrypts the parameter (aws kms describe-key shows its state), or put the parameter again with another key{or}."},
	"ssm InternalServerError": {Unavailable, "Parameter Store unavailable", tryAgain},
	"ssm class throttled": {Unavailable, "Parameter Store throttles requests", "The account's quota for Parameter Store throughput is 40 calls per second by default, shared by GetParameter, GetParameters, " +
		"GetParametersByPath and everything else in the account and region. Lower --ssm-tps, run fewer jobs at a time, or turn on higher throughput in the Parameter Store settings{or}."},
	"ssm class unavailable": {Unavailable, "Parameter Store unavailable", "Try again. If other jobs share the account's quota, a lower --ssm-tps can help{or}."},

	// Secrets Manager.
	"secretsmanager ResourceNotFoundException": {Missing, "Secret not found", "Create the secret or a replica of it in this region, correct its name, or write optional = true{or}."},
	"secretsmanager no version": {Missing, "Secret has no such version", "The secret exists, but has no value for this version_stage or version_id. Correct it, remove it to use AWSCURRENT, " +
		"or put a value (aws secretsmanager put-secret-value){or}."},
	"secretsmanager deleted": {Missing, "Secret marked for deletion", "Restore the secret (aws secretsmanager restore-secret), or name another{or}."},
	"secretsmanager DecryptionFailure": {Missing, "Secret cannot be decrypted",
		"Enable the key that encrypts the secret (aws kms describe-key shows its state), or encrypt the secret under another key (aws secretsmanager update-secret){or}."},
	"secretsmanager unsupported": {Integrity, "Version ID not supported", "Write the secret again with another ClientRequestToken, or with none{or}."},
	"secretsmanager changed":     {Unavailable, "Secret changed meanwhile", tryAgain},
	"secretsmanager class throttled": {Unavailable, "Secrets Manager throttles requests", "The account's quota for DescribeSecret and GetSecretValue is 10,000 calls per second, " +
		"and for ListSecretVersionIds 50, shared by everything in the account and region. Run fewer jobs at a time{or}."},
	"secretsmanager class unavailable": {Unavailable, "Secrets Manager unavailable", tryAgain},

	// Putting a parameter. AWS's messages about a value are never shown.
	"ssm:PutParameter class denied": {Access, notPut, "Allow {rights} on {on} for this role (bundle policy --kind put writes the policy){or}."},
	"ssm:PutParameter key denied":   {Access, notPut, "Allow {rights} on {on} for this role, in the key policy or a policy of the role (bundle policy --kind put writes the policy){or}."},
	"ssm:PutParameter InvalidKeyId": {Missing, notPut, "Parameter Store cannot use the key. Enable it, or name another with --key{or}."},
	"ssm:PutParameter ValidationException": {Manifest, notPut, "AWS does not accept the parameter. Its message is not shown, because it can contain the value. " +
		"Check the value against the parameter's data type and the limits of Parameter Store{or}."},
	"ssm ParameterAlreadyExists": {Integrity, notPut, "It did not exist when the run started. Find out who put it, and run the command again{or}."},
	"ssm ParameterLimitExceeded": {Missing, notPut, "The account has as many parameters in region {region} as it can have. Delete some, or use the advanced tier{or}."},
	"ssm TooManyUpdates":         {Unavailable, notPut, "Another update of the parameter is in progress. Try again{or}."},
	"ssm ParameterMaxVersionLimitExceeded": {Missing, notPut, "The parameter has 100 versions, and AWS does not delete the oldest because it has a label. " +
		"Move the label to another version: aws ssm label-parameter-version{or}."},
	"ssm ParameterPatternMismatchException": {Manifest, notPut, "The value does not match the pattern that the parameter was put with (AllowedPattern in aws ssm describe-parameters). " +
		"Put another value{or}."},
	"ssm HierarchyTypeMismatchException": {Integrity, notPut, "The parameter has another type than at the start of the run. Run the command again{or}."},
	"ssm unclear": {Unavailable, "Outcome unknown", "The parameter may have been written. To see its version now, run the command with --dry-run. " +
		"Running the command again is safe: it puts the same value{or}."},

	// KMS.
	"kms NotFoundException":               {Missing, "Key not found", "Create the key or its alias, or correct kms_key{or}."},
	"kms InvalidArnException":             {Missing, "Key not found", "Correct the ARN of the key{or}."},
	"kms:DescribeKey ValidationException": {Missing, "Key not found", "Correct kms_key: it must be the ID, alias or ARN of a key{or}."},
	"kms DisabledException":               {Missing, "Unusable key", "Enable the key, or use another one{or}."},
	"kms KMSInvalidStateException":        {Missing, "Unusable key", "Enable the key (and cancel its deletion if that is pending), or use another one{or}."},
	"kms InvalidKeyUsageException":        {Missing, "Unusable key", "Use a symmetric key with key usage ENCRYPT_DECRYPT{or}."},
	"kms InvalidCiphertextException":      {Missing, "Unusable ciphertext", "Put the parameter again as a standard-tier SecureString, encrypted with a customer managed key{or}."},
	"kms IncorrectKeyException":           {Missing, "Unusable ciphertext", "Put the parameter again with one of the environment's parameter_keys{or}."},
	"kms InvalidGrantTokenException":      {Integrity, "Unexpected answer from KMS", checkEndpoint},
	"kms KeyUnavailableException":         {Unavailable, "KMS unavailable", "Try again. If the key is in a custom key store, check that the key store is connected{or}."},
	"kms DependencyTimeoutException":      {Unavailable, "KMS unavailable", tryAgain},
	"kms KMSInternalException":            {Unavailable, "KMS unavailable", tryAgain},
	"kms class throttled": {Unavailable, "KMS throttles requests", "The account's quotas are \"Cryptographic operations (symmetric) request rate\" and \"DescribeKey request rate\", " +
		"shared by everything in the account and region. Run fewer jobs at a time, or request a quota increase{or}."},

	// Lambda.
	"lambda ResourceNotFoundException":                                  {Integrity, "Layer not found", "Correct its name or version{or}."},
	"lambda ServiceException":                                           {Unavailable, "Lambda unavailable", tryAgain},
	"lambda InvalidParameterValueException":                             {Integrity, "Unexpected answer from Lambda", "Try again{or}."},
	"lambda:PublishLayerVersion InvalidParameterValueException":         {Integrity, notPublished, "Lambda does not accept the layer. Check its name and size{or}."},
	"lambda:PublishLayerVersion ValidationException":                    {Integrity, notPublished, "Lambda does not accept the layer. Check its name and size{or}."},
	"lambda:PublishLayerVersion RequestEntityTooLargeException":         {Integrity, notPublished, "Lambda does not accept the layer: it can have at most 50 MB zipped. Split the bundle, or remove helpers{or}."},
	"lambda:PublishLayerVersion RequestTooLargeException":               {Integrity, notPublished, "Lambda does not accept the layer: it can have at most 50 MB zipped. Split the bundle, or remove helpers{or}."},
	"lambda PreconditionFailedException":                                {Unavailable, "Changed by something else", tryAgain},
	"lambda ResourceConflictException":                                  {Unavailable, "Function is being changed", tryAgain},
	"lambda CodeVerificationFailedException":                            {Integrity, "Layer is not signed", "Its code signing configuration accepts only signed layers, and bundle does not sign{or}."},
	"lambda InvalidCodeSignatureException":                              {Integrity, "Layer is not signed", "Its code signing configuration accepts only signed layers, and bundle does not sign{or}."},
	"lambda CodeSigningConfigNotFoundException":                         {Missing, "No code signing configuration", "The function names a code signing configuration that is deleted. Give it another one, or none{or}."},
	"lambda:GetFunctionConfiguration ResourceNotFoundException":         {Integrity, "Function not found", vanished},
	"lambda:UpdateFunctionConfiguration ResourceNotFoundException":      {Integrity, "Function not found", vanished},
	"lambda:PublishVersion ResourceNotFoundException":                   {Integrity, "Function not found", vanished},
	"lambda:UpdateAlias ResourceNotFoundException":                      {Integrity, "Alias not found", vanished},
	"lambda:UpdateFunctionConfiguration InvalidParameterValueException": {Integrity, "Layers refused", "Lambda does not accept the function's list of layers: one of them may just have been deleted. Run the command again to see which{or}."},
	"lambda:PublishVersion InvalidParameterValueException":              {Integrity, "Changed by something else", "The code of $LATEST is not what it was. Run the command again{or}."},
	"lambda:UpdateAlias InvalidParameterValueException":                 {Integrity, "Alias not moved", "Lambda does not accept the versions that the alias is to serve. Run the command again{or}."},
	"lambda CodeStorageExceededException":                               {Missing, notPublished, "Delete old versions of layers and functions, or request an increase of the quota \"Function and layer storage\"{or}."},
	"lambda:PublishLayerVersion ResourceNotFoundException":              {Integrity, notPublished, "Correct the layer's name{or}."},
	"lambda vanished":        {Integrity, "Layer not found", vanished},
	"lambda damaged":         {Integrity, "Layer damaged", tryAgain},
	"lambda unclear":         {Unavailable, "Outcome unknown", "Run bundle publish again. It does not publish the same content twice{or}."},
	"lambda class malformed": {Integrity, "Unexpected answer from Lambda", tryAgain},
	"lambda class throttled": {Unavailable, "Lambda throttles requests", "The account's quota \"Rate of control plane API requests\" is 15 per second, shared by everything in the account and region. Run fewer jobs at a time{or}."},

	// STS.
	"sts MalformedPolicyDocument":          {Access, noRole, "STS does not accept the session policy. " + report},
	"sts PackedPolicyTooLargeException":    {Access, noRole, "The session policy and tags are too large in total. Remove some tags{or}."},
	"sts MalformedPolicyDocumentException": {Access, noRole, "STS does not accept the session policy. " + report},
	"sts PackedPolicyTooLarge":             {Access, noRole, "The session policy and tags are too large in total. Remove some tags{or}."},
	"sts class unavailable":                {Unavailable, "AWS unavailable", tryAgain},
	"sts class throttled":                  {Unavailable, "AWS unavailable", tryAgain},
	"sts IDPCommunicationError":            {Unavailable, "STS unavailable", "The identity provider did not answer AWS. " + tryAgain},

	// No answer.
	"lost fips": {Manifest, "Endpoint does not exist", "AWS_USE_FIPS_ENDPOINT, or use_fips_endpoint of the profile, is set, and {service} has no FIPS endpoint in region {region}. " +
		"Unset it, or use a region that has one{or}."},
	"lost dualstack": {Manifest, "Endpoint does not exist", "AWS_USE_DUALSTACK_ENDPOINT, or use_dualstack_endpoint of the profile, is set, and {service} has no dual-stack endpoint in region {region}. " +
		"Unset it, or use a region that has one{or}."},
	"lost host":      {Unavailable, "{service} unavailable", "Check that region {region} exists and has {service}. If so, DNS on this machine cannot resolve AWS endpoints{or}."},
	"lost untrusted": {Unavailable, "{service} unavailable", "If AWS_CA_BUNDLE, or ca_bundle of the profile, is set, only its certificates are trusted. Unset it, or point it to the right ones. If there is a proxy in between (HTTPS_PROXY), add its certificate there{or}."},
	"lost proxy":     {Unavailable, "{service} unavailable", "Check HTTPS_PROXY and NO_PROXY{or}."},

	"class throttled":   {Unavailable, "{service} throttles requests", "Run fewer jobs at a time, or try again later{or}."},
	"class unavailable": {Unavailable, "{service} unavailable", tryAgain},
	"class malformed":   {Integrity, "Unexpected answer from {service}", checkEndpoint},
	"class other":       {Integrity, "Unexpected answer from {service}", checkEndpoint},
}

const (
	noCredentials = "No usable credentials"
	notPublished  = "Layer not published"
	notPut        = "Parameter not written"
	noRole        = "Role cannot be assumed"
	expired       = "Get new ones. " + howToGetCredentials + " If they expire while bundle runs, request a longer session (role-duration-seconds)."
	unknownKey    = "Check the credentials, and check that region {region} is enabled in the account, because an opt-in region does not accept credentials until it is enabled. " + howToGetCredentials
	webIdentity   = "Get a new token, and check the role in AWS_ROLE_ARN and its trust policy (aud and sub of the token), and in GitHub Actions permissions id-token: write{or}."
)
