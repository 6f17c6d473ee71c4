package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/audit"
	"github.com/whispering/bundle/pipeline/doctor"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
)

// maxAuditedVersions is how many versions of a layer an audit downloads at most, to learn which documents they have.
const maxAuditedVersions = 50

// EventHistory looks into CloudTrail. [audit.CloudTrail] implements it.
type EventHistory interface {
	Lookup(ctx context.Context, key string, since, until time.Time, seen func(oldest time.Time, more bool), each func(record []byte) bool) error
	Trails(ctx context.Context) ([]audit.Trail, error)
}

// AuditPolicies reads the policies of keys for an Audit. [doctor.Doctor] implements it.
type AuditPolicies interface {
	KeyPolicy(ctx context.Context, keyARN string) (doctor.KeyPolicy, error)
}

// An Audit finds out who has opened which documents of an environment.
type Audit struct {
	Scope
	Since, Until time.Time // Since is zero for everything in Files

	// Files are those of a trail. If there are any, AWS is not called, and what follows is not used.
	Files []string

	Keys     KeyDescriber
	History  EventHistory
	Policies AuditPolicies
	Versions DeployedLayers // of the published layers

	// Kept are layers that are known besides, the newest first.
	Kept []KeptLayer
}

// An AuditResult is what was found.
type AuditResult struct {
	Since, Until time.Time // what was looked at; Since is zero if that is not known
	Functions    []AuditedFunction
	Openings     []DocumentUse // by function, the latest first
	Records      int           // of CloudTrail that were read
	DryRuns      int           // calls that only tested whether a document opens, as bundle doctor makes them
	// Unsure says why there may be more than what was found. Then nothing shows that a document was not opened.
	Unsure []string
	// Unknown says what could not be compared, and why.
	Unknown []string
}

// An AuditedFunction is a function of the manifest.
type AuditedFunction struct {
	Name   string
	Key    string // ARN; "" if it is not known
	Opened bool
	Last   time.Time // zero unless Opened
}

// A DocumentUse is what one session did with one document.
type DocumentUse struct {
	audit.Row
	Layers  []string // the known layers that have the document: a published version as "shop:7", or a file. None if it is in none of them
	Old     bool     // it was opened after a newer one was published
	Revoked bool     // the policy of the key revokes the document
	Foreign bool     // it was opened by a principal that the policy of the key does not name
}

// Sure reports whether what was not found did not happen, as far as the source of the events goes.
func (r *AuditResult) Sure() bool { return len(r.Unsure) == 0 }

// Notable reports whether there is anything but openings of the newest documents, and of revoked ones before they were, by principals that
// the key policies name.
func (r *AuditResult) Notable() bool {
	return !r.Sure() || slices.ContainsFunc(r.Functions, func(f AuditedFunction) bool { return !f.Opened }) ||
		slices.ContainsFunc(r.Openings, func(o DocumentUse) bool { return o.Denied > 0 || o.Old && !o.Revoked || o.Foreign })
}

// Run looks. Online, it calls DescribeKey for each key, LookupEvents for each key and page, DescribeTrails and GetEventSelectors,
// GetKeyPolicy, and downloads versions of the published layers until the documents of all events are known.
func (a *Audit) Run(ctx context.Context) (*AuditResult, problem.Problems) {
	c := &audit.Collector{
		Bundle: a.Manifest.Bundle.Name.Value, Environment: a.Manifest.Environment.Name.Value, Functions: map[string][]string{},
		Account: a.Account, Region: a.Region, Since: a.Since,
	}
	result := &AuditResult{Since: a.Since, Until: a.Until}
	for _, fn := range a.Manifest.Functions {
		c.Functions[fn.Name.Value] = nil
		result.Functions = append(result.Functions, AuditedFunction{Name: fn.Name.Value})
	}
	var problems problem.Problems
	if len(a.Files) > 0 {
		problems = a.read(ctx, c, result)
	} else {
		problems = a.lookUp(ctx, c, result)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	result.Records, result.DryRuns = c.Records, c.DryRuns
	if c.Unread > 0 {
		result.unsure("%d records of CloudTrail cannot be read", c.Unread)
	}
	for _, row := range c.Rows() {
		result.Openings = append(result.Openings, DocumentUse{Row: row})
	}
	for i := range result.Functions {
		f := &result.Functions[i]
		for _, o := range result.Openings {
			if o.Function == f.Name && o.Opened > 0 {
				f.Opened, f.Last = true, latest(f.Last, o.LastOpened)
			}
		}
	}
	if problems := a.name(ctx, result); len(problems) > 0 {
		return nil, problems
	}
	if problems := a.judge(ctx, result); len(problems) > 0 {
		return nil, problems
	}
	return result, nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (r *AuditResult) unsure(format string, args ...any) {
	r.Unsure = append(r.Unsure, fmt.Sprintf(format, args...))
}

func (r *AuditResult) unknown(format string, args ...any) {
	r.Unknown = append(r.Unknown, fmt.Sprintf(format, args...))
}

// read reads files of a trail.
func (a *Audit) read(ctx context.Context, c *audit.Collector, result *AuditResult) problem.Problems {
	done := progress(a.Observer, StepEvents, len(a.Files))
	for _, path := range a.Files {
		err := audit.ReadFile(ctx, path, c.Add)
		done()
		var missing *fs.PathError
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return problem.Problems{problem.FromAWS(ctx.Err(), problem.Resource{}, nil)}
		case errors.Is(err, audit.ErrFile):
			return problem.Problems{problem.New(problem.Integrity, nil, "Events not readable", fmt.Sprintf(
				"%s: %v. Name files that a trail has written, as JSON or compressed with gzip, or the output of aws cloudtrail lookup-events.", path, err))}
		case errors.As(err, &missing):
			return problem.Problems{problem.New(problem.Manifest, nil, "Events not readable", fmt.Sprintf("%s: %v. Correct --events.", path, missing.Err))}
		default:
			return problem.Problems{problem.New(problem.Manifest, nil, "Events not readable", fmt.Sprintf("%s: %v. Correct --events.", path, err))}
		}
	}
	if a.Since.IsZero() {
		result.Since = c.First
	}
	switch {
	case c.Records == 0:
		result.unsure("the files have no record")
	case c.OfKMS == 0:
		result.unsure("the files have no record of KMS: the trail may leave KMS out (ExcludeManagementEventSources in its event selectors)")
	case !a.Since.IsZero() && c.First.After(a.Since.Add(24*time.Hour)):
		result.unsure("the first record of the files is of %s", c.First.Format(time.RFC3339))
	}
	if a.Until.IsZero() {
		result.Until = c.Last
	}
	return nil
}

// lookUp looks into the event history for every key of the environment.
func (a *Audit) lookUp(ctx context.Context, c *audit.Collector, result *AuditResult) problem.Problems {
	r := &Resolve{Scope: a.Scope, Keys: a.Keys}
	found, problems := r.FunctionKeys(ctx)
	if len(problems) > 0 {
		return problems
	}
	keys := map[string]bool{}
	for i := range result.Functions {
		f := &result.Functions[i]
		f.Key = inRegion(found[f.Name].ARN, a.Region)
		c.Functions[f.Name] = []string{f.Key}
		keys[f.Key] = true
	}
	pages := 0
	for i, key := range slices.Sorted(maps.Keys(keys)) {
		if account := arn.Account(key); account != a.Account {
			result.unsure("key %s is in another account, whose event history has the calls of its own principals", key)
		}
		before := pages
		err := a.History.Lookup(ctx, key, a.Since, a.Until, func(oldest time.Time, more bool) {
			pages++
			left := 0
			if more { // as many in the rest of the time as in the time so far
				done := max(a.Until.Sub(oldest), time.Second)
				left = max(1, int(min(float64(pages-before)*float64(oldest.Sub(a.Since))/float64(done), 1e6)))
			}
			a.Observer.Progress(StepEvents, pages, pages+left+len(keys)-1-i)
		}, func(record []byte) bool {
			c.Add(record)
			return true
		})
		if err != nil {
			return problem.Problems{eventsProblem(err)}
		}
	}
	if a.Until.Sub(a.Since) > audit.History {
		result.unsure("event history has the last 90 days only")
	}
	trails, err := a.History.Trails(ctx)
	switch {
	case errors.Is(err, audit.ErrDenied):
		result.unknown("whether a trail leaves KMS out: allow cloudtrail:DescribeTrails and cloudtrail:GetEventSelectors")
	case err != nil:
		return problem.Problems{eventsProblem(err)}
	}
	for _, trail := range trails {
		if trail.Leaves {
			result.unsure("trail %q leaves calls of KMS out (its event selectors)", trail.Name)
		}
	}
	return nil
}

func eventsProblem(err error) problem.Problem {
	return problem.FromAWS(err, problem.Resource{
		Name: "the event history", Lead: "The event history of CloudTrail", On: "all resources (*), because CloudTrail knows no others for it,",
		Rights: []string{"cloudtrail:LookupEvents"}, Or: ", or read the files of a trail with --events",
	}, nil)
}

// inRegion returns the relative of a multi-Region key in a Region, and every other key as it is.
func inRegion(key, region string) string {
	a, ok := arn.Parse(key)
	if !ok || !arn.MultiRegion(key) {
		return key
	}
	a.Region = region
	return a.String()
}

// newest is the newest published version of a layer.
type newest struct {
	created   time.Time
	documents map[string]bool // digests
}

// name finds the layers that have the documents of the events, and marks those that are older than the newest.
func (a *Audit) name(ctx context.Context, result *AuditResult) problem.Problems {
	names := map[string][]string{}
	for _, l := range a.Kept {
		for _, d := range l.Documents {
			names[d.HeaderSHA256()] = append(names[d.HeaderSHA256()], l.Path)
		}
	}
	of := map[string]newest{} // by layer
	if len(a.Files) == 0 {
		for _, layer := range layersOf(a.Manifest) {
			if problems := a.published(ctx, layer, result, names, of); len(problems) > 0 {
				return problems
			}
		}
	}
	fileNewest := map[string]map[string]bool{} // documents of the first file that has any for a function
	for _, l := range a.Kept {
		here := map[string]map[string]bool{}
		for _, d := range l.Documents {
			if here[d.Header.Function] == nil {
				here[d.Header.Function] = map[string]bool{}
			}
			here[d.Header.Function][d.HeaderSHA256()] = true
		}
		for fn, documents := range here {
			if fileNewest[fn] == nil {
				fileNewest[fn] = documents
			}
		}
	}
	for i := range result.Openings {
		o := &result.Openings[i]
		o.Layers = names[o.Document]
		fn := a.function(o.Function)
		if now, published := of[fn.Layer.Value]; published && fn.Layer.Value != "" {
			o.Old = o.Opened > 0 && !now.documents[o.Document] && !o.LastOpened.Before(now.created.Truncate(time.Second)) // as events are
		} else if documents := fileNewest[o.Function]; documents != nil {
			o.Old = o.Opened > 0 && !documents[o.Document]
		}
	}
	return nil
}

func (a *Audit) function(name string) manifest.Function {
	for _, fn := range a.Manifest.Functions {
		if fn.Name.Value == name {
			return fn
		}
	}
	return manifest.Function{}
}

func layersOf(m *manifest.Manifest) (all []string) {
	for _, fn := range m.Functions {
		if name := fn.Layer.Value; name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// published downloads versions of a layer, the newest first, until the documents of the events are known.
func (a *Audit) published(ctx context.Context, layer string, result *AuditResult, names map[string][]string, of map[string]newest) problem.Problems {
	left := func() bool {
		return slices.ContainsFunc(result.Openings, func(o DocumentUse) bool {
			return a.function(o.Function).Layer.Value == layer && names[o.Document] == nil
		})
	}
	exist, err := a.Versions.Numbers(ctx, layer)
	if err == nil && len(exist) == 0 {
		return nil
	}
	for i, number := range slices.Backward(slices.Sorted(maps.Keys(exist))) {
		rank := len(exist) - i // 1 for the newest
		if err != nil || rank > maxAuditedVersions || rank > 1 && !left() {
			break
		}
		err = a.version(ctx, layer, number, names, func(v publish.Version, documents map[string]bool) {
			if rank == 1 {
				of[layer] = newest{v.Created, documents}
			}
		})
	}
	switch {
	case errors.Is(err, publish.ErrNoLayer):
		result.unknown("which version of layer %s has which document: it is not published", layer)
	case errors.Is(err, publish.ErrDenied):
		result.unknown("which version of layer %s has which document: allow lambda:ListLayerVersions on the layer and lambda:GetLayerVersion on its versions", layer)
	case err != nil:
		return problem.Problems{layerProblem(nil, layer, err, "")}
	}
	return nil
}

func (a *Audit) version(ctx context.Context, layer string, number int64, names map[string][]string, read func(publish.Version, map[string]bool)) error {
	v, err := a.Versions.Find(ctx, publish.Ref{Layer: layer, Version: number})
	var content []byte
	if err == nil {
		content, err = a.Versions.Download(ctx, v)
	}
	switch {
	case errors.Is(err, publish.ErrNoLayer), errors.Is(err, publish.ErrDamaged): // deleted since, or not what was published
		return nil
	case err != nil:
		return err
	}
	l, err := layerbuild.Read(content)
	if err != nil { // another tool's
		return nil
	}
	documents := map[string]bool{}
	for _, d := range l.Documents {
		digest := d.HeaderSHA256()
		documents[digest] = true
		if name := fmt.Sprintf("%s:%d", layer, number); !slices.Contains(names[digest], name) {
			names[digest] = append(names[digest], name)
		}
	}
	read(v, documents)
	return nil
}

// judge compares the openings with the policies of the keys.
func (a *Audit) judge(ctx context.Context, result *AuditResult) problem.Problems {
	if len(a.Files) > 0 {
		return nil
	}
	policies, asked := map[string]doctor.KeyPolicy{}, map[string]bool{}
	for i := range result.Openings {
		o := &result.Openings[i]
		if o.Key == "" {
			continue
		}
		if !asked[o.Key] {
			asked[o.Key] = true
			p, err := a.Policies.KeyPolicy(ctx, o.Key)
			if why, is := doctor.Unanswered(err); is {
				result.unknown("who can open with key %s, and what is revoked: allow kms:GetKeyPolicy on it (%s)", o.Key, why)
				continue
			}
			if err != nil {
				return problem.Problems{keyPolicyProblem(o.Key, err)}
			}
			policies[o.Key] = p
			if _, closed := p.Names(""); !closed {
				result.unknown("whom the policy of key %s lets open: it leaves that to IAM policies, or to a pattern (bundle doctor shows it)", o.Key)
			}
		}
		p, known := policies[o.Key]
		if !known {
			continue
		}
		names, closed := p.Names(o.Principal)
		o.Foreign = o.Opened > 0 && closed && !names
		is, _ := p.Revocation(o.Document)
		o.Revoked = o.Document != "" && is == doctor.Revoked
	}
	return nil
}

func keyPolicyProblem(key string, err error) problem.Problem {
	if errors.Is(err, doctor.ErrNoPolicy) {
		return problem.New(problem.Integrity, nil, "Unexpected answer from KMS", fmt.Sprintf("The policy of key %s: %v.", key, err))
	}
	return problem.FromAWS(err, problem.Resource{Name: "key " + key, Lead: "The policy of key " + key, On: "it", Rights: []string{"kms:GetKeyPolicy"}}, nil)
}
