// Package audit finds out from CloudTrail who has opened which document of a bundle: from CloudTrail's event history, from files of a
// trail, or by a query for Athena.
//
// KMS puts the encryption context of a call into its event in plaintext, but neither the ciphertext nor what was in it:
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html
// Everything else in an event is the choice of whoever made the call, also of one that was denied. So this package keeps only what
// has the form that AWS gives it.
package audit
