package manifest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// Guard is what other people than the manifest's author allow manifests to say (docs/guard.md).
type Guard struct {
	Path   string
	Allows []Allow // at least one
	files  map[string]*hcl.File
}

// Allow lets functions of environments have parameters under keys. What it requires has at least one element; the
// other lists allow nothing but what they name.
type Allow struct {
	Environments  []Text // names or patterns, as all that is not said to be something else
	Accounts      []Text // account ids
	Regions       []Text
	Bundles       []Text
	Functions     []Text
	Keys          []Text // as manifests write them
	Parameters    []Text // prefixes; "*" for all
	Layers        []Text
	DeployedAs    []Text
	Helpers       []Text
	AllowReserved []Text // names of secrets
	Session       []Text // as Session.Plain has them, or patterns
	Constraints   []Text // as secret.Constraints.Plain has them; "*" for all
	Blind         bool   // the functions have to be blind

	Range hcl.Range // of the block's header
	Lacks []string  // required attributes that are not there, as an earlier version did not know them
	has   map[string]bool
}

// Has says whether the block has an attribute.
func (a Allow) Has(attribute string) bool { return a.has[attribute] }

// Old says whether a block lacks what an earlier version did not know.
func (g *Guard) Old() bool {
	return slices.ContainsFunc(g.Allows, func(a Allow) bool { return len(a.Lacks) > 0 })
}

// JSON says whether the guard is written in JSON.
func (g *Guard) JSON() bool { return strings.HasSuffix(g.Path, ".json") }

// guardSpec is the schema of a guard file. docs/guard.md is tested against it.
func guardSpec() blockSpec {
	return blockSpec{name: "guard file", blocks: []blockSpec{{name: "allow", later: []string{"accounts", "regions", "bundles"}, attrs: []attrSpec{
		{"environments", listKind, true},
		{"accounts", listKind, true},
		{"regions", listKind, true},
		{"bundles", listKind, true},
		{"functions", listKind, true},
		{"keys", listKind, true},
		{"parameters", listKind, true},
		{"layers", listKind, false},
		{"deployed_as", listKind, false},
		{"helpers", listKind, false},
		{"allow_reserved", listKind, false},
		{"session", listKind, false},
		{"constraints", listKind, false},
		{"blind", boolKind, false},
	}}}}
}

var (
	// guardNamePattern is a name, or a pattern of names.
	guardNamePattern = lazyregexp.New(`^[A-Za-z0-9_*-]+$`)
	// guardSessionPattern is what the session of a role says, as one text.
	guardSessionPattern = lazyregexp.New(`^((session_name|external_id|source_identity)=.+|tags(\..+|\[".+"\])=.*|\*)$`)
	// guardConstraintPattern is a constraint, as one text.
	guardConstraintPattern = lazyregexp.New(`^(\*|min_length=[1-9][0-9]*|(min_length=[1-9][0-9]*,)?matches=.+)$`)
)

// parameterPrefixPattern is a parameter's name, or the beginning of some.
var parameterPrefixPattern = lazyregexp.New(`^(/?[A-Za-z0-9_.-]+|(/[A-Za-z0-9_.-]+){2,15})/?$`)

// LoadGuard reads a guard file, in HCL or, if its name ends in .json, in JSON. It knows no variables: what it allows is
// what stands there. With errors, the guard is good for its Files only.
func LoadGuard(path string) (*Guard, hcl.Diagnostics) {
	dir, name := filepath.Split(path)
	m := newModule(filepath.Clean(dir))
	m.root = guardSpec()
	diags := m.readAll([]string{name})
	if len(m.order) == 0 {
		return &Guard{}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Guard file not readable", Detail: diags[0].Detail}}
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
		e.report(fault("Empty guard file", "A guard file only allows what it lists, and this one lists nothing. Add a block: allow { … }.",
			hcl.Range{Filename: m.order[0], Start: hcl.InitialPos, End: hcl.InitialPos}))
	}
	r.take(e.findings)
	diags = append(diags, without(r.all(), diags)...)
	if diags.HasErrors() {
		return &Guard{files: m.files}, m.Sort(diags)
	}
	return g, m.Sort(diags)
}

// Files is the guard file by its name, as hcl.NewDiagnosticTextWriter takes it.
func (g *Guard) Files() map[string]*hcl.File { return g.files }

func (e *evaluator) allow(b *block) Allow {
	allow := Allow{Blind: e.bool(b, "blind", e.scope(scopeNothing)), Range: b.header, has: map[string]bool{}}
	lists := map[string]*[]Text{
		"environments": &allow.Environments, "accounts": &allow.Accounts, "regions": &allow.Regions, "bundles": &allow.Bundles,
		"functions": &allow.Functions, "keys": &allow.Keys, "parameters": &allow.Parameters, "layers": &allow.Layers,
		"deployed_as": &allow.DeployedAs, "helpers": &allow.Helpers, "allow_reserved": &allow.AllowReserved,
		"session": &allow.Session, "constraints": &allow.Constraints,
	}
	for _, a := range b.spec.attrs {
		to := lists[a.name]
		if to == nil {
			continue
		}
		texts, has := e.list(b, a.name, e.scope(scopeNothing))
		*to, allow.has[a.name] = texts, has != absent
		switch written := b.attrs[a.name]; {
		case has == absent && slices.Contains(b.spec.later, a.name) && !b.partial && !e.m.partial:
			allow.Lacks = append(allow.Lacks, a.name)
		case has == absent && a.required && written != nil:
			e.report(missing(b, a.name))
		case has == found && a.required && len(texts) == 0:
			e.wrong(written, "Empty list", fmt.Sprintf("With an empty list, this block allows nothing. List the allowed %s, or remove the block.", a.name), written.Expr.Range())
		}
		for _, text := range texts {
			if problem := badAllowed(a.name, text.Value); problem != "" {
				e.wrong(b.attrs[a.name], fmt.Sprintf("Invalid attribute %q", a.name), fmt.Sprintf("%q %s", text.Value, problem), text.Range)
			}
		}
	}
	return allow
}

// badAllowed says what is wrong with an element of a list of an allow block, as the end of a sentence and what to write.
func badAllowed(attribute, text string) string {
	switch attribute {
	case "accounts":
		if !accountPattern.MatchString(text) {
			return "is not an account ID. Write its 12 digits, or 000000000000 for the embedded AWS."
		}
	case "regions", "bundles", "layers", "deployed_as", "allow_reserved":
		if !guardNamePattern.MatchString(text) {
			return "is not a valid name. Write letters, digits, underscores and hyphens, and an asterisk for any characters."
		}
	case "helpers":
		if !strings.Contains(text, "*") && !slices.Contains(Helpers(), text) {
			return fmt.Sprintf("is not a helper. The helpers are %s.%s", quoted(Helpers(), len(Helpers())), didYouMean(text, Helpers()))
		}
	case "parameters":
		if text != "*" && !parameterPrefixPattern.MatchString(text) {
			return "is not the beginning of a parameter name. Write, for example, \"/prod/payments/\" without an asterisk to allow everything below it, or \"*\" to allow every parameter."
		}
	case "session":
		if !guardSessionPattern.MatchString(text) {
			return "is not a session setting. Write, for example, \"external_id=shop:prod\", \"session_name=release\", \"source_identity=release\" or \"tags.team=shop\", and an asterisk for any characters."
		}
	case "constraints":
		if !guardConstraintPattern.MatchString(text) {
			return "is not a constraint. Write, for example, \"min_length=20\", \"matches=sk_.*\" or \"min_length=20,matches=sk_.*\", or \"*\" to allow every constraint."
		}
	}
	return ""
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
