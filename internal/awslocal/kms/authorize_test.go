package kms_test

import (
	"fmt"
	"strings"
	"testing"
)

const admin = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// keyPolicy lets the account manage the key but not use it, and adds statements.
func keyPolicy(statements ...string) string {
	manage := `{"Sid":"manage","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` +
		`"Action":["kms:Create*","kms:Describe*","kms:Get*","kms:List*","kms:Put*","kms:Update*","kms:Encrypt"],"Resource":"*"}`
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{manage}, statements...), ",") + `]}`
}

// TestOnlyTheFunctionOpens is the claim behind a key per function: with key policies that name one role each, every
// role opens what was sealed for it and nothing else, whatever its identity policy says.
func TestOnlyTheFunctionOpens(t *testing.T) {
	const n = 5
	_, c := newService(t)
	var arns, roles [n]string
	var blobs [n]any
	for i := range n {
		roles[i] = fmt.Sprintf("fn-%d", i)
		arns[i] = c.key(object{"Policy": keyPolicy(fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/%s"},"Action":"kms:Decrypt","Resource":"*",
			"Condition":{"StringEquals":{"kms:EncryptionContext:bundle:function":"app/%[1]s"}}}`, roles[i]))})
		blobs[i] = c.do("Encrypt", object{"KeyId": arns[i], "Plaintext": b64(roles[i]), "EncryptionContext": object{"bundle:function": "app/" + roles[i]}})["CiphertextBlob"]
	}
	for _, policy := range []string{"", admin} {
		for i := range n {
			for j := range n {
				in := object{"CiphertextBlob": blobs[j], "EncryptionContext": object{"bundle:function": "app/" + roles[j]}}
				for _, keyID := range []any{nil, arns[j]} {
					in["KeyId"] = keyID
					if i != j {
						c.as(roles[i], policy).fails("Decrypt", in, "AccessDeniedException", "*")
						continue
					}
					if out := c.as(roles[i], policy).do("Decrypt", in); out["Plaintext"] != b64(roles[j]) {
						t.Errorf("%s opened %v", roles[i], out)
					}
				}
			}
			c.as(roles[i], policy).fails("Decrypt", object{"CiphertextBlob": blobs[i]}, "AccessDeniedException", "*")
			c.as(roles[i], policy).fails("ReEncrypt", object{"CiphertextBlob": blobs[i], "DestinationKeyId": arns[i],
				"SourceEncryptionContext": object{"bundle:function": "app/" + roles[i]}}, "AccessDeniedException", "*")
		}
	}
	c.fails("Decrypt", object{"KeyId": arns[0], "CiphertextBlob": blobs[0], "EncryptionContext": object{"bundle:function": "app/fn-0"}}, "AccessDeniedException",
		"User: arn:aws:iam::111111111111:root is not authorized to perform: kms:Decrypt on resource: "+arns[0]+" because no resource-based policy allows the kms:Decrypt action")
}

func TestDenialsSayWhy(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	denies := c.key(object{"Policy": keyPolicy(`{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/ci"}}}`)})
	user := "User: arn:aws:sts::111111111111:assumed-role/fn/s is not authorized to perform: kms:Encrypt on resource: "
	for _, e := range []struct{ key, policy, reason string }{
		{arn, "", "because no identity-based policy allows the kms:Encrypt action"},
		{arn, `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`, "with an explicit deny in an identity-based policy"},
		{denies, admin, "with an explicit deny in a resource-based policy"},
	} {
		c.as("fn", e.policy).fails("Encrypt", object{"KeyId": e.key, "Plaintext": b64("x")}, "AccessDeniedException", user+e.key+" "+e.reason)
	}
	c.as("ci", admin).do("Encrypt", object{"KeyId": denies, "Plaintext": b64("x")})
}

func TestContextConditions(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	ci := c.as("ci", `{"Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"`+arn+`","Condition":{
		"StringEquals":{"kms:EncryptionContext:fn":"hello"},"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["fn","env"]}}}}`)
	for _, e := range []struct {
		context object
		ok      bool
	}{
		{object{"fn": "hello"}, true},
		{object{"fn": "hello", "env": "prod"}, true},
		{object{"fn": "hello", "env": "prod", "more": "x"}, false},
		{object{"fn": "other"}, false},
		{object{"env": "prod"}, false},
		{nil, false},
	} {
		in := object{"KeyId": arn, "Plaintext": b64("x"), "EncryptionContext": e.context}
		if e.ok {
			ci.do("Encrypt", in)
		} else {
			ci.fails("Encrypt", in, "AccessDeniedException", "*")
		}
	}
}

func TestReEncryptNeedsBothRights(t *testing.T) {
	_, c := newService(t)
	from, to := c.key(nil), c.key(nil)
	sealed, opened := object{"PARAMETER_ARN": "arn:aws:ssm:us-east-1:111111111111:parameter/prod/a"}, object{"fn": "hello"}
	blob := c.do("Encrypt", object{"KeyId": from, "Plaintext": b64("x"), "EncryptionContext": sealed})["CiphertextBlob"]
	statement := func(action, key, condition string) string {
		return `{"Effect":"Allow","Action":"kms:` + action + `","Resource":"` + key + `","Condition":{` + condition + `}}`
	}
	src := statement("ReEncryptFrom", from, `"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:*:111111111111:parameter/prod/*"}`)
	dst := statement("ReEncryptTo", to, `"StringEquals":{"kms:EncryptionContext:fn":"hello"}`)
	for _, e := range []struct {
		name, statements string
		ok               bool
	}{
		{"both", src + "," + dst, true},
		{"from only", src, false},
		{"to only", dst, false},
		{"the wrong way round", statement("ReEncryptFrom", to, `"Null":{"a:b":true}`) + "," + statement("ReEncryptTo", from, `"Null":{"a:b":true}`), false},
		{"another parameter", statement("ReEncryptFrom", from, `"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":"arn:aws:ssm:*:111111111111:parameter/dev/*"}`) + "," + dst, false},
		{"the context of the other side", statement("ReEncryptFrom", from, `"StringEquals":{"kms:EncryptionContext:fn":"hello"}`) + "," + dst, false},
		{"never on one key", src + "," + statement("ReEncryptTo", to, `"Bool":{"kms:ReEncryptOnSameKey":"false"}`), true},
		{"only on one key", src + "," + statement("ReEncryptTo", to, `"Bool":{"kms:ReEncryptOnSameKey":"true"}`), false},
	} {
		in := object{"CiphertextBlob": blob, "SourceEncryptionContext": sealed, "SourceKeyId": from, "DestinationKeyId": to, "DestinationEncryptionContext": opened}
		ci := c.as("ci", `{"Statement":[`+e.statements+`]}`)
		if !e.ok {
			ci.fails("ReEncrypt", in, "AccessDeniedException", "*")
			continue
		}
		out := ci.do("ReEncrypt", in)
		if out["SourceKeyId"] != from || out["KeyId"] != to || out["SourceEncryptionAlgorithm"] != "SYMMETRIC_DEFAULT" || out["DestinationEncryptionAlgorithm"] != "SYMMETRIC_DEFAULT" {
			t.Errorf("%s: ReEncrypt gave %v", e.name, out)
		}
		ci.fails("Decrypt", object{"CiphertextBlob": out["CiphertextBlob"], "EncryptionContext": opened}, "AccessDeniedException", "*")
		if got := c.do("Decrypt", object{"CiphertextBlob": out["CiphertextBlob"], "EncryptionContext": opened, "KeyId": to}); got["Plaintext"] != b64("x") {
			t.Errorf("%s: opened %v", e.name, got)
		}
		c.fails("Decrypt", object{"CiphertextBlob": out["CiphertextBlob"], "EncryptionContext": sealed}, "InvalidCiphertextException", "")
	}
}

func TestReEncryptOnTheSameKeyChangesTheContext(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})["CiphertextBlob"]
	in := object{"CiphertextBlob": blob, "DestinationKeyId": arn, "DestinationEncryptionContext": object{"a": "b"}}
	out := c.do("ReEncrypt", in)
	c.do("Decrypt", object{"CiphertextBlob": out["CiphertextBlob"], "EncryptionContext": object{"a": "b"}})
	const never = `{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"},{"Effect":"Deny","Action":"kms:ReEncrypt*","Resource":"*","Condition":{"Bool":{"kms:ReEncryptOnSameKey":"true"}}}]}`
	c.as("ci", never).fails("ReEncrypt", in, "AccessDeniedException", "*")
}

func TestAliasConditions(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	c.do("CreateAlias", object{"AliasName": "alias/prod-a", "TargetKeyId": arn})
	c.do("CreateAlias", object{"AliasName": "alias/z", "TargetKeyId": arn})
	request := c.as("ci", `{"Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{"StringEquals":{"kms:RequestAlias":"alias/prod-a"}}}}`)
	request.do("Encrypt", object{"KeyId": "alias/prod-a", "Plaintext": b64("x")})
	request.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "AccessDeniedException", "*")
	request.fails("Encrypt", object{"KeyId": "alias/z", "Plaintext": b64("x")}, "AccessDeniedException", "*")
	resource := c.as("ci", `{"Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Condition":{"ForAnyValue:StringLike":{"kms:ResourceAliases":"alias/prod-*"}}}}`)
	resource.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})
	c.do("DeleteAlias", object{"AliasName": "alias/prod-a"})
	resource.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "AccessDeniedException", "*")
}

func TestOtherAccountNeedsBothSides(t *testing.T) {
	s, c := newService(t)
	shared := c.key(object{"Policy": keyPolicy(`{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["kms:Encrypt","kms:DescribeKey"],"Resource":"*"}`)})
	private := c.key(nil)
	c.do("CreateAlias", object{"AliasName": "alias/shared", "TargetKeyId": shared})
	foreign := rootOf(t, s, "222222222222")
	aliasARN := "arn:aws:kms:us-east-1:111111111111:alias/shared"
	for _, ref := range []string{shared, aliasARN} {
		if out := foreign.do("Encrypt", object{"KeyId": ref, "Plaintext": b64("x")}); out["KeyId"] != shared {
			t.Errorf("Encrypt by %s gave %v", ref, out)
		}
		foreign.as("ci", admin).do("Encrypt", object{"KeyId": ref, "Plaintext": b64("x")})
		foreign.as("ci", "").fails("Encrypt", object{"KeyId": ref, "Plaintext": b64("x")}, "AccessDeniedException",
			"User: arn:aws:sts::222222222222:assumed-role/ci/s is not authorized to perform: kms:Encrypt on resource: "+shared+" because no identity-based policy allows the kms:Encrypt action")
	}
	hidden := "User: arn:aws:iam::222222222222:root is not authorized to perform: kms:Encrypt on this resource because the resource does not exist in this Region, " +
		"no resource-based policies allow access, or a resource-based policy explicitly denies access"
	for _, ref := range []string{private, strings.Replace(private, id(private), nobody, 1), "arn:aws:kms:us-east-1:111111111111:alias/nothing"} {
		foreign.fails("Encrypt", object{"KeyId": ref, "Plaintext": b64("x")}, "AccessDeniedException", hidden)
	}
	foreign.fails("Encrypt", object{"KeyId": id(shared), "Plaintext": b64("x")}, "NotFoundException", "Key '"+strings.Replace(shared, account, "222222222222", 1)+"' does not exist")
	foreign.fails("CreateAlias", object{"AliasName": "alias/mine", "TargetKeyId": shared}, "AccessDeniedException", "*")
}

func TestManagedKeyWorksThroughSSMOnly(t *testing.T) {
	const context = "PARAMETER_ARN"
	s, c := newService(t)
	ssm := c
	ssm.request.Service, ssm.request.Operation = "ssm", "PutParameter"
	if err := s.EnsureManaged(&ssm.request, "alias/aws/ssm"); err != nil {
		t.Fatal(err)
	}
	pair := map[string]string{context: "arn:aws:ssm:us-east-1:111111111111:parameter/a"}
	reader := ssm.as("reader", "")
	blob, keyARN, err := s.EncryptFor(&reader.request, "alias/aws/ssm", []byte("x"), pair)
	if err != nil {
		t.Fatal(err)
	}
	if arn, err := s.Resolve(&ssm.request, "alias/aws/ssm"); err != nil || arn != keyARN {
		t.Errorf("Resolve gave %q, %v, want %q", arn, err, keyARN)
	}
	if plaintext, arn, err := s.DecryptFor(&reader.request, blob, pair); err != nil || string(plaintext) != "x" || arn != keyARN {
		t.Errorf("DecryptFor gave %q, %q, %v", plaintext, arn, err)
	}
	if _, _, err := s.DecryptFor(&reader.request, blob, nil); err == nil {
		t.Error("DecryptFor opened without the context")
	}

	for _, direct := range []caller{c, c.as("reader", admin), c.via("lambda.us-east-1.amazonaws.com"), c.via("ssm.eu-west-1.amazonaws.com")} {
		direct.fails("Decrypt", object{"CiphertextBlob": blob, "EncryptionContext": pair}, "AccessDeniedException", "*")
		direct.fails("Decrypt", object{"KeyId": "alias/aws/ssm", "CiphertextBlob": blob, "EncryptionContext": pair}, "AccessDeniedException", "*")
		direct.fails("Encrypt", object{"KeyId": "alias/aws/ssm", "Plaintext": b64("x")}, "AccessDeniedException", "*")
		direct.fails("ReEncrypt", object{"CiphertextBlob": blob, "SourceEncryptionContext": pair, "DestinationKeyId": "alias/aws/ssm"}, "AccessDeniedException", "*")
		direct.fails("PutKeyPolicy", object{"KeyId": keyARN, "Policy": keyPolicy()}, "AccessDeniedException", "*")
		direct.fails("ScheduleKeyDeletion", object{"KeyId": keyARN}, "AccessDeniedException", "*")
		direct.fails("DisableKey", object{"KeyId": keyARN}, "AccessDeniedException", "*")
	}
	m := c.do("DescribeKey", object{"KeyId": "alias/aws/ssm"})["KeyMetadata"].(object)
	if m["KeyManager"] != "AWS" || m["Arn"] != keyARN || m["MultiRegion"] != false {
		t.Errorf("described as %v", m)
	}
	if policy := c.do("GetKeyPolicy", object{"KeyId": keyARN})["Policy"].(string); !strings.Contains(policy, "auto-ssm-1") {
		t.Errorf("policy %s", policy)
	}
	c.fails("UpdateAlias", object{"AliasName": "alias/aws/ssm", "TargetKeyId": keyARN}, "NotAuthorizedException", "*")
	c.fails("DeleteAlias", object{"AliasName": "alias/aws/ssm"}, "NotAuthorizedException", "*")
	if err := s.EnsureManaged(&ssm.request, "alias/aws/rds"); err == nil {
		t.Error("EnsureManaged made a key for another service")
	}
}

func TestServicesCallAsTheirCaller(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	c.request.Service = "ssm"
	through := `{"Statement":{"Effect":"Allow","Action":["kms:Decrypt","kms:Encrypt","kms:GenerateDataKey"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com"}}}}`
	allowed := c.as("reader", through)
	blob, keyARN, err := s.EncryptFor(&allowed.request, arn, []byte("x"), nil)
	if err != nil || keyARN != arn {
		t.Fatal(keyARN, err)
	}
	plain, wrapped, keyARN, err := s.GenerateDataKeyFor(&allowed.request, id(arn), map[string]string{"a": "b"})
	if err != nil || keyARN != arn || len(plain) != 32 {
		t.Fatal(len(plain), keyARN, err)
	}
	if opened, _, err := s.DecryptFor(&allowed.request, wrapped, map[string]string{"a": "b"}); err != nil || string(opened) != string(plain) {
		t.Errorf("the data key does not open: %v", err)
	}
	allowed.request.Service = "kms"
	allowed.fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", "*")

	refused := c.as("reader", "")
	user := "User: arn:aws:sts::111111111111:assumed-role/reader/s is not authorized to perform: kms:"
	_, _, err = s.DecryptFor(&refused.request, blob, nil)
	wantError(t, "DecryptFor", err, "AccessDeniedException", user+"Decrypt on resource: "+arn+" because no identity-based policy allows the kms:Decrypt action")
	_, _, err = s.EncryptFor(&refused.request, arn, []byte("x"), nil)
	wantError(t, "EncryptFor", err, "AccessDeniedException", "*")
	_, _, _, err = s.GenerateDataKeyFor(&refused.request, arn, nil)
	wantError(t, "GenerateDataKeyFor", err, "AccessDeniedException", user+"GenerateDataKey on resource: "+arn+" because no identity-based policy allows the kms:GenerateDataKey action")
	_, _, err = s.EncryptFor(&allowed.request, arn, nil, nil)
	wantError(t, "EncryptFor nothing", err, "ValidationException", "*")
	_, err = s.Resolve(&c.request, "alias/none")
	wantError(t, "Resolve", err, "NotFoundException", "*")
	_, _, err = s.EncryptFor(&c.request, "alias/none", []byte("x"), nil)
	wantError(t, "EncryptFor", err, "NotFoundException", "*")
}

func TestOperationsWithoutAKeyNeedARightToo(t *testing.T) {
	_, c := newService(t)
	nobody := c.as("nobody", "")
	for _, operation := range []string{"CreateKey", "ListKeys", "ListAliases"} {
		nobody.fails(operation, nil, "AccessDeniedException", "User: arn:aws:sts::111111111111:assumed-role/nobody/s is not authorized to perform: kms:"+operation+
			" on resource: * because no identity-based policy allows the kms:"+operation+" action")
	}
	arn := c.key(nil)
	onKey := c.as("half", `{"Statement":{"Effect":"Allow","Action":"kms:*Alias","Resource":"`+arn+`"}}`)
	onKey.fails("CreateAlias", object{"AliasName": "alias/x", "TargetKeyId": arn}, "AccessDeniedException", "*")
	onAlias := c.as("half", `{"Statement":{"Effect":"Allow","Action":"kms:*Alias","Resource":"arn:aws:kms:us-east-1:111111111111:alias/*"}}`)
	onAlias.fails("CreateAlias", object{"AliasName": "alias/x", "TargetKeyId": arn}, "AccessDeniedException", "*")
}
