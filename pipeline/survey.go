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

// A surveyed is one function with what a build would work with, as far as it
// could be found out.
type surveyed struct {
	Function manifest.Function
	Key      seal.Key // zero where it could not be resolved
	Secrets  []surveyedSecret

	// Contexts are encryption contexts in which a build would seal: of a packed
	// function one, as if it had one box; of a blind one that of each secret, in
	// the order of Secrets. Only bundle:document may differ from what a build
	// would have: it is a digest of what is not all known.
	Contexts []map[string]string
}

// A surveyedSecret is one secret of a function and the parameter that it is
// made from.
type surveyedSecret struct {
	Name string
	Ref  secret.Ref
	ARN  string     // of the parameter; "" where it could not be read
	At   *hcl.Range // in the manifest

	Ciphertext []byte // of a blind function: what KMS would move; nil where it cannot
}

// A Survey is what a build would work with, found out by the steps of a build
// that read no value and encrypt nothing.
type survey struct {
	Scope
	Parameters Parameters
	Keys       KeyDescriber
	Blind      BlindParameters
	Decrypt    bool // also read the parameters of packed functions decrypted, and let the values go
}

// run goes on where a build would stop, so that what is wrong is found in one run;
// only a caller who is not known, or of another account, ends it at once: then
// everything would be wrong. It returns what it found beside all problems.
//
// Whether a parameter can be decrypted through Parameter Store is not to be
// found out but by doing it. With Decrypt, the parameters of packed functions
// are read so, and their values let go at once.
func (s *survey) run(ctx context.Context) ([]surveyed, Problems) {
	bound, problems := s.askedOnce(ctx).bind()
	if problems = append(problems, bound.checkAccount(ctx)...); len(problems) > 0 {
		return nil, problems.Sort()
	}
	note := func(more Problems) { problems = append(problems, more...) }
	admitted, wrong := bound.preflight(ctx, s.Keys)
	note(wrong)
	versioned, wrong := admitted.list(ctx, s.Parameters, s.Blind).readVersions(ctx, bound.byVersion(s.Parameters, s.Blind))
	note(wrong)
	note(versioned.checkBlind())
	note(versioned.readCiphertexts(ctx, s.Blind))
	note(versioned.checkSizes())
	if s.Decrypt {
		note(versioned.tryValues(ctx, s.Parameters))
	}
	var all []surveyed
	for _, j := range versioned.jobs {
		all = append(all, versioned.surveyed(j))
	}
	return all, problems.Sort()
}

// readCiphertexts reads what a blind build would move, and reports what KMS
// cannot.
func (v versioned) readCiphertexts(ctx context.Context, blind BlindParameters) Problems {
	jobs := v.readable(true)
	owner := make(map[*want]*job)
	for _, j := range jobs {
		for _, w := range j.wants {
			owner[w] = j
		}
	}
	used, refs := users(jobs, (*want).exactly)
	if len(refs) == 0 {
		return nil
	}
	var problems Problems
	err := blind.Ciphertexts(ctx, refs, func(res param.Result) {
		for _, w := range used[res.Ref] {
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
func (v versioned) tryValues(ctx context.Context, parameters Parameters) Problems {
	used, refs := users(v.readable(false), (*want).exactly)
	if len(refs) == 0 {
		return nil
	}
	var problems Problems
	err := parameters.Read(ctx, refs, func(res param.Result) {
		for _, w := range used[res.Ref] {
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
func (v versioned) readable(blind bool) []*job {
	var all []*job
	for _, j := range v.jobs {
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

func (v versioned) surveyed(j *job) surveyed {
	s := surveyed{Function: j.fn, Key: j.key}
	slices.SortFunc(j.wants, func(a, b *want) int { return strings.Compare(a.name, b.name) })
	for _, w := range j.wants {
		if w.optional && w.version.ARN == "" {
			continue
		}
		s.Secrets = append(s.Secrets, surveyedSecret{w.name, w.ref, w.version.ARN, w.at, w.ciphertext})
	}
	s.Contexts = v.sampleContexts(j, s.Secrets)
	return s
}

// sampleContexts gives the encryption contexts of a document with these
// secrets. What is not known of a source is made up: the contexts hold but a
// digest of it.
func (v versioned) sampleContexts(j *job, secrets []surveyedSecret) []map[string]string {
	header := j.header(v.Manifest)
	header.Sources, header.Boxes = nil, nil
	var names []string
	for _, s := range secrets {
		header.Sources = append(header.Sources, sealed.Source{
			Secret: s.Name, Encoding: string(secret.Text), Version: 1, Modified: time.Unix(0, 0).UTC(),
			ARN: "arn:aws:ssm:" + v.Region + ":" + v.Account + ":parameter/" + strings.TrimPrefix(s.Ref.Name, "/"),
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
