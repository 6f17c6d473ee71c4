package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Limits of CloudFormation: resources of a template, and bytes of its body. A template
// in a request can have MaxInRequest bytes, and one in S3 MaxTemplate.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	MaxResources = 500
	MaxInRequest = 51_200
	MaxTemplate  = 1_000_000
)

// CloudFormation writes the resources as a template. Its errors wrap ErrSize.
func (st *Stack) CloudFormation() ([]byte, error) {
	if err := st.checkResources(); err != nil {
		return nil, err
	}
	t := &template{stack: st}
	for _, r := range st.Roles {
		t.role(r)
	}
	for _, k := range st.Keys {
		t.key(k)
	}
	if t.err != nil {
		return nil, t.err
	}
	all := object{{"AWSTemplateFormatVersion", "2010-09-09"}, {"Description", st.title()}}
	if left := st.Left(false); len(left) > 0 {
		all = append(all, member{"Metadata", object{{"NotInThisTemplate", leftLines(left)}}})
	}
	for _, part := range []member{{"Parameters", t.parameters}, {"Conditions", t.conditions}, {"Resources", t.resources}, {"Outputs", t.outputs}} {
		if o, _ := part.value.(object); len(o) > 0 {
			all = append(all, part)
		}
	}
	b, err := plainJSON(all)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	if out.Len() > MaxTemplate {
		return nil, fmt.Errorf("%w: the template has %d bytes, and a template in S3 can have %d", ErrSize, out.Len(), MaxTemplate)
	}
	return out.Bytes(), nil
}

// Resources returns the number of CloudFormation's resources.
func (st *Stack) Resources() int {
	n := 0
	for _, r := range st.Roles {
		n += len(r.Policies)
		if !r.Exists {
			n++
		}
	}
	for _, k := range st.Keys {
		if k.Created() {
			n += 1 + len(k.Aliases)
		}
	}
	return n
}

func (st *Stack) checkResources() error {
	if n := st.Resources(); n > MaxResources {
		return fmt.Errorf("%w: this is %d resources, and a template of CloudFormation can have %d. Use --format terraform, or divide the functions between manifests", ErrSize, n, MaxResources)
	}
	return nil
}

func leftLines(all []Left) []any {
	var lines []any
	for _, l := range all {
		lines = append(lines, l.Why)
		for _, command := range l.Commands {
			lines = append(lines, command)
		}
	}
	return lines
}

type template struct {
	stack                                      *Stack
	parameters, conditions, resources, outputs object
	err                                        error
}

func (t *template) add(to *object, name string, v value) { *to = append(*to, member{name, v}) }

func (t *template) resource(id, kind string, more object, properties object) {
	t.add(&t.resources, id, append(append(object{{"Type", kind}}, more...), member{"Properties", properties}))
}

func ref(id string) object          { return object{{"Ref", id}} }
func attribute(id, a string) object { return object{{"Fn::GetAtt", []any{id, a}}} }

func (t *template) role(r Role) {
	var name value = r.Name
	if !r.Exists {
		id := "Role" + r.ID
		name = ref(id)
		properties := object{{"RoleName", r.Name}, {"Description", t.stack.roleDescription(r)}, {"AssumeRolePolicyDocument", t.trust(r)}}
		if r.serves() {
			properties = append(properties, member{"ManagedPolicyArns", []any{t.stack.logs()}})
		}
		t.resource(id, "AWS::IAM::Role", nil, properties)
		t.add(&t.outputs, id+"Arn", object{{"Value", attribute(id, "Arn")}})
	}
	for i, d := range r.Policies {
		t.resource(fmt.Sprintf("Policy%d%s", i+1, r.ID), "AWS::IAM::ManagedPolicy", nil, object{
			{"ManagedPolicyName", r.policyName(t.stack, i)}, {"PolicyDocument", t.document(d)}, {"Roles", []any{name}},
		})
	}
}

// githubIssuer is the issuer of the tokens of GitHub Actions. A template cannot make the
// name of a condition key from a parameter.
const githubIssuer = "token.actions.githubusercontent.com"

// trust returns the trust policy of a role. Who can assume the role is a parameter.
func (t *template) trust(r Role) value {
	if r.serves() {
		return lambdaTrust()
	}
	principal, subject, condition := r.ID+"Principal", r.ID+"Subject", r.ID+"ByGitHub"
	t.add(&t.parameters, principal, object{
		{"Type", "String"}, {"AllowedPattern", trustedARN}, {"ConstraintDescription", trustedError},
		{"Description", "Who can assume " + r.what() + ": the ARN of a role, a user or the OIDC provider of GitHub."},
	})
	t.add(&t.parameters, subject, object{
		{"Type", "String"}, {"Default", ""}, {"AllowedPattern", "^[^*?]*$"}, {"ConstraintDescription", "Write the whole subject, without wildcards."},
		{"Description", "The subject (sub) of the tokens of GitHub that are accepted, if " + principal + " is the OIDC provider of GitHub."},
	})
	t.add(&t.conditions, condition, object{{"Fn::Not", []any{object{{"Fn::Equals", []any{ref(subject), ""}}}}}})
	return object{{"Version", "2012-10-17"}, {"Statement", []any{object{{"Fn::If", []any{
		condition,
		object{
			{"Effect", "Allow"}, {"Action", "sts:AssumeRoleWithWebIdentity"}, {"Principal", object{{"Federated", ref(principal)}}},
			{"Condition", object{{"StringEquals", object{{githubIssuer + ":aud", "sts.amazonaws.com"}, {githubIssuer + ":sub", ref(subject)}}}}},
		},
		object{{"Effect", "Allow"}, {"Action", "sts:AssumeRole"}, {"Principal", object{{"AWS", ref(principal)}}}},
	}}}}}}
}

func (t *template) key(k Key) {
	if !k.Created() {
		return
	}
	id := "Key" + k.ID
	properties := object{{"Description", t.stack.keyDescription(k)}, {"EnableKeyRotation", true}}
	if k.multiRegion() {
		properties = append(properties, member{"MultiRegion", true})
	}
	if len(k.Tags) > 0 {
		var tags []any
		for _, m := range tagsOf(k) {
			tags = append(tags, object{{"Key", m.name}, {"Value", m.value}})
		}
		properties = append(properties, member{"Tags", tags})
	}
	properties = append(properties, member{"KeyPolicy", t.document(k.Policy)})
	retain := object{{"DeletionPolicy", "Retain"}, {"UpdateReplacePolicy", "Retain"}}
	t.resource(id, "AWS::KMS::Key", retain, properties)
	for _, a := range k.Aliases {
		t.resource("Alias"+a.ID, "AWS::KMS::Alias", retain, object{{"AliasName", a.Name}, {"TargetKeyId", ref(id)}})
	}
}

func (t *template) document(d any) value {
	v, err := t.stack.valueOf(d)
	if err != nil {
		t.err = err
	}
	return resolved(v, func(r reference) value {
		if r.role {
			return attribute("Role"+r.id, "Arn")
		}
		return attribute("Key"+r.id, "Arn")
	})
}

// resolved returns a value with something else in the place of its references.
func resolved(v value, with func(reference) value) value {
	switch v := v.(type) {
	case reference:
		return with(v)
	case object:
		var all object
		for _, m := range v {
			all = append(all, member{m.name, resolved(m.value, with)})
		}
		return all
	case []any:
		all := []any{}
		for _, one := range v {
			all = append(all, resolved(one, with))
		}
		return all
	}
	return v
}
