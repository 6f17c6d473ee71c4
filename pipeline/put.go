package pipeline

import (
	"context"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// Storage is what Put does in Parameter Store. [param.Source] implements it.
type Storage interface {
	Descriptions
	Read(ctx context.Context, refs []secret.Ref, got func(param.Result)) error
	Put(ctx context.Context, p param.Put) (param.Written, error)
}

// A Put writes secrets into Parameter Store, in one environment and region, by their
// names in the manifest. Its steps are separate, so that a run in several environments
// and regions can finish each step everywhere before the next one: Choose, Look, Give,
// Write. Only Write changes anything.
type Put struct {
	Scope
	Storage Storage
	Keys    KeyDescriber
	Guard   *manifest.Guard // nil for none

	Key  string // that all parameters are stored under from now on; "" for the one that each has
	Tier string // that they have from now on; "" for the one that each has

	chosen []*destination // in the order of the names

	rotates  bool     // Choose takes a secret of Secrets Manager, too, for a Rotation, which writes nothing
	rotating *binding // that secret
}

// A Named is a secret to write. Value is not set before Give.
type Named struct {
	Name  string
	Line  int // of a file; 0 for none
	Value secret.Value
}

// A destination is a parameter to write.
type destination struct {
	ref   secret.Ref // without a selector
	parts []part     // one, or several fields
	users []*binding // all secrets of the environment that read its newest version
	fixed []*binding // all that read an older one

	now    *param.Description // nil if it does not exist
	key    string             // as it is stored under from now on; "" unless it is a SecureString
	tier   string
	before secret.Value // decrypted; only if read
	read   bool
	after  secret.Value // what to write; only with changed
	same   bool         // there is nothing to write

	state   PutState
	version int64 // written
}

// A part is what one name writes into a parameter.
type part struct {
	name  string
	line  int // of a file; 0 for none
	binds []*binding
	value secret.Value
	lost  bool // the version before has no value that could be put back
}

func (p part) field() secret.Field { return p.binds[0].field }

// A PutState is what became of a parameter.
type PutState string

// The states of parameters.
const (
	PutCreate    PutState = "create" // planned
	PutUpdate    PutState = "update" // planned
	PutCreated   PutState = "created"
	PutUpdated   PutState = "updated"
	PutUnchanged PutState = "unchanged" // it has the value already
	PutFailed    PutState = "failed"    // nothing was written
	PutUnclear   PutState = "unclear"   // it may have been written
	PutNotTried  PutState = "not tried"
)

// A PutOutcome is a parameter with what became of it, or would.
type PutOutcome struct {
	Parameter string
	Secrets   []PutSecret // that were named, in the order of the manifest
	Type      string
	Key       string // as in PutParameter; "" unless a SecureString
	OldKey    string // the key before, if it changes
	Tier      string // after Write, the one that Parameter Store says
	DataType  string
	Before    int64 // the version before; 0 for none
	Version   int64 // the new one; 0 unless it was written
	State     PutState
	Blind     bool // a blind function uses it
}

// A PutSecret is a secret that was named.
type PutSecret struct {
	Function, Name, Field string

	Lost bool // the version before has no value that could be put back, as far as it was read
}

// Outcomes returns the parameters in the order of the names. Before Write, they have
// the states that are planned.
func (p *Put) Outcomes() []PutOutcome {
	all := make([]PutOutcome, len(p.chosen))
	for i, d := range p.chosen {
		o := PutOutcome{
			Parameter: d.ref.Name, Type: param.SecureString, Key: d.key, Tier: d.tier, DataType: d.dataType(),
			Version: d.version, State: d.planned(), Blind: d.blind() != nil,
		}
		if d.now != nil {
			o.Type, o.Before = d.now.Type, d.now.Version
			if d.now.Key != d.key {
				o.OldKey = d.now.Key
			}
		}
		for _, part := range d.parts {
			for _, bind := range part.binds {
				o.Secrets = append(o.Secrets, PutSecret{bind.run.fn.Name.Value, bind.name, bind.field.String(), part.lost})
			}
		}
		all[i] = o
	}
	return all
}

func (d *destination) planned() PutState {
	switch {
	case d.state != "":
		return d.state
	case d.same:
		return PutUnchanged
	case d.now == nil:
		return PutCreate
	}
	return PutUpdate
}

// Changes returns how many parameters Write would write.
func (p *Put) Changes() int {
	n := 0
	for _, d := range p.chosen {
		if !d.same {
			n++
		}
	}
	return n
}

// blind returns a secret of a blind function that uses the parameter, or nil.
func (d *destination) blind() *binding {
	for _, bind := range d.users {
		if bind.run.blind() {
			return bind
		}
	}
	return nil
}

// about returns the secret whose line is blamed for a problem of the parameter.
func (d *destination) about() *binding { return d.parts[0].binds[0] }

// names returns the names that write into the parameter, for messages.
func (d *destination) names() string {
	var all []string
	for _, part := range d.parts {
		all = append(all, part.name)
	}
	return strings.Join(distinct(all), ", ")
}

// partly reports whether the parameter keeps a part of its value.
func (d *destination) partly() bool { return d.parts[0].field() != "" }

// refuse reports a problem of the parameter at the line of its secret.
func (d *destination) refuse(kind problem.Kind, summary, detail string) problem.Problem {
	return problem.New(kind, d.about().at, summary, d.names()+" ("+quote(d.ref.Name)+"): "+detail)
}

func quote(s string) string { return `"` + s + `"` }
