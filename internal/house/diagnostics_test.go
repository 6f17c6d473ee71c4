package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Outside of the manifest, errors and warnings come from pipeline/problem, which gives each a kind and a code.
func TestDiagnosticsAreMadeInTwoPackages(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "pipeline/problem" || name == "pipeline/manifest" {
			continue
		}
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok && nameOf(lit.Type) == "Diagnostic" {
					t.Errorf("%s: make the diagnostic with problem.New", fset.Position(lit.Pos()))
				}
				return true
			})
		}
	}
}
