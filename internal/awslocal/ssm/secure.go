package ssm

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/whispering/bundle/internal/awslocal/call"
)

const (
	secureString = "SecureString"
	defaultKey   = "alias/aws/ssm" // the AWS managed key, made on first use

	standard = "Standard"
	advanced = "Advanced"
)

// seal returns what is stored for a SecureString: a KMS ciphertext in the standard tier, a message under a data key in the advanced
// tier, both in base64. The lock must be held.
func (s *Service) seal(req *call.Request, arn, keyID, tier, value string) (string, error) {
	if keyID == defaultKey {
		if err := s.kms.EnsureManaged(req, defaultKey); err != nil {
			return "", err
		}
	}
	if s.options.Trial {
		operation := "Encrypt"
		if tier == advanced {
			operation = "GenerateDataKey"
		}
		return "", fromKMS(s.kms.DryRunFor(req, operation, keyID, []byte(value), contextOf(arn)))
	}
	if tier == advanced {
		data, blob, keyARN, err := s.kms.GenerateDataKeyFor(req, keyID, contextOf(arn))
		if err != nil {
			return "", fromKMS(err)
		}
		format, second := formats()
		if s.options.CommittedMessages {
			format = second
		}
		message, err := sealMessage(data, []byte(value), envelope{arn: arn, keyARN: keyARN, dataKey: blob, format: format})
		return base64.StdEncoding.EncodeToString(message), err
	}
	blob, _, err := s.kms.EncryptFor(req, keyID, []byte(value), contextOf(arn))
	if err != nil {
		return "", fromKMS(err)
	}
	return base64.StdEncoding.EncodeToString(blob), nil
}

// open decrypts a stored SecureString as the caller.
func (s *Service) open(req *call.Request, arn string, v *version) (string, error) {
	stored, err := base64.StdEncoding.DecodeString(v.Value)
	if err != nil {
		return "", fmt.Errorf("the stored value of %s, version %d, is not base64", arn, v.Number)
	}
	blob := stored
	if v.Tier == advanced {
		if blob, err = dataKeyOf(stored); err != nil {
			return "", err
		}
	}
	plain, _, err := s.kms.DecryptFor(req, blob, contextOf(arn))
	if err != nil {
		return "", fromKMS(err)
	}
	if v.Tier == advanced {
		plain, err = openMessage(plain, stored)
	}
	return string(plain), err
}

// contextOf is the encryption context of every SecureString: the ARN without a version.
func contextOf(arn string) map[string]string { return map[string]string{"PARAMETER_ARN": arn} }

// fromKMS is the error by which SSM reports an error of KMS: AccessDeniedException for a refusal, InvalidKeyId for an unusable key,
// both with KMS's message (https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html).
func fromKMS(err error) error {
	var e *call.Error
	if !errors.As(err, &e) || e.Status >= 500 {
		return err
	}
	code := "InvalidKeyId"
	if e.Code == "AccessDeniedException" {
		code = e.Code
	}
	return call.NewError(code, fmt.Sprintf("%s (Service: AWSKMS; Status Code: 400; Error Code: %s; Proxy: null)", e.Message, e.Code))
}
