package policy

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
)

// Condition keys of KMS:
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
const (
	contextKeys   = "kms:EncryptionContextKeys"
	ofFunction    = "kms:EncryptionContext:bundle:function"
	ofEnvironment = "kms:EncryptionContext:bundle:environment"
	ofParameter   = "kms:EncryptionContext:PARAMETER_ARN"
	viaService    = "kms:ViaService"
	policyName    = "kms:PolicyName"
)

// Sids of the statements that let a role publish, and write the ARN into a parameter.
const (
	publishing = "PublishLayer"
	noting     = "PutLayerARN"
)

// Build is the policy of the role that builds. It allows reading the parameters and the
// secrets of Secrets Manager, sealing each function under its own key and only for that function and, if the
// bundle names a layer, publishing it and writing its ARN into the bundle's
// layer_parameter. Parameters of packed functions can be
// decrypted, but only through Parameter Store, and secrets only through Secrets Manager.
// Nothing of blind functions can.
func (s Setting) Build() Document {
	packed, blind := s.packed(), s.blind()
	return newDocument(s.look(), s.lookAtSecrets("ReadSecrets", describeSecret, getSecret), s.open(packed, blind), s.openSecrets(), s.seal(), s.publish(),
		s.closeReads(s.layerParameters()...), s.closeSecrets(), s.closePuts(), s.closeSource(packed, blind), s.closeDestination())
}

// Plan is the policy of a role that shows what a build would do, but can neither
// read nor seal a value.
func (s Setting) Plan() Document {
	return newDocument(s.look(), s.lookAtVersions(), s.pointers(), s.closeReads(s.layerParameters()...), []Statement{s.denyValues()}, s.closeTags())
}

// pointers allows reading the parameters that get the ARNs of layers.
func (s Setting) pointers() []Statement {
	parameters := s.layerParameters()
	if len(parameters) == 0 {
		return nil
	}
	return []Statement{{Sid: "ReadLayerARN", Effect: allow, Action: List{"ssm:GetParameters"}, Resource: parameters}}
}

// denyValues denies decrypting, encrypting and re-encrypting, granting these to
// others, and more actions.
func denyValues(more ...string) Statement {
	return Statement{
		Sid: "DenyValues", Effect: deny, Resource: List{"*"},
		Action: append(List{"kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"}, more...),
	}
}

// Function is the policy of one function's role. It allows opening that function's
// secrets and no others, and denies changing who can open them. Its errors wrap
// ErrFunction.
func (s Setting) Function(name string) (Document, error) {
	fn, err := s.function(name)
	if err != nil {
		return Document{}, err
	}
	return newDocument([]Statement{{
		Sid: "OpenSecrets", Effect: allow, Action: List{"kms:Decrypt"},
		Resource: List{s.Keys[name]}, Condition: s.bound(fn),
	}}, []Statement{denyKeyAdministration()}), nil
}

// look allows what building and planning both need: reading versions of parameters,
// the state of keys, and the previous layer.
func (s Setting) look() []Statement {
	all := s.reads(func(manifest.Function) bool { return true })
	var statements []Statement
	if len(all.parameters) > 0 {
		statements = append(statements, Statement{Sid: "ReadParameters", Effect: allow, Action: List{"ssm:GetParameters"}, Resource: all.parameters})
	}
	if len(all.paths) > 0 {
		statements = append(statements, Statement{Sid: "ListPaths", Effect: allow, Action: List{"ssm:GetParametersByPath"}, Resource: withBelow(all.paths)})
	}
	var sources List
	if len(s.blind().parameters) > 0 {
		sources = s.BlindKeys // a build describes them as well
	}
	return slices.Concat(statements, s.describe(sources), s.readPublished())
}

// readPublished allows reading the published layers.
func (s Setting) readPublished() []Statement {
	layers := s.layers()
	if len(layers) == 0 {
		return nil
	}
	return []Statement{
		{Sid: "FindLayer", Effect: allow, Action: List{"lambda:ListLayerVersions"}, Resource: layers},
		{Sid: "ReadLayer", Effect: allow, Action: List{"lambda:GetLayerVersion"}, Resource: s.layerVersions()},
	}
}

// open allows turning a stored parameter into something that can be sealed. Which
// parameters, closeSource decides: the list is long, and once is enough.
func (s Setting) open(packed, blind reach) []Statement {
	var statements []Statement
	if len(packed.keys) > 0 {
		statements = append(statements, s.throughSSM("DecryptThroughParameterStore", "kms:Decrypt", packed.keys))
	}
	if len(blind.keys) > 0 {
		statements = append(statements, Statement{
			Sid: "ReEncryptFromParameters", Effect: allow, Action: List{"kms:ReEncryptFrom"}, Resource: blind.keys,
			Condition: Condition{
				"ForAllValues:StringEquals": {contextKeys: List{"PARAMETER_ARN"}},
			},
		})
	}
	return statements
}

// throughSSM allows an action on keys, through Parameter Store only.
func (s Setting) throughSSM(sid, action string, keys List) Statement {
	return Statement{
		Sid: sid, Effect: allow, Action: List{action}, Resource: keys, Condition: Condition{"StringEquals": {viaService: s.viaSSM()}},
	}
}

// withBelow returns paths with and without a slash at the end, and below.
func withBelow(paths List) List {
	var all List
	for _, path := range paths {
		if all = append(all, path); !strings.HasSuffix(path, "/*") {
			all = append(all, path+"/*")
		}
	}
	return all
}

// prefixes returns a few patterns that match all the parameters, or the parameters
// themselves if they are few. Those with one pattern begin alike.
func prefixes(parameters List) List {
	const few = 10
	if len(parameters) <= few {
		return parameters
	}
	alike := make([]int, len(parameters)) // how many characters a parameter has in common with the one before it
	for i := 1; i < len(parameters); i++ {
		alike[i] = common(parameters[i-1], parameters[i])
	}
	enough := slices.Sorted(slices.Values(alike))[few]
	var all List
	for i, parameter := range parameters {
		switch last := len(all) - 1; {
		case alike[i] < enough:
			all = append(all, parameter)
		default:
			all[last] = all[last][:common(all[last], parameter)] + "*"
		}
	}
	return all
}

// common returns how many bytes two texts have in common before they differ.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// seal returns a statement per function. A single statement, except by tags, would allow
// sealing a function's secrets under the key of another.
func (s Setting) seal() []Statement {
	var statements []Statement
	if tagged := s.tagged(); len(tagged) > 0 {
		statements = append(statements, s.sealTagged(tagged))
	}
	for _, fn := range s.named() {
		statements = append(statements, Statement{
			Sid: sid(statements, "Seal", fn.Name.Value), Effect: allow, Action: List{sealing(fn)},
			Resource:  List{s.Keys[fn.Name.Value]},
			Condition: Condition{"StringEquals": s.document(fn)},
		})
	}
	return statements
}

func sealing(fn manifest.Function) string {
	if fn.Blind.Value {
		return "kms:ReEncryptTo"
	}
	return "kms:Encrypt"
}

func (s Setting) publish() []Statement {
	layers := s.layers()
	if len(layers) == 0 {
		return nil
	}
	statements := []Statement{{Sid: publishing, Effect: allow, Action: List{"lambda:PublishLayerVersion"}, Resource: layers}}
	if parameters := s.layerParameters(); len(parameters) > 0 {
		statements = append(statements, Statement{Sid: noting, Effect: allow, Action: List{"ssm:GetParameters", "ssm:PutParameter"}, Resource: parameters})
	}
	return statements
}

// closePuts denies writing other parameters than those that get the ARNs of layers.
func (s Setting) closePuts() []Statement {
	parameters := s.layerParameters()
	if len(parameters) == 0 {
		return nil
	}
	return []Statement{{Sid: "DenyPutElsewhere", Effect: deny, Action: List{"ssm:PutParameter"}, NotResource: parameters}}
}

// closeReads denies reading other parameters. Each action that reads is authorized by
// itself, and a build uses two of the four. Listing a path returns everything below it:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
//
// more are parameters that it also reads.
func (s Setting) closeReads(more ...string) []Statement {
	packed, blind := s.packed(), s.blind()
	paths := Statement{Sid: "DenyListingElsewhere", Effect: deny, Action: List{"ssm:GetParametersByPath"}}
	paths.NotResource = withBelow(distinct(slices.Concat(packed.paths, blind.paths)))
	if len(paths.NotResource) == 0 {
		paths.Resource = List{"*"}
	}
	others := Statement{Sid: "DenyReadsElsewhere", Effect: deny, Action: List{"ssm:GetParameters"}}
	others.NotResource = uncovered(slices.Concat(packed.parameters, prefixes(blind.parameters), more))
	if len(others.NotResource) == 0 {
		others.Resource = List{"*"}
	}
	return []Statement{
		{Sid: "DenyOtherReads", Effect: deny, Action: List{"ssm:GetParameter", "ssm:GetParameterHistory"}, Resource: List{"*"}},
		paths, others,
	}
}

// closeSource denies opening anything but the parameters, whatever other policies of
// the role allow. This matters most for alias/aws/ssm, whose key policy lets
// everyone in the account decrypt through Parameter Store: closeReads is what keeps the
// role from other parameters there.
func (s Setting) closeSource(packed, blind reach) []Statement {
	refuse := func(sid, action string) Statement {
		return Statement{Sid: sid, Effect: deny, Action: List{action}, Resource: List{"*"}}
	}
	decrypt := refuse("DenyDecrypt", "kms:Decrypt")
	var through List
	if len(packed.keys) > 0 {
		through = s.viaSSM()
	}
	fromSecrets := len(s.secrets().secrets) > 0 // aws/secretsmanager is one of their keys, or could be
	if fromSecrets {
		through = append(through, s.viaSecretsManager()...)
	}
	if len(through) > 0 {
		decrypt.Sid, decrypt.Condition = "DenyDirectDecrypt", Condition{"StringNotEquals": {viaService: distinct(through)}}
	}
	if len(blind.keys) == 0 {
		return []Statement{decrypt, refuse("DenyReEncryptFrom", "kms:ReEncryptFrom")}
	}
	statements := []Statement{decrypt}
	if len(packed.keys) > 0 {
		// The build may read blind functions' parameters, and they may be under the same key.
		unpacked := refuse("DenyDecryptOfOthers", "kms:Decrypt")
		unpacked.Condition = Condition{"StringNotLike": {ofParameter: named(packed.parameters)}}
		if fromSecrets { // whose contexts have no parameter
			unpacked.Condition["StringEquals"] = map[string]List{viaService: s.viaSSM()}
		}
		statements = append(statements, unpacked)
	}
	foreign := refuse("DenyReEncryptFromOtherKeys", "kms:ReEncryptFrom")
	foreign.Resource, foreign.NotResource = nil, blind.keys
	others, elsewhere := refuse("DenyReEncryptOfOthers", "kms:ReEncryptFrom"), refuse("DenyReEncryptFromElsewhere", "kms:ReEncryptFrom")
	others.Condition = Condition{"StringNotLike": {ofParameter: named(blind.parameters)}}
	elsewhere.Condition = Condition{"StringNotLike": {ofParameter: List{s.parameterARN("*")}}}
	return append(statements, foreign, others, elsewhere)
}

// named returns patterns for the ARNs of parameters by their names alone, which keeps
// the list short. Another statement must have the account and the region.
func named(parameters List) List {
	var all List
	for _, parameter := range parameters {
		a, _ := arn.Parse(parameter)
		all = append(all, "*:"+a.Resource)
	}
	return all
}

// closeDestination denies sealing under other keys, for other functions or
// environments, or with another encryption context than that of a document.
func (s Setting) closeDestination() []Statement {
	var statements []Statement
	if tagged := s.tagged(); len(tagged) > 0 {
		statements = s.closeTagged(tagged)
	} else {
		elsewhere := Statement{Sid: "DenySealingElsewhere", Effect: deny, Action: List{"kms:Encrypt", "kms:ReEncryptTo"}, NotResource: s.keys()}
		statements = append([]Statement{elsewhere}, s.closeContext(s.Manifest.Functions, nil)...)
	}
	return append(statements, denyKeyAdministration("kms:GenerateDataKey*"))
}

// denyKeyAdministration denies administering, and more actions.
func denyKeyAdministration(more ...string) Statement {
	return Statement{Sid: "DenyKeyAdministration", Effect: deny, Action: append(administering(), more...), Resource: List{"*"}}
}

// administering is what would give someone else a way into a function's documents: other
// policies and grants, keys that look like a function's, and keys in other regions that have
// the same key material.
func administering() List {
	return List{
		"kms:CreateAlias", "kms:CreateGrant", "kms:CreateKey", "kms:DeleteAlias", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:TagResource",
		"kms:UntagResource", "kms:UpdateAlias", "kms:UpdatePrimaryRegion",
	}
}

// closeContext denies sealing in any other encryption context than that of the
// functions' documents.
func (s Setting) closeContext(functions []manifest.Function, principal *Principal) []Statement {
	var names, keys List
	for _, fn := range functions {
		names = append(names, s.name(fn))
		keys = append(keys, contextKeysOf(fn)...)
	}
	refuse := func(sid, operator, key string, values List) Statement {
		return Statement{
			Sid: sid, Effect: deny, Principal: principal, Action: List{"kms:Encrypt", "kms:ReEncryptTo"}, Resource: List{"*"},
			Condition: Condition{operator: {key: values}},
		}
	}
	return []Statement{
		refuse("DenyOtherFunctions", "StringNotEquals", ofFunction, distinct(names)),
		refuse("DenyOtherEnvironments", "StringNotEquals", ofEnvironment, List{s.Manifest.Environment.Name.Value}),
		refuse("DenyOtherContexts", "ForAnyValue:StringNotEquals", contextKeys, distinct(keys)),
	}
}

// bound is the condition that a call is for a document of one function. The values
// of single keys are compared with StringEquals, which fails if the key is missing.
// ForAllValues denies additional keys.
func (s Setting) bound(fn manifest.Function) Condition {
	return Condition{
		"StringEquals":              s.document(fn),
		"ForAllValues:StringEquals": {contextKeys: contextKeysOf(fn)},
	}
}

// document is what the encryption context of one function's documents has.
func (s Setting) document(fn manifest.Function) map[string]List {
	return map[string]List{ofFunction: {s.name(fn)}, ofEnvironment: {s.Manifest.Environment.Name.Value}}
}

// name returns the function's name in the encryption context (docs/format.md, F-22).
func (s Setting) name(fn manifest.Function) string {
	return s.Manifest.Bundle.Name.Value + "/" + fn.Name.Value
}

func contextKeysOf(fn manifest.Function) List {
	keys := List{"bundle:box", "bundle:document", "bundle:environment", "bundle:function"}
	if fn.Blind.Value {
		keys = append(keys, "bundle:secret")
	}
	return keys
}

// sid returns the Sid of a statement about one function: letters and digits, and
// different from the others.
func sid(others []Statement, prefix, function string) string {
	words := strings.FieldsFunc(function, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	name := prefix
	for _, word := range words {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	taken := func(name string) bool {
		for _, s := range others {
			if s.Sid == name {
				return true
			}
		}
		return false
	}
	unique := name
	for i := 2; taken(unique); i++ {
		unique = name + strconv.Itoa(i)
	}
	return unique
}
