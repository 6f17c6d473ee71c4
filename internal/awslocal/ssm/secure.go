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
		s.trial.context["PARAMETER_ARN"], s.trial.request = arn, *req
		become(&s.trial.request, operation)
		return "", fromKMS(s.kms.DryRunFor(&s.trial.request, operation, keyID, []byte(value), s.trial.context))
	}
	if tier == advanced {
		data, blob, keyARN, err := s.kms.GenerateDataKeyFor(onBehalf(req, "GenerateDataKey"), keyID, contextOf(arn))
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
	blob, _, err := s.kms.EncryptFor(onBehalf(req, "Encrypt"), keyID, []byte(value), contextOf(arn))
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
	plain, _, err := s.kms.DecryptFor(onBehalf(req, "Decrypt"), blob, contextOf(arn))
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

// onBehalf is a call that SSM makes to KMS with the caller's identity.
func onBehalf(req *call.Request, operation string) *call.Request {
	k := *req
	become(&k, operation)
	return &k
}

// become turns a request to SSM into a call that SSM makes to KMS with the caller's identity.
func become(req *call.Request, operation string) {
	req.Service, req.Operation, req.Body = "kms", operation, nil
	req.Via = "ssm." + req.Region + ".amazonaws.com"
}

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
