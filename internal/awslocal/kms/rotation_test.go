package kms_test

import (
	"testing"

	"github.com/whispering/bundle/internal/awslocal/kms"
)

func policyAllowing(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

func TestRotationNeedsItsPermission(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus", "RotateKeyOnDemand", "ListKeyRotations"} {
		c.as("other", policyAllowing("kms:DescribeKey")).fails(operation, object{"KeyId": arn}, "AccessDeniedException", "*")
		c.as("one", policyAllowing("kms:"+operation)).do(operation, object{"KeyId": arn})
		c.fails(operation, object{"KeyId": "alias/x"}, "NotFoundException", "*")
		c.fails(operation, nil, "ValidationException", "*")
		c.fails(operation, object{"KeyId": c.key(object{"Origin": "EXTERNAL"})}, "UnsupportedOperationException", "*")
	}
	c.fails("ListKeyRotations", object{"KeyId": arn, "IncludeKeyMaterial": "ALL"}, "ValidationException", "*")
}

func TestTheRotationOfAManagedKeyIsShownAndCannotBeChanged(t *testing.T) {
	_, c := newService(t)
	managed := c.do("DescribeKey", object{"KeyId": "alias/aws/ssm"})["KeyMetadata"].(object)["Arn"]
	if got := c.do("GetKeyRotationStatus", object{"KeyId": managed}); got["KeyRotationEnabled"] != true || got["RotationPeriodInDays"] != 365.0 {
		t.Errorf("the rotation is %v", got)
	}
	c.fails("DisableKeyRotation", object{"KeyId": managed}, "AccessDeniedException", "*")
	c.fails("RotateKeyOnDemand", object{"KeyId": managed}, "AccessDeniedException", "*")
}

func TestARotationWithAPeriodCanBeRestricted(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	limited := c.as("limited", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*",
		"Condition":{"NumericLessThanEquals":{"kms:RotationPeriodInDays":"100"}}}]}`)
	limited.do("EnableKeyRotation", object{"KeyId": arn, "RotationPeriodInDays": 100})
	limited.fails("EnableKeyRotation", object{"KeyId": arn, "RotationPeriodInDays": 101}, "AccessDeniedException", "*")
}

func TestABlobOfUnknownMaterialDoesNotOpen(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	blob := unb64(t, c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})["CiphertextBlob"])
	c.do("RotateKeyOnDemand", object{"KeyId": arn})
	for at := 53; at < 85; at += 31 { // the ID of the material
		changed := append([]byte(nil), blob...)
		changed[at] ^= 1
		c.fails("Decrypt", object{"CiphertextBlob": changed}, "InvalidCiphertextException", "")
	}
}

func TestUpdatePrimaryRegionNeedsTheRightOnBothKeys(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"MultiRegion": true})
	const deny = `{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:UpdatePrimaryRegion","Resource":"*"}`
	c.do("ReplicateKey", object{"KeyId": arn, "ReplicaRegion": "eu-west-1", "Policy": keyPolicy(deny)})
	in := object{"KeyId": arn, "PrimaryRegion": "eu-west-1"}
	c.fails("UpdatePrimaryRegion", in, "AccessDeniedException", "*")
	c.in("eu-west-1").do("PutKeyPolicy", object{"KeyId": id(arn), "Policy": kms.DefaultPolicy(account)})
	c.as("other", policyAllowing("kms:ReplicateKey")).fails("UpdatePrimaryRegion", in, "AccessDeniedException", "*")
	c.fails("UpdatePrimaryRegion", object{"KeyId": arn}, "ValidationException", "*")
	c.fails("UpdatePrimaryRegion", object{"KeyId": arn, "PrimaryRegion": "Europe"}, "ValidationException", "*")
	c.in("eu-west-1").do("DisableKey", object{"KeyId": id(arn)})
	c.fails("UpdatePrimaryRegion", in, "DisabledException", "*")
	c.in("eu-west-1").do("EnableKey", object{"KeyId": id(arn)})
	c.do("UpdatePrimaryRegion", in)
	c.fails("UpdatePrimaryRegion", in, "UnsupportedOperationException", "*")
}

func TestGenerateRandomNeedsItsPermission(t *testing.T) {
	_, c := newService(t)
	c.as("other", policyAllowing("kms:Encrypt")).fails("GenerateRandom", object{"NumberOfBytes": 1}, "AccessDeniedException", "*")
	c.fails("GenerateRandom", object{"NumberOfBytes": 1, "CustomKeyStoreId": "cks-1"}, "UnsupportedOperationException", "*")
	got := c.as("one", policyAllowing("kms:GenerateRandom")).do("GenerateRandom", object{"NumberOfBytes": 7})
	if n := len(unb64(t, got["Plaintext"])); n != 7 {
		t.Errorf("%d bytes", n)
	}
}

func TestADescriptionAndTagsNeedTheirValues(t *testing.T) {
	_, c := newService(t)
	arn := c.key(object{"Description": "kept"})
	c.fails("UpdateKeyDescription", object{"KeyId": arn}, "ValidationException", "*")
	if got := c.do("DescribeKey", object{"KeyId": arn})["KeyMetadata"].(object)["Description"]; got != "kept" {
		t.Errorf("the description is %v", got)
	}
	c.fails("TagResource", object{"KeyId": arn, "Tags": []object{{"TagKey": "a"}}}, "ValidationException",
		"1 validation error detected: Value null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null")
}

func TestLastUsageHasTheIDOfTheRequest(t *testing.T) {
	_, c := newService(t)
	arn := c.key(nil)
	c.request.ID = "the-request"
	c.do("Encrypt", object{"KeyId": arn, "Plaintext": b64("text")})
	if got := c.do("GetKeyLastUsage", object{"KeyId": arn})["KeyLastUsage"].(object)["KmsRequestId"]; got != "the-request" {
		t.Errorf("the request ID is %v", got)
	}
}
