package policy

import (
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
)

// A Probe is a request that the policies of a role must allow, or must not allow.
type Probe struct {
	Allow    bool // it must be allowed
	Action   string
	Resource string              // ARN, or "*"
	Keys     map[string][]string // condition keys of the request
	Of       string              // what is special about the request; "" for nothing

	// Absent says that no document denies the request: it is not allowed because no
	// document allows it.
	Absent bool
}

// stranger is in the names of parameters and functions that no manifest has.
const stranger = "bundle-doctor"

// probes collects the probes of a role.
type probes struct {
	Setting
	all []Probe
}

func (p *probes) add(allowed bool, of string, keys map[string][]string, resources List, actions ...string) {
	for _, action := range actions {
		for _, resource := range resources {
			p.all = append(p.all, Probe{Allow: allowed, Action: action, Resource: resource, Keys: keys, Of: of})
		}
	}
}

// absent adds attacks that no document denies.
func (p *probes) absent(of string, keys map[string][]string, resources List, actions ...string) {
	from := len(p.all)
	p.add(false, of, keys, resources, actions...)
	for i := range p.all[from:] {
		p.all[from+i].Absent = true
	}
}

// BuildProbes are the requests of a build, and the attacks that Build denies. There is
// one for each right that Build gives, and one for each of its Denies.
//
// They are about effects: they hold for documents that are split, for those by the tags
// of keys (as if the keys had the tags), and for those with folders of parameters.
func (s Setting) BuildProbes() []Probe {
	p := &probes{Setting: s}
	p.look()
	p.lookAtSecrets(getSecret)
	packed, blind := s.packed(), s.blind()
	p.open(packed, blind)
	p.openSecrets()
	for _, fn := range s.Manifest.Functions {
		p.add(true, s.about(fn), s.request(fn, fn), List{s.Keys[fn.Name.Value]}, sealing(fn))
	}
	p.add(true, "", nil, s.layers(), "lambda:PublishLayerVersion")
	if noted := s.layerParameters(); len(noted) > 0 {
		p.add(true, "", nil, noted, "ssm:GetParameters", "ssm:PutParameter")
		p.add(false, "", nil, List{s.parameterARN("/" + stranger + "/another")}, "ssm:PutParameter")
	}
	p.readElsewhere()
	p.openElsewhere(packed, blind)
	p.openOtherSecrets()
	p.sealElsewhere()
	p.administer(p.keys(), append(administering(), "kms:GenerateDataKey")...)
	return p.all
}

// PlanProbes are the requests of a plan, the attacks that Plan denies, and administering,
// which it denies only if it names keys by tags.
func (s Setting) PlanProbes() []Probe {
	p := &probes{Setting: s}
	p.look()
	p.lookAtSecrets(listVersions)
	p.add(true, "", nil, s.layerParameters(), "ssm:GetParameters")
	p.readElsewhere()
	packed, blind, kept := s.packed(), s.blind(), s.secrets()
	keys := distinct(slices.Concat(s.keys(), packed.keys, blind.keys, kept.keys))
	fn := s.Manifest.Functions[0]
	p.add(false, s.about(fn), s.request(fn, fn), keys,
		"kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:CreateGrant")
	if all := slices.Concat(packed.parameters, blind.parameters); len(all) > 0 {
		p.add(false, "through Parameter Store", s.via(concrete(all)[0]), keys, "kms:Decrypt")
	}
	if secrets := concrete(kept.secrets); len(secrets) > 0 {
		p.add(false, "", nil, secrets, getSecret)
		p.add(false, "", nil, List{"*"}, getSecretBatches)
		p.add(false, "through Secrets Manager", s.viaSecret(secrets[0]), keys, "kms:Decrypt")
	}
	from := len(p.all)
	p.administer(p.keys(), administering()...)
	for i := range p.all[from:] {
		p.all[from+i].Absent = len(s.tagged()) == 0
	}
	return p.all
}

// PutProbes are the requests of a put, and the attacks that Put denies. Nothing denies
// writing a value under another key, but no document allows it.
func (s Setting) PutProbes() []Probe {
	p, w := &probes{Setting: s}, s.written()
	of := func(r reach) map[string][]string {
		if len(r.parameters) == 0 {
			r = w.reach
		}
		return ofARN(concrete(r.parameters)[0])
	}
	usual := map[string]map[string][]string{
		"kms:Encrypt": of(w.standard), "kms:GenerateDataKey": of(w.advanced), "kms:Decrypt": of(w.fields),
		"kms:ReEncryptFrom": of(w.reach), "kms:ReEncryptTo": of(w.reach),
	}
	p.derived(s.Put(), usual)
	foreign := List{p.foreignKey(p.Account), p.foreignKey(p.foreignAccount())}
	own := concrete(w.parameters)[0]
	p.absent("of "+nameOf(own)+", under another key, through Parameter Store", p.via(own), foreign, "kms:Encrypt", "kms:GenerateDataKey")
	return p.all
}

// FunctionProbes are what the role of a function needs, what opens more than its own
// documents, and what would let someone else open these. Its errors wrap ErrFunction.
func (s Setting) FunctionProbes(name string) ([]Probe, error) {
	fn, err := s.function(name)
	if err != nil {
		return nil, err
	}
	p := &probes{Setting: s}
	key := List{s.Keys[name]}
	p.add(true, s.about(fn), s.request(fn, fn), key, "kms:Decrypt")
	p.absent("for another function", s.changed(fn, ofFunction, s.Manifest.Bundle.Name.Value+"/"+stranger), key, "kms:Decrypt")
	p.absent("for another environment", s.changed(fn, ofEnvironment, stranger), key, "kms:Decrypt")
	p.absent("without an encryption context", nil, key, "kms:Decrypt")
	if other, ok := s.another(fn); ok {
		p.absent(s.about(fn), s.request(fn, other), List{s.Keys[other.Name.Value]}, "kms:Decrypt")
		p.absent(s.about(other), s.request(other, other), List{s.Keys[other.Name.Value]}, "kms:Decrypt")
	}
	p.administer(key, administering()...)
	return p.all, nil
}

// look is what building and planning both need.
func (p *probes) look() {
	all := p.reads(func(manifest.Function) bool { return true })
	p.add(true, "", nil, concrete(all.parameters), "ssm:GetParameters")
	p.add(true, "", nil, concrete(withBelow(all.paths)), "ssm:GetParametersByPath")
	p.add(true, "", map[string][]string{taggedEnvironment: {p.Manifest.Environment.Name.Value}}, p.keys(), "kms:DescribeKey")
	if len(p.blind().parameters) > 0 {
		p.add(true, "", nil, p.BlindKeys, "kms:DescribeKey")
	}
	for _, layer := range p.layers() {
		p.add(true, "", nil, List{layer}, "lambda:ListLayerVersions")
		p.add(true, "", nil, List{layer + ":1"}, "lambda:GetLayerVersion")
	}
}

// open is what turns stored parameters into something that can be sealed.
func (p *probes) open(packed, blind reach) {
	for _, parameter := range concrete(packed.parameters) {
		p.add(true, "of "+nameOf(parameter)+", through Parameter Store", p.via(parameter), packed.keys, "kms:Decrypt")
		if len(blind.keys) == 0 {
			break // no policy is about the parameter, which ssm:GetParameters is
		}
	}
	for _, parameter := range concrete(blind.parameters) {
		p.add(true, "of "+nameOf(parameter), ofARN(parameter), blind.keys, "kms:ReEncryptFrom")
	}
}

// readElsewhere is reading another parameter with each of the four actions that read,
// and reading with those that no build uses.
func (p *probes) readElsewhere() {
	all := p.reads(func(manifest.Function) bool { return true })
	p.add(false, "", nil, List{p.parameterARN("/" + stranger + "/another")},
		"ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath")
	if len(all.parameters) > 0 {
		p.add(false, "", nil, concrete(all.parameters)[:1], "ssm:GetParameter", "ssm:GetParameterHistory")
	}
}

// openElsewhere is decrypting what is not a parameter of the bundle, or not through
// Parameter Store, and moving it.
func (p *probes) openElsewhere(packed, blind reach) {
	fn := p.Manifest.Functions[0]
	document := p.request(fn, fn)
	p.add(false, p.about(fn), document, distinct(slices.Concat(p.keys(), packed.keys, blind.keys)), "kms:Decrypt")
	p.add(false, p.about(fn), document, p.keys(), "kms:ReEncryptFrom")
	if len(packed.keys) > 0 {
		direct := concrete(packed.parameters)[0]
		p.add(false, "of "+nameOf(direct)+", not through Parameter Store", ofARN(direct), packed.keys, "kms:Decrypt")
	}
	if len(packed.parameters) == 0 && len(blind.parameters) > 0 {
		p.add(false, "through Parameter Store", p.via(concrete(blind.parameters)[0]), distinct(append(p.keys(), blind.keys...)), "kms:Decrypt")
	}
	if len(blind.keys) == 0 {
		return
	}
	own := concrete(blind.parameters)[0]
	another := p.parameterARN("/" + stranger + "/another")
	if len(packed.keys) > 0 {
		p.add(false, "of "+nameOf(another)+", through Parameter Store", p.via(another), packed.keys, "kms:Decrypt")
	}
	p.add(false, "of "+nameOf(own), ofARN(own), List{p.foreignKey(p.Account)}, "kms:ReEncryptFrom")
	p.add(false, "of "+nameOf(another), ofARN(another), blind.keys, "kms:ReEncryptFrom")
	a, _ := arn.Parse(own)
	a.Region = stranger
	p.add(false, "of a parameter of that name in another region", ofARN(a.String()), blind.keys, "kms:ReEncryptFrom")
}

// sealElsewhere is sealing under another key, or for another function or environment, or
// in another encryption context.
func (p *probes) sealElsewhere() {
	done := map[string]bool{}
	for _, fn := range p.Manifest.Functions {
		if other, ok := p.another(fn); ok {
			p.absent(p.about(fn), p.request(fn, other), List{p.Keys[other.Name.Value]}, sealing(fn))
		}
		if done[sealing(fn)] {
			continue
		}
		done[sealing(fn)] = true
		own := List{p.Keys[fn.Name.Value]}
		p.sealUnderForeign(fn)
		p.add(false, "for another function", p.changed(fn, ofFunction, p.Manifest.Bundle.Name.Value+"/"+stranger), p.keys(), sealing(fn))
		p.add(false, "for another environment", p.changed(fn, ofEnvironment, stranger), own, sealing(fn))
		more := p.request(fn, fn)
		more[contextKeys] = append(slices.Clone(more[contextKeys]), stranger)
		p.add(false, "with another pair in the encryption context", more, own, sealing(fn))
	}
}

// sealUnderForeign is sealing under keys that no function has, whatever their tags.
func (p *probes) sealUnderForeign(fn manifest.Function) {
	untagged := p.request(fn, fn)
	delete(untagged, taggedFunction)
	p.add(false, p.about(fn), untagged, List{p.foreignKey(p.Account)}, sealing(fn))
	p.add(false, p.about(fn)+", under a key of another environment", p.changed(fn, taggedEnvironment, stranger), List{p.foreignKey(p.Account)}, sealing(fn))
	p.add(false, p.about(fn)+", under a key of another account", p.request(fn, fn), List{p.foreignKey(p.foreignAccount())}, sealing(fn))
	other := p.changed(fn, ofFunction, stranger+"/"+fn.Name.Value)
	other[taggedFunction] = other[ofFunction]
	p.add(false, "for another bundle, under its key", other, List{p.foreignKey(p.Account)}, sealing(fn))
}

// administer is what would give others a way into documents.
func (p *probes) administer(keys List, actions ...string) {
	for _, action := range actions {
		if action == "kms:CreateKey" {
			p.add(false, "", nil, List{"*"}, action)
			continue
		}
		p.add(false, "", nil, keys, action)
	}
}

// request returns the condition keys of a request about a document of a function, under
// the key of another one, with the tags of that key.
func (s Setting) request(fn, under manifest.Function) map[string][]string {
	environment := s.Manifest.Environment.Name.Value
	return map[string][]string{
		ofFunction: {s.name(fn)}, ofEnvironment: {environment}, contextKeys: contextKeysOf(fn),
		taggedFunction: {s.name(under)}, taggedEnvironment: {environment},
	}
}

// changed is request with another value for one key.
func (s Setting) changed(fn manifest.Function, key, value string) map[string][]string {
	keys := s.request(fn, fn)
	keys[key] = []string{value}
	return keys
}

// via returns the condition keys of a request that Parameter Store makes for a parameter.
func (s Setting) via(parameter string) map[string][]string {
	keys := ofARN(parameter)
	keys[viaService] = s.viaSSM()[:1]
	return keys
}

func ofARN(parameter string) map[string][]string {
	return map[string][]string{ofParameter: {parameter}, contextKeys: {"PARAMETER_ARN"}}
}

// another returns a function with another key: the next one, so that each is one of them.
func (s Setting) another(fn manifest.Function) (manifest.Function, bool) {
	at := slices.IndexFunc(s.Manifest.Functions, func(f manifest.Function) bool { return f.Name.Value == fn.Name.Value })
	for i := range s.Manifest.Functions {
		other := s.Manifest.Functions[(at+i)%len(s.Manifest.Functions)]
		if s.Keys[other.Name.Value] != s.Keys[fn.Name.Value] {
			return other, true
		}
	}
	return fn, false
}

// about says which documents a request is about.
func (s Setting) about(fn manifest.Function) string { return "for " + s.name(fn) }

// foreignAccount returns an account that none of the keys is of.
func (s Setting) foreignAccount() string {
	for _, account := range []string{"111122223333", "444455556666"} { // AWS's documentation has them as examples
		if account != s.Account && !slices.ContainsFunc(s.keys(), func(key string) bool { return arn.Account(key) == account }) {
			return account
		}
	}
	return "777788889999"
}

// foreignKey returns the ARN of a key that does not exist.
func (s Setting) foreignKey(account string) string {
	return s.keyARN(account, "00000000-0000-0000-0000-000000000000").String()
}

// nameOf returns the name of a parameter.
func nameOf(parameter string) string {
	a, _ := arn.Parse(parameter)
	return strings.TrimPrefix(a.Resource, "parameter")
}

// concrete replaces patterns by a name that they match, but not the resource "*".
func concrete(patterns List) List {
	all := make(List, len(patterns))
	for i, p := range patterns {
		if all[i] = p; p != "*" {
			all[i] = strings.NewReplacer("*", stranger, "?", "a").Replace(p)
		}
	}
	return all
}
