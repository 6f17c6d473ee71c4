package kms

import (
	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// managed is an AWS managed key, which a service uses for what has no key of its own.
type managed struct {
	service     string // signing name
	description string
	policy      func(account, region string) string
}

func (m managed) alias() string { return "alias/aws/" + m.service }

func managedKeys() []managed {
	return []managed{
		{"ssm", "Default key that protects my SSM parameters when no other key is defined", ssmPolicy},
		{"secretsmanager", "Default key that protects my Secrets Manager data when no other key is defined", secretsPolicy},
	}
}

// EnsureManaged makes the AWS managed key of an alias (alias/aws/ssm, alias/aws/secretsmanager) in the request's account and region if it
// does not exist yet, as AWS does on first use. There is no other managed key.
func (s *Service) EnsureManaged(r *call.Request, name string) error {
	for _, m := range managedKeys() {
		if m.alias() == name {
			s.ensureManaged(r, name)
			return nil
		}
	}
	return unsupported("The AWS managed key " + name)
}

func (s *Service) ensureManaged(r *call.Request, ref string) {
	for _, m := range managedKeys() {
		arn := "arn:aws:kms:" + r.Region + ":" + r.Account + ":" + m.alias()
		if ref == m.alias() || ref == arn {
			s.ensure(r, arn, m)
		}
	}
}

func (s *Service) ensure(r *call.Request, arn string, m managed) {
	s.mu.RLock()
	exists := s.aliases[arn] != nil
	s.mu.RUnlock()
	if exists {
		return
	}
	policy, err := iam.ParseKey([]byte(m.policy(r.Account, r.Region)))
	if err != nil {
		panic(err) // account and region are plain words
	}
	k := &key{
		ID: newKeyID(false), Account: r.Account, Region: r.Region, Managed: true, Created: r.Now,
		Description: m.description,
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

// ssmPolicy is the key policy of alias/aws/ssm. Everyone in the account who can use SSM can use the key through
// SSM. Nobody can use the key directly or edit the policy. For keys of this kind, see
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service.
func ssmPolicy(account, region string) string {
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

// secretsPolicy is the key policy of alias/aws/secretsmanager: everyone in the account who can use Secrets Manager can use the key
// through it (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
func secretsPolicy(account, region string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "auto-secretsmanager-2",
  "Statement" : [ {
    "Sid" : "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "` + account + `",
        "kms:ViaService" : "secretsmanager.` + region + `.amazonaws.com"
      }
    }
  }, {
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : "kms:GenerateDataKey*",
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "` + account + `"
      },
      "StringLike" : {
        "kms:ViaService" : "secretsmanager.*.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::` + account + `:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}`
}
