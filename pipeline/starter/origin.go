package starter

import (
	"errors"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/secret"
)

// An origin says which part of a parameter, or of a secret of Secrets Manager, a value
// is. Its name is beside it.
type origin struct {
	store   secret.Store
	stage   string   // of a secret; "" for the default, AWSCURRENT
	version string   // the ID of a secret's version; "" if the stage says which
	binary  bool     // the secret is bytes
	field   []string // keys of its JSON; nil for the whole value
}

// part reports whether another origin is the same part.
func (o origin) part(other origin) bool {
	return o.store == other.store && o.stage == other.stage && o.version == other.version &&
		o.binary == other.binary && slices.Equal(o.field, other.field)
}

// noun is what notes call what a value comes from.
func noun(store secret.Store) string {
	if store == secret.SecretsManager {
		return "secret"
	}
	return "parameter"
}

// check returns what is wrong with the name and the version of a parameter or secret.
func (o origin) check(name string) error {
	if o.store == secret.SecretsManager {
		_, err := secret.ParseSecretRef(name, o.stage, o.version)
		return err
	}
	_, err := secret.ParseRef(name)
	return err
}

// reference returns the reference to a parameter or secret whose name is known.
func (o origin) reference(name string) (secret.Ref, error) {
	if o.store == secret.SecretsManager {
		return secret.ParseSecretRef(name, o.stage, o.version)
	}
	return secret.ParseRef(name)
}

// refused returns why a manifest cannot name a parameter or secret, "" if it can.
func (o origin) refused(name string) string {
	var bad *secret.RefError
	if errors.As(o.check(name), &bad) {
		if bad.What == "stage" {
			return "its stage " + shown(bad.Ref) + " " + bad.Reason
		}
		return "its " + bad.What + " " + bad.Reason
	}
	return ""
}

// refusedField returns why a manifest cannot name the field, "" if it can.
func (o origin) refusedField() string {
	if len(o.field) == 0 {
		return ""
	}
	if _, err := secret.ParseFieldKeys(o.field); err != nil {
		return "it is a field of the JSON in its " + noun(o.store) + " that a manifest cannot name: " + shown(strings.Join(o.field, "."))
	}
	return ""
}

// writtenField returns the field as in a manifest: keys joined by dots, or a list if a key
// has other characters.
func (o origin) writtenField() string {
	path := strings.Join(o.field, ".")
	if f, err := secret.ParseField(path); err == nil && slices.Equal(f.Keys(), o.field) {
		return quote(path)
	}
	var keys []string
	for _, key := range o.field {
		keys = append(keys, quote(key))
	}
	return "[" + strings.Join(keys, ", ") + "]"
}

// lines returns the attributes of a secret block that follow the name.
func (o origin) lines() (all []string) {
	if o.stage != "" {
		all = append(all, "version_stage = "+quote(o.stage))
	}
	if o.version != "" {
		all = append(all, "version_id = environment.name == "+quote(LocalEnvironment)+" ? null : "+quote(o.version)+" # the sample file has its own")
	}
	if len(o.field) > 0 {
		all = append(all, "field = "+o.writtenField())
	}
	if o.binary {
		all = append(all, `encoding = "base64" # of its bytes`)
	}
	return all
}
