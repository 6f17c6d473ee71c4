// Package param reads parameters from AWS Systems Manager Parameter Store.
//
// It asks in batches, as fast as the account's quota lets it, holds every reply
// to what was asked, and tells a missing parameter from a missing version, a
// forbidden one and one that cannot be decrypted. No value leaves it but inside
// a secret.Value, and no error repeats any part of one.
package param
