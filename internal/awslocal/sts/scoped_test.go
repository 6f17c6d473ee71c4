package sts_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/awslocal/sts"
)

const (
	everything = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	onlyKMS    = `{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
	onlyList   = `{"Statement":{"Effect":"Allow","Action":["kms:List*","ssm:List*"],"Resource":"*"}}`
)

type scoped struct {
	Credentials         struct{ AccessKeyId, SessionToken, Expiration string }
	SessionInfo         struct{ ScopedSessionId, Arn string }
	ScopedPoliciesCount int
	SessionTokenSize    int
}

func scope(t *testing.T, s *sts.Service, who call.Principal, members map[string]string) (scoped, error) {
	t.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := s.Operations()["GetScopedCredentials"](&call.Request{Body: body, Caller: who})
	if err != nil {
		return scoped{}, err
	}
	var out scoped
	wire, err := json.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	return out, json.Unmarshal(wire, &out)
}

func narrowed(t *testing.T) (s *sts.Service, now *time.Time, who call.Principal) {
	t.Helper()
	now = new(time.Time)
	*now = time.Unix(1_700_000_000, 0)
	s = sts.New(func() time.Time { return *now })
	r := role("build")
	r.Policy = json.RawMessage(everything)
	if err := s.PutRole(r); err != nil {
		t.Fatal(err)
	}
	id, token := assume(t, s, "build")
	return s, now, lookUp(t, s, id, token)
}

func lookUp(t *testing.T, s *sts.Service, id, token string) call.Principal {
	t.Helper()
	identity, err := s.Lookup(id, token)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Principal
}

func may(who call.Principal, action string) bool {
	return who.Evaluate(nil, iam.Access{Principal: who.ARN, Account: who.Account, Action: action, Resource: "*"}).Allowed
}

func TestScopedCredentialsNarrow(t *testing.T) {
	s, now, who := narrowed(t)
	identity := who.ARN
	for i, policy := range []string{onlyKMS, onlyList, everything} {
		out, err := scope(t, s, who, map[string]string{"Policy": policy})
		if err != nil || out.ScopedPoliciesCount != i+1 || out.SessionInfo.Arn != identity || out.SessionTokenSize != len(out.Credentials.SessionToken) {
			t.Fatalf("policy %d: %+v %v", i+1, out, err)
		}
		who = lookUp(t, s, out.Credentials.AccessKeyId, out.Credentials.SessionToken)
		if who.ARN != identity || may(who, "ssm:ListX") || !may(who, "kms:ListKeys") || may(who, "kms:Decrypt") != (i == 0) {
			t.Errorf("after %d policies: %+v", i+1, who)
		}
	}
	var refused *call.Error
	if _, err := scope(t, s, who, map[string]string{"Policy": everything}); !errors.As(err, &refused) || refused.Code != "AccessDenied" {
		t.Errorf("a fourth policy: %v", err)
	}
	out, err := scope(t, s, who, map[string]string{"DurationSeconds": "60"})
	if err != nil || out.ScopedPoliciesCount != 3 {
		t.Fatalf("a shorter session: %+v %v", out, err)
	}
	*now = now.Add(time.Minute)
	if _, err := s.Lookup(out.Credentials.AccessKeyId, out.Credentials.SessionToken); !errors.Is(err, sts.ErrExpired) {
		t.Errorf("after its minute: %v", err)
	}
}

func TestScopedCredentialsAreRefused(t *testing.T) {
	s, _, who := narrowed(t)
	for name, test := range map[string]struct {
		members map[string]string
		code    string
	}{
		"nothing":          {map[string]string{}, "ValidationError"},
		"empty policy":     {map[string]string{"Policy": ""}, "ValidationError"},
		"long policy":      {map[string]string{"Policy": strings.Repeat(" ", 2049)}, "ValidationError"},
		"no policy":        {map[string]string{"Policy": "{}"}, "MalformedPolicyDocument"},
		"no time":          {map[string]string{"DurationSeconds": "0"}, "ValidationError"},
		"36 hours":         {map[string]string{"DurationSeconds": "129601"}, "ValidationError"},
		"longer":           {map[string]string{"DurationSeconds": "3601"}, "InsufficientSessionLifetime"},
		"no number":        {map[string]string{"DurationSeconds": "x"}, "MalformedInput"},
		"other characters": {map[string]string{"Policy": "Ā"}, "ValidationError"},
		"a short word":     {map[string]string{"Policy": onlyKMS, "ScopedSessionDescription": "x"}, "ValidationError"},
		"long words":       {map[string]string{"Policy": onlyKMS, "ScopedSessionDescription": strings.Repeat("x", 257)}, "ValidationError"},
		"a large token":    {map[string]string{"Policy": onlyKMS, "MinimumSessionTokenSize": "4097"}, "ValidationError"},
		"a negative size":  {map[string]string{"Policy": onlyKMS, "MinimumSessionTokenSize": "-1"}, "ValidationError"},
	} {
		var refused *call.Error
		if _, err := scope(t, s, who, test.members); !errors.As(err, &refused) || refused.Code != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	var refused *call.Error
	root := call.Principal{ARN: "arn:aws:iam::" + account + ":root", Account: account, Root: true}
	if _, err := scope(t, s, root, map[string]string{"Policy": onlyKMS}); !errors.As(err, &refused) || refused.Code != "InvalidSubjectCredentials" {
		t.Errorf("credentials without an end: %v", err)
	}
}
