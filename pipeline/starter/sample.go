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
	Secrets    []sampleSecret    `json:"secrets,omitempty"`
}

type sampleKey struct {
	Alias string `json:"alias"`
}

type sampleParameter struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	KeyID string `json:"key_id"`
	sampleValues
	Labels map[string]int `json:"labels,omitempty"`
}

// A sampleSecret is a secret of Secrets Manager, under the key that AWS has for them.
type sampleSecret struct {
	Name string `json:"name"`
	sampleValues
	Binary [][]byte       `json:"binary,omitempty"`
	Stages map[string]int `json:"stages,omitempty"`
}

// sampleValues are the versions of a parameter or a secret, oldest first.
type sampleValues struct {
	Values []string `json:"values,omitempty"`

	fields map[string]any // of its JSON; nil if no secret is a field of it
}

const sampleValue = "not-a-real-value"

// maxVersions is how many versions Parameter Store keeps of a parameter.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
const maxVersions = 100

// sample makes the sample file of the embedded environment. Every value is visibly fake.
func (d *Draft) sample() ([]byte, error) {
	const key = "alias/" + LocalEnvironment + "-parameters"
	file := sampleFile{Keys: []sampleKey{{key}}, Parameters: []sampleParameter{}}
	parameters, secrets := map[string]*sampleParameter{}, map[string]*sampleSecret{}
	for _, f := range d.Functions {
		if alias := "alias/" + LocalEnvironment + "-" + f.Name; alias != key {
			file.Keys = append(file.Keys, sampleKey{alias})
		}
		for _, s := range f.Secrets {
			ref, err := s.reference(s.From.in(LocalEnvironment))
			if err != nil {
				return nil, err
			}
			if ref.Store == secret.SecretsManager {
				if secrets[ref.Name] == nil {
					secrets[ref.Name] = &sampleSecret{Name: ref.Name, sampleValues: sampleValues{Values: []string{sampleValue}}}
				}
				secrets[ref.Name].add(s.origin)
				continue
			}
			if parameters[ref.Name] == nil {
				parameters[ref.Name] = &sampleParameter{Name: ref.Name, Type: "SecureString", KeyID: key, sampleValues: sampleValues{Values: []string{sampleValue}}}
			}
			parameters[ref.Name].add(ref.Selector)
			parameters[ref.Name].addField(s.field)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if err := parameters[name].settle(); err != nil {
			return nil, err
		}
		file.Parameters = append(file.Parameters, *parameters[name])
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if err := secrets[name].settle(); err != nil {
			return nil, err
		}
		file.Secrets = append(file.Secrets, *secrets[name])
	}
	b, err := json.MarshalIndent(file, "", "  ")
	return append(b, '\n'), err
}

// settle makes the values JSON, if secrets are fields of it.
func (v *sampleValues) settle() error {
	if v.fields == nil {
		return nil
	}
	b, err := json.Marshal(v.fields)
	for i := range v.Values {
		v.Values[i] = string(b)
	}
	return err
}

// add adds what a secret of the manifest takes. A version that is named by its ID is not
// there: the manifest takes the current one of the sample file.
func (x *sampleSecret) add(o origin) {
	switch {
	case o.binary:
		x.Values, x.Binary = nil, [][]byte{[]byte(sampleValue)}
	default:
		x.addField(o.field)
	}
	if o.stage == "" || len(x.Stages) == maxStagesOfSecret {
		return
	}
	if x.Stages == nil {
		x.Stages = map[string]int{}
	}
	if x.Stages[o.stage] = 1; o.stage == previousStage && len(x.Values)+len(x.Binary) == 1 {
		x.Values = append(x.Values, x.Values...)
		x.Binary = append(x.Binary, x.Binary...)
	}
}

// maxStagesOfSecret is the largest number of stages of a version, without those that
// Secrets Manager moves. previousStage is on the version before the current one.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	maxStagesOfSecret = 17
	previousStage     = "AWSPREVIOUS"
)

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
		p.Values = append(p.Values, sampleValue)
	}
}

// addField adds a field to the JSON. Where one field is a part of another, the outer one
// is an object.
func (v *sampleValues) addField(keys []string) {
	if len(keys) == 0 {
		return
	}
	if v.fields == nil {
		v.fields = map[string]any{}
	}
	at := v.fields
	for _, key := range keys[:len(keys)-1] {
		inner, ok := at[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[key] = inner
		}
		at = inner
	}
	if last := keys[len(keys)-1]; at[last] == nil {
		at[last] = sampleValue
	}
}
