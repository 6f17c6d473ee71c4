package awslocal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/whispering/bundle/internal/awslocal"
	awssts "github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/tokentest"
)

func ciClaims() map[string]any {
	return map[string]any{"iss": "https://ci.example.com/oidc", "aud": "sts.amazonaws.com", "sub": "project:shop:ref:main", "exp": time.Now().Add(time.Hour).Unix()}
}

const trustShop = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::222222222222:oidc-provider/ci.example.com/oidc"},
	"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"ci.example.com/oidc:aud":"sts.amazonaws.com"},
	"StringLike":{"ci.example.com/oidc:sub":"project:shop:ref:*"}}}}`

// federated is a world with the provider of an issuer and a role that trusts it.
func federated(t *testing.T, i tokentest.Issuer, trust string) world {
	t.Helper()
	w := start(t)
	provider := awssts.Provider{Account: "222222222222", URL: "https://ci.example.com/oidc", Audiences: []string{"sts.amazonaws.com", "other"}, JWKS: i.JWKS(t)}
	if err := w.PutProvider(provider); err != nil {
		t.Fatal(err)
	}
	if err := w.PutRole(awssts.Role{Account: "222222222222", Name: "build", Policy: json.RawMessage(anything), TrustPolicy: json.RawMessage(trust)}); err != nil {
		t.Fatal(err)
	}
	return w
}

// exchange assumes the role with a token, without credentials.
func exchange(w world, token string, change ...func(*sts.AssumeRoleWithWebIdentityInput)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	c := w.config()
	c.Credentials = aws.AnonymousCredentials{}
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String("arn:aws:iam::222222222222:role/build"), RoleSessionName: aws.String("job-1"), WebIdentityToken: &token}
	for _, f := range change {
		f(in)
	}
	return sts.NewFromConfig(c).AssumeRoleWithWebIdentity(context.Background(), in)
}

func TestATokenAssumesTheRoleThatTrustsIt(t *testing.T) {
	i := tokentest.New(t)
	w := federated(t, i, trustShop)
	for _, header := range []string{tokentest.RS256, tokentest.ES256, `{"alg":"RS256"}`} {
		// A file made with echo ends with a line end, and AWS accepts it: Atlassian's page for AWS makes it that way
		// (https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/).
		out, err := exchange(w, i.Sign(t, header, ciClaims())+"\n")
		if err != nil {
			t.Fatalf("%s: %v", header, err)
		}
		if aws.ToString(out.SubjectFromWebIdentityToken) != "project:shop:ref:main" || aws.ToString(out.Audience) != "sts.amazonaws.com" ||
			aws.ToString(out.Provider) != "https://ci.example.com/oidc" {
			t.Errorf("subject %q, audience %q, provider %q", aws.ToString(out.SubjectFromWebIdentityToken), aws.ToString(out.Audience), aws.ToString(out.Provider))
		}
		c := w.as(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
		who, err := sts.NewFromConfig(c).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		if err != nil || aws.ToString(who.Arn) != "arn:aws:sts::222222222222:assumed-role/build/job-1" {
			t.Errorf("%v, %v", who, err)
		}
		put := &ssm.PutParameterInput{Name: aws.String("/app/x"), Type: types.ParameterTypeString, Value: aws.String("x"), Overwrite: aws.Bool(true)}
		if _, err := ssm.NewFromConfig(c).PutParameter(context.Background(), put); err != nil {
			t.Errorf("the session may not do what its role may: %v", err)
		}
	}
}

func TestATokenIsRefused(t *testing.T) {
	i, stranger := tokentest.New(t), tokentest.New(t)
	w := federated(t, i, trustShop)
	with := func(pairs ...any) map[string]any {
		claims := maps.Clone(ciClaims())
		for n := 0; n < len(pairs); n += 2 {
			if claims[pairs[n].(string)] = pairs[n+1]; pairs[n+1] == nil {
				delete(claims, pairs[n].(string))
			}
		}
		return claims
	}
	good := i.Sign(t, tokentest.RS256, ciClaims())
	parts := strings.Split(good, ".")
	none := tokentest.Encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for name, tt := range map[string]struct {
		token, code, says string
		change            func(*sts.AssumeRoleWithWebIdentityInput)
	}{
		"signed by somebody else":            {stranger.Sign(t, tokentest.RS256, ciClaims()), "InvalidIdentityToken", "its signature is wrong", nil},
		"with an unknown key":                {i.Sign(t, `{"alg":"RS256","kid":"three"}`, ciClaims()), "InvalidIdentityToken", "verification key", nil},
		"without a signature":                {none, "InvalidIdentityToken", "its signature is wrong", nil},
		"with other claims":                  {parts[0] + "." + tokentest.Encode([]byte(strings.Replace(string(decode(t, parts[1])), "ref:main", "ref:evil", 1))) + "." + parts[2], "InvalidIdentityToken", "its signature is wrong", nil},
		"by the algorithm of passwords":      {i.Sign(t, `{"alg":"HS256","kid":"one"}`, ciClaims()), "InvalidIdentityToken", "its signature is wrong", nil},
		"with an algorithm of the other key": {i.Sign(t, `{"alg":"ES256","kid":"one"}`, ciClaims()), "InvalidIdentityToken", "its signature is wrong", nil},
		"expired":                            {i.Sign(t, tokentest.RS256, with("exp", time.Now().Add(-time.Minute).Unix())), "ExpiredTokenException", "must be before the expiration", nil},
		"without an end":                     {i.Sign(t, tokentest.RS256, with("exp", nil)), "InvalidIdentityToken", "Missing a required claim: exp", nil},
		"without an audience":                {i.Sign(t, tokentest.RS256, with("aud", nil)), "InvalidIdentityToken", "Missing a required claim: aud", nil},
		"without a subject":                  {i.Sign(t, tokentest.RS256, with("sub", nil)), "InvalidIdentityToken", "Missing a required claim: sub", nil},
		"of another issuer":                  {i.Sign(t, tokentest.RS256, with("iss", "https://evil.example.com")), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://evil.example.com", nil},
		"of the issuer and a slash":          {i.Sign(t, tokentest.RS256, with("iss", "https://ci.example.com/oidc/")), "InvalidIdentityToken", "No OpenIDConnect provider", nil},
		"for another audience":               {i.Sign(t, tokentest.RS256, with("aud", "https://ci.example.com")), "InvalidIdentityToken", "Incorrect token audience", nil},
		"for an audience of another role":    {i.Sign(t, tokentest.RS256, with("aud", "other")), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", nil},
		"of another project":                 {i.Sign(t, tokentest.RS256, with("sub", "project:evil:ref:main")), "AccessDenied", "Not authorized", nil},
		"of a project with a longer name":    {i.Sign(t, tokentest.RS256, with("sub", "x:project:shop:ref:main")), "AccessDenied", "Not authorized", nil},
		"with session tags":                  {i.Sign(t, tokentest.RS256, with("https://aws.amazon.com/tags", map[string]any{})), "ValidationError", "session tags", nil},
		"that is no token":                   {"not-a-token", "InvalidIdentityToken", "not a JSON Web Token", nil},
		"of three words":                     {"a.b.c", "InvalidIdentityToken", "not a JSON Web Token", nil},
		"that is short":                      {"x", "ValidationError", "length", nil},
		"that is long":                       {strings.Repeat("x", 20001), "ValidationError", "length", nil},
		"for a role that is not there": {good, "AccessDenied", "Not authorized", func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn = aws.String("arn:aws:iam::222222222222:role/other")
		}},
		"for a role elsewhere": {good, "InvalidIdentityToken", "No OpenIDConnect provider", func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn = aws.String("arn:aws:iam::111111111111:role/build")
		}},
		"for a session without a name": {good, "ValidationError", "roleSessionName", func(in *sts.AssumeRoleWithWebIdentityInput) { in.RoleSessionName = aws.String("") }},
		"for too long":                 {good, "ValidationError", "durationSeconds", func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(43201) }},
		"of an OAuth provider":         {good, "ValidationError", "OAuth", func(in *sts.AssumeRoleWithWebIdentityInput) { in.ProviderId = aws.String("www.amazon.com") }},
	} {
		change := tt.change
		if change == nil {
			change = func(*sts.AssumeRoleWithWebIdentityInput) {}
		}
		t.Run(name, func(t *testing.T) {
			_, err := exchange(w, tt.token, change)
			refused(t, err, tt.code, tt.says)
			if err != nil && len(tt.token) > 20 && strings.Contains(err.Error(), tt.token) {
				t.Error("the error quotes the token")
			}
		})
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Only Federated lets a token in: neither the account, nor everyone, nor a role by the provider's name.
func TestOnlyFederatedTrustsAToken(t *testing.T) {
	i := tokentest.New(t)
	for principal, allowed := range map[string]bool{
		`{"Federated":"arn:aws:iam::222222222222:oidc-provider/ci.example.com/oidc"}`:       true,
		`{"Federated":["x","arn:aws:iam::222222222222:oidc-provider/ci.example.com/oidc"]}`: true,
		`{"Federated":"*"}`: false, `{"Federated":"arn:aws:iam::222222222222:oidc-provider/ci.example.com"}`: false,
		`{"AWS":"*"}`: false, `"*"`: false, `{"AWS":"222222222222"}`: false, `{"Service":"ci.example.com"}`: false,
		`{"Federated":"arn:aws:iam::111111111111:oidc-provider/ci.example.com/oidc"}`: false,
	} {
		w := federated(t, i, `{"Statement":{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRoleWithWebIdentity"}}`)
		if _, err := exchange(w, i.Sign(t, tokentest.RS256, ciClaims())); (err == nil) != allowed {
			t.Errorf("%s: %v", principal, err)
		}
	}
	for _, trust := range []string{
		`{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::222222222222:oidc-provider/ci.example.com/oidc"},"Action":"sts:AssumeRole"}}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::222222222222:oidc-provider/ci.example.com/oidc"},"Action":"sts:*"},
			{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity"}]}`,
	} {
		_, err := exchange(federated(t, i, trust), i.Sign(t, tokentest.RS256, ciClaims()))
		refused(t, err, "AccessDenied", "Not authorized")
	}
}

// A server without roles lets everyone do everything, as with access keys.
func TestWithoutRolesAnyTokenWillDo(t *testing.T) {
	i, w := tokentest.New(t), start(t)
	if _, err := exchange(w, i.Sign(t, tokentest.RS256, ciClaims())); err != nil {
		t.Error(err)
	}
	claims := ciClaims()
	claims["exp"] = time.Now().Add(-time.Minute).Unix()
	_, err := exchange(w, i.Sign(t, tokentest.RS256, claims))
	refused(t, err, "ExpiredTokenException", "")
	_, err = exchange(w, "not-a-token")
	refused(t, err, "InvalidIdentityToken", "")
}

func TestIdentityProvidersOfASampleFile(t *testing.T) {
	i := tokentest.New(t)
	sample := func(jwks string) []byte {
		return []byte(`{"identity_providers": [{"account": "222222222222", "url": "https://ci.example.com/oidc", "audiences": ["sts.amazonaws.com"], "jwks": ` + jwks + `}],
			"roles": [{"account": "222222222222", "name": "build", "trust_policy": ` + trustShop + `}]}`)
	}
	w := start(t, awslocal.WithSeed(sample(string(i.JWKS(t)))))
	if _, err := exchange(w, i.Sign(t, tokentest.RS256, ciClaims())); err != nil {
		t.Error(err)
	}
	for name, content := range map[string]string{
		"is not a set of keys":        string(sample(`"x"`)),
		"EC key of P-256":             string(sample(`{"keys":[{"kty":"oct"}]}`)),
		"2048 to 8192 bits":           string(sample(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`)),
		"not a point":                 string(sample(`{"keys":[{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]}`)),
		"must begin with https://":    strings.Replace(string(sample(`{}`)), "https://ci", "http://ci", 1),
		"audiences is missing":        strings.Replace(string(sample(`{}`)), `["sts.amazonaws.com"]`, `[]`, 1),
		"is not twelve digits":        strings.Replace(string(sample(`{}`)), `"222222222222", "url"`, `"2", "url"`, 1),
		`line 1: member "audiences"`:  strings.Replace(string(sample(`{}`)), `["sts.amazonaws.com"]`, `"x"`, 1),
		`unknown field "thumbprints"`: strings.Replace(string(sample(`{}`)), `"audiences"`, `"thumbprints": [], "audiences"`, 1),
	} {
		if _, err := awslocal.New(awslocal.WithSeed([]byte(content))); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}
