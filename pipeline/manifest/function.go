package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/whispering/bundle/internal/arn"
)

// allFunctions evaluates the functions of the environment, in source order.
func (e *evaluator) allFunctions(s *scope) []Function {
	functions := make([]Function, 0, min(len(e.m.functions), max(e.blocksLeft, 0)))
	for _, b := range e.m.functions {
		if e.full() {
			return functions
		}
		if f, in := e.function(b, s); in {
			functions = append(functions, f)
		}
		if e.blocksLeft--; e.blocksLeft < 0 {
			e.report(fault("Too many secrets", fmt.Sprintf("The functions of a manifest can have at most %d blocks in an environment and %d in all of them. This counts the functions, their secrets and imports, and a group's blocks once for each function that includes it. "+
				"In environment %q, the blocks up to this one exceed its share of %d. Split the manifest.", maxSecrets, maxAllSecrets, e.env.label.Value, e.m.share()), b.header))
			break
		}
	}
	if len(functions) == 0 && len(e.m.functions) > 0 && !e.m.partial {
		e.report(fault("No functions in environment", fmt.Sprintf("Environment %q has no functions. Add it to the environments of a function, or remove the environment.", e.env.label.Value), e.env.header))
	}
	return functions
}

// function evaluates a function block with the defaults that it does not override. It returns false if the function is
// not in the environment.
func (e *evaluator) function(own *block, locals *scope) (Function, bool) {
	b := e.withDefaults(own)
	s := locals.inFunction(own.label.Value)
	if !e.here(b, s) {
		return Function{}, false
	}
	f := Function{Name: b.label, Range: b.header, SharedKey: e.bool(b, "shared_key", s), Key: e.key(b, s)}
	f.Blind = e.functionBlind(b, s)
	var has state
	if f.DeployedAs, has = e.text(b, "deployed_as", s); has == found && !namePattern.MatchString(f.DeployedAs.Value) {
		e.wrong(b.attrs.named("deployed_as"), "Invalid function name", badName("function", f.DeployedAs.Value), f.DeployedAs.Range)
		f.DeployedAs.Value = ""
	}
	if e.m.bundle != nil {
		f.Layer, f.LayerParameter = e.layer(s), e.layerParameter(s)
	}
	e.sources(&f, b, s)
	return f, true
}

// withDefaults returns a function block with the defaults that it does not override.
func (e *evaluator) withDefaults(own *block) *block {
	b := &block{spec: own.spec, label: own.label, header: own.header, blocks: own.blocks, partial: own.partial, attrs: own.attrs}
	if e.m.defaults != nil {
		b.partial = b.partial || e.m.defaults.partial
		b.attrs = slices.Concat(own.attrs, e.m.defaults.attrs) // named returns the first
	}
	return b
}

// functionBlind returns whether a function is blind. The most specific block that says so decides.
func (e *evaluator) functionBlind(b *block, s *scope) Bool {
	blind, has := e.flag(b, "blind", s)
	switch {
	case has == found:
		return blind
	case e.blind != nil:
		return *e.blind
	}
	return Bool{Range: b.header}
}

// here reports whether a block is in the environment. A block without environments is in all of them.
func (e *evaluator) here(b *block, s *scope) bool {
	names, has := e.list(b, "environments", s)
	if has == found && len(names) == 0 {
		a := b.attrs.named("environments")
		e.wrong(a, "Empty list of environments", "An empty list means no environment at all. Remove the attribute to include all environments, or list at least one.", a.Expr.Range())
	}
	in := has != found || len(names) == 0
	for _, name := range names {
		if e.m.find("environment", name.Value) == nil && !e.m.partial {
			e.report(e.m.noEnvironment(name, b.attrs.named("environments").Range))
		}
		in = in || name.Value == e.env.label.Value
	}
	return in
}

func (e *evaluator) key(b *block, s *scope) Text {
	key, has := e.text(b, "kms_key", s)
	switch {
	case has == absent && !b.partial && !e.m.partial:
		e.report(fault("No key", fmt.Sprintf("Function %q has no kms_key, and neither does the defaults block. Add the line: kms_key = \"alias/…\".", b.label.Value), b.header))
	case has == found && !isKey(key.Value):
		e.wrong(b.attrs.named("kms_key"), "Invalid key", fmt.Sprintf("%q is not a KMS key. Write an alias (alias/NAME), a key ID, or the ARN of either.", key.Value), key.Range)
		return Text{Range: key.Range}
	case has == found && arn.AWSManaged(key.Value):
		e.wrong(b.attrs.named("kms_key"), "AWS managed key", "An AWS managed key (alias/aws/…) can only be used through its AWS service. Create a customer managed key for this function, and write its alias here.", key.Range)
		return Text{Range: key.Range}
	}
	return key
}

// sources fills in the secrets and imports of a function: its own, and those of its groups.
func (e *evaluator) sources(f *Function, b *block, s *scope) {
	places := map[string]source{}
	written := e.blocks(f, b, b, s, places)
	groups, _ := e.list(b, "include", s)
	seen := map[string]bool{}
	for _, name := range groups {
		g := e.m.find("group", name.Value)
		switch {
		case seen[name.Value]:
			e.report(fault("Duplicate group", fmt.Sprintf("The group %q is already in this list. Remove one of the two.", name.Value), name.Range, b.attrs.named("include").Range))
		case g == nil && !e.m.partial:
			e.report(fault("Unknown group", e.noGroup(name.Value), name.Range, b.attrs.named("include").Range))
			written++
		case g != nil:
			written += e.blocks(f, g, b, s, places)
		}
		seen[name.Value] = true
	}
	failedInclude := b.attrs.named("include") != nil && e.failed[b.attrs.named("include").Expr.Range()]
	if written == 0 && e.blocksLeft >= 0 && !failedInclude && !b.partial && !e.m.partial {
		e.report(fault("Function without secrets", fmt.Sprintf("Function %q has no secrets in environment %q. Add a secret or parameters block, include a group, or remove the environment from the function's environments.",
			b.label.Value, e.env.label.Value), b.header))
	}
}

func (e *evaluator) noGroup(name string) string {
	if len(e.m.groups) == 0 {
		return fmt.Sprintf("Group %q does not exist: the manifest declares none. Add a block: group %q { … }.", name, name)
	}
	return fmt.Sprintf("Group %q does not exist. The manifest declares %s.%s", name, e.m.groupNames, didYouMeanBlock(name, e.m.groups))
}

// source is where a secret of a function was declared.
type source struct{ in, secret *block }

// blocks evaluates the secret and parameters blocks of from (a function or a group) for a function, and returns how many
// are in the environment, including invalid ones.
func (e *evaluator) blocks(f *Function, from, function *block, s *scope, places map[string]source) int {
	count := 0
	if from.partial {
		count++ // a part that was not understood may be one
	}
	f.Secrets = slices.Grow(f.Secrets, min(len(from.blocks), max(e.blocksLeft, 0)))
	for _, b := range from.blocks {
		if e.blocksLeft--; e.blocksLeft < 0 || e.full() {
			break
		}
		if !e.here(b, s) {
			continue
		}
		count++
		if b.spec.name == "parameters" {
			if i, ok := e.imported(b, s); ok {
				f.Imports = append(f.Imports, i)
			}
			continue
		}
		if other, twice := places[b.label.Value]; twice {
			e.twice(source{from, b}, other, function)
			continue
		}
		places[b.label.Value] = source{from, b}
		if secret, ok := e.secret(b, s); ok {
			f.Secrets = append(f.Secrets, secret)
		}
	}
	return count
}

// twice reports two secrets with the same name in one function, once for each pair of places.
func (e *evaluator) twice(later, earlier source, function *block) {
	place := func(s source) string {
		if s.in.spec.name == "group" {
			return fmt.Sprintf("at %s in group %q", s.secret.header, s.in.label.Value)
		}
		return fmt.Sprintf("at %s", s.secret.header)
	}
	pair := [2]hcl.Range{earlier.secret.header, later.secret.header}
	if e.pairs[pair] {
		return
	}
	e.pairs[pair] = true
	where := "here"
	if later.in.spec.name == "group" {
		where = fmt.Sprintf("here in group %q", later.in.label.Value)
	}
	e.report(fault("Duplicate secret", fmt.Sprintf("Function %q has two secrets named %q: %s and %s. Rename or remove one of the two.",
		function.label.Value, later.secret.label.Value, where, place(earlier)), later.secret.label.Range, later.secret.header))
}

func (e *evaluator) secret(b *block, s *scope) (Secret, bool) {
	secret := Secret{
		Name:          b.label,
		Optional:      e.bool(b, "optional", s),
		AllowReserved: e.bool(b, "allow_reserved", s),
		Range:         b.header,
	}
	if n, _ := Lookup(b.label.Value); n.refusal(b.label.Value, secret.AllowReserved) != "" {
		why := n.refusal(b.label.Value, secret.AllowReserved)
		if a := b.attrs.named("allow_reserved"); a != nil && n.Class != Never && !e.failed[a.Expr.Range()] {
			why = n.Why(b.label.Value) + ". Setting allow_reserved to false or null is the same as leaving it out. " +
				"Choose another name. If anyone who can write its value is allowed to run code in the function, write allow_reserved = true."
		}
		e.report(fault("Reserved name", why, b.label.Range, b.header))
	} else if problem := illegalSecretName(b.label.Value); problem != "" && badSecretName(b.label.Value) == "" {
		e.report(fault("Invalid secret name", problem, b.label.Range, b.header)) // Load skipped this check because of allow_reserved
	}
	secret.Field = e.field(b, s)
	secret.Matches, _ = e.text(b, "matches", s)
	sourced := e.source(&secret, b, s)
	secret.MinLength = e.number(b, "min_length", s, secret.maxLength(sourced))
	var has state
	if secret.Encoding, has = e.text(b, "encoding", s); has != found {
		secret.Encoding = Text{"text", b.header}
	}
	return secret, sourced
}

// field evaluates the field of a secret: text, or a list of keys.
func (e *evaluator) field(b *block, s *scope) Field {
	a, v, has := e.get(b, "field", s)
	if has != found {
		return Field{}
	}
	f := Field{Range: a.Expr.Range()}
	switch t := v.Type(); {
	case t == cty.String:
		path, _ := e.text(b, "field", s)
		f.Path = path.Value
	case !t.IsTupleType() && !t.IsListType() && !t.IsSetType():
		e.wrongType(a, pathKind, `it in quotes, as field = "live.key", or as a list of keys, as field = ["spring.datasource.password"]`, v, f.Range)
	case v.LengthInt() == 0:
		e.wrong(a, "Invalid attribute \"field\"", "The list of keys is empty. Write at least one key, or remove the attribute to use the whole value.", f.Range)
	default:
		keys, _ := e.list(b, "field", s)
		for _, key := range keys {
			f.Keys = append(f.Keys, key.Value)
		}
	}
	return f
}

func (e *evaluator) imported(b *block, s *scope) (Import, bool) {
	i := Import{Recursive: e.bool(b, "recursive", s), Range: b.header}
	var has state
	if i.Prefix, has = e.text(b, "prefix", s, emptyToo); has == found && !prefixPattern.MatchString(i.Prefix.Value) {
		e.wrong(b.attrs.named("prefix"), "Invalid prefix", fmt.Sprintf("The name of a secret cannot begin with %q. Use letters, digits and underscores, starting with a letter.", i.Prefix.Value), i.Prefix.Range)
	} else if n, closed := closedPrefix(i.Prefix.Value); has == found && closed {
		e.wrong(b.attrs.named("prefix"), "Reserved prefix", fmt.Sprintf("Parameters cannot be imported as %s…: names of the form %s are never imported by path, because %s. Choose another prefix, or declare each parameter in a secret block.",
			i.Prefix.Value, n.Pattern, n.Reason), i.Prefix.Range)
	}
	i.Path, has = e.text(b, "path", s)
	switch a := b.attrs.named("path"); {
	case has == absent && a != nil:
		e.report(missing(b, "path"))
	case has == found && !pathPattern.MatchString(i.Path.Value):
		what := "This"
		if nameLike(i.Path.Value) {
			what = strconv.Quote(i.Path.Value)
		}
		e.wrong(a, "Invalid path", fmt.Sprintf("%s is not a valid path. Write a slash and 2 to 15 levels of letters, digits and _ . - such as \"/prod/payments/\". (A single level would include too much.)", what), i.Path.Range)
		return i, false
	case has == found && strings.HasPrefix(strings.ToLower(i.Path.Value)+"/", "/aws/reference/"):
		e.wrong(a, "Invalid path", "Secrets of Secrets Manager are below no path of Parameter Store. Write a secret block for each of them, with secretsmanager = \"NAME\" in place of parameter.", i.Path.Range)
		return i, false
	}
	return i, has == found
}
