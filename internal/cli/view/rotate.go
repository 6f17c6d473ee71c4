package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/plan"
)

// The steps of a rotation, in order.
const (
	RotateIssuer  = "issuer"
	RotatePut     = "put"
	RotatePublish = "publish"
	RotateAllow   = "allow"
	RotateDeploy  = "deploy"
	RotateSoak    = "soak"
	RotateEnd     = "end"
	RotateRevoke  = "revoke"
	RotatePrune   = "prune"
)

// The states of steps.
const (
	rotateDone  = "done"
	rotateNext  = "next"
	rotateLater = "later"
	rotateYours = "yours" // AWS does not know whether it is done
)

// A Rotate is the result of bundle rotate, as --json prints it: a runbook, and how far it is.
type Rotate struct {
	Secret      string         `json:"secret"`
	Environment string         `json:"environment"`
	Begun       bool           `json:"begun"` // an older value is somewhere
	Next        string         `json:"next"`  // step
	Steps       []*RotateStep  `json:"steps"`
	Regions     []rotateRegion `json:"regions"`
	AWSCalls    map[string]int `json:"aws_calls"`
	DurationMS  int64          `json:"duration_ms"`

	only bool // print only the next step of the rotation in progress
}

// A RotateStep is a step of the runbook.
type RotateStep struct {
	Step     string   `json:"step"`
	State    string   `json:"state"` // done, next, later, or yours: only you know
	Title    string   `json:"title"`
	Details  []string `json:"details"`
	Commands []string `json:"commands"`

	Args [][]string `json:"-"` // of the commands, without the name of the program
}

type rotateRegion struct {
	Region     string            `json:"region"`
	Functions  []string          `json:"functions"` // that have the secret
	Parameters []rotateParameter `json:"parameters"`
	Layers     []string          `json:"layers"` // ARNs of the newest versions
	Behind     []rotateUse       `json:"behind"` // that get an older value
	Unsure     []rotateUse       `json:"unsure"` // it is not known which value they get
	Shut       []rotateDocument  `json:"shut"`   // documents of the newest layers that are revoked
	Open       []rotateDocument  `json:"open"`   // documents with an older value that open
	Soak       []rotateOpening   `json:"soak"`   // when they were last opened; none before every function has the new value
	Unused     []string          `json:"unused"` // ARNs of versions with an older value that nothing names
}

// A rotateParameter is a parameter, or a secret of Secrets Manager, which has IDs in place of
// numbers.
type rotateParameter struct {
	Function     string     `json:"function"`
	Kind         string     `json:"kind"` // "ssm" or "secretsmanager"
	Parameter    string     `json:"parameter"`
	Published    *int64     `json:"published,omitempty"` // version of the parameter in the newest layer
	Now          *int64     `json:"now,omitempty"`       // version of the parameter; 0 if there is none
	PublishedID  string     `json:"published_id,omitempty"`
	NowID        string     `json:"now_id,omitempty"` // "" if there is none
	Modified     *time.Time `json:"modified"`
	Rotates      bool       `json:"rotates,omitempty"` // Secrets Manager puts new versions
	NextRotation time.Time  `json:"next_rotation,omitzero"`
}

type rotateUse struct {
	Function  string   `json:"function"` // in the manifest; "" for others
	Name      string   `json:"name"`
	Qualifier string   `json:"qualifier"`
	Versions  []string `json:"versions"`
	Layer     string   `json:"layer"` // ARN of the version; "" for none
	Why       string   `json:"why,omitempty"`
}

type rotateDocument struct {
	Function string   `json:"function"`
	Document string   `json:"document"` // digest of the header
	Layers   []string `json:"layers"`
	Key      string   `json:"key"`
}

type rotateOpening struct {
	Function string     `json:"function"`
	Document string     `json:"document"` // digest of the header
	Since    time.Time  `json:"since"`    // what CloudTrail was asked for
	Last     *time.Time `json:"last"`     // null if no opening is known
	Unknown  string     `json:"unknown,omitempty"`
}

// lastOpening says when a document was last opened.
func lastOpening(l pipeline.LastOpening) string {
	name := fmt.Sprintf("%s of %s", shortDigest(l.Document), l.Function)
	switch {
	case l.Unknown != "":
		return fmt.Sprintf("cannot tell when %s was last opened: %s", name, l.Unknown)
	case l.Opened:
		return fmt.Sprintf("%s was last opened at %s", name, l.Last.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("CloudTrail knows no opening of %s since %s; events arrive minutes late", name, l.Since.UTC().Format(time.RFC3339))
}

// A Runbook has what the steps of a rotation are about, besides its states.
type Runbook struct {
	Secret, Environment string
	Again               bool                                           // begin with the first step, whatever is left of the last rotation
	Rollout             bool                                           // bundle deploys, and not a deployment tool
	Only                bool                                           // print only the next step
	Args                func(step string, all []RotationIn) [][]string // the commands of a step
	Line                func(args []string) string                     // a command line
}

// A RotationIn is the state of a rotation in one region.
type RotationIn struct {
	Region string
	State  *pipeline.RotationState
}

// NewRotate returns the runbook, with the state of each step in all regions.
func NewRotate(b Runbook, all []RotationIn) *Rotate {
	r := &Rotate{Secret: b.Secret, Environment: b.Environment, Regions: []rotateRegion{}, only: b.Only}
	any := func(f func(*pipeline.RotationState) bool) bool {
		return slices.ContainsFunc(all, func(in RotationIn) bool { return f(in.State) })
	}
	r.Begun = any((*pipeline.RotationState).Begun)
	unbuilt := any((*pipeline.RotationState).Unbuilt)
	behind := any(func(s *pipeline.RotationState) bool { return len(s.Behind) > 0 })
	shut := any(func(s *pipeline.RotationState) bool { return len(s.Shut) > 0 })
	open := any(func(s *pipeline.RotationState) bool { return len(s.Open) > 0 })
	waste := any(func(s *pipeline.RotationState) bool { return len(s.Waste) > 0 })
	begun := r.Begun && !b.Again
	step := func(name, title string, reached, done bool) *RotateStep {
		s := &RotateStep{Step: name, Title: title, State: rotateLater, Details: []string{}, Commands: []string{}, Args: b.Args(name, all)}
		for _, args := range s.Args {
			s.Commands = append(s.Commands, b.Line(args))
		}
		switch {
		case reached && done:
			s.State = rotateDone
		case reached && r.Next == "":
			s.State, r.Next = rotateNext, name
		}
		r.Steps = append(r.Steps, s)
		return s
	}
	yours := func(name, title string) *RotateStep {
		s := step(name, title, false, false)
		s.State = rotateYours
		return s
	}
	issuer := yours(RotateIssuer, "At its issuer, create a new secret. Keep the old one valid.")
	put := step(RotatePut, "Put the new value into Parameter Store.", true, begun)
	put.ofSecrets(all)
	publish := step(RotatePublish, "Build the layer, and publish it.", begun, !unbuilt)
	allow := step(RotateAllow, "If key policies deny what is not listed, list the new documents.", begun && !unbuilt, !shut)
	deploy := step(RotateDeploy, "Deploy the functions with the new version of the layer, with your tool or with bundle rollout.", begun && !unbuilt && !shut, !behind)
	soak := yours(RotateSoak, "Wait until nothing opens the old value.")
	end := yours(RotateEnd, "At its issuer, end the old secret.")
	revoke := step(RotateRevoke, "Revoke the old documents: let key policies deny opening them.",
		begun && !unbuilt && !shut && !behind, !open)
	prune := step(RotatePrune, "Delete old versions of the layer that nothing names.", begun && !unbuilt && !shut && !behind && !open, !waste)
	for _, in := range all {
		r.Regions = append(r.Regions, newRotateRegion(in))
		where := ""
		if len(all) > 1 {
			where = in.Region + ": "
		}
		for _, p := range in.State.Parameters {
			now := rotatedVersion(p.Now)
			switch {
			case p.Now.ARN == "" && p.Secret == nil:
				put.add(where + fmt.Sprintf("%s does not exist", p.Name()))
			case p.Now.ARN == "": // it is marked for deletion
			case begun && !p.Now.Modified.IsZero():
				put.add(where + fmt.Sprintf("%s has version %s since %s", p.Name(), now, p.Now.Modified.UTC().Format(time.RFC3339)))
			case begun:
				put.add(where + fmt.Sprintf("%s has version %s", p.Name(), now))
			default:
				put.add(where + fmt.Sprintf("%s has version %s, as the layer", p.Name(), now))
			}
			if published := rotatedVersion(p.Published); published != now {
				publish.add(where + fmt.Sprintf("the newest layer of %s has version %s of %s", p.Function, published, p.Name()))
			}
			for _, fact := range rotatedFacts(in.Region, p) {
				put.add(where + fact)
			}
			if p.RotatedBy() != "" {
				issuer.add("the rotation of " + p.Name() + " does this")
				end.add("with a single user, the rotation has ended it already; with alternating users, the next one ends it")
			}
		}
		for _, layer := range in.State.Layers {
			if begun && !in.State.Unbuilt() {
				publish.add(layer)
			}
		}
		for _, d := range in.State.Shut {
			allow.add(where + fmt.Sprintf("%s of %s is revoked (%s)", shortDigest(d.Digest), d.Function, strings.Join(d.Of, ", ")))
		}
		for _, u := range in.State.Behind {
			deploy.add(where + fmt.Sprintf("%s, %s, has %s", u.Name, newRunning(u.Running, 0).where(), u.Layer))
		}
		for _, u := range in.State.Unsure {
			why := u.Why
			if len(u.Versions) == 0 {
				why = "there is no such function"
			}
			deploy.add(where + fmt.Sprintf("%s: %s", u.Name, why))
		}
		for _, l := range in.State.Soak {
			soak.add(where + lastOpening(l))
		}
		for _, d := range in.State.Open {
			revoke.add(where + fmt.Sprintf("%s of %s opens (%s)", shortDigest(d.Digest), d.Function, strings.Join(d.Of, ", ")))
		}
		for _, p := range in.State.Beyond {
			revoke.add(where + p.Summary + ": " + p.Detail)
		}
		for _, v := range in.State.Waste {
			prune.add(v.ARN)
		}
	}
	if r.Next == "" {
		r.Next = RotatePut
	}
	return r
}

func newRotateRegion(in RotationIn) rotateRegion {
	s := in.State
	r := rotateRegion{
		Region: in.Region, Functions: append([]string{}, s.Functions...), Layers: append([]string{}, s.Layers...),
		Behind: newRotateUses(s.Behind), Unsure: newRotateUses(s.Unsure), Shut: newRotateDocuments(s.Shut), Open: newRotateDocuments(s.Open),
		Soak: []rotateOpening{}, Unused: []string{},
	}
	for _, p := range s.Parameters {
		r.Parameters = append(r.Parameters, newRotateParameter(p))
	}
	for _, l := range s.Soak {
		one := rotateOpening{Function: l.Function, Document: l.Document, Since: l.Since, Unknown: l.Unknown}
		if l.Opened {
			one.Last = &l.Last
		}
		r.Soak = append(r.Soak, one)
	}
	for _, v := range s.Waste {
		r.Unused = append(r.Unused, v.ARN)
	}
	return r
}

func newRotateParameter(p pipeline.RotatedParameter) rotateParameter {
	one := rotateParameter{
		Function: p.Function, Kind: plan.Store(p.Published).String(), Parameter: p.Name(), PublishedID: p.Published.ID, NowID: p.Now.ID, Rotates: p.RotatedBy() != "",
	}
	if p.Published.ID == "" {
		one.Published, one.Now = &p.Published.Version, &p.Now.Version
	}
	if p.Secret != nil {
		one.NextRotation = p.Secret.NextRotation
	}
	if !p.Now.Modified.IsZero() {
		one.Modified = &p.Now.Modified
	}
	return one
}

func newRotateDocuments(all []pipeline.DocumentState) []rotateDocument {
	documents := []rotateDocument{}
	for _, d := range all {
		documents = append(documents, rotateDocument{d.Function, d.Digest, append([]string{}, d.Of...), d.Key})
	}
	return documents
}

func newRotateUses(all []pipeline.Use) []rotateUse {
	uses := []rotateUse{}
	for _, u := range all {
		uses = append(uses, rotateUse{u.Function, u.Name, u.Qualifier, append([]string{}, u.Versions...), u.Layer, u.Why})
	}
	return uses
}

func (s *RotateStep) add(details ...string) {
	for _, d := range details {
		if !slices.Contains(s.Details, d) {
			s.Details = append(s.Details, d)
		}
	}
}

// Step returns a step by its name.
func (r *Rotate) Step(name string) *RotateStep {
	return r.Steps[slices.IndexFunc(r.Steps, func(s *RotateStep) bool { return s.Step == name })]
}

// state says how far the rotation is.
func (r *Rotate) state() string {
	if !r.Begun {
		return "no rotation in progress"
	}
	return "next: " + r.Next
}

// Brief implements Result.
func (r *Rotate) Brief() Brief { return Brief{State: r.state(), Notable: r.Begun} }

// Outputs implements Result.
func (r *Rotate) Outputs() []actions.Output { return nil }

// Notes implements Result.
func (r *Rotate) Notes() []string { return nil }

// Markdown implements Result.
func (r *Rotate) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### bundle rotate %s: %s\n\n", actions.Cell(r.Secret), r.state())
	rows := [][]string{{"STEP", "STATE", "WHAT"}}
	for _, s := range r.Steps {
		rows = append(rows, []string{s.Step, s.State, strings.Join(append([]string{s.Title}, s.Details...), "; ")})
	}
	return b.String() + MarkdownTable(rows)
}

// Text implements Result.
func (r *Rotate) Text(out *printable.Stream) error {
	if err := out.Printf("Rotation of %s in %s: %s\n", r.Secret, r.Environment, r.state()); err != nil {
		return err
	}
	for i, s := range r.Steps {
		if r.only && (!r.Begun || s.Step != r.Next) {
			continue
		}
		if err := out.Printf("\n%d. %-6s%s\n", i+1, s.State, s.Title); err != nil {
			return err
		}
		for _, d := range s.Details {
			if err := out.Printf("         - %s\n", d); err != nil {
				return err
			}
		}
		for _, c := range s.Commands {
			if err := out.Printf("         $ %s\n", c); err != nil {
				return err
			}
		}
	}
	return nil
}
