// Package secret holds the vocabulary that every stage of the pipeline shares: a
// redacting Value, references to parameters, their versions, encodings and
// fields.
//
// The package does no I/O. Plaintext lives in a Value and nowhere else: no
// error, log record or rendering made here repeats any part of one.
package secret
