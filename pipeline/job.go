package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// A job is one function of a run on its way through the pipeline.
type job struct {
	fn       manifest.Function
	wants    []*want // ascending by name once the paths are expanded
	key      seal.Key
	keyWrong Problems    // why no build can use the key
	below    []int       // how many parameters lie below each path; -1 where that was not to be had
	change   plan.Change // once compared with the previous layer
	pending  int         // parameters not read yet
	document *sealed.Document
}

// A want is one secret of a job.
type want struct {
	name     string
	ref      secret.Ref
	field    secret.Field
	encoding secret.Encoding
	checks   secret.Constraints
	optional bool
	at       *hcl.Range // the parameter attribute, or the parameters block
	asks     *hcl.Range // the attribute that asks for the value to be looked at

	constraint *hcl.Range // the first attribute of its constraint, nil without one

	unsound  bool // what the manifest says of it has been reported
	imported bool
	below    string // of an imported one: what its parameter's name has after the path

	version    secret.Version // once read
	kind       string         // of the parameter, once read
	advanced   bool           // a SecureString of the advanced tier, of a run that reads ciphertexts
	value      secret.Value   // from reading until sealing
	ciphertext []byte         // the same of a blind function
}

// CheckRegion reports every key that a manifest for one region names in another,
// or in a partition that the region is not in.
// It makes no call to AWS.
func CheckRegion(m *manifest.Manifest) Problems {
	var problems Problems
	here := m.Environment.Region()
	check := func(key manifest.Text, of string) {
		if there := manifest.KeyRegion(key.Value); there != "" && there != here {
			problems = append(problems, problem(Manifest, &key.Range, "Key of another region", fmt.Sprintf(
				"Key %q of %s is in region %s, but this run is for %s. Nothing crosses regions: name it by an alias that each region has, "+
					"or name a multi-Region key.", key.Value, of, there, here)))
		} else if there != "" && !secret.InPartition(strings.Split(key.Value, ":")[1], here) {
			problems = append(problems, problem(Manifest, &key.Range, "Key of another partition", fmt.Sprintf(
				"Key %q of %s is in a partition that has no region %s. Name a key there.", key.Value, of, here)))
		}
	}
	for _, fn := range m.Functions {
		check(fn.Key, fmt.Sprintf("function %q", fn.Name.Value))
	}
	for _, key := range m.Environment.ParameterKeys {
		check(key, "parameter_keys")
	}
	return problems.Sort()
}

// jobs makes jobs of the functions of a manifest, and reports every reference,
// field, encoding and constraint that cannot be one.
func jobs(m *manifest.Manifest) ([]*job, Problems) {
	var expressions secret.Expressions
	var problems Gathered
	all := make([]*job, len(m.Functions))
	for i := range m.Functions {
		j := &job{fn: m.Functions[i]}
		j.wants = make([]*want, len(j.fn.Secrets))
		for k := range j.wants {
			j.wants[k] = newWant(&j.fn.Secrets[k], &expressions, &problems)
		}
		all[i] = j
	}
	return all, problems.Sorted()
}

// newWant reads what a secret of a manifest says, and keeps pointing to it.
func newWant(s *manifest.Secret, expressions *secret.Expressions, problems *Gathered) *want {
	w := &want{name: s.Name.Value, optional: s.Optional, at: &s.Parameter.Range}
	note := func(at *hcl.Range, summary string, err error) {
		if err != nil {
			w.unsound = true
			problems.Add(problem(Manifest, at, summary, sentence(err)))
		}
	}
	var err error
	w.ref, err = secret.ParseRef(s.Parameter.Value)
	note(&s.Parameter.Range, "Invalid parameter", err)
	w.field, err = secret.ParseField(s.Field.Value)
	note(&s.Field.Range, "Invalid field", err)
	w.encoding, err = secret.ParseEncoding(cmp.Or(s.Encoding.Value, string(secret.Text)))
	note(&s.Encoding.Range, "Invalid encoding", err)
	w.checks, err = expressions.Parse(s.MinLength.Value, s.Matches.Value)
	note(&s.Matches.Range, "Invalid expression", err)
	switch {
	case s.Matches.Value != "":
		w.constraint = &s.Matches.Range
	case s.MinLength.Value > 0:
		w.constraint = &s.MinLength.Range
	}
	if w.asks = w.constraint; w.field != "" {
		w.asks = &s.Field.Range
	}
	return w
}

// sentence makes the text of an error into one for a diagnostic's detail.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// add takes in a secret of a path import, unless its name is taken.
func (j *job) add(w *want) Problems {
	i := slices.IndexFunc(j.wants, func(other *want) bool { return other.name == w.name })
	if i < 0 {
		j.wants = append(j.wants, w)
		return nil
	}
	other := j.wants[i]
	return Problems{problem(Manifest, w.at, "Duplicate secret", fmt.Sprintf(
		"Function %q: the parameter %q would be imported as %q, but %q has that name already (%s). "+
			"Rename the secret, give the import another prefix, or rename the parameter.",
		j.fn.Name.Value, w.ref, w.name, other.ref, other.at))}
}

// stored takes in how a parameter is stored.
func (w *want) stored(p param.Parameter) { w.kind, w.advanced = p.Type, p.Advanced() }

// header returns the document's header as far as it is known without packing.
func (j *job) header(m *manifest.Manifest) sealed.Header {
	h := sealed.Header{
		Bundle:      m.Bundle.Name.Value,
		Environment: m.Environment.Name.Value,
		Function:    j.fn.Name.Value,
		Name:        j.fn.File(),
		Mode:        j.mode(),
	}
	for _, w := range j.wants {
		h.Sources = append(h.Sources, sealed.Source{
			Secret: w.name, Encoding: string(w.encoding), ARN: w.version.ARN,
			Version: w.version.Number, Modified: w.version.Modified, Field: string(w.field),
			Checks: w.checks.String(),
		})
	}
	return h
}

// settle sorts the secrets and drops those that are optional and absent. It
// reports what no document can hold.
func (j *job) settle() Problems {
	j.wants = slices.DeleteFunc(j.wants, func(w *want) bool { return w.optional && w.version.ARN == "" })
	slices.SortFunc(j.wants, func(a, b *want) int { return strings.Compare(a.name, b.name) })
	switch n := len(j.wants); {
	case n == 0 && len(j.fn.Imports) > 0: // that the path gave none has been reported
	case n == 0:
		return Problems{problem(Missing, &j.fn.Range, "Function without secrets", fmt.Sprintf(
			"Every secret of %q is optional and absent, so there is nothing to seal. "+
				"Put one of the parameters, or leave the function out of this environment.", j.fn.Name.Value))}
	case n > sealed.MaxSources:
		return Problems{tooManySecrets(&j.fn, n)}
	}
	return nil
}
