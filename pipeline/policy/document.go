package policy

import (
	"encoding/json"
	"unicode"
)

// A Document is a policy in the form that IAM and KMS accept:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type Document struct {
	Version   string
	Statement []Statement
}

// A Statement is an Allow or a Deny. Its Sid says what it is for.
type Statement struct {
	Sid         string `json:",omitempty"`
	Effect      string
	Principal   *Principal `json:",omitempty"` // in a key policy only
	Action      List       `json:",omitempty"`
	NotAction   List       `json:",omitempty"`
	Resource    List       `json:",omitempty"`
	NotResource List       `json:",omitempty"`
	Condition   Condition  `json:",omitempty"`
}

// A Principal is the principal of a key policy statement.
type Principal struct{ AWS List }

// A Condition maps operators to condition keys to values.
type Condition map[string]map[string]List

// A List is one string or several. A single one is written without brackets.
type List []string

// MarshalJSON writes a single string without brackets.
func (l List) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

const (
	allow = "Allow"
	deny  = "Deny"
)

func newDocument(statements ...[]Statement) Document {
	d := Document{Version: "2012-10-17"}
	for _, s := range statements {
		d.Statement = append(d.Statement, s...)
	}
	return d
}

// Quotas on the size of a policy. Those of IAM are in characters, and white space does
// not count: the names in these documents are ASCII, so that bytes and characters are
// the same. That of KMS is in bytes. AWS does not say that white space does not count
// there, so it does. MaxInline is for all inline policies of a role together.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const (
	MaxManaged = 6144
	MaxInline  = 10240
	MaxKey     = 32 << 10
)

// Size returns the number of characters of a document without white space.
func (d Document) Size() int {
	b, err := json.Marshal(d)
	if err != nil {
		return 0 // cannot happen: strings and lists of strings always marshal
	}
	n := 0
	for _, r := range string(b) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
