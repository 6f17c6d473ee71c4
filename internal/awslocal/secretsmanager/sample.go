package secretsmanager

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/lazyregexp"
)

// Sample is a secret of a sample file.
type Sample struct {
	Name          string
	KeyID         string // "" for aws/secretsmanager
	Description   string
	Suffix        string         // of the ARN; "" for a random one. With one, the IDs of the versions are always the same
	OwningService string         // that manages the secret
	Values        []SampleValue  // of the versions, oldest first; none for a secret without a value
	Stages        map[string]int // the version that a label is on, from 1
	Rotation      *SampleRotation
}

// SampleValue is a value of a sample file: Binary, or Text if that is nil.
type SampleValue struct {
	Text   string
	Binary []byte
}

func (v SampleValue) input() *valueInput {
	if v.Binary != nil {
		return &valueInput{SecretBinary: v.Binary}
	}
	return &valueInput{SecretString: &v.Text}
}

// SampleRotation is how a secret of a sample file is rotated.
type SampleRotation struct {
	Days    int  `json:"days"`    // between rotations; 0 for 30
	Pending bool `json:"pending"` // a rotation has begun: AWSPENDING is on a version without a value
}

// Changed reports whether a secret exists, and whether something else than a sample file put its newest version.
func (s *Service) Changed(req *call.Request, name string) (exists, changed bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	x := s.secrets[place(req.Account, req.Region)][name]
	if x == nil || x.gone(req.Now) {
		return false, false
	}
	newest := x.newest()
	return true, newest != nil && newest.Sample == 0
}

// newest returns the newest version with a value, or nil.
func (x *secret) newest() *version {
	for _, v := range slices.Backward(x.Versions) {
		if v.Value != nil {
			return v
		}
	}
	return nil
}

// Current returns the ID of the version of a secret that AWSCURRENT is on; "" if there is none.
func (s *Service) Current(req *call.Request, name string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if x := s.secrets[place(req.Account, req.Region)][name]; x != nil {
		if v := x.staged(current); v != nil {
			return v.ID
		}
	}
	return ""
}

var sampleSuffix = lazyregexp.New(`^[A-Za-z0-9]{6}$`)

// Take makes a secret what the sample file says. Values that the file had before keep their versions; all from the first new one on
// become new versions, and so does the last one if something else put a version after it. req is a request to put a value.
func (s *Service) Take(req *call.Request, in *Sample) error {
	if in.Suffix != "" && !sampleSuffix.MatchString(in.Suffix) {
		return fmt.Errorf("its suffix must be 6 letters and digits")
	}
	for _, stage := range slices.Sorted(maps.Keys(in.Stages)) {
		if n := in.Stages[stage]; n < 1 || n > len(in.Values) {
			return fmt.Errorf("stage %q is on version %d, but there are %d", stage, n, len(in.Values))
		}
	}
	create := &createInput{Name: &in.Name, KmsKeyId: &in.KeyID, Description: &in.Description, suffix: in.Suffix}
	if err := create.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.secrets[place(req.Account, req.Region)][in.Name]
	if x == nil || x.gone(req.Now) {
		if _, err := s.create(req, "", create); err != nil {
			return err
		}
		x = s.secrets[place(req.Account, req.Region)][in.Name]
	} else if key := keyID(req, &in.KeyID); x.KeyID != key {
		if err := s.rekey(req, x, key); err != nil {
			return err
		}
	}
	x.Description, x.OwningService = in.Description, in.OwningService
	if err := s.takeValues(req, x, in); err != nil {
		return err
	}
	x.takeStages(in, instant(req))
	x.takeRotation(req, in.Rotation)
	s.changed(req, x)
	return nil
}

func (s *Service) takeValues(req *call.Request, x *secret, in *Sample) error {
	same := 0
	for ; same < len(in.Values); same++ {
		v := x.sampled(same + 1)
		if v == nil {
			break
		}
		if equal, err := s.holds(req, x, v, in.Values[same].input()); err != nil || !equal {
			break
		}
	}
	if same > 0 && same == len(in.Values) && x.newest() != x.sampled(same) {
		same--
	}
	for _, v := range x.Versions {
		if v.Sample > same {
			v.Sample = 0
		}
	}
	for i, value := range in.Values[same:] {
		input, id := value.input(), x.sampleID(in.Suffix, same+i+1)
		var c check
		if input.check(&c); c.err() != nil {
			return c.err()
		}
		v, err := s.add(req, x, id, input, []string{current})
		if err != nil {
			return err
		}
		v.Sample = same + i + 1
	}
	return nil
}

// sampled returns the version that has a value of the sample file, or nil.
func (x *secret) sampled(number int) *version {
	i := slices.IndexFunc(x.Versions, func(v *version) bool { return v.Sample == number })
	if i < 0 {
		return nil
	}
	return x.Versions[i]
}

// sampleID makes the ID of a version. A secret with a fixed suffix has fixed IDs until a value is replaced.
func (x *secret) sampleID(suffix string, number int) string {
	if suffix != "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", x.ARN, number))
		if id := uuid([16]byte(sum[:16])); x.version(id) == nil {
			return id
		}
	}
	return newVersionID()
}

// takeStages puts labels where the file says. Without AWSCURRENT among them, that is on the newest value.
func (x *secret) takeStages(in *Sample, at time.Time) {
	stages := map[string]int{}
	if len(in.Values) > 0 {
		stages[current] = len(in.Values)
	}
	maps.Copy(stages, in.Stages)
	for _, stage := range slices.Sorted(maps.Keys(stages)) { // AWSCURRENT is the first of those that Secrets Manager moves
		if v := x.sampled(stages[stage]); v != nil {
			x.attach(stage, v, at)
		}
	}
}

func (x *secret) takeRotation(req *call.Request, in *SampleRotation) {
	if in == nil {
		return
	}
	days := in.Days
	if days == 0 {
		days = 30
	}
	x.Rotation = &rotation{Enabled: true, Rules: rotationRules{AutomaticallyAfterDays: &days}, Next: instant(req).Add(time.Duration(days) * 24 * time.Hour)}
	if in.Pending && x.staged(pending) == nil {
		v := &version{ID: newVersionID(), Created: instant(req)}
		x.Versions = append(x.Versions, v)
		x.attach(pending, v, instant(req))
	}
}
