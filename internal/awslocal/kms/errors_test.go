package kms_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/whispering/bundle/internal/awslocal/kms"
)

const (
	notAllowed = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."
	wrongKey   = "The key ID in the request does not identify a CMK that can perform this operation."
	nobody     = "00000000-0000-4000-8000-000000000000"
)

// one wraps the rule of a failed check in AWS's sentence.
func one(rest string) string {
	return "1 validation error detected: Value" + rest
}

func TestKeyReferencesThatMeanNothing(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	elsewhere := strings.Replace(arn, region, "eu-west-1", 1)
	for _, e := range []struct{ ref, code, message string }{
		{nobody, "NotFoundException", "Key 'arn:aws:kms:us-east-1:111111111111:key/" + nobody + "' does not exist"},
		{"arn:aws:kms:us-east-1:111111111111:key/" + nobody, "NotFoundException", "Key 'arn:aws:kms:us-east-1:111111111111:key/" + nobody + "' does not exist"},
		{"mrk-d3b95762d3b95762d3b95762d3b95762", "NotFoundException", "Key 'arn:aws:kms:us-east-1:111111111111:key/mrk-d3b95762d3b95762d3b95762d3b95762' does not exist"},
		{"fake-key-id", "NotFoundException", "Invalid keyId 'fake-key-id'"},
		{"mrk-fake-key-id", "NotFoundException", "Invalid keyId 'mrk-fake-key-id'"},
		{"134f2428cec14b25a1ae9048164dba47", "NotFoundException", "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"},
		{strings.ToUpper(nobody[:8]) + "-0000-4000-8000-00000000000G", "NotFoundException", "*"},
		{elsewhere, "NotFoundException", "Invalid arn eu-west-1"},
		{"arn:aws:ssm:us-east-1:111111111111:parameter/x", "NotFoundException", "*"},
		{"arn:aws:kms:us-east-1:111111111111:grant/x", "NotFoundException", "*"},
		{"arn:", "NotFoundException", "*"},
		{"alias/missing", "NotFoundException", "Alias arn:aws:kms:us-east-1:111111111111:alias/missing is not found."},
		{"arn:aws:kms:us-east-1:111111111111:alias/missing", "NotFoundException", "Alias arn:aws:kms:us-east-1:111111111111:alias/missing is not found."},
		{"arn:aws:kms:us-east-1:222222222222:key/" + nobody, "AccessDeniedException", "*"},
		{"arn:aws:kms:us-east-1:222222222222:alias/x", "AccessDeniedException", "*"},
		{"", "ValidationException", one(" '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1")},
		{strings.Repeat("x", 2049), "ValidationException", "*"},
	} {
		for operation, in := range map[string]object{
			"Encrypt":     {"KeyId": e.ref, "Plaintext": b64("x")},
			"Decrypt":     {"KeyId": e.ref, "CiphertextBlob": b64("x")},
			"DescribeKey": {"KeyId": e.ref},
		} {
			c.fails(operation, in, e.code, e.message)
		}
	}
	c.in("eu-west-1").fails("DescribeKey", object{"KeyId": id(arn)}, "NotFoundException", "Key '"+elsewhere+"' does not exist")
	c.in("eu-west-1").fails("DescribeKey", object{"KeyId": arn}, "NotFoundException", "Invalid arn us-east-1")
}

func TestMembersThatAreMissingOrTooLong(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	long := base64.StdEncoding.EncodeToString(make([]byte, 4097))
	longBlob := base64.StdEncoding.EncodeToString(make([]byte, 6145))
	for _, e := range []struct {
		operation string
		in        object
		message   string
	}{
		{"Encrypt", object{"Plaintext": b64("x")}, one(" null at 'keyId' failed to satisfy constraint: Member must not be null")},
		{"Encrypt", object{"KeyId": arn}, one(" null at 'plaintext' failed to satisfy constraint: Member must not be null")},
		{"Encrypt", object{"KeyId": arn, "Plaintext": ""}, one(" at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1")},
		{"Encrypt", object{"KeyId": arn, "Plaintext": long}, one(" at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096")},
		{"Encrypt", object{"KeyId": arn, "Plaintext": b64("x"), "EncryptionAlgorithm": "ROT13"}, "*"},
		{"Decrypt", object{"KeyId": arn}, one(" null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null")},
		{"Decrypt", object{"CiphertextBlob": ""}, one(" at 'ciphertextBlob' failed to satisfy constraint: Member must have length greater than or equal to 1")},
		{"Decrypt", object{"CiphertextBlob": longBlob}, one(" at 'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144")},
		{"Decrypt", object{"CiphertextBlob": b64("x"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, one(" null at 'keyId' failed to satisfy constraint: Member must not be null")},
		{"ReEncrypt", object{"CiphertextBlob": b64("x")}, one(" null at 'destinationKeyId' failed to satisfy constraint: Member must not be null")},
		{"ReEncrypt", object{"DestinationKeyId": arn}, one(" null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null")},
		{"DescribeKey", object{}, one(" null at 'keyId' failed to satisfy constraint: Member must not be null")},
		{"GenerateDataKey", object{"KeyId": arn}, "Please specify either number of bytes or key spec."},
		{"GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256", "NumberOfBytes": 32}, "Please specify either number of bytes or key spec."},
		{"GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_512"}, "*"},
		{"GenerateDataKey", object{"KeyId": arn, "NumberOfBytes": 0}, one(" '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1")},
		{"GenerateDataKey", object{"KeyId": arn, "NumberOfBytes": 1025}, one(" '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024")},
		{"PutKeyPolicy", object{"KeyId": arn}, one(" null at 'policy' failed to satisfy constraint: Member must not be null")},
		{"CreateAlias", object{"AliasName": "alias/x"}, one(" null at 'targetKeyId' failed to satisfy constraint: Member must not be null")},
	} {
		c.fails(e.operation, e.in, "ValidationException", e.message)
	}
	c.do("Encrypt", object{"KeyId": arn, "Plaintext": base64.StdEncoding.EncodeToString(make([]byte, 4096))})
	c.fails("Encrypt", object{"KeyId": arn, "Plaintext": "no base64"}, "SerializationException", "*")
	c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x"), "GrantTokens": []string{"t"}}, "InvalidGrantTokenException", "*")
	c.fails("DescribeKey", object{"KeyId": arn, "GrantTokens": []string{"t"}}, "InvalidGrantTokenException", "*")
}

func TestDecryptRefusesWhatItCannotOpen(t *testing.T) {
	_, c := newService(t)
	arn, second := c.key(nil), c.key(nil)
	blob := unb64(t, c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})["CiphertextBlob"])
	esdk := append([]byte{1, 0x80, 3, 0x78}, make([]byte, 200)...)

	for name, garbage := range map[string][]byte{
		"text": []byte("garbage"), "half a blob": blob[:len(blob)/2], "the magic alone": blob[:5], "an Encryption SDK message": esdk, "a byte more": append(bytes.Clone(blob), 0),
	} {
		for _, keyID := range []any{nil, arn} {
			in := object{"KeyId": keyID, "CiphertextBlob": garbage}
			if _, err := c.try("Decrypt", in); err == nil {
				t.Errorf("%s was opened", name)
			}
			c.fails("Decrypt", in, "InvalidCiphertextException", "")
			c.fails("ReEncrypt", object{"SourceKeyId": keyID, "CiphertextBlob": garbage, "DestinationKeyId": second}, "InvalidCiphertextException", "")
		}
	}
	c.fails("Decrypt", object{"CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}}, "InvalidCiphertextException", "")
	c.fails("Decrypt", object{"CiphertextBlob": blob, "KeyId": second}, "IncorrectKeyException", wrongKey)
	c.fails("ReEncrypt", object{"CiphertextBlob": blob, "SourceKeyId": second, "DestinationKeyId": arn}, "IncorrectKeyException", wrongKey)
	c.in("eu-west-1").fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", notAllowed)
	rootOf(t, c.s, "222222222222").fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", notAllowed)
	c.as("fn", "").fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", notAllowed)
	rootOf(t, kms.New(), account).fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", notAllowed)
}

func TestEveryByteOfABlobCounts(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	blob := unb64(t, c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})["CiphertextBlob"])
	if over := len(blob) - 1; over < 120 || over > 160 {
		t.Errorf("a blob is %d bytes longer than its plaintext, want about 140", over)
	}
	for i := range blob {
		damaged := bytes.Clone(blob)
		damaged[i] ^= 1
		if out, err := c.try("Decrypt", object{"CiphertextBlob": damaged, "KeyId": arn}); err == nil {
			t.Fatalf("a blob with a flipped bit in byte %d opens: %v", i, out)
		}
	}
}

func TestKeyStates(t *testing.T) {
	_, c := newService(t)
	arn, good := c.key(nil), c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})["CiphertextBlob"]
	goodBlob := c.do("Encrypt", object{"KeyId": good, "Plaintext": b64("x")})["CiphertextBlob"]
	uses := func(c caller, code, message string) {
		t.Helper()
		c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, code, message)
		c.fails("Decrypt", object{"CiphertextBlob": blob}, code, message)
		c.fails("Decrypt", object{"CiphertextBlob": blob, "KeyId": arn}, code, message)
		c.fails("GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256"}, code, message)
		c.fails("GenerateDataKeyWithoutPlaintext", object{"KeyId": arn, "KeySpec": "AES_256"}, code, message)
		c.fails("ReEncrypt", object{"CiphertextBlob": blob, "DestinationKeyId": good}, code, message)
		c.fails("ReEncrypt", object{"CiphertextBlob": goodBlob, "DestinationKeyId": arn}, code, message)
		c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x"), "DryRun": true}, code, message)
	}
	state := func(c caller) object { return c.do("DescribeKey", object{"KeyId": arn})["KeyMetadata"].(object) }

	c.do("DisableKey", object{"KeyId": arn})
	uses(c, "DisabledException", arn+" is disabled.")
	if m := state(c); m["KeyState"] != "Disabled" || m["Enabled"] != false {
		t.Errorf("a disabled key is described as %v", m)
	}
	c.do("EnableKey", object{"KeyId": id(arn)})
	c.do("Decrypt", object{"CiphertextBlob": blob})

	out := c.do("ScheduleKeyDeletion", object{"KeyId": arn, "PendingWindowInDays": 7})
	if out["KeyId"] != arn || out["KeyState"] != "PendingDeletion" || out["PendingWindowInDays"] != 7.0 || out["DeletionDate"] != float64(start.AddDate(0, 0, 7).Unix()) {
		t.Errorf("ScheduleKeyDeletion gave %v", out)
	}
	uses(c, "KMSInvalidStateException", arn+" is pending deletion.")
	if m := state(c); m["KeyState"] != "PendingDeletion" || m["DeletionDate"] == nil {
		t.Errorf("a key to be deleted is described as %v", m)
	}
	for _, operation := range []string{"EnableKey", "DisableKey", "ScheduleKeyDeletion"} {
		c.fails(operation, object{"KeyId": arn}, "KMSInvalidStateException", arn+" is pending deletion.")
	}
	c.fails("CreateAlias", object{"AliasName": "alias/x", "TargetKeyId": arn}, "KMSInvalidStateException", arn+" is pending deletion.")
	if out := c.do("CancelKeyDeletion", object{"KeyId": arn}); out["KeyId"] != arn {
		t.Errorf("CancelKeyDeletion gave %v", out)
	}
	uses(c, "DisabledException", arn+" is disabled.")
	c.fails("CancelKeyDeletion", object{"KeyId": arn}, "KMSInvalidStateException", arn+" is not pending deletion.")

	c.do("EnableKey", object{"KeyId": arn})
	c.do("CreateAlias", object{"AliasName": "alias/going", "TargetKeyId": arn})
	c.do("ScheduleKeyDeletion", object{"KeyId": arn})
	last := c.at(start.Add(30*24*time.Hour - time.Second))
	last.fails("Encrypt", object{"KeyId": "alias/going", "Plaintext": b64("x")}, "KMSInvalidStateException", "*")
	after := c.at(start.Add(30 * 24 * time.Hour))
	after.fails("DescribeKey", object{"KeyId": arn}, "NotFoundException", "Key '"+arn+"' does not exist")
	after.fails("DescribeKey", object{"KeyId": "alias/going"}, "NotFoundException", "*")
	after.fails("Decrypt", object{"CiphertextBlob": blob}, "AccessDeniedException", notAllowed)
	after.fails("CancelKeyDeletion", object{"KeyId": arn}, "NotFoundException", "*")
	if keys := after.do("ListKeys", nil)["Keys"].([]any); len(keys) != 1 {
		t.Errorf("ListKeys still has %v", keys)
	}
	if aliases := after.do("ListAliases", nil)["Aliases"].([]any); len(aliases) != 0 {
		t.Errorf("ListAliases still has %v", aliases)
	}
	after.do("CreateAlias", object{"AliasName": "alias/going", "TargetKeyId": good})
}

func TestDeletionWindow(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	for _, days := range []int{-1, 0, 6, 31} {
		c.fails("ScheduleKeyDeletion", object{"KeyId": arn, "PendingWindowInDays": days}, "ValidationException", "*")
	}
}

func TestKeysWithoutMaterialCannotBeUsed(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"Origin": "EXTERNAL"})
	c.fails("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "KMSInvalidStateException", arn+" is pending import.")
	c.fails("EnableKey", object{"KeyId": arn}, "KMSInvalidStateException", arn+" is pending import.")
	if m := c.do("DescribeKey", object{"KeyId": arn})["KeyMetadata"].(object); m["KeyState"] != "PendingImport" || m["Enabled"] != false {
		t.Errorf("described as %v", m)
	}
}

func TestAliasNamesAreNotKeyIdsEverywhere(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	c.do("CreateAlias", object{"AliasName": "alias/x", "TargetKeyId": arn})
	for _, operation := range []string{"EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion", "GetKeyPolicy", "ListResourceTags"} {
		c.fails(operation, object{"KeyId": "alias/x"}, "NotFoundException", "Invalid keyId 'alias/x'")
	}
}

func TestDryRun(t *testing.T) {
	const would = "The request would have succeeded, but the DryRun option is set."
	_, c := newService(t)
	arn, second := c.key(nil), c.key(nil)
	blob := c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("x")})["CiphertextBlob"]
	ignore := []string{"IGNORE_CIPHERTEXT"}
	for _, e := range []struct {
		operation     string
		in            object
		code, message string
	}{
		{"Encrypt", object{"KeyId": arn, "Plaintext": b64("x")}, "DryRunOperationException", would},
		{"Encrypt", object{"KeyId": nobody, "Plaintext": b64("x")}, "NotFoundException", "*"},
		{"Decrypt", object{"KeyId": arn, "CiphertextBlob": blob}, "DryRunOperationException", would},
		{"Decrypt", object{"CiphertextBlob": blob, "EncryptionContext": object{"a": "b"}}, "InvalidCiphertextException", ""},
		{"Decrypt", object{"KeyId": second, "CiphertextBlob": blob}, "IncorrectKeyException", wrongKey},
		{"Decrypt", object{"KeyId": arn, "DryRunModifiers": ignore}, "DryRunOperationException", would},
		{"Decrypt", object{"KeyId": arn, "DryRunModifiers": ignore, "CiphertextBlob": b64("garbage")}, "DryRunOperationException", would},
		{"Decrypt", object{"DryRunModifiers": ignore}, "ValidationException", "*"},
		{"Decrypt", object{"KeyId": arn, "CiphertextBlob": blob, "DryRunModifiers": []string{"OTHER"}}, "ValidationException", "*"},
		{"ReEncrypt", object{"CiphertextBlob": blob, "DestinationKeyId": second}, "DryRunOperationException", would},
		{"ReEncrypt", object{"SourceKeyId": arn, "DestinationKeyId": second, "DryRunModifiers": ignore}, "DryRunOperationException", would},
		{"ReEncrypt", object{"DestinationKeyId": second, "DryRunModifiers": ignore}, "ValidationException", one(" null at 'sourceKeyId' failed to satisfy constraint: Member must not be null")},
		{"GenerateDataKey", object{"KeyId": arn, "KeySpec": "AES_256"}, "DryRunOperationException", would},
		{"GenerateDataKeyWithoutPlaintext", object{"KeyId": arn, "KeySpec": "AES_256"}, "DryRunOperationException", would},
	} {
		e.in["DryRun"] = true
		c.fails(e.operation, e.in, e.code, e.message)
		if e.code == "DryRunOperationException" {
			c.as("nobody", "").fails(e.operation, e.in, "AccessDeniedException", "*")
		}
	}
	c.fails("Decrypt", object{"KeyId": arn, "CiphertextBlob": blob, "DryRunModifiers": ignore}, "ValidationException", "*")
}
