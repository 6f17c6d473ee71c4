// Package compare compares what several environments have, and reports how they
// differ. It makes no call and reads no value.
package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Compare combines columns, as of now. It is a difference if a secret or a
// function's key is missing or unusable in an environment that declares it. Other
// versions and other parameters are not: environments exist to have their own.
func Compare(columns []Column, now time.Time) *Matrix {
	m := &Matrix{Columns: columns}
	names := map[string]bool{}
	for _, c := range columns {
		for _, f := range c.Functions {
			names[f.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		m.function(name, now)
	}
	slices.SortStableFunc(m.Findings, func(a, b Finding) int {
		return cmp.Compare(rank(a), rank(b))
	})
	return m
}

func rank(f Finding) int {
	if f.Difference {
		return 0
	}
	return 1
}

// function adds one function, with a row for each secret that it has anywhere.
func (m *Matrix) function(name string, now time.Time) {
	has := make([]*ColumnFunction, len(m.Columns)) // nil if the environment does not declare the function
	for i, c := range m.Columns {
		for k := range c.Functions {
			if c.Functions[k].Name == name {
				has[i] = &c.Functions[k]
			}
		}
	}
	f := MatrixFunction{Name: name}
	for i, fn := range has {
		cell := KeyCell{ColumnKey: ColumnKey{State: m.Columns[i].without()}}
		if fn != nil {
			cell = KeyCell{fn.Key, fn.Mode}
		}
		f.Keys = append(f.Keys, cell)
		if cell.State.Fails() {
			m.Findings = append(m.Findings, Finding{true, name, "", i, "key", cell.Why})
		}
	}
	m.differ(name, "", "mode", func(i int) string { return string(f.Keys[i].Mode) })
	for _, secret := range rowNames(has) {
		f.Rows = append(f.Rows, m.row(name, secret, has, now))
	}
	f.Rows = append(f.Rows, m.emptyPaths(name, has, f.Rows)...)
	slices.SortFunc(f.Rows, func(a, b Row) int { return strings.Compare(a.Secret, b.Secret) })
	m.Functions = append(m.Functions, f)
}

func rowNames(has []*ColumnFunction) []string {
	names := map[string]bool{}
	for _, fn := range has {
		if fn != nil {
			for _, s := range fn.Secrets {
				names[s.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// without returns the state of a secret or key that a column does not have.
func (c Column) without() State {
	if c.Unknown {
		return Unknown
	}
	return NotDeclared
}

// row finds a secret in every column, and adds findings about it.
func (m *Matrix) row(function, name string, has []*ColumnFunction, now time.Time) Row {
	r := Row{Secret: name}
	for i, fn := range has {
		c := Cell{ColumnSecret: find(fn, name, has)}
		if c.State == NotDeclared {
			c.State = m.Columns[i].without()
		}
		if !c.Version.Modified.IsZero() {
			c.Age = max(0, int(now.Sub(c.Version.Modified)/(24*time.Hour)))
		}
		if c.State.Fails() {
			m.Findings = append(m.Findings, Finding{true, function, name, i, string(c.State), c.Why})
		}
		r.Cells = append(r.Cells, c)
	}
	of := func(value func(Cell) string) func(int) string {
		return func(i int) string { return value(r.Cells[i]) }
	}
	m.differ(function, name, "type", of(func(c Cell) string { return c.Type }))
	meant := func(value func(Cell) string) func(int) string {
		return of(func(c Cell) string {
			if c.Encoding == "" { // no such secret
				return ""
			}
			return value(c)
		})
	}
	m.differ(function, name, "encoding", meant(func(c Cell) string { return string(c.Encoding) }))
	m.differ(function, name, "field", meant(func(c Cell) string { return cmp.Or(c.Field, "none") }))
	m.differ(function, name, "constraints", meant(func(c Cell) string { return cmp.Or(c.Checks, "none") }))
	return r
}

// find returns a secret of a function. A secret that another column imports from a
// path is missing here if an import of fn would give it.
func find(fn *ColumnFunction, name string, all []*ColumnFunction) ColumnSecret {
	if fn == nil {
		return ColumnSecret{State: NotDeclared}
	}
	for _, s := range fn.Secrets {
		if s.Name == name {
			return s
		}
	}
	for _, other := range all {
		if other == nil {
			continue
		}
		for _, s := range other.Secrets {
			if s.Name != name || s.Below == "" {
				continue
			}
			if parameter, im, ok := fn.importedParameter(name, s.Below); ok {
				state, why := Missing, fmt.Sprintf("no parameter below the path would become %q", parameter)
				if im.State == Unknown {
					state, why = Unknown, ""
				}
				return ColumnSecret{State: state, Parameter: parameter, Below: s.Below, Why: why}
			}
		}
	}
	return ColumnSecret{State: NotDeclared}
}

// importedParameter returns the parameter that an import of the function would turn
// into a secret of this name, if it existed.
func (f *ColumnFunction) importedParameter(name, below string) (string, ColumnImport, bool) {
	for _, im := range f.Imports {
		parameter := im.Parameter(below)
		if got, err := im.Name(parameter); err == nil && got == name && im.Takes(parameter) {
			return parameter, im, true
		}
	}
	return "", ColumnImport{}, false
}

// emptyPaths returns a row for each prefix whose paths are empty in every column.
// Parameters below a path in any column have rows of their own.
func (m *Matrix) emptyPaths(function string, has []*ColumnFunction, rows []Row) []Row {
	type place struct {
		column int
		im     ColumnImport
	}
	empty := map[string][]place{}
	for i, fn := range has {
		if fn == nil {
			continue
		}
		for _, im := range fn.Imports {
			if im.State != Present && !slices.ContainsFunc(rows, im.alreadyReported) {
				empty[im.Prefix.Value+"*"] = append(empty[im.Prefix.Value+"*"], place{i, im})
			}
		}
	}
	var all []Row
	for _, name := range slices.Sorted(maps.Keys(empty)) {
		r := Row{Secret: name}
		for _, c := range m.Columns {
			r.Cells = append(r.Cells, Cell{ColumnSecret: ColumnSecret{State: c.without()}})
		}
		for _, p := range empty[name] {
			s := ColumnSecret{State: p.im.State, Parameter: p.im.Path.Value}
			if p.im.State == Missing {
				s.Why = p.im.nothingBelow()
				m.Findings = append(m.Findings, Finding{true, function, name, p.column, "missing", s.Why})
			}
			r.Cells[p.column].ColumnSecret = s
		}
		all = append(all, r)
	}
	return all
}

// nothingBelow says that there is nothing to import below the path.
func (im ColumnImport) nothingBelow() string {
	if im.Deeper > 0 {
		return fmt.Sprintf("there are no parameters directly below %q, but %d lie deeper: write recursive = true to import them", im.Path.Value, im.Deeper)
	}
	return fmt.Sprintf("there are no parameters below %q", im.Path.Value)
}

// alreadyReported reports whether a row already shows that the import gives less
// here than in another column.
func (im ColumnImport) alreadyReported(r Row) bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool {
		_, below := im.Below(c.Parameter)
		return (c.State == Missing || c.State == Unknown) && c.Below != "" && below
	})
}

// differ adds a finding if the known values of the columns are not all equal.
func (m *Matrix) differ(function, secret, what string, value func(column int) string) {
	var parts []string
	values := map[string]bool{}
	for i, c := range m.Columns {
		v := value(i)
		if v == "" {
			continue
		}
		values[v] = true
		parts = append(parts, fmt.Sprintf("%s in %s", v, c.title(m.Columns)))
	}
	if len(values) > 1 {
		m.Findings = append(m.Findings, Finding{false, function, secret, -1, what, strings.Join(parts, ", ")})
	}
}

// Title names a column by its environment, and by its region if the environment has
// several.
func (m *Matrix) Title(column int) string { return m.Columns[column].title(m.Columns) }

func (c Column) title(among []Column) string {
	for _, other := range among {
		if other.Environment == c.Environment && other.Region != c.Region {
			return c.Environment + " " + c.Region
		}
	}
	return c.Environment
}
