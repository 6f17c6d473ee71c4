package awslocal

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/plainfile"
)

// ErrSample is wrapped by errors that a sample file causes. They name the line if there is one.
var ErrSample = errors.New("the sample file")

// MaxSample is the maximum size of a sample file, in bytes.
const MaxSample = 16 << 20

// sample is what a state knows about the sample file that was last brought in.
//
// The parameters mark which of their versions have which values of the file (ssm.Service.Mark), so that a version that something else
// put is told apart. The file itself is remembered as ciphertext, sealed as a SecureString is: an unchanged file is recognized by
// comparing bytes, and a changed one is compared entry by entry.
type sample struct {
	Environment string           `json:"environment,omitempty"` // that the state belongs to
	File        string           `json:"file,omitempty"`        // the name of the remembered file in the state directory
	Kept        map[string]int64 `json:"kept,omitempty"`        // parameters that both sides changed, with the version that was kept

	content []byte // the remembered file in plaintext; nil until it is needed
}

// samplePrefix begins the names of files with a remembered sample file.
const samplePrefix = "sample-"

// CheckSample returns what is wrong with a sample file, as New would: it brings the file into a server that encrypts nothing. It quotes
// no value.
func CheckSample(content []byte) error {
	s, err := New(withTrial(), WithSeed(content))
	if err != nil {
		return err
	}
	return s.Close()
}

// BringIn brings a sample file into the state of an environment. What changed in the file since the last time becomes new versions,
// keys, aliases, roles and policies. What something else changed since then stays, and so does what the file does not have. conflicts names
// the parameters that both changed. If the file is wrong, the state does not change. The server keeps content, which must not change.
func (s *Server) BringIn(environment string, content []byte) (conflicts []string, err error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	known, err := s.knownSample()
	if err != nil {
		return nil, err
	}
	kept := s.sample.Kept
	unchanged := known != nil && bytes.Equal(known, content)
	if !unchanged || cmp.Or(environment, s.sample.Environment) != s.sample.Environment {
		after := s.sample
		after.Environment = cmp.Or(environment, after.Environment)
		if !unchanged {
			after.content = content
			after.Kept = map[string]int64{}
		}
		err := s.change(after, func() error {
			if unchanged {
				return nil
			}
			in, err := parseSeed(content)
			if err != nil {
				return err
			}
			return s.bringChanges(in, known, kept)
		})
		if err != nil {
			return nil, err
		}
		s.adopts, s.options.seed = false, s.sample.content
	}
	return s.keptParameters(), nil
}

// SampleSecrets returns the names of the secrets of Secrets Manager in a sample file; none if it is wrong.
func SampleSecrets(content []byte) (names []string) {
	in, err := parseSeed(content)
	if err != nil {
		return nil
	}
	for _, s := range in.Secrets {
		names = append(names, s.Name)
	}
	return names
}

// FromSample puts what the remembered sample file has for a parameter, whatever else changed it or deleted it. It returns the version
// that the parameter is at then.
func (s *Server) FromSample(name string) (version int64, err error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	in, err := s.remembered()
	if err != nil {
		return 0, err
	}
	asked := seedParameter{Name: name}
	at := slices.IndexFunc(in.Parameters, func(p seedParameter) bool { return p.name() == asked.name() })
	if at < 0 {
		return 0, fmt.Errorf("the sample file has no parameter %q. Add it there, or put a value with bundle local put %s", name, name)
	}
	p := &in.Parameters[at]
	err = s.change(s.sample, func() error {
		delete(s.sample.Kept, p.name())
		if err := s.take(s.request(in.Region, "ssm", "PutParameter"), p, nil, s.ssm.Stored(Account, in.Region, p.Name)); err != nil {
			return wrong(p, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	stored := s.ssm.Stored(Account, in.Region, p.Name)
	return stored[len(stored)-1].Number, nil
}

// SecretFromSample puts what the remembered sample file has for a secret of Secrets Manager, whatever else changed it or deleted it. It
// returns the ID of the version that is current then; "" for a secret without a value.
func (s *Server) SecretFromSample(name string) (id string, err error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	in, err := s.remembered()
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(in.Secrets, func(x seedSecret) bool { return x.Name == name })
	if at < 0 {
		return "", fmt.Errorf("the sample file has no secret %q. Add it there, or put a value with bundle local put --secretsmanager %s", name, name)
	}
	x, put := &in.Secrets[at], s.request(in.Region, "secretsmanager", "PutSecretValue")
	err = s.change(s.sample, func() error {
		if exists, _ := s.secrets.Changed(put, name); exists { // maybe in its recovery window
			if err := s.invoke(in.Region, "secretsmanager", "RestoreSecret", map[string]string{"SecretId": name}, nil); err != nil {
				return wrong(x, err)
			}
		}
		if err := ExplainSecret(s.secrets.Take(put, x.sample()), x.KeyID); err != nil {
			return wrong(x, err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return s.secrets.Current(put, name), nil
}

// remembered returns what the remembered sample file has. The gate must be held.
func (s *Server) remembered() (seedFile, error) {
	known, err := s.knownSample()
	if err != nil {
		return seedFile{}, err
	}
	in, err := parseSeed(known)
	if known == nil || err != nil {
		return seedFile{}, errors.New("this state has no sample file. Name one in the manifest (embedded), or put the value without --from-sample")
	}
	return in, nil
}

// change makes a change to the services, with a new sample, and saves the result. If it fails, nothing has changed. The gate must be
// held.
func (s *Server) change(after sample, do func() error) error {
	before, snapshots := s.sample, map[string][]byte{}
	before.Kept = maps.Clone(before.Kept)
	for name, service := range s.services {
		snapshot, err := service.Snapshot()
		if err != nil {
			return err
		}
		snapshots[name] = snapshot
	}
	s.sample = after
	err := do()
	if err != nil {
		err = fmt.Errorf("%w, %w", ErrSample, err)
	} else if err = s.saveSample(); err == nil {
		return nil
	}
	s.sample = before
	for name, service := range s.services {
		err = errors.Join(err, service.Restore(snapshots[name]))
	}
	return err
}

// Kept names the parameters that were changed in the sample file and in the state, and whose value in the state was kept.
func (s *Server) Kept() []string {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.keptParameters()
}

// Removed names the parameters that the remembered sample file has and the state does not, as they were deleted.
func (s *Server) Removed() []string {
	s.gate.Lock()
	defer s.gate.Unlock()
	known, err := s.knownSample()
	if known == nil || err != nil {
		return nil
	}
	in, err := parseSeed(known)
	if err != nil {
		return nil // it was brought in, so it is right
	}
	var names []string
	for _, p := range in.Parameters {
		if len(s.ssm.Stored(Account, in.Region, p.Name)) == 0 {
			names = append(names, p.Name)
		}
	}
	return names
}

// keptParameters names the parameters that both sides changed, and that nothing has changed since.
func (s *Server) keptParameters() []string {
	if len(s.sample.Kept) == 0 {
		return nil
	}
	in, err := parseSeed(s.sample.content)
	if err != nil {
		return nil // it was brought in, so it is right
	}
	var names []string
	for _, p := range in.Parameters {
		if s.stillKept(in.Region, &p) {
			names = append(names, p.Name)
		}
	}
	return names
}

// stillKept reports whether a parameter is at the version that was kept when both sides changed it.
func (s *Server) stillKept(region string, p *seedParameter) bool {
	number, was := s.sample.Kept[p.name()]
	stored := s.ssm.Stored(Account, region, p.Name)
	return was && len(stored) > 0 && stored[len(stored)-1].Number == number
}

// knownSample returns the remembered sample file, or nil if there is none.
func (s *Server) knownSample() ([]byte, error) {
	if s.sample.content != nil || s.sample.File == "" {
		return s.sample.content, nil
	}
	path := filepath.Join(s.options.dir, s.sample.File)
	sealed, err := plainfile.Read(path, 2*MaxSample)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the state in %s %w: %s, which remembers the sample values, is missing", s.options.dir, ErrDamaged, s.sample.File)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, which remembers the sample values, cannot be read: %w", path, err)
	}
	if s.sample.content, err = s.ssm.OpenFile(s.request(Region, "ssm", ""), samplePrefix, sealed); err != nil {
		return nil, fmt.Errorf("%s, which remembers the sample values, %w", path, ErrDamaged)
	}
	return s.sample.content, nil
}

// saveSample seals the sample file into a new file, and saves the state, which names it. A process that is killed in between leaves the
// old state with the old file.
func (s *Server) saveSample() error {
	old := s.sample.File
	if s.dir != nil && s.sample.content != nil {
		sealed, err := s.ssm.SealFile(s.request(Region, "ssm", ""), samplePrefix, s.sample.content)
		if err != nil {
			return err
		}
		s.sample.File = samplePrefix + strings.ToLower(rand.Text())
		if err := s.dir.write(s.sample.File, sealed); err != nil {
			return err
		}
	}
	if err := s.store(true); err != nil {
		return err
	}
	if s.dir != nil && old != "" && old != s.sample.File {
		_ = os.Remove(filepath.Join(s.dir.path, old)) // otherwise the next process does
	}
	return nil
}

// forgetOthers removes remembered sample files that the state does not name.
func (d *stateDir) forgetOthers(name string) {
	left, _ := fs.Glob(os.DirFS(d.path), samplePrefix+"*")
	for _, other := range left {
		if other != name {
			_ = os.Remove(filepath.Join(d.path, other))
		}
	}
}
