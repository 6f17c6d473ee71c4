package policy

import (
	"fmt"

	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/secret"
)

// Put is the policy of a role that puts the manifest's parameters. It allows writing
// those that a secret block names without a version, encrypting them through Parameter
// Store, and reading only those in which it replaces a field.
//
// A value of the standard tier is encrypted with kms:Encrypt, one of the advanced tier
// with kms:GenerateDataKey:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
func (s Setting) Put() Document {
	w := s.written()
	statements := []Statement{
		{Sid: "PutParameters", Effect: allow, Action: List{"ssm:PutParameter"}, Resource: w.parameters},
		{Sid: "DescribeParameters", Effect: allow, Action: List{"ssm:DescribeParameters"}, Resource: List{"*"}},
	}
	if len(w.keys) > 0 {
		statements = append(statements, Statement{Sid: "DescribeKeys", Effect: allow, Action: List{"kms:DescribeKey"}, Resource: w.keys})
	}
	if len(w.standard.keys) > 0 {
		statements = append(statements, s.throughSSM("EncryptThroughParameterStore", "kms:Encrypt", w.standard.keys))
	}
	if len(w.advanced.keys) > 0 {
		statements = append(statements, s.throughSSM("MakeDataKeysThroughParameterStore", "kms:GenerateDataKey", w.advanced.keys))
	}
	if len(w.fields.parameters) > 0 {
		statements = append(statements, Statement{Sid: "ReadFields", Effect: allow, Action: List{"ssm:GetParameters"}, Resource: w.fields.parameters})
	}
	if len(w.fields.keys) > 0 {
		statements = append(statements, s.throughSSM("DecryptFieldsThroughParameterStore", "kms:Decrypt", w.fields.keys))
	}
	return newDocument(statements, s.closePut(w))
}

// CheckPut refuses an environment that has no secret that can be put, with ErrNoPut.
func (s Setting) CheckPut() error {
	if len(s.written().parameters) > 0 {
		return nil
	}
	return fmt.Errorf("%w: environment %q has no secret that can be put: each has a version, a label or a path import, or is of Secrets Manager", ErrNoPut, s.Manifest.Environment.Name.Value)
}

// closePut denies what other policies of the role might allow: writing other parameters,
// reading their values, and using a key outside Parameter Store.
func (s Setting) closePut(w written) []Statement {
	others := Statement{Sid: "DenyReadsElsewhere", Effect: deny, Action: List{"ssm:GetParameters"}, NotResource: w.fields.parameters}
	if len(w.fields.parameters) == 0 {
		others.Resource = List{"*"}
	}
	return []Statement{
		{Sid: "DenyPutElsewhere", Effect: deny, Action: List{"ssm:PutParameter"}, NotResource: w.parameters},
		others,
		{Sid: "DenyOtherReads", Effect: deny, Action: List{"ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParametersByPath"}, Resource: List{"*"}},
		{
			Sid: "DenyDirectUse", Effect: deny, Action: List{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"}, Resource: List{"*"},
			Condition: Condition{"StringNotEquals": {viaService: s.viaSSM()}},
		},
		denyKeyAdministration("kms:ReEncrypt*"),
	}
}

// written is what a put of the manifest's secrets writes, and the parts of it that need
// more rights.
type written struct {
	reach
	standard reach // of the standard tier, or new
	advanced reach // of the advanced tier
	fields   reach // in which fields are replaced
}

func (s Setting) written() written {
	var w written
	keys, advanced := s.keysByName(), map[string]bool{}
	for _, p := range s.Parameters {
		advanced[p.Name] = p.Advanced
	}
	add := func(to *reach, name string) {
		to.parameters = append(to.parameters, s.parameterARN(name))
		to.keys = append(to.keys, keys[name]...)
		to.keys = append(append(to.keys, s.ParameterKeys...), s.BlindKeys...)
	}
	for _, fn := range s.Manifest.Functions {
		for _, sec := range fn.Secrets {
			if sec.SecretsManager.Value != "" {
				continue // a put writes parameters
			}
			ref, err := secret.ParseRef(sec.Parameter.Value)
			if err != nil || ref.Selector != "" {
				continue // a put does not change what an older version has
			}
			tier := &w.standard
			if advanced[ref.Name] {
				tier = &w.advanced
			}
			add(&w.reach, ref.Name)
			add(tier, ref.Name)
			if replaces(fn, sec) {
				add(&w.fields, ref.Name)
			}
		}
	}
	for _, r := range []*reach{&w.reach, &w.standard, &w.advanced, &w.fields} {
		r.parameters, r.keys = s.cut(r.parameters), distinct(r.keys)
	}
	return w
}

// replaces reports whether a put of a secret replaces a field.
func replaces(fn manifest.Function, sec manifest.Secret) bool {
	return !sec.Field.Whole() && !fn.Blind.Value
}

// PutSession is the session policy of a run that puts parameters. It also allows reading
// those of packed functions, to leave unchanged values alone: whether the role may is up
// to its own policy. It reports false if no such policy is short enough.
func (s Setting) PutSession() (Document, bool) {
	for levels := maxLevels; levels > 0; levels-- {
		if d := s.putSession(levels); d.length() <= MaxSession {
			return d, true
		}
	}
	return Document{}, false
}

func (s Setting) putSession(levels int) Document {
	w := s.written()
	statements := []Statement{
		{Sid: "PutParameters", Effect: allow, Action: List{"ssm:PutParameter"}, Resource: shortened(w.parameters, levels)},
		{Sid: "Describe", Effect: allow, Action: List{"ssm:DescribeParameters", "kms:DescribeKey"}, Resource: List{"*"}},
	}
	statements = append(statements, s.sessionThrough("ssm", "EncryptThroughParameterStore", "kms:Encrypt", "kms:GenerateDataKey"))
	if packed := s.packed(); len(packed.parameters) > 0 {
		statements = append(statements,
			Statement{Sid: "ReadParameters", Effect: allow, Action: List{"ssm:GetParameters"}, Resource: shortened(packed.parameters, levels)},
			s.sessionThrough("ssm", "DecryptThroughParameterStore", "kms:Decrypt"))
	}
	return newDocument(statements)
}
