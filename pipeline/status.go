package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/publish"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A Status compares a layer with what Parameter Store and Secrets Manager have now.
type Status struct {
	// Manifest says which version or label each secret is pinned to, and which
	// bundle, environment and region the layer must be for. If it is nil, every
	// secret is compared with the newest version of its parameter, or the one at AWSCURRENT.
	Manifest   *manifest.Manifest
	Caller     func(context.Context) (string, error) // returns the account of the credentials
	Parameters BlindParameters
	Layers     Layers
	Pointer    Texts // reads the parameter with the layer's ARN, if the manifest names one
	Observer   Observer

	Published *publish.Ref // the layer, if it is published; otherwise nil
	Missing   string       // what to do if no layer is published under the manifest's name, after a comma; "" for what bundle status can do
	Name      string       // file of the layer; for a published one, its ARN after it is fetched
	Content   []byte       // the layer's bytes; for a published one, after it is fetched
}

// A StatusResult is the state of each function of a layer.
type StatusResult struct {
	Name    string // file or ARN of the layer
	Content []byte
	Header  sealed.Header // of the first document; all have the same bundle and environment
	Region  string

	// Changes has an entry for each document, ascending by name: Carry if a build
	// would carry it over now, otherwise Reseal. A secret whose parameter no longer
	// exists counts as removed, one of Secrets Manager that is marked for deletion as deleted.
	Changes []plan.Change

	// Secrets are the secrets of Secrets Manager that the layer was made from, ascending by
	// ARN, as far as they exist. Warnings are about those that change on their own.
	Secrets  []LayerSecret
	Warnings problem.Problems

	// Standing is what the parameter with the layer's ARN has, if the manifest names one and the layer is the newest
	// version under the manifest's name; otherwise nil.
	Standing *Standing
}

// Run compares. It calls GetLayerVersion for a published layer,
// GetCallerIdentity, GetParameters without decryption, once more for the parameter with the
// layer's ARN, DescribeSecret for each secret of Secrets Manager, and ListSecretVersionIds
// for each of these that has another version.
func (s *Status) Run(ctx context.Context) (*StatusResult, problem.Problems) {
	layer, problems := s.open(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems := s.checkAccount(ctx, layer); len(problems) > 0 {
		return nil, problems
	}
	found, problems := s.find(ctx, layer.Documents, len(layer.Documents))
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	standing, problems := s.standing(ctx)
	if len(problems) > 0 {
		return nil, problems
	}
	result := s.result(layer.Documents, found)
	result.Standing = standing
	return result, nil
}

// result describes the state of the layer's documents, the first ones that were looked at.
func (s *Status) result(documents []*sealed.Document, found *current) *StatusResult {
	first := documents[0]
	changes := found.changes(documents, 0)
	return &StatusResult{
		Name: s.Name, Content: s.Content, Header: first.Header, Region: first.Region(), Changes: changes,
		Secrets: found.secrets(documents), Warnings: s.snapshots(documents, found.described),
	}
}

// open fetches the layer if it is published, and parses it.
func (s *Status) open(ctx context.Context) (*layerbuild.Layer, problem.Problems) {
	if s.Published != nil {
		done := progress(s.Observer, StepPrevious, 1)
		v, err := s.Layers.Find(ctx, *s.Published)
		if err == nil {
			s.Name = v.ARN
			s.Content, err = s.Layers.Download(ctx, v)
		}
		done()
		if err != nil {
			or := ""
			if isNoLayer(err) && s.Manifest != nil { // which has the name
				or = cmp.Or(s.Missing, ", publish a layer under it with bundle publish, or name a file with --layer")
			}
			return nil, problem.Problems{layerProblem(nil, s.Published.String(), err, or)}
		}
	}
	layer, err := layerbuild.Read(s.Content)
	if err != nil {
		return nil, problem.Problems{problem.New(problem.Integrity, nil, "Invalid layer", fmt.Sprintf("%s: %v. Name a layer that bundle build wrote, or build it again.", s.Name, err))}
	}
	why := ""
	switch {
	case len(layer.Documents) == 0:
		why = "without secrets"
	case s.Manifest != nil:
		why = mismatch(layer, s.Manifest)
	}
	if why != "" {
		return nil, problem.Problems{problem.New(problem.Integrity, nil, "Layer does not match", fmt.Sprintf(
			"%s is a layer %s. %s", s.Name, why, elsewhere(layer, s.Manifest)))}
	}
	return layer, nil
}

// checkAccount checks that the caller is in the account that the layer was built
// in. Parameters of another account are different parameters.
func (s *Status) checkAccount(ctx context.Context, layer *layerbuild.Layer) problem.Problems {
	got, err := s.Caller(ctx)
	if err != nil {
		return problem.Problems{callerProblem(nil, err)}
	}
	for _, d := range layer.Documents {
		for _, source := range d.Header.Sources {
			if account := arn.Account(source.ARN); account != got {
				return problem.Problems{problem.New(problem.Access, nil, "Wrong account", fmt.Sprintf(
					"These credentials belong to account %s, but %s contains parameters of account %s. Use credentials of that account.",
					got, s.Name, account))}
			}
		}
	}
	return nil
}

// A current has what the parameters and secrets of documents are now.
type current struct {
	wants     []plan.Want                           // what a build would make now, for each document
	unread    map[int]bool                          // the documents that cannot be read or built, by their index
	described map[string]secretsmanager.Description // of secrets of Secrets Manager, by ARN
}

// find finds out what a build would make now. That a document cannot be read or built is a problem of the first needed ones only.
func (s *Status) find(ctx context.Context, documents []*sealed.Document, needed int) (found *current, problems problem.Problems) {
	found = &current{
		wants: make([]plan.Want, len(documents)), unread: make(map[int]bool), described: make(map[string]secretsmanager.Description),
	}
	type use struct{ document, source int }
	users := make(map[secret.Ref][]use)
	var refs []secret.Ref
	for i, d := range documents {
		found.wants[i] = plan.Want{Header: d.Header, Key: d.Key}
		found.wants[i].Header.Sources = slices.Clone(d.Header.Sources)
		for k, source := range d.Header.Sources {
			ref := s.ref(d.Header.Name, source)
			if users[ref] == nil {
				refs = append(refs, ref)
			}
			users[ref] = append(users[ref], use{i, k})
		}
	}
	done := progress(s.Observer, StepVersion, len(refs))
	read := s.Parameters.Versions
	if slices.ContainsFunc(documents, func(d *sealed.Document) bool { return d.Header.Mode == sealed.Blind }) {
		read = s.Parameters.Ciphertexts
	}
	err := read(ctx, refs, func(res Found) {
		done()
		if res.Err != nil && !isMissing(res.Err) && !isDeleted(res.Err) {
			if users[res.Ref][0].document < needed { // they ascend
				problems = append(problems, readProblem(nil, res.Err))
			}
			for _, u := range users[res.Ref] {
				found.unread[u.document] = true
			}
			return
		}
		v := res.Version()
		for _, u := range users[res.Ref] {
			source := &found.wants[u.document].Header.Sources[u.source]
			if res.Ref.Store == secret.SecretsManager && !isMissing(res.Err) {
				found.described[source.ARN] = res.Secret.Description
			}
			source.ARN, source.Version, source.ID, source.Modified = v.ARN, v.Number, v.ID, v.Modified
			if h := documents[u.document].Header; h.Mode == sealed.Blind {
				wrong := immovable(h.Name, h.Sources[u.source].Secret, res)
				if found.unread[u.document] = found.unread[u.document] || len(wrong) > 0; u.document < needed {
					problems = append(problems, wrong...)
				}
			}
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	for i := range found.wants {
		h := &found.wants[i].Header
		h.Sources = slices.DeleteFunc(h.Sources, func(source sealed.Source) bool { return source.ARN == "" })
	}
	if len(problems) == 0 {
		problems = s.date(ctx, documents, found)
	}
	return found, problems
}

// ref returns the reference to read for a source: its parameter or secret, with the version,
// label or stage that the manifest names.
func (s *Status) ref(document string, source sealed.Source) secret.Ref {
	ref := secret.Ref{Name: arn.ParameterName(source.ARN)}
	if source.ID != "" {
		ref = secret.Ref{Store: secret.SecretsManager, Name: arn.SecretName(source.ARN), Selector: secretsmanager.Current}
	}
	if s.Manifest == nil {
		return ref
	}
	for _, fn := range s.Manifest.Functions {
		for i := range fn.Secrets {
			wanted := &fn.Secrets[i]
			if fn.File() != document || wanted.Name.Value != source.Secret {
				continue
			}
			if pinned, err := refOf(wanted); err == nil && pinned.Store == ref.Store && pinned.Name == ref.Name {
				return pinned
			}
		}
	}
	return ref
}

// immovable reports a secret of a blind document whose parameter KMS can no longer
// move, so that no build can update the document.
func immovable(document, name string, res Found) problem.Problems {
	if res.Err != nil {
		return nil
	}
	why := ""
	switch p := res.Parameter; {
	case p.Type != secureString:
		why = "is a " + p.Type
	case p.Advanced():
		why = "is an advanced-tier parameter"
	default:
		return nil
	}
	return problem.Problems{problem.New(problem.Missing, nil, "Parameter does not support blind mode", fmt.Sprintf(
		"%s of %q (%q) %s now, so a build cannot update the blind document. To see how to fix it, run bundle plan.", name, document, res.Ref, why))}
}
