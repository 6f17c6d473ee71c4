package sts_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/sts"
	"github.com/whispering/bundle/internal/tokentest"
)

const account = "000000000000"

func role(name string) sts.Role { return sts.Role{Name: name, Account: account} }

// assume gives the temporary credentials of a role, as the server's own principal.
func assume(t *testing.T, s *sts.Service, name string) (id, token string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"RoleArn": role(name).ARN(), "RoleSessionName": "run"})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := s.Operations()["AssumeRole"](&call.Request{Body: body, Caller: call.Principal{Root: true, Account: account}})
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Credentials struct{ AccessKeyId, SessionToken string }
	}
	b, err := json.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out.Credentials.AccessKeyId, out.Credentials.SessionToken
}

func TestSessionsEndWithTheirTimeAndTheirRole(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := sts.New(func() time.Time { return now })
	for _, name := range []string{"build", "other"} {
		if err := s.PutRole(role(name)); err != nil {
			t.Fatal(err)
		}
	}
	id, token := assume(t, s, "build")
	if who, err := s.Lookup(id, token); err != nil || who.Principal.Role != role("build").ARN() || who.Secret == "" || who.Principal.Root {
		t.Errorf("fresh: %v %v", who.Principal, err)
	}
	if _, err := s.Lookup("ASIAOTHEROTHEROTHER0", token); !errors.Is(err, sts.ErrToken) {
		t.Errorf("with another id: %v", err)
	}
	now = now.Add(time.Hour)
	if _, err := s.Lookup(id, token); !errors.Is(err, sts.ErrExpired) {
		t.Errorf("after an hour: %v", err)
	}
	id, token = assume(t, s, "build")
	if !s.DeleteRole(account, "build") || s.DeleteRole(account, "build") {
		t.Error("deletes not exactly once")
	}
	if _, err := s.Lookup(id, token); !errors.Is(err, sts.ErrToken) {
		t.Errorf("without its role: %v", err)
	}
}

func TestSessionsOutliveARestart(t *testing.T) {
	s := sts.New(time.Now)
	if err := s.PutRole(role("build")); err != nil {
		t.Fatal(err)
	}
	id, token := assume(t, s, "build")
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := sts.New(time.Now)
	if _, err := again.Lookup(id, token); !errors.Is(err, sts.ErrToken) {
		t.Errorf("elsewhere: %v", err)
	}
	if err := again.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Lookup(id, token); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if roles := again.Roles(); len(roles) != 1 || roles[0].Name != "build" {
		t.Errorf("roles %v", roles)
	}
}

func TestRolesAreChecked(t *testing.T) {
	const id, key = "AKIABUILDBUILDBUILD0", "sample-secret"
	s := sts.New(time.Now)
	if err := s.PutRole(sts.Role{Name: "build", Account: account, AccessKeyID: id, SecretAccessKey: key}); err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]sts.Role{
		"a role's name":           {Name: "", Account: account},
		"twelve digits":           {Name: "a", Account: "12345678901"},
		"max_session_duration":    {Name: "a", Account: "123456789012", MaxSession: 3599},
		"43200 seconds":           {Name: "a", Account: "123456789012", MaxSession: 43201},
		"capital letters":         {Name: "a", Account: account, AccessKeyID: "akia", SecretAccessKey: key},
		"must be used together":   {Name: "a", Account: account, SecretAccessKey: key},
		"is that of arn":          {Name: "a", Account: account, AccessKeyID: id, SecretAccessKey: key},
		"policy":                  {Name: "a", Account: account, Policy: json.RawMessage(`{}`)},
		"managed policy 2:":       {Name: "a", Account: account, Policies: []json.RawMessage{looks(1), json.RawMessage(`{}`)}},
		"can have 6144":           {Name: "a", Account: account, Policies: []json.RawMessage{looks(300)}},
		"can have 10 managed":     {Name: "a", Account: account, Policies: slices.Repeat([]json.RawMessage{looks(1)}, 11)},
		"trust":                   {Name: "a", Account: account, Trust: []string{"role/a"}},
		"not have a Resource":     {Name: "a", Account: account, TrustPolicy: json.RawMessage(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}`)},
		"cannot be used together": {Name: "a", Account: account, Trust: []string{"*"}, TrustPolicy: json.RawMessage(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`)},
	} {
		err := s.PutRole(r)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), key) {
			t.Errorf("%+v: %v, want %q", r.Name, err, want)
		}
	}
	if err := s.PutRole(sts.Role{Name: "managed", Account: account, Policies: slices.Repeat([]json.RawMessage{looks(100)}, 10)}); err != nil {
		t.Error(err)
	}
	if err := s.PutRole(sts.Role{Name: "build", Account: account}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lookup(id, ""); !errors.Is(err, sts.ErrUnknown) {
		t.Errorf("a replaced role's id: %v", err)
	}
}

// looks returns a policy with n actions, and a lot of white space.
func looks(n int) json.RawMessage {
	actions := strings.TrimSuffix(strings.Repeat(`"kms:DescribeKeyAndMore",`+strings.Repeat(" ", 50), n), ","+strings.Repeat(" ", 50))
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[` + actions + `]}]}`)
}

func FuzzLookup(f *testing.F) {
	s := sts.New(time.Now)
	f.Add("ASIAOTHEROTHEROTHER0", "AAAA")
	f.Add("", "")
	f.Add("x", strings.Repeat("QUJD", 40))
	f.Fuzz(func(t *testing.T, id, token string) {
		if _, err := s.Lookup(id, token); err == nil {
			t.Error("nobody issued these credentials")
		}
	})
}

func FuzzWebIdentity(f *testing.F) {
	i := tokentest.New(f)
	s := sts.New(time.Now)
	if err := s.PutProvider(sts.Provider{Account: account, URL: "https://ci.example.com", Audiences: []string{"a"}, JWKS: i.JWKS(f)}); err != nil {
		f.Fatal(err)
	}
	trust := json.RawMessage(`{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::000000000000:oidc-provider/ci.example.com"},"Action":"sts:*"}}`)
	if err := s.PutRole(sts.Role{Name: "build", Account: account, TrustPolicy: trust}); err != nil {
		f.Fatal(err)
	}
	const claims = `{"iss":"https://ci.example.com","aud":"a","sub":"b","exp":9000000000}`
	f.Add(tokentest.RS256, claims, []byte("signature"))
	f.Add(tokentest.ES256, claims, make([]byte, 64))
	f.Add(`{"alg":"none"}`, claims, []byte{})
	f.Add(`{"alg":"RS256","kid":["one"]}`, `{"aud":[null],"exp":1e400}`, []byte{0})
	f.Fuzz(func(t *testing.T, header, claims string, signature []byte) {
		token := tokentest.Encode([]byte(header)) + "." + tokentest.Encode([]byte(claims)) + "." + tokentest.Encode(signature)
		body, err := json.Marshal(map[string]string{"RoleArn": role("build").ARN(), "RoleSessionName": "run", "WebIdentityToken": token})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Operations()[sts.WebIdentity](&call.Request{Body: body}); err == nil {
			t.Error("nobody signed this token")
		}
	})
}
