package kms

import (
	"errors"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// The methods below are for services that use KMS on a caller's behalf, as SSM does for a SecureString. They are
// authorized as that caller, with the condition key kms:ViaService
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service).
// Their errors are *call.Error with the codes of KMS.

// via turns a request to another service into that service's request to KMS.
func via(r *call.Request, operation string) *call.Request {
	inner := *r
	if inner.Via == "" && r.Service != "kms" {
		inner.Via = r.Service + "." + r.Region + ".amazonaws.com"
	}
	inner.ID, inner.Service, inner.Operation, inner.Body = "", "kms", operation, nil
	return &inner
}

// EncryptFor encrypts 1 to 4,096 bytes with the key that keyRef names (ID, ARN, alias or alias ARN). It returns the
// blob and the key's ARN.
func (s *Service) EncryptFor(r *call.Request, keyRef string, plaintext []byte, context map[string]string) (blob []byte, keyARN string, err error) {
	if plaintext == nil {
		plaintext = []byte{}
	}
	out, err := s.encrypt(via(r, "Encrypt"), &encryptInput{KeyId: &keyRef, Plaintext: plaintext, EncryptionContext: context})
	if err != nil {
		return nil, "", err
	}
	reply, ok := out.(encryptOutput)
	if !ok {
		return nil, "", errReply
	}
	return reply.CiphertextBlob, reply.KeyId, nil
}

// DecryptFor opens a blob with the encryption context that it was made with. It returns the plaintext and the ARN of
// the key.
func (s *Service) DecryptFor(r *call.Request, blob []byte, context map[string]string) (plaintext []byte, keyARN string, err error) {
	out, err := s.decrypt(via(r, "Decrypt"), &decryptInput{CiphertextBlob: blob, EncryptionContext: context})
	if err != nil {
		return nil, "", err
	}
	reply, ok := out.(decryptOutput)
	if !ok {
		return nil, "", errReply
	}
	return reply.Plaintext, reply.KeyId, nil
}

// GenerateDataKeyFor makes a random data key of 32 bytes. It returns the key in plaintext and encrypted, and the ARN
// of the KMS key that encrypted it.
func (s *Service) GenerateDataKeyFor(r *call.Request, keyRef string, context map[string]string) (plaintext, blob []byte, keyARN string, err error) {
	reply, err := s.newDataKey(via(r, "GenerateDataKey"), &dataKeyInput{KeyId: &keyRef, KeySpec: "AES_256", EncryptionContext: context})
	if err != nil {
		return nil, nil, "", err
	}
	return reply.Plaintext, reply.CiphertextBlob, reply.KeyId, nil
}

// DryRunFor makes a dry run of EncryptFor or, if the operation is GenerateDataKey, of GenerateDataKeyFor: it fails as they would, and
// encrypts nothing.
func (s *Service) DryRunFor(r *call.Request, operation, keyRef string, plaintext []byte, context map[string]string) (err error) {
	dry, inner := dryRunFields{DryRun: true}, via(r, operation)
	if operation == "GenerateDataKey" {
		_, err = s.newDataKey(inner, &dataKeyInput{KeyId: &keyRef, KeySpec: "AES_256", EncryptionContext: context, dryRunFields: dry})
	} else {
		_, err = s.encrypt(inner, &encryptInput{KeyId: &keyRef, Plaintext: plaintext, EncryptionContext: context, dryRunFields: dry})
	}
	var answer *call.Error
	if errors.As(err, &answer) && answer.Code == dryRunCode {
		return nil
	}
	return err
}

// A NewKey says which key Create makes. Its fields are members of CreateKey.
type NewKey struct {
	Description, KeySpec, KeyUsage string
	MultiRegion                    bool
	Policy                         *string // nil for the default one
}

// Create makes a key as CreateKey does.
func (s *Service) Create(r *call.Request, in NewKey) (id, arn string, err error) {
	k, err := s.makeKey(via(r, "CreateKey"), &createKeyInput{
		Description: in.Description, KeySpec: in.KeySpec, KeyUsage: in.KeyUsage, MultiRegion: in.MultiRegion, Policy: in.Policy,
	})
	if err != nil {
		return "", "", err
	}
	return k.ID, k.arn(), nil
}

// CreateAlias makes an alias for a key as CreateAlias does.
func (s *Service) CreateAlias(r *call.Request, name, target string) error {
	_, err := s.createAlias(via(r, "CreateAlias"), &aliasInput{AliasName: &name, TargetKeyId: &target})
	return err
}

// Describe returns the ID and the state of a key as DescribeKey does.
func (s *Service) Describe(r *call.Request, keyRef string) (id, state string, err error) {
	err = s.described(via(r, "DescribeKey"), &keyIDInput{KeyId: &keyRef}, func(k *key) { id, state = k.ID, k.State })
	return id, state, err
}

// Resolve returns the ARN of the key that keyRef names. It requires no permission. The key may be disabled.
func (s *Service) Resolve(r *call.Request, keyRef string) (arn string, err error) {
	inner := via(r, "DescribeKey")
	s.ensureManaged(inner, keyRef)
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.find(inner, "keyId", keyRef)
	if err != nil {
		return "", err
	}
	return k.arn(), nil
}

var errReply = errors.New("kms: an operation gave a reply of another kind")
