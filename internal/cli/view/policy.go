package view

import (
	"path/filepath"
	"strings"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Policy is the result of bundle policy, as --json prints it.
type Policy struct {
	Environment string           `json:"environment"`
	Region      string           `json:"region"`
	Account     string           `json:"account"`
	Documents   []PolicyDocument `json:"documents"`
	Tags        []LackingTags    `json:"lacking_tags,omitempty"`
	Beyond      []BeyondManifest `json:"beyond_manifest,omitempty"`
}

// BeyondManifest is a parameter, or a secret of Secrets Manager, that the policy grants and
// that the manifest does not name.
type BeyondManifest struct {
	Parameter string `json:"parameter,omitempty"`
	Secret    string `json:"secret,omitempty"`
	Rights    string `json:"rights"`
}

// LackingTags are the tags that a function's key lacks.
type LackingTags struct {
	Function string            `json:"function"`
	Key      string            `json:"key"`  // ARN
	Seen     bool              `json:"seen"` // otherwise, the tags of the key are not known
	Tags     map[string]string `json:"tags"`
	Command  string            `json:"command"` // that sets them
}

// A PolicyDocument is one IAM policy.
type PolicyDocument struct {
	Kind       string          `json:"kind"`
	Function   string          `json:"function,omitempty"`
	Key        string          `json:"key,omitempty"` // ARN, of a key's policy
	File       string          `json:"file,omitempty"`
	Characters int             `json:"characters"` // without white space
	Policy     policy.Document `json:"policy"`
}

// NewPolicy describes the documents of a setting.
func NewPolicy(s *policy.Setting, documents []policy.Written) Policy {
	r := Policy{Environment: s.Manifest.Environment.Name.Value, Region: s.Region, Account: s.Account}
	for _, d := range documents {
		r.Add(d, "")
	}
	for _, b := range s.Beyond {
		beyond := BeyondManifest{Parameter: b.Name, Rights: b.Rights}
		if b.Store == secret.SecretsManager {
			beyond.Parameter, beyond.Secret = "", b.Name
		}
		r.Beyond = append(r.Beyond, beyond)
	}
	for _, l := range s.Lacking {
		tags := make(map[string]string)
		for _, tag := range l.Missing {
			tags[tag.Key] = tag.Value
		}
		r.Tags = append(r.Tags, LackingTags{Function: l.Function, Key: l.Key, Seen: l.Seen, Tags: tags, Command: l.Command(s.Region)})
	}
	return r
}

// Add adds a document, and the file that it was written to, if it was.
func (r *Policy) Add(d policy.Written, file string) {
	r.Documents = append(r.Documents, PolicyDocument{
		Kind: d.Kind, Function: d.Function, Key: d.Key, File: file, Characters: d.Policy.Size(), Policy: d.Policy,
	})
}

// A SplitPolicy is the result of bundle policy --split.
type SplitPolicy struct{ Policy }

// Text prints the files, and how to attach them.
func (r *SplitPolicy) Text(out *printable.Stream) error {
	for _, d := range r.Documents {
		if err := out.Printf("%s %d of %d characters\n", d.File, d.Characters, policy.MaxManaged); err != nil {
			return err
		}
	}
	last := r.Documents[len(r.Documents)-1].File
	const attach = `
A role needs all of its policies together. To create and attach %s for the first time:

role=NAME
for file in %s; do
  arn=$(aws iam create-policy --policy-name "$role-$(basename "$file" .json)" \
    --policy-document "file://$file" --query Policy.Arn --output text)
  aws iam attach-role-policy --role-name "$role" --policy-arn "$arn"
done
`
	const replace = `
How to replace policies that are attached: docs/policy.md#policies-that-are-too-large
`
	var own []string
	for _, d := range r.Documents { // those of the last policy: each function has a role of its own
		if policyOf(d.File) == policyOf(last) {
			own = append(own, pipeline.ShellWord(d.File))
		}
	}
	which := "them"
	if len(own) < len(r.Documents) {
		which = "those of " + filepath.Base(policyOf(last)) + ", for example,"
	}
	return out.Printf(attach+replace, which, strings.Join(own, " "))
}

// policyOf returns the name of a file without its number.
func policyOf(file string) string { return file[:strings.LastIndex(file, "-")] }
