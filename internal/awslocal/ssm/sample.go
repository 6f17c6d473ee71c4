package ssm

import (
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
)

// Stored is a version of a parameter as the sample file is compared with it.
type Stored struct {
	Number   int64
	Sample   int // which value of the sample file it has, from 1; 0 if something else put it
	Type     string
	KeyID    string
	Tier     string
	DataType string
	Labels   []string
	Modified time.Time
}

// Stored returns the versions of a parameter, oldest first, or none if it does not exist.
func (s *Service) Stored(account, region, name string) []Stored {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.stores[place(account, region)][canonical(name)]
	if p == nil {
		return nil
	}
	all := make([]Stored, len(p.Versions))
	for i, v := range p.Versions {
		all[i] = Stored{v.Number, v.Sample, v.Type, v.KeyID, v.Tier, v.DataType, v.Labels, v.Modified}
	}
	return all
}

// Began returns when the oldest version of all parameters was put, or the zero time if there is none.
func (s *Service) Began() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var first time.Time
	for _, all := range s.stores {
		for _, p := range all {
			if at := p.Versions[0].Modified; first.IsZero() || at.Before(first) {
				first = at
			}
		}
	}
	return first
}

// Mark records which versions of a parameter have which values of the sample file (by version, from 1). All other versions have none.
func (s *Service) Mark(account, region, name string, marks map[int64]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.stores[place(account, region)][canonical(name)]; p != nil {
		for _, v := range p.Versions {
			v.Sample = marks[v.Number]
		}
	}
}

// SealFile seals a file as a SecureString of the advanced tier is sealed: under a data key of alias/aws/ssm, as if name were a
// parameter. It can have any size.
func (s *Service) SealFile(req *call.Request, name string, content []byte) ([]byte, error) {
	if err := s.kms.EnsureManaged(req, defaultKey); err != nil {
		return nil, err
	}
	arn := parameterARN(req.Account, req.Region, name)
	data, blob, keyARN, err := s.kms.GenerateDataKeyFor(req, defaultKey, contextOf(arn))
	if err != nil {
		return nil, fromKMS(err)
	}
	format, _ := formats()
	return sealMessage(data, content, envelope{arn: arn, keyARN: keyARN, dataKey: blob, format: format})
}

// OpenFile opens what SealFile sealed.
func (s *Service) OpenFile(req *call.Request, name string, sealed []byte) ([]byte, error) {
	blob, err := dataKeyOf(sealed)
	if err != nil {
		return nil, err
	}
	data, _, err := s.kms.DecryptFor(req, blob, contextOf(parameterARN(req.Account, req.Region, name)))
	if err != nil {
		return nil, fromKMS(err)
	}
	return openMessage(data, sealed)
}
