package house

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"testing"
)

// TestPatternsCompile compiles the regular expressions of lazyregexp, which a program compiles only when it needs them.
// Those of package regexp that packages keep would be compiled by every command, so there are none.
func TestPatternsCompile(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		set := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
		// What is imported stays unknown: constants of the package itself are all that expressions are made of.
		config := types.Config{Error: func(error) {}, FakeImportC: true}
		_, _ = config.Check(p.ImportPath, set, files, info)
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !isSelector(call.Fun, "lazyregexp", "New") {
					return true
				}
				found++
				value := info.Types[call.Args[0]].Value
				if value == nil {
					t.Errorf("%s: the expression is not a constant", set.Position(call.Pos()))
				} else if _, err := regexp.Compile(constant.StringVal(value)); err != nil {
					t.Errorf("%s: %s", set.Position(call.Pos()), err)
				}
				return true
			})
			for _, decl := range file.Decls {
				ast.Inspect(decl, func(n ast.Node) bool {
					if _, inside := n.(*ast.FuncDecl); inside {
						return false
					}
					if call, ok := n.(*ast.CallExpr); ok && isSelector(call.Fun, "regexp", "MustCompile") && p.ImportPath != module+"internal/house/mutate" {
						t.Errorf("%s: use lazyregexp.New, so that commands do not compile what they do not need", set.Position(call.Pos()))
					}
					return true
				})
			}
		}
	}
	if found == 0 {
		t.Error("no expression was found")
	}
}

// isSelector reports whether an expression is pkg.name.
func isSelector(x ast.Expr, pkg, name string) bool {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == pkg
}
