package iam_test

import (
	"testing"

	"github.com/whispering/bundle/internal/awslocal/iam"
)

func TestVariables(t *testing.T) {
	const tag, ctx = "aws:ResourceTag/team", "kms:EncryptionContext:app"
	request := func(pairs ...string) map[string][]string {
		keys := map[string][]string{}
		for i := 0; i < len(pairs); i += 2 {
			keys[pairs[i]] = append(keys[pairs[i]], pairs[i+1])
		}
		return keys
	}
	for _, c := range []struct {
		statement string
		request   map[string][]string
		want      bool
	}{
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a", tag, "a"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${AWS:resourcetag/TEAM}"}}`, request(ctx, "a", tag, "a"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a", tag, "A"), false},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "ab", tag, "a*"), false},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"x/${aws:ResourceTag/team}/y"}}`, request(ctx, "x/a/y", tag, "a"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":["b","${aws:ResourceTag/team}"]}}`, request(ctx, "a", tag, "a"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "${aws:ResourceTag/team}", tag, "a"), false},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "${aws:ResourceTag/team}", tag, "${aws:ResourceTag/team}"), true},
		// Wildcards of the policy count, those of a value do not.
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}/*"}}`, request(ctx, "a/b", tag, "a"), true},
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "ab", tag, "a*"), false},
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a*", tag, "a*"), true},
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "ab", tag, "a?"), false},
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"a${*}"}}`, request(ctx, "a*"), true},
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"a${*}"}}`, request(ctx, "ab"), false},
		{`"Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:app":"a${?}*"}}`, request(ctx, "a?b"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"a${$}{x:y}"}}`, request(ctx, "a${x:y}"), true},
		{`"Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/${aws:ResourceTag/team}"}}`, request(tag, "fn"), true},
		{`"Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/${aws:ResourceTag/team}"}}`, request(tag, "*"), false},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team, 'none at all'}"}}`, request(ctx, "none at all"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team, 'none'}"}}`, request(ctx, "none", tag, "a"), false},
		{`"Resource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}"`, request(tag, "k"), true},
		{`"Resource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}"`, request(tag, "*"), false},
		{`"Resource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}"`, nil, false},
		{`"NotResource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}"`, request(tag, "l"), true},
		{`"NotResource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}"`, request(tag, "k"), false},
		// A variable without a value, or with several.
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a"), false},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":["a","${aws:ResourceTag/team}"]}}`, request(ctx, "a"), false},
		{`"Resource":"*","Condition":{"StringNotEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a"), false},
		{`"Resource":"*","Condition":{"StringNotEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a", tag, "b"), true},
		{`"Resource":"*","Condition":{"StringNotEqualsIfExists":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, request(ctx, "a"), true},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${kms:EncryptionContextKeys}"}}`,
			request(ctx, "a", "kms:EncryptionContextKeys", "a", "kms:EncryptionContextKeys", "b"), false},
	} {
		p := identity(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",`+c.statement+`}}`)
		d := iam.Evaluate([]iam.Policy{p}, nil, iam.Access{Principal: session, Account: account, Action: "kms:Encrypt", Resource: keyARN, Keys: c.request})
		if d.Allowed != c.want {
			t.Errorf("%s with %v: allowed %v", c.statement, c.request, d.Allowed)
		}
	}
}

func TestNullVariables(t *testing.T) {
	for _, c := range []struct {
		statement string
		want      bool
	}{
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, false},
		{`"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":["a","${aws:ResourceTag/team}"]}}`, true},
		{`"Resource":"*","Condition":{"StringNotEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team}"}}`, true},
		{`"Resource":"*","Condition":{"StringNotLike":{"kms:EncryptionContext:app":"x${aws:ResourceTag/team}"}}`, true},
		{`"Resource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}*"`, false},
		{`"NotResource":"arn:aws:kms:us-east-1:111111111111:key/${aws:ResourceTag/team}*"`, true},
	} {
		p := identity(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",`+c.statement+`}}`)
		a := iam.Access{Principal: session, Account: account, Action: "kms:Encrypt", Resource: keyARN,
			Keys: map[string][]string{"kms:EncryptionContext:app": {"a"}}, NullVariables: true}
		if d := iam.Evaluate([]iam.Policy{p}, nil, a); d.Allowed != c.want {
			t.Errorf("%s: allowed %v", c.statement, d.Allowed)
		}
	}
}

// Without the version that has variables, ${ is text.
func TestVariablesNeedTheirVersion(t *testing.T) {
	for _, version := range []string{``, `"Version":"2008-10-17",`} {
		p := identity(t, `{`+version+`"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"${aws:ResourceTag/team"}}}}`)
		for value, want := range map[string]bool{"a": false, "${aws:ResourceTag/team": true} {
			keys := map[string][]string{"kms:EncryptionContext:app": {value}, "aws:ResourceTag/team": {"a"}}
			d := iam.Evaluate([]iam.Policy{p}, nil, iam.Access{Principal: session, Account: account, Action: "kms:Encrypt", Resource: keyARN, Keys: keys})
			if d.Allowed != want {
				t.Errorf("%s%q: allowed %v", version, value, d.Allowed)
			}
		}
	}
}
