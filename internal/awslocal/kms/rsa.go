package kms

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"hash"
	"strconv"
	"strings"
)

// newRSA makes the material of an RSA key: PKCS #8.
func newRSA(spec string) ([]byte, error) {
	bits, err := strconv.Atoi(strings.TrimPrefix(spec, "RSA_"))
	if err != nil {
		return nil, err
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(private)
}

// private returns the RSA key of the material, nil if there is none.
func (k *key) private() *rsa.PrivateKey {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Material)
	if err != nil {
		return nil
	}
	private, _ := parsed.(*rsa.PrivateKey)
	return private
}

// oaepHash is the hash of an RSAES_OAEP algorithm.
func oaepHash(algorithm string) hash.Hash {
	if algorithm == "RSAES_OAEP_SHA_1" {
		return sha1.New()
	}
	return sha256.New()
}

func (k *key) encryptRSA(algorithm string, plaintext []byte) ([]byte, error) {
	private, h := k.private(), oaepHash(algorithm)
	if private == nil {
		return nil, unsupported("Encryption with key spec " + k.Spec)
	}
	if most := private.Size() - 2*h.Size() - 2; len(plaintext) > most {
		return nil, validation("Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.", algorithm, k.Spec, most)
	}
	return rsa.EncryptOAEP(h, rand.Reader, &private.PublicKey, plaintext, nil)
}

func (k *key) decryptRSA(algorithm string, blob []byte) (plaintext []byte, ok bool) {
	private := k.private()
	if private == nil {
		return nil, false
	}
	plaintext, err := rsa.DecryptOAEP(oaepHash(algorithm), nil, private, blob, nil)
	return plaintext, err == nil
}
