package awslocal

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/awslocal/ssm"
)

// seedingTime is how long a release that did not remember the sample file needed at most to put its values.
const seedingTime = 10 * time.Second

// parameters brings in all parameters.
func (b *bringing) parameters() error {
	before, began := byName(b.old.Parameters), b.ssm.Began()
	put := b.request(b.in.Region, "ssm", "PutParameter")
	for i := range b.in.Parameters {
		p := &b.in.Parameters[i]
		if b.adopt {
			b.adoptVersions(p, began)
		}
		if err := b.parameter(put, p, before[p.name()]); err != nil {
			return wrong(p, err)
		}
	}
	return nil
}

// adoptVersions marks the versions that a release without marks put from the sample file, when it made the state.
func (b *bringing) adoptVersions(p *seedParameter, began time.Time) {
	stored := b.ssm.Stored(Account, b.in.Region, p.Name)
	marks := map[int64]int{}
	for i, v := range stored[:min(len(stored), len(p.versions()))] {
		if v.Number == int64(i+1) && v.Modified.Sub(began) <= seedingTime {
			marks[v.Number] = i + 1
		}
	}
	b.ssm.Mark(Account, b.in.Region, p.Name, marks)
}

// parameter brings in a parameter, with a request to put it. was is the parameter in the old file, or nil.
func (b *bringing) parameter(put *call.Request, p, was *seedParameter) error {
	stored := b.ssm.Stored(Account, b.in.Region, p.Name)
	switch {
	case len(stored) == 0 && was != nil:
		return nil // it was deleted, and stays deleted
	case len(stored) == 0:
		return b.take(put, p, nil, nil)
	case was != nil && p.equal(was):
		if number, kept := b.kept[p.name()]; kept {
			b.sample.Kept[p.name()] = number
		}
		return nil
	}
	newest := stored[len(stored)-1]
	if newest.Sample > 0 {
		return b.take(put, p, was, stored)
	}
	if _, values := b.marked(b.in.Region, p, stored); slices.Equal(values, p.versions()) {
		return nil // only something else changed it
	}
	if value, err := b.value(b.in.Region, p.Name, newest.Number); err == nil && value == p.versions()[len(p.versions())-1] {
		b.ssm.Mark(Account, b.in.Region, p.Name, map[int64]int{newest.Number: len(p.versions())})
		return nil // both changed it to the same value
	}
	b.sample.Kept[p.name()] = newest.Number
	return nil
}

func (p *seedParameter) equal(other *seedParameter) bool {
	a, b := *p, *other
	a.line, b.line = 0, 0
	return reflect.DeepEqual(a, b)
}

// marked returns the versions that have values of the sample file, in the order of the file, and those values.
func (s *Server) marked(region string, p *seedParameter, stored []ssm.Stored) (versions []ssm.Stored, values []string) {
	versions = slices.DeleteFunc(slices.Clone(stored), func(v ssm.Stored) bool { return v.Sample == 0 })
	slices.SortFunc(versions, func(a, b ssm.Stored) int { return cmp.Compare(a.Sample, b.Sample) })
	for i, v := range versions {
		value, err := s.value(region, p.Name, v.Number)
		if v.Sample != i+1 || err != nil {
			return versions[:i], values // the rest cannot be compared, and counts as changed
		}
		values = append(values, value)
	}
	return versions, values
}

func (s *Server) value(region, name string, number int64) (string, error) {
	var out struct{ Parameter struct{ Value string } }
	in := map[string]any{"Name": fmt.Sprintf("%s:%d", name, number), "WithDecryption": true}
	err := s.invoke(region, "ssm", "GetParameter", in, &out)
	return out.Parameter.Value, err
}

// take makes a parameter what the sample file says. Values that the file had before keep their versions; all from the first new one on
// become new versions, as does the newest if only the key or the tier changed.
// req is a request to put the parameter; was is the parameter in the old file, or nil.
func (s *Server) take(req *call.Request, p, was *seedParameter, stored []ssm.Stored) error {
	values, region := p.versions(), req.Region
	if len(stored) > 0 && !p.fits(stored[len(stored)-1]) { // AWS changes no type, and no tier back: one has to begin again
		if err := s.invoke(region, "ssm", "DeleteParameter", map[string]string{"Name": p.Name}, nil); err != nil {
			return err
		}
		stored = nil
	}
	versions, before := s.marked(region, p, stored)
	same := 0
	for same < min(len(before), len(values)) && before[same] == values[same] {
		same++
	}
	if same == len(values) && !p.current(stored, versions[same-1]) {
		same--
	}
	marks := map[int64]int{}
	for i, v := range versions[:same] {
		marks[v.Number] = i + 1
	}
	for i, value := range values[same:] {
		put := ssm.Put{Name: p.Name, Type: p.Type, KeyId: p.KeyID, Tier: p.Tier, DataType: p.DataType, Value: value, Overwrite: len(stored) > 0 || i > 0}
		number, err := s.ssm.Put(req, &put)
		switch {
		case err != nil && ssm.NeedsAdvanced(p.DataType) && (p.Tier == "" || p.Tier == "Standard"):
			return &explained{fmt.Sprintf(`parameters of the data type %s are kept only in the advanced tier. Write "tier": "Advanced" for it`, p.DataType), err}
		case err != nil:
			return ExplainPut(err, p.Name, value, p.KeyID)
		}
		marks[number] = same + i + 1
	}
	s.ssm.Mark(Account, region, p.Name, marks)
	return s.label(region, p, was)
}

// fits reports whether a new version of what the file says can follow a stored one. What only its data type made advanced, and is of another
// data type now, begins again: as what the file says, it would be standard.
func (p *seedParameter) fits(newest ssm.Stored) bool {
	name := p.dataType()
	switch {
	case p.Type != newest.Type, p.Tier == "Standard" && newest.Tier == "Advanced":
		return false
	case name == newest.DataType:
		return true
	}
	return !ssm.KeepsDataType(name) && !ssm.KeepsDataType(newest.DataType) &&
		(!ssm.NeedsAdvanced(newest.DataType) || ssm.NeedsAdvanced(name) || p.Tier == "Advanced")
}

// dataType is the data type that Parameter Store has for what the file says.
func (p *seedParameter) dataType() string { return cmp.Or(p.DataType, "text") }

// current reports whether a version is the newest one and has the key, the tier and the data type that the file says.
func (p *seedParameter) current(stored []ssm.Stored, v ssm.Stored) bool {
	key, tier := p.KeyID, p.Tier
	if key == "" && v.Type == "SecureString" {
		key = "alias/aws/ssm"
	}
	if tier != "Advanced" { // the others depend on the value
		tier = v.Tier
	}
	return v.Number == stored[len(stored)-1].Number && v.KeyID == key && v.Tier == tier && v.DataType == p.dataType()
}

// label puts every label where the file says, and removes those that the file no longer has.
func (s *Server) label(region string, p, was *seedParameter) error {
	if len(p.Labels) == 0 && (was == nil || len(was.Labels) == 0) {
		return nil
	}
	numbers := map[int]int64{}
	for _, v := range s.ssm.Stored(Account, region, p.Name) {
		numbers[v.Sample] = v.Number
		for _, label := range v.Labels {
			if was == nil || was.Labels[label] == 0 || p.Labels[label] > 0 {
				continue
			}
			in := map[string]any{"Name": p.Name, "ParameterVersion": v.Number, "Labels": []string{label}}
			if err := s.invoke(region, "ssm", "UnlabelParameterVersion", in, nil); err != nil {
				return err
			}
		}
	}
	for _, label := range slices.Sorted(maps.Keys(p.Labels)) {
		number := p.Labels[label]
		if number < 1 || number > len(p.versions()) {
			return fmt.Errorf("label %q is on version %d, but there are %d", label, number, len(p.versions()))
		}
		if numbers[number] == 0 {
			continue // so old that Parameter Store deleted it
		}
		put := map[string]any{"Name": p.Name, "ParameterVersion": numbers[number], "Labels": []string{label}}
		var out struct{ InvalidLabels []string }
		if err := s.invoke(region, "ssm", "LabelParameterVersion", put, &out); err != nil {
			return err
		}
		if len(out.InvalidLabels) > 0 {
			return fmt.Errorf("label %q is not valid", label)
		}
	}
	return nil
}
