package kms_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDescribeKey(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"Description": "test key 123"})
	m := c.do("DescribeKey", object{"KeyId": arn})["KeyMetadata"].(object)
	want := object{
		"AWSAccountId": account, "Arn": arn, "KeyId": id(arn), "CreationDate": float64(start.Unix()), "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
		"Description": "test key 123", "Enabled": true, "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled",
		"KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": false, "Origin": "AWS_KMS",
	}
	for name, value := range want {
		if m[name] != value {
			t.Errorf("%s is %v, want %v", name, m[name], value)
		}
	}
	if fmt.Sprint(m["EncryptionAlgorithms"]) != "[SYMMETRIC_DEFAULT]" {
		t.Errorf("EncryptionAlgorithms is %v", m["EncryptionAlgorithms"])
	}
	for _, absent := range []string{"DeletionDate", "SigningAlgorithms", "MacAlgorithms", "MultiRegionConfiguration"} {
		if m[absent] != nil {
			t.Errorf("%s is there: %v", absent, m[absent])
		}
	}
}

func TestCreateKeyOfEveryKind(t *testing.T) {
	_, c := newService(t)
	for _, e := range []struct{ spec, usage, member, algorithms string }{
		{"", "", "EncryptionAlgorithms", "[SYMMETRIC_DEFAULT]"},
		{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "[SYMMETRIC_DEFAULT]"},
		{"RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "[RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256]"},
		{"ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", "[ECDSA_SHA_384]"},
		{"ECC_NIST_P256", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "[ECDH]"},
		{"HMAC_256", "GENERATE_VERIFY_MAC", "MacAlgorithms", "[HMAC_SHA_256]"},
	} {
		arn := c.key(object{"KeySpec": e.spec, "KeyUsage": e.usage})
		m := c.do("DescribeKey", object{"KeyId": arn})["KeyMetadata"].(object)
		if fmt.Sprint(m[e.member]) != e.algorithms {
			t.Errorf("%s, %s: %v", e.spec, e.usage, m)
		}
		if strings.HasPrefix(e.usage, "ENCRYPT") || e.usage == "" {
			continue
		}
		c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "InvalidKeyUsageException", arn+" key usage is "+e.usage+" which is not valid for Encrypt.")
		c.fails("GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256"}, "InvalidKeyUsageException", arn+" key usage is "+e.usage+" which is not valid for GenerateDataKey.")
		symmetric := c.key(nil)
		blob := c.do("Encrypt", object{"KeyId": symmetric, "Plaintext": b64("x")})["CiphertextBlob"]
		c.fails("Decrypt", object{"KeyId": arn, "CiphertextBlob": blob}, "IncorrectKeyException", wrongKey)
		c.fails("ReEncrypt", object{"DestinationKeyId": arn, "CiphertextBlob": blob}, "InvalidKeyUsageException", "*")
	}
}

func TestCreateKeyRefuses(t *testing.T) {
	_, c := newService(t)
	for _, e := range []struct {
		in            object
		code, message string
	}{
		{object{"KeySpec": "HMAC_256"}, "ValidationException", "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
		{object{"KeySpec": "HMAC_random", "KeyUsage": "GENERATE_VERIFY_MAC"}, "ValidationException", "*"},
		{object{"KeySpec": "HMAC_256", "KeyUsage": "RANDOM"}, "ValidationException", "*"},
		{object{"KeySpec": "HMAC_256", "KeyUsage": "SIGN_VERIFY"}, "ValidationException", "KeyUsage SIGN_VERIFY is not compatible with KeySpec HMAC_256"},
		{object{"KeyUsage": "SIGN_VERIFY"}, "ValidationException", "*"},
		{object{"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_2048"}, "ValidationException", "*"},
		{object{"Origin": "SOMEWHERE"}, "ValidationException", "*"},
		{object{"Origin": "AWS_CLOUDHSM"}, "UnsupportedOperationException", "*"},
		{object{"Description": strings.Repeat("x", 8193)}, "ValidationException", "*"},
		{object{"Tags": []object{{"TagKey": ""}}}, "ValidationException", "*"},
		{object{"Policy": "{"}, "MalformedPolicyDocumentException", "*"},
		{object{"Policy": ""}, "ValidationException", "*"},
		{object{"Policy": `{"Sid": "Ā"}`}, "ValidationException", "*"},
	} {
		c.fails("CreateKey", e.in, e.code, e.message)
	}
	if keys := c.do("ListKeys", nil)["Keys"].([]any); len(keys) != 0 {
		t.Errorf("refused keys were made: %v", keys)
	}
}

func TestRSAKeysEncrypt(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})
	symmetric := c.key(nil)
	for algorithm, most := range map[string]int{"RSAES_OAEP_SHA_1": 214, "RSAES_OAEP_SHA_256": 190} {
		out := c.do("Encrypt", object{"KeyId": arn, "Plaintext": make([]byte, most), "EncryptionAlgorithm": algorithm})
		if out["EncryptionAlgorithm"] != algorithm || out["KeyId"] != arn {
			t.Errorf("Encrypt gave %v", out)
		}
		in := object{"KeyId": arn, "CiphertextBlob": out["CiphertextBlob"], "EncryptionAlgorithm": algorithm}
		if out := c.do("Decrypt", in); len(unb64(t, out["Plaintext"])) != most {
			t.Errorf("Decrypt gave %v", out)
		}
		c.do("ReEncrypt", object{"SourceKeyId": arn, "SourceEncryptionAlgorithm": algorithm, "CiphertextBlob": out["CiphertextBlob"], "DestinationKeyId": symmetric})
		c.fails("Encrypt", object{"KeyId": arn, "Plaintext": make([]byte, most+1), "EncryptionAlgorithm": algorithm}, "ValidationException",
			fmt.Sprintf("Algorithm %s and key spec RSA_2048 cannot encrypt data larger than %d bytes.", algorithm, most))
		c.fails("Decrypt", object{"KeyId": arn, "CiphertextBlob": b64("garbage"), "EncryptionAlgorithm": algorithm}, "InvalidCiphertextException", "")
		c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x"), "EncryptionAlgorithm": algorithm, "EncryptionContext": object{"a": "b"}}, "ValidationException", "*")
		c.fails("Encrypt", object{"KeyId": symmetric, "Plaintext": b64("x"), "EncryptionAlgorithm": algorithm}, "InvalidKeyUsageException", "Algorithm "+algorithm+" is incompatible with key spec SYMMETRIC_DEFAULT.")
	}
	c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.")
	c.fails("GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256"}, "InvalidKeyUsageException", "*")
}

func TestDataKeys(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	context := object{"a": "b"}
	for _, e := range []struct {
		in   object
		size int
	}{
		{object{"KeySpec": "AES_256"}, 32}, {object{"KeySpec": "AES_128"}, 16}, {object{"NumberOfBytes": 1}, 1}, {object{"NumberOfBytes": 1024}, 1024},
	} {
		e.in["KeyId"], e.in["EncryptionContext"] = arn, context
		out := c.do("GenerateDataKey", e.in)
		plaintext := unb64(t, out["Plaintext"])
		if len(plaintext) != e.size || out["KeyId"] != arn {
			t.Errorf("%v gave %d bytes under %v", e.in, len(plaintext), out["KeyId"])
		}
		opened := c.do("Decrypt", object{"CiphertextBlob": out["CiphertextBlob"], "EncryptionContext": context})
		if opened["Plaintext"] != out["Plaintext"] {
			t.Errorf("%v: the blob holds another key", e.in)
		}
		without := c.do("GenerateDataKeyWithoutPlaintext", e.in)
		if without["Plaintext"] != nil || without["CiphertextBlob"] == nil {
			t.Errorf("GenerateDataKeyWithoutPlaintext gave %v", slices.Sorted(func(yield func(string) bool) {
				for name := range without {
					if !yield(name) {
						return
					}
				}
			}))
		}
	}
	c.fails("GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256", "Recipient": object{}}, "UnsupportedOperationException", "*")
	only := c.as("ci", `{"Statement":{"Effect":"Allow","Action":"kms:GenerateDataKeyWithoutPlaintext","Resource":"*"}}`)
	only.do("GenerateDataKeyWithoutPlaintext", object{"KeyId": arn, "KeySpec": "AES_256"})
	only.fails("GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256"}, "AccessDeniedException", "*")
}

func TestAliases(t *testing.T) {
	_, c := newService(t)
	first, second, hmac := c.key(nil), c.key(nil), c.key(object{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	prefix := `Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`
	for _, e := range []struct{ name, target, code, message string }{
		{"one", first, "ValidationException", prefix},
		{"alias/", first, "ValidationException", "*"},
		{"alias/ö", first, "ValidationException", "*"},
		{"alias/a b", first, "ValidationException", "*"},
		{"alias/" + strings.Repeat("x", 251), first, "ValidationException", "*"},
		{"", first, "ValidationException", "*"},
		{"alias/aws/mine", first, "NotAuthorizedException", "*"},
		{"alias/x", "alias/one", "ValidationException", "Aliases must refer to keys. Not aliases"},
		{"alias/x", "arn:aws:kms:us-east-1:111111111111:alias/one", "ValidationException", "Aliases must refer to keys. Not aliases"},
		{"alias/x", nobody, "NotFoundException", "*"},
		{"alias/x", strings.Replace(first, region, "eu-west-1", 1), "NotFoundException", "Invalid arn eu-west-1"},
	} {
		c.fails("CreateAlias", object{"AliasName": e.name, "TargetKeyId": e.target}, e.code, e.message)
	}
	c.do("CreateAlias", object{"AliasName": "alias/one", "TargetKeyId": first})
	c.fails("CreateAlias", object{"AliasName": "alias/one", "TargetKeyId": second}, "AlreadyExistsException", "An alias with the name arn:aws:kms:us-east-1:111111111111:alias/one already exists")
	c.in("eu-west-1").fails("DescribeKey", object{"KeyId": "alias/one"}, "NotFoundException", "Alias arn:aws:kms:eu-west-1:111111111111:alias/one is not found.")

	blob := c.do("Encrypt", object{"KeyId": "alias/one", "Plaintext": b64("x")})["CiphertextBlob"]
	later := c.at(start.Add(time.Hour))
	later.do("UpdateAlias", object{"AliasName": "alias/one", "TargetKeyId": id(second)})
	c.fails("Decrypt", object{"KeyId": "alias/one", "CiphertextBlob": blob}, "IncorrectKeyException", wrongKey)
	c.do("Decrypt", object{"KeyId": first, "CiphertextBlob": blob})
	c.fails("UpdateAlias", object{"AliasName": "alias/one", "TargetKeyId": hmac}, "ValidationException", "*")
	c.fails("UpdateAlias", object{"AliasName": "alias/two", "TargetKeyId": first}, "NotFoundException", "Alias arn:aws:kms:us-east-1:111111111111:alias/two is not found.")
	entry := c.do("ListAliases", object{"KeyId": second})["Aliases"].([]any)[0].(object)
	want := object{
		"AliasName": "alias/one", "AliasArn": "arn:aws:kms:us-east-1:111111111111:alias/one", "TargetKeyId": id(second),
		"CreationDate": float64(start.Unix()), "LastUpdatedDate": float64(start.Add(time.Hour).Unix()),
	}
	if fmt.Sprint(entry) != fmt.Sprint(want) {
		t.Errorf("ListAliases gave %v, want %v", entry, want)
	}
	if got := c.do("ListAliases", object{"KeyId": first})["Aliases"].([]any); len(got) != 0 {
		t.Errorf("the key that lost its alias still has %v", got)
	}
	c.do("DeleteAlias", object{"AliasName": "alias/one"})
	c.fails("DeleteAlias", object{"AliasName": "alias/one"}, "NotFoundException", "*")
	c.fails("Decrypt", object{"KeyId": "alias/one", "CiphertextBlob": blob}, "NotFoundException", "*")
}

func TestListsArePaged(t *testing.T) {
	_, c := newService(t)
	var arns []string
	for i := range 7 {
		arn := c.key(nil)
		arns = append(arns, arn)
		c.do("CreateAlias", object{"AliasName": fmt.Sprintf("alias/a%d", i), "TargetKeyId": arn})
	}
	slices.Sort(arns)
	c.in("eu-west-1").key(nil)
	rootOf(t, c.s, "222222222222").key(nil)

	for _, list := range []struct{ operation, items, name string }{{"ListKeys", "Keys", "KeyArn"}, {"ListAliases", "Aliases", "AliasName"}} {
		var got []string
		in, pages := object{"Limit": 3}, 0
		for {
			out := c.do(list.operation, in)
			pages++
			for _, item := range out[list.items].([]any) {
				got = append(got, item.(object)[list.name].(string))
			}
			if out["Truncated"] != true {
				break
			}
			in["Marker"] = out["NextMarker"]
		}
		if pages != 3 || len(got) != 7 || !slices.IsSorted(got) {
			t.Errorf("%s gave %d pages with %v", list.operation, pages, got)
		}
		if list.operation == "ListKeys" && !slices.Equal(got, arns) {
			t.Errorf("ListKeys gave %v, want %v", got, arns)
		}
		c.fails(list.operation, object{"Marker": "%"}, "InvalidMarkerException", "*")
		c.fails(list.operation, object{"Limit": 0}, "ValidationException", "*")
		c.fails(list.operation, object{"Limit": 1001}, "ValidationException", "*")
	}
	c.fails("ListAliases", object{"KeyId": nobody}, "NotFoundException", "*")
}

func TestKeyPolicies(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	got := c.do("GetKeyPolicy", object{"KeyId": id(arn), "PolicyName": "default"})
	if policy := got["Policy"].(string); got["PolicyName"] != "default" || !strings.Contains(policy, `"key-default-1"`) || !strings.Contains(policy, "arn:aws:iam::111111111111:root") {
		t.Errorf("the default policy is %v", got)
	}
	policy := keyPolicy(`{"Sid":"with spaces","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/fn"},"Action":"kms:Decrypt","Resource":"*"}`)
	c.do("PutKeyPolicy", object{"KeyId": arn, "PolicyName": "default", "Policy": policy})
	if got := c.do("GetKeyPolicy", object{"KeyId": arn})["Policy"]; got != policy {
		t.Errorf("GetKeyPolicy gave %v", got)
	}
	for _, broken := range []string{
		"{", "[]", `{"Statement":[]}`, strings.Replace(policy, `"Principal"`, `"NotPrincipal"`, 1), strings.Replace(policy, `"Allow"`, `"Perhaps"`, 1),
		strings.Replace(policy, "kms:Decrypt", "Decrypt", 1), strings.Replace(policy, `:role/fn"`, `:role/*"`, 1),
	} {
		c.fails("PutKeyPolicy", object{"KeyId": arn, "Policy": broken}, "MalformedPolicyDocumentException", "*")
	}
	c.fails("PutKeyPolicy", object{"KeyId": arn, "Policy": strings.Repeat(" ", 32769)}, "LimitExceededException", "*")
	for _, broken := range []string{"", `{"Sid": "Ā"}`, strings.Repeat(" ", 131073)} {
		c.fails("PutKeyPolicy", object{"KeyId": arn, "Policy": broken}, "ValidationException", "*")
	}
	locked := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/fn"},"Action":"kms:Decrypt","Resource":"*"}}`
	c.fails("PutKeyPolicy", object{"KeyId": arn, "Policy": locked}, "MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
	c.fails("CreateKey", object{"Policy": locked}, "MalformedPolicyDocumentException", "*")
	c.fails("PutKeyPolicy", object{"KeyId": arn, "PolicyName": "other", "Policy": policy}, "NotFoundException", "No such policy exists")
	c.fails("GetKeyPolicy", object{"KeyId": arn, "PolicyName": "other"}, "NotFoundException", "No such policy exists")
	if got := c.do("GetKeyPolicy", object{"KeyId": arn})["Policy"]; got != policy {
		t.Errorf("a refused policy was put: %v", got)
	}
	c.do("PutKeyPolicy", object{"KeyId": arn, "Policy": locked, "BypassPolicyLockoutSafetyCheck": true})
	c.fails("PutKeyPolicy", object{"KeyId": arn, "Policy": policy}, "AccessDeniedException", "*")
}

func TestMultiRegionKeys(t *testing.T) {
	_, c := newService(t)
	primary := c.key(object{"MultiRegion": true, "Description": "primary"})
	if !strings.HasPrefix(id(primary), "mrk-") || len(id(primary)) != 36 {
		t.Fatalf("a multi-Region key has the id %q", id(primary))
	}
	blob := c.do("Encrypt", object{"KeyId": primary, "Plaintext": b64("x"), "EncryptionContext": object{"a": "b"}})["CiphertextBlob"]
	west := c.in("eu-west-1")
	west.fails("Decrypt", object{"CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}}, "AccessDeniedException", notAllowed)

	out := c.do("ReplicateKey", object{"KeyId": primary, "ReplicaRegion": "eu-west-1"})
	replica := out["ReplicaKeyMetadata"].(object)["Arn"].(string)
	if replica != strings.Replace(primary, region, "eu-west-1", 1) || out["ReplicaKeyMetadata"].(object)["KeyState"] != "Creating" {
		t.Errorf("ReplicateKey gave %v", out)
	}
	for _, keyID := range []any{nil, replica, id(replica)} {
		got := west.do("Decrypt", object{"KeyId": keyID, "CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}})
		if got["Plaintext"] != b64("x") || got["KeyId"] != replica {
			t.Errorf("the replica gave %v", got)
		}
	}
	west.fails("Decrypt", object{"KeyId": primary, "CiphertextBlob": blob}, "NotFoundException", "Invalid arn us-east-1")
	for _, side := range []struct {
		c    caller
		kind string
	}{{c, "PRIMARY"}, {west, "REPLICA"}} {
		m := side.c.do("DescribeKey", object{"KeyId": id(primary)})["KeyMetadata"].(object)
		config := m["MultiRegionConfiguration"].(object)
		if config["MultiRegionKeyType"] != side.kind || config["PrimaryKey"].(object)["Arn"] != primary || len(config["ReplicaKeys"].([]any)) != 1 || m["KeyState"] != "Enabled" {
			t.Errorf("described as %v", m)
		}
	}
	west.do("DisableKey", object{"KeyId": replica})
	c.do("Decrypt", object{"CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}})

	c.fails("ReplicateKey", object{"KeyId": primary, "ReplicaRegion": "eu-west-1"}, "AlreadyExistsException", "*")
	c.fails("ReplicateKey", object{"KeyId": primary, "ReplicaRegion": region}, "ValidationException", "*")
	c.fails("ReplicateKey", object{"KeyId": primary, "ReplicaRegion": "nowhere"}, "ValidationException", "*")
	c.fails("ReplicateKey", object{"KeyId": primary}, "ValidationException", "*")
	c.fails("ReplicateKey", object{"KeyId": c.key(nil), "ReplicaRegion": "eu-west-1"}, "UnsupportedOperationException", "*")
	west.fails("ReplicateKey", object{"KeyId": replica, "ReplicaRegion": "eu-west-2"}, "UnsupportedOperationException", "*")
	c.fails("ReplicateKey", object{"KeyId": primary, "ReplicaRegion": "eu-west-3", "Policy": "{"}, "MalformedPolicyDocumentException", "*")
	out = c.do("ScheduleKeyDeletion", object{"KeyId": primary})
	if out["KeyState"] != "PendingReplicaDeletion" || out["DeletionDate"] != nil {
		t.Errorf("ScheduleKeyDeletion of a primary key gave %v", out)
	}
	c.fails("Encrypt", object{"KeyId": primary, "Plaintext": b64("x")}, "KMSInvalidStateException", primary+" is pending replica deletion.")
}

func TestTagsAreKept(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"Tags": []object{{"TagKey": "team", "TagValue": "a"}}})
	if got := fmt.Sprint(c.do("ListResourceTags", object{"KeyId": arn})["Tags"]); got != "[map[TagKey:team TagValue:a]]" {
		t.Errorf("tags %s", got)
	}
}

// The state changes while others use it: run with -race.
func TestCallsAtTheSameTime(t *testing.T) {
	s, c := newService(t)
	arn := c.key(nil)
	c.do("CreateAlias", object{"AliasName": "alias/x", "TargetKeyId": arn})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				out, err := c.try("Encrypt", object{"KeyId": "alias/x", "Plaintext": b64("x")})
				if err == nil {
					_, err = c.try("Decrypt", object{"CiphertextBlob": out["CiphertextBlob"]})
				}
				if err != nil && !strings.HasPrefix(err.Error(), "DisabledException") {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 25 {
				_, err1 := c.try("DisableKey", object{"KeyId": arn})
				_, err2 := c.try("EnableKey", object{"KeyId": arn})
				_, err3 := c.try("UpdateAlias", object{"AliasName": "alias/x", "TargetKeyId": arn})
				_, err4 := c.try("DescribeKey", object{"KeyId": "alias/aws/ssm"})
				_, err5 := s.Snapshot()
				if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if aliases := c.do("ListAliases", nil)["Aliases"].([]any); len(aliases) != 2 {
		t.Errorf("alias/aws/ssm was made %d times", len(aliases)-1)
	}
}

// The cost of the service alone, without HTTP and signatures.
func BenchmarkDecrypt(b *testing.B) {
	_, c := newService(b)
	arn := c.key(nil)
	in := object{"KeyId": arn, "CiphertextBlob": c.do("Encrypt", object{"KeyId": arn, "Plaintext": make([]byte, 4096)})["CiphertextBlob"]}
	for b.Loop() {
		c.do("Decrypt", in)
	}
}

func FuzzDecrypt(f *testing.F) {
	_, root := newService(f)
	arn := root.key(nil)
	blob, err := base64.StdEncoding.DecodeString(root.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("canary")})["CiphertextBlob"].(string))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blob)
	f.Add(blob[:len(blob)-1])
	f.Add([]byte("\x01\x02\x02\x00\x78"))
	f.Add([]byte{1, 0x80, 3, 0x78})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := root
		c.t = t
		out, err := c.try("Decrypt", object{"CiphertextBlob": b})
		if err == nil && string(b) != string(blob) {
			t.Errorf("%x opened: %v", b, out)
		}
	})
}
