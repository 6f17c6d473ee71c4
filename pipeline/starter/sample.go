package starter

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

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
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
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
