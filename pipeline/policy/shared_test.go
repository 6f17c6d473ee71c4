package policy_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/whispering/bundle/pipeline/policy"
)

// grantAndShare lets two roles without rights decrypt under a key: one by a grant, the
// other by the policy of Resource Access Manager.
func (w *world) grantAndShare(key string) map[string]aws.Config {
	w.Helper()
	all := map[string]aws.Config{"the holder of a grant": w.role("granted", policy.Document{}), "one with whom the key is shared": w.role("shared", policy.Document{})}
	if err := w.grant(key); err != nil {
		w.Fatal(err)
	}
	ram := `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + arn("shared") + `"}, "Action": "kms:Decrypt", "Resource": "*"}]}`
	if err := w.server.Share(key, ram); err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *world) grant(key string) error {
	_, err := kms.NewFromConfig(w.admin).CreateGrant(w.Context(), &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(arn("granted")), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
	})
	return err
}

// Neither a grant nor the policy of Resource Access Manager opens a document, because
// the key policy denies it. Without that Deny, each does.
func TestKeyPolicyKeepsOutGrantsAndSharing(t *testing.T) {
	w := newWorld(t, modes{})
	d := w.documents()["hello"]
	key := w.setting.Keys["hello"]
	outsiders := w.grantAndShare(key)
	w.putKeyPolicies(same)
	for who, as := range outsiders {
		if w.open(as, d) == nil {
			t.Errorf("%s opens the document", who)
		}
	}
	if err := w.grant(key); code(err) != "AccessDeniedException" {
		t.Errorf("a grant under the key policy: %v", err)
	}
	w.putKeyPolicies(leavingOut("DenyOpening"))
	for who, as := range outsiders {
		if err := w.open(as, d); err != nil {
			t.Errorf("%s does not open the document without the Deny: %v", who, err)
		}
	}
}
