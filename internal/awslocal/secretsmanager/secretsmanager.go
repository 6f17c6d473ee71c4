// Package secretsmanager is the Secrets Manager of the embedded AWS, as
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/ describes it.
//
// A value is stored as in AWS: sealed with a data key of the secret's KMS key, which the caller generates and decrypts with the encryption
// context SecretARN, SecretVersionId (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html). Unlike AWS,
// rotation begins but runs no function: the caller finishes it by moving the labels.
package secretsmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/iam"
)

// KMS is what Secrets Manager needs from KMS. Every method acts as the caller of the request, and needs the permissions of the KMS
// operation of the same name.
type KMS interface {
	GenerateDataKeyFor(req *call.Request, keyRef string, context map[string]string) (plaintext, blob []byte, keyARN string, err error)
	DecryptFor(req *call.Request, blob []byte, context map[string]string) (plaintext []byte, keyARN string, err error)
	EnsureManaged(req *call.Request, alias string) error
	// DryRunFor fails as GenerateDataKeyFor would, and makes no key.
	DryRunFor(req *call.Request, operation, keyRef string, plaintext []byte, context map[string]string) error
}

// Options are switches for behavior that AWS documents as possible but does not show every time.
type Options struct {
	// ListDelay is how long ListSecrets does not show a change: up to five minutes
	// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html). Set it before the first call.
	ListDelay time.Duration
	// Trial makes writes check everything, but encrypt nothing: a value cannot be read afterwards.
	Trial bool
}

// Service is the Secrets Manager of every account and region. It implements call.Service.
type Service struct {
	kms       KMS
	functions Functions
	options   Options

	mu      sync.RWMutex
	secrets map[string]store                // by "account/region"
	past    map[string]map[string][]listing // by "account/region" and name, oldest first; only with Options.ListDelay
}

// store holds the secrets of one account and region by name.
type store map[string]*secret

// secret is one secret with its versions.
type secret struct {
	Name          string     `json:"name"`
	ARN           string     `json:"arn"`
	Account       string     `json:"account"`
	Region        string     `json:"region"`
	Description   string     `json:"description,omitempty"`
	Type          string     `json:"type,omitempty"`
	KeyID         string     `json:"key_id,omitempty"` // "" for aws/secretsmanager
	OwningService string     `json:"owning_service,omitempty"`
	Created       time.Time  `json:"created"`
	Changed       time.Time  `json:"changed"`
	Accessed      time.Time  `json:"accessed,omitzero"` // a day
	Deletion      time.Time  `json:"deletion,omitzero"` // the end of the recovery window
	Tags          []tag      `json:"tags"`              // nil if there never was one
	Policy        string     `json:"policy,omitempty"`  // the resource policy, as it was put
	Primary       string     `json:"primary,omitempty"` // the region of the secret that this is a replica of
	Replicas      []replica  `json:"replicas,omitempty"`
	Rotation      *rotation  `json:"rotation,omitempty"` // nil if it was never configured
	Versions      []*version `json:"versions"`           // in the order of their creation

	policy *iam.Policy // Policy, parsed
}

// version is one version of a secret. Its value never changes.
type version struct {
	ID       string    `json:"id"`
	Stages   []string  `json:"stages,omitempty"` // ascending; none for a deprecated version
	Created  time.Time `json:"created"`
	Accessed time.Time `json:"accessed,omitzero"` // a day
	KeyID    string    `json:"key_id,omitempty"`  // "" for aws/secretsmanager
	Binary   bool      `json:"binary,omitempty"`
	Value    *sealed   `json:"value,omitempty"` // nil for a version without a value, as a rotation begins with

	Sample int `json:"sample,omitempty"` // which value of the sample file this is, from 1; 0 if it is none
}

// New makes a Secrets Manager without secrets on top of a KMS and a Lambda.
func New(kms KMS, functions Functions, o Options) *Service {
	return &Service{kms: kms, functions: functions, options: o, secrets: map[string]store{}}
}

// Name is "secretsmanager".
func (s *Service) Name() string { return "secretsmanager" }

// Operations implements call.Service.
func (s *Service) Operations() map[string]call.Handler {
	return map[string]call.Handler{
		"CreateSecret":                 call.Decoded(s.createSecret),
		"PutSecretValue":               call.Decoded(s.putSecretValue),
		"UpdateSecret":                 call.Decoded(s.updateSecret),
		"UpdateSecretVersionStage":     call.Decoded(s.updateSecretVersionStage),
		"GetSecretValue":               call.Decoded(s.getSecretValue),
		"DescribeSecret":               call.Decoded(s.describeSecret),
		"ListSecretVersionIds":         call.Decoded(s.listSecretVersionIDs),
		"DeleteSecret":                 call.Decoded(s.deleteSecret),
		"RestoreSecret":                call.Decoded(s.restoreSecret),
		"TagResource":                  call.Decoded(s.tagResource),
		"UntagResource":                call.Decoded(s.untagResource),
		"ListSecrets":                  call.Decoded(s.listSecrets),
		"BatchGetSecretValue":          call.Decoded(s.batchGetSecretValue),
		"RotateSecret":                 call.Decoded(s.rotateSecret),
		"CancelRotateSecret":           call.Decoded(s.cancelRotateSecret),
		"GetResourcePolicy":            call.Decoded(s.getResourcePolicy),
		"ListResourcePolicies":         call.Decoded(s.listResourcePolicies),
		"PutResourcePolicy":            call.Decoded(s.putResourcePolicy),
		"DeleteResourcePolicy":         call.Decoded(s.deleteResourcePolicy),
		"ValidateResourcePolicy":       call.Decoded(s.validateResourcePolicy),
		"ReplicateSecretToRegions":     call.Decoded(s.replicateSecretToRegions),
		"RemoveRegionsFromReplication": call.Decoded(s.removeRegionsFromReplication),
		"StopReplicationToReplica":     call.Decoded(s.stopReplicationToReplica),
		"GetRandomPassword":            call.Decoded(s.getRandomPassword),
	}
}

// Mutates implements call.Service. The day of the last access, which reads change, is saved with the next change.
func (s *Service) Mutates(operation string) bool {
	for _, reads := range []string{"Get", "BatchGet", "Describe", "List", "Validate"} {
		if strings.HasPrefix(operation, reads) {
			return false
		}
	}
	return true
}

// Snapshot implements call.Service.
func (s *Service) Snapshot() (json.RawMessage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return json.Marshal(s.secrets)
}

// Restore implements call.Service.
func (s *Service) Restore(state json.RawMessage) error {
	all := map[string]store{}
	if err := json.Unmarshal(state, &all); err != nil {
		return errors.New("secretsmanager: the snapshot is damaged") // the decoder's error could quote a value
	}
	for place, secrets := range all {
		for name, x := range secrets {
			if err := x.restored(); err != nil {
				return fmt.Errorf("secretsmanager: the snapshot is damaged: secret %q in %q: %w", name, place, err)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets, s.past = all, nil
	s.settle()
	return nil
}

// restored checks a secret from a snapshot, and rebuilds what a snapshot does not have.
func (x *secret) restored() error {
	if x == nil || x.Name == "" || !strings.HasPrefix(x.ARN, "arn:") {
		return errors.New("it has no name")
	}
	if slices.Contains(x.Versions, nil) {
		return errors.New("a version is empty")
	}
	if x.Policy == "" {
		return nil
	}
	policy, err := iam.ParseResource([]byte(x.Policy))
	x.policy = &policy
	return err
}

func place(account, region string) string { return account + "/" + region }

// gone reports whether the recovery window of the secret is over.
func (x *secret) gone(now time.Time) bool { return x.deleted() && !now.Before(x.Deletion) }

// deleted reports whether the secret is marked for deletion.
func (x *secret) deleted() bool { return !x.Deletion.IsZero() }

// instant is the time of a request in milliseconds, as dates of Secrets Manager have them.
func instant(req *call.Request) time.Time { return req.Now.UTC().Truncate(time.Millisecond) }

// epoch is a time in AWS's JSON protocol: seconds since 1970, with three decimals.
type epoch time.Time

// IsZero reports whether there is no time, so that the reply does not have the member.
func (e epoch) IsZero() bool { return time.Time(e).IsZero() }

func (e epoch) compare(other epoch) int { return time.Time(e).Compare(time.Time(other)) }

// MarshalJSON implements json.Marshaler.
func (e epoch) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(time.Time(e).UnixMilli())/1000), nil
}
