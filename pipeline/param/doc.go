// Package param reads parameters from AWS Systems Manager Parameter Store, and writes
// them.
//
// It reads in batches, as fast as the account's quota allows, and checks every
// reply against its request. It distinguishes a missing parameter, a missing
// version, a denied one and one that cannot be decrypted. Values leave it only in a
// secret.Value, and no error contains any part of one.
package param
