package starter

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

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

	noted    map[Note]bool
	proposed bool // the parameter names are suggestions
	root     Text // the path of all parameters, if the manifest declares it as a local
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

// A Secret is a variable whose value is a parameter.
type Secret struct {
	Name      string
	Parameter Text
	Optional  bool

	line   int
	shared bool // the source declares it for all functions
}

// A refusal is a secret that the manifest cannot contain.
type refusal struct {
	name, reason string
	line         int
}

// A Note says what could not be imported, and why.
type Note struct {
	Line int // of the source; 0 if it has no lines
	Text string

	beside bool // the manifest has it as a comment in the function's block
}

// ErrNothing reports a source with nothing to import.
var ErrNothing = errors.New("no function in it has a variable that comes from Parameter Store")

func (d *Draft) note(line int, format string, args ...any) {
	d.put(Note{Line: line, Text: fmt.Sprintf(format, args...)})
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

// Where returns the place of a note: FILE:LINE.
func (d *Draft) Where(n Note) string {
	if n.Line == 0 {
		return bare(d.Source)
	}
	return fmt.Sprintf("%s:%d", bare(d.Source), n.Line)
}

// omit removes what a manifest cannot contain in any of the environments, and adds
// notes about it.
func (d *Draft) omit(envs []string) error {
	var kept []Function
	files := map[string]bool{} // the names of documents, by environment
	keys := map[string]bool{}
	for _, f := range d.Functions {
		if problem := manifest.BadName("function", f.Name); problem != "" {
			d.note(f.line, "function %s: this is not a valid function name in a manifest", shown(f.Name))
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
			continue
		}
		d.checkKey(&f, envs, keys)
		d.refusals(f, true)
		kept = append(kept, f)
	}
	if d.Functions = kept; len(kept) == 0 {
		return ErrNothing
	}
	slices.SortStableFunc(d.Notes, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	return nil
}

// refusals adds notes about the secrets of a function that the manifest cannot contain.
func (d *Draft) refusals(f Function, beside bool) {
	for _, r := range f.refused {
		d.put(Note{r.line, fmt.Sprintf("variable %s of function %s: %s", shown(r.name), shown(f.Name), r.reason), beside})
	}
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
		reason := badSecret(s, envs)
		if reason == "" && seen[s.Name] {
			reason = "another secret has this name"
		}
		if reason != "" {
			f.refused = append(f.refused, refusal{s.Name, reason, s.line})
			continue
		}
		seen[s.Name] = true
		kept = append(kept, s)
	}
	f.Secrets = kept
}

func badSecret(s Secret, envs []string) string {
	if manifest.BadSecretName(s.Name) != "" {
		return "a secret's name is 2 to 128 letters, digits and underscores, starting with a letter"
	}
	switch n, _ := manifest.Lookup(s.Name); n.Class {
	case manifest.ReadByLoaders:
		return "loaders, runtimes, shells or TLS libraries read this name; docs/names.md says when allow_reserved is right"
	case manifest.ReadByAWS:
		return "AWS SDKs, the AWS CLI or Lambda obey this name; docs/names.md says when allow_reserved is right"
	case manifest.Never:
		return "the name is reserved for Lambda and the helpers"
	}
	for _, env := range envs {
		_, err := secret.ParseRef(s.Parameter.in(env))
		var bad *secret.RefError
		if errors.As(err, &bad) {
			return "its parameter " + bad.Reason
		}
	}
	return ""
}

// checkName removes a deployed_as that is not valid or already taken.
func (d *Draft) checkName(f *Function, envs []string, files map[string]bool) {
	if len(f.DeployedAs) == 0 {
		return
	}
	for _, env := range envs {
		if manifest.BadName("function", f.DeployedAs.in(env)) != "" {
			d.note(f.line, "function %s: the name it is deployed under is not valid in a manifest", shown(f.Name))
			f.DeployedAs = nil
			return
		}
	}
	if !free(f.DeployedAs, envs, files) {
		d.note(f.line, "function %s: another function is deployed under the same name", shown(f.Name))
		f.DeployedAs = nil
	}
}

// checkKey removes a key that is not valid, or that another function has.
func (d *Draft) checkKey(f *Function, envs []string, keys map[string]bool) {
	if len(f.Key) == 0 {
		return
	}
	for _, env := range envs {
		key := f.Key.in(env)
		reason := manifest.BadKey(key)
		switch {
		case reason != "":
		case keys[key]:
			reason = "another function has the same key and could decrypt this one's secrets"
		case strings.HasPrefix(key, "alias/"+env+"-"), strings.HasPrefix(key, "alias/"+LocalEnvironment+"-"):
			reason = "functions without a key get aliases of this form"
		default:
			continue
		}
		d.note(f.line, "the key of function %s: %s", shown(f.Name), reason)
		f.Key = nil
		return
	}
	for _, env := range envs {
		keys[f.Key.in(env)] = true
	}
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
			return other.shared && s.shared && other.Name == s.Name && other.Optional == s.Optional && other.Parameter.hcl() == s.Parameter.hcl()
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
