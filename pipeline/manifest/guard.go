package manifest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/lazyregexp"
)

// Guard is a guard file: what manifests are allowed to say, owned by others than their authors (docs/guard.md).
type Guard struct {
	Path   string
	Allows []Allow                     // at least one
	files  func() map[string]*hcl.File // nil for none
}

// Allow is an allow block: it allows functions of environments to use parameters and secrets under keys. A required list has at
// least one element. An optional list allows only what it names.
type Allow struct {
	Environments    []Text // names or patterns, like every list without another comment
	Accounts        []Text // account IDs
	Regions         []Text
	Bundles         []Text
	Functions       []Text
	Keys            []Text // as in manifests
	Parameters      []Text // prefixes; "*" for all
	Secrets         []Text // of Secrets Manager: prefixes; "*" for all
	Layers          []Text
	LayerParameters []Text // prefixes; "*" for all
	DeployedAs      []Text
	Helpers         []Text
	AllowReserved   []Text // names of secrets
	Session         []Text // as in Session.Plain, or patterns
	Constraints     []Text // as in secret.Constraints.Plain; "*" for all
	Blind           bool   // the functions must be blind
	Put             bool   // bundle put and bundle import can write the parameters of the functions

	Range hcl.Range // of the block's header
	Lacks []string  // missing attributes that an earlier version did not require
	has   map[string]bool
}

// Has reports whether the block has an attribute.
func (a Allow) Has(attribute string) bool { return a.has[attribute] }

// Old reports whether a block is from an earlier version, and lacks what is required now.
func (g *Guard) Old() bool {
	return slices.ContainsFunc(g.Allows, func(a Allow) bool { return len(a.Lacks) > 0 })
}

// JSON reports whether the guard file is in JSON.
func (g *Guard) JSON() bool { return strings.HasSuffix(g.Path, ".json") }

// guardSpec is the schema of a guard file. docs/guard.md is tested against it.
func guardSpec() *blockSpec {
	later, either := []string{"accounts", "regions", "bundles"}, []string{"parameters", "secrets"}
	return &blockSpec{name: "guard file", file: true, blocks: []*blockSpec{{name: "allow", later: later, either: either, attrs: []attrSpec{
		{"environments", listKind, true},
		{"accounts", listKind, true},
		{"regions", listKind, true},
		{"bundles", listKind, true},
		{"functions", listKind, true},
		{"keys", listKind, true},
		{"parameters", listKind, false},
		{"secrets", listKind, false},
		{"layers", listKind, false},
		{"layer_parameters", listKind, false},
		{"deployed_as", listKind, false},
		{"helpers", listKind, false},
		{"allow_reserved", listKind, false},
		{"session", listKind, false},
		{"constraints", listKind, false},
		{"blind", boolKind, false},
		{"put", boolKind, false},
	}}}}
}

var (
	// guardNamePattern matches a name or a pattern of names.
	guardNamePattern = lazyregexp.New(`^[A-Za-z0-9_*-]+$`)
	// guardSessionPattern matches a session setting as one string.
	guardSessionPattern = lazyregexp.New(`^((session_name|external_id|source_identity)=.+|tags(\..+|\[".+"\])=.*|\*)$`)
	// guardConstraintPattern matches a constraint as one string.
	guardConstraintPattern = lazyregexp.New(`^(\*|min_length=[1-9][0-9]*|(min_length=[1-9][0-9]*,)?matches=.+)$`)
)

// parameterPrefixPattern matches a parameter's name, or the beginning of one.
var parameterPrefixPattern = lazyregexp.New(`^(/?[A-Za-z0-9_.-]+|(/[A-Za-z0-9_.-]+){2,15})/?$`)

// secretPrefixPattern matches the name of a secret of Secrets Manager, or the beginning of one.
var secretPrefixPattern = lazyregexp.New(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)

// LoadGuard reads a guard file in HCL or, if its name ends in .json, in JSON. It has no variables. If there are errors,
// the guard can only be used for its Files.
func LoadGuard(path string) (*Guard, hcl.Diagnostics) {
	dir, name := filepath.Split(path)
	m := newModule(filepath.Clean(dir))
	m.root = guardSpec()
	diags := m.readAll([]string{name})
	if len(m.order) == 0 {
		return &Guard{}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Guard file not readable", Detail: diags[0].Detail}}
	}
	g := &Guard{Path: path, files: m.Files}
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
		return &Guard{files: m.Files}, m.Sort(diags)
	}
	return g, m.Sort(diags)
}

// Files returns the guard file by its name, for hcl.NewDiagnosticTextWriter.
func (g *Guard) Files() map[string]*hcl.File {
	if g.files == nil {
		return nil
	}
	return g.files()
}

func (e *evaluator) allow(b *block) Allow {
	allow := Allow{
		Blind: e.bool(b, "blind", e.scope(scopeNothing)), Put: e.bool(b, "put", e.scope(scopeNothing)),
		Range: b.header, has: map[string]bool{},
	}
	lists := map[string]*[]Text{
		"environments": &allow.Environments, "accounts": &allow.Accounts, "regions": &allow.Regions, "bundles": &allow.Bundles,
		"functions": &allow.Functions, "keys": &allow.Keys, "parameters": &allow.Parameters, "secrets": &allow.Secrets,
		"layers": &allow.Layers, "layer_parameters": &allow.LayerParameters,
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
		switch written := b.attrs.named(a.name); {
		case has == absent && slices.Contains(b.spec.later, a.name) && !b.partial && !e.m.partial:
			allow.Lacks = append(allow.Lacks, a.name)
		case has == absent && a.required && written != nil:
			e.report(missing(b, a.name))
		case has == found && a.required && len(texts) == 0:
			e.wrong(written, "Empty list", fmt.Sprintf("With an empty list, this block allows nothing. List the allowed %s, or remove the block.", a.name), written.Expr.Range())
		}
		for _, text := range texts {
			if problem := badAllowed(a.name, text.Value); problem != "" {
				e.wrong(b.attrs.named(a.name), fmt.Sprintf("Invalid attribute %q", a.name), fmt.Sprintf("%q %s", text.Value, problem), text.Range)
			}
		}
	}
	if read := b.attrs.named("parameters"); len(allow.Parameters)+len(allow.Secrets) == 0 && !e.failedAny(b, b.spec.either) {
		if read == nil {
			read = b.attrs.named("secrets")
		}
		if read != nil { // or else it has been reported
			e.wrong(read, "Empty list", "This block allows no parameter and no secret of Secrets Manager, so it allows nothing. List the allowed ones in parameters or secrets, or remove the block.", read.Expr.Range())
		}
	}
	return allow
}

// failedAny reports whether one of the attributes has been reported.
func (e *evaluator) failedAny(b *block, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		a := b.attrs.named(name)
		return a != nil && (e.failed[a.Expr.Range()] || e.refused(a.Expr.Range()))
	})
}

// badAllowed returns what is wrong with an element of a list in an allow block, and what to write, as the end of a sentence.
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
	case "parameters", "layer_parameters":
		if text != "*" && !parameterPrefixPattern.MatchString(text) {
			return "is not the beginning of a parameter name. Write, for example, \"/prod/payments/\" without an asterisk to allow everything below it, or \"*\" to allow every parameter."
		}
	case "secrets":
		if text != "*" && !secretPrefixPattern.MatchString(text) {
			return "is not the beginning of a secret's name. Write, for example, \"prod/payments/\" without an asterisk to allow everything below it, or \"*\" to allow every secret of Secrets Manager."
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

// MatchesPattern reports whether a name matches a pattern, in which * matches any characters.
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

// HasPrefix reports whether a parameter or path is at or below a prefix, level by level: /prod/payments is not below
// /prod/pay. A leading slash makes no difference, as in Parameter Store.
func HasPrefix(name, prefix string) bool {
	if prefix == "*" {
		return true
	}
	name, prefix = strings.Trim(name, "/"), strings.Trim(prefix, "/")
	return name == prefix || strings.HasPrefix(name, prefix+"/")
}

// HasSecretPrefix is HasPrefix for secrets of Secrets Manager, whose names mean nothing but themselves: a leading slash makes
// another secret. A prefix without a slash at its end also matches the secret of that name.
func HasSecretPrefix(name, prefix string) bool {
	return prefix == "*" || name == prefix || strings.HasPrefix(name, strings.TrimSuffix(prefix, "/")+"/")
}
