package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
)

// rotated returns a world with the documents before and after a rotation, and lets the key
// policies keep those after it.
func rotated(t *testing.T, m modes) (w *world, before, after map[string]*sealed.Document) {
	t.Helper()
	w = newWorld(t, m)
	before = w.documents()
	_, err := ssm.NewFromConfig(w.admin).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/local/shop/mail/user"), Value: aws.String("not-a-real-value-9"), Type: ssmtypes.ParameterTypeSecureString,
		KeyId: aws.String("alias/parameters"), Overwrite: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	after = w.documents()
	w.keep(after["hello"], after["worker"])
	return w, before, after
}

func (w *world) keep(documents ...*sealed.Document) {
	w.Helper()
	if err := pipeline.Keep(&w.setting, w.setting.Functions(), []pipeline.KeptLayer{{Path: "layer.zip", Documents: documents}}); err != nil {
		w.Fatal(err)
	}
}

// leavingOut leaves statements out of a key policy.
func leavingOut(sids ...string) func(policy.Document) policy.Document {
	return func(d policy.Document) policy.Document {
		d.Statement = slices.DeleteFunc(slices.Clone(d.Statement), func(s policy.Statement) bool { return slices.Contains(sids, s.Sid) })
		return d
	}
}

// A document that is not listed opens for nobody but the break-glass roles, not even for
// the function. Without the Deny, it does.
func TestKeyPolicyRevokesDocuments(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]modes{"packed": {}, "blind": {helloBlind: true, workerBlind: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, before, after := rotated(t, m)
			glass := w.role("glass", policy.Document{})
			for _, name := range w.setting.Functions() {
				w.putKeyPolicies(same)
				as := w.role(name, policy.Document{})
				if err := w.open(as, after[name]); err != nil {
					t.Errorf("%s: what is listed does not open: %v", name, err)
				}
				if w.open(as, before[name]) == nil {
					t.Errorf("%s: what is not listed opens", name)
				}
				for _, d := range []*sealed.Document{before[name], after[name]} {
					if err := w.open(glass, d); err != nil {
						t.Errorf("%s: break-glass does not open: %v", name, err)
					}
				}
				w.putKeyPolicies(leavingOut("DenyRevoked"))
				if err := w.open(as, before[name]); err != nil {
					t.Errorf("%s: without the Deny, it does not open: %v", name, err)
				}
			}
			w.keep(before["hello"], after["hello"], before["worker"])
			w.putKeyPolicies(same)
			for _, d := range []*sealed.Document{before["hello"], after["hello"]} {
				if err := w.open(w.role("hello", policy.Document{}), d); err != nil {
					t.Errorf("one of two that are listed does not open: %v", err)
				}
			}
		})
	}
}

// Neither a grant nor the policy of Resource Access Manager opens a revoked document, also
// where only this Deny is in their way.
func TestRevocationOutranksGrantsAndSharing(t *testing.T) {
	t.Parallel()
	w, before, after := rotated(t, modes{})
	outsiders := w.grantAndShare(w.setting.Keys["hello"])
	w.putKeyPolicies(leavingOut("DenyOpening"))
	for who, as := range outsiders {
		if w.open(as, before["hello"]) == nil {
			t.Errorf("%s: a revoked document opens", who)
		}
		if err := w.open(as, after["hello"]); err != nil {
			t.Errorf("%s: the other one does not open, so that the test shows nothing: %v", who, err)
		}
	}
}

// What was sealed without bundle:document does not open either.
func TestRevocationDeniesWithoutTheContextKey(t *testing.T) {
	t.Parallel()
	w, _, after := rotated(t, modes{})
	context := with(after["hello"].Context(0), "bundle:document", "")
	key := w.setting.Keys["hello"]
	out, err := kms.NewFromConfig(w.admin).Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("not-a-real-value"), EncryptionContext: context})
	if err != nil {
		t.Fatal(err)
	}
	open := func() error {
		_, err := kms.NewFromConfig(w.role("hello", policy.Document{})).Decrypt(t.Context(), &kms.DecryptInput{KeyId: &key, CiphertextBlob: out.CiphertextBlob, EncryptionContext: context})
		return err
	}
	w.putKeyPolicies(same)
	if code(open()) != "AccessDeniedException" {
		t.Error("it opens")
	}
	w.putKeyPolicies(leavingOut("DenyRevoked"))
	if err := open(); err != nil {
		t.Errorf("without the Deny, it does not open: %v", err)
	}
}

// The digests are those of headers: a document that is sealed again has the same one, and
// stays open.
func TestRevocationKeepsWhatIsSealedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, modes{})
	d := w.documents()["hello"]
	out, err := kms.NewFromConfig(w.admin).Decrypt(t.Context(), &kms.DecryptInput{KeyId: &d.Key, CiphertextBlob: d.Ciphertexts[0], EncryptionContext: d.Context(0)})
	if err != nil {
		t.Fatal(err)
	}
	sealedAgain, err := kms.NewFromConfig(w.admin).Encrypt(t.Context(), &kms.EncryptInput{KeyId: &d.Key, Plaintext: out.Plaintext, EncryptionContext: d.Context(0)})
	if err != nil {
		t.Fatal(err)
	}
	again, err := sealed.New(d.Header, d.Key, [][]byte{sealedAgain.CiphertextBlob})
	if err != nil {
		t.Fatal(err)
	}
	if again.SHA256() == d.SHA256() || again.HeaderSHA256() != d.HeaderSHA256() {
		t.Error("the digest of the document or of its header is wrong")
	}
	w.setting.Kept = map[string][]string{"hello": {d.HeaderSHA256()}, "worker": {d.HeaderSHA256()}}
	w.putKeyPolicies(same)
	if err := w.open(w.role("hello", policy.Document{}), again); err != nil {
		t.Error(err)
	}
}

// A policy has room for more than 400 digests.
func TestRevocationHasRoom(t *testing.T) {
	t.Parallel()
	s := plain("aws", "us-west-2", "hello")
	s.FunctionRoles = map[string]string{"hello": arn("hello")}
	s.Kept = map[string][]string{}
	for i := range 401 {
		s.Kept["hello"] = append(s.Kept["hello"], fmt.Sprintf("%064x", i))
	}
	document, err := s.Key("hello")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(document.Text()); n > policy.MaxKey || n < policy.MaxKey-4000 {
		t.Errorf("401 digests: %d bytes", n)
	}
}
