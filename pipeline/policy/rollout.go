package policy

import (
	"slices"

	"github.com/whispering/bundle/internal/arn"
)

// Rollout is the policy of a role that rolls layers out. It allows changing the bundle's functions, and of their layers only to versions
// of the bundle's and of those in OtherLayers.
//
// IAM has a condition for the layers of an update (lambda:Layer), and none for anything else in it: anyone who can set the layers of a
// function can also set its role, handler and variables.
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-layer.html
func (s Setting) Rollout() Document {
	functions, layers := s.deployed(), s.attachable()
	return newDocument([]Statement{
		{Sid: "LookAtFunctions", Effect: allow, Action: rolloutLooks(), Resource: functions},
		{Sid: "LookAtCodeSigning", Effect: allow, Action: List{"lambda:GetCodeSigningConfig"}, Resource: List{s.lambda("code-signing-config:*")}},
		{Sid: "FindLayer", Effect: allow, Action: List{"lambda:ListLayerVersions"}, Resource: s.layers()},
		{Sid: "AttachLayers", Effect: allow, Action: List{"lambda:GetLayerVersion"}, Resource: layers},
		{Sid: "SetLayers", Effect: allow, Action: List{updateConfiguration}, Resource: functions, Condition: Condition{"ForAllValues:StringLike": {layerKey: layers}, "Null": {layerKey: List{"false"}}}},
		{Sid: "MoveAliases", Effect: allow, Action: List{"lambda:PublishVersion", "lambda:UpdateAlias"}, Resource: functions},
	}, s.readKeyPolicies(), []Statement{
		{Sid: "DenyChangesElsewhere", Effect: deny, Action: rolloutChanges(), NotResource: functions},
		{Sid: "DenyOtherLayers", Effect: deny, Action: List{updateConfiguration}, Resource: List{"*"}, Condition: Condition{"ForAnyValue:StringNotLike": {layerKey: layers}}},
		{Sid: "DenyCode", Effect: deny, Action: List{"lambda:GetFunction", "lambda:UpdateFunctionCode"}, Resource: List{"*"}},
		s.denyValues(),
	})
}

const (
	updateConfiguration = "lambda:UpdateFunctionConfiguration"
	layerKey            = "lambda:Layer"
)

// rolloutChanges are the calls that change functions.
func rolloutChanges() List {
	return List{"lambda:PublishVersion", "lambda:UpdateAlias", updateConfiguration}
}

// RolloutSession is the session policy of a run that rolls out. It reports false if no such policy is short enough.
func (s Setting) RolloutSession() (Document, bool) {
	d := newDocument([]Statement{
		{Sid: "Look", Effect: allow, Resource: List{"*"}, Action: append(List{
			"kms:GetKeyPolicy", "lambda:GetCodeSigningConfig", "lambda:GetLayerVersion", "lambda:ListLayerVersions",
		}, rolloutLooks()...)},
		{Sid: "ChangeFunctions", Effect: allow, Action: rolloutChanges(), Resource: List{s.lambda("function:*")}},
	})
	return d, d.length() <= MaxSession
}

// rolloutLooks are the calls that look at functions.
func rolloutLooks() List {
	return List{
		"lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration", "lambda:ListAliases", "lambda:ListTags", "lambda:ListVersionsByFunction",
	}
}

// lambda is the ARN of a resource of Lambda in the account and region.
func (s Setting) lambda(resource string) string {
	return arn.ARN{Partition: s.partition(), Service: "lambda", Region: s.Region, Account: s.Account, Resource: resource}.String()
}

// deployed are the functions in Lambda, and patterns for their versions and aliases.
func (s Setting) deployed() List {
	var all List
	for _, fn := range s.Manifest.Functions {
		name := s.lambda("function:" + fn.File())
		all = append(all, name, name+":*")
	}
	return distinct(all)
}

// attachable are patterns for the versions of layers that functions may have.
func (s Setting) attachable() List { return distinct(slices.Concat(s.layerVersions(), s.OtherLayers)) }

// readKeyPolicies allows reading what revokes documents: the policies of the functions' keys in the environment's account.
func (s Setting) readKeyPolicies() []Statement {
	keys := slices.DeleteFunc(slices.Clone(s.keysFor(s.Manifest.Functions)), func(key string) bool { return arn.Account(key) != s.Account })
	if len(keys) == 0 {
		return nil
	}
	return []Statement{{Sid: "ReadKeyPolicies", Effect: allow, Action: List{"kms:GetKeyPolicy"}, Resource: distinct(keys)}}
}
