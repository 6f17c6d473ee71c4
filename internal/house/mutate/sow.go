package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// chosen is the environment variable that selects a fault.
const chosen = "MUTANT"

// chooser returns a file that is added to a package with faults.
func chooser(pkg string) string {
	return "package " + pkg + "\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar mutant, _ = strconv.Atoi(os.Getenv(\"" + chosen + "\"))\n"
}

// A row is a fault in a file: its number, and the lines of the function that has it.
type row struct {
	id, first, last int
	mutant
}

// sow returns a file in which each function of src has a copy for every fault in it,
// and calls the selected copy. So a package is compiled once for all its faults. It
// leaves out the faults in skip, which do not compile. There are no faults outside
// functions.
func sow(name string, src []byte, first int, skip map[mutant]bool) (text string, rows []row, pkg string, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, src, parser.SkipObjectResolution)
	if err != nil {
		return "", nil, "", err
	}
	all := mutants(files, file)
	var b, copies strings.Builder
	at := 0
	lines := strings.Count(string(src), "\n") + 1 // the copies begin on the line after
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil || f.Recv == nil && f.Name.Name == "init" {
			continue
		}
		offset := func(p token.Pos) int { return files.Position(p).Offset }
		var cases strings.Builder
		call := called(f)
		for _, m := range all {
			if m.At.Offset < offset(f.Body.Lbrace) || m.At.Offset >= offset(f.Body.Rbrace) || skip[m] {
				continue
			}
			id := first + len(rows)
			faulty := fmt.Sprintf("%smutant%d%s%s%s\n", src[offset(f.Pos()):offset(f.Name.Pos())], id,
				src[offset(f.Name.End()):m.At.Offset], m.New, src[m.At.Offset+len(m.Old):offset(f.End())])
			n := strings.Count(faulty, "\n")
			rows = append(rows, row{id, lines + 1, lines + n, m})
			lines += n
			copies.WriteString(faulty)
			fmt.Fprintf(&cases, " case %d: "+call+";", id, id)
		}
		if cases.Len() == 0 {
			continue
		}
		for _, e := range names(f) { // the call needs them
			b.Write(src[at:offset(e.at)])
			b.WriteString(e.name)
			at = offset(e.until)
		}
		b.Write(src[at : offset(f.Body.Lbrace)+1])
		b.WriteString(" switch mutant {" + cases.String() + " };")
		at = offset(f.Body.Lbrace) + 1
	}
	b.Write(src[at:])
	return b.String() + "\n" + copies.String(), rows, file.Name.Name, nil
}

// called returns the statement that calls a copy of f, with %d for its number.
func called(f *ast.FuncDecl) string {
	var args []string
	for i, p := range f.Type.Params.List {
		for k := range max(1, len(p.Names)) {
			arg := named(p, "p", i, k)
			if _, variadic := p.Type.(*ast.Ellipsis); variadic {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	call := "mutant%d(" + strings.Join(args, ", ") + ")"
	if f.Recv != nil {
		call = named(f.Recv.List[0], "r", 0, 0) + "." + call
	}
	if f.Type.Results != nil {
		return "return " + call
	}
	return call + "; return"
}

// named returns the name of a parameter, or the name that it gets.
func named(p *ast.Field, prefix string, i, k int) string {
	if len(p.Names) == 0 || p.Names[k].Name == "_" {
		return fmt.Sprintf("mutant%s%d%d", prefix, i, k)
	}
	return p.Names[k].Name
}

// An edit replaces the text from at until until with a name.
type edit struct {
	at, until token.Pos
	name      string
}

// names gives names to the parameters of f that have none.
func names(f *ast.FuncDecl) []edit {
	var all []edit
	name := func(p *ast.Field, prefix string, i int) {
		if len(p.Names) == 0 {
			all = append(all, edit{p.Type.Pos(), p.Type.Pos(), named(p, prefix, i, 0) + " "})
		}
		for k, n := range p.Names {
			if n.Name == "_" {
				all = append(all, edit{n.Pos(), n.End(), named(p, prefix, i, k)})
			}
		}
	}
	if f.Recv != nil {
		name(f.Recv.List[0], "r", 0)
	}
	for i, p := range f.Type.Params.List {
		name(p, "p", i)
	}
	return all
}
