package starter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/whispering/bundle/pipeline/secret"
)

// leave returns a string that the source leaves open. key identifies it, and from is
// how notes call it.
func (d *Draft) leave(key, name, from string) *open {
	if o := d.open[key]; o != nil {
		return o
	}
	if d.open == nil {
		d.open, d.openNames = map[string]*open{}, map[string]bool{}
	}
	if inside := shown(from); strings.ReplaceAll(inside[1:len(inside)-1], `\"`, `"`) != from {
		from = inside
	}
	o := &open{name: identifier(name), from: from}
	for base, n := o.name, 2; d.openNames[o.name]; n++ {
		o.name = base + "_" + itoa(n)
	}
	d.open[key], d.openNames[o.name] = o, true
	return o
}

// identifier turns a name of the source into a name in environment.values: dbHost
// and DB-Host become db_host.
func identifier(name string) string {
	const most = 60
	var b strings.Builder
	lower := false
	for _, c := range name {
		switch {
		case c >= 'A' && c <= 'Z':
			if lower {
				b.WriteByte('_')
			}
			b.WriteRune(c + 'a' - 'A')
			lower = false
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
			lower = true
		default:
			if s := b.String(); s != "" && !strings.HasSuffix(s, "_") {
				b.WriteByte('_')
			}
			lower = false
		}
		if b.Len() > most {
			break
		}
	}
	s := strings.Trim(b.String(), "_")
	if s == "" || s[0] >= '0' && s[0] <= '9' || slices.Contains([]string{"for", "if", "in", "else", "endif", "endfor", "true", "false", "null"}, s) {
		s = strings.TrimRight("value_"+s, "_")
	}
	return s
}

// settle gives what is left open in the name of a parameter or secret a value in the
// embedded environment, with which the name is valid: what the source has for an
// environment of that name, the default that the source has for a whole name, a version,
// or something that is visibly local.
func settle(t Text, of origin, name string) {
	fresh := slices.DeleteFunc(t.opens(), func(o *open) bool { return o.local != "" })
	for _, o := range fresh {
		o.local = o.own
	}
	if of.check(t.in(LocalEnvironment)) != nil {
		for _, o := range fresh {
			o.local = ""
		}
	}
	root := "/"
	if of.store == secret.SecretsManager {
		root = "" // names of secrets have no levels
	}
	for i, p := range t {
		switch o := p.open; {
		case o == nil || o.local != "":
		case len(t) == 1:
			o.local = o.whole
			if of.check(o.whole) != nil {
				o.local = root + LocalEnvironment + "/" + cmp.Or(identifier(name), noun(of.store))
			}
		case i > 0 && strings.HasSuffix(t[i-1].literal, ":"):
			o.local = "1"
		case i == 0 && strings.Contains(t[1:].in(""), "/"):
			o.local = root + LocalEnvironment
		default:
			o.local = LocalEnvironment
		}
	}
}

// declared returns what the functions of the draft leave open, in order.
func (d *Draft) declared() (all []*open) {
	for _, f := range d.Functions {
		for _, s := range f.Secrets {
			for _, o := range s.From.opens() {
				if !slices.Contains(all, o) {
					all = append(all, o)
				}
			}
		}
	}
	return all
}

// missing returns the names of what is not known of an environment.
func (d *Draft) missing(e Environment) (all []string) {
	if e.AccountID == "" {
		all = append(all, "account_id")
	}
	if e.Region == "" {
		all = append(all, "regions")
	}
	for _, o := range d.declared() {
		if _, ok := o.known(e.Name); !ok {
			all = append(all, "values."+o.name)
		}
	}
	return all
}

// maxValues is the largest size of the values of an environment in bytes, somewhat
// below the limit that manifests have for an expression.
const maxValues = 3900

// room reports whether values of this size fit into an environment, with comments or
// without. The manifest is aligned, so that the longest name and value count for all.
func room(all []*open, envs []string, comments bool) bool {
	names, values, size := 0, 0, 0
	for _, o := range all {
		names = max(names, len(o.name))
		for _, env := range envs {
			values = max(values, len(quote(o.value(env))))
		}
	}
	for _, o := range all {
		size += len("    ") + names + len(" = ") + values + 1
		if comments {
			size += len(" # ") + len(o.from)
		}
	}
	return size <= maxValues
}

// place returns the values with what a secret leaves open, or false if there is no
// room for it.
func place(kept []*open, t Text, envs []string) ([]*open, bool) {
	all := slices.Clone(kept)
	for _, o := range t.opens() {
		if !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	if len(all) == len(kept) {
		return kept, true
	}
	return all, room(all, envs, false)
}
