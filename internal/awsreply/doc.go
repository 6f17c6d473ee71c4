// Package awsreply checks every reply of AWS against what its operation must
// return, before the SDK reads it. The SDK treats an absent member as an empty one:
// a page of a list without its parameters would be an empty page, and every secret
// on it would be missing.
//
// A reply is read whole, up to a limit. It must be one document in valid UTF-8, must
// not have a member twice, and must have every member that the operation's table
// requires, with its type. An operation that is not in the table is not sent.
package awsreply
