package view

import "github.com/whispering/bundle/pipeline/policy"

// A Policy is the result of bundle policy, as --json prints it.
type Policy struct {
	Environment string           `json:"environment"`
	Region      string           `json:"region"`
	Account     string           `json:"account"`
	Documents   []PolicyDocument `json:"documents"`
}

// A PolicyDocument is one IAM policy.
type PolicyDocument struct {
	Kind       string          `json:"kind"`
	Function   string          `json:"function,omitempty"`
	Key        string          `json:"key,omitempty"` // ARN, of a key's policy
	Characters int             `json:"characters"`    // without whitespace
	Policy     policy.Document `json:"policy"`
}

// NewPolicy describes the documents of a setting.
func NewPolicy(s *policy.Setting, documents []policy.Written) Policy {
	r := Policy{Environment: s.Manifest.Environment.Name.Value, Region: s.Region, Account: s.Account}
	for _, d := range documents {
		r.Documents = append(r.Documents, PolicyDocument{Kind: d.Kind, Function: d.Function, Key: d.Key, Characters: d.Policy.Size(), Policy: d.Policy})
	}
	return r
}
