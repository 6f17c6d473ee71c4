package compare

import (
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

// State is the state of a secret, or of a function's key, in one environment.
type State string

// The states.
const (
	Present     State = "present"
	Missing     State = "missing"  // declared, but does not exist
	Unusable    State = "unusable" // exists, but no build can use it
	Deleted     State = "deleted"  // a secret of Secrets Manager that is marked for deletion
	Empty       State = "empty"    // a secret of Secrets Manager without a value
	Absent      State = "absent"   // optional, and does not exist
	NotDeclared State = "unmeant"  // the environment does not declare the function or secret
	Unknown     State = "unknown"  // could not be found
)

// Fails reports whether a build would fail because of the state.
func (s State) Fails() bool { return s == Missing || s == Unusable || s == Deleted || s == Empty }

// A Column is what one environment has in one region, without values.
type Column struct {
	Environment string
	Region      string // "" if the manifest is not valid enough to say
	Unknown     bool   // not even the declared secrets are known
	Functions   []ColumnFunction
}

// A ColumnFunction is a function of an environment.
type ColumnFunction struct {
	Name    string
	Mode    sealed.Mode
	Key     ColumnKey
	Secrets []ColumnSecret
	Imports []ColumnImport
}

// A ColumnKey is the key of a function: Present, Missing, Unusable or Unknown.
type ColumnKey struct {
	State State
	Name  string // as in the manifest
	ARN   string // "" if it is not known
	Why   string // what is wrong with it
}

// A ColumnSecret is a secret of a function, in any state but NotDeclared.
type ColumnSecret struct {
	Name      string
	State     State
	Store     secret.Store
	Parameter string         // name, with its version or label
	Version   secret.Version // zero unless it is Present or Unusable
	Type      string         // "SecureString", "String" or "StringList"; "secret" in Secrets Manager
	Encoding  secret.Encoding
	Field     string
	Checks    string // constraints
	Below     string // if imported: the rest of the parameter's name below the path
	Why       string // what is wrong with it
}

// A ColumnImport is a path that a function imports.
type ColumnImport struct {
	manifest.Import
	State  State // Present, Missing if there are no parameters below it, or Unknown
	Deeper int   // if it is missing: how many there would be if it were recursive
}

// A Matrix is what several environments have of the same functions and secrets.
// It has a cell for each column, in the order of the columns.
type Matrix struct {
	Columns   []Column
	Functions []MatrixFunction // ascending by name
	Findings  []Finding        // differences first, then in the order of the rows
}

// A MatrixFunction is a function in all columns.
type MatrixFunction struct {
	Name string
	Keys []KeyCell
	Rows []Row // ascending by name
}

// A KeyCell is a function in one column. If it is NotDeclared, only the state is
// set.
type KeyCell struct {
	ColumnKey
	Mode sealed.Mode
}

// A Row is a secret of a function in all columns. Its name is PREFIX* if no column
// has any parameter below a path.
type Row struct {
	Secret string
	Cells  []Cell
}

// A Cell is a secret of a function in one column.
type Cell struct {
	ColumnSecret
	Age int // whole days since the version was put; 0 if that is not known
}

// A Finding is something in which environments differ.
type Finding struct {
	Difference bool // false if it is only worth knowing
	Function   string
	Secret     string // "" if it is about the function
	Column     int    // -1 if it is about all of them
	What       string // "missing", "unusable", "deleted", "empty", "key", "mode", "type", "encoding", "field", "constraints"
	Detail     string
}

// Differences counts the findings that are differences.
func (m *Matrix) Differences() int {
	n := 0
	for _, f := range m.Findings {
		if f.Difference {
			n++
		}
	}
	return n
}

// Count counts the secrets of a column that are in a state.
func (m *Matrix) Count(column int, state State) int {
	return m.count(column, func(s State) bool { return s == state })
}

// Failing counts the secrets of a column that a build would fail because of.
func (m *Matrix) Failing(column int) int { return m.count(column, State.Fails) }

func (m *Matrix) count(column int, counts func(State) bool) int {
	n := 0
	for _, f := range m.Functions {
		for _, r := range f.Rows {
			if counts(r.Cells[column].State) {
				n++
			}
		}
	}
	return n
}
