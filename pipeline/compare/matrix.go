package compare

import (
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

// State says what there is of a secret, or of a function's key, in one
// environment.
type State string

// The states.
const (
	Present     State = "present"
	Missing     State = "missing"  // meant to be there, and is not
	Unusable    State = "unusable" // it is there, and no build can use it
	Absent      State = "absent"   // optional, and not there
	NotDeclared State = "unmeant"  // the function or the secret is not of the environment
	Unknown     State = "unknown"  // could not be found out
)

// A Column is what was found of one environment in one region, without a value.
type Column struct {
	Environment string
	Region      string // "" where the manifest is too wrong to say
	Unknown     bool   // not even what is meant to be there is known
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
	Name  string // as the manifest has it
	ARN   string // "" where it is not known
	Why   string // what is wrong with it
}

// A ColumnSecret is a secret of a function: Present, Missing, Unusable, Absent
// or Unknown.
type ColumnSecret struct {
	Name      string
	State     State
	Parameter string         // as Parameter Store is asked for it
	Version   secret.Version // zero unless it is Present or Unusable
	Type      string         // "SecureString", "String" or "StringList"
	Encoding  secret.Encoding
	Field     string
	Checks    string // constraints
	Below     string // of an imported one: its parameter's name below the path
	Why       string // what is wrong with it
}

// A ColumnImport is a path that a function imports.
type ColumnImport struct {
	manifest.Import
	State State // Present; Missing where nothing lies below it; Unknown where that was not to be had
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

// A KeyCell is a function in one column. Where it is Unmeant, there is nothing
// but the state.
type KeyCell struct {
	ColumnKey
	Mode sealed.Mode
}

// A Row is a secret of a function in all columns. Its name is PREFIX* where no
// column has anything below a path.
type Row struct {
	Secret string
	Cells  []Cell
}

// A Cell is a secret of a function in one column.
type Cell struct {
	ColumnSecret
	Age int // whole days since the version was put
}

// A Finding is something in which an environment stands out.
type Finding struct {
	Difference bool // else it is worth knowing, and no more
	Function   string
	Secret     string // "" where it is about the function
	Column     int    // -1 where it is about all of them
	What       string // "missing", "unusable", "key", "mode", "type", "encoding", "field", "constraints"
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
	n := 0
	for _, f := range m.Functions {
		for _, r := range f.Rows {
			if r.Cells[column].State == state {
				n++
			}
		}
	}
	return n
}
