package secretsmanager

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// defaultKey is the AWS managed key of secrets without a key of their own, made on first use.
const defaultKey = "alias/aws/secretsmanager"

// validation is the SecretVersionId in the encryption context of the calls that check whether the caller may use a key
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
const validation = "RequestToValidateKeyAccess"

// sealed is a value under a data key.
type sealed struct {
	Key []byte `json:"key"` // the data key, encrypted by KMS
	Box []byte `json:"box"` // nonce and ciphertext
}

func contextOf(arn, versionID string) map[string]string {
	return map[string]string{"SecretARN": arn, "SecretVersionId": versionID}
}

// keyOf returns the key that KMS is asked for. keyID is "" for the default key, which is made if it does not exist.
func (s *Service) keyOf(req *call.Request, keyID string) (string, error) {
	if keyID != "" {
		return keyID, nil
	}
	return defaultKey, s.kms.EnsureManaged(req, defaultKey)
}

// seal encrypts a value for a version as the caller.
func (s *Service) seal(req *call.Request, arn, versionID, keyID string, plaintext []byte) (*sealed, error) {
	key, err := s.keyOf(req, keyID)
	if err != nil {
		return nil, err
	}
	if s.options.Trial {
		return &sealed{}, fromKMS("EncryptionFailure", s.kms.DryRunFor(req, "GenerateDataKey", key, nil, contextOf(arn, versionID)))
	}
	data, blob, _, err := s.kms.GenerateDataKeyFor(req, key, contextOf(arn, versionID))
	if err != nil {
		return nil, fromKMS("EncryptionFailure", err)
	}
	box, err := gcm(data)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce) // never fails
	return &sealed{Key: blob, Box: box.Seal(nonce, nonce, plaintext, nil)}, nil
}

// open decrypts the value of a version as the caller.
func (s *Service) open(req *call.Request, arn string, v *version) ([]byte, error) {
	data, _, err := s.kms.DecryptFor(req, v.Value.Key, contextOf(arn, v.ID))
	if err != nil {
		return nil, fromKMS("DecryptionFailure", err)
	}
	box, err := gcm(data)
	if err != nil {
		return nil, err
	}
	if len(v.Value.Box) < box.NonceSize() {
		return nil, errDamaged
	}
	nonce, ciphertext := v.Value.Box[:box.NonceSize()], v.Value.Box[box.NonceSize():]
	plaintext, err := box.Open(nil, nonce, ciphertext, nil)
	if err != nil {
		return nil, errDamaged
	}
	return plaintext, nil
}

// validate checks that the caller may encrypt and decrypt with a key of its own, before anything is stored under it.
func (s *Service) validate(req *call.Request, arn, keyID string) error {
	if keyID == "" || s.options.Trial {
		return nil
	}
	_, blob, _, err := s.kms.GenerateDataKeyFor(req, keyID, contextOf(arn, validation))
	if err != nil {
		return fromKMS("EncryptionFailure", err)
	}
	_, _, err = s.kms.DecryptFor(req, blob, contextOf(arn, validation))
	return fromKMS("DecryptionFailure", err)
}

// keyID returns the key of a request as it is stored and described: "" for the default key, and an alias as its ARN.
func keyID(req *call.Request, asked *string) string {
	switch {
	case asked == nil, *asked == "", strings.HasSuffix(*asked, defaultKey):
		return ""
	case strings.HasPrefix(*asked, "alias/"):
		return "arn:" + partition(req.Region) + ":kms:" + req.Region + ":" + req.Account + ":" + *asked
	}
	return *asked
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

var errDamaged = errors.New("secretsmanager: a stored value is damaged")
