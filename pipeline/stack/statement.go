package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/whispering/bundle/pipeline/policy"
)

// A KeyStatement is a statement for the policy of a key that resources of somebody else own.
type KeyStatement struct {
	Key       string // ARN
	Statement policy.Statement
}

const addTo = "For the policy of key %s: its other statements stay as they are."

// TerraformStatements writes statements as local values, as terraform fmt formats them.
func TerraformStatements(all []KeyStatement) ([]byte, error) {
	w := &terraform{stack: &Stack{}}
	for i, one := range all {
		fmt.Fprintf(w, "# "+addTo+"\nlocals {\ndeny_revoked_%d = %s\n}\n", one.Key, i+1, w.document(one.Statement))
	}
	return hclwrite.Format([]byte(w.String())), w.err
}

// CloudFormationStatements writes statements in JSON by the ARNs of their keys.
func CloudFormationStatements(all []KeyStatement) ([]byte, error) {
	var o object
	for _, one := range all {
		v, err := (&Stack{}).valueOf(one.Statement)
		if err != nil {
			return nil, err
		}
		o = append(o, member{one.Key, v})
	}
	content, err := plainJSON(o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, content, "", "  ")
	b.WriteByte('\n')
	return b.Bytes(), err
}

// CDKStatements writes statements as constants of TypeScript: for keyPolicy of a CfnKey, or for
// iam.PolicyStatement.fromJson and addToResourcePolicy of a Key.
func CDKStatements(all []KeyStatement) ([]byte, error) {
	var out strings.Builder
	for i, one := range all {
		w := &cdk{stack: &Stack{}}
		v, err := w.stack.valueOf(one.Statement)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		w.value(&b, v, 0)
		fmt.Fprintf(&out, "// "+addTo+"\nexport const denyRevoked%d = %s;\n", one.Key, i+1, b.String())
		if w.err != nil {
			return nil, w.err
		}
	}
	return []byte(out.String()), nil
}
