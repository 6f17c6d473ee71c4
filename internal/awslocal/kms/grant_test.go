package kms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// created makes a grant, and returns its ID and a token.
func (c caller) created(in object) (grantID, token string) {
	c.t.Helper()
	out := c.do("CreateGrant", in)
	return out["GrantId"].(string), out["GrantToken"].(string)
}

func TestAGranteeNeedsNoPolicy(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})["CiphertextBlob"]
	open := object{"KeyId": arn, "CiphertextBlob": blob}
	foreign := rootOf(t, s, "222222222222")
	for _, e := range []struct {
		grantee string
		as      caller
		ok      bool
	}{
		{role("fn"), c.as("fn", ""), true},
		{role("fn"), c.as("other", ""), false},
		{"arn:aws:sts::111111111111:assumed-role/fn/s", c.as("fn", ""), true},
		{"arn:aws:sts::111111111111:assumed-role/fn/another", c.as("fn", ""), false},
		{"arn:aws:iam::222222222222:role/fn", foreign.as("fn", ""), true},
		{"arn:aws:iam::222222222222:role/fn", c.as("fn", ""), false},
		{"arn:aws:iam::222222222222:root", foreign.as("fn", ""), false}, // leaves it to the policies of the account
		{"arn:aws:iam::222222222222:root", foreign.as("fn", admin), true},
	} {
		e.as.fails("Decrypt", open, "AccessDeniedException", "*")
		grantID, _ := c.created(object{"KeyId": arn, "GranteePrincipal": e.grantee, "Operations": []string{"Decrypt"}})
		if e.ok {
			e.as.do("Decrypt", open)
			e.as.do("Decrypt", object{"CiphertextBlob": blob}) // the ciphertext names the key
		} else {
			e.as.fails("Decrypt", open, "AccessDeniedException", "*")
		}
		e.as.fails("DescribeKey", object{"KeyId": arn}, "AccessDeniedException", "*")
		c.do("RevokeGrant", object{"KeyId": arn, "GrantId": grantID})
		e.as.fails("Decrypt", open, "AccessDeniedException", "*")
	}
}

func TestAGrantAllowsItsOperationsAlone(t *testing.T) {
	_, c := newService(t)
	arn, other := c.key(nil), c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})["CiphertextBlob"]
	calls := map[string]object{
		"Encrypt": {"KeyId": arn, "Plaintext": b64("x")}, "Decrypt": {"KeyId": arn, "CiphertextBlob": blob}, "DescribeKey": {"KeyId": arn},
		"GenerateDataKey": {"KeyId": arn, "KeySpec": "AES_256"}, "GenerateDataKeyWithoutPlaintext": {"KeyId": arn, "KeySpec": "AES_256"},
		"CreateGrant": {"KeyId": arn, "GranteePrincipal": role("x"), "Operations": []string{"CreateGrant"}},
	}
	for granted := range calls {
		grantID, token := c.created(object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{granted}})
		for operation, in := range calls {
			in["GrantTokens"] = []string{token}
			if operation == granted {
				c.as("fn", "").do(operation, in)
			} else {
				c.as("fn", "").fails(operation, in, "AccessDeniedException", "*")
			}
			delete(in, "GrantTokens")
		}
		c.as("fn", "").fails("Encrypt", object{"KeyId": other, "Plaintext": b64("x")}, "AccessDeniedException", "*")
		for _, operation := range []string{"ListGrants", "RevokeGrant"} { // a grant cannot give these
			c.as("fn", "").fails(operation, object{"KeyId": arn, "GrantId": grantID}, "AccessDeniedException", "*")
		}
		c.do("RevokeGrant", object{"KeyId": arn, "GrantId": grantID})
	}
	c.do("CreateGrant", object{"KeyId": arn, "GranteePrincipal": role("mover"), "Operations": []string{"ReEncryptFrom"}})
	move := object{"CiphertextBlob": blob, "SourceKeyId": arn, "DestinationKeyId": other}
	c.as("mover", "").fails("ReEncrypt", move, "AccessDeniedException", "*")
	c.do("CreateGrant", object{"KeyId": other, "GranteePrincipal": role("mover"), "Operations": []string{"ReEncryptTo"}})
	c.as("mover", "").do("ReEncrypt", move)
}

func TestADenyOutranksAGrant(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})["CiphertextBlob"]
	open := object{"KeyId": arn, "CiphertextBlob": blob}
	c.do("CreateGrant", object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt"}})
	c.as("fn", "").do("Decrypt", open)
	c.as("fn", `{"Statement":{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}}`).fails("Decrypt", open, "AccessDeniedException", "*")
	c.do("PutKeyPolicy", object{"KeyId": arn, "Policy": keyPolicy(
		`{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"` + role("other") + `"}}}`)})
	c.as("fn", "").fails("Decrypt", open, "AccessDeniedException", "*")
}

func TestConstraintsOfGrants(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	for _, e := range []struct {
		constraints, context object
		ok                   bool
	}{
		{nil, object{"a": "1"}, true},
		{object{}, object{"a": "1"}, true},
		{object{"EncryptionContextEquals": object{"a": "1"}}, object{"a": "1"}, true},
		{object{"EncryptionContextEquals": object{"a": "1"}}, object{"A": "1"}, true}, // names are not case-sensitive
		{object{"EncryptionContextEquals": object{"a": "x"}}, object{"a": "X"}, false},
		{object{"EncryptionContextEquals": object{"a": "1"}}, object{"a": "1", "b": "2"}, false},
		{object{"EncryptionContextEquals": object{"a": "1"}}, nil, false},
		{object{"EncryptionContextEquals": object{"a": "1", "b": "2"}}, object{"a": "1"}, false},
		{object{"EncryptionContextSubset": object{"a": "1"}}, object{"a": "1", "b": "2"}, true},
		{object{"EncryptionContextSubset": object{"a": "1"}}, object{"a": "2", "b": "2"}, false},
		{object{"EncryptionContextSubset": object{"a": "1"}}, nil, false},
		{object{"EncryptionContextSubset": object{"a": "1"}, "EncryptionContextEquals": object{"a": "1", "b": "2"}}, object{"a": "1"}, false},
		{object{"SourceArn": "arn:aws:lambda:us-east-1:111111111111:function:f"}, object{"a": "1"}, false}, // nothing is called for it here
	} {
		blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text"), "EncryptionContext": e.context})["CiphertextBlob"]
		grantID, _ := c.created(object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt", "Encrypt", "DescribeKey", "GenerateDataKey"}, "Constraints": e.constraints})
		for operation, in := range map[string]object{
			"Decrypt": {"CiphertextBlob": blob, "EncryptionContext": e.context}, "Encrypt": {"KeyId": arn, "Plaintext": b64("x"), "EncryptionContext": e.context},
			"GenerateDataKey": {"KeyId": arn, "KeySpec": "AES_128", "EncryptionContext": e.context},
		} {
			if e.ok {
				c.as("fn", "").do(operation, in)
			} else {
				c.as("fn", "").fails(operation, in, "AccessDeniedException", "*")
			}
		}
		if e.constraints["SourceArn"] == nil {
			c.as("fn", "").do("DescribeKey", object{"KeyId": arn}) // has no encryption context
		} else {
			c.as("fn", "").fails("DescribeKey", object{"KeyId": arn}, "AccessDeniedException", "*")
		}
		c.do("RevokeGrant", object{"KeyId": arn, "GrantId": grantID})
	}
}

func TestAGranteeCanOnlyCreateStricterGrants(t *testing.T) {
	_, c := newService(t)
	equals, subset := object{"EncryptionContextEquals": object{"a": "1"}}, object{"EncryptionContextSubset": object{"a": "1"}}
	for _, e := range []struct {
		parent, child object
		operations    []string
		ok            bool
	}{
		{nil, nil, []string{"Decrypt"}, true},
		{nil, equals, []string{"Decrypt", "CreateGrant"}, true},
		{nil, nil, []string{"Decrypt", "Encrypt"}, false},
		{equals, equals, []string{"Decrypt"}, true},
		{equals, nil, []string{"Decrypt"}, false},
		{equals, subset, []string{"Decrypt"}, false},
		{equals, object{"EncryptionContextEquals": object{"a": "1", "b": "2"}}, []string{"Decrypt"}, false},
		{subset, equals, []string{"Decrypt"}, true},
		{subset, subset, []string{"Decrypt"}, true},
		{subset, object{"EncryptionContextSubset": object{"a": "1", "b": "2"}}, []string{"Decrypt"}, true},
		{subset, object{"EncryptionContextSubset": object{"b": "2"}}, []string{"Decrypt"}, false},
		{subset, nil, []string{"Decrypt"}, false},
	} {
		arn := c.key(nil)
		c.do("CreateGrant", object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt", "CreateGrant"}, "Constraints": e.parent})
		child := object{"KeyId": arn, "GranteePrincipal": role("next"), "Operations": e.operations, "Constraints": e.child}
		if e.ok {
			c.as("fn", "").do("CreateGrant", child)
		} else {
			c.as("fn", "").fails("CreateGrant", child, "AccessDeniedException", "*")
		}
	}
}

func TestWrongGrantsAreRefused(t *testing.T) {
	_, c := newService(t)
	arn, rsa := c.key(nil), c.key(object{"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})
	mac, signing := c.key(object{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}), c.key(object{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
	source := object{"SourceArn": "arn:aws:lambda:us-east-1:111111111111:function:f"}
	many, long := object{}, object{"a": strings.Repeat("é", 385)}
	for i := range 9 {
		many[fmt.Sprint(i)] = "x"
	}
	for name, e := range map[string]struct {
		change object
		code   string
	}{
		"no key":                       {object{"KeyId": nil}, "ValidationException"},
		"an alias":                     {object{"KeyId": "alias/x"}, "NotFoundException"},
		"an unknown key":               {object{"KeyId": nobody}, "NotFoundException"},
		"no operations":                {object{"Operations": nil}, "ValidationException"},
		"an empty list of operations":  {object{"Operations": []string{}}, "ValidationException"},
		"an unknown operation":         {object{"Operations": []string{"Decrypt", "ListGrants"}}, "ValidationException"},
		"signing under AES":            {object{"Operations": []string{"Sign"}}, "ValidationException"},
		"a public key of AES":          {object{"Operations": []string{"GetPublicKey"}}, "ValidationException"},
		"data keys under RSA":          {object{"KeyId": rsa, "Operations": []string{"GenerateDataKey"}}, "ValidationException"},
		"signing under an RSA of that": {object{"KeyId": rsa, "Operations": []string{"Sign"}}, "ValidationException"},
		"decrypting under HMAC":        {object{"KeyId": mac, "Operations": []string{"Decrypt"}}, "ValidationException"},
		"a secret of a signing key":    {object{"KeyId": signing, "Operations": []string{"DeriveSharedSecret"}}, "ValidationException"},
		"encapsulating under AES":      {object{"Operations": []string{"Encapsulate"}}, "ValidationException"},
		"a context of RSA":             {object{"KeyId": rsa, "Constraints": object{"EncryptionContextEquals": object{"a": "1"}}}, "ValidationException"},
		"nobody":                       {object{"GranteePrincipal": nil}, "ValidationException"},
		"two grantees":                 {object{"GranteeServicePrincipal": "lambda.amazonaws.com", "Constraints": source, "RetiringPrincipal": role("x")}, "ValidationException"},
		"a service without its source": {object{"GranteePrincipal": nil, "GranteeServicePrincipal": "lambda.amazonaws.com", "RetiringPrincipal": role("x")}, "ValidationException"},
		"a service that nobody ends":   {object{"GranteePrincipal": nil, "GranteeServicePrincipal": "lambda.amazonaws.com", "Constraints": source}, "ValidationException"},
		"two to retire it":             {object{"RetiringPrincipal": role("x"), "RetiringServicePrincipal": "lambda.amazonaws.com"}, "ValidationException"},
		"a service that is none":       {object{"RetiringServicePrincipal": "lambda"}, "ValidationException"},
		"a grantee that is none":       {object{"GranteePrincipal": "fn"}, "InvalidArnException"},
		"a grantee that is an account": {object{"GranteePrincipal": "111111111111"}, "InvalidArnException"},
		"a grantee with a wildcard":    {object{"GranteePrincipal": role("*")}, "ValidationException"},
		"a long grantee":               {object{"GranteePrincipal": role(strings.Repeat("x", 256))}, "ValidationException"},
		"a retiring bucket":            {object{"RetiringPrincipal": "arn:aws:s3:::bucket"}, "InvalidArnException"},
		"nine pairs":                   {object{"Constraints": object{"EncryptionContextSubset": many}}, "ValidationException"},
		"a long value":                 {object{"Constraints": object{"EncryptionContextEquals": long}}, "ValidationException"},
		"a source that is none":        {object{"Constraints": object{"SourceArn": "arn:aws:s3:::bucket-without-account"}}, "ValidationException"},
		"a name with a space":          {object{"Name": "a b"}, "ValidationException"},
		"a long name":                  {object{"Name": strings.Repeat("x", 257)}, "ValidationException"},
		"a token that is none":         {object{"GrantTokens": []string{"x"}}, "InvalidGrantTokenException"},
		"eleven tokens":                {object{"GrantTokens": slices.Repeat([]string{"x"}, 11)}, "ValidationException"},
		"a dry run":                    {object{"DryRun": true}, "DryRunOperationException"},
	} {
		in := object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt"}}
		for member, value := range e.change {
			in[member] = value
		}
		if _, err := c.try("CreateGrant", in); err == nil || !strings.HasPrefix(err.Error(), e.code) {
			t.Errorf("%s: %v, not %s", name, err, e.code)
		}
	}
	for _, key := range []string{arn, rsa, mac, signing} {
		if got := c.do("ListGrants", object{"KeyId": key})["Grants"].([]any); len(got) > 0 {
			t.Errorf("a refused grant exists: %v", got)
		}
	}
	in := object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt"}}
	c.as("nobody", "").fails("CreateGrant", in, "AccessDeniedException", "*")
	c.do("DisableKey", object{"KeyId": arn})
	c.fails("CreateGrant", in, "DisabledException", "*")
	c.do("ScheduleKeyDeletion", object{"KeyId": arn})
	c.fails("CreateGrant", in, "KMSInvalidStateException", "*")
}

func TestTheNameOfAGrantMakesItOnce(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	in := object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Encrypt", "Decrypt"}, "Name": "once"}
	first, token := c.created(in)
	in["Operations"] = []string{"Decrypt", "Encrypt"}
	if again, other := c.created(in); again != first || other == token {
		t.Errorf("again %s with %s, first %s with %s", again, other, first, token)
	}
	in["Operations"] = []string{"Decrypt"}
	if other, _ := c.created(in); other == first {
		t.Error("another grant of that name is the first one")
	}
	delete(in, "Name")
	one, _ := c.created(in)
	if two, _ := c.created(in); one == two {
		t.Error("a grant without a name was made once")
	}
}

func TestConditionsOnCreatingGrants(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	creator := func(condition string) caller {
		return c.as("creator", `{"Statement":{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":`+condition+`}}`)
	}
	in := object{"KeyId": arn, "GranteePrincipal": role("fn"), "RetiringPrincipal": role("end"), "Operations": []string{"Decrypt", "Encrypt"},
		"Constraints": object{"EncryptionContextSubset": object{"a": "1"}}}
	for condition, ok := range map[string]bool{
		`{"StringEquals":{"kms:GranteePrincipal":"` + role("fn") + `"}}`:                            true,
		`{"StringEquals":{"kms:GranteePrincipal":"` + role("x") + `"}}`:                             false,
		`{"StringEquals":{"kms:RetiringPrincipal":"` + role("end") + `"}}`:                          true,
		`{"StringEquals":{"kms:RetiringPrincipal":"` + role("x") + `"}}`:                            false,
		`{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","Encrypt","CreateGrant"]}}`: true,
		`{"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt"]}}`:                         false,
		`{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}}`:                    true,
		`{"StringEquals":{"kms:GrantConstraintType":"EncryptionContextEquals"}}`:                    false,
		`{"Bool":{"kms:GrantIsForAWSResource":"true"}}`:                                             false,
		`{"Bool":{"kms:GrantIsForAWSResource":"false"}}`:                                            true,
	} {
		if ok {
			creator(condition).do("CreateGrant", in)
		} else {
			creator(condition).fails("CreateGrant", in, "AccessDeniedException", "*")
		}
	}
}

func TestListingGrants(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	c = c.at(start.Add(time.Minute))
	if out := c.do("ListGrants", object{"KeyId": arn}); out["Truncated"] != false || len(out["Grants"].([]any)) > 0 {
		t.Errorf("a new key has %v", out)
	}
	var ids []string
	for i := range 60 {
		grantID, _ := c.created(object{"KeyId": arn, "GranteePrincipal": role(fmt.Sprintf("fn-%d", i%2)), "Operations": []string{"Decrypt"}, "RetiringPrincipal": role("end")})
		ids = append(ids, grantID)
	}
	slices.Sort(ids)
	list := func(operation string, in object) (got []string, pages int) {
		for {
			out := c.do(operation, in)
			pages++
			for _, g := range out["Grants"].([]any) {
				got = append(got, g.(object)["GrantId"].(string))
			}
			if out["Truncated"] != true {
				return got, pages
			}
			in["Marker"] = out["NextMarker"]
		}
	}
	for _, e := range []struct {
		operation string
		in        object
		want      int
		pages     int
	}{
		{"ListGrants", object{"KeyId": arn}, 60, 2}, {"ListGrants", object{"KeyId": id(arn), "Limit": 100}, 60, 1}, {"ListGrants", object{"KeyId": arn, "Limit": 7}, 60, 9},
		{"ListGrants", object{"KeyId": arn, "GranteePrincipal": role("fn-1")}, 30, 1}, {"ListGrants", object{"KeyId": arn, "GranteePrincipal": role("x")}, 0, 1},
		{"ListGrants", object{"KeyId": arn, "GrantId": ids[3]}, 1, 1}, {"ListGrants", object{"KeyId": arn, "GrantId": strings.Repeat("0", 64)}, 0, 1},
		{"ListRetirableGrants", object{"RetiringPrincipal": role("end")}, 60, 2}, {"ListRetirableGrants", object{"RetiringPrincipal": role("fn-1")}, 0, 1},
	} {
		got, pages := list(e.operation, e.in)
		if len(got) != e.want || pages != e.pages || !slices.IsSorted(got) {
			t.Errorf("%s %v: %d in %d pages", e.operation, e.in, len(got), pages)
		}
	}
	whole := object{"EncryptionContextEquals": object{"a": "1"}}
	other := c.key(nil)
	grantID, _ := c.created(object{"KeyId": other, "GranteePrincipal": role("fn"), "Operations": []string{"Encrypt", "Decrypt", "Decrypt"}, "Constraints": whole, "Name": "n:/_-"})
	got := c.do("ListGrants", object{"KeyId": other})["Grants"].([]any)[0].(object)
	want := object{"KeyId": other, "GrantId": grantID, "Name": "n:/_-", "CreationDate": 1793527260.0, "GranteePrincipal": role("fn"),
		"IssuingAccount": "arn:aws:iam::111111111111:root", "Operations": []any{"Decrypt", "Encrypt"}, "Constraints": whole}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the grant is\n%v, want\n%v", got, want)
	}
	service := c.key(nil)
	c.do("CreateGrant", object{"KeyId": service, "GranteeServicePrincipal": "lambda.us-east-1.amazonaws.com", "RetiringServicePrincipal": "lambda.us-east-1.amazonaws.com",
		"Operations": []string{"Decrypt"}, "Constraints": object{"SourceArn": "arn:aws:lambda:us-east-1:111111111111:function:f"}})
	got = c.do("ListGrants", object{"KeyId": service})["Grants"].([]any)[0].(object)
	if got["GranteeServicePrincipal"] != "lambda.us-east-1.amazonaws.com" || got["RetiringServicePrincipal"] != "lambda.us-east-1.amazonaws.com" || got["GranteePrincipal"] != nil || got["Name"] != nil {
		t.Errorf("the grant of a service is %v", got)
	}
	for _, e := range []struct {
		operation string
		in        object
		code      string
	}{
		{"ListGrants", object{}, "ValidationException"}, {"ListGrants", object{"KeyId": "alias/x"}, "NotFoundException"}, {"ListGrants", object{"KeyId": nobody}, "NotFoundException"},
		{"ListGrants", object{"KeyId": arn, "GrantId": "x"}, "InvalidGrantIdException"}, {"ListGrants", object{"KeyId": arn, "Marker": "%"}, "InvalidMarkerException"},
		{"ListGrants", object{"KeyId": arn, "Limit": 0}, "ValidationException"}, {"ListGrants", object{"KeyId": arn, "Limit": 101}, "ValidationException"},
		{"ListGrants", object{"KeyId": arn, "GranteePrincipal": role("x"), "GranteeServicePrincipal": "lambda.amazonaws.com"}, "ValidationException"},
		{"ListGrants", object{"KeyId": arn, "GranteeServicePrincipal": "lambda.amazonaws.com"}, "ValidationException"},
		{"ListGrants", object{"KeyId": arn, "GranteePrincipal": "x"}, "InvalidArnException"},
		{"ListRetirableGrants", object{}, "ValidationException"}, {"ListRetirableGrants", object{"RetiringPrincipal": "x"}, "InvalidArnException"},
		{"ListRetirableGrants", object{"RetiringPrincipal": role("x"), "Limit": 101}, "ValidationException"},
		{"ListRetirableGrants", object{"RetiringPrincipal": "arn:aws:iam::222222222222:root"}, "AccessDeniedException"},
	} {
		c.fails(e.operation, e.in, e.code, "*")
	}
	c.as("nobody", "").fails("ListGrants", object{"KeyId": arn}, "AccessDeniedException", "*")
	c.as("nobody", "").fails("ListRetirableGrants", object{"RetiringPrincipal": role("end")}, "AccessDeniedException", "*")
	end := `{"Statement":{"Effect":"Allow","Action":"kms:ListRetirableGrants","Resource":"` + role("end") + `"}}`
	c.as("lister", end).do("ListRetirableGrants", object{"RetiringPrincipal": role("end")})
	c.as("lister", end).fails("ListRetirableGrants", object{"RetiringPrincipal": role("other")}, "AccessDeniedException", "*")
	foreign := rootOf(t, s, "222222222222")
	c.do("CreateGrant", object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt"}, "RetiringPrincipal": "arn:aws:iam::222222222222:role/end"})
	if got := foreign.do("ListRetirableGrants", object{"RetiringPrincipal": "arn:aws:iam::222222222222:role/end"})["Grants"].([]any); len(got) != 1 {
		t.Errorf("grants of another account to be retired: %v", got)
	}
}

func TestRetiringAndRevokingGrants(t *testing.T) {
	s, c := newService(t)
	foreign := rootOf(t, s, "222222222222")
	for _, e := range []struct {
		name string
		as   caller
		ok   bool
	}{
		{"the retiring principal", c.as("end", ""), true},
		{"the retiring principal, denied", c.as("end", `{"Statement":{"Effect":"Deny","Action":"kms:RetireGrant","Resource":"*"}}`), false},
		{"the grantee", c.as("fn", ""), true},
		{"the account", c, true},
		{"one whom the account lets", c.as("admin", admin), true},
		{"one whom it does not let", c.as("other", ""), false},
		{"another account", foreign, false},
	} {
		arn := c.key(nil)
		for _, byToken := range []bool{true, false} {
			grantID, token := c.created(object{"KeyId": arn, "GranteePrincipal": role("fn"), "RetiringPrincipal": role("end"), "Operations": []string{"Decrypt", "RetireGrant"},
				"Constraints": object{"EncryptionContextEquals": object{"a": "1"}}})
			in := object{"KeyId": arn, "GrantId": grantID}
			if byToken {
				in = object{"GrantToken": token}
			}
			in["DryRun"] = true
			if e.ok {
				e.as.fails("RetireGrant", in, "DryRunOperationException", "*")
				delete(in, "DryRun")
				e.as.do("RetireGrant", in)
				e.as.fails("RetireGrant", in, map[bool]string{true: "InvalidGrantTokenException", false: "NotFoundException"}[byToken], "*")
				continue
			}
			e.as.fails("RetireGrant", in, "AccessDeniedException", "*")
			c.fails("RevokeGrant", in2(arn, grantID, true), "DryRunOperationException", "*")
			c.do("RevokeGrant", in2(arn, grantID, false))
			c.fails("RevokeGrant", in2(arn, grantID, false), "NotFoundException", "*")
		}
		if got := c.do("ListGrants", object{"KeyId": arn})["Grants"].([]any); len(got) > 0 {
			t.Errorf("%s: left are %v", e.name, got)
		}
	}
	arn := c.key(nil)
	grantID, token := c.created(object{"KeyId": arn, "GranteePrincipal": role("fn"), "Operations": []string{"Decrypt"}})
	c.as("fn", "").fails("RetireGrant", object{"GrantToken": token}, "AccessDeniedException", "*") // it does not allow RetireGrant
	c.as("fn", "").fails("RevokeGrant", in2(arn, grantID, false), "AccessDeniedException", "*")
	for _, e := range []struct {
		operation string
		in        object
		code      string
	}{
		{"RetireGrant", object{}, "ValidationException"}, {"RetireGrant", object{"KeyId": arn}, "ValidationException"}, {"RetireGrant", object{"GrantId": grantID}, "ValidationException"},
		{"RetireGrant", object{"KeyId": arn, "GrantId": grantID, "GrantToken": token}, "ValidationException"}, {"RetireGrant", object{"GrantToken": "x"}, "InvalidGrantTokenException"},
		{"RetireGrant", object{"GrantToken": ""}, "ValidationException"}, {"RetireGrant", object{"KeyId": arn, "GrantId": "x"}, "InvalidGrantIdException"},
		{"RetireGrant", object{"KeyId": nobody, "GrantId": grantID}, "NotFoundException"}, {"RevokeGrant", object{"KeyId": arn}, "ValidationException"},
		{"RevokeGrant", object{"GrantId": grantID}, "ValidationException"}, {"RevokeGrant", object{"KeyId": arn, "GrantId": "x"}, "InvalidGrantIdException"},
		{"RevokeGrant", object{"KeyId": arn, "GrantId": strings.Repeat("0", 64)}, "NotFoundException"}, {"RevokeGrant", object{"KeyId": nobody, "GrantId": grantID}, "NotFoundException"},
	} {
		c.fails(e.operation, e.in, e.code, "*")
	}
	c.in("eu-west-1").fails("RetireGrant", object{"GrantToken": token}, "InvalidGrantTokenException", "*")
}

func in2(arn, grantID string, dry bool) object {
	return object{"KeyId": arn, "GrantId": grantID, "DryRun": dry}
}

func TestTheLastUseOfAKey(t *testing.T) {
	_, c := newService(t)
	arn, other := c.key(nil), c.key(nil)
	usage := func(key string) (object, object) {
		out := c.do("GetKeyLastUsage", object{"KeyId": key})
		return out, out["KeyLastUsage"].(object)
	}
	out, last := usage(arn)
	if len(last) > 0 || out["KeyId"] != arn || out["KeyCreationDate"] != 1793527200.0 || out["TrackingStartDate"] != 1793527200.0 {
		t.Errorf("a new key: %v", out)
	}
	c = c.at(start.Add(time.Hour))
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})["CiphertextBlob"]
	used := func(operation, key string) {
		t.Helper()
		if _, last := usage(key); last["Operation"] != operation || last["Timestamp"] != 1793530800.0 || last["CloudTrailEventId"] == nil || last["KmsRequestId"] == nil {
			t.Errorf("after %s: %v", operation, last)
		}
	}
	used("Encrypt", arn)
	// What fails, and what is no cryptographic operation, is no use.
	c.fails("Decrypt", object{"KeyId": other, "CiphertextBlob": blob}, "IncorrectKeyException", "*")
	c.fails("Decrypt", object{"CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}}, "InvalidCiphertextException", "*")
	c.fails("Decrypt", object{"CiphertextBlob": blob, "DryRun": true}, "DryRunOperationException", "*")
	c.as("nobody", "").fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", "*")
	c.fails("GenerateDataKey", object{"KeyId": other, "KeySpec": "AES_256", "DryRun": true}, "DryRunOperationException", "*")
	c.fails("ReEncrypt", object{"CiphertextBlob": blob, "DestinationKeyId": other, "DryRun": true}, "DryRunOperationException", "*")
	c.do("DescribeKey", object{"KeyId": other})
	used("Encrypt", arn)
	if _, last := usage(other); len(last) > 0 {
		t.Errorf("a key that was not used: %v", last)
	}
	c.do("Decrypt", object{"CiphertextBlob": blob})
	used("Decrypt", arn)
	c.do("GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256"})
	used("GenerateDataKey", arn)
	c.do("GenerateDataKeyWithoutPlaintext", object{"KeyId": arn, "KeySpec": "AES_256"})
	used("GenerateDataKeyWithoutPlaintext", arn)
	c.do("ReEncrypt", object{"CiphertextBlob": blob, "DestinationKeyId": other})
	used("ReEncrypt", arn)
	used("ReEncrypt", other)
	c.fails("GetKeyLastUsage", object{}, "ValidationException", "*")
	c.fails("GetKeyLastUsage", object{"KeyId": "alias/x"}, "NotFoundException", "*")
	c.fails("GetKeyLastUsage", object{"KeyId": nobody}, "NotFoundException", "*")
	c.as("nobody", "").fails("GetKeyLastUsage", object{"KeyId": arn}, "AccessDeniedException", "*")
}
