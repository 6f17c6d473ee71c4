package starter

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Draft has what was found in a source.
type Draft struct {
	Source    string // the name of the source in notes
	Name      string // of the bundle; "" if the source has none
	Region    string // "" if the source has none
	Functions []Function
	Notes     []Note // what could not be imported

	noted     map[Note]bool
	proposed  bool             // the parameter names are suggestions
	root      Text             // the path of all parameters, if the manifest declares it as a local
	open      map[string]*open // what the source leaves open
	openNames map[string]bool
	values    []*open         // those that have a place in the manifest
	binary    map[string]bool // whether a secret of Secrets Manager is bytes, by its name in the embedded environment
	document  *document       // nil if the source is no YAML
	nothing   error           // why there is nothing in the source
}

// A Function is a function of the source, with its secrets.
type Function struct {
	Name       string
	DeployedAs Text // nil if it is not known or not valid
	Key        Text // nil for a separate new key
	Secrets    []Secret

	line          int
	configuration []string // names of variables that do not look like secrets
	refused       []refusal
}

// A Secret is a variable whose value is a parameter, or a secret of Secrets Manager.
type Secret struct {
	Name     string
	From     Text // the name of the parameter or secret
	Optional bool

	origin
	line    int
	shared  bool     // the source declares it for all functions
	account string   // that its ARN names, "" if it has none
	region  string   // that the source names for it alone, "" if it names none
	remarks []string // what the manifest does not say
}

// A refusal is a secret that the manifest cannot contain.
type refusal struct {
	name, reason string
	line         int
	shared       bool // the source declares it for all functions
}

// A Note says what could not be imported, and why.
type Note struct {
	File string // a file that the source includes, relative to the source's folder; "" for the source
	Line int    // 0 if the source has no lines
	Text string

	beside bool // the manifest has it as a comment in the function's block
}

// ErrNothing reports a source with nothing to import.
var ErrNothing = errors.New("no function in it has a variable that comes from Parameter Store or Secrets Manager")

func (d *Draft) note(line int, format string, args ...any) {
	d.put(d.noteAt(line, fmt.Sprintf(format, args...)))
}

func (d *Draft) noteAt(line int, text string) Note {
	n := Note{Line: line, Text: text}
	if d.document != nil {
		n.File, n.Line = d.document.place(line)
	}
	return n
}

func (d *Draft) put(n Note) {
	if d.noted == nil {
		d.noted = map[Note]bool{}
	}
	if !d.noted[n] {
		d.noted[n] = true
		d.Notes = append(d.Notes, n)
	}
}

// File returns the path of the file that a note is about.
func (d *Draft) File(n Note) string {
	if n.File == "" {
		return d.Source
	}
	return path.Join(path.Dir(filepath.ToSlash(d.Source)), n.File)
}

// Where returns the place of a note: FILE:LINE.
func (d *Draft) Where(n Note) string {
	if n.Line == 0 {
		return bare(d.File(n))
	}
	return fmt.Sprintf("%s:%d", bare(d.File(n)), n.Line)
}

// omit removes what a manifest cannot contain in any of the environments, and adds
// notes about it.
func (d *Draft) omit(environments []Environment) error {
	envs := []string{LocalEnvironment}
	for _, e := range environments {
		envs = append(envs, e.Name)
	}
	var kept []Function
	files := map[string]bool{} // the names of documents, by environment
	keys := map[string]bool{}
	for _, f := range d.Functions {
		if problem := manifest.BadName("function", f.Name); problem != "" {
			d.note(f.line, "function %s: this is not a valid function name in a manifest", shown(f.Name))
			d.lose(f, "its function does not have a valid name")
			continue
		}
		d.checkSecrets(&f, envs)
		if len(f.Secrets) == 0 {
			d.note(f.line, "function %s: none of its variables is a secret that can be imported", shown(f.Name))
			d.refusals(f, false)
			continue
		}
		d.checkName(&f, envs, files)
		if !take(f.file(), envs, files) {
			d.note(f.line, "function %s: another function has this name or is deployed under it", shown(f.Name))
			d.lose(f, "another function has the name of its function")
			continue
		}
		d.checkKey(&f, environments, keys)
		d.refusals(f, true)
		d.remark(f, envs, environments)
		kept = append(kept, f)
	}
	const most = 30_000 // so that a manifest stays well below its limits
	blocks := 0
	for _, f := range kept {
		blocks += 1 + len(f.Secrets)
	}
	if blocks > most || blocks*len(envs) > 4*most {
		return fmt.Errorf("its functions have more than %d secrets together; split it", min(most, 4*most/len(envs)))
	}
	slices.SortStableFunc(d.Notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	if d.Functions = kept; len(kept) == 0 {
		return cmp.Or(d.nothing, d.printed(), ErrNothing)
	}
	return nil
}

// printed returns an error that also says what to do if the framework printed the
// source, and with it the values of all variables; nil if some variables are left.
func (d *Draft) printed() error {
	if d.document == nil {
		return nil
	}
	left := d.document.get(d.document.root, "functions") == nil
	d.document.walk(d.document.root, func(n *yaml.Node) { left = left || strings.Contains(n.Value, "${") })
	if left {
		return nil
	}
	return fmt.Errorf("%w. If serverless print wrote it, its variables are values already: print the object itself (https://github.com/whispering/bundle/blob/main/docs/init.md)", ErrNothing)
}

// lose adds notes about all secrets of a function that is left out.
func (d *Draft) lose(f Function, reason string) {
	for _, s := range f.Secrets {
		f.refused = append(f.refused, refusal{s.Name, reason, s.line, s.shared})
	}
	d.refusals(f, false)
}

// refusals adds notes about the secrets of a function that the manifest cannot contain.
func (d *Draft) refusals(f Function, beside bool) {
	for _, r := range f.refused {
		d.variable(f, r.name, r.line, r.shared, beside, r.reason)
	}
}

// variable adds a note about a variable of a function, or of all functions.
func (d *Draft) variable(f Function, name string, line int, shared, beside bool, text string) {
	of := "function " + shown(f.Name)
	if shared {
		of = "all functions"
	}
	n := d.noteAt(line, fmt.Sprintf("variable %s of %s: %s", shown(name), of, text))
	n.beside = beside
	d.put(n)
}

// remark adds notes about what the manifest does not say of the secrets that it has.
func (d *Draft) remark(f Function, envs []string, environments []Environment) {
	for i := range f.Secrets {
		s := &f.Secrets[i]
		s.remarks = append(s.remarks, elsewhere(s, environments)...)
		s.remarks = append(s.remarks, opened(s, envs)...)
		for _, text := range s.remarks {
			d.variable(f, s.Name, s.line, s.shared, true, text)
		}
	}
}

// elsewhere says which account and region a secret is in, unless all environments are in them.
func elsewhere(s *Secret, environments []Environment) (all []string) {
	differs := func(where func(Environment) string, want string) bool {
		other := func(e Environment) bool { return where(e) != want }
		return want != "" && (len(environments) == 0 || slices.ContainsFunc(environments, other))
	}
	if differs(func(e Environment) string { return e.AccountID }, s.account) {
		all = append(all, "its ARN is in account "+shown(s.account)+"; the environment must be in the same account")
	}
	if differs(func(e Environment) string { return e.Region }, s.region) {
		all = append(all, "the environment must be in the region that is written there, "+shown(s.region))
	}
	return all
}

// opened says what the name of a parameter or secret leaves open in one of the
// environments.
func opened(s *Secret, envs []string) (all []string) {
	for _, o := range s.From.opens() {
		missing := o.in == nil || slices.ContainsFunc(envs, func(env string) bool { _, ok := o.known(env); return !ok })
		what := "its " + noun(s.store) + "'s name"
		if len(s.From) > 1 {
			what = "part of " + what
		}
		text := what + " comes from " + o.from + "; set environment.values." + o.name + " in each environment"
		if o.in != nil {
			text = what + " differs between the environments of the source; set environment.values." + o.name + " in the others"
		}
		if o.whole != "" {
			text += "; the default is " + shown(o.whole)
		}
		if s.store == secret.SecretsManager && len(s.From) == 1 {
			text += "; write the secret's name, also if the source has its ARN there"
		}
		if missing && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// file returns the name of the function's document.
func (f Function) file() Text {
	if len(f.DeployedAs) > 0 {
		return f.DeployedAs
	}
	return literal(f.Name)
}

// take reserves a document's name in every environment, unless it is already taken.
func take(name Text, envs []string, files map[string]bool) bool {
	if !free(name, envs, files) {
		return false
	}
	for _, env := range envs {
		files[env+"/"+strings.ToLower(name.in(env))] = true
	}
	return true
}

func free(name Text, envs []string, files map[string]bool) bool {
	return !slices.ContainsFunc(envs, func(env string) bool { return files[env+"/"+strings.ToLower(name.in(env))] })
}

// checkSecrets keeps the secrets that the manifest can contain.
func (d *Draft) checkSecrets(f *Function, envs []string) {
	var kept []Secret
	seen := map[string]bool{}
	for _, s := range f.Secrets {
		settle(s.From, s.origin, s.Name)
		reason := badSecret(s, envs)
		if reason == "" {
			if all, ok := place(d.values, s.From, envs); ok {
				d.values = all
			} else {
				reason = "the values of an environment have no room for what the name of its " + noun(s.store) + " leaves open; write the name itself: " + s.From.called(s.store)
			}
		}
		if reason == "" && seen[s.Name] {
			reason = "another secret has this name"
		}
		if reason == "" && s.store == secret.SecretsManager && !d.agreed(s) {
			reason = "another secret takes " + s.From.called(s.store) + " as text or as bytes, and this one as the other"
		}
		if reason != "" {
			f.refused = append(f.refused, refusal{s.Name, reason, s.line, s.shared})
			continue
		}
		seen[s.Name] = true
		kept = append(kept, s)
	}
	f.Secrets = kept
}

// agreed reports whether all secrets that come from one secret of Secrets Manager take it
// as text, or all as bytes.
func (d *Draft) agreed(s Secret) bool {
	name := s.From.in(LocalEnvironment)
	binary, known := d.binary[name]
	if !known {
		if d.binary == nil {
			d.binary = map[string]bool{}
		}
		d.binary[name] = s.binary
	}
	return !known || binary == s.binary
}

func badSecret(s Secret, envs []string) string {
	if manifest.BadSecretName(s.Name) != "" {
		return "a secret's name is 2 to 128 letters, digits and underscores, starting with a letter; rename the variable"
	}
	switch n, _ := manifest.Lookup(s.Name); n.Class {
	case manifest.ReadByLoaders:
		return "loaders, runtimes, shells or TLS libraries read this name; docs/names.md says when allow_reserved is right"
	case manifest.ReadByAWS:
		return "AWS SDKs, the AWS CLI or Lambda obey this name; docs/names.md says when allow_reserved is right"
	case manifest.Never:
		return "the name is reserved for Lambda and the helpers; rename the variable"
	}
	reason := s.refusedField()
	for _, env := range envs {
		reason = cmp.Or(reason, s.refused(s.From.in(env)))
	}
	return reason
}

// checkName removes a deployed_as that is not valid or already taken.
func (d *Draft) checkName(f *Function, envs []string, files map[string]bool) {
	if len(f.DeployedAs) == 0 {
		return
	}
	for _, env := range envs {
		if manifest.BadName("function", f.DeployedAs.in(env)) != "" {
			d.note(f.line, "function %s: the name it is deployed under is not valid in a manifest; set deployed_as", shown(f.Name))
			f.DeployedAs = nil
			return
		}
	}
	if !free(f.DeployedAs, envs, files) {
		d.note(f.line, "function %s: another function is deployed under the same name; set deployed_as", shown(f.Name))
		f.DeployedAs = nil
	}
}

// checkKey removes a key that is not valid in one of the environments, or that
// another function has.
func (d *Draft) checkKey(f *Function, environments []Environment, keys map[string]bool) {
	if len(f.Key) == 0 {
		return
	}
	for _, env := range append([]Environment{{Name: LocalEnvironment}}, environments...) {
		key := f.Key.in(env.Name)
		env.Region = cmp.Or(env.Region, d.Region)
		reason := cmp.Or(manifest.BadKey(key), env.badKey(key))
		switch {
		case reason != "":
		case keys[key]:
			reason = "another function has the same key and could decrypt this one's secrets"
		case strings.HasPrefix(key, "alias/"+env.Name+"-"), strings.HasPrefix(key, "alias/"+LocalEnvironment+"-"):
			reason = "functions without a key get aliases of this form"
		default:
			continue
		}
		d.note(f.line, "the key of function %s: %s", shown(f.Name), reason)
		f.Key = nil
		return
	}
	for _, env := range append([]Environment{{Name: LocalEnvironment}}, environments...) {
		keys[f.Key.in(env.Name)] = true
	}
}

// badKey returns why a key cannot be used in an environment, or "".
func (e Environment) badKey(key string) string {
	parts := strings.SplitN(key, ":", 6)
	if len(parts) != 6 || e.Name == LocalEnvironment {
		return ""
	}
	switch region, account := parts[3], parts[4]; {
	case e.Region != "" && region != e.Region && !strings.HasPrefix(parts[5], "key/mrk-"):
		return "it is in region " + shown(region) + ", and environment " + shown(e.Name) + " is in " + shown(e.Region) + "; the function gets its own alias"
	case e.AccountID != "" && account != e.AccountID:
		return "it is in account " + shown(account) + ", and environment " + shown(e.Name) + " is in " + shown(e.AccountID) + "; the function gets its own alias"
	}
	return ""
}

// common removes the secrets that the source declares for all functions, if all
// functions still have them, and returns them.
func (d *Draft) common() []Secret {
	if len(d.Functions) < 2 {
		return nil
	}
	var all []Secret
	for _, s := range d.Functions[0].Secrets {
		same := func(other Secret) bool {
			return other.shared && s.shared && other.Name == s.Name && other.Optional == s.Optional &&
				other.From.hcl() == s.From.hcl() && other.part(s.origin)
		}
		if !slices.ContainsFunc(d.Functions, func(f Function) bool { return !slices.ContainsFunc(f.Secrets, same) }) {
			all = append(all, s)
		}
	}
	for i := range d.Functions {
		d.Functions[i].Secrets = slices.DeleteFunc(d.Functions[i].Secrets, func(s Secret) bool {
			return slices.ContainsFunc(all, func(c Secret) bool { return c.Name == s.Name })
		})
	}
	return all
}
