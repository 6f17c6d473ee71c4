package starter

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/whispering/bundle/pipeline/secret"
)

type sampleFile struct {
	Keys       []sampleKey       `json:"keys"`
	Parameters []sampleParameter `json:"parameters"`
}

type sampleKey struct {
	Alias string `json:"alias"`
}

type sampleParameter struct {
	Name   string         `json:"name"`
	Type   string         `json:"type"`
	KeyID  string         `json:"key_id"`
	Values []string       `json:"values"`
	Labels map[string]int `json:"labels,omitempty"`

	fields map[string]any // of its JSON; nil if no secret is a field of it
}

// maxVersions is how many versions Parameter Store keeps of a parameter.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
const maxVersions = 100

// sample makes the sample file of the embedded environment. Every value is visibly fake.
func (d *Draft) sample() ([]byte, error) {
	const key = "alias/" + LocalEnvironment + "-parameters"
	file := sampleFile{Keys: []sampleKey{{key}}}
	all := map[string]*sampleParameter{}
	for _, f := range d.Functions {
		if alias := "alias/" + LocalEnvironment + "-" + f.Name; alias != key {
			file.Keys = append(file.Keys, sampleKey{alias})
		}
		for _, s := range f.Secrets {
			ref, err := secret.ParseRef(s.Parameter.in(LocalEnvironment))
			if err != nil {
				return nil, err
			}
			p := all[ref.Name]
			if p == nil {
				p = &sampleParameter{Name: ref.Name, Type: "SecureString", KeyID: key, Values: []string{"not-a-real-value"}}
				all[ref.Name] = p
			}
			p.add(ref.Selector)
			p.addField(s.Field)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if p := all[name]; p.fields != nil {
			b, err := json.Marshal(p.fields)
			if err != nil {
				return nil, err
			}
			for i := range p.Values {
				p.Values[i] = string(b)
			}
		}
		file.Parameters = append(file.Parameters, *all[name])
	}
	b, err := json.MarshalIndent(file, "", "  ")
	return append(b, '\n'), err
}

// add adds the version or label that a reference names.
func (p *sampleParameter) add(selector string) {
	if selector == "" {
		return
	}
	version, err := strconv.Atoi(selector)
	if err != nil {
		if p.Labels == nil {
			p.Labels = map[string]int{}
		}
		if len(p.Labels) < 10 { // the largest number of labels of a version
			p.Labels[selector] = 1
		}
		return
	}
	for len(p.Values) < min(version, maxVersions) {
		p.Values = append(p.Values, "not-a-real-value")
	}
}

// addField adds a field to the JSON of the parameter. Where one field is a part of
// another, the outer one is an object.
func (p *sampleParameter) addField(field string) {
	if field == "" {
		return
	}
	if p.fields == nil {
		p.fields = map[string]any{}
	}
	at := p.fields
	keys := strings.Split(field, ".")
	for _, key := range keys[:len(keys)-1] {
		inner, ok := at[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[key] = inner
		}
		at = inner
	}
	if last := keys[len(keys)-1]; at[last] == nil {
		at[last] = "not-a-real-value"
	}
}
