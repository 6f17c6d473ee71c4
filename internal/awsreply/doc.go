// Package awsreply holds every reply of AWS to what its operation must answer,
// before the SDK reads it. The SDK takes a member that is absent for an empty
// one: a page of a list that has lost its parameters would be an empty page, and
// every secret on it would be gone.
//
// A reply is read whole, up to a limit. It must be one document, in valid UTF-8,
// no member of it may occur twice, and every member that the table of an
// operation calls required must be there, with its type. An operation that is not
// in the table is not sent.
package awsreply
