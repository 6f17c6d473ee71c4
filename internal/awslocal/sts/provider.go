package sts

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the signatures
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

// Provider is an OpenID Connect identity provider of an account, such as a CI that signs a token for each job. Its identity is
// arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html).
type Provider struct {
	Account   string   `json:"account,omitempty"` // twelve digits
	URL       string   `json:"url"`               // the issuer: https, without a query
	Audiences []string `json:"audiences"`         // of which a token must have one
	// JWKS has the keys that verify tokens (RFC 7517). AWS downloads them from the URL; the embedded AWS calls nobody.
	JWKS json.RawMessage `json:"jwks"`
}

// issuer is the URL without its scheme, which begins the names of condition keys.
func (p Provider) issuer() string { return strings.TrimPrefix(p.URL, "https://") }

// ARN is the provider's ARN.
func (p Provider) ARN() string { return "arn:aws:iam::" + p.Account + ":oidc-provider/" + p.issuer() }

// verifier is a key of a provider.
type verifier struct {
	id     string
	public crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
}

func (p Provider) parse() ([]verifier, error) {
	u, err := url.Parse(p.URL)
	switch {
	case !accountPattern.MatchString(p.Account):
		return nil, fmt.Errorf("identity provider %q: account %q is not twelve digits", p.URL, p.Account)
	case err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, fmt.Errorf("identity provider %q: the URL must begin with https:// and end with its path", p.URL)
	case len(p.Audiences) == 0:
		return nil, fmt.Errorf("identity provider %q: audiences is missing", p.URL)
	}
	var set struct {
		Keys []struct{ Kty, Kid, Crv, N, E, X, Y string }
	}
	if err := json.Unmarshal(p.JWKS, &set); err != nil || len(set.Keys) == 0 {
		return nil, fmt.Errorf("identity provider %q: jwks is not a set of keys", p.URL)
	}
	var keys []verifier
	for _, k := range set.Keys {
		public, err := publicKey(k.Kty, k.Crv, k.N, k.E, k.X, k.Y)
		if err != nil {
			return nil, fmt.Errorf("identity provider %q: key %q: %w", p.URL, k.Kid, err)
		}
		keys = append(keys, verifier{k.Kid, public})
	}
	return keys, nil
}

func publicKey(kind, curve, n, e, x, y string) (crypto.PublicKey, error) {
	number := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return nil
		}
		return b
	}
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	switch {
	case kind == "RSA":
		exponent := new(big.Int).SetBytes(number(e))
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(number(n)), E: int(exponent.Int64())}
		if public.N.BitLen() < 2048 || public.N.BitLen() > 8192 || exponent.BitLen() > 31 || public.E < 3 {
			return nil, errors.New("an RSA key has 2048 to 8192 bits")
		}
		return public, nil
	case kind == "EC" && curves[curve] != nil:
		point := slices.Concat([]byte{4}, number(x), number(y)) // uncompressed; RFC 7518 has each number at full length
		public, err := ecdsa.ParseUncompressedPublicKey(curves[curve], point)
		if err != nil {
			return nil, errors.New("it is not a point of its curve")
		}
		return public, nil
	}
	return nil, errors.New("it must be an RSA key, or an EC key of P-256, P-384 or P-521")
}

// verifies reports whether the key made a signature of a string by an algorithm of
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html.
func (k verifier) verifies(algorithm, text string, signature []byte) bool {
	hashes := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}
	if len(algorithm) != 5 || hashes[algorithm[2:]] == 0 {
		return false
	}
	hash := hashes[algorithm[2:]].New()
	hash.Write([]byte(text))
	digest := hash.Sum(nil)
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return algorithm[:2] == "RS" && rsa.VerifyPKCS1v15(public, hashes[algorithm[2:]], digest, signature) == nil
	case *ecdsa.PublicKey: // the signature is r and s, each as long as the curve's numbers (RFC 7518, section 3.4)
		size := (public.Curve.Params().BitSize + 7) / 8
		curve := map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[algorithm]
		if curve != public.Curve.Params().BitSize || len(signature) != 2*size {
			return false
		}
		return ecdsa.Verify(public, digest, new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	}
	return false
}

// PutProvider declares an identity provider, or replaces the one of its account and URL.
func (s *Service) PutProvider(p Provider) error {
	keys, err := p.parse()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Providers = append(slices.DeleteFunc(slices.Clone(s.state.Providers), func(other Provider) bool { return other.ARN() == p.ARN() }), p)
	s.keys[p.ARN()] = keys
	return nil
}

// provider returns the provider of an account that issues tokens as issuer.
func (s *Service) provider(account, issuer string) (p Provider, keys []verifier, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.state.Providers {
		if p.Account == account && p.URL == issuer {
			return p, s.keys[p.ARN()], true
		}
	}
	return Provider{}, nil, false
}
