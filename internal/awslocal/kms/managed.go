package kms

import (
	"strings"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// EnsureManaged makes the AWS managed key alias/aws/ssm of the request's account and region if it does not
// exist yet, as AWS does on first use. There is no other managed key.
func (s *Service) EnsureManaged(r *call.Request, name string) error {
	if name != managedAlias {
		return unsupported("The AWS managed key " + name)
	}
	s.ensureManaged(r, name)
	return nil
}

func (s *Service) ensureManaged(r *call.Request, ref string) {
	if !strings.HasSuffix(ref, managedAlias) {
		return
	}
	arn := "arn:aws:kms:" + r.Region + ":" + r.Account + ":" + managedAlias
	if ref != managedAlias && ref != arn {
		return
	}
	s.mu.RLock()
	exists := s.aliases[arn] != nil
	s.mu.RUnlock()
	if exists {
		return
	}
	policy, err := iam.ParseKey([]byte(managedPolicy(r.Account, r.Region)))
	if err != nil {
		panic(err) // account and region are plain words
	}
	k := &key{
		ID: newKeyID(false), Account: r.Account, Region: r.Region, Managed: true, Created: r.Now,
		Description: "Default key that protects my SSM parameters when no other key is defined",
		Spec:        specSymmetric, Usage: usageEncrypt, Origin: "AWS_KMS", State: stateEnabled,
	}
	k.setPolicy(policy)
	if err := k.makeMaterial(); err != nil {
		panic(err) // random bytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.aliases[arn] == nil {
		s.keys[k.arn()] = k
		s.point(&alias{ARN: arn, Created: r.Now, Updated: r.Now}, k)
	}
}

// managedPolicy is the key policy of alias/aws/ssm. Everyone in the account who can use SSM can use the key through
// SSM. Nobody can use the key directly or edit the policy. For keys of this kind, see
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service.
func managedPolicy(account, region string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "auto-ssm-1",
  "Statement" : [ {
    "Sid" : "Allow access through SSM for all principals in the account that are authorized to use SSM",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "` + account + `",
        "kms:ViaService" : "ssm.` + region + `.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::` + account + `:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*" ],
    "Resource" : "*"
  } ]
}`
}
