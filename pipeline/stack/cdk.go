package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CDK writes the resources as a construct in TypeScript for version 2 of the CDK. Its
// errors wrap ErrSize: a stack has the limits of a template.
//
// Keys and policies are the constructs that have the names of CloudFormation's types. A
// kms.Key adds a statement to its policy, unless a feature flag of the app is set.
func (st *Stack) CDK() ([]byte, error) {
	if err := st.checkResources(); err != nil {
		return nil, err
	}
	w := &cdk{stack: st}
	w.line("// %s", st.title())
	for _, l := range st.Left(false) {
		w.line("//\n// Not in this file: %s.", l.Why)
		for _, command := range l.Commands {
			w.line("//   %s", command)
		}
	}
	imported := "Stack, Token"
	if slices.ContainsFunc(st.Keys, Key.Created) {
		imported = "RemovalPolicy, " + imported
	}
	w.line("import { %s } from \"aws-cdk-lib\";", imported)
	w.line(`import * as iam from "aws-cdk-lib/aws-iam";
import * as kms from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
`)
	w.props()
	w.line(`export class BundleAccess extends Construct {
  /** The roles by the end of their names: build, plan, put, and function-NAME for each function. */
  readonly roles: Record<string, iam.Role> = {};
  /** The keys by the names of their functions. */
  readonly keys: Record<string, kms.CfnKey> = {};

  constructor(scope: Construct, id: string, props: BundleAccessProps) {
    super(scope, id);`)
	w.place()
	for _, r := range st.Roles {
		w.role(r)
	}
	for _, k := range st.Keys {
		w.key(k)
	}
	for _, r := range st.Roles {
		w.policies(r)
	}
	w.line("  }\n}")
	return []byte(w.String()), w.err
}

type cdk struct {
	strings.Builder
	stack *Stack
	err   error
}

func (w *cdk) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// text returns a string of TypeScript. JSON strings are.
func (w *cdk) text(s string) string {
	b, err := plainJSON(s)
	if err != nil {
		w.err = err
	}
	return string(b)
}

// props are who can assume the roles.
func (w *cdk) props() {
	w.line("export interface BundleAccessProps {")
	for _, r := range w.stack.Roles {
		if !r.Exists && !r.serves() {
			w.line("  /** Who can assume %s, such as new iam.ArnPrincipal(…) or new iam.OpenIdConnectPrincipal(…). */", r.what())
			w.line("  readonly %s: iam.IPrincipal;", r.Label)
		}
	}
	w.line("}\n")
}

// place refuses another account and another region: documents name both.
func (w *cdk) place() {
	w.line("    const { account, region } = Stack.of(this);")
	for name, want := range (object{{"account", w.stack.Account}, {"region", w.stack.Region}}).all() {
		w.line("    if (!Token.isUnresolved(%[1]s) && %[1]s !== %[2]s) throw new Error(%[3]s);", name, w.text(want), w.text("These policies are for "+name+" "+want+"."))
	}
	w.line("")
}

// roleVariable returns the variable of the role with an ID.
func roleVariable(id string) string { return strings.ToLower(id[:1]) + id[1:] + "Role" }

func (w *cdk) role(r Role) {
	if r.Exists {
		return
	}
	w.line("    const %s = new iam.Role(this, %q, {", roleVariable(r.ID), "Role"+r.ID)
	w.line("      roleName: %s,\n      description: %s,", w.text(r.Name), w.text(w.stack.roleDescription(r)))
	if r.serves() {
		w.line("      assumedBy: new iam.ServicePrincipal(\"lambda.amazonaws.com\"),")
		w.line("      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName(\"service-role/AWSLambdaBasicExecutionRole\")],")
	} else {
		w.line("      assumedBy: props.%s,", r.Label)
	}
	name := r.Label
	if r.serves() {
		name = "function-" + r.Function
	}
	w.line("    });\n    this.roles[%s] = %s;", w.text(name), roleVariable(r.ID))
}

func (w *cdk) key(k Key) {
	if !k.Created() {
		return
	}
	variable := "key" + k.ID
	w.line("\n    const %s = new kms.CfnKey(this, %q, {", variable, "Key"+k.ID)
	w.line("      description: %s,\n      enableKeyRotation: true,", w.text(w.stack.keyDescription(k)))
	if k.multiRegion() {
		w.line("      multiRegion: true,")
	}
	if len(k.Tags) > 0 {
		w.line("      tags: [")
		for name, tag := range tagsOf(k).all() {
			w.line("        { key: %s, value: %s },", w.text(name), w.text(tag))
		}
		w.line("      ],")
	}
	w.line("      keyPolicy: %s,\n    });", w.document(k.Policy))
	w.line("    %s.applyRemovalPolicy(RemovalPolicy.RETAIN);", variable)
	for _, function := range k.Functions {
		w.line("    this.keys[%s] = %s;", w.text(function), variable)
	}
	for _, a := range k.Aliases {
		w.line("    new kms.CfnAlias(this, %q, { aliasName: %s, targetKeyId: %s.ref }).applyRemovalPolicy(RemovalPolicy.RETAIN);", "Alias"+a.ID, w.text(a.Name), variable)
	}
}

func (w *cdk) policies(r Role) {
	name := w.text(r.Name)
	if !r.Exists {
		name = roleVariable(r.ID) + ".roleName"
	}
	for i, d := range r.Policies {
		w.line("\n    new iam.CfnManagedPolicy(this, %q, {", "Policy"+strconv.Itoa(i+1)+r.ID)
		w.line("      managedPolicyName: %s,\n      roles: [%s],", w.text(r.policyName(w.stack, i)), name)
		w.line("      policyDocument: %s,\n    });", w.document(d))
	}
}

func (w *cdk) document(d any) string {
	v, err := w.stack.valueOf(d)
	if err != nil {
		w.err = err
	}
	var b strings.Builder
	w.value(&b, v, 3) // how deep a document is in the constructor
	return b.String()
}

// value writes a value as an expression.
func (w *cdk) value(b *strings.Builder, v value, depth int) {
	indent := strings.Repeat("  ", depth)
	switch v := v.(type) {
	case reference:
		if v.role {
			b.WriteString(roleVariable(v.id) + ".roleArn")
			return
		}
		b.WriteString("key" + v.id + ".attrArn")
	case object:
		b.WriteString("{\n")
		for _, m := range v {
			b.WriteString(indent + "  " + w.text(m.name) + ": ")
			w.value(b, m.value, depth+1)
			b.WriteString(",\n")
		}
		b.WriteString(indent + "}")
	case []any:
		b.WriteString("[\n")
		for _, one := range v {
			b.WriteString(indent + "  ")
			w.value(b, one, depth+1)
			b.WriteString(",\n")
		}
		b.WriteString(indent + "]")
	case string:
		b.WriteString(w.text(v))
	default:
		fmt.Fprint(b, v)
	}
}
