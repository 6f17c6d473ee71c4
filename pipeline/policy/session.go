package policy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
)

// MaxSession is the largest size of a session policy in characters:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const MaxSession = 2048

// Looking is the session policy of a run that only reads. Whatever the role is
// allowed, such a session can neither read a value nor change anything. It denies
// everything except reading, so that new actions of AWS are denied as well.
func Looking() Document {
	return newDocument([]Statement{
		{Sid: "AllowWhatTheRoleMay", Effect: allow, Action: List{"*"}, Resource: List{"*"}},
		denyValues(getSecret, getSecretBatches),
		{Sid: "DenyWrites", Effect: deny, Resource: List{"*"}, NotAction: List{
			"cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:LookupEvents",
			"kms:Describe*", "kms:Get*", "kms:List*", "lambda:Get*", "lambda:List*", describeSecret, listVersions, listSecrets,
			"ssm:Describe*", "ssm:Get*", "ssm:List*", "sts:GetCallerIdentity",
		}},
	})
}

// Opening is the session policy of a run that only tries to open documents.
func Opening() Document {
	return newDocument([]Statement{{Sid: "Open", Effect: allow, Action: List{"kms:Decrypt"}, Resource: List{"*"}}})
}

// BuildSession is the session policy of a build, made before any key is known. It
// allows reading the manifest's parameters, and sealing for the bundle's functions
// and environment under keys of its region in its account and in keyAccounts. The
// role's policy and the key policies decide which key each function can use.
// It reports false if no such policy is short enough.
func (s Setting) BuildSession(keyAccounts []string) (Document, bool) {
	for _, exact := range []bool{true, false} {
		for levels := maxLevels; levels > 0; levels-- {
			if d := s.buildSession(keyAccounts, levels, exact); d.length() <= MaxSession {
				return d, true
			}
		}
	}
	return Document{}, false
}

// PublishSession is the session policy of a run that publishes. It reports false if
// no such policy is short enough.
func (s Setting) PublishSession() (Document, bool) {
	d := newDocument(readLayers(), s.publish())
	return d, d.length() <= MaxSession
}

// sessionThrough allows actions on every key, through a service only.
func (s Setting) sessionThrough(service, sid string, actions ...string) Statement {
	return Statement{
		Sid: sid, Effect: allow, Action: actions, Resource: List{"*"},
		Condition: Condition{"StringLike": {viaService: List{service + "." + s.Region + ".*"}}},
	}
}

// maxLevels is the largest number of levels in a parameter's name.
const maxLevels = 15

// buildSession shortens names of parameters to some levels. With exact, it names
// each function, otherwise all functions of the bundle.
func (s Setting) buildSession(keyAccounts []string, levels int, exact bool) Document {
	all := s.reads(func(manifest.Function) bool { return true })
	packed, blind := s.packed(), s.blind()
	reads := List{"ssm:GetParameters"}
	parameters := all.parameters
	if len(all.paths) > 0 {
		reads, parameters = append(reads, "ssm:GetParametersByPath"), append(parameters, all.paths...)
	}
	var statements []Statement
	if len(parameters) > 0 {
		statements = append(statements, Statement{Sid: "ReadParameters", Effect: allow, Action: reads, Resource: shortened(parameters, levels)})
	}
	statements = append(statements, Statement{Sid: "DescribeKeys", Effect: allow, Action: List{"kms:DescribeKey"}, Resource: List{"*"}})
	if len(packed.parameters) > 0 {
		statements = append(statements, s.sessionThrough("ssm", "DecryptThroughParameterStore", "kms:Decrypt"))
	}
	if r := s.secrets(); len(r.secrets) > 0 {
		statements = append(statements,
			Statement{Sid: "ReadSecrets", Effect: allow, Action: List{describeSecret, getSecret}, Resource: shortened(slices.Concat(r.secrets, r.optional), levels)},
			s.sessionThrough("secretsmanager", "DecryptThroughSecretsManager", "kms:Decrypt"))
	}
	if len(blind.parameters) > 0 {
		statements = append(statements, Statement{
			Sid: "ReEncryptFromParameters", Effect: allow, Action: List{"kms:ReEncryptFrom"}, Resource: List{"*"},
			Condition: Condition{"StringLike": {ofParameter: shortened(blind.parameters, levels)}},
		})
	}
	sealed := map[string]List{}
	for _, fn := range s.Manifest.Functions {
		sealed[sealing(fn)] = append(sealed[sealing(fn)], s.name(fn))
	}
	for _, seal := range []struct{ sid, action string }{{"Seal", "kms:Encrypt"}, {"SealBlind", "kms:ReEncryptTo"}} {
		if len(sealed[seal.action]) == 0 {
			continue
		}
		condition := Condition{"StringEquals": {ofEnvironment: List{s.Manifest.Environment.Name.Value}}}
		if exact {
			condition["StringEquals"][ofFunction] = distinct(sealed[seal.action])
		} else {
			condition["StringLike"] = map[string]List{ofFunction: {s.Manifest.Bundle.Name.Value + "/*"}}
		}
		statements = append(statements, Statement{Sid: seal.sid, Effect: allow, Action: List{seal.action}, Resource: s.keysOf(keyAccounts), Condition: condition})
	}
	return newDocument(statements, readLayers())
}

// keysOf returns a pattern for all keys of the region in the account and in others.
func (s Setting) keysOf(accounts []string) List {
	var keys List
	for _, account := range append([]string{s.Account}, accounts...) {
		all := s.keyARN(account, "*")
		if all.HasAccount() {
			keys = append(keys, all.String())
		}
	}
	return distinct(keys)
}

// readLayers allows reading any layer, because the command line may name the
// previous one.
func readLayers() []Statement {
	return []Statement{{Sid: "ReadLayers", Effect: allow, Action: List{"lambda:ListLayerVersions", "lambda:GetLayerVersion"}, Resource: List{"*"}}}
}

// shortened returns patterns for ARNs of parameters and secrets. Names with more levels
// are cut after that many.
func shortened(arns List, levels int) List {
	var all List
	for _, pattern := range arns {
		a, _ := arn.Parse(pattern)
		parts := strings.Split(a.Resource, "/")
		if n := levels + len(parts) - levelsOf(a.Resource); n < len(parts) {
			a.Resource = strings.Join(parts[:n], "/") + "/*"
		}
		all = append(all, a.String())
	}
	return uncovered(all)
}

// levelsOf returns how many levels the name of a resource has: parameter/a/b has two, as
// secret:a/b and secret:/a/b have.
func levelsOf(resource string) int {
	name := strings.TrimPrefix(resource, "secret:")
	if n := strings.Count(name, "/"); name == resource || strings.HasPrefix(name, "/") {
		return n
	}
	return strings.Count(name, "/") + 1
}

// length returns the number of characters of a document as it is sent.
func (d Document) length() int { return len(d.Text()) }

// Text returns the document as it is sent, or "" if it has no statement.
func (d Document) Text() string {
	if len(d.Statement) == 0 {
		return ""
	}
	b, err := json.Marshal(d)
	if err != nil {
		return "" // cannot happen: strings and lists of strings always marshal
	}
	return string(b)
}
