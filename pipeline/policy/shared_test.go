package policy_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/pipeline/policy"
)

// Neither a grant nor the policy of Resource Access Manager opens a document, because
// the key policy denies it. Without that Deny, each does.
func TestKeyPolicyKeepsOutGrantsAndSharing(t *testing.T) {
	w := newWorld(t, modes{})
	d := w.documents()["hello"]
	key := w.setting.Keys["hello"]
	granted, shared := w.role("granted", policy.Document{}), w.role("shared", policy.Document{})
	_, err := kms.NewFromConfig(w.admin).CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(arn("granted")), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	ram := `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + arn("shared") + `"}, "Action": "kms:Decrypt", "Resource": "*"}]}`
	if err := w.server.Share(key, ram); err != nil {
		t.Fatal(err)
	}
	w.putKeyPolicies(same)
	for who, as := range map[string]aws.Config{"the holder of a grant": granted, "one with whom the key is shared": shared} {
		if w.open(as, d) == nil {
			t.Errorf("%s opens the document", who)
		}
	}
	_, err = kms.NewFromConfig(w.admin).CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(arn("granted")), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
	})
	if code(err) != "AccessDeniedException" {
		t.Errorf("a grant under the key policy: %v", err)
	}
	w.putKeyPolicies(func(d policy.Document) policy.Document {
		d.Statement = slices.DeleteFunc(slices.Clone(d.Statement), func(s policy.Statement) bool { return s.Sid == "DenyOpening" })
		return d
	})
	for who, as := range map[string]aws.Config{"the holder of a grant": granted, "one with whom the key is shared": shared} {
		if err := w.open(as, d); err != nil {
			t.Errorf("%s does not open the document without the Deny: %v", who, err)
		}
	}
}
