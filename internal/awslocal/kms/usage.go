package kms

import (
	"cmp"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// lastUse is the last successful cryptographic operation with a key.
type lastUse struct {
	Operation string    `json:"operation"`
	At        time.Time `json:"at"`
	Event     string    `json:"event"`   // a CloudTrail event ID; there is no such event here
	Request   string    `json:"request"` // a request ID
}

// used records a successful cryptographic operation. A primary key and its replicas are used apart. The record is saved with the next
// change of the state.
func (s *Service) used(r *call.Request, operation string, keys ...*key) {
	s.usage.Lock()
	defer s.usage.Unlock()
	for _, k := range keys {
		s.lastUses[k.arn()] = lastUse{Operation: operation, At: r.Now, Event: newKeyID(false), Request: cmp.Or(r.ID, newKeyID(false))}
	}
}

// keyLastUsage is https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyLastUsageData.html.
type keyLastUsage struct {
	Operation         string  `json:",omitempty"`
	Timestamp         float64 `json:",omitempty"`
	CloudTrailEventId string  `json:",omitempty"`
	KmsRequestId      string  `json:",omitempty"`
}

// getKeyLastUsage is https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html. The use of every key is tracked since
// the key was created.
func (s *Service) getKeyLastUsage(r *call.Request, in *keyIDInput) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.named(r, in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := s.ownKey(r, k); err != nil {
		return nil, err
	}
	if err := s.allow(r, "GetKeyLastUsage", k); err != nil {
		return nil, err
	}
	var last keyLastUsage
	s.usage.Lock()
	if use, was := s.lastUses[k.arn()]; was {
		last = keyLastUsage{Operation: use.Operation, Timestamp: epoch(use.At), CloudTrailEventId: use.Event, KmsRequestId: use.Request}
	}
	s.usage.Unlock()
	return map[string]any{"KeyId": k.arn(), "KeyLastUsage": last, "KeyCreationDate": epoch(k.Created), "TrackingStartDate": epoch(k.Created)}, nil
}

// ownKey refuses a key of another account for an operation that has no cross-account use.
func (s *Service) ownKey(r *call.Request, k reference) error {
	if k.Account != r.Caller.Account {
		return deniedForeign(r)
	}
	return nil
}
