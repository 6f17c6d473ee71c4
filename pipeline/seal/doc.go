// Package seal turns the secrets of a function into ciphertexts: Pack fills boxes
// of at most 4,096 bytes, which is what KMS encrypts in one call, and KMS
// resolves a function's key and encrypts each box under it. There is no
// cryptography in it: every ciphertext is one that KMS made.
package seal
