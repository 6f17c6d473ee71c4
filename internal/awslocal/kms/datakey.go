package kms

import (
	"crypto/rand"
	"encoding/json"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const maxDataKey = 1024 // bytes

type dataKeyInput struct {
	KeyId             *string
	KeySpec           string
	NumberOfBytes     *int
	EncryptionContext map[string]string
	Recipient         json.RawMessage
	dryRunFields
}

type dataKeyOutput struct {
	CiphertextBlob []byte
	Plaintext      []byte `json:",omitempty"`
	KeyId          string
	KeyMaterialId  string `json:",omitempty"`
}

// generateDataKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html.
func (s *Service) generateDataKey(r *call.Request, in *dataKeyInput) (any, error) {
	return reply(s.newDataKey(r, in))
}

// generateDataKeyWithoutPlaintext is
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html.
func (s *Service) generateDataKeyWithoutPlaintext(r *call.Request, in *dataKeyInput) (any, error) {
	out, err := s.newDataKey(r, in)
	out.Plaintext = nil
	return reply(out, err)
}

// reply drops the output of a call that failed.
func reply[Out any](out Out, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}

// size returns the length of the requested data key, in bytes.
func (in *dataKeyInput) size() (int, error) {
	switch {
	case (in.KeySpec == "") == (in.NumberOfBytes == nil):
		return 0, validation("Please specify either number of bytes or key spec.")
	case in.KeySpec == "AES_256":
		return 32, nil
	case in.KeySpec == "AES_128":
		return 16, nil
	case in.KeySpec != "":
		return 0, constraint(" '"+in.KeySpec+"'", "keySpec", "satisfy enum value set: [AES_256, AES_128]")
	}
	return *in.NumberOfBytes, checkRange("numberOfBytes", *in.NumberOfBytes, 1, maxDataKey)
}

// newDataKey serves both operations. Each needs its own permission.
func (s *Service) newDataKey(r *call.Request, in *dataKeyInput) (out dataKeyOutput, err error) {
	var none dataKeyOutput
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return none, err
	}
	size, err := in.size()
	if err != nil {
		return none, err
	}
	if _, err := in.check(); err != nil {
		return none, err
	}
	if len(in.Recipient) > 0 && string(in.Recipient) != "null" {
		return none, unsupported("Recipient")
	}
	s.ensureManaged(r, ref)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return none, err
	}
	k, err := s.find(r, "keyId", ref)
	if err != nil {
		return none, err
	}
	defer func() {
		s.log(r, r.Operation, err, Use{KeyID: ref, Context: in.EncryptionContext, KeySpec: in.KeySpec, DryRun: in.DryRun}, k)
	}()
	if err := s.allow(r, r.Operation, k, contextKeys(in.EncryptionContext), algorithmKey(specSymmetric)); err != nil {
		return none, err
	}
	plaintext := make([]byte, size)
	rand.Read(plaintext) // never fails
	if k.Spec != specSymmetric {
		return none, invalidUsage("%s key usage is %s which is not valid for %s.", k.arn(), k.Usage, r.Operation)
	}
	blob, err := k.encrypt(r.Operation, specSymmetric, plaintext, in.EncryptionContext, in.DryRun)
	if err != nil {
		return none, err
	}
	if in.DryRun {
		return none, dryRun()
	}
	s.used(r, r.Operation, k.key)
	return dataKeyOutput{CiphertextBlob: blob, Plaintext: plaintext, KeyId: k.arn(), KeyMaterialId: k.material}, nil
}
