// Package kms is the Key Management Service of the embedded AWS: keys, aliases, key policies and the
// cryptographic operations on them, as https://docs.aws.amazon.com/kms/latest/APIReference/ describes them.
//
// Keys are real: a ciphertext opens only with the key and the encryption context that sealed it, and the caller's
// identity policies, the key policies and the grants authorize every call. Unlike AWS, the state has key material in plaintext,
// there is no imported material, automatic rotation is noted and never happens, and asymmetric keys only encrypt (RSA).
package kms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Service holds the keys and aliases of all accounts and regions. Make one with New.
type Service struct {
	// ManagedByIdentity makes the use of an AWS managed key require permission in an identity policy too. The key policy alone allows
	// it to everyone in the account who comes through the service, and reports conflict on whether that is enough
	// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html). Set it before the first call.
	ManagedByIdentity bool
	// NullVariables is what a policy variable without a value does: see iam.Access.
	NullVariables bool
	// PolicyDelay is how long a key policy that was put has no effect yet. Set it before the first call.
	PolicyDelay time.Duration
	// Logged is told of every cryptographic operation with a key that was found, unless it is nil. Several requests call it at once.
	Logged func(Use)

	operations map[string]call.Handler
	defaults   sync.Map // the default key policies, parsed (iam.Policy), by account

	mu      sync.RWMutex
	keys    map[string]*key   // by ARN
	aliases map[string]*alias // by ARN

	usage    sync.Mutex
	lastUses map[string]lastUse // by key ARN
}

// alias is a name for a key of the same account and region.
type alias struct {
	ARN     string    `json:"arn"`
	Target  string    `json:"target"` // the key's ARN
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

func (a *alias) name() string { return a.ARN[strings.Index(a.ARN, ":alias/")+1:] }

// New makes a service without keys.
func New() *Service {
	s := &Service{keys: map[string]*key{}, aliases: map[string]*alias{}, lastUses: map[string]lastUse{}}
	s.operations = map[string]call.Handler{
		"CreateKey":                       call.Decoded(s.createKey),
		"DescribeKey":                     call.Decoded(s.describeKey),
		"ListKeys":                        call.Decoded(s.listKeys),
		"ReplicateKey":                    call.Decoded(s.replicateKey),
		"EnableKey":                       call.Decoded(s.enableKey),
		"DisableKey":                      call.Decoded(s.disableKey),
		"ScheduleKeyDeletion":             call.Decoded(s.scheduleKeyDeletion),
		"CancelKeyDeletion":               call.Decoded(s.cancelKeyDeletion),
		"GetKeyPolicy":                    call.Decoded(s.getKeyPolicy),
		"PutKeyPolicy":                    call.Decoded(s.putKeyPolicy),
		"ListKeyPolicies":                 call.Decoded(s.listKeyPolicies),
		"CreateGrant":                     call.Decoded(s.createGrant),
		"ListGrants":                      call.Decoded(s.listGrants),
		"ListRetirableGrants":             call.Decoded(s.listRetirableGrants),
		"RetireGrant":                     call.Decoded(s.retireGrant),
		"RevokeGrant":                     call.Decoded(s.revokeGrant),
		"GetKeyLastUsage":                 call.Decoded(s.getKeyLastUsage),
		"UpdateKeyDescription":            call.Decoded(s.updateKeyDescription),
		"UpdatePrimaryRegion":             call.Decoded(s.updatePrimaryRegion),
		"EnableKeyRotation":               call.Decoded(s.enableKeyRotation),
		"DisableKeyRotation":              call.Decoded(s.disableKeyRotation),
		"GetKeyRotationStatus":            call.Decoded(s.getKeyRotationStatus),
		"RotateKeyOnDemand":               call.Decoded(s.rotateKeyOnDemand),
		"ListKeyRotations":                call.Decoded(s.listKeyRotations),
		"GenerateRandom":                  call.Decoded(s.generateRandom),
		"ListResourceTags":                call.Decoded(s.listResourceTags),
		"TagResource":                     call.Decoded(s.tagResource),
		"UntagResource":                   call.Decoded(s.untagResource),
		"CreateAlias":                     call.Decoded(s.createAlias),
		"UpdateAlias":                     call.Decoded(s.updateAlias),
		"DeleteAlias":                     call.Decoded(s.deleteAlias),
		"ListAliases":                     call.Decoded(s.listAliases),
		"Encrypt":                         call.Decoded(s.encrypt),
		"Decrypt":                         call.Decoded(s.decrypt),
		"ReEncrypt":                       call.Decoded(s.reEncrypt),
		"GenerateDataKey":                 call.Decoded(s.generateDataKey),
		"GenerateDataKeyWithoutPlaintext": call.Decoded(s.generateDataKeyWithoutPlaintext),
	}
	return s
}

// Name is the service's signing name.
func (s *Service) Name() string { return "kms" }

// Operations lists the handlers by operation name.
func (s *Service) Operations() map[string]call.Handler { return s.operations }

// Mutates reports whether an operation changes the state. DescribeKey of an AWS managed key can make it, but the key
// does not have to be saved until something is encrypted with it.
func (s *Service) Mutates(operation string) bool {
	switch operation {
	case "CreateKey", "ReplicateKey", "CreateAlias", "UpdateAlias", "DeleteAlias", "PutKeyPolicy", "CreateGrant", "RetireGrant", "RevokeGrant",
		"UpdateKeyDescription", "UpdatePrimaryRegion", "EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand",
		"TagResource", "UntagResource", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion":
		return true
	}
	return false
}

// state is what Snapshot writes and Restore reads, sorted by ARN.
type state struct {
	Keys     []*key             `json:"keys"`
	Aliases  []*alias           `json:"aliases"`
	LastUses map[string]lastUse `json:"last_uses,omitempty"` // by key ARN
}

// Snapshot returns all keys, with their material, and all aliases.
func (s *Service) Snapshot() (json.RawMessage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := state{Keys: []*key{}, Aliases: []*alias{}}
	for _, arn := range slices.Sorted(maps.Keys(s.keys)) {
		st.Keys = append(st.Keys, s.keys[arn])
	}
	for _, arn := range slices.Sorted(maps.Keys(s.aliases)) {
		st.Aliases = append(st.Aliases, s.aliases[arn])
	}
	s.usage.Lock()
	defer s.usage.Unlock()
	st.LastUses = s.lastUses
	return json.Marshal(st)
}

// Restore replaces everything with a snapshot. An inconsistent snapshot changes nothing.
func (s *Service) Restore(snapshot json.RawMessage) error {
	var st state
	if err := json.Unmarshal(snapshot, &st); err != nil {
		return fmt.Errorf("kms: the snapshot is damaged: %w", err)
	}
	keys := map[string]*key{}
	for _, k := range st.Keys {
		if err := k.restored(); err != nil {
			return fmt.Errorf("kms: the snapshot is damaged: %w", err)
		}
		keys[k.arn()] = k
	}
	for _, a := range st.Aliases {
		if a == nil || !strings.Contains(a.ARN, ":alias/") || keys[a.Target] == nil {
			return fmt.Errorf("kms: the snapshot is damaged: an alias without a key")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.aliases = keys, map[string]*alias{}
	s.usage.Lock()
	defer s.usage.Unlock()
	s.lastUses = map[string]lastUse{}
	maps.Copy(s.lastUses, st.LastUses)
	for _, a := range st.Aliases {
		s.point(a, keys[a.Target])
	}
	return nil
}

// point makes an alias a name of a key, and no longer of the key that it named. The caller holds the write lock.
func (s *Service) point(a *alias, k *key) {
	if was := s.aliases[a.ARN]; was != nil {
		s.unname(was)
	}
	s.aliases[a.ARN], a.Target = a, k.arn()
	at, _ := slices.BinarySearch(k.aliases, a.name())
	k.aliases = slices.Insert(slices.Clone(k.aliases), at, a.name()) // a request may be reading the list
}

// unname takes an alias from the key that it names, if there is one. The caller holds the write lock.
func (s *Service) unname(a *alias) {
	if k := s.keys[a.Target]; k != nil {
		k.aliases = slices.DeleteFunc(slices.Clone(k.aliases), func(name string) bool { return name == a.name() })
	}
}

// epoch is a time in AWS's JSON protocol: seconds since 1970, with three decimals.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
