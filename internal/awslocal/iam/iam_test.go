package iam_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/whispering/bundle/internal/awslocal/iam"
)

const (
	account = "111111111111"
	other   = "222222222222"
	keyARN  = "arn:aws:kms:us-east-1:111111111111:key/k"
	role    = "arn:aws:iam::111111111111:role/fn"
	session = "arn:aws:sts::111111111111:assumed-role/fn/s1"
	root    = "arn:aws:iam::111111111111:root"
)

func identity(t *testing.T, document string) iam.Policy {
	t.Helper()
	p, err := iam.ParseIdentity([]byte(document))
	if err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return p
}

func resource(t *testing.T, document string) *iam.Policy {
	t.Helper()
	p, err := iam.ParseResource([]byte(document))
	if err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return &p
}

func TestParserRefuses(t *testing.T) {
	const ok = `"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"`
	for name, c := range map[string]struct{ document, want string }{
		"nothing":                     {``, "not JSON"},
		"not JSON":                    {`{`, "not JSON"},
		"two values":                  {`{} {}`, "not JSON"},
		"null":                        {`null`, "not a JSON object"},
		"a list":                      {`[]`, "not a JSON object"},
		"no statement":                {`{"Version":"2012-10-17"}`, "Statement must be"},
		"an empty list":               {`{"Statement":[]}`, "Statement must be"},
		"null statement":              {`{"Statement":null}`, "Statement must be"},
		"null in the list":            {`{"Statement":[null]}`, "Statement must be"},
		"a text as statement":         {`{"Statement":"x"}`, "not an object"},
		"another version":             {`{"Version":"2013-01-01","Statement":{` + ok + `}}`, "Version must be"},
		"version as number":           {`{"Version":1,"Statement":{` + ok + `}}`, "Version must be"},
		"id as number":                {`{"Id":1,"Statement":{` + ok + `}}`, "Id must be"},
		"unknown element":             {`{"Statements":{` + ok + `}}`, `unknown element "Statements"`},
		"unknown in statement":        {`{"Statement":{` + ok + `,"effect":"Deny"}}`, `unknown element "effect"`},
		"member twice":                {`{"Statement":{` + ok + `,"Effect":"Deny"}}`, `"Effect" is there twice`},
		"member twice, deep":          {`{"Statement":{` + ok + `,"Condition":{"Bool":{"a:b":"true","a:b":"false"}}}}`, `"a:b" is there twice`},
		"sid twice":                   {`{"Statement":[{"Sid":"a",` + ok + `},{"Sid":"a",` + ok + `}]}`, `two statements`},
		"sid as number":               {`{"Statement":{"Sid":1,` + ok + `}}`, "Sid must be"},
		"no effect":                   {`{"Statement":{"Action":"kms:Decrypt","Resource":"*"}}`, "Effect is missing"},
		"effect in lower case":        {`{"Statement":{"Effect":"allow","Action":"kms:Decrypt","Resource":"*"}}`, "Effect must be"},
		"no action":                   {`{"Statement":{"Effect":"Allow","Resource":"*"}}`, "Action"},
		"action and not action":       {`{"Statement":{` + ok + `,"NotAction":"kms:Encrypt"}}`, "exactly one of Action"},
		"no resource":                 {`{"Statement":{"Effect":"Allow","Action":"kms:Decrypt"}}`, "exactly one of Resource"},
		"resource and not":            {`{"Statement":{` + ok + `,"NotResource":"*"}}`, "exactly one of Resource"},
		"action without service":      {`{"Statement":{"Effect":"Allow","Action":"Decrypt","Resource":"*"}}`, "service:Operation"},
		"wildcard service":            {`{"Statement":{"Effect":"Allow","Action":"k*:Decrypt","Resource":"*"}}`, "service:Operation"},
		"empty action list":           {`{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}`, "Action must be"},
		"action as number":            {`{"Statement":{"Effect":"Allow","Action":[1],"Resource":"*"}}`, "Action must be"},
		"resource without arn":        {`{"Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"alias/x"}}`, "neither an ARN"},
		"resource as object":          {`{"Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":{}}}`, "Resource must be"},
		"variable in the region":      {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s:G","Resource":"arn:aws:ssm:${aws:x}:1:parameter/a"}}`, "outside the resource portion"},
		"variable for the resource":   {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s:G","Resource":"${aws:x}"}}`, "neither an ARN"},
		"variable without end":        {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s:G","Resource":"arn:aws:ssm:r:1:parameter/${aws:username"}}`, "has no }"},
		"principal":                   {`{"Statement":{"Principal":"*",` + ok + `}}`, "must not have a Principal"},
		"not principal":               {`{"Statement":{"NotPrincipal":"*",` + ok + `}}`, "NotPrincipal is not supported"},
		"condition as list":           {`{"Statement":{` + ok + `,"Condition":[]}}`, "Condition must be"},
		"unknown operator":            {`{"Statement":{` + ok + `,"Condition":{"StringIs":{"a:b":"c"}}}}`, `unknown condition operator "StringIs"`},
		"operator in lower case":      {`{"Statement":{` + ok + `,"Condition":{"stringequals":{"a:b":"c"}}}}`, `unknown condition operator`},
		"operator of addresses":       {`{"Statement":{` + ok + `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}}`, `unknown condition operator`},
		"null if exists":              {`{"Statement":{` + ok + `,"Condition":{"NullIfExists":{"a:b":"true"}}}}`, `unknown condition operator`},
		"operator without key":        {`{"Statement":{` + ok + `,"Condition":{"Bool":{}}}}`, "has no key"},
		"key without service":         {`{"Statement":{` + ok + `,"Condition":{"Bool":{"b":"true"}}}}`, "service:key"},
		"value as object":             {`{"Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":{}}}}}`, "needs a value"},
		"no value":                    {`{"Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":[]}}}}`, "needs a value"},
		"bool of another kind":        {`{"Statement":{` + ok + `,"Condition":{"Bool":{"a:b":"yes"}}}}`, "not a value for Bool"},
		"null of another kind":        {`{"Statement":{` + ok + `,"Condition":{"Null":{"a:b":"1"}}}}`, "not a value for Null"},
		"number of another kind":      {`{"Statement":{` + ok + `,"Condition":{"NumericEquals":{"a:b":"one"}}}}`, "not a value for NumericEquals"},
		"arn of another kind":         {`{"Statement":{` + ok + `,"Condition":{"ArnLike":{"aws:PrincipalArn":"*"}}}}`, "not a value for ArnLike"},
		"empty variable":              {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${}"}}}}`, "not a condition key"},
		"variable without service":    {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${x}"}}}}`, "not a condition key"},
		"variable in a variable":      {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${aws:${aws:x}}"}}}}`, "not a condition key"},
		"variable without value end":  {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${aws:x"}}}}`, "has no }"},
		"default without quotes":      {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${aws:x, y}"}}}}`, "single quotes"},
		"default without end":         {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${aws:x, 'y}"}}}}`, "single quotes"},
		"two defaults":                {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"StringEquals":{"a:b":"${aws:x, 'y', 'z'}"}}}}`, "after its default"},
		"variable for a bool":         {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"Bool":{"a:b":"${aws:x}"}}}}`, "not a value for Bool"},
		"variable for null":           {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"Null":{"a:b":"${aws:x}"}}}}`, "not a value for Null"},
		"variable for a number":       {`{"Version":"2012-10-17","Statement":{` + ok + `,"Condition":{"NumericEquals":{"a:b":"${aws:x}"}}}}`, "not a value for NumericEquals"},
		"many values, no set":         {`{"Statement":{` + ok + `,"Condition":{"StringEquals":{"kms:EncryptionContextKeys":"x"}}}}`, "ForAllValues or ForAnyValue"},
		"all values, one value":       {`{"Statement":{` + ok + `,"Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContext:a":"x"}}}}`, "overly permissive"},
		"a document beyond the limit": {strings.Repeat(" ", iam.MaxPolicy+1), "the limit is"},
	} {
		_, err := iam.ParseIdentity([]byte(c.document))
		if !errors.Is(err, iam.ErrMalformed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want ErrMalformed with %q", name, err, c.want)
		}
	}
}

func TestResourceParserRefusesPrincipals(t *testing.T) {
	for _, principal := range []string{
		``, `"Principal":"111111111111",`, `"Principal":{},`, `"Principal":null,`, `"Principal":[],`, `"Principal":{"AWS":[]},`, `"Principal":{"AWS":1},`,
		`"Principal":{"Aws":"*"},`, `"Principal":{"CanonicalUser":"x"},`, `"Principal":{"AWS":"role/fn"},`, `"Principal":{"AWS":"11111111111"},`,
		`"Principal":{"AWS":"arn:aws:iam::111111111111:role/*"},`, `"Principal":{"AWS":"arn:aws:iam::*:root"},`, `"Principal":{"AWS":"arn:aws:s3:::bucket"},`,
		`"Principal":{"AWS":"arn:aws:iam::111111111111:"},`, `"NotPrincipal":{"AWS":"*"},"Principal":"*",`,
	} {
		document := `{"Statement":{` + principal + `"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
		if _, err := iam.ParseResource([]byte(document)); !errors.Is(err, iam.ErrMalformed) {
			t.Errorf("accepted %s (%v)", document, err)
		}
	}
}

func TestPolicyKeepsItsDocument(t *testing.T) {
	const document = `{ "Statement" : { "Effect":"Allow", "Action":"*", "Resource":"*" } }`
	p := identity(t, document)
	if got := string(p.Document()); got != document {
		t.Errorf("Document gave %s", got)
	}
	wire, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back iam.Policy
	if err := json.Unmarshal(wire, &back); err != nil {
		t.Fatal(err)
	}
	if !iam.Evaluate([]iam.Policy{back}, nil, iam.Access{Action: "a:b", Resource: "*"}).Allowed {
		t.Error("a policy that went through JSON allows nothing")
	}
	if err := json.Unmarshal([]byte(`null`), &back); err != nil || back.Document() != nil {
		t.Errorf("null gave %s, %v", back.Document(), err)
	}
	if wire, err := json.Marshal(back); err != nil || string(wire) != "null" {
		t.Errorf("the zero policy is %s, %v", wire, err)
	}
	if err := json.Unmarshal([]byte(`{"Statement":{}}`), &back); !errors.Is(err, iam.ErrMalformed) {
		t.Errorf("UnmarshalJSON accepted a broken policy (%v)", err)
	}
}

func TestActionsAndResources(t *testing.T) {
	for _, c := range []struct {
		statement string
		action    string
		resource  string
		want      bool
	}{
		{`"Action":"kms:Decrypt","Resource":"*"`, "kms:Decrypt", keyARN, true},
		{`"Action":"KMS:decrypt","Resource":"*"`, "kms:Decrypt", keyARN, true},
		{`"Action":"kms:ReEncrypt*","Resource":"*"`, "kms:ReEncryptFrom", keyARN, true},
		{`"Action":"kms:ReEncrypt*","Resource":"*"`, "kms:Encrypt", keyARN, false},
		{`"Action":"kms:De?rypt","Resource":"*"`, "kms:Decrypt", keyARN, true},
		{`"Action":"kms:De?crypt","Resource":"*"`, "kms:Decrypt", keyARN, false},
		{`"Action":["ssm:*","kms:Encrypt"],"Resource":"*"`, "kms:Decrypt", keyARN, false},
		{`"Action":"*","Resource":"*"`, "kms:Decrypt", keyARN, true},
		{`"NotAction":"kms:Decrypt","Resource":"*"`, "kms:Decrypt", keyARN, false},
		{`"NotAction":"kms:Decrypt","Resource":"*"`, "kms:Encrypt", keyARN, true},
		{`"Action":"*","Resource":"arn:aws:kms:us-east-1:111111111111:key/k"`, "kms:Decrypt", keyARN, true},
		{`"Action":"*","Resource":"arn:aws:kms:us-east-1:111111111111:key/K"`, "kms:Decrypt", keyARN, false},
		{`"Action":"*","Resource":"arn:aws:kms:us-east-1:111111111111:alias/*"`, "kms:Decrypt", keyARN, false},
		{`"Action":"*","Resource":["arn:aws:kms:*:111111111111:key/*","arn:aws:ssm:us-east-1:1:x"]`, "kms:Decrypt", keyARN, true},
		{`"Action":"*","NotResource":"arn:aws:kms:us-east-1:111111111111:key/k"`, "kms:Decrypt", keyARN, false},
		{`"Action":"*","NotResource":"arn:aws:kms:us-east-1:111111111111:key/l"`, "kms:Decrypt", keyARN, true},
		{`"Action":"ssm:GetParameters","Resource":"arn:aws:ssm:us-east-1:111111111111:parameter/prod/*"`, "ssm:GetParameters", "arn:aws:ssm:us-east-1:111111111111:parameter/prod/a/b", true},
		{`"Action":"ssm:GetParameters","Resource":"arn:aws:ssm:us-east-1:111111111111:parameter/prod/*"`, "ssm:GetParameters", "arn:aws:ssm:us-east-1:111111111111:parameter/production", false},
	} {
		p := identity(t, `{"Statement":{"Effect":"Allow",`+c.statement+`}}`)
		d := iam.Evaluate([]iam.Policy{p}, nil, iam.Access{Principal: role, Account: account, Action: c.action, Resource: c.resource})
		if d.Allowed != c.want {
			t.Errorf("%s, %s on %s: allowed %v", c.statement, c.action, c.resource, d.Allowed)
		}
	}
}

func TestConditions(t *testing.T) {
	const ctx = "kms:EncryptionContext:app"
	keys := "kms:EncryptionContextKeys"
	for _, c := range []struct {
		condition string
		request   map[string][]string
		want      bool
	}{
		{`"StringEquals":{"kms:EncryptionContext:app":"a"}`, map[string][]string{ctx: {"a"}}, true},
		{`"StringEquals":{"kms:EncryptionContext:app":["b","a"]}`, map[string][]string{ctx: {"a"}}, true},
		{`"StringEquals":{"kms:EncryptionContext:app":"a"}`, map[string][]string{ctx: {"A"}}, false},
		{`"StringEquals":{"kms:EncryptionContext:app":"a*"}`, map[string][]string{ctx: {"ab"}}, false},
		{`"StringEquals":{"kms:EncryptionContext:app":"a"}`, nil, false},
		{`"StringEquals":{"KMS:encryptioncontext:APP":"a"}`, map[string][]string{ctx: {"a"}}, true},
		{`"StringEquals":{"kms:EncryptionContext:app":"a","kms:ViaService":"s"}`, map[string][]string{ctx: {"a"}}, false},
		{`"StringEquals":{"kms:EncryptionContext:app":"a"},"Bool":{"x:y":true}`, map[string][]string{ctx: {"a"}, "x:y": {"true"}}, true},
		{`"StringEquals":{"kms:EncryptionContext:app":"a"},"Bool":{"x:y":true}`, map[string][]string{ctx: {"a"}, "x:y": {"false"}}, false},
		{`"StringEqualsIfExists":{"kms:EncryptionContext:app":"a"}`, nil, true},
		{`"StringEqualsIfExists":{"kms:EncryptionContext:app":"a"}`, map[string][]string{ctx: {"b"}}, false},
		{`"StringEqualsIgnoreCase":{"kms:EncryptionContext:app":"a"}`, map[string][]string{ctx: {"A"}}, true},
		{`"StringNotEquals":{"kms:EncryptionContext:app":["a","b"]}`, map[string][]string{ctx: {"b"}}, false},
		{`"StringNotEquals":{"kms:EncryptionContext:app":["a","b"]}`, map[string][]string{ctx: {"c"}}, true},
		{`"StringNotEquals":{"kms:EncryptionContext:app":"a"}`, nil, true},
		{`"StringNotEqualsIgnoreCase":{"kms:EncryptionContext:app":"a"}`, map[string][]string{ctx: {"A"}}, false},
		{`"StringLike":{"kms:EncryptionContext:app":"arn:*:parameter/prod/*"}`, map[string][]string{ctx: {"arn:aws:ssm:r:1:parameter/prod/x/y"}}, true},
		{`"StringLike":{"kms:EncryptionContext:app":"arn:*:parameter/prod/*"}`, map[string][]string{ctx: {"arn:aws:ssm:r:1:parameter/dev/x"}}, false},
		{`"StringNotLike":{"kms:EncryptionContext:app":"a*"}`, map[string][]string{ctx: {"ab"}}, false},
		{`"StringNotLike":{"kms:EncryptionContext:app":"a*"}`, nil, true},
		{`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/fn"}`, nil, true},
		{`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/f?"}`, nil, true},
		{`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}`, nil, true},
		{`"ArnLike":{"aws:PrincipalArn":"arn:*:role:a:b:c"}`, nil, false},
		{`"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/fn"}`, nil, false},
		{`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/other"}`, nil, true},
		{`"ArnEquals":{"x:y":"arn:aws:iam::111111111111:role/fn"}`, map[string][]string{"x:y": {"no arn"}}, false},
		{`"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/fn"}`, nil, true},
		{`"StringEquals":{"aws:PrincipalAccount":"111111111111"}`, nil, true},
		{`"Bool":{"kms:ReEncryptOnSameKey":"false"}`, map[string][]string{"kms:ReEncryptOnSameKey": {"false"}}, true},
		{`"Bool":{"kms:ReEncryptOnSameKey":"false"}`, nil, false},
		{`"BoolIfExists":{"kms:ReEncryptOnSameKey":"false"}`, nil, true},
		{`"Null":{"kms:ViaService":"true"}`, nil, true},
		{`"Null":{"kms:ViaService":"false"}`, nil, false},
		{`"Null":{"kms:ViaService":"false"}`, map[string][]string{"kms:ViaService": {"ssm"}}, true},
		{`"Null":{"kms:EncryptionContextKeys":"false"}`, map[string][]string{keys: {"a"}}, true},
		{`"NumericEquals":{"x:y":"5"}`, map[string][]string{"x:y": {"5.0"}}, true},
		{`"NumericNotEquals":{"x:y":5}`, map[string][]string{"x:y": {"5"}}, false},
		{`"NumericLessThan":{"x:y":5}`, map[string][]string{"x:y": {"4"}}, true},
		{`"NumericLessThanEquals":{"x:y":5}`, map[string][]string{"x:y": {"6"}}, false},
		{`"NumericGreaterThan":{"x:y":5}`, map[string][]string{"x:y": {"5"}}, false},
		{`"NumericGreaterThanEquals":{"x:y":5}`, map[string][]string{"x:y": {"5"}}, true},
		{`"NumericEquals":{"x:y":"5"}`, map[string][]string{"x:y": {"five"}}, false},
		{`"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}`, map[string][]string{keys: {"a"}}, true},
		{`"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}`, map[string][]string{keys: {"a", "c"}}, false},
		{`"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}`, nil, true},
		{`"ForAllValues:StringNotEquals":{"kms:EncryptionContextKeys":"a"}`, map[string][]string{keys: {"b", "a"}}, false},
		{`"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"a"}`, map[string][]string{keys: {"b", "a"}}, true},
		{`"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"a"}`, nil, false},
		{`"ForAnyValue:StringNotEquals":{"kms:EncryptionContextKeys":"a"}`, nil, false},
		{`"ForAnyValue:StringNotEquals":{"kms:EncryptionContextKeys":"a"}`, map[string][]string{keys: {"a", "b"}}, true},
		{`"ForAnyValue:StringLike":{"kms:ResourceAliases":"alias/prod-*"}`, map[string][]string{"kms:ResourceAliases": {"alias/x", "alias/prod-a"}}, true},
		{`"ForAnyValue:StringLikeIfExists":{"kms:ResourceAliases":"alias/prod-*"}`, nil, true},
		{`"StringEquals":{"aws:SourceVpce":"vpce-1"}`, nil, false},
		{`"StringEquals":{"kms:EncryptionContext:app":"a"}`, map[string][]string{ctx: {"a"}, "kms:EncryptionContext:APP": {"b"}}, false},
	} {
		p := identity(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+c.condition+`}}}`)
		d := iam.Evaluate([]iam.Policy{p}, nil, iam.Access{Principal: session, Account: account, Action: "kms:Decrypt", Resource: keyARN, Keys: c.request})
		if d.Allowed != c.want {
			t.Errorf("%s with %v: allowed %v", c.condition, c.request, d.Allowed)
		}
	}
}

func TestKeyPolicyAndIdentityPolicyTogether(t *testing.T) {
	const (
		allow     = `{"Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}`
		deny      = `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}]}`
		delegates = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}}`
		names     = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/fn"},"Action":"kms:Decrypt","Resource":"*"}}`
		everyone  = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}}`
		service   = `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"kms:Decrypt","Resource":"*"}}`
		denied    = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":{"AWS":"111111111111"},"Action":"kms:Decrypt","Resource":"*"}]}`
		butRole   = `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/fn"}}}]}`
		toOther   = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"kms:Decrypt","Resource":"*"}}`
	)
	const (
		yes        = ""
		noIdentity = "because no identity-based policy allows the kms:Decrypt action"
		noResource = "because no resource-based policy allows the kms:Decrypt action"
		byIdentity = "with an explicit deny in an identity-based policy"
		byResource = "with an explicit deny in a resource-based policy"
	)
	foreign := "arn:aws:sts::222222222222:assumed-role/fn/s1"
	for _, c := range []struct {
		name, principal, identity, key, want string
	}{
		{"key policy names the role", session, "", names, yes},
		{"key policy names the role, asked as role", role, "", names, yes},
		{"key policy names everyone", session, "", everyone, yes},
		{"key policy names another role", "arn:aws:sts::111111111111:assumed-role/fn2/s1", allow, names, noResource},
		{"a user of the role's name", "arn:aws:iam::111111111111:user/fn", allow, names, noResource},
		{"delegated and allowed", session, allow, delegates, yes},
		{"delegated only", session, "", delegates, noIdentity},
		{"allowed but not delegated", session, allow, service, noResource},
		{"the root of the account", root, "", delegates, yes},
		{"identity denies", session, deny, names, byIdentity},
		{"key denies the account", session, allow, denied, byResource},
		{"key denies all but the role", session, allow, butRole, yes},
		{"key denies all but the role, other role", "arn:aws:sts::111111111111:assumed-role/admin/s", allow, butRole, byResource},
		{"key denies all but the role, root", root, "", butRole, byResource},
		{"other account, both", foreign, allow, toOther, yes},
		{"other account, key only", foreign, "", toOther, noIdentity},
		{"other account, identity only", foreign, allow, delegates, noResource},
		{"other account, everyone, key only", foreign, "", everyone, noIdentity},
		{"other account, everyone, both", foreign, allow, everyone, yes},
	} {
		var policies []iam.Policy
		if c.identity != "" {
			policies = append(policies, identity(t, c.identity))
		}
		a := iam.Access{Principal: c.principal, Account: strings.Split(c.principal, ":")[4], Action: "kms:Decrypt", Resource: keyARN, PolicyRequired: true}
		d := iam.Evaluate(policies, resource(t, c.key), a)
		if d.Allowed != (c.want == yes) || d.Reason != c.want {
			t.Errorf("%s: %+v, want %q", c.name, d, c.want)
		}
	}
}

func TestResourceWithoutRequiredPolicy(t *testing.T) {
	const layer = "arn:aws:lambda:us-east-1:111111111111:layer:l:1"
	shared := resource(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"lambda:GetLayerVersion","Resource":"`+layer+`"}}`)
	mine := []iam.Policy{identity(t, `{"Statement":{"Effect":"Allow","Action":"lambda:*","Resource":"*"}}`)}
	for _, c := range []struct {
		name     string
		account  string
		policies []iam.Policy
		resource *iam.Policy
		want     bool
	}{
		{"own account, identity only", account, mine, nil, true},
		{"own account, nothing", account, nil, nil, false},
		{"other account, identity only", other, mine, nil, false},
		{"other account, shared", other, mine, shared, true},
		{"other account, shared but not allowed at home", other, nil, shared, false},
	} {
		a := iam.Access{Principal: "arn:aws:iam::" + c.account + ":role/x", Account: c.account, Action: "lambda:GetLayerVersion", Resource: layer}
		if d := iam.Evaluate(c.policies, c.resource, a); d.Allowed != c.want {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestMessage(t *testing.T) {
	a := iam.Access{Principal: session, Account: account, Action: "kms:Decrypt", Resource: keyARN}
	got := iam.Evaluate(nil, nil, a).Message(a)
	want := "User: " + session + " is not authorized to perform: kms:Decrypt on resource: " + keyARN + " because no identity-based policy allows the kms:Decrypt action"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRoleARN(t *testing.T) {
	for in, want := range map[string]string{
		session:                             role,
		role:                                role,
		root:                                root,
		"arn:aws:iam::111111111111:user/fn": "arn:aws:iam::111111111111:user/fn",
		"arn:aws:sts::111111111111:federated-user/fn":   "arn:aws:sts::111111111111:federated-user/fn",
		"arn:aws-cn:sts::111111111111:assumed-role/r/s": "arn:aws-cn:iam::111111111111:role/r",
		"": "",
	} {
		if got := iam.RoleARN(in); got != want {
			t.Errorf("RoleARN(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`,
		`{"Statement":[{"Sid":"x","Effect":"Deny","Principal":{"AWS":["111111111111","*"],"Service":"lambda.amazonaws.com"},"NotAction":["kms:De*"],"NotResource":"arn:aws:kms:*:1:key/*"}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:a":["b"]},"ForAllValues:StringLikeIfExists":{"kms:EncryptionContextKeys":"a*?"},"Null":{"kms:ViaService":true},"NumericLessThan":{"a:b":1e3}}}]}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:a:1:key/${aws:x, 'y'}${*}","Condition":{"StringLike":{"a:b":"${c:d}*"}}}}`,
		`{"a":{"b":[{},{"a":1,"a":2}]}}`, `[`, `{}{}`, `"x"`, `{"Statement":[[]]}`, `{"Statement":{"Principal":{"AWS":null}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		a := iam.Access{Principal: session, Account: account, Action: "kms:Decrypt", Resource: keyARN, PolicyRequired: true, Keys: map[string][]string{"kms:EncryptionContextKeys": {"a", "b"}}}
		p, err := iam.ParseIdentity(document)
		if err == nil {
			iam.Evaluate([]iam.Policy{p}, nil, a)
		}
		r, err2 := iam.ParseResource(document)
		if err2 == nil {
			iam.Evaluate(nil, &r, a)
		}
		if err == nil && err2 == nil {
			t.Errorf("%q is both kinds of policy", document)
		}
		if err == nil {
			wire, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := iam.ParseIdentity(wire); err != nil {
				t.Errorf("%q does not survive JSON: %v", document, err)
			}
		}
	})
}
