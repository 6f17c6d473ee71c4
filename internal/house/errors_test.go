package house

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline/problem"
)

// TestErrorsAreDocumented compares docs/errors.md with the problems that the code can make, in both directions. A code follows
// from a summary, so summaries must be constant: literals, constants, or formats whose verbs are in quotes. The test finds them
// by name: a parameter, a result or a variable named summary, the member Summary of a diagnostic, and the rows of the table of
// pipeline/problem.
//
// go test ./internal/house -run TestErrorsAreDocumented -update rewrites the columns code, kind and exit code, and keeps causes
// and remedies. A reworded summary keeps its row if the two share a word, or if it is the only one; check what is printed. A new
// row has TODO for its cause and remedy.
func TestErrorsAreDocumented(t *testing.T) {
	s := scanSummaries(t)
	path := filepath.Join(root(t), "docs", "errors.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := &errorsPage{strings.Split(string(b), "\n")}
	want := page.with(s.kinds).withWarnings(s.onlyWarned()).withHCL(hclCodes(t, s.kinds))
	if *update {
		fmt.Print(changed(string(b), want))
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		b = []byte(want)
	}
	if want != string(b) {
		t.Errorf("docs/errors.md does not list the problems that the code has: write it with -update.\n%s", changed(string(b), want))
	}
	for _, line := range strings.Split(want, "\n") {
		if strings.Contains(line, "TODO") {
			t.Errorf("write cause and remedy: %s", line)
		}
	}
}

// exitCodes are those of kinds, as internal/cli/console/exit.go has them, which a test there compares with the page.
var exitCodes = map[problem.Kind]string{
	problem.Fault: "1", problem.Manifest: "2", problem.Access: "4", problem.Missing: "5", problem.Unavailable: "6",
	problem.Integrity: "7", problem.Output: "8", problem.Interrupted: "130, 143",
	problem.Partial: "9",
}

// kindSet are kinds of problems.
type kindSet map[problem.Kind]bool

// A summaryScan finds summaries in the source, and the kinds of problems that have them.
type summaryScan struct {
	t       *testing.T
	fset    *token.FileSet
	pkg     *summaryPackage         // that is looked through
	funcs   map[string]*summaryFunc // by package and name
	returns map[string]kindSet      // of functions that choose a kind, as well
	flows   map[ast.Node]kindSet    // of the problems that a function's variable summary gets into
	relayed map[*summaryPackage]kindSet
	kinds   map[string]kindSet
	warned  map[string]bool            // codes of warnings
	of      map[string]*summaryPackage // where a code is from
}

// A summaryPackage is a package's source, and its constants.
type summaryPackage struct {
	path      string
	files     []*ast.File
	constants map[string]string
}

// A summaryFunc has a parameter that is a summary, or a kind, or both.
type summaryFunc struct {
	summary, kind int      // indexes of parameters; -1 for none
	kinds         kindSet  // that it gives to all
	texts         []string // that have the kind it is given
}

var kindNames = map[string]problem.Kind{
	"Fault": problem.Fault, "Manifest": problem.Manifest, "Access": problem.Access, "Missing": problem.Missing,
	"Unavailable": problem.Unavailable, "Integrity": problem.Integrity, "Output": problem.Output, "Interrupted": problem.Interrupted,
	"Partial": problem.Partial,
}

func scanSummaries(t *testing.T) *summaryScan {
	t.Helper()
	s := &summaryScan{t: t, fset: token.NewFileSet(), funcs: map[string]*summaryFunc{}, returns: map[string]kindSet{}, flows: map[ast.Node]kindSet{},
		warned: map[string]bool{}}
	var all []*summaryPackage
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if !matches("cmd/bundle", name) && !matches("internal/cli/...", name) && !matches("pipeline/...", name) {
			continue
		}
		pkg := &summaryPackage{path: name, constants: map[string]string{}}
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(s.fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			pkg.files = append(pkg.files, f)
			s.declared(f, pkg)
		}
		all = append(all, pkg)
	}
	for range 4 { // a function that hands a summary on may come before the one that it hands it to
		s.kinds, s.of, s.relayed = map[string]kindSet{}, map[string]*summaryPackage{}, map[*summaryPackage]kindSet{}
		for _, s.pkg = range all {
			for _, f := range s.pkg.files {
				for _, d := range f.Decls {
					switch d := d.(type) {
					case *ast.FuncDecl:
						if d.Body != nil {
							s.function(d.Name.Name, d.Type, d.Body, &summaryScope{file: f})
						}
					case *ast.GenDecl:
						s.rows(d)
					}
				}
			}
		}
	}
	for code, kinds := range s.kinds {
		if len(kinds) == 0 { // of a warning, which may become an error
			if kinds := s.relayed[s.of[code]]; len(kinds) > 0 {
				s.kinds[code] = kinds
			} else {
				delete(s.kinds, code)
			}
		}
	}
	return s
}

// declared takes note of a file's constants, and of functions that choose a kind.
func (s *summaryScan) declared(f *ast.File, pkg *summaryPackage) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i := range min(len(n.Names), len(n.Values)) {
				if text, ok := s.text(n.Values[i], pkg.constants); ok {
					pkg.constants[n.Names[i].Name] = text
				}
			}
		case *ast.FuncDecl:
			found := kindSet{}
			ast.Inspect(n, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok {
					for _, e := range r.Results {
						if k, ok := kindNames[nameOf(e)]; ok {
							found[k] = true
						}
					}
				}
				return true
			})
			s.returns[pkg.path+"."+n.Name.Name] = found
		}
		return true
	})
}

// nameOf is the last name of x or p.x.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// A summaryScope is a function that is looked through.
type summaryScope struct {
	outer  *summaryScope
	file   *ast.File
	params []string
	own    *summaryFunc            // nil if it has no parameter that is a summary or a kind
	local  map[string]*summaryFunc // in it; nil for those that are of no interest
	body   *ast.BlockStmt
}

func (s *summaryScan) function(name string, typ *ast.FuncType, body *ast.BlockStmt, outer *summaryScope) {
	in := &summaryScope{outer: outer, file: outer.file, body: body, local: map[string]*summaryFunc{}}
	for _, field := range typ.Params.List {
		for _, n := range field.Names {
			in.params = append(in.params, n.Name)
		}
	}
	key := fmt.Sprint(s.pkg.path, ".", name)
	if outer.body != nil {
		key = fmt.Sprint(s.fset.Position(body.Pos()))
	}
	if summary, kind := slices.Index(in.params, "summary"), slices.Index(in.params, "kind"); summary >= 0 || kind >= 0 {
		if s.funcs[key] == nil {
			s.funcs[key] = &summaryFunc{summary: summary, kind: kind, kinds: kindSet{}}
		}
		in.own = s.funcs[key]
	}
	if outer.body != nil {
		outer.local[name] = in.own
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, value := range n.Rhs {
				if lit, ok := value.(*ast.FuncLit); ok && i < len(n.Lhs) {
					s.function(nameOf(n.Lhs[i]), lit.Type, lit.Body, in)
				}
			}
			s.assigned(n, in)
		case *ast.CallExpr:
			if nameOf(n.Fun) == "Warning" {
				s.warning(n)
				return false
			}
			s.call(n, in)
		case *ast.CompositeLit:
			s.literal(n, in)
		case *ast.ReturnStmt:
			s.returned(n, typ, in)
		case *ast.FuncLit:
			for _, f := range in.local {
				if f != nil && f == s.funcs[fmt.Sprint(s.fset.Position(n.Body.Pos()))] {
					return false // looked through by itself
				}
			}
		}
		return true
	})
}

// called finds the function that a call is of.
func (s *summaryScan) called(fun ast.Expr, in *summaryScope) *summaryFunc {
	switch fun := fun.(type) {
	case *ast.Ident:
		for scope := in; scope != nil; scope = scope.outer {
			if f, ok := scope.local[fun.Name]; ok {
				return f
			}
		}
		return s.funcs[s.pkg.path+"."+fun.Name]
	case *ast.SelectorExpr:
		return s.funcs[s.packageOf(fun, in)+"."+fun.Sel.Name]
	}
	return nil
}

// packageOf is that of a name: an imported one, or for a method our own.
func (s *summaryScan) packageOf(e *ast.SelectorExpr, in *summaryScope) string {
	for _, spec := range in.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if nameOf(e.X) == name {
			return strings.TrimPrefix(path, module)
		}
	}
	return s.pkg.path
}

// call is one of a function that takes a summary, or a kind for its own.
func (s *summaryScan) call(n *ast.CallExpr, in *summaryScope) {
	f := s.called(n.Fun, in)
	if f == nil || f.summary >= len(n.Args) || f.kind >= len(n.Args) {
		return
	}
	kinds := f.kinds
	if f.kind >= 0 {
		kinds = s.kindsOf(n.Args[f.kind], in)
		for _, text := range f.texts {
			s.add(text, kinds)
		}
	}
	if f.summary >= 0 {
		s.note(n.Args[f.summary], kinds, in)
	}
}

// warning is problem.New(…).Warning(), or that of a problem that is noted where it is made.
func (s *summaryScan) warning(n *ast.CallExpr) {
	if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
		if made, ok := sel.X.(*ast.CallExpr); ok && nameOf(made.Fun) == "New" && len(made.Args) == 4 {
			s.warn(made.Args[2])
		}
	}
}

// warn notes the summary of a warning.
func (s *summaryScan) warn(e ast.Expr) {
	text, ok := s.text(e, s.pkg.constants)
	if !ok {
		s.t.Errorf("%s: the summary of a warning is a constant: its code would not be stable", s.fset.Position(e.Pos()))
		return
	}
	s.warned[problem.Code(text)] = true
}

// literal is a diagnostic, which is one of the manifest.
func (s *summaryScan) literal(n *ast.CompositeLit, in *summaryScope) {
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if severity, ok := kv.Value.(*ast.SelectorExpr); ok && severity.Sel.Name == "DiagWarning" {
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && nameOf(kv.Key) == "Summary" {
						s.warn(kv.Value)
					}
				}
				return
			}
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Summary" {
				s.note(kv.Value, kindSet{problem.Manifest: true}, in)
			}
		}
	}
}

// assigned is summary = "…", or kind, summary = …, "…".
func (s *summaryScan) assigned(n *ast.AssignStmt, in *summaryScope) {
	kinds := kindSet(nil)
	if len(n.Lhs) == len(n.Rhs) {
		for i, left := range n.Lhs {
			if id, ok := left.(*ast.Ident); ok && id.Name == "kind" {
				kinds = s.kindsOf(n.Rhs[i], in)
			}
		}
		for i, left := range n.Lhs {
			id, ok := left.(*ast.Ident)
			member, isMember := left.(*ast.SelectorExpr)
			switch {
			case ok && id.Name == "summary":
				if text, _ := s.text(n.Rhs[i], s.pkg.constants); text == "" {
					if _, constant := n.Rhs[i].(*ast.BasicLit); constant {
						continue // none as yet
					}
				}
				if kinds == nil {
					kinds = s.kindsIn(in)
				}
				if len(kinds) == 0 {
					kinds = s.flows[in.body]
				}
				s.note(n.Rhs[i], kinds, in)
			case isMember && member.Sel.Name == "Summary" && n.Tok == token.ASSIGN:
				s.note(n.Rhs[i], kindSet{problem.Manifest: true}, in)
			}
		}
	}
}

// returned is a result that is called summary.
func (s *summaryScan) returned(n *ast.ReturnStmt, typ *ast.FuncType, in *summaryScope) {
	if typ.Results == nil {
		return
	}
	i := 0
	for _, field := range typ.Results.List {
		for _, id := range field.Names {
			if id.Name == "summary" && i < len(n.Results) && typ.Results.NumFields() == len(n.Results) {
				if text, ok := s.text(n.Results[i], s.pkg.constants); !ok || text != "" {
					s.note(n.Results[i], kindSet{problem.Manifest: true}, in)
				}
			}
			i++
		}
	}
}

// note notes a summary and its kinds. No kinds are those that the function it is in is given.
func (s *summaryScan) note(e ast.Expr, kinds kindSet, in *summaryScope) {
	switch nameOf(e) {
	case "summary":
		for scope := in; scope != nil; scope = scope.outer {
			if scope.own != nil && slices.Contains(scope.params, "summary") { // handed on
				maps.Copy(scope.own.kinds, kinds)
				return
			}
			if s.flows[scope.body] == nil {
				s.flows[scope.body] = kindSet{}
			}
			maps.Copy(s.flows[scope.body], kinds)
		}
		return // noted where it is assigned
	case "Summary": // that of another
		if s.relayed[s.pkg] == nil {
			s.relayed[s.pkg] = kindSet{}
		}
		maps.Copy(s.relayed[s.pkg], kinds)
		return
	}
	if call, ok := e.(*ast.CallExpr); ok && nameOf(call.Fun) == "fill" {
		return // that of a row
	}
	text, ok := s.text(e, s.pkg.constants)
	if !ok {
		s.t.Errorf("%s: a summary is a constant, or a format whose verbs are in quotes: its code would not be stable", s.fset.Position(e.Pos()))
		return
	}
	s.add(text, kinds)
	for scope := in; scope != nil && kinds == nil; scope = scope.outer {
		if scope.own != nil && !slices.Contains(scope.own.texts, text) {
			scope.own.texts = append(scope.own.texts, text)
		}
	}
}

func (s *summaryScan) add(text string, kinds kindSet) {
	for _, text := range services(text) {
		code := problem.Code(text)
		if s.kinds[code] == nil {
			s.kinds[code], s.of[code] = kindSet{}, s.pkg
		}
		maps.Copy(s.kinds[code], kinds)
	}
}

// services puts the names of services into a row's summary.
func services(text string) []string {
	if !strings.Contains(text, "{service}") {
		return []string{text}
	}
	var all []string
	for _, name := range []string{"AWS", "Parameter Store", "KMS", "Lambda", "STS", "Secrets Manager"} {
		all = append(all, strings.ReplaceAll(text, "{service}", name))
	}
	return all
}

// text is what an expression is, if that is a constant or a format whose verbs are in quotes.
func (s *summaryScan) text(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		text, ok := constants[e.Name]
		return text, ok
	case *ast.CallExpr:
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sprintf" {
			text, ok := s.text(e.Args[0], constants)
			text = strings.ReplaceAll(text, "%q", `"…"`)
			return text, ok && !strings.Contains(text, "%")
		}
	}
	return "", false
}

// kindsOf are those that an expression may be.
func (s *summaryScan) kindsOf(e ast.Expr, in *summaryScope) kindSet {
	switch e := e.(type) {
	case *ast.Ident:
		if k, ok := kindNames[e.Name]; ok {
			return kindSet{k: true}
		}
		for scope := in; scope != nil; scope = scope.outer {
			if slices.Contains(scope.params, e.Name) {
				return nil // what it is called with
			}
		}
		return s.kindsIn(in)
	case *ast.SelectorExpr:
		if k, ok := kindNames[e.Sel.Name]; ok {
			return kindSet{k: true}
		}
	case *ast.CallExpr:
		if id, ok := e.Fun.(*ast.Ident); ok {
			return s.returns[s.pkg.path+"."+id.Name]
		}
	}
	return s.kindsIn(in)
}

// kindsIn are those that are assigned to a variable kind alone, or returned, in a function.
func (s *summaryScan) kindsIn(in *summaryScope) kindSet {
	all := kindSet{}
	ast.Inspect(in.body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for i, left := range a.Lhs {
			if id, ok := left.(*ast.Ident); ok && id.Name == "kind" {
				if len(a.Lhs) > 1 && i+1 < len(a.Rhs) {
					if text, ok := s.text(a.Rhs[i+1], s.pkg.constants); ok && text != "" {
						continue // it is that of the summary beside it
					}
				}
				if k, ok := kindNames[nameOf(a.Rhs[i])]; ok {
					all[k] = true
				}
			}
		}
		return true
	})
	return all
}

// rows are those of the table of pipeline/problem: {kind, summary, remedy}.
func (s *summaryScan) rows(d *ast.GenDecl) {
	ast.Inspect(d, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && lit.Type == nil && len(lit.Elts) == 3 {
			if id, ok := lit.Elts[0].(*ast.Ident); ok && kindNames[id.Name] != "" {
				s.note(lit.Elts[1], kindSet{kindNames[id.Name]: true}, &summaryScope{})
			}
		}
		return true
	})
}

// hclCodes are those of what the parsers of HCL say, as far as they are not among ours.
func hclCodes(t *testing.T, ours map[string]kindSet) []string {
	t.Helper()
	dir := strings.TrimSpace(run(t, root(t), nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/hashicorp/hcl/v2"))
	summary := regexp.MustCompile(`Summary: +(?:fmt\.Sprintf\()?"((?:[^"\\]|\\.)+)"`)
	named := regexp.MustCompile(`(?:const|var) [A-Za-z]+ = "([A-Z][a-z][^"%]+)"`)
	found := map[string]bool{}
	for _, pattern := range []string{"*.go", "hclsyntax/*.go", "json/*.go"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range slices.Concat(summary.FindAllStringSubmatch(string(b), -1), named.FindAllStringSubmatch(string(b), -1)) {
				code := problem.Code(strings.NewReplacer("%q", `"…"`, "%s", `"…"`, `\"`, `"`).Replace(m[1]))
				if ours[code] == nil && !strings.Contains(m[1], "Failed to ") {
					found[code] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// An errorsPage is docs/errors.md: tables of codes, and a list of those of HCL.
type errorsPage struct{ lines []string }

var errorRow = regexp.MustCompile("^\\| `([a-z0-9-]+)` \\| ([^|]*) \\| ([^|]*) \\| (.*) \\|$")

// with is the page with a row for each code: where it is already, or in the last table.
func (p *errorsPage) with(kinds map[string]kindSet) *errorsPage {
	row := func(code, rest string) string {
		names := slices.SortedFunc(maps.Keys(kinds[code]), func(a, b problem.Kind) int { return cmp.Compare(exitCodes[a], exitCodes[b]) })
		var kind, exit []string
		for _, k := range names {
			kind, exit = append(kind, string(k)), append(exit, exitCodes[k])
		}
		return fmt.Sprintf("| `%s` | %s | %s | %s |", code, strings.Join(kind, ", "), strings.Join(exit, ", "), rest)
	}
	var gone, fresh []string
	listed := map[string]bool{}
	for _, line := range p.lines {
		if m := errorRow.FindStringSubmatch(line); m != nil {
			listed[m[1]] = true
			if kinds[m[1]] == nil {
				gone = append(gone, m[1])
			}
		}
	}
	for code := range kinds {
		if !listed[code] {
			fresh = append(fresh, code)
		}
	}
	successors := reworded(gone, fresh)
	var lines []string
	seen := map[string]bool{}
	last := len(p.lines)
	for _, line := range p.lines {
		m := errorRow.FindStringSubmatch(line)
		if m != nil && successors[m[1]] != "" {
			m[1] = successors[m[1]]
		}
		switch {
		case m == nil:
			lines = append(lines, line)
		case kinds[m[1]] != nil && !seen[m[1]]:
			seen[m[1]] = true
			lines = append(lines, row(m[1], m[4]))
			last = len(lines)
		}
	}
	for _, code := range slices.Backward(slices.Sorted(maps.Keys(kinds))) {
		if !seen[code] {
			lines = slices.Insert(lines, last, row(code, "TODO | TODO"))
		}
	}
	return &errorsPage{lines}
}

// onlyWarned are the codes of warnings that are never errors.
func (s *summaryScan) onlyWarned() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.warned)), func(code string) bool { return s.kinds[code] != nil })
}

var warningRow = regexp.MustCompile("^\\| `([a-z0-9-]+)` \\| ([^|]*) \\| ([^|]*) \\|$")

// withWarnings is the page with a row for each code of a warning, in the table below the heading Warnings.
func (p *errorsPage) withWarnings(codes []string) *errorsPage {
	var lines []string
	seen := map[string]bool{}
	last := 0
	for _, line := range p.lines {
		m := warningRow.FindStringSubmatch(line)
		if m != nil && (!slices.Contains(codes, m[1]) || seen[m[1]]) {
			continue
		}
		lines = append(lines, line)
		switch {
		case m != nil:
			seen[m[1]] = true
			last = len(lines)
		case line == "|---|---|---|":
			last = len(lines)
		}
	}
	for _, code := range slices.Backward(codes) {
		if !seen[code] {
			lines = slices.Insert(lines, last, fmt.Sprintf("| `%s` | TODO | TODO |", code))
		}
	}
	return &errorsPage{lines}
}

// reworded pairs codes that are gone with new ones: those first that share most words.
func reworded(gone, fresh []string) map[string]string {
	successors := map[string]string{}
	taken := map[string]bool{}
	for least := 10; least >= 0; least-- {
		for _, old := range gone {
			for _, code := range slices.Sorted(slices.Values(fresh)) {
				shared := 0
				for word := range strings.SplitSeq(old, "-") {
					if slices.Contains(strings.Split(code, "-"), word) {
						shared++
					}
				}
				if successors[old] == "" && !taken[code] && shared >= least && (shared > 0 || len(gone) == 1 && len(fresh) == 1) {
					successors[old], taken[code] = code, true
				}
			}
		}
	}
	return successors
}

// withHCL is the page with the list of HCL's codes, which is its last paragraph.
func (p *errorsPage) withHCL(codes []string) string {
	text := strings.Join(p.lines, "\n")
	before, _, _ := strings.Cut(text, "<!-- hcl -->\n")
	return before + "<!-- hcl -->\n`" + strings.Join(codes, "`, `") + "`.\n"
}

// changed are the lines that two texts do not share.
func changed(before, after string) string {
	var b strings.Builder
	old, new := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range old {
		if !slices.Contains(new, line) {
			fmt.Fprintf(&b, "- %.300s\n", line)
		}
	}
	for _, line := range new {
		if !slices.Contains(old, line) {
			fmt.Fprintf(&b, "+ %.300s\n", line)
		}
	}
	return b.String()
}
