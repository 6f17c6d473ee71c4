package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/policy"
)

// A Revoke is the result of bundle revoke, as --json prints it.
type Revoke struct {
	Changed     bool             `json:"changed"` // a policy was changed, or may have been
	Pending     bool             `json:"pending"` // a policy is not as it is to be
	Lift        bool             `json:"lift"`
	Environment string           `json:"environment"`
	Region      string           `json:"region"`
	Account     string           `json:"account"`
	Kept        []string         `json:"kept"`
	Documents   []revokeDocument `json:"documents"`
	Deployed    []revokeUse      `json:"deployed"`
	Keys        []revokeKey      `json:"keys"`
	Proofs      []revokeProof    `json:"proofs"`
	AWSCalls    map[string]int   `json:"aws_calls"`
	DurationMS  int64            `json:"duration_ms"`

	Apply bool `json:"-"` // the policies were to be changed
	Prove bool `json:"-"` // the effect was to be proven

	swept     bool
	unbound   []string
	unwatched []string
}

type revokeDocument struct {
	Function string   `json:"function"`
	Digest   string   `json:"header_sha256"`
	Layers   []string `json:"layers"` // files, and ARNs of versions
	Key      string   `json:"key"`
	Before   bool     `json:"opens_now"`
	After    bool     `json:"opens_after"`
	Own      bool     `json:"own_key"` // false: the key is not the function's any more, and stays as it is

	Opened *revokeOpening `json:"last_opening"` // null if it was not looked for
}

type revokeOpening struct {
	Since   time.Time  `json:"since"` // what CloudTrail was asked for
	Last    *time.Time `json:"last"`  // null if no opening is known
	Unknown string     `json:"unknown,omitempty"`
}

func newRevokeOpening(all []pipeline.LastOpening, of pipeline.DocumentState) *revokeOpening {
	i := slices.IndexFunc(all, func(l pipeline.LastOpening) bool { return l.Function == of.Function && l.Document == of.Digest })
	if i < 0 {
		return nil
	}
	one := &revokeOpening{Since: all[i].Since.UTC(), Unknown: all[i].Unknown}
	if all[i].Opened {
		last := all[i].Last.UTC()
		one.Last = &last
	}
	return one
}

// text is what a table says of it.
func (o *revokeOpening) text() string {
	switch {
	case o == nil:
		return ""
	case o.Unknown != "":
		return "cannot tell"
	case o.Last == nil:
		return "none known in 7 days"
	}
	return o.Last.Format(time.RFC3339)
}

type revokeUse struct {
	Function  string   `json:"function,omitempty"` // in the manifest
	Name      string   `json:"name"`               // in Lambda
	Qualifier string   `json:"qualifier"`
	Versions  []string `json:"versions"`
	Layer     string   `json:"layer"` // ARN of the version; "" for none
	Needs     []string `json:"needs"` // digests
	Opens     bool     `json:"opens_after"`
	Blocks    bool     `json:"blocks"`
	Why       string   `json:"why,omitempty"`
}

type revokeKey struct {
	Key       string            `json:"key"`
	Region    string            `json:"region"`
	Functions []string          `json:"functions"`
	State     string            `json:"state"`   // unchanged, planned, changed, failed, unclear, not tried, unreadable
	Before    []string          `json:"before"`  // null if no statement revokes
	After     []string          `json:"after"`   // null if none is to
	Exempt    []string          `json:"exempt"`  // roles that open everything
	Unknown   []string          `json:"unknown"` // listed, and of no layer that is known
	Stack     string            `json:"stack,omitempty"`
	Statement *policy.Statement `json:"statement"` // that the policy is to have; null for none
}

type revokeProof struct {
	Key      string `json:"key"`
	Function string `json:"function"`
	Old      string `json:"denied"` // digest
	New      string `json:"opens"`  // digest
	Seconds  int64  `json:"seconds"`
	Why      string `json:"why,omitempty"` // it is not proven
}

// NewRevoke describes a plan, and what has become of it.
func NewRevoke(r *pipeline.Revoke, plan *pipeline.Revocation, proofs []pipeline.Proof) *Revoke {
	v := &Revoke{
		Lift: plan.Lift, Environment: r.Manifest.Environment.Name.Value, Region: r.Region, Account: r.Account, Kept: append([]string{}, plan.Kept...),
		Documents: []revokeDocument{}, Deployed: []revokeUse{}, Keys: []revokeKey{}, Proofs: []revokeProof{}, swept: !r.FunctionsOnly,
	}
	for _, d := range plan.Documents {
		v.Documents = append(v.Documents, revokeDocument{
			Function: d.Function, Digest: d.Digest, Layers: d.Of, Key: d.Key, Before: d.Before, After: d.After, Own: !d.Elsewhere,
			Opened: newRevokeOpening(plan.Openings, d),
		})
	}
	for _, u := range plan.Uses {
		v.Deployed = append(v.Deployed, revokeUse{
			Function: u.Function, Name: u.Name, Qualifier: u.Qualifier, Versions: append([]string{}, u.Versions...), Layer: u.Layer,
			Needs: append([]string{}, u.Digest...), Opens: u.Open, Blocks: u.Blocks, Why: u.Why,
		})
	}
	for _, k := range plan.Keys {
		v.addKey(k)
	}
	for _, p := range proofs {
		v.Proofs = append(v.Proofs, revokeProof{Key: p.Key, Function: p.Function, Old: p.Old, New: p.New, Seconds: int64(p.Took / time.Second), Why: p.Why})
	}
	return v
}

func (r *Revoke) addKey(k *pipeline.KeyRevocation) {
	one := revokeKey{
		Key: k.Key, Region: k.Region(), Functions: k.Functions, State: string(k.State), Before: listed(k.Before), After: listed(k.After),
		Exempt: []string{}, Unknown: append([]string{}, k.Unknown...), Stack: k.Stack,
	}
	if k.After != nil {
		one.Exempt = append(one.Exempt, k.After.Exempt...)
		statement := k.After.Statement()
		one.Statement = &statement
	}
	switch k.State {
	case pipeline.KeyChanged, pipeline.KeyUnclear:
		r.Changed = true
	}
	r.Pending = r.Pending || k.State != pipeline.KeyChanged && k.State != pipeline.KeyUnchanged
	if k.Unbound && k.Text != "" {
		r.unbound = append(r.unbound, k.Key)
	}
	if k.Unwatched && k.Text != "" {
		r.unwatched = append(r.unwatched, k.Region())
	}
	r.Keys = append(r.Keys, one)
}

// listed returns the digests of a revocation, nil if there is none.
func listed(r *policy.Revocation) []string {
	if r == nil {
		return nil
	}
	return append([]string{}, r.Kept...)
}

// Brief implements Result.
func (r *Revoke) Brief() Brief {
	state := "already revoked"
	switch {
	case r.Changed && r.Lift:
		state = "lifted"
	case r.Changed:
		state = "revoked"
	case r.Pending:
		state = "would change"
	case r.Lift:
		state = "nothing is revoked"
	}
	return Brief{State: state, Notable: r.Pending}
}

// Outputs implements Result.
func (r *Revoke) Outputs() []actions.Output {
	return []actions.Output{{Name: "changed", Value: fmt.Sprint(r.Changed)}}
}

// Notes implements Result.
func (r *Revoke) Notes() []string {
	var all []string
	for _, key := range r.unbound {
		all = append(all, fmt.Sprintf("the policy of key %s lets somebody decrypt what is not of bundle. Whatever else is encrypted under it does not open with the new statement, because the call has no bundle:document. "+
			"Use a key for nothing else, with the policy that bundle policy --kind key writes", key))
	}
	for _, region := range r.unwatched {
		all = append(all, fmt.Sprintf("what functions in region %s have was not looked at: keep all versions of the layer that they have there", region))
	}
	for _, k := range r.Keys {
		if n := len(k.Unknown); n > 0 && slices.Contains(k.After, k.Unknown[0]) {
			all = append(all, fmt.Sprintf("key %s lists %s that no layer here has, such as %s: open before and after, because another bundle, environment or region may need it. "+
				"If nothing else uses the key, shut it out with --drop-unknown", k.Key, printable.Count(n, "document"), k.Unknown[0]))
		}
		if k.Stack != "" {
			all = append(all, fmt.Sprintf("key %s belongs to CloudFormation stack %q", k.Key, k.Stack))
		}
	}
	for _, d := range r.Documents {
		if d.Opened != nil && d.Opened.Unknown != "" {
			all = append(all, "cannot tell when the documents that are shut out were last opened: "+d.Opened.Unknown+". bundle audit reads the files of a trail, too")
			break
		}
	}
	if !r.swept {
		all = append(all, "only the functions of the manifest were looked at. Others may have the layer, too")
	}
	switch {
	case r.Changed && !r.Prove && !r.Lift:
		all = append(all, "a change of a key policy takes seconds, at times minutes. Whether it has taken effect is not provable from here: only a role that the policy lets open documents and does not exempt can see it. "+
			"If you may assume the function's role: --as ROLE. bundle audit shows which documents are opened")
	case r.Pending && !r.Apply:
		all = append(all, "nothing was changed. To change the policies: --apply. To print them: --format policy, and the statement for a tool that owns them: --format terraform, cloudformation or cdk")
	}
	if r.Changed {
		all = append(all, "a tool that owns the policy (Terraform, CloudFormation) takes the change away again at its next run: put the statement there (--format)")
	}
	return all
}

// short is a digest for a table.
func shortDigest(digest string) string { return digest[:min(len(digest), 12)] }

func opens(yes bool) string {
	if yes {
		return "open"
	}
	return "shut out"
}

// tables are those of the documents, of what is deployed and of the keys.
func (r *Revoke) tables() [][][]string {
	documents := [][]string{{"FUNCTION", "DOCUMENT", "LAYERS", "NOW", "AFTER", "LAST OPENED"}}
	for _, d := range r.Documents {
		after := opens(d.After)
		if !d.Own {
			after = "open: under another key, " + d.Key
		}
		documents = append(documents, []string{d.Function, shortDigest(d.Digest), strings.Join(versionsIn(d.Layers), ", "), opens(d.Before), after, d.Opened.text()})
	}
	deployed := [][]string{{"DEPLOYED", "QUALIFIER", "LAYER", "AFTER"}}
	for _, u := range r.Deployed {
		deployed = append(deployed, u.cells())
	}
	keys := [][]string{{"KEY", "FUNCTIONS", "LISTED", "EXEMPT", "STATE"}}
	for _, k := range r.Keys {
		keys = append(keys, []string{k.Key, strings.Join(k.Functions, ", "), k.change(), strings.Join(k.Exempt, ", "), k.State})
	}
	var all [][][]string
	for _, table := range [][][]string{documents, deployed, keys} {
		if len(table) > 1 {
			all = append(all, table)
		}
	}
	return all
}

// versionsIn shortens ARNs of versions to their numbers.
func versionsIn(layers []string) []string {
	var all []string
	for _, l := range layers {
		if strings.HasPrefix(l, "arn:") {
			l = l[strings.LastIndexByte(l, ':')+1:]
		}
		all = append(all, l)
	}
	return all
}

func (u revokeUse) cells() []string {
	one := running{Function: u.Function, Name: u.Name, Qualifier: u.Qualifier, Versions: u.Versions, Weight: 1}
	name, after := u.Name, opens(u.Opens)
	if u.Function != "" && u.Function != u.Name {
		name = u.Function + " (" + u.Name + ")"
	}
	switch {
	case len(u.Versions) == 0:
		after = ""
	case u.Layer == "":
		after = "not attached"
	case u.Why != "":
		after = "not known: " + u.Why
	}
	if u.Blocks {
		after += " (in use)"
	}
	var layer []string
	if u.Layer != "" {
		layer = versionsIn([]string{u.Layer})
	}
	return []string{name, one.where(), strings.Join(layer, ""), after}
}

// change counts what is listed before and after.
func (k revokeKey) change() string {
	if k.State == "unreadable" {
		return "not known"
	}
	count := func(all []string) string {
		if all == nil {
			return "all open"
		}
		return fmt.Sprint(len(all))
	}
	before, after := count(k.Before), count(k.After)
	if before == after && slices.Equal(k.Before, k.After) {
		return after
	}
	return before + " -> " + after
}

// proofs are lines about what dry runs showed.
func (r *Revoke) proofs() []string {
	var all []string
	for _, p := range r.Proofs {
		if p.Why != "" {
			all = append(all, fmt.Sprintf("not proven: key %s: %s", p.Key, p.Why))
			continue
		}
		all = append(all, fmt.Sprintf("proven: key %s: function %q: document %s opens and %s is denied, after %d s", p.Key, p.Function, shortDigest(p.New), shortDigest(p.Old), p.Seconds))
	}
	return all
}

// Text implements Result.
func (r *Revoke) Text(out *printable.Stream) error {
	for _, table := range r.tables() {
		if err := out.Table(table); err != nil {
			return err
		}
		if err := out.Printf("\n"); err != nil {
			return err
		}
	}
	for _, line := range r.proofs() {
		if err := out.Printf("%s\n", line); err != nil {
			return err
		}
	}
	return out.Printf("changed=%t\n", r.Changed)
}

// Markdown implements Result.
func (r *Revoke) Markdown() string {
	text := fmt.Sprintf("### bundle revoke: %s: %s\n", actions.Cell(r.Environment), r.Brief().State)
	for _, table := range r.tables() {
		text += "\n" + MarkdownTable(table)
	}
	for i, line := range r.proofs() {
		if i == 0 {
			text += "\n"
		}
		text += "- " + actions.Cell(line) + "\n"
	}
	return text
}
