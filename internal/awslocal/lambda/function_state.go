package lambda

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/whispering/bundle/internal/lazyregexp"
)

var functionARN = lazyregexp.New(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}$`)

// FunctionState is a state that a test wants to see: State and LastUpdateStatus can be any text, such as a value that AWS adds tomorrow.
// What is "" is not changed.
type FunctionState struct {
	State                      string `json:"state,omitempty"`
	StateReason                string `json:"state_reason,omitempty"`
	StateReasonCode            string `json:"state_reason_code,omitempty"`
	LastUpdateStatus           string `json:"last_update_status,omitempty"`
	LastUpdateStatusReason     string `json:"last_update_status_reason,omitempty"`
	LastUpdateStatusReasonCode string `json:"last_update_status_reason_code,omitempty"`
}

// apply shows the state in place of the real one.
func (f *FunctionState) apply(out *stateOutput) {
	if f == nil {
		return
	}
	out.State, out.LastUpdateStatus = cmp.Or(f.State, out.State), cmp.Or(f.LastUpdateStatus, out.LastUpdateStatus)
	out.StateReason, out.StateReasonCode = cmp.Or(f.StateReason, out.StateReason), cmp.Or(f.StateReasonCode, out.StateReasonCode)
	out.LastUpdateStatusReason = cmp.Or(f.LastUpdateStatusReason, out.LastUpdateStatusReason)
	out.LastUpdateStatusReasonCode = cmp.Or(f.LastUpdateStatusReasonCode, out.LastUpdateStatusReasonCode)
}

// SetState makes a function, version or alias ("" for $LATEST) show a state until another one is set. The empty state shows the real one.
func (s *Service) SetState(arn, qualifier string, state FunctionState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[arn]
	if f == nil || f.find(qualifier) == nil {
		return errors.New("no such function or version")
	}
	f.find(qualifier).State = nil
	if state != (FunctionState{}) {
		f.find(qualifier).State = &state
	}
	return nil
}

// HasFunction reports whether there is a function with this ARN, without a qualifier.
func (s *Service) HasFunction(arn string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.functions[arn] != nil
}

// Failure is why an update fails.
type Failure struct {
	Reason string `json:"reason"`
	Code   string `json:"code"` // such as "InternalError"; AWS may send any
}

// FailUpdate makes the next update of a function end in LastUpdateStatus Failed, when its time is over. What was there before stays.
func (s *Service) FailUpdate(arn string, why Failure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[arn]
	if f == nil {
		return errors.New("no such function")
	}
	f.Fails = &why
	return nil
}

// restored are the functions of a snapshot, by ARN.
func restored(all []*function) (map[string]*function, error) {
	functions := map[string]*function{}
	for _, f := range all {
		if f == nil || !functionARN.MatchString(f.ARN) || f.Latest == nil || f.Latest.Version != latest || !f.Latest.Digest.valid() {
			return nil, errors.New("lambda: the snapshot is damaged: a function")
		}
		if f.Latest.Change != nil && f.Latest.Change.Fails != nil && f.Latest.Change.Before == nil {
			return nil, fmt.Errorf("lambda: the snapshot is damaged: an update of function %q", f.ARN)
		}
		wrong := slices.ContainsFunc(f.Versions, func(v *release) bool {
			return v == nil || v.number() < 1 || v.number() > f.Last || !v.Digest.valid()
		})
		if wrong || f.Published != nil && !f.Published.Digest.valid() || slices.Contains(f.Aliases, nil) {
			return nil, fmt.Errorf("lambda: the snapshot is damaged: a version or alias of function %q", f.ARN)
		}
		functions[f.ARN] = f
	}
	return functions, nil
}
