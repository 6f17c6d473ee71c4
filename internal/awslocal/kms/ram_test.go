package kms_test

import (
	"fmt"
	"slices"
	"testing"
)

// shared is a policy of RAM that lets account 222222222222 decrypt.
const shared = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":["kms:Decrypt","kms:DescribeKey"],"Resource":"*"}]}`

func TestThePolicyOfRAMIsReadByItsNameAndNotWritten(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	c.fails("GetKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM"}, "NotFoundException", "No such policy exists")
	if err := s.Share(arn, shared); err != nil {
		t.Fatal(err)
	}
	if got := c.do("GetKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM"}); got["Policy"] != shared || got["PolicyName"] != "AWS_RAM" {
		t.Errorf("the policy of RAM is %v", got)
	}
	if got := c.do("GetKeyPolicy", object{"KeyId": arn}); got["PolicyName"] != "default" || got["Policy"] == shared {
		t.Errorf("the policy without a name is %v", got)
	}
	if got := c.do("ListKeyPolicies", object{"KeyId": arn})["PolicyNames"]; !slices.Equal(got.([]any), []any{"default", "AWS_RAM"}) {
		t.Errorf("the policies are %v", got)
	}
	page := c.do("ListKeyPolicies", object{"KeyId": arn, "Limit": 1})
	if got := c.do("ListKeyPolicies", object{"KeyId": arn, "Limit": 1, "Marker": page["NextMarker"]}); page["Truncated"] != true || got["Truncated"] != false {
		t.Errorf("pages of one are %v, %v", page, got)
	}
	c.fails("PutKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM", "Policy": shared}, "ValidationException", "The AWS_RAM policy can only be managed by the RAM service")
	c.as("nobody", "").fails("PutKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM", "Policy": shared}, "AccessDeniedException", "*")
	for _, name := range []string{"", "a-b", "a b"} {
		c.fails("GetKeyPolicy", object{"KeyId": arn, "PolicyName": name}, "ValidationException", "*")
		c.fails("PutKeyPolicy", object{"KeyId": arn, "PolicyName": name, "Policy": shared}, "ValidationException", "*")
	}
	for _, broken := range []string{"{}", "x", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`} {
		if s.Share(arn, broken) == nil {
			t.Errorf("RAM puts %s", broken)
		}
	}
	if s.Share("arn:aws:kms:us-east-1:111111111111:key/"+nobody, shared) == nil {
		t.Error("a key that does not exist is shared")
	}
	c.do("PutKeyPolicy", object{"KeyId": arn, "Policy": keyPolicy()})
	if got := c.do("GetKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM"}); got["Policy"] != shared {
		t.Errorf("another default policy changes that of RAM: %v", got)
	}
	if err := s.Share(arn, ""); err != nil {
		t.Fatal(err)
	}
	c.fails("GetKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM"}, "NotFoundException", "*")
}

func TestConditionsOnTheNameOfAPolicy(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	if err := s.Share(arn, shared); err != nil {
		t.Fatal(err)
	}
	reader := func(name string) caller {
		return c.as("reader", `{"Statement":{"Effect":"Allow","Action":["kms:GetKeyPolicy","kms:PutKeyPolicy"],"Resource":"*","Condition":{"StringEquals":{"kms:PolicyName":"`+name+`"}}}}`)
	}
	for _, e := range []struct {
		condition string
		name      any
		ok        bool
	}{
		{"default", nil, true}, {"default", "default", true}, {"default", "AWS_RAM", false},
		{"AWS_RAM", nil, false}, {"AWS_RAM", "default", false}, {"AWS_RAM", "AWS_RAM", true},
	} {
		in := object{"KeyId": arn, "PolicyName": e.name}
		if e.ok {
			reader(e.condition).do("GetKeyPolicy", in)
		} else {
			reader(e.condition).fails("GetKeyPolicy", in, "AccessDeniedException", "*")
		}
	}
	put := object{"KeyId": arn, "PolicyName": "AWS_RAM", "Policy": shared}
	reader("default").fails("PutKeyPolicy", put, "AccessDeniedException", "*")
	reader("AWS_RAM").fails("PutKeyPolicy", put, "ValidationException", "*")
}

// Who can use a key follows from both of its policies; a Deny of either outranks the other.
func TestBothPoliciesCount(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})["CiphertextBlob"]
	foreign := rootOf(t, s, "222222222222")
	allowed, unallowed := foreign.as("reader", admin), foreign.as("reader", "")
	in := object{"KeyId": arn, "CiphertextBlob": blob}
	allowed.fails("Decrypt", in, "AccessDeniedException", "*")
	if err := s.Share(arn, shared); err != nil {
		t.Fatal(err)
	}
	allowed.do("Decrypt", in)
	unallowed.fails("Decrypt", in, "AccessDeniedException", "*")
	allowed.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "AccessDeniedException", "*")
	allowed.fails("GetKeyPolicy", object{"KeyId": arn, "PolicyName": "AWS_RAM"}, "AccessDeniedException", "*")
	allowed.fails("GetKeyLastUsage", object{"KeyId": arn}, "AccessDeniedException", "*")

	c.do("PutKeyPolicy", object{"KeyId": arn, "Policy": keyPolicy(`{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`)})
	allowed.fails("Decrypt", in, "AccessDeniedException", "*")
	allowed.do("DescribeKey", object{"KeyId": arn})

	// The check against locking oneself out has no regard to the policy of RAM.
	if err := s.Share(arn, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"}}`); err != nil {
		t.Fatal(err)
	}
	locked := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/fn"},"Action":"kms:Decrypt","Resource":"*"}}`
	c.fails("PutKeyPolicy", object{"KeyId": arn, "Policy": locked}, "MalformedPolicyDocumentException", "*")
}

func TestAReplicaIsNotShared(t *testing.T) {
	s, c := newService(t)
	arn := c.key(object{"MultiRegion": true})
	if err := s.Share(arn, shared); err != nil {
		t.Fatal(err)
	}
	c.do("CreateGrant", object{"KeyId": arn, "GranteePrincipal": role("reader"), "Operations": []string{"Decrypt"}})
	c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})
	c.do("ReplicateKey", object{"KeyId": arn, "ReplicaRegion": "eu-west-1"})
	there := c.in("eu-west-1")
	there.fails("GetKeyPolicy", object{"KeyId": id(arn), "PolicyName": "AWS_RAM"}, "NotFoundException", "*")
	if got := there.do("ListGrants", object{"KeyId": id(arn)})["Grants"].([]any); len(got) > 0 {
		t.Errorf("a replica has the grants of its primary: %v", got)
	}
	if got := there.do("GetKeyLastUsage", object{"KeyId": id(arn)})["KeyLastUsage"].(object); len(got) > 0 {
		t.Errorf("a replica was used as its primary: %v", got)
	}
	there.do("Encrypt", object{"KeyId": id(arn), "Plaintext": b64("x")})
	if got := there.do("GetKeyLastUsage", object{"KeyId": id(arn)})["KeyLastUsage"].(object); got["Operation"] != "Encrypt" {
		t.Errorf("a replica that was used: %v", got)
	}
}

// KMS accepts such statements and ignores them.
func TestStatementsWithoutResourceOrActionHaveNoEffect(t *testing.T) {
	_, c := newService(t)
	const everyone = `"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/fn"}`
	for statement, ok := range map[string]bool{
		`{` + everyone + `,"Action":"kms:Encrypt"}`:                              false,
		`{` + everyone + `,"NotAction":"kms:Decrypt"}`:                           false,
		`{` + everyone + `,"Resource":"*"}`:                                      false,
		`{` + everyone + `}`:                                                     false,
		`{` + everyone + `,"Action":"kms:Encrypt","Resource":"*"}`:               true,
		`{` + everyone + `,"Action":"kms:Encrypt","NotResource":"arn:aws:a:::"}`: true,
	} {
		arn := c.key(object{"Policy": keyPolicy(statement)})
		in := object{"KeyId": arn, "Plaintext": b64("x")}
		if ok {
			c.as("fn", "").do("Encrypt", in)
		} else {
			c.as("fn", "").fails("Encrypt", in, "AccessDeniedException", "*")
		}
	}
	arn := c.key(object{"Policy": keyPolicy(`{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt"}`)})
	c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})
	for _, broken := range []string{
		`{` + everyone + `,"Action":"kms:Encrypt","NotAction":"kms:Encrypt"}`, `{` + everyone + `,"Resource":"*","NotResource":"*","Action":"kms:*"}`,
		`{"Effect":"Allow","Action":"kms:Encrypt"}`, `{"Principal":"*","Action":"kms:Encrypt"}`, `{` + everyone + `,"Action":"Encrypt"}`,
	} {
		c.fails("CreateKey", object{"Policy": keyPolicy(broken)}, "MalformedPolicyDocumentException", "*")
	}
}

func TestListKeysOfOtherAccounts(t *testing.T) {
	s, c := newService(t)
	others := rootOf(t, s, "222222222222")
	var mine, theirs []any
	for range 3 {
		mine = append(mine, c.key(nil))
		arn := others.key(nil)
		theirs = append(theirs, arn)
		if err := s.Share(arn, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/one"},"Action":"kms:Decrypt","Resource":"*"}}`); err != nil {
			t.Fatal(err)
		}
	}
	unshared := others.key(object{"Policy": `{"Statement":{"Effect":"Allow","Principal":{"AWS":["111111111111","222222222222"]},"Action":"kms:*","Resource":"*"}}`})
	order := func(all []any) []any {
		slices.SortFunc(all, func(a, b any) int {
			if a.(string) < b.(string) {
				return -1
			}
			return 1
		})
		return all
	}
	order(mine)
	order(theirs)
	list := func(limit int, owners ...any) (all []any) {
		in := object{"Limit": limit}
		if owners != nil {
			in["ResourceOwners"] = owners
		}
		for {
			out := c.do("ListKeys", in)
			kinds := map[bool]bool{}
			for _, k := range out["Keys"].([]any) {
				arn := k.(object)["KeyArn"]
				kinds[slices.Contains(mine, arn)] = true
				all = append(all, arn)
			}
			if len(kinds) > 1 {
				t.Errorf("a page has both kinds: %v", out)
			}
			if out["Truncated"] != true {
				return all
			}
			in["Marker"] = out["NextMarker"]
		}
	}
	for limit := 1; limit < 8; limit++ {
		for _, e := range []struct {
			owners []any
			want   []any
		}{
			{nil, mine}, {[]any{"SELF"}, mine}, {[]any{"OTHER_ACCOUNTS_VIA_RAM"}, theirs},
			{[]any{"SELF", "OTHER_ACCOUNTS_VIA_RAM"}, slices.Concat(mine, theirs)}, {[]any{"OTHER_ACCOUNTS_VIA_RAM", "SELF"}, slices.Concat(mine, theirs)},
		} {
			if got := list(limit, e.owners...); !slices.Equal(got, e.want) || slices.Contains(got, any(unshared)) {
				t.Errorf("%d of %v: %v, want %v", limit, e.owners, got, e.want)
			}
		}
	}
	marker := c.do("ListKeys", object{"Limit": 1})["NextMarker"]
	for _, wrong := range []object{
		{"ResourceOwners": []string{"OTHER_ACCOUNTS_VIA_RAM"}, "Marker": marker}, {"ResourceOwners": []string{"SELF", "OTHER_ACCOUNTS_VIA_RAM"}, "Marker": marker},
	} {
		c.fails("ListKeys", wrong, "InvalidMarkerException", "*")
	}
	for _, owners := range [][]string{{}, {"ALL"}, {"SELF", "SELF", "SELF"}} {
		c.fails("ListKeys", object{"ResourceOwners": owners}, "ValidationException", "*")
	}
}

func role(name string) string { return fmt.Sprintf("arn:aws:iam::%s:role/%s", account, name) }
