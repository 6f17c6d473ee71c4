package doctor

import (
	"context"
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
	document, err := d.readPolicy(ctx, keyARN, defaultPolicy)
	if err != nil {
		return Unclear, "the policy of the key cannot be read (kms:GetKeyPolicy): " + awsfault.Describe(err)
	}
	statements, err := effective(document)
	if err != nil || !isPolicy(document) {
		return Unclear, "the reply of KMS is not a key policy"
	}
	for _, s := range statements {
		switch s.revokes(keyARN, digest) {
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
