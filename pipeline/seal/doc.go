// Package seal turns the secrets of a function into ciphertexts. Pack fills boxes
// of at most 4,096 bytes, which is what KMS encrypts in one call. KMS resolves a
// function's key and encrypts each box under it. The package contains no
// cryptography: KMS makes every ciphertext.
package seal
