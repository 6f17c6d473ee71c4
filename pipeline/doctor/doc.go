// Package doctor finds out whether a build would be let through, and whether
// those who must not open a secret cannot: by dry runs of KMS's operations in
// the encryption contexts that a build uses, and by reading key policies. It
// reads no value and changes nothing.
//
// A dry run tells of the caller's own rights only, counts as a call, and is
// logged by CloudTrail:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
package doctor
