package awsreply

const (
	kib = 1 << 10

	// MaxBytes is the maximum length of any reply in bytes, after
	// decompression. The content of a layer does not come in a reply.
	MaxBytes = 1 << 20
)

// limits are the maximum lengths of replies in bytes, by operation. Each is at least
// twice the longest reply of AWS with every character written as six bytes, as JSON
// allows.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
var limits = map[string]int{
	"ssm:GetParameters":       MaxBytes, // ten values of 8 KB
	"ssm:GetParametersByPath": MaxBytes, // ten values of 8 KB
	"ssm:DescribeParameters":  MaxBytes, // fifty descriptions of 1 KB, with names, patterns and policies
	"ssm:GetParameterHistory": MaxBytes, // fifty ARNs: what is much longer is not the ARN of a layer
	"ssm:PutParameter":        16 * kib, // two numbers

	"kms:DescribeKey":      256 * kib, // a description of 8 KB, and the replicas of a multi-Region key
	"kms:Encrypt":          64 * kib,  // a ciphertext of 6 KB
	"kms:ReEncrypt":        64 * kib,  // a ciphertext of 6 KB
	"kms:Decrypt":          64 * kib,  // a plaintext of 4 KB, and the caller's certificate for an enclave
	"kms:GetKeyPolicy":     512 * kib, // a policy of 32 KB
	"kms:PutKeyPolicy":     16 * kib,  // nothing
	"kms:ListGrants":       MaxBytes,  // five grants, each with 16 pairs of an encryption context of 768 characters
	"kms:GetKeyLastUsage":  16 * kib,  // an ARN, a name and dates
	"kms:ListResourceTags": 256 * kib, // fifty tags of 384 characters

	"lambda:ListLayerVersions":     MaxBytes,  // fifty versions with descriptions and license texts of 512 characters
	"lambda:GetLayerVersion":       64 * kib,  // one version, and a signed URL
	"lambda:PublishLayerVersion":   64 * kib,  // one version, and a signed URL
	"lambda:GetLayerVersionPolicy": 512 * kib, // a policy of 20 KB
	"lambda:DeleteLayerVersion":    16 * kib,  // nothing

	"lambda:ListFunctions":          MaxBytes,  // fifty versions with five layers, without what is not read
	"lambda:ListVersionsByFunction": MaxBytes,  // as many
	"lambda:ListAliases":            256 * kib, // fifty names of 128 characters, and weights

	"lambda:GetFunctionConfiguration":     256 * kib, // one version, without what is not read
	"lambda:UpdateFunctionConfiguration":  256 * kib, // as much
	"lambda:PublishVersion":               256 * kib, // as much
	"lambda:UpdateAlias":                  64 * kib,  // one alias
	"lambda:ListTags":                     256 * kib, // fifty tags of 384 characters
	"lambda:GetFunctionCodeSigningConfig": 16 * kib,  // an ARN
	"lambda:GetCodeSigningConfig":         16 * kib,  // a word
	// Fifty events of at most 256 KB: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html. Whoever calls
	// KMS chooses most of it, so longer replies are not refused: nobody can hide a call behind large ones.
	"cloudtrail:LookupEvents":      32 * MaxBytes,
	"cloudtrail:DescribeTrails":    MaxBytes,
	"cloudtrail:GetEventSelectors": 256 * kib,

	"secretsmanager:DescribeSecret":       512 * kib, // a description of 2 KB, fifty tags of 384 characters, twenty versions, and replicas with messages
	"secretsmanager:GetSecretValue":       MaxBytes,  // a value of 64 KB
	"secretsmanager:ListSecrets":          MaxBytes,  // twenty descriptions as above
	"secretsmanager:ListSecretVersionIds": 512 * kib, // a hundred versions with their stages and keys

	"sts:GetCallerIdentity":         16 * kib, // three names of at most 2 KB
	"sts:AssumeRole":                64 * kib, // credentials, whose token has no documented limit
	"sts:AssumeRoleWithWebIdentity": 64 * kib, // credentials, whose token has no documented limit
}

// limit returns the maximum length of an operation's reply. It is MaxBytes for calls
// that the SDK makes itself, such as those of single sign-on.
func limit(operation string) int {
	if n, ok := limits[operation]; ok {
		return n
	}
	return MaxBytes
}
