package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// A Surveyed is one function with what a build would work with, as far as it
// could be found out.
type Surveyed struct {
	Function manifest.Function
	Key      seal.Key // zero where it could not be resolved
	Secrets  []SurveyedSecret

	// Contexts are encryption contexts in which a build would seal: of a packed
	// function one, as if it had one box; of a blind one that of each secret, in
	// the order of Secrets. Only bundle:document may differ from what a build
	// would have: it is a digest of what is not all known.
	Contexts []map[string]string
}

// A SurveyedSecret is one secret of a function and the parameter that it is
// made from.
type SurveyedSecret struct {
	Name string
	Ref  secret.Ref
	ARN  string     // of the parameter; "" where it could not be read
	At   *hcl.Range // in the manifest

	Ciphertext []byte // of a blind function: what KMS would move; nil where it cannot
}

// ResolveKeys holds the caller and every key to the manifest, as a build does
// first of all, and returns the key of each function by its name.
func (b *Build) ResolveKeys(ctx context.Context) (map[string]seal.Key, Problems) {
	r := b.run()
	for _, step := range []func(context.Context) Problems{r.check, r.guard} {
		if problems := step(ctx); len(problems) > 0 {
			return nil, problems.Sort()
		}
	}
	keys := make(map[string]seal.Key, len(r.jobs))
	for _, j := range r.jobs {
		keys[j.fn.Name.Value] = j.key
	}
	return keys, nil
}

// Survey takes all steps of a build that read no value and encrypt nothing. It
// goes on where a build would stop, so that what is wrong is found in one run;
// only a caller who is not known, or of another account, ends it at once: then
// everything would be wrong. It returns what it found beside all problems.
//
// Whether a parameter can be decrypted through Parameter Store is not to be
// found out but by doing it. With decrypt, the parameters of packed functions
// are read so, and their values let go at once.
func (b *Build) Survey(ctx context.Context, decrypt bool) ([]Surveyed, Problems) {
	r, problems := b.known(ctx)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	steps := []func(context.Context) Problems{r.guard, r.expand, r.readVersions, r.checkBlind, r.readCiphertexts, r.checkSizes}
	if decrypt {
		steps = append(steps, r.tryValues)
	}
	for _, step := range steps {
		problems = append(problems, step(ctx)...)
	}
	var all []Surveyed
	for _, j := range r.jobs {
		all = append(all, r.surveyed(j))
	}
	return all, problems.Sort()
}

// known begins a run of a caller who is asked for once, and reports one who is
// not known, or of another account: then everything would be wrong.
func (b *Build) known(ctx context.Context) (*run, Problems) {
	account, err := b.Caller(ctx)
	known := *b
	known.Caller = func(context.Context) (string, error) { return account, err }
	r := known.run()
	return r, append(r.check(ctx), r.guardAccount(ctx)...)
}

// readCiphertexts reads what a blind build would move, and reports what KMS
// cannot.
func (r *run) readCiphertexts(ctx context.Context) Problems {
	jobs := r.readable(true)
	owner := make(map[*want]*job)
	for _, j := range jobs {
		for _, w := range j.wants {
			owner[w] = j
		}
	}
	users, refs := r.users(jobs, (*want).exactly)
	if len(refs) == 0 {
		return nil
	}
	var problems Problems
	err := r.Blind.Parameters.Ciphertexts(ctx, refs, func(res param.Result) {
		for _, w := range users[res.Ref] {
			problems = append(problems, owner[w].receiveCiphertext(w, res)...)
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

// tryValues reads what a build of the packed functions would read, holds it to
// field, encoding and constraints as the build does, and keeps none of it.
func (r *run) tryValues(ctx context.Context) Problems {
	users, refs := r.users(r.readable(false), (*want).exactly)
	if len(refs) == 0 {
		return nil
	}
	var problems Problems
	err := r.Parameters.Read(ctx, refs, func(res param.Result) {
		for _, w := range users[res.Ref] {
			problems = append(problems, w.receive(res)...)
			w.value = secret.Value{}
		}
	})
	if err != nil {
		problems = append(problems, readProblem(nil, err))
	}
	return problems
}

// readable returns the blind or the packed functions with those secrets whose
// versions could be read; the others have been reported.
func (r *run) readable(blind bool) []*job {
	var all []*job
	for _, j := range r.jobs {
		if j.blind() != blind {
			continue
		}
		found := &job{fn: j.fn}
		for _, w := range j.wants {
			if w.version.ARN != "" {
				found.wants = append(found.wants, w)
			}
		}
		all = append(all, found)
	}
	return all
}

func (r *run) surveyed(j *job) Surveyed {
	s := Surveyed{Function: j.fn, Key: j.key}
	slices.SortFunc(j.wants, func(a, b *want) int { return strings.Compare(a.name, b.name) })
	for _, w := range j.wants {
		if w.optional && w.version.ARN == "" {
			continue
		}
		s.Secrets = append(s.Secrets, SurveyedSecret{w.name, w.ref, w.version.ARN, w.at, w.ciphertext})
	}
	s.Contexts = r.sampleContexts(j, s.Secrets)
	return s
}

// sampleContexts gives the encryption contexts of a document with these
// secrets. What is not known of a source is made up: the contexts hold but a
// digest of it.
func (r *run) sampleContexts(j *job, secrets []SurveyedSecret) []map[string]string {
	header := j.header(r.Manifest)
	header.Sources, header.Boxes = nil, nil
	var names []string
	for _, s := range secrets {
		header.Sources = append(header.Sources, sealed.Source{
			Secret: s.Name, Encoding: string(secret.Text), Version: 1, Modified: time.Unix(0, 0).UTC(),
			ARN: "arn:aws:ssm:" + r.Region + ":" + r.Account + ":parameter/" + strings.TrimPrefix(s.Ref.Name, "/"),
		})
		names = append(names, s.Name)
		if header.Mode == sealed.Blind {
			header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{s.Name}})
		}
	}
	if header.Mode != sealed.Blind {
		header.Boxes = []sealed.Box{{Secrets: names}}
	}
	contexts, err := sealed.Contexts(header)
	if err != nil {
		return nil // without a secret, or with too many, there is nothing to seal
	}
	return contexts
}
