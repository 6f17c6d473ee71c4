package problem

// A row says what a failure means and what to do about it. {service} and
// {region} stand for those that were asked, {rights} and {on} for what has to be
// allowed on what, {policy} for the policy that denies it, and {or} for what else
// can be done.
type row struct {
	kind    Kind
	summary string
	remedy  string
}

const (
	// HowToGetCredentials says where credentials come from.
	howToGetCredentials = "In CI, get them in a step before this one (in GitHub Actions: aws-actions/configure-aws-credentials, " +
		"with permissions id-token: write; in other CIs, by their OIDC token). On a workstation, run aws sso login or aws login, or set AWS_PROFILE{or}."
	nothingWritten = "Nothing was written{or}."
	tryAgain       = "Try again{or}."
	report         = "Please report this{or}."
)

// table is looked up by "service:Operation CODE", "service CODE" and "CODE", in
// this order; for a code without a row, by its class, in the same way. Codes that
// do not begin with a capital are ours, of what is found out without one of AWS's.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
var table = map[string]row{
	// Credentials.
	"ExpiredToken":                {Access, noCredentials, expired},
	"ExpiredTokenException":       {Access, noCredentials, expired},
	"TokenRefreshRequired":        {Access, noCredentials, expired},
	"UnrecognizedClientException": {Access, noCredentials, unknownKey},
	"InvalidClientTokenId":        {Access, noCredentials, unknownKey},
	"InvalidAccessKeyId":          {Access, noCredentials, unknownKey},
	"RegionDisabledException":     {Access, "Region not enabled", "Enable region {region} in the account (aws account enable-region), or name another region{or}."},
	"OptInRequired":               {Access, "Region or service not enabled", "Enable region {region} and the service in the account, or name another region{or}."},
	"SignatureDoesNotMatch":       {Access, noCredentials, "Check AWS_SECRET_ACCESS_KEY, and the clock of this machine: bundle doctor compares it with AWS's{or}."},
	"InvalidSignatureException":   {Access, noCredentials, "Check AWS_SECRET_ACCESS_KEY, and the clock of this machine: bundle doctor compares it with AWS's{or}."},
	"sts IDPRejectedClaim":        {Access, noCredentials, webIdentity},
	"sts InvalidIdentityToken":    {Access, noCredentials, webIdentity},
	"class credentials":           {Access, noCredentials, howToGetCredentials},
	"clock":                       {Access, "Clock is wrong", "Set this machine's clock (timedatectl set-ntp true): AWS takes a request for five minutes. bundle doctor says how far it is off{or}."},

	// What says itself what to do.
	"advised class credentials": {Access, noCredentials, ""},
	"advised class throttled":   {Unavailable, "AWS unavailable", ""},
	"advised class unavailable": {Unavailable, "AWS unavailable", ""},
	"advised class malformed":   {Integrity, "Unexpected answer from AWS", ""},

	// What is not allowed, as far as AWS says why.
	"class denied":        {Access, "Access denied", "Allow this role {rights} on {on}{or}."},
	"ssm class denied":    {Access, "Parameter refused", "Allow this role {rights} on {on}{or}."},
	"kms class denied":    {Access, "Key refused", "Allow this role {rights} on {on}, in its key policy or the role's (bundle policy writes both){or}."},
	"lambda class denied": {Access, "Layer refused", "Allow this role {rights} on {on}{or}."},
	"ssm key denied": {Access, "Parameter cannot be decrypted", "Allow this role {rights} on {on}, in its key policy or the role's " +
		"(bundle policy writes both), and check that the key exists in this account and region{or}."},
	"kms key denied": {Access, "Key refused", "Allow this role {rights} on {on}, in its key policy or the role's " +
		"(bundle policy writes both), and check that the key exists in this account and region{or}."},
	"lambda:PublishLayerVersion class denied":    {Access, notPublished, "Allow this role {rights} on {on}{or}."},
	"sts:AssumeRole class denied":                {Access, noRole, "Allow sts:AssumeRole on the role to these credentials, and name them in the role's trust policy{or}."},
	"sts:AssumeRoleWithWebIdentity class denied": {Access, noRole, webIdentity},

	// The remedies where AWS names the policy, which take the place of those above.
	"denied identity-based policy":   {remedy: "Allow this role {rights} on {on} in a policy of its own (bundle policy writes one){or}."},
	"denied resource-based policy":   {remedy: "Allow this role {rights} on {on} in the policy of that resource (bundle policy --kind key writes that of a key){or}."},
	"denied service control policy":  {remedy: "A service control policy (SCP) does not allow {rights} on {on}. No policy of the role mends that: ask the administrators of the organization{or}."},
	"denied resource control policy": {remedy: "A resource control policy (RCP) does not allow {rights} on {on}. No policy of the role mends that: ask the administrators of the organization{or}."},
	"denied permissions boundary":    {remedy: "The role's permissions boundary does not allow {rights} on {on}. Add it there, and to a policy of the role{or}."},
	"denied session policy":          {remedy: "The session policy that the role was assumed with does not allow {rights} on {on}. Add it where the role is assumed{or}."},
	"denied VPC endpoint policy":     {remedy: "The policy of the VPC endpoint does not allow {rights} on {on}. Add it there{or}."},
	"denied explicitly":              {remedy: "An explicit Deny in {policy} refuses {rights} on {on}, and no Allow outweighs that: change that Deny{or}."},

	// Parameter Store.
	"ssm ParameterNotFound":        {Missing, "Parameter not found", "Put the parameter, correct its name, or write optional = true{or}."},
	"ssm ParameterVersionNotFound": {Missing, "Version or label not found", "The parameter exists. Correct what follows the colon, or leave it out for the newest version{or}."},
	"ssm InvalidKeyId": {Missing, "Parameter cannot be decrypted",
		"Enable the key that the parameter is stored under (aws kms describe-key says its state), or put the parameter again under another one{or}."},
	"ssm InternalServerError": {Unavailable, "Parameter Store unavailable", tryAgain},
	"ssm class throttled": {Unavailable, "Parameter Store throttles", "The account's quota, Parameter Store throughput, is 40 calls a second unless raised, and shared by GetParameter, GetParameters, " +
		"GetParametersByPath and everything else in account and region. Lower --ssm-tps, run fewer jobs at a time, or turn on higher throughput in the settings of Parameter Store{or}."},
	"ssm class unavailable": {Unavailable, "Parameter Store unavailable", "Try again; if other jobs share the account's quota, a lower --ssm-tps may help{or}."},

	// KMS.
	"kms NotFoundException":               {Missing, "Key not found", "Create the key or its alias, or correct kms_key{or}."},
	"kms InvalidArnException":             {Missing, "Key not found", "Correct the ARN of the key{or}."},
	"kms:DescribeKey ValidationException": {Missing, "Key not found", "Correct kms_key: it is no id, alias or ARN of a key{or}."},
	"kms DisabledException":               {Missing, "Unusable key", "Enable the key, or name another one{or}."},
	"kms KMSInvalidStateException":        {Missing, "Unusable key", "Enable the key, or name another one; cancel its deletion if it is pending{or}."},
	"kms InvalidKeyUsageException":        {Missing, "Unusable key", "Name a symmetric key of usage ENCRYPT_DECRYPT{or}."},
	"kms InvalidCiphertextException":      {Missing, "Unusable ciphertext", "Put the parameter again as a SecureString of the standard tier, under a key of your own{or}."},
	"kms IncorrectKeyException":           {Missing, "Unusable ciphertext", "Put the parameter again under one of the environment's parameter_keys{or}."},
	"kms InvalidGrantTokenException":      {Integrity, "Unexpected answer from KMS", nothingWritten},
	"kms KeyUnavailableException":         {Unavailable, "KMS unavailable", "Try again; if the key is in a custom key store, check that it is connected{or}."},
	"kms DependencyTimeoutException":      {Unavailable, "KMS unavailable", tryAgain},
	"kms KMSInternalException":            {Unavailable, "KMS unavailable", tryAgain},
	"kms class throttled": {Unavailable, "KMS throttles", "The account's quotas are \"Cryptographic operations (symmetric) request rate\" and \"DescribeKey request rate\", " +
		"shared by everything in account and region: run fewer jobs at a time, or have them raised{or}."},

	// Lambda.
	"lambda ResourceNotFoundException":                          {Integrity, "Layer not found", "Correct its name or version{or}."},
	"lambda ServiceException":                                   {Unavailable, "Lambda unavailable", tryAgain},
	"lambda InvalidParameterValueException":                     {Integrity, "Unexpected answer from Lambda", "Try again{or}."},
	"lambda:PublishLayerVersion InvalidParameterValueException": {Integrity, notPublished, "Lambda does not take the layer as it is{or}."},
	"lambda:PublishLayerVersion ValidationException":            {Integrity, notPublished, "Lambda does not take the layer as it is{or}."},
	"lambda:PublishLayerVersion RequestEntityTooLargeException": {Integrity, notPublished, "Lambda does not take the layer as it is: it may have 50 MB zipped{or}."},
	"lambda:PublishLayerVersion RequestTooLargeException":       {Integrity, notPublished, "Lambda does not take the layer as it is: it may have 50 MB zipped{or}."},
	"lambda CodeStorageExceededException":                       {Missing, notPublished, "Delete old versions of layers and functions, or have the quota \"Function and layer storage\" raised{or}."},
	"lambda:PublishLayerVersion ResourceNotFoundException":      {Integrity, notPublished, "Correct the layer's name{or}."},
	"lambda vanished":        {Integrity, "Layer not found", "It may have been deleted just now: run the command again{or}."},
	"lambda damaged":         {Integrity, "Layer damaged", tryAgain},
	"lambda unclear":         {Unavailable, "Outcome unknown", "Run bundle publish again: it makes no second version of the same content{or}."},
	"lambda class malformed": {Integrity, "Unexpected answer from Lambda", tryAgain},
	"lambda class throttled": {Unavailable, "Lambda throttles", "The account's quota \"Rate of control plane API requests\" is 15 a second, shared by everything in account and region: run fewer jobs at a time{or}."},

	// STS.
	"sts MalformedPolicyDocument":          {Access, noRole, "STS does not take the session policy. " + report},
	"sts PackedPolicyTooLargeException":    {Access, noRole, "The session policy and tags are too large together: leave some tags out{or}."},
	"sts MalformedPolicyDocumentException": {Access, noRole, "STS does not take the session policy. " + report},
	"sts PackedPolicyTooLarge":             {Access, noRole, "The session policy and tags are too large together: leave some tags out{or}."},
	"sts class unavailable":                {Unavailable, "AWS unavailable", tryAgain},
	"sts class throttled":                  {Unavailable, "AWS unavailable", tryAgain},
	"sts IDPCommunicationError":            {Unavailable, "STS unavailable", "The identity provider did not answer AWS. " + tryAgain},

	// No answer.
	"lost fips": {Manifest, "No such endpoint", "AWS_USE_FIPS_ENDPOINT, or use_fips_endpoint of the profile, is set, and {service} has no FIPS endpoint in region {region}. " +
		"Unset it, or name a region that has one{or}."},
	"lost dualstack": {Manifest, "No such endpoint", "AWS_USE_DUALSTACK_ENDPOINT, or use_dualstack_endpoint of the profile, is set, and {service} has no dual-stack endpoint in region {region}. " +
		"Unset it, or name a region that has one{or}."},
	"lost host":      {Unavailable, "{service} unavailable", "Check that there is a region {region} and that it has {service}; if so, the name servers of this machine do not know AWS{or}."},
	"lost untrusted": {Unavailable, "{service} unavailable", "If AWS_CA_BUNDLE, or ca_bundle of the profile, is set, only its certificates are trusted: unset it, or have it name the right ones. If a proxy stands between (HTTPS_PROXY), put its certificate there{or}."},
	"lost proxy":     {Unavailable, "{service} unavailable", "Check HTTPS_PROXY and NO_PROXY{or}."},

	"class throttled":   {Unavailable, "{service} throttles", "Run fewer jobs at a time, or try again later{or}."},
	"class unavailable": {Unavailable, "{service} unavailable", tryAgain},
	"class malformed":   {Integrity, "Unexpected answer from {service}", nothingWritten},
	"class other":       {Integrity, "Unexpected answer from {service}", nothingWritten},
}

const (
	noCredentials = "No usable credentials"
	notPublished  = "Layer not published"
	noRole        = "Role cannot be assumed"
	expired       = "Get new ones. " + howToGetCredentials + " If they expire while bundle runs, have them last longer (role-duration-seconds)."
	unknownKey    = "Check the credentials, and that region {region} is enabled in the account: one that has to be enabled first knows no credentials before. " + howToGetCredentials
	webIdentity   = "Get a new token, and check the role in AWS_ROLE_ARN and its trust policy (aud and sub of the token), and in GitHub Actions permissions id-token: write{or}."
)
