package manifest

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Guard is what other people than the manifest's author allow manifests to say (docs/guard.md).
type Guard struct {
	Path   string
	Allows []Allow // at least one
	files  map[string]*hcl.File
}

// Allow lets functions of environments have parameters under keys. Every list has at least one element.
type Allow struct {
	Environments []Text // names or patterns
	Accounts     []Text // account ids; empty: any
	Functions    []Text // names or patterns
	Keys         []Text // as manifests write them, or patterns
	Parameters   []Text // prefixes; "*" for all
	Blind        bool   // the functions have to be blind
}

// guardSpec is the schema of a guard file. docs/guard.md is tested against it.
func guardSpec() blockSpec {
	return blockSpec{name: "guard file", blocks: []blockSpec{{name: "allow", attrs: []attrSpec{
		{"environments", listKind, true},
		{"accounts", listKind, false},
		{"functions", listKind, true},
		{"keys", listKind, true},
		{"parameters", listKind, true},
		{"blind", boolKind, false},
	}}}}
}

// parameterPrefixPattern is a parameter's name, or the beginning of some.
var parameterPrefixPattern = regexp.MustCompile(`^(/?[A-Za-z0-9_.-]+|(/[A-Za-z0-9_.-]+){2,15})/?$`)

// LoadGuard reads a guard file, in HCL or, if its name ends in .json, in JSON. It knows no variables: what it allows is
// what stands there. With errors, the guard is good for its Files only.
func LoadGuard(path string) (*Guard, hcl.Diagnostics) {
	dir, name := filepath.Split(path)
	m := newModule(filepath.Clean(dir))
	m.root = guardSpec()
	diags := m.readAll([]string{name})
	if len(m.order) == 0 {
		return &Guard{}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Guard not readable", Detail: strings.Replace(diags[0].Detail, "The manifest", "The guard", 1)}}
	}
	g := &Guard{Path: path, files: m.files}
	r := &reader{m: m}
	e := m.newEvaluator()
	file := m.files[m.order[0]]
	if file.Body != nil {
		for _, b := range r.body(file.Body, guardSpec()).blocks {
			g.Allows = append(g.Allows, e.allow(b))
		}
	}
	if len(g.Allows) == 0 && !m.partial {
		e.report(fault("Empty guard", "A guard allows nothing that it does not name, and this one names nothing. Add a block: allow { … }.",
			hcl.Range{Filename: m.order[0], Start: hcl.InitialPos, End: hcl.InitialPos}))
	}
	diags = append(diags, without(append(r.diags, e.diags...), diags)...)
	if diags.HasErrors() {
		return &Guard{files: m.files}, m.Sort(diags)
	}
	return g, m.Sort(diags)
}

// Files is the guard file by its name, as hcl.NewDiagnosticTextWriter takes it.
func (g *Guard) Files() map[string]*hcl.File { return g.files }

func (e *evaluator) allow(b *block) Allow {
	list := func(name string) []Text {
		texts, has := e.list(b, name, e.scope(scopeNothing))
		a := b.attrs[name]
		switch {
		case has == absent && a != nil && name != "accounts":
			e.report(missing(b, name))
		case has == found && len(texts) == 0:
			e.wrong(a, "Empty list", fmt.Sprintf("With an empty list this block allows nothing. Name what %s are allowed, or remove the block.", name), a.Expr.Range())
		}
		return texts
	}
	allow := Allow{
		Environments: list("environments"), Accounts: list("accounts"), Functions: list("functions"),
		Keys: list("keys"), Parameters: list("parameters"), Blind: e.bool(b, "blind", e.scope(scopeNothing)),
	}
	for _, id := range allow.Accounts {
		if !accountPattern.MatchString(id.Value) {
			e.wrong(b.attrs["accounts"], "Invalid account id", fmt.Sprintf("An account id has 12 digits, and %q is not that.", id.Value), id.Range)
		}
	}
	for _, prefix := range allow.Parameters {
		if prefix.Value != "*" && !parameterPrefixPattern.MatchString(prefix.Value) {
			e.wrong(b.attrs["parameters"], "Invalid prefix", fmt.Sprintf(
				"%q is not the beginning of a parameter's name. Write such as \"/prod/payments/\", without a star: everything below is meant. \"*\" alone stands for every parameter.",
				prefix.Value), prefix.Range)
		}
	}
	return allow
}

// MatchesPattern reports whether a name matches a pattern: a star stands for any characters, everything else for itself.
func MatchesPattern(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// HasPrefix reports whether a parameter or path is at or below a prefix, level by level: /prod/pay is not above
// /prod/payments. A slash in front of the first level makes no difference, as it makes none to Parameter Store.
func HasPrefix(name, prefix string) bool {
	if prefix == "*" {
		return true
	}
	name, prefix = strings.Trim(name, "/"), strings.Trim(prefix, "/")
	return name == prefix || strings.HasPrefix(name, prefix+"/")
}
