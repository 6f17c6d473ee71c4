package iam_test

import (
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal/iam"
)

func TestSessionPolicy(t *testing.T) {
	allow := func(action string) string {
		return `{"Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"}}`
	}
	named := func(principal string) string {
		return `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"kms:Decrypt","Resource":"*"}}`
	}
	for name, c := range map[string]struct {
		identity, session, resource, want string // "" for allowed
	}{
		"both allow":                        {allow("*"), allow("kms:Decrypt"), named(root), ""},
		"the session's does not":            {allow("*"), allow("kms:Encrypt"), named(root), "because no session policy allows the kms:Decrypt action"},
		"the session's denies":              {allow("*"), `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`, named(root), "explicit deny in a session policy"},
		"the role's does not":               {allow("kms:Encrypt"), allow("*"), named(root), "because no identity-based policy allows"},
		"the key lets the role in":          {allow("kms:Encrypt"), allow("*"), named(role), ""},
		"the key lets the role in, narrow":  {allow("*"), allow("kms:Encrypt"), named(role), "because no session policy allows"},
		"the key lets everyone in, narrow":  {allow("*"), allow("kms:Encrypt"), `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}}`, "because no session policy allows"},
		"the key lets the session in":       {allow("kms:Encrypt"), allow("kms:Encrypt"), named(session), ""},
		"the key lets both in":              {allow("kms:Encrypt"), allow("kms:Encrypt"), `{"Statement":{"Effect":"Allow","Principal":{"AWS":["` + role + `","` + session + `"]},"Action":"kms:Decrypt","Resource":"*"}}`, ""},
		"the key lets another session in":   {allow("*"), allow("kms:Encrypt"), named(session + "2"), "because no session policy allows"},
		"the session's denies, key lets in": {allow("*"), `{"Statement":{"Effect":"Deny","Action":"kms:*","Resource":"*"}}`, named(session), "explicit deny in a session policy"},
	} {
		narrow := identity(t, c.session)
		d := iam.Evaluate([]iam.Policy{identity(t, c.identity)}, resource(t, c.resource), iam.Access{
			Principal: session, Account: account, Action: "kms:Decrypt", Resource: keyARN, PolicyRequired: true, Session: &narrow,
		})
		if d.Allowed != (c.want == "") || !strings.Contains(d.Reason, c.want) {
			t.Errorf("%s: %+v, want %q", name, d, c.want)
		}
	}
}

func TestTrustPolicyHasNoResource(t *testing.T) {
	const good = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"sts:AssumeRole"}}`
	trust, err := iam.ParseTrust([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	access := iam.Access{Principal: session, Account: account, Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + account + ":role/next", PolicyRequired: true}
	if d := iam.Evaluate(nil, &trust, access); !d.Allowed {
		t.Errorf("%+v", d)
	}
	access.Action = "sts:TagSession"
	if d := iam.Evaluate(nil, &trust, access); d.Allowed {
		t.Error("allows what it does not name")
	}
	for _, bad := range []string{
		strings.Replace(good, `"Action"`, `"Resource":"*","Action"`, 1),
		`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`,
	} {
		if _, err := iam.ParseTrust([]byte(bad)); err == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
}
