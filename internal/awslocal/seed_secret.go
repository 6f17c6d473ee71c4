package awslocal

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/whispering/bundle/internal/awslocal/secretsmanager"
)

// seedSecret is a secret of Secrets Manager in a sample file.
type seedSecret struct {
	Name          string                         `json:"name"`
	KeyID         string                         `json:"key_id"`
	Description   string                         `json:"description"`
	Value         string                         `json:"value"`
	Values        []string                       `json:"values"` // several versions, oldest first
	Binary        [][]byte                       `json:"binary"` // the same for binary values
	Stages        map[string]int                 `json:"stages"` // the version that a label is on
	Suffix        string                         `json:"suffix"` // of the ARN
	OwningService string                         `json:"owning_service"`
	Rotation      *secretsmanager.SampleRotation `json:"rotation"`

	line int
}

func (x *seedSecret) name() string    { return x.Name }
func (x *seedSecret) place() string   { return fmt.Sprintf("line %d: secret %q", x.line, x.Name) }
func (x *seedSecret) settle(line int) { x.line = line }

func (x *seedSecret) text(member string) *string {
	switch member {
	case "name":
		return &x.Name
	case "key_id":
		return &x.KeyID
	case "description":
		return &x.Description
	case "value":
		return &x.Value
	case "suffix":
		return &x.Suffix
	case "owning_service":
		return &x.OwningService
	}
	return nil
}

// check refuses a secret with several kinds of values.
func (x *seedSecret) check() error {
	kinds := 0
	for _, given := range []bool{x.Value != "", len(x.Values) > 0, len(x.Binary) > 0} {
		if given {
			kinds++
		}
	}
	if kinds > 1 {
		return errors.New("it must have only one of value, values and binary")
	}
	return nil
}

func (x *seedSecret) equal(other *seedSecret) bool {
	a, b := *x, *other
	a.line, b.line = 0, 0
	return reflect.DeepEqual(a, b)
}

func (x *seedSecret) sample() *secretsmanager.Sample {
	out := &secretsmanager.Sample{
		Name: x.Name, KeyID: x.KeyID, Description: x.Description, Suffix: x.Suffix, OwningService: x.OwningService, Stages: x.Stages, Rotation: x.Rotation,
	}
	values := x.Values
	if x.Value != "" {
		values = []string{x.Value}
	}
	for _, value := range values {
		out.Values = append(out.Values, secretsmanager.SampleValue{Text: value})
	}
	for _, value := range x.Binary {
		out.Values = append(out.Values, secretsmanager.SampleValue{Binary: value})
	}
	return out
}

// secret brings in a secret. was is the secret in the old file, or nil. A value that something else put is kept.
func (b *bringing) secret(x, was *seedSecret) error {
	put := b.request(b.in.Region, "secretsmanager", "PutSecretValue")
	exists, changed := b.secrets.Changed(put, x.Name)
	switch {
	case !exists && was != nil: // it was deleted, and stays deleted
		return nil
	case exists && (changed || was == nil && !b.adopt || was != nil && x.equal(was)):
		return nil
	}
	return ExplainSecret(b.secrets.Take(put, x.sample()), x.KeyID)
}
