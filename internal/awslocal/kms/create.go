package kms

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
	"github.com/whispering/bundle/internal/lazyregexp"
)

const maxDescription = 8192

type createKeyInput struct {
	Policy                         *string
	Description                    string
	KeyUsage                       string
	KeySpec                        string
	CustomerMasterKeySpec          string
	Origin                         string
	MultiRegion                    bool
	BypassPolicyLockoutSafetyCheck bool
	CustomKeyStoreId               string
	XksKeyId                       string
	Tags                           []tag
}

// createKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html.
func (s *Service) createKey(r *call.Request, in *createKeyInput) (any, error) {
	k, err := s.makeKey(r, in)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return map[string]any{"KeyMetadata": s.metadata(k)}, nil
}

// makeKey is createKey without its reply.
func (s *Service) makeKey(r *call.Request, in *createKeyInput) (*key, error) {
	k, err := newKey(r, in)
	if err != nil {
		return nil, err
	}
	extra := map[string][]string{
		"kms:KeySpec": {k.Spec}, "kms:KeyUsage": {k.Usage}, "kms:KeyOrigin": {k.Origin},
		"kms:MultiRegion":                    {fmt.Sprint(in.MultiRegion)},
		"kms:BypassPolicyLockoutSafetyCheck": {fmt.Sprint(in.BypassPolicyLockoutSafetyCheck)},
	}
	if err := allowPlain(r, "CreateKey", "*", extra); err != nil {
		return nil, err
	}
	policy, err := s.checkPolicy(r, k, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	k.setPolicy(policy)
	if err := k.makeMaterial(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[k.arn()] = k
	return k, nil
}

// newKey checks the members of a CreateKey request and makes the key that they describe, without material and policy.
func newKey(r *call.Request, in *createKeyInput) (*key, error) {
	k := &key{
		Account: r.Account, Region: r.Region, Description: in.Description, Usage: in.KeyUsage, Spec: in.KeySpec,
		Origin: in.Origin, State: stateEnabled, Created: r.Now, Tags: in.Tags,
	}
	switch {
	case k.Spec != "" && in.CustomerMasterKeySpec != "":
		return nil, validation("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.")
	case k.Spec == "" && in.CustomerMasterKeySpec != "":
		k.Spec = in.CustomerMasterKeySpec
	case k.Spec == "":
		k.Spec = specSymmetric
	}
	if err := checkLength("description", in.Description, 0, maxDescription); err != nil {
		return nil, err
	}
	if err := k.checkUsage(); err != nil {
		return nil, err
	}
	switch {
	case in.CustomKeyStoreId != "" || in.XksKeyId != "" || k.Origin == "AWS_CLOUDHSM" || k.Origin == "EXTERNAL_KEY_STORE":
		return nil, unsupported("A custom key store")
	case k.Origin == "":
		k.Origin = "AWS_KMS"
	case k.Origin == "EXTERNAL":
		k.State = statePendingImport
	case k.Origin != "AWS_KMS":
		return nil, constraint(" '"+k.Origin+"'", "origin", "satisfy enum value set: [EXTERNAL, AWS_KMS, AWS_CLOUDHSM, EXTERNAL_KEY_STORE]")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if in.MultiRegion {
		k.PrimaryRegion = k.Region
	}
	k.ID = newKeyID(in.MultiRegion)
	return k, nil
}

// checkUsage checks the usage against the spec, and fills in the usage of a symmetric key.
func (k *key) checkUsage() error {
	allowed, known := specOf(k.Spec)
	if !known {
		return constraint(" '"+k.Spec+"'", "keySpec", "satisfy enum value set: ["+strings.Join(specNames(), ", ")+"]")
	}
	switch k.Usage {
	case "":
		if k.Spec != specSymmetric {
			return validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		}
		k.Usage = usageEncrypt
	case usageEncrypt, "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE":
	default:
		return constraint(" '"+k.Usage+"'", "keyUsage",
			"satisfy enum value set: [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]")
	}
	if !slices.Contains(allowed.usages, k.Usage) {
		return validation("KeyUsage %s is not compatible with KeySpec %s", k.Usage, k.Spec)
	}
	return nil
}

// makeMaterial fills in the material of keys that can be used here.
func (k *key) makeMaterial() (err error) {
	switch {
	case k.State == statePendingImport:
	case k.Spec == specSymmetric:
		material := make([]byte, materialSize)
		rand.Read(material) // never fails
		k.setMaterial(material)
	case k.Usage == usageEncrypt:
		k.Material, err = newRSA(k.Spec)
	}
	return err
}

// DefaultPolicy is the key policy of a key that is created without one
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func DefaultPolicy(account string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::` + account + `:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
}

// parsePolicy parses the policy of a key; nil is the default one.
func (s *Service) parsePolicy(account string, document *string) (iam.Policy, error) {
	if document != nil {
		return iam.ParseKey([]byte(*document))
	}
	if known, ok := s.defaults.Load(account); ok {
		return known.(iam.Policy), nil
	}
	policy, err := iam.ParseKey([]byte(DefaultPolicy(account)))
	if err == nil {
		s.defaults.Store(account, policy)
	}
	return policy, err
}

const maxDocument = 131072 // characters, of a member of a request; a policy of more than iam.MaxPolicy is refused anyway

var documentPattern = lazyregexp.New(`^[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+$`)

// checkDocument checks what the service model says of a key policy. The messages do not repeat the policy.
func checkDocument(document *string) error {
	switch {
	case document == nil:
	case len(*document) < 1:
		return constraint("", "policy", "have length greater than or equal to 1")
	case utf8.RuneCountInString(*document) > maxDocument:
		return constraint("", "policy", "have length less than or equal to 131072")
	case !documentPattern.MatchString(*document):
		return constraint("", "policy", `satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`)
	}
	return nil
}

// checkPolicy parses a key policy (nil for the default one) and, unless bypass is set, refuses one that would prevent the caller from
// changing it again, with no regard to the policy of RAM (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
func (s *Service) checkPolicy(r *call.Request, k *key, document *string, bypass bool) (iam.Policy, error) {
	if err := checkDocument(document); err != nil {
		return iam.Policy{}, err
	}
	if document != nil && len(*document) > iam.MaxPolicy {
		return iam.Policy{}, call.NewError("LimitExceededException", "The key policy exceeds the length constraint.")
	}
	policy, err := s.parsePolicy(k.Account, document)
	if err != nil {
		return iam.Policy{}, malformedPolicy("The key policy is not valid: " + strings.TrimPrefix(err.Error(), iam.ErrMalformed.Error()+": "))
	}
	if bypass {
		return policy, nil
	}
	var refused *call.Error
	ref := reference{key: k}
	err = s.decide(r, ref, policy, s.access(r, "PutKeyPolicy", ref, policy, []conditionKeys{condition("kms:PolicyName", policyName)}))
	if errors.As(err, &refused) && refused.Code == "AccessDeniedException" {
		return iam.Policy{}, malformedPolicy("The new key policy will not allow you to update the key policy in the future.")
	}
	return policy, err
}

type keyIDInput struct {
	KeyId       *string
	GrantTokens []string
}

// describeKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html.
func (s *Service) describeKey(r *call.Request, in *keyIDInput) (any, error) {
	var metadata keyMetadata
	err := s.described(r, in, func(k *key) { metadata = s.metadata(k) })
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyMetadata": metadata}, nil
}

// described calls describe with the key of a DescribeKey request, under a lock.
func (s *Service) described(r *call.Request, in *keyIDInput, describe func(k *key)) error {
	ref, err := required("keyId", in.KeyId)
	if err != nil {
		return err
	}
	s.ensureManaged(r, ref)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkTokens(in.GrantTokens); err != nil {
		return err
	}
	k, err := s.find(r, "keyId", ref)
	if err != nil {
		return err
	}
	if err := s.allow(r, "DescribeKey", k); err != nil {
		return err
	}
	describe(k.key)
	return nil
}
