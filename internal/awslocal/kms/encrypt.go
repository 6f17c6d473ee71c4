package kms

import (
	"slices"
	"strconv"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const (
	maxPlaintext = 4096 // bytes that Encrypt accepts with a symmetric key
	maxBlob      = 6144 // bytes of a ciphertext that Decrypt and ReEncrypt accept
)

// dryRunFields are the members that the cryptographic operations share.
type dryRunFields struct {
	DryRun          bool
	DryRunModifiers []string
	GrantTokens     []string
}

// check checks the modifiers. ignoreCiphertext requests a check of permissions alone.
func (d dryRunFields) check() (ignoreCiphertext bool, err error) {
	for _, modifier := range d.DryRunModifiers {
		if modifier != "IGNORE_CIPHERTEXT" {
			return false, constraint(" '["+modifier+"]'", "dryRunModifiers", "satisfy enum value set: [IGNORE_CIPHERTEXT]")
		}
		if !d.DryRun {
			return false, validation("DryRunModifiers is only valid with DryRun.")
		}
		ignoreCiphertext = true
	}
	return ignoreCiphertext, nil
}

type encryptInput struct {
	KeyId               *string
	Plaintext           []byte
	EncryptionContext   map[string]string
	EncryptionAlgorithm string
	dryRunFields
}

type encryptOutput struct {
	CiphertextBlob      []byte
	KeyId               string
	EncryptionAlgorithm string
}

// encrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html.
func (s *Service) encrypt(r *call.Request, in *encryptInput) (out any, err error) {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return nil, err
	}
	if in.Plaintext == nil {
		return nil, constraint(" null", "plaintext", "not be null")
	}
	if err := checkBytes("plaintext", in.Plaintext, 1, maxPlaintext); err != nil {
		return nil, err
	}
	if _, err := in.check(); err != nil {
		return nil, err
	}
	algorithm, err := encryptionAlgorithm("encryptionAlgorithm", in.EncryptionAlgorithm)
	if err != nil {
		return nil, err
	}
	s.ensureManaged(r, ref)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	k, err := s.find(r, "keyId", ref)
	if err != nil {
		return nil, err
	}
	defer func() {
		s.log(r, "Encrypt", err, Use{KeyID: ref, Context: in.EncryptionContext, Algorithm: algorithm, DryRun: in.DryRun}, k)
	}()
	if err := s.allow(r, "Encrypt", k, contextKeys(in.EncryptionContext), algorithmKey(algorithm)); err != nil {
		return nil, err
	}
	blob, err := k.encrypt("Encrypt", algorithm, in.Plaintext, in.EncryptionContext, in.DryRun)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, dryRun()
	}
	s.used(r, "Encrypt", k.key)
	return encryptOutput{CiphertextBlob: blob, KeyId: k.arn(), EncryptionAlgorithm: algorithm}, nil
}

type decryptInput struct {
	KeyId               *string
	CiphertextBlob      []byte
	EncryptionContext   map[string]string
	EncryptionAlgorithm string
	dryRunFields
}

type decryptOutput struct {
	KeyId               string
	KeyMaterialId       string `json:",omitempty"`
	Plaintext           []byte
	EncryptionAlgorithm string
}

// decrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html.
func (s *Service) decrypt(r *call.Request, in *decryptInput) (out any, err error) {
	ignoreCiphertext, err := in.check()
	if err != nil {
		return nil, err
	}
	algorithm, err := encryptionAlgorithm("encryptionAlgorithm", in.EncryptionAlgorithm)
	if err != nil {
		return nil, err
	}
	src := source{
		action: "Decrypt", member: "keyId", ref: in.KeyId, blob: in.CiphertextBlob, context: in.EncryptionContext,
		algorithm: algorithm, ignoreCiphertext: ignoreCiphertext,
	}
	if err := src.check(); err != nil {
		return nil, err
	}
	s.ensureManaged(r, src.name())
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	k, plaintext, err := s.openSource(r, src)
	defer func() {
		s.log(r, "Decrypt", err, Use{KeyID: src.name(), Context: in.EncryptionContext, Algorithm: algorithm, DryRun: in.DryRun,
			Material: blobMaterial(in.CiphertextBlob)}, k)
	}()
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, dryRun()
	}
	s.used(r, "Decrypt", k.key)
	return decryptOutput{KeyId: k.arn(), KeyMaterialId: k.sealedWith(in.CiphertextBlob), Plaintext: plaintext, EncryptionAlgorithm: algorithm}, nil
}

// source is a ciphertext to open, for Decrypt and for the first half of ReEncrypt.
type source struct {
	action           string  // the permission that is needed
	member           string  // the member that holds ref
	ref              *string // the key as the request names it; nil if only the blob names it
	blob             []byte
	context          map[string]string
	algorithm        string
	ignoreCiphertext bool // a dry run of permissions alone
	extra            []conditionKeys
}

func (src source) name() string {
	if src.ref == nil {
		return ""
	}
	return *src.ref
}

// check checks the members of the request.
func (src source) check() error {
	switch {
	case src.ref == nil && (src.algorithm != specSymmetric || src.ignoreCiphertext):
		return constraint(" null", src.member, "not be null")
	case src.ref != nil:
		if _, err := required(src.member, src.ref); err != nil {
			return err
		}
	}
	if src.ignoreCiphertext {
		return nil
	}
	if src.blob == nil {
		return constraint(" null", "ciphertextBlob", "not be null")
	}
	return checkBytes("ciphertextBlob", src.blob, 1, maxBlob)
}

// openSource finds the key, authorizes its use and opens the blob. The caller holds a lock.
func (s *Service) openSource(r *call.Request, src source) (reference, []byte, error) {
	var k reference
	var err error
	header, parsed := parseBlob(src.blob)
	switch {
	case src.ref != nil:
		k, err = s.findSource(r, src)
	case !parsed:
		err = invalidCiphertext()
	default:
		if k, err = s.findID(r, header.account, header.keyID); err != nil {
			err = deniedCiphertext()
		}
	}
	if err != nil {
		return k, nil, err
	}
	extra := append(slices.Clone(src.extra), contextKeys(src.context), algorithmKey(src.algorithm))
	if err := s.allow(r, src.action, k, extra...); err != nil {
		if src.ref == nil && r.Via == "" {
			err = deniedCiphertext()
		}
		return k, nil, err
	}
	if err := k.usable(); err != nil || src.ignoreCiphertext {
		return k, nil, err
	}
	if parsed && (header.keyID != k.ID || header.account != k.Account) {
		return k, nil, incorrectKey()
	}
	plaintext, err := k.decrypt(src.action, src.algorithm, src.blob, src.context)
	return k, plaintext, err
}

// findSource finds the key that a request names for a source. A key ID alone may be that of another account's key, under which the blob
// is encrypted: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html. The caller holds a lock.
func (s *Service) findSource(r *call.Request, src source) (reference, error) {
	if header, parsed := parseBlob(src.blob); parsed && header.keyID == *src.ref {
		return s.findID(r, header.account, header.keyID)
	}
	return s.find(r, src.member, *src.ref)
}

// encrypt encrypts with a key of any kind, after the checks for that kind. A dry run needs no blob.
func (k *key) encrypt(action, algorithm string, plaintext []byte, context map[string]string, dry bool) ([]byte, error) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	if k.Usage != usageEncrypt {
		return nil, invalidUsage("%s key usage is %s which is not valid for %s.", k.arn(), k.Usage, action)
	}
	if err := k.fits(algorithm, context); err != nil {
		return nil, err
	}
	switch {
	case k.Spec != specSymmetric:
		return k.encryptRSA(algorithm, plaintext)
	case dry: // nothing else can be wrong
		return nil, nil
	}
	return k.seal(plaintext, context), nil
}

// decrypt opens a ciphertext of encrypt. The key must be usable.
func (k *key) decrypt(action, algorithm string, blob []byte, context map[string]string) ([]byte, error) {
	if k.Usage != usageEncrypt {
		return nil, invalidUsage("%s key usage is %s which is not valid for %s.", k.arn(), k.Usage, action)
	}
	if err := k.fits(algorithm, context); err != nil {
		return nil, err
	}
	open := k.open
	if k.Spec != specSymmetric {
		open = func(blob []byte, _ map[string]string) ([]byte, bool) { return k.decryptRSA(algorithm, blob) }
	}
	plaintext, ok := open(blob, context)
	if !ok {
		return nil, invalidCiphertext()
	}
	return plaintext, nil
}

// fits refuses an algorithm that the key does not support, and an encryption context for an asymmetric key.
func (k *key) fits(algorithm string, context map[string]string) error {
	if (algorithm == specSymmetric) != (k.Spec == specSymmetric) {
		return invalidUsage("Algorithm %s is incompatible with key spec %s.", algorithm, k.Spec)
	}
	if k.Spec != specSymmetric && len(context) > 0 {
		return validation("EncryptionContext is only supported with symmetric encryption keys.")
	}
	return nil
}

// encryptionAlgorithm checks the name of an algorithm; the default is the symmetric one.
func encryptionAlgorithm(member, name string) (string, error) {
	switch name {
	case "":
		return specSymmetric, nil
	case specSymmetric, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256":
		return name, nil
	}
	return "", constraint(" '"+name+"'", member, "satisfy enum value set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]")
}

// checkBytes checks the length of binary data. The message does not repeat the data.
func checkBytes(member string, value []byte, least, most int) error {
	switch {
	case len(value) < least:
		return constraint("", member, "have length greater than or equal to "+strconv.Itoa(least))
	case len(value) > most:
		return constraint("", member, "have length less than or equal to "+strconv.Itoa(most))
	}
	return nil
}

// checkLength checks the length of a string.
func checkLength(member, value string, least, most int) error {
	switch {
	case len(value) < least:
		return constraint(" '"+value+"'", member, "have length greater than or equal to "+strconv.Itoa(least))
	case len(value) > most:
		return constraint(" '"+value+"'", member, "have length less than or equal to "+strconv.Itoa(most))
	}
	return nil
}
