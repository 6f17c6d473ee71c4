package starter

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

// LocalEnvironment is the name of the embedded environment in every first manifest.
const LocalEnvironment = "local"

// Options are what a source does not contain.
type Options struct {
	Name         string        // of the bundle; "" for the draft's name
	Environments []Environment // in real accounts
	Sample       string        // the path of the sample file in the manifest
}

// An Environment is an environment in a real account. If a field is empty, the
// environment is only written as a comment: the account is never made up.
type Environment struct{ Name, AccountID, Region string }

// Result is a first manifest, and the sample file of its embedded environment.
type Result struct {
	Manifest, Sample []byte
	Incomplete       []Incomplete
}

// An Incomplete is an environment that the manifest only has as a comment, with the
// names of what is missing.
type Incomplete struct {
	Name    string
	Missing []string
}

// Write writes the manifest of a draft, and its sample file.
func (d *Draft) Write(o Options) (*Result, error) {
	envs := []string{LocalEnvironment}
	for _, e := range o.Environments {
		if err := e.check(); err != nil {
			return nil, err
		}
		if slices.Contains(envs, e.Name) {
			return nil, fmt.Errorf("environment %q already exists", e.Name)
		}
		envs = append(envs, e.Name)
	}
	name := o.Name
	if name == "" {
		name = proposedName(d.Name)
	}
	if manifest.BadName("bundle", name) != "" {
		return nil, fmt.Errorf("%s is not a valid bundle name: use 1 to 64 letters, digits, underscores and hyphens, starting with a letter or a digit", shown(name))
	}
	if err := d.omit(o.Environments); err != nil {
		return nil, err
	}
	sample, err := d.sample()
	if err != nil {
		return nil, err
	}
	w := &writer{draft: d, options: o, name: name, envs: envs}
	w.manifest()
	text, err := manifest.Canonical([]byte(w.b.String()))
	if err == nil && len(text) > maxManifest {
		err = fmt.Errorf("the manifest would have more than %d bytes; split the source", maxManifest)
	}
	if err != nil {
		return nil, err
	}
	return &Result{append(bytes.TrimRight(text, "\n"), '\n'), sample, w.incomplete}, nil
}

// maxManifest is the largest size of a manifest in bytes.
const maxManifest = 1 << 20

// check returns an error if a field that is set is not valid.
func (e Environment) check() error {
	switch {
	case manifest.BadName("environment", e.Name) != "":
		return errors.New(manifest.BadName("environment", e.Name))
	case e.AccountID != "" && manifest.BadAccount(e.AccountID) != "":
		return fmt.Errorf("account id %s: %s", shown(e.AccountID), manifest.BadAccount(e.AccountID))
	case e.Region != "" && manifest.BadRegion(e.Region) != "":
		return fmt.Errorf("region %s: %s", shown(e.Region), manifest.BadRegion(e.Region))
	}
	return nil
}

// proposedName turns the name of a source into a valid bundle name.
func proposedName(s string) string {
	s = strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, s), "-_")
	if len(s) > 64 {
		s = strings.TrimRight(s[:64], "-_")
	}
	if s == "" {
		return "app"
	}
	return s
}

type writer struct {
	b       strings.Builder
	draft   *Draft
	options Options
	name    string
	envs    []string

	incomplete []Incomplete
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *writer) manifest() {
	from := ""
	if w.draft.Source != "" {
		from = " from " + bare(w.draft.Source)
	}
	w.line("# The secrets of Lambda functions: names, never values. Written by bundle init%s.", from)
	w.line("#")
	w.line("# It builds as is, without an AWS account, with sample values:")
	w.line("#")
	w.line("#     bundle --env %s --out layer.zip", LocalEnvironment)
	w.line("#")
	w.line("# bundle validate checks it, and bundle plan shows what a build would do. Every block is explained in")
	w.line("# https://github.com/whispering/bundle/blob/main/docs/manifest.md")
	w.line("")
	w.line("bundle {")
	w.line("name = %s", quote(w.name))
	w.line("layer = \"%s-${environment.name}-secrets\" # the name to publish the layer under", manifest.Escape(w.name))
	w.line("default_environment = %s # used without --env; in CI, --env is required", quote(LocalEnvironment))
	w.line("}\n")
	w.environments()
	if w.draft.root != nil {
		w.line("locals {\nroot = %s # the path that the parameters are below\n}\n", w.draft.root.hcl())
	}
	common := w.draft.common()
	w.line("# One key for each function, so that no function can decrypt another's secrets. Create the keys, or name existing ones.")
	w.line("defaults {\nkms_key = \"alias/${environment.name}-${function.name}\"")
	if len(common) > 0 {
		w.line("include = [\"common\"]")
	}
	w.line("}\n")
	if len(common) > 0 {
		w.line("# Secrets that all functions share.\ngroup \"common\" {")
		w.secrets(common)
		w.line("}\n")
	}
	if w.draft.proposed {
		w.line("# The parameter names are suggestions. Remove what is not a secret.")
	}
	for _, f := range w.draft.Functions {
		w.function(f)
	}
	w.notes()
}

func (w *writer) environments() {
	w.line("# The embedded AWS, with the sample values in a file next to this one.")
	w.line("environment %s {\nembedded = %s", quote(LocalEnvironment), quote(w.options.Sample))
	w.values(LocalEnvironment)
	w.line("}\n")
	if len(w.options.Environments) == 0 {
		w.line("# A real account. A build checks account_id before it reads anything, so that it never runs in the wrong account.")
		w.open(Environment{Name: "prod", Region: w.draft.Region})
	}
	for _, e := range w.options.Environments {
		if e.Region == "" {
			e.Region = w.draft.Region
		}
		if missing := w.draft.missing(e); len(missing) > 0 {
			w.incomplete = append(w.incomplete, Incomplete{e.Name, missing})
			w.line("# Fill in what is missing, and remove the comment signs.")
			w.open(e)
			continue
		}
		w.line("environment %s {", quote(e.Name))
		w.line("account_id = %s # builds refuse any other account", quote(e.AccountID))
		w.line("regions = [%s]", quote(e.Region))
		w.values(e.Name)
		w.line("}\n")
	}
}

// values writes the values of an environment.
func (w *writer) values(env string) {
	open := w.draft.declared()
	if len(open) == 0 {
		return
	}
	comments := room(open, append(w.envs, env), true)
	w.line("values = {")
	for _, o := range open {
		w.line("%s = %s%s", o.name, quote(o.value(env)), from(o, comments))
	}
	w.line("}")
}

// from says in a comment what an open value is, if there is room for it.
func from(o *open, room bool) string {
	if !room {
		return ""
	}
	return " # " + o.from
}

// open writes an environment with unknown fields as a comment.
func (w *writer) open(e Environment) {
	account, region := "...", "..."
	if e.AccountID != "" {
		account = e.AccountID
	}
	if e.Region != "" {
		region = e.Region
	}
	w.line("#\n# environment %s {\n#   account_id = %s\n#   regions    = [%s]", quote(e.Name), quote(account), quote(region))
	if open := w.draft.declared(); len(open) > 0 {
		w.line("#   values = {")
		comments := room(open, append(w.envs, e.Name), true)
		for _, o := range open {
			value, ok := o.known(e.Name)
			if !ok {
				value = "..."
			}
			w.line("#     %s = %s%s", o.name, quote(value), from(o, comments))
		}
		w.line("#   }")
	}
	w.line("# }\n")
}

func (w *writer) function(f Function) {
	w.line("function %s {", quote(f.Name))
	if len(f.DeployedAs) > 0 {
		w.line("deployed_as = %s # its name in Lambda", f.DeployedAs.hcl())
	} else {
		w.line("# deployed_as = \"...\"  its name in Lambda, if different; otherwise set BUNDLE_SECRETS_FUNCTION to %s", bare(f.Name))
	}
	if len(f.Key) > 0 {
		w.line("kms_key = environment.name == %s ? \"alias/%s-${function.name}\" : %s", quote(LocalEnvironment), LocalEnvironment, f.Key.hcl())
	}
	if len(f.Secrets)+len(f.refused) > 0 {
		w.line("")
	}
	w.secrets(f.Secrets)
	for _, r := range f.refused {
		w.line("# secret %s: %s%s", shown(r.name), r.reason, w.at(r.line))
	}
	if len(f.configuration) > 0 {
		w.line("\n# Looks like configuration, and is not imported:")
		for names := range slices.Chunk(f.configuration, 6) {
			for i, name := range names {
				names[i] = bare(name)
			}
			w.line("#   %s", strings.Join(names, ", "))
		}
	}
	w.line("}\n")
}

func (w *writer) at(line int) string {
	if line == 0 {
		return ""
	}
	return " (" + w.draft.Where(w.draft.noteAt(line, "")) + ")"
}

func (w *writer) secrets(all []Secret) {
	for _, s := range all {
		name, from := "parameter", s.From.hcl()
		if s.store == secret.SecretsManager {
			name = s.store.String()
		} else if root := w.draft.root; root != nil {
			if below, ok := strings.CutPrefix(from, strings.TrimSuffix(root.hcl(), `"`)+"/"); ok {
				from = `"${local.root}/` + below
			}
		}
		lines := s.lines()
		if s.Optional {
			lines = append(lines, "optional = true # the source works without it")
		}
		if len(lines) > 0 {
			w.line("secret %s {\n%s = %s\n%s\n}", quote(s.Name), name, from, strings.Join(lines, "\n"))
		} else {
			w.line("secret %s { %s = %s }", quote(s.Name), name, from)
		}
		for _, text := range s.remarks {
			w.line("# secret %s: %s%s", shown(s.Name), text, w.at(s.line))
		}
	}
}

// notes writes the notes that are not in a function's block.
func (w *writer) notes() {
	heading := "# ---- Not imported ----\n#\n"
	for _, n := range w.draft.Notes {
		if !n.beside {
			w.line("%s# %s: %s", heading, w.draft.Where(n), n.Text)
			heading = ""
		}
	}
}
