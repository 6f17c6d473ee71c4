package secretsmanager

import (
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// listing is what ListSecrets says of a secret from a time on; nil if it is gone.
type listing struct {
	at    time.Time
	entry *entry
}

// SetListDelay is Options.ListDelay for a service that is in use: what is true now is what ListSecrets shows, and what changes from now on, it
// shows late. 0 makes it show everything at once again.
func (s *Service) SetListDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d == 0 || s.options.ListDelay == 0 {
		s.past = nil
	}
	s.options.ListDelay = d
	s.settle()
}

// settle makes ListSecrets show the secrets as they are, if nothing was noted of them. The lock must be held.
func (s *Service) settle() {
	if s.options.ListDelay == 0 || s.past != nil {
		return
	}
	for _, secrets := range s.secrets {
		for _, x := range secrets {
			e := x.entry()
			s.note(x, time.Time{}, &e)
		}
	}
}

// remember keeps what ListSecrets says of a secret from now on, if it says so late.
func (s *Service) remember(req *call.Request, x *secret) {
	if s.options.ListDelay > 0 {
		e := x.entry()
		s.note(x, req.Now, &e)
	}
}

// forget keeps that a secret is gone from now on.
func (s *Service) forget(req *call.Request, x *secret) {
	if s.options.ListDelay > 0 {
		s.note(x, req.Now, nil)
	}
}

func (s *Service) note(x *secret, from time.Time, e *entry) {
	at := place(x.Account, x.Region)
	if s.past == nil {
		s.past = map[string]map[string][]listing{}
	}
	if s.past[at] == nil {
		s.past[at] = map[string][]listing{}
	}
	s.past[at][x.Name] = append(s.past[at][x.Name], listing{from, e})
}
