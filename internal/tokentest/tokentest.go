// Package tokentest signs tokens as a CI does for its jobs, for tests.
package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Headers of tokens, by the two keys of an Issuer.
const (
	RS256 = `{"alg":"RS256","kid":"one","typ":"JWT"}`
	ES256 = `{"alg":"ES256","kid":"two"}`
)

// An Issuer is an OpenID Connect identity provider with two keys.
type Issuer struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
}

// New makes an issuer with new keys.
func New(t testing.TB) Issuer {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Issuer{private, curve}
}

// Encode returns a part of a token (RFC 7515).
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// JWKS returns the public keys (RFC 7517).
func (i Issuer) JWKS(t testing.TB) json.RawMessage {
	t.Helper()
	point, err := i.ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"one","n":%q,"e":"AQAB"},{"kty":"EC","kid":"two","crv":"P-256","x":%q,"y":%q}]}`,
		Encode(i.rsa.N.Bytes()), Encode(point[1:33]), Encode(point[33:])))
}

// Sign makes a token of a header and claims: with the EC key if the header has ES256, else with the RSA key and SHA-256.
func (i Issuer) Sign(t testing.TB, header string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := Encode([]byte(header)) + "." + Encode(payload)
	digest := sha256.Sum256([]byte(text))
	var signature []byte
	if strings.Contains(header, "ES256") {
		r, s, err := ecdsa.Sign(rand.Reader, i.ec, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	} else if signature, err = rsa.SignPKCS1v15(rand.Reader, i.rsa, crypto.SHA256, digest[:]); err != nil {
		t.Fatal(err)
	}
	return text + "." + Encode(signature)
}
