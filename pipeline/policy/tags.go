package policy

import (
	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
)

// The tags of a function's key. Their values are those of the encryption context of its
// documents. They can be 256 characters long:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Tag.html
const (
	TagFunction    = "bundle:function"
	TagEnvironment = "bundle:environment"
)

// The condition keys of these tags. A global condition key can be a policy variable in
// every service:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
const (
	taggedFunction    = "aws:ResourceTag/" + TagFunction
	taggedEnvironment = "aws:ResourceTag/" + TagEnvironment
)

// A Tag is a tag of a KMS key.
type Tag struct{ Key, Value string }

// Tags returns the tags that the key of each function needs with ByTags, by the function's
// name, without functions that have statements of their own.
func (s Setting) Tags() map[string][]Tag {
	all := make(map[string][]Tag)
	for _, fn := range s.tagged() {
		all[fn.Name.Value] = []Tag{{TagFunction, s.name(fn)}, {TagEnvironment, s.Manifest.Environment.Name.Value}}
	}
	return all
}

// tagged returns the functions whose keys are named by tags. A key that functions share
// cannot have a tag for each.
func (s Setting) tagged() []manifest.Function { return s.byTag(true) }

// named returns the functions whose keys are named by ARN.
func (s Setting) named() []manifest.Function { return s.byTag(false) }

func (s Setting) byTag(yes bool) []manifest.Function {
	uses := make(map[string]int)
	for _, fn := range s.Manifest.Functions {
		uses[s.Keys[fn.Name.Value]]++
	}
	var all []manifest.Function
	for _, fn := range s.Manifest.Functions {
		if yes == (s.ByTags && !fn.SharedKey && uses[s.Keys[fn.Name.Value]] == 1) {
			all = append(all, fn)
		}
	}
	return all
}

// keysFor returns the keys of some functions.
func (s Setting) keysFor(functions []manifest.Function) List {
	var all List
	for _, fn := range functions {
		all = append(all, s.Keys[fn.Name.Value])
	}
	return distinct(all)
}

// around returns a pattern for all keys of the region in each account of the keys.
func (s Setting) around(keys List) List {
	var all List
	for _, key := range keys {
		all = append(all, s.keyARN(arn.Account(key), "*").String())
	}
	return distinct(all)
}

// describe allows describing the functions' keys and others.
func (s Setting) describe(others List) []Statement {
	look := List{"kms:DescribeKey"}
	exact := distinct(append(s.keysFor(s.named()), others...))
	var statements []Statement
	if tagged := s.keysFor(s.tagged()); len(tagged) > 0 {
		statements = append(statements, Statement{
			Sid: "DescribeTaggedKeys", Effect: allow, Action: look, Resource: s.around(tagged), Condition: s.ofEnvironment(),
		})
	}
	if len(exact) > 0 {
		statements = append(statements, Statement{Sid: "DescribeKeys", Effect: allow, Action: look, Resource: exact})
	}
	return statements
}

// ofEnvironment is the condition that a key is tagged for the environment.
func (s Setting) ofEnvironment() Condition {
	return Condition{"StringEquals": {taggedEnvironment: List{s.Manifest.Environment.Name.Value}}}
}

// sealTagged allows sealing for every function under the key with its tags. Where some
// functions are blind and others packed, it allows both actions for both.
func (s Setting) sealTagged(tagged []manifest.Function) Statement {
	var actions List
	for _, fn := range tagged {
		actions = append(actions, sealing(fn))
	}
	environment := List{s.Manifest.Environment.Name.Value}
	return Statement{
		Sid: "SealTagged", Effect: allow, Action: distinct(actions), Resource: s.around(s.keysFor(tagged)),
		Condition: Condition{"StringEquals": {
			ofFunction: List{"${" + taggedFunction + "}"}, ofEnvironment: environment, taggedEnvironment: environment,
		}},
	}
}

// closeTagged denies sealing under keys that are neither tagged for the function nor named.
//
// AWS says of a variable without a value that its statement might be invalid, and that
// StringNotEquals holds. So keys without the tag have a Deny of their own.
func (s Setting) closeTagged(tagged []manifest.Function) []Statement {
	named := s.named()
	exact := s.keysFor(named)
	refuse := func(sid, operator, key, value string) Statement {
		d := Statement{Sid: sid, Effect: deny, Action: List{"kms:Encrypt", "kms:ReEncryptTo"}, Condition: Condition{operator: {key: List{value}}}}
		if d.NotResource = exact; len(exact) == 0 {
			d.Resource = List{"*"}
		}
		return d
	}
	statements := []Statement{
		{
			Sid: "DenySealingElsewhere", Effect: deny, Action: List{"kms:Encrypt", "kms:ReEncryptTo"},
			NotResource: distinct(append(s.around(s.keysFor(tagged)), exact...)),
		},
		refuse("DenyUntaggedKeys", "Null", taggedFunction, "true"),
		refuse("DenyKeysOfOtherFunctions", "StringNotEquals", ofFunction, "${"+taggedFunction+"}"),
		refuse("DenyKeysOfOtherEnvironments", "StringNotEquals", taggedEnvironment, s.Manifest.Environment.Name.Value),
	}
	if len(exact) > 0 {
		others := s.closeContext(named, nil)[0]
		others.Sid, others.Resource = "DenyOthersUnderSharedKeys", exact
		statements = append(statements, others)
	}
	context := s.closeContext(s.Manifest.Functions, nil)
	context[0].Condition = Condition{"StringNotLike": {ofFunction: List{s.Manifest.Bundle.Name.Value + "/*"}}}
	return append(statements, context...)
}

// closeTags denies what would give a key the tags of another.
func (s Setting) closeTags() []Statement {
	if len(s.tagged()) == 0 {
		return nil
	}
	return []Statement{denyKeyAdministration()}
}
