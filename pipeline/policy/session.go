package policy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/pipeline/manifest"
)

// MaxSession is the most characters that the policy of a role's session can have:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const MaxSession = 2048

// Looking is the policy of a session that only looks: whatever the role may do,
// such a session learns no value, and changes nothing. What it denies is all but
// reading, so that it holds for what AWS adds as well.
func Looking() Document {
	return newDocument([]Statement{
		{Sid: "AllowWhatTheRoleMay", Effect: allow, Action: List{"*"}, Resource: List{"*"}},
		denyValues("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"),
		{Sid: "DenyWrites", Effect: deny, Resource: List{"*"}, NotAction: List{
			"kms:Describe*", "kms:Get*", "kms:List*", "lambda:Get*", "lambda:List*", "ssm:Describe*", "ssm:Get*", "ssm:List*", "sts:GetCallerIdentity",
		}},
	})
}

// BuildSession is the policy of a session that builds, made before any key is
// known: it reads the manifest's parameters, and seals for its functions and
// environment under keys of its region in its account or in others that are
// accepted. Which key is whose, the role's own policy and those of the keys say.
// It reports false where no such document is short enough.
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

// PublishSession is the policy of a session that publishes. It reports false
// where no such document is short enough.
func (s Setting) PublishSession() (Document, bool) {
	d := newDocument(readLayers(), s.publish())
	return d, d.length() <= MaxSession
}

// maxLevels is how many levels a parameter's name can have.
const maxLevels = 15

// buildSession names parameters by so many levels of their names, and functions
// one by one or all of the bundle.
func (s Setting) buildSession(keyAccounts []string, levels int, exact bool) Document {
	all := s.reads(func(manifest.Function) bool { return true })
	packed, blind := s.packed(), s.blind()
	reads := List{"ssm:GetParameters"}
	parameters := all.parameters
	if len(all.paths) > 0 {
		reads, parameters = append(reads, "ssm:GetParametersByPath"), append(parameters, all.paths...)
	}
	statements := []Statement{
		{Sid: "ReadParameters", Effect: allow, Action: reads, Resource: shortened(parameters, levels)},
		{Sid: "DescribeKeys", Effect: allow, Action: List{"kms:DescribeKey"}, Resource: List{"*"}},
	}
	if len(packed.parameters) > 0 {
		statements = append(statements, Statement{
			Sid: "DecryptThroughParameterStore", Effect: allow, Action: List{"kms:Decrypt"}, Resource: List{"*"},
			Condition: Condition{"StringLike": {viaService: List{"ssm." + s.Region + ".*"}}},
		})
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
			condition.add("StringEquals", ofFunction, distinct(sealed[seal.action])...)
		} else {
			condition.add("StringLike", ofFunction, s.Manifest.Bundle.Name.Value+"/*")
		}
		statements = append(statements, Statement{Sid: seal.sid, Effect: allow, Action: List{seal.action}, Resource: s.keysOf(keyAccounts), Condition: condition})
	}
	return newDocument(statements, readLayers())
}

// keysOf is every key of the region in the account and in others.
func (s Setting) keysOf(accounts []string) List {
	var keys List
	for _, account := range append([]string{s.Account}, accounts...) {
		all := arn.ARN{Partition: s.partition(), Service: "kms", Region: s.Region, Account: account, Resource: "key/*"}
		if all.HasAccount() {
			keys = append(keys, all.String())
		}
	}
	return distinct(keys)
}

// readLayers is reading any layer: the one to carry over from may be named by the
// command line.
func readLayers() []Statement {
	return []Statement{{Sid: "ReadLayers", Effect: allow, Action: List{"lambda:ListLayerVersions", "lambda:GetLayerVersion"}, Resource: List{"*"}}}
}

// shortened returns patterns of parameters' ARNs: those whose names have more
// levels than that are cut behind them.
func shortened(arns List, levels int) List {
	var all List
	for _, pattern := range arns {
		a, _ := arn.Parse(pattern)
		if parts := strings.Split(a.Resource, "/"); len(parts) > 1+levels {
			a.Resource = strings.Join(parts[:1+levels], "/") + "/*"
		}
		all = append(all, a.String())
	}
	all = distinct(all)
	return slices.DeleteFunc(slices.Clone(all), func(arn string) bool {
		return slices.ContainsFunc(all, func(other string) bool {
			above, ok := strings.CutSuffix(other, "*")
			return ok && other != arn && strings.HasPrefix(arn, above)
		})
	})
}

// length is how many characters a document has as it is sent.
func (d Document) length() int { return len(d.Text()) }

// Text is the document as it is sent, "" for none.
func (d Document) Text() string {
	if len(d.Statement) == 0 {
		return ""
	}
	b, err := json.Marshal(d)
	if err != nil {
		return "" // texts and lists of texts can always be written
	}
	return string(b)
}
