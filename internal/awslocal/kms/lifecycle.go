package kms

import (
	"strconv"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// change finds a key as allowed does, for an operation that changes it, and refuses keys that are pending deletion. The
// caller holds the write lock.
func (s *Service) change(r *call.Request, keyID *string, extra ...conditionKeys) (reference, error) {
	k, err := s.allowed(r, keyID, extra...)
	if err != nil {
		return reference{}, err
	}
	if k.waiting() && r.Operation != "CancelKeyDeletion" {
		return reference{}, invalidState(k.arn(), "pending deletion")
	}
	return k, nil
}

// enableKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html.
func (s *Service) enableKey(r *call.Request, in *keyIDInput) (any, error) {
	return nil, s.setState(r, in, stateEnabled)
}

// disableKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html.
func (s *Service) disableKey(r *call.Request, in *keyIDInput) (any, error) {
	return nil, s.setState(r, in, stateDisabled)
}

func (s *Service) setState(r *call.Request, in *keyIDInput, state string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId)
	if err != nil {
		return err
	}
	if k.State == statePendingImport {
		return invalidState(k.arn(), "pending import")
	}
	k.State = state
	return nil
}

const (
	leastWindow = 7 // days
	mostWindow  = 30
)

type scheduleInput struct {
	KeyId               *string
	PendingWindowInDays *int
}

type scheduleOutput struct {
	KeyId               string
	KeyState            string
	DeletionDate        float64 `json:",omitempty"`
	PendingWindowInDays int
}

// scheduleKeyDeletion is https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html. The
// key is gone when the waiting period is over, by the clock of the request that uses the key. A primary key with
// replicas waits without a date.
func (s *Service) scheduleKeyDeletion(r *call.Request, in *scheduleInput) (any, error) {
	window := mostWindow
	if in.PendingWindowInDays != nil {
		window = *in.PendingWindowInDays
	}
	if err := checkRange("pendingWindowInDays", window, leastWindow, mostWindow); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId, condition("kms:ScheduleKeyDeletionPendingWindowInDays", strconv.Itoa(window)))
	if err != nil {
		return nil, err
	}
	out := scheduleOutput{KeyId: k.arn(), PendingWindowInDays: window}
	if k.Region == k.PrimaryRegion && len(s.regions(k.key).ReplicaKeys) > 0 {
		k.State, k.Window = statePendingReplicaDeletion, window
	} else {
		k.State = statePendingDeletion
		k.Deletion = r.Now.Add(time.Duration(window) * 24 * time.Hour)
		out.DeletionDate = epoch(k.Deletion)
	}
	out.KeyState = k.State
	return out, nil
}

// cancelKeyDeletion is https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html: the key is
// disabled afterward.
func (s *Service) cancelKeyDeletion(r *call.Request, in *keyIDInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.change(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	if !k.waiting() {
		return nil, invalidState(k.arn(), "not pending deletion")
	}
	k.State, k.Deletion, k.Window = stateDisabled, time.Time{}, 0
	return map[string]any{"KeyId": k.arn()}, nil
}

// sweep removes the keys whose waiting period is over, and their aliases. No call finds these keys even before that;
// sweep frees their names. The caller holds the write lock.
func (s *Service) sweep(now time.Time) {
	for arn, k := range s.keys {
		if k.gone(now) {
			delete(s.keys, arn)
			s.usage.Lock()
			delete(s.lastUses, arn)
			s.usage.Unlock()
		}
	}
	for arn, a := range s.aliases {
		if s.keys[a.Target] == nil {
			delete(s.aliases, arn)
		}
	}
}
