// Package doctor finds out whether AWS would allow a build, and whether someone can
// decrypt a secret who should not. It makes dry runs of KMS operations in the
// encryption contexts of a build, and reads key policies. It reads no value and
// changes nothing.
//
// A dry run only tests the caller's own permissions. It counts as a call, and
// CloudTrail logs it:
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
package doctor
