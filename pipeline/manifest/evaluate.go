package manifest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/whispering/bundle/internal/arn"
)

const (
	// maxSecrets is the largest number of function, secret and parameters blocks in an environment. The blocks of a group
	// count once for each function that includes it.
	maxSecrets = 60_000
	// maxAllSecrets is the same for all environments together. Each has an equal share, as in a meter.
	maxAllSecrets = 150_000
)

// embeddedRegion is the region of an embedded environment that names none.
const embeddedRegion = "us-east-1"

// Evaluate evaluates the manifest for one environment. If there are errors, the manifest has what could be evaluated:
// secrets without a usable parameter are left out, and other values that could not be evaluated are empty. It is never
// nil. What Load has reported is not reported again.
func (m *Module) Evaluate(env string) (*Manifest, hcl.Diagnostics) {
	manifest := &Manifest{}
	e := m.newEvaluator()
	e.env = m.find("environment", env)
	if e.env == nil {
		if m.partial || len(m.environments) == 0 {
			return manifest, nil
		}
		return manifest, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown environment", Detail: m.noEnvironmentDetail(env)}}
	}
	manifest.Environment = e.environment()
	e.setLocals()
	s := e.scope(scopeLocals)
	if m.bundle != nil {
		manifest.Bundle = e.bundle(s)
		e.setBlind(e.m.bundle, s)
	}
	manifest.Functions = e.allFunctions(s)
	e.checkReads(manifest)
	e.compare(manifest)
	return manifest, m.Sort(e.all())
}

func (m *Module) noEnvironment(name Text, context hcl.Range) *hcl.Diagnostic {
	return fault("Unknown environment", m.noEnvironmentDetail(name.Value), name.Range, context)
}

func (m *Module) noEnvironmentDetail(name string) string {
	names := labels(m.environments)
	if len(names) == 0 {
		return fmt.Sprintf("Environment %q does not exist: the manifest declares none. Add a block: environment \"NAME\" { … }.", name)
	}
	return fmt.Sprintf("Environment %q does not exist. The manifest declares %s.%s", name, quoted(names, 20), didYouMean(name, names))
}

// environment evaluates the chosen environment block, and sets the evaluator's values.
func (e *evaluator) environment() Environment {
	b, s := e.env, e.scope(scopeEnvironment)
	env := Environment{Name: b.label, Range: b.header}
	e.setValues(b, s)
	var has, hasAccount, hasRole state
	env.Embedded, has = e.text(b, "embedded", s)
	env.AccountID, hasAccount = e.text(b, "account_id", s)
	env.Role, hasRole = e.text(b, "role", s)
	env.Regions = e.regions(b, s, has)
	env.ParameterKeys = e.parameterKeys(b, s)
	e.setBlind(b, s)
	switch {
	case has == failed:
	case has == found:
		e.embedded(b, env.Embedded)
		for _, other := range append([]string{"account_id", "role"}, sessionAttributes()...) {
			if a, _, has := e.get(b, other, s); has == found {
				e.wrong(a, "Embedded environment with an account", fmt.Sprintf("An embedded environment always uses account 000000000000 of the embedded AWS. Remove %s, or remove embedded.", other), a.NameRange)
			}
		}
		env.AccountID, env.Role = Text{}, Text{}
	default:
		e.account(b, env.AccountID, hasAccount)
		e.role(b, &env, hasRole)
		env.Session = e.session(b, s, hasRole)
	}
	return env
}

func (e *evaluator) setValues(b *block, s *scope) {
	e.values = cty.EmptyObjectVal
	a, v, st := e.get(b, "values", s)
	switch {
	case st == failed:
		e.values = v
	case st == found && !v.Type().IsObjectType() && !v.Type().IsMapType():
		e.wrongType(a, objectKind, "values = { NAME = \"…\" }", v, a.Expr.Range())
		e.values = cty.DynamicVal
	case st == found:
		e.values = e.filledIn(a, v, s)
	}
}

// filledIn reports the values that are still the placeholder of bundle init, and returns the object with unknown values
// in their place.
func (e *evaluator) filledIn(a *hcl.Attribute, v cty.Value, s *scope) cty.Value {
	all := v.AsValueMap()
	places := written(a, s)
	found := false
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !hasPlaceholder(all[name]) {
			continue
		}
		place, ok := places[name]
		if !ok {
			place = a.Expr.Range()
		}
		e.report(fault("Value not filled in", fmt.Sprintf("%s is still the placeholder %q. Write what it is in environment %q.",
			word(name), placeholder, e.env.label.Value), place, a.Range))
		all[name], found = cty.DynamicVal, true
	}
	if !found {
		return v
	}
	return cty.ObjectVal(all)
}

// placeholder stands for what bundle init does not know. It is never part of a name.
const placeholder = "..."

func hasPlaceholder(v cty.Value) (found bool) {
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		found = found || v.Type() == cty.String && !v.IsNull() && v.AsString() == placeholder
		return !found, nil
	})
	return found
}

func (e *evaluator) regions(b *block, s *scope, embedded state) []Text {
	regions, has := e.list(b, "regions", s)
	if has == failed {
		return nil
	}
	if len(regions) == 0 {
		switch {
		case embedded == found:
			return []Text{{embeddedRegion, b.header}}
		case embedded == absent && has == absent && !b.partial && !e.m.partial:
			e.report(fault("No region", "An environment in a real account needs at least one region. Add the line: regions = [\"…\"].", b.header))
		case embedded == absent && has == found:
			e.wrong(b.attrs.named("regions"), "No region", "An environment in a real account needs at least one region. Write regions = [\"…\"].", b.attrs.named("regions").Expr.Range())
		}
		return nil
	}
	ok := true
	for i, r := range regions {
		a := b.attrs.named("regions")
		switch {
		case !regionPattern.MatchString(r.Value):
			e.wrong(a, "Invalid region", fmt.Sprintf("%q is not a valid region name. Write a region such as \"eu-central-1\".", r.Value), r.Range)
		case slices.ContainsFunc(regions[:i], func(other Text) bool { return other.Value == r.Value }):
			e.wrong(a, "Duplicate region", fmt.Sprintf("The region %q is already in this list. Remove one of the two.", r.Value), r.Range)
		case i > 0 && embedded == found:
			e.wrong(a, "Embedded environment in several regions", "An embedded environment has only one region, the one in its sample file. List only that region.", r.Range)
		default:
			continue
		}
		ok = false
	}
	if !ok {
		return nil
	}
	if embedded == absent {
		e.doubtRegions(regions)
	}
	return regions
}

func (e *evaluator) embedded(b *block, path Text) {
	a := b.attrs.named("embedded")
	local := filepath.FromSlash(path.Value)
	switch {
	case strings.Contains(path.Value, `\`), strings.HasPrefix(path.Value, "/"), filepath.IsAbs(local), filepath.VolumeName(local) != "":
		e.wrong(a, "Path is not relative", "The path of the sample file must be relative to the manifest's folder. Write it with forward slashes, for example embedded = \"examples/local/parameters.json\".", path.Range)
	case !filepath.IsLocal(local):
		e.wrong(a, "Path leaves the folder", "The sample file of an embedded environment must be in the manifest's folder or below it. Move it there and correct the path.", path.Range)
	case filepath.Clean(local) == ".":
		e.wrong(a, "Path does not name a file", "The value must be the path of the sample file. Write, for example, embedded = \"examples/local/parameters.json\".", path.Range)
	}
}

func (e *evaluator) account(b *block, id Text, has state) {
	switch a := b.attrs.named("account_id"); {
	case has == absent && !b.partial && !e.m.partial:
		e.report(fault("No account", "An environment needs an account ID, so that no build runs in the wrong account. Add the line: account_id = \"…\" (12 digits), or embedded = \"…\" for the embedded AWS.", b.header))
	case has == found && !accountPattern.MatchString(id.Value):
		e.wrong(a, "Invalid account ID", fmt.Sprintf("An account ID has 12 digits, but this is %q. Write account_id = \"…\" with the 12 digits of your account.", id.Value), id.Range)
	case has == found && id.Value == "000000000000":
		e.wrong(a, "Invalid account ID", "Account 000000000000 is reserved for the embedded AWS. Write embedded = \"…\" instead, or the ID of your account.", id.Range)
	}
}

func (e *evaluator) role(b *block, env *Environment, has state) {
	if has != found {
		return
	}
	a := b.attrs.named("role")
	switch account, ok := roleAccount(env.Role.Value); {
	case !ok:
		e.wrong(a, "Invalid role", fmt.Sprintf("%q is not the ARN of an IAM role. Write the full ARN: arn:aws:iam::ACCOUNT:role/NAME.", env.Role.Value), env.Role.Range)
	case accountPattern.MatchString(env.AccountID.Value) && account != env.AccountID.Value:
		e.wrong(a, "Role in another account", fmt.Sprintf("The role is in account %s, but account_id is %s. Write the ARN of a role in that account.", account, env.AccountID.Value), env.Role.Range)
	}
}

// parameterKeys returns the keys that an environment's parameters may be stored under.
func (e *evaluator) parameterKeys(b *block, s *scope) []Text {
	keys, _ := e.list(b, "parameter_keys", s)
	for _, key := range keys {
		a := b.attrs.named("parameter_keys")
		switch {
		case !isKey(key.Value):
			e.wrong(a, "Invalid key", fmt.Sprintf("%q is not a KMS key. Write an alias (alias/NAME), a key ID, or the ARN of either.", key.Value), key.Range)
		case arn.AWSManaged(key.Value):
			e.wrong(a, "AWS managed key", "A blind build cannot re-encrypt parameters encrypted with an AWS managed key (alias/aws/…). Create a customer managed key, and put the parameters again with that key.", key.Range)
		}
	}
	return keys
}

// setBlind sets what a block says for all functions, unless a more specific block has set it before.
func (e *evaluator) setBlind(b *block, s *scope) {
	if blind, has := e.flag(b, "blind", s); has == found && e.blind == nil {
		e.blind = &blind
	}
}

func (e *evaluator) bundle(s *scope) Bundle {
	b := e.m.bundle
	bundle := Bundle{Range: b.header}
	var has state
	if bundle.Name, has = e.text(b, "name", s); has == found && !namePattern.MatchString(bundle.Name.Value) {
		e.wrong(b.attrs.named("name"), "Invalid bundle name", badName("bundle", bundle.Name.Value), bundle.Name.Range)
	} else if has == absent && b.attrs.named("name") != nil {
		e.report(missing(b, "name"))
	}
	if !e.perFunction("layer") {
		bundle.Layer = e.layer(s)
	}
	if !e.perFunction("layer_parameter") {
		bundle.LayerParameter = e.layerParameter(s)
	}
	e.checkLayerParameter()
	bundle.Helpers = e.helpers(b, s)
	return bundle
}

// perFunction reports whether an attribute of the bundle block depends on the function.
func (e *evaluator) perFunction(name string) bool {
	a := e.m.bundle.attrs.named(name)
	if a == nil || e.refused(a.Expr.Range()) {
		return false
	}
	for _, t := range a.Expr.Variables() {
		if t.RootName() == "function" {
			return true
		}
	}
	return false
}

func (e *evaluator) layer(s *scope) Text {
	layer, has := e.text(e.m.bundle, "layer", s)
	if has == found && !layerPattern.MatchString(layer.Value) {
		e.wrong(e.m.bundle.attrs.named("layer"), "Invalid layer name", fmt.Sprintf("%q is not a valid layer name. Use 1 to 140 letters, digits, underscores and hyphens.", layer.Value), layer.Range)
		return Text{Range: layer.Range}
	}
	return layer
}

// share is the largest number of blocks in each environment.
func (m *Module) share() int { return min(maxSecrets, maxAllSecrets/max(len(m.environments), 1)) }
