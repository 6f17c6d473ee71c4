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

// remember keeps what ListSecrets says of a secret from now on, if it says so late.
func (s *Service) remember(req *call.Request, x *secret) {
	if s.options.ListDelay > 0 {
		e := x.entry()
		s.note(req, x, &e)
	}
}

// forget keeps that a secret is gone from now on.
func (s *Service) forget(req *call.Request, x *secret) {
	if s.options.ListDelay > 0 {
		s.note(req, x, nil)
	}
}

func (s *Service) note(req *call.Request, x *secret, e *entry) {
	at := place(x.Account, x.Region)
	if s.past == nil {
		s.past = map[string]map[string][]listing{}
	}
	if s.past[at] == nil {
		s.past[at] = map[string][]listing{}
	}
	s.past[at][x.Name] = append(s.past[at][x.Name], listing{req.Now, e})
}
