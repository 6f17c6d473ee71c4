package sts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// WebIdentity is the operation that needs no signature, since a token says who calls.
const WebIdentity = "AssumeRoleWithWebIdentity"

// longestToken is in characters
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
const longestToken = 20000

// webIdentityRole is the result of AssumeRoleWithWebIdentity.
type webIdentityRole struct {
	assumedRole
	SubjectFromWebIdentityToken, Provider, Audience string
}

func (s *Service) assumeRoleWithWebIdentity(req *call.Request) (any, error) {
	members := map[string]string{}
	if err := req.Decode(&members); err != nil {
		return nil, err
	}
	text := members["WebIdentityToken"] // never part of a message
	if err := checkUnseen("webIdentityToken", text, 4, longestToken); err != nil {
		return nil, err
	}
	if members["ProviderId"] != "" {
		return nil, call.NewError("ValidationError", "the embedded AWS does not offer OAuth 2.0 access tokens")
	}
	in, err := readAssume(req, members)
	if err != nil {
		return nil, err
	}
	t, err := parseToken(text)
	if err != nil {
		return nil, err
	}
	if err := s.mayAssumeAs(t, in); err != nil {
		return nil, err
	}
	out := webIdentityRole{SubjectFromWebIdentityToken: t.Subject, Provider: t.Issuer, Audience: t.audience()}
	out.assumedRole, err = s.begin(in)
	return out, err
}

// token is a JSON Web Token (RFC 7519).
type token struct {
	algorithm, keyID string
	signed           string // the text that the signature is of
	signature        []byte

	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audiences  audience `json:"aud"`
	Authorized string   `json:"azp"`
	Expires    int64    `json:"exp"`
	Tags       any      `json:"https://aws.amazon.com/tags"`
	Source     any      `json:"https://aws.amazon.com/source_identity"`
}

// audience is one audience or a list of them.
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// audience is the value of the condition key aud: the authorized party, if the token names one
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
func (t *token) audience() string {
	if t.Authorized != "" {
		return t.Authorized
	}
	return t.Audiences[0]
}

// invalidToken is the error for a token that is not accepted. Its messages are those that users of AWS report, such as in
// https://github.com/mozilla-iam/mozilla-aws-cli/issues/127, https://github.com/awslabs/amazon-eks-irsa-cfn/pull/18 and
// https://github.com/awslabs/aws-sdk-rust/issues/827. One that begins with the words of the API reference is in our own words.
func invalidToken(format string, args ...any) error {
	return call.NewError("InvalidIdentityToken", fmt.Sprintf(format, args...))
}

func parseToken(text string) (*token, error) {
	notJWT := invalidToken("The web identity token that was passed could not be validated: it is not a JSON Web Token")
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, notJWT
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, notJWT
		}
	}
	t := &token{signed: parts[0] + "." + parts[1], signature: decoded[2]}
	var header struct{ Alg, Kid string }
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], t) != nil {
		return nil, notJWT
	}
	t.algorithm, t.keyID = header.Alg, header.Kid
	for _, claim := range []struct {
		name    string
		missing bool
	}{{"iss", t.Issuer == ""}, {"aud", len(t.Audiences) == 0}, {"sub", t.Subject == ""}, {"exp", t.Expires == 0}} {
		if claim.missing {
			return nil, invalidToken("Missing a required claim: %s", claim.name)
		}
	}
	if t.Tags != nil || t.Source != nil {
		return nil, call.NewError("ValidationError", "the embedded AWS does not offer session tags or a source identity in tokens")
	}
	return t, nil
}

// mayAssumeAs verifies a token by its identity provider and decides by the role's trust policy. While neither a role nor a
// provider is declared, any token that has not expired may assume any role, and its signature cannot be verified.
func (s *Service) mayAssumeAs(t *token, in *assumption) error {
	s.mu.RLock()
	k, declared := s.known[in.role.ARN()]
	open := len(s.known) == 0 && len(s.keys) == 0
	s.mu.RUnlock()
	provider, keys, found := s.provider(in.role.Account, t.Issuer)
	switch now := s.now().Unix(); {
	case !found && !open:
		return invalidToken("No OpenIDConnect provider found in your account for %s", t.Issuer)
	case found && !t.named(keys):
		return invalidToken("Couldn't retrieve verification key from your identity provider,  " +
			"please reference AssumeRoleWithWebIdentity documentation for requirements")
	case found && !t.signedBy(keys):
		return invalidToken("The web identity token that was passed could not be validated: its signature is wrong")
	case now >= t.Expires:
		return call.NewError("ExpiredTokenException",
			fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now, t.Expires))
	case found && !slices.Contains(provider.Audiences, t.audience()):
		return invalidToken("Incorrect token audience")
	case open:
		return nil
	}
	access := iam.Access{Principal: provider.ARN(), Account: in.role.Account, Action: "sts:" + WebIdentity, Resource: in.arn, PolicyRequired: true, Keys: in.keys()}
	access.Keys[provider.issuer()+":aud"] = []string{t.audience()}
	access.Keys[provider.issuer()+":sub"] = []string{t.Subject}
	if t.Authorized != "" {
		access.Keys[provider.issuer()+":oaud"] = t.Audiences
	}
	if !declared || !iam.Evaluate(nil, &k.trust, access).Allowed {
		return &call.Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: "Not authorized to perform sts:" + WebIdentity}
	}
	return nil
}

// names reports whether a key is the one that the token names, or the token names none.
func (t *token) names(k verifier) bool { return t.keyID == "" || k.id == t.keyID }

func (t *token) named(keys []verifier) bool { return slices.ContainsFunc(keys, t.names) }

// signedBy reports whether one of the keys made the signature.
func (t *token) signedBy(keys []verifier) bool {
	return slices.ContainsFunc(keys, func(k verifier) bool { return t.names(k) && k.verifies(t.algorithm, t.signed, t.signature) })
}
