// Package cloudtrail is the CloudTrail service of the embedded AWS: its event history has the cryptographic operations of KMS, and its
// trails have event selectors but deliver nothing (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/).
//
// The event history is in memory. It ends with the process, and only the newest events are kept.
package cloudtrail

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// maxEvents is how many events of all accounts and Regions are kept.
const maxEvents = 10_000

// Service is event history and trails of all accounts and Regions. Make one with New.
type Service struct {
	// Delay is how long an event is not in the event history yet. Set it before the first call.
	Delay time.Duration

	mu     sync.Mutex
	events []*event // oldest first, at most maxEvents
	trails map[string]*trail
}

// New makes a service without events and trails.
func New() *Service { return &Service{trails: map[string]*trail{}} }

// Name implements call.Service.
func (s *Service) Name() string { return "cloudtrail" }

// Operations implements call.Service.
func (s *Service) Operations() map[string]call.Handler {
	return map[string]call.Handler{
		"LookupEvents":      call.Decoded(s.lookupEvents),
		"CreateTrail":       call.Decoded(s.createTrail),
		"DescribeTrails":    call.Decoded(s.describeTrails),
		"PutEventSelectors": call.Decoded(s.putEventSelectors),
		"GetEventSelectors": call.Decoded(s.getEventSelectors),
	}
}

// Mutates implements call.Service.
func (s *Service) Mutates(operation string) bool {
	return operation == "CreateTrail" || operation == "PutEventSelectors"
}

// Snapshot returns the trails.
func (s *Service) Snapshot() (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Marshal(map[string]any{"trails": s.sorted()})
}

// Restore replaces the trails, and forgets all events.
func (s *Service) Restore(snapshot json.RawMessage) error {
	var state struct{ Trails []*trail }
	if err := json.Unmarshal(snapshot, &state); err != nil {
		return err
	}
	trails := map[string]*trail{}
	for _, t := range state.Trails {
		if t != nil {
			trails[t.arn()] = t
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trails, s.events = trails, nil
	return nil
}

func invalid(code, message string) error { return call.NewError(code, message) }
