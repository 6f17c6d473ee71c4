package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/awsfault"
)

// A Revocation is what the policy of a key says about one document.
type Revocation int

// The policy revokes a document, or has no Deny by documents that applies, or has one that is
// not understood.
const (
	NotRevoked Revocation = iota
	Revoked
	Unclear
)

// contextOfDocument is the condition key for the digest of a document's header, in lower
// case: names of condition keys are not case-sensitive.
const contextOfDocument = "kms:encryptioncontext:bundle:document"

// Revocation reads the policy of a key, and reports whether it lets nobody but the exceptions
// that it names open the document whose header has a digest (bundle:document in the encryption
// context). If the policy cannot be read, why says so, in words that can be printed.
func (d *Doctor) Revocation(ctx context.Context, keyARN, digest string) (r Revocation, why string) {
	p, err := d.KeyPolicy(ctx, keyARN)
	switch {
	case errors.Is(err, ErrNoPolicy):
		return Unclear, err.Error()
	case err != nil:
		return Unclear, "the policy of the key cannot be read (kms:GetKeyPolicy): " + awsfault.Describe(err)
	}
	return p.Revocation(digest)
}

// A KeyPolicy is the policy of a key that is named default.
type KeyPolicy struct {
	key        string
	statements []statement
}

// ErrNoPolicy reports a reply that has no key policy.
var ErrNoPolicy = errors.New("the reply of KMS is not a key policy")

// KeyPolicy reads the policy of a key. Its error is ErrNoPolicy or that of the call.
func (d *Doctor) KeyPolicy(ctx context.Context, keyARN string) (KeyPolicy, error) {
	document, err := d.readPolicy(ctx, keyARN, defaultPolicy)
	if err != nil {
		return KeyPolicy{}, err
	}
	statements, err := effective(document)
	if err != nil || !isPolicy(document) {
		return KeyPolicy{}, ErrNoPolicy
	}
	return KeyPolicy{keyARN, statements}, nil
}

// Unanswered describes an error of KeyPolicy that is KMS's answer that the caller cannot have the policy, and reports whether it is one.
func Unanswered(err error) (text string, is bool) {
	if err == nil || !unanswerable(err) {
		return "", false
	}
	return awsfault.Describe(err), true
}

// Names reports whether the policy names a principal among those that can decrypt: a role by its ARN. closed says that it lets nobody
// decrypt but those that it names. Otherwise it may leave that to the IAM policies of an account, or to a pattern.
func (p KeyPolicy) Names(principal string) (names, closed bool) {
	all := able(p.key, p.statements, nil, decrypting)
	return slices.Contains(all.names, principal), !all.open
}

// Revocation is [Doctor.Revocation] for a policy that was read.
func (p KeyPolicy) Revocation(digest string) (r Revocation, why string) {
	for _, s := range p.statements {
		switch s.revokes(p.key, digest) {
		case Revoked:
			return Revoked, ""
		case Unclear:
			r, why = Unclear, "the policy of the key has a Deny by bundle:document of another form than bundle policy --documents writes"
		}
	}
	return r, why
}

// revokes reports whether a statement denies everyone, but for exceptions by role, to decrypt
// what has the digest.
func (s statement) revokes(keyARN, digest string) Revocation {
	if s.Effect != "Deny" || !s.effective() || !s.isAbout(decrypting) || !s.namesDocuments() {
		return NotRevoked
	}
	if !s.covers(keyARN) {
		return Unclear
	}
	r := Unclear
	for operator, keys := range s.Condition {
		for key, values := range keys {
			switch all, ok := texts(values); {
			case !ok || operator != "StringNotEquals":
				return Unclear
			case strings.EqualFold(key, "aws:PrincipalArn"):
			case strings.ToLower(key) != contextOfDocument:
				return Unclear
			case slices.Contains(all, digest):
				return NotRevoked
			default:
				r = Revoked
			}
		}
	}
	return r
}

// namesDocuments reports whether a condition of the statement is about digests of documents.
func (s statement) namesDocuments() bool {
	for _, keys := range s.Condition {
		for key := range keys {
			if strings.ToLower(key) == contextOfDocument {
				return true
			}
		}
	}
	return false
}
