package stack

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Terraform writes the resources as a file of Terraform or OpenTofu, as terraform fmt
// formats it. A key that exists is imported; a key that only has its policy written keeps
// everything else.
func (st *Stack) Terraform() ([]byte, error) {
	w := &terraform{stack: st}
	w.line("# " + st.title())
	w.left(st.Left(true))
	w.line(`terraform {
required_version = ">= 1.5"
required_providers {
aws = {
source = "hashicorp/aws"
version = ">= 5.61"
}
}
}
`)
	w.place()
	for _, r := range st.Roles {
		w.role(r)
	}
	for _, k := range st.Keys {
		w.key(k)
	}
	w.outputs()
	if w.err != nil {
		return nil, w.err
	}
	return hclwrite.Format([]byte(w.String())), nil
}

// title says what the output is.
func (st *Stack) title() string {
	return fmt.Sprintf("The roles and keys of %s in environment %s, for account %s and region %s. Written by bundle policy.", st.Bundle, st.Environment, st.Account, st.Region)
}

type terraform struct {
	strings.Builder
	stack *Stack
	err   error
}

func (w *terraform) line(format string, args ...any) {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = quoted(text)
		}
	}
	fmt.Fprintf(w, format+"\n", args...)
}

// word is text that is not quoted.
type word string

// quoted returns an HCL string without templates in it.
func quoted(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}

func (w *terraform) left(all []Left) {
	for _, l := range all {
		w.line("#\n# Not in this file: %s.", word(l.Why))
		for _, command := range l.Commands {
			w.line("#   %s", word(command))
		}
	}
	w.line("")
}

// place refuses another account and another region: documents name both.
func (w *terraform) place() {
	w.line(`data "aws_caller_identity" "this" {
lifecycle {
postcondition {
condition = self.account_id == %s
error_message = %s
}
}
}

data "aws_region" "this" {
lifecycle {
postcondition {
condition = self.id == %s
error_message = %s
}
}
}
`, w.stack.Account, "These policies are for account "+w.stack.Account+".", w.stack.Region, "These policies are for region "+w.stack.Region+".")
}

func (w *terraform) role(r Role) {
	label := word(r.Label)
	name := word(quoted(r.Name))
	if !r.Exists {
		name = "aws_iam_role." + label + ".name"
		trust := w.trust(r)
		w.line("resource \"aws_iam_role\" %s {\nname = %s\ndescription = %s\nassume_role_policy = %s\n}\n", r.Label, r.Name, w.stack.roleDescription(r), trust)
		if r.serves() {
			w.line("resource \"aws_iam_role_policy_attachment\" %s {\nrole = %s\npolicy_arn = %s\n}\n", r.Label+"_logs", name, w.stack.logs())
		}
	}
	for i, d := range r.Policies {
		label := fmt.Sprintf("%s_%d", r.Label, i+1)
		w.line("resource \"aws_iam_policy\" %s {\nname = %s\npolicy = jsonencode(%s)\n}\n", label, r.policyName(w.stack, i), w.document(d))
		w.line("resource \"aws_iam_role_policy_attachment\" %s {\nrole = %s\npolicy_arn = aws_iam_policy.%s.arn\n}\n", label, name, word(label))
	}
}

// trust returns the trust policy of a role. Who can assume the role is a variable.
func (w *terraform) trust(r Role) word {
	if r.serves() {
		return word("jsonencode(" + string(w.document(lambdaTrust())) + ")")
	}
	principal, subject := r.Label+"_principal", r.Label+"_subject"
	w.line(`variable %s {
description = %s
type = string
validation {
condition = can(regex(%s, var.%s))
error_message = %s
}
}

variable %s {
description = %s
type = string
default = ""
validation {
condition = !can(regex("[*?]", var.%s))
error_message = "Write the whole subject, without wildcards."
}
}
`, principal, "Who can assume "+r.what()+": the ARN of a role, a user or an OIDC provider.", trustedARN, word(principal), trustedError,
		subject, "The subject claim (sub) of the tokens that are accepted, if "+principal+" is an OIDC provider.", word(subject))
	return word(fmt.Sprintf(`var.%[2]s == "" ? jsonencode({
Version = "2012-10-17"
Statement = [{
Effect = "Allow"
Action = "sts:AssumeRole"
Principal = { AWS = var.%[1]s }
}]
}) : jsonencode({
Version = "2012-10-17"
Statement = [{
Effect = "Allow"
Action = "sts:AssumeRoleWithWebIdentity"
Principal = { Federated = var.%[1]s }
Condition = {
StringEquals = {
"${replace(var.%[1]s, "/^.*:oidc-provider\\//", "")}:aud" = "sts.amazonaws.com"
"${replace(var.%[1]s, "/^.*:oidc-provider\\//", "")}:sub" = var.%[2]s
}
}
}]
})`, principal, subject))
}

func (w *terraform) key(k Key) {
	if !k.Created() && !k.here(w.stack) {
		return
	}
	if !k.Created() {
		w.line("resource \"aws_kms_key_policy\" %s {\nkey_id = %s\npolicy = jsonencode(%s)\n}\n", k.Label, k.ARN, w.document(k.Policy))
		return
	}
	w.line("resource \"aws_kms_key\" %s {\ndescription = %s\nenable_key_rotation = true", k.Label, w.stack.keyDescription(k))
	if k.multiRegion() {
		w.line("multi_region = true")
	}
	if len(k.Tags) > 0 {
		w.line("tags = %s", w.value(tagsOf(k)))
	}
	w.line("policy = jsonencode(%s)\n\nlifecycle {\nprevent_destroy = true # without the key, nobody can open what is sealed under it\n}\n}\n", w.document(k.Policy))
	if !k.Absent {
		w.line("import {\nto = aws_kms_key.%s\nid = %s\n}\n", word(k.Label), k.id())
	}
	for _, a := range k.Aliases {
		w.line("resource \"aws_kms_alias\" %s {\nname = %s\ntarget_key_id = aws_kms_key.%s.key_id\n}\n", a.Label, a.Name, word(k.Label))
		if !k.Absent {
			w.line("import {\nto = aws_kms_alias.%s\nid = %s\n}\n", word(a.Label), a.Name)
		}
	}
}

// outputs are the ARNs of the roles.
func (w *terraform) outputs() {
	w.line("output \"roles\" {\nvalue = {")
	for _, r := range w.stack.Roles {
		if !r.Exists {
			w.line("%s = aws_iam_role.%s.arn", w.name(r.Label), word(r.Label))
		}
	}
	w.line("}\n}")
}

func (w *terraform) document(d any) word {
	v, err := w.stack.valueOf(d)
	if err != nil {
		w.err = err
	}
	return w.value(v)
}

// value returns a value as an expression.
func (w *terraform) value(v value) word {
	var b strings.Builder
	switch v := v.(type) {
	case reference:
		if v.role {
			return word("aws_iam_role." + v.label + ".arn")
		}
		return word("aws_kms_key." + v.label + ".arn")
	case object:
		b.WriteString("{\n")
		for _, m := range v {
			fmt.Fprintf(&b, "%s = %s\n", w.name(m.name), w.value(m.value))
		}
		b.WriteString("}")
	case []any:
		b.WriteString("[")
		for _, one := range v {
			fmt.Fprintf(&b, "\n%s,", w.value(one))
		}
		if len(v) > 0 {
			b.WriteString("\n")
		}
		b.WriteString("]")
	case string:
		return word(quoted(v))
	default:
		return word(fmt.Sprint(v))
	}
	return word(b.String())
}

// name returns the name of a member, with quotes if it needs them.
func (w *terraform) name(name string) word {
	if hclsyntax.ValidIdentifier(name) && !strings.Contains(name, "-") {
		return word(name)
	}
	return word(quoted(name))
}
