// Package secret has the types that every stage of the pipeline shares: a redacting
// Value, references to parameters, and their versions, encodings and fields.
//
// The package does no I/O. Plaintext is only in a Value: no error, log record or
// other output contains any part of one.
package secret
