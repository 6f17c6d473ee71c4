package awsreply

import "sync"

// A kind is the form of a member in a reply.
type kind int

const (
	text    kind = iota // a string that is not empty
	value               // a string that may be empty, such as the value of a parameter
	number              // a number
	boolean             // true or false
	list                // a list, which may be empty
	object              // an object
	date                // seconds since 1970, at most maxSeconds
	instant             // in XML: a date and time of the years 1970 to 9999, with its zone
	word                // in XML: printable ASCII without spaces, as an HTTP header requires
)

// A member is a member that a reply can have. In a path, "[]" follows the name of a
// list.
type member struct {
	path string
	kind kind
	// without says what it means if the member is absent; "" if it is required.
	without string
}

func must(path string, k kind) member                { return member{path: path, kind: k} }
func may(path string, k kind, without string) member { return member{path, k, without} }

const (
	unread   = "nothing here reads it"
	lastPage = "this is the last page"
)

// unreadMembers returns members that nothing here reads. Their types are not checked.
func unreadMembers(paths ...string) []member {
	var all []member
	for _, path := range paths {
		all = append(all, member{path: path, kind: -1, without: unread})
	}
	return all
}

const regions = "KeyMetadata.MultiRegionConfiguration"

// operations has the members of the reply of every operation that bundle calls. It
// has every member of the SDK's type, so that a new member is noticed.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
var operations = sync.OnceValue(func() map[string][]member {
	return map[string][]member{
		"ssm:GetParameters": join(
			parameters(), []member{may("InvalidParameters", list, "Parameters must then have every requested name"),
				may("InvalidParameters[]", text, "the list is empty")}),
		"ssm:GetParametersByPath": join(parameters(), []member{may("NextToken", value, lastPage)}),
		"ssm:DescribeParameters": join([]member{
			must("Parameters", list), must("Parameters[]", object),
			must("Parameters[].Name", text), must("Parameters[].Type", text),
			may("Parameters[].KeyId", text, "it is not a SecureString, which pipeline/param checks"),
			must("Parameters[].Version", number), may("Parameters[].Tier", text, "the tier is not known"),
			may("Parameters[].DataType", text, "it is text"),
			may("Parameters[].Description", value, "there is none"), may("Parameters[].AllowedPattern", value, "there is none"),
			may("NextToken", value, lastPage),
		}, unreadMembers(
			"Parameters[].ARN", "Parameters[].LastModifiedDate", "Parameters[].LastModifiedUser", "Parameters[].Policies")),
		"ssm:GetParameterHistory": join([]member{
			must("Parameters", list), must("Parameters[]", object),
			must("Parameters[].Name", text), must("Parameters[].Type", text), must("Parameters[].Value", value),
			must("Parameters[].Version", number), may("Parameters[].DataType", text, "it is text"),
			may("Parameters[].Labels", list, "there are none"), must("Parameters[].Labels[]", text),
			may("NextToken", value, lastPage),
		}, unreadMembers(
			"Parameters[].AllowedPattern", "Parameters[].Description", "Parameters[].KeyId", "Parameters[].LastModifiedDate",
			"Parameters[].LastModifiedUser", "Parameters[].Policies", "Parameters[].Tier")),
		"ssm:PutParameter": join([]member{must("Version", number)}, unreadMembers("Tier")),

		"kms:DescribeKey": join([]member{
			must("KeyMetadata", object), must("KeyMetadata.KeyId", text), must("KeyMetadata.Arn", text), must("KeyMetadata.AWSAccountId", text),
			must("KeyMetadata.Enabled", boolean), must("KeyMetadata.KeyState", text), must("KeyMetadata.KeySpec", text),
			must("KeyMetadata.KeyUsage", text), must("KeyMetadata.KeyManager", text),
			may(regions, object, "it is not a multi-Region key"), may(regions+".PrimaryKey", object, "it is not a multi-Region key"),
			may(regions+".PrimaryKey.Arn", text, "pipeline/seal refuses it"), may(regions+".ReplicaKeys", list, "there are none"),
			must(regions+".ReplicaKeys[]", object), must(regions+".ReplicaKeys[].Arn", text),
		}, unreadMembers(
			regions+".MultiRegionKeyType", regions+".PrimaryKey.Region", regions+".ReplicaKeys[].Region",
			"KeyMetadata.CloudHsmClusterId", "KeyMetadata.CreationDate", "KeyMetadata.CurrentKeyMaterialId", "KeyMetadata.CustomKeyStoreId",
			"KeyMetadata.CustomerMasterKeySpec", "KeyMetadata.DeletionDate", "KeyMetadata.Description", "KeyMetadata.EncapsulationAlgorithms",
			"KeyMetadata.EncryptionAlgorithms", "KeyMetadata.ExpirationModel", "KeyMetadata.KeyAgreementAlgorithms", "KeyMetadata.MacAlgorithms",
			"KeyMetadata.MultiRegion", "KeyMetadata.Origin", "KeyMetadata.PendingDeletionWindowInDays",
			"KeyMetadata.SigningAlgorithms", "KeyMetadata.ValidTo", "KeyMetadata.XksKeyConfiguration")),
		"kms:Encrypt": join([]member{must("CiphertextBlob", text), must("KeyId", text)}, unreadMembers("EncryptionAlgorithm")),
		"kms:ReEncrypt": join([]member{must("CiphertextBlob", text), must("KeyId", text), must("SourceKeyId", text)}, unreadMembers(
			"DestinationEncryptionAlgorithm", "DestinationKeyMaterialId", "SourceEncryptionAlgorithm", "SourceKeyMaterialId")),
		"kms:Decrypt": join([]member{must("KeyId", text), must("Plaintext", text)}, unreadMembers(
			"CiphertextForRecipient", "EncryptionAlgorithm", "KeyMaterialId")),
		"kms:PutKeyPolicy": {},
		"kms:GetKeyPolicy": join([]member{must("Policy", text)}, unreadMembers("PolicyName")),
		"kms:ListGrants": join([]member{
			must("Grants", list), must("Grants[]", object),
			must("Grants[].KeyId", text), must("Grants[].Operations", list), must("Grants[].Operations[]", text),
			may("Grants[].GranteePrincipal", text, "the grant is for a service, which pipeline/doctor checks"),
			may("Grants[].GranteeServicePrincipal", text, "the grant is for a principal, which pipeline/doctor checks"),
			may("NextMarker", value, lastPage), may("Truncated", boolean, lastPage),
		}, unreadMembers(
			"Grants[].Constraints", "Grants[].CreationDate", "Grants[].GrantId", "Grants[].IssuingAccount", "Grants[].Name",
			"Grants[].RetiringPrincipal", "Grants[].RetiringServicePrincipal")),
		"kms:GetKeyLastUsage": join([]member{
			must("KeyId", text), must("KeyCreationDate", date), must("TrackingStartDate", date),
			may("KeyLastUsage", object, "the key was not used"), may("KeyLastUsage.Operation", text, "the key was not used"),
			may("KeyLastUsage.Timestamp", date, "the key was not used"),
		}, unreadMembers("KeyLastUsage.CloudTrailEventId", "KeyLastUsage.KmsRequestId")),

		"kms:ListResourceTags": {
			must("Tags", list), must("Tags[]", object), must("Tags[].TagKey", text), must("Tags[].TagValue", value),
			may("NextMarker", value, lastPage), may("Truncated", boolean, lastPage),
		},

		"lambda:ListLayerVersions": join([]member{
			must("LayerVersions", list), must("LayerVersions[]", object),
			must("LayerVersions[].LayerVersionArn", text), must("LayerVersions[].Version", number),
			may("LayerVersions[].CreatedDate", value, "its age is not known"), may("LayerVersions[].Description", value, "nobody says what it is"),
			may("NextMarker", value, lastPage),
		}, unreadMembers(
			"LayerVersions[].CompatibleArchitectures", "LayerVersions[].CompatibleRuntimes", "LayerVersions[].LicenseInfo")),
		"lambda:GetLayerVersion":       layerVersion(),
		"lambda:PublishLayerVersion":   layerVersion(),
		"lambda:GetLayerVersionPolicy": join([]member{must("Policy", text)}, unreadMembers("RevisionId")),
		"lambda:DeleteLayerVersion":    {}, // which has no content

		// pipeline/publish leaves out what is not read before a reply comes here.
		"lambda:ListFunctions":          functions("Functions"),
		"lambda:ListVersionsByFunction": functions("Versions"),
		"lambda:ListAliases": join([]member{
			must("Aliases", list), must("Aliases[]", object), must("Aliases[].Name", text), must("Aliases[].FunctionVersion", text),
			may("NextMarker", value, lastPage),
		}, unreadMembers( // pipeline/publish checks RoutingConfig, which is a map
			"Aliases[].RoutingConfig", "Aliases[].AliasArn", "Aliases[].Description", "Aliases[].RevisionId")),
		"lambda:GetFunctionConfiguration":    oneFunction(),
		"lambda:UpdateFunctionConfiguration": oneFunction(),
		"lambda:PublishVersion":              oneFunction(),
		"lambda:UpdateAlias": join([]member{must("Name", text), must("FunctionVersion", text), must("RevisionId", text)},
			unreadMembers("RoutingConfig", "AliasArn", "Description")),
		"lambda:ListTags": unreadMembers("Tags"), // a map, of which any text can be a key or value
		"lambda:GetFunctionCodeSigningConfig": join([]member{may("CodeSigningConfigArn", text, "the function has none")},
			unreadMembers("FunctionName")),
		"lambda:GetCodeSigningConfig": join([]member{
			must("CodeSigningConfig", object), must("CodeSigningConfig.CodeSigningPolicies", object),
			must("CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment", text),
		}, unreadMembers(
			"CodeSigningConfig.AllowedPublishers", "CodeSigningConfig.CodeSigningConfigArn", "CodeSigningConfig.CodeSigningConfigId",
			"CodeSigningConfig.LastModified", "CodeSigningConfig.Description")),

		"cloudtrail:LookupEvents": join([]member{
			must("Events", list), must("Events[]", object), must("Events[].EventTime", date), must("Events[].CloudTrailEvent", text),
			may("NextToken", value, lastPage),
		}, unreadMembers(
			"Events[].AccessKeyId", "Events[].EventId", "Events[].EventName", "Events[].EventSource", "Events[].ReadOnly", "Events[].Resources",
			"Events[].Username")),
		"cloudtrail:DescribeTrails": join([]member{
			must("trailList", list), must("trailList[]", object), must("trailList[].Name", text), must("trailList[].TrailARN", text),
		}, unreadMembers(
			"trailList[].CloudWatchLogsLogGroupArn", "trailList[].CloudWatchLogsRoleArn", "trailList[].HasCustomEventSelectors",
			"trailList[].HasInsightSelectors", "trailList[].HomeRegion", "trailList[].IncludeGlobalServiceEvents", "trailList[].IsMultiRegionTrail",
			"trailList[].IsOrganizationTrail", "trailList[].KmsKeyId", "trailList[].LogFileValidationEnabled", "trailList[].S3BucketName",
			"trailList[].S3KeyPrefix", "trailList[].SnsTopicARN", "trailList[].SnsTopicName")),
		"cloudtrail:GetEventSelectors": join([]member{
			may("EventSelectors", list, "there are advanced ones, or none"), must("EventSelectors[]", object),
			may("EventSelectors[].IncludeManagementEvents", boolean, "they are included"),
			may("EventSelectors[].ReadWriteType", text, "it is All"),
			may("EventSelectors[].ExcludeManagementEventSources", list, "none is"), must("EventSelectors[].ExcludeManagementEventSources[]", text),
			may("AdvancedEventSelectors", list, "there are event selectors, or none"), must("AdvancedEventSelectors[]", object),
			must("AdvancedEventSelectors[].FieldSelectors", list), must("AdvancedEventSelectors[].FieldSelectors[]", object),
			must("AdvancedEventSelectors[].FieldSelectors[].Field", text),
		}, unreadMembers(
			"TrailARN", "EventSelectors[].DataResources", "AdvancedEventSelectors[].Name", "AdvancedEventSelectors[].FieldSelectors[].Equals",
			"AdvancedEventSelectors[].FieldSelectors[].NotEquals", "AdvancedEventSelectors[].FieldSelectors[].StartsWith",
			"AdvancedEventSelectors[].FieldSelectors[].NotStartsWith", "AdvancedEventSelectors[].FieldSelectors[].EndsWith",
			"AdvancedEventSelectors[].FieldSelectors[].NotEndsWith")), // pipeline/audit compares them

		"secretsmanager:DescribeSecret": join([]member{
			must("ARN", text), must("Name", text),
			may("VersionIdsToStages", object, "the secret has no value"), // a map, which pipeline/secretsmanager checks
			may("KmsKeyId", text, "it is the default key"), may("OwningService", text, "no service manages it"),
			may("RotationEnabled", boolean, "it does not rotate"), may("NextRotationDate", date, "it does not rotate"),
			may("LastRotatedDate", date, "it never rotated"), may("LastChangedDate", date, "it is not known"),
			may("DeletedDate", date, "it is not marked for deletion"),
			may("PrimaryRegion", text, "it is not replicated"), may("ReplicationStatus", list, "it has no replicas"),
			must("ReplicationStatus[]", object), must("ReplicationStatus[].Region", text), must("ReplicationStatus[].Status", text),
			may("CrossAccountPrimary", object, "it is not a replica of a secret in another account"),
			must("CrossAccountPrimary.PrimarySecretARN", text),
		}, unreadMembers(
			"CreatedDate", "CrossAccountReplicas", "Description", "ExternalSecretRotationMetadata", "ExternalSecretRotationRoleArn",
			"LastAccessedDate", "RotationLambdaARN", "RotationRules", "Tags", "Type",
			"ReplicationStatus[].KmsKeyId", "ReplicationStatus[].LastAccessedDate", "ReplicationStatus[].StatusMessage",
			"CrossAccountPrimary.ReplicationStatus", "CrossAccountPrimary.StatusMessage")),
		"secretsmanager:GetSecretValue": {
			must("ARN", text), must("Name", text), must("VersionId", text), must("CreatedDate", date),
			may("VersionStages", list, "it is at no stage, which pipeline/secretsmanager checks"), must("VersionStages[]", text),
			may("SecretString", value, "the value is bytes, which pipeline/secretsmanager checks"), may("SecretBinary", text, "the value is text"),
		},
		"secretsmanager:ListSecrets": join([]member{
			must("SecretList", list), must("SecretList[]", object), must("SecretList[].ARN", text), must("SecretList[].Name", text),
			may("NextToken", value, lastPage),
		}, unreadMembers(
			"SecretList[].CreatedDate", "SecretList[].DeletedDate", "SecretList[].Description", "SecretList[].ExternalSecretRotationMetadata",
			"SecretList[].ExternalSecretRotationRoleArn", "SecretList[].KmsKeyId", "SecretList[].LastAccessedDate", "SecretList[].LastChangedDate",
			"SecretList[].LastRotatedDate", "SecretList[].NextRotationDate", "SecretList[].OwningService", "SecretList[].PrimaryRegion",
			"SecretList[].RotationEnabled", "SecretList[].RotationLambdaARN", "SecretList[].RotationRules", "SecretList[].SecretVersionsToStages",
			"SecretList[].Tags", "SecretList[].Type")),
		"secretsmanager:ListSecretVersionIds": join([]member{
			must("ARN", text), must("Name", text), may("Versions", list, "the page is empty"), must("Versions[]", object),
			must("Versions[].VersionId", text), must("Versions[].CreatedDate", date), may("NextToken", value, lastPage),
		}, unreadMembers("Versions[].KmsKeyIds", "Versions[].LastAccessedDate", "Versions[].VersionStages")),

		"sts:GetCallerIdentity":         {must("Account", text), must("Arn", text), may("UserId", text, unread)},
		"sts:AssumeRole":                assumed(),
		"sts:AssumeRoleWithWebIdentity": join(assumed(), unreadMembers("Audience", "Provider", "SubjectFromWebIdentityToken")),
	}
})

// functions are the members of a list of versions of functions.
func functions(of string) []member {
	in := of + "[]."
	return join([]member{must(of, list), must(of+"[]", object), may("NextMarker", value, lastPage)},
		join(function(in), unreadMembers(in+"CodeSha256", in+"RevisionId"))) // pipeline/publish checks them where it reads them
}

// oneFunction are the members of a reply about a version of a function.
func oneFunction() []member {
	return join(function(""), []member{must("CodeSha256", text), must("RevisionId", text)})
}

// function are the members of a version of a function that are read in all replies.
func function(in string) []member {
	var others []string
	for _, name := range []string{
		"Architectures", "CapacityProviderConfig", "CodeSize", "ConfigSha256", "DeadLetterConfig", "Description", "DurableConfig",
		"Environment", "EphemeralStorage", "FileSystemConfigs", "Handler", "ImageConfigResponse", "KMSKeyArn", "LastModified",
		"LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "LoggingConfig", "MemorySize", "PackageType",
		"Role", "Runtime", "RuntimeVersionConfig", "SigningJobArn", "SigningProfileVersionArn", "SnapStart", "State",
		"StateReason", "StateReasonCode", "TenancyConfig", "Timeout", "TracingConfig", "VpcConfig",
		"Layers[].CodeSize", "Layers[].SigningJobArn", "Layers[].SigningProfileVersionArn",
	} {
		others = append(others, in+name)
	}
	return join([]member{
		must(in+"FunctionName", text), must(in+"FunctionArn", text), must(in+"Version", text),
		may(in+"MasterArn", text, "it is not a replica"),
		may(in+"Layers", list, "it has no layers"), must(in+"Layers[]", object), must(in+"Layers[].Arn", text),
	}, unreadMembers(others...))
}

func parameters() []member {
	return join([]member{
		must("Parameters", list), must("Parameters[]", object),
		must("Parameters[].Name", text), must("Parameters[].Type", text), must("Parameters[].Value", value),
		must("Parameters[].Version", number), must("Parameters[].ARN", text), must("Parameters[].LastModifiedDate", date),
		may("Parameters[].Selector", value, "the request had no selector, which pipeline/param checks"),
		may("Parameters[].DataType", text, "it is text"),
	}, unreadMembers("Parameters[].SourceResult"))
}

func layerVersion() []member {
	return join([]member{
		must("LayerVersionArn", text), must("Version", number),
		must("Content", object), must("Content.Location", text), must("Content.CodeSha256", text), must("Content.CodeSize", number),
	}, unreadMembers(
		"Content.ResolvedS3Object", "Content.SigningJobArn", "Content.SigningProfileVersionArn",
		"CompatibleArchitectures", "CompatibleRuntimes", "CreatedDate", // shown at most
		"Description", "LayerArn", "LicenseInfo"))
}

func assumed() []member {
	return join([]member{
		must("Credentials", object), must("Credentials.AccessKeyId", word), must("Credentials.SecretAccessKey", word),
		must("Credentials.SessionToken", word), must("Credentials.Expiration", instant),
	}, unreadMembers("AssumedRoleUser", "PackedPolicySize", "SessionTokenSize", "SessionTokenUtilization", "SourceIdentity"))
}

func join(a, b []member) []member { return append(a, b...) }
