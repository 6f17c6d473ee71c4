package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/plan"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
	"github.com/whispering/bundle/pipeline/secretsmanager"
)

// A functionRun is one function in a run.
type functionRun struct {
	fn       manifest.Function
	bindings []*binding // ascending by name once the paths are expanded
	key      seal.Key
	keyWrong problem.Problems // why no build can use the key
	lists    []*list          // what is below the path of each import, once that is known
	change   plan.Change      // after the comparison with the previous layer
	pending  int              // parameters not read yet
	document *sealed.Document
}

// A binding is one secret of a functionRun, with what the manifest says about it.
type binding struct {
	run      *functionRun // that it is a secret of
	name     string
	ref      secret.Ref
	field    secret.Field
	encoding secret.Encoding
	checks   secret.Constraints
	optional bool
	at       *hcl.Range // the parameter or secretsmanager attribute, or the parameters block
	asks     *hcl.Range // the attribute that makes a build look at the value; nil without one

	constraint *hcl.Range // the first attribute of its constraint, nil without one

	unsound  bool // has a problem in the manifest, which has been reported
	imported bool
	below    string // if imported: the rest of the parameter's name after the path

	version  secret.Version // once read
	kind     string         // of the parameter, once read
	dataType string         // of the parameter, once read
	advanced bool           // an advanced-tier SecureString; set only if the run reads ciphertexts

	described *secretsmanager.Description // of a secret of Secrets Manager, if versions were read; nil otherwise

	value      secret.Value // from reading until sealing
	blanks     bool         // the value begins or ends with blanks, probably by mistake
	ciphertext []byte       // the same for a blind function
}

// CheckRegion reports every key that is in another region than the manifest's, or
// in a partition without that region. It makes no call to AWS.
func CheckRegion(m *manifest.Manifest) problem.Problems {
	var problems problem.Problems
	here := m.Environment.Region()
	check := func(key manifest.Text, of string) {
		if there := arn.Region(key.Value); there != "" && there != here {
			problems = append(problems, problem.New(problem.Manifest, &key.Range, "Key in another region", fmt.Sprintf(
				"Key %q of %s is in region %s, but this run is for %s. Keys cannot be used across regions. Use an alias that exists in each region, "+
					"or a multi-Region key.", key.Value, of, there, here)))
		} else if named, ok := arn.Parse(key.Value); ok && !arn.InPartition(named.Partition, here) {
			problems = append(problems, problem.New(problem.Manifest, &key.Range, "Key in another partition", fmt.Sprintf(
				"Key %q of %s is in a partition that does not have region %s. Use a key in that region.", key.Value, of, here)))
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

// functionRuns returns a functionRun for each function of a manifest, and reports
// every invalid reference, field, encoding and constraint.
func functionRuns(m *manifest.Manifest) ([]*functionRun, problem.Problems) {
	var expressions secret.Expressions
	var problems problem.Gathered
	all := make([]*functionRun, len(m.Functions))
	for i := range m.Functions {
		run := &functionRun{fn: m.Functions[i]}
		run.bindings = make([]*binding, len(run.fn.Secrets))
		bindings := make([]binding, len(run.fn.Secrets))
		for k := range bindings {
			run.bindings[k] = &bindings[k]
			bindings[k].parse(&run.fn.Secrets[k], &expressions, &problems)
			bindings[k].run = run
		}
		all[i] = run
	}
	return all, problems.Sorted()
}

// parse fills in a binding with a secret of a manifest. The binding points into the secret.
func (bind *binding) parse(s *manifest.Secret, expressions *secret.Expressions, problems *problem.Gathered) {
	*bind = binding{name: s.Name.Value, optional: s.Optional, at: &s.Source().Range}
	note := func(at *hcl.Range, summary string, err error) {
		if err != nil {
			bind.unsound = true
			problems.Add(problem.New(problem.Manifest, at, summary, sentence(err)))
		}
	}
	var err error
	if name := s.SecretsManager.Value; name != "" {
		stage, id := &s.Version.Stage, &s.Version.ID
		bind.ref, _ = secret.ParseSecretRef(name, stage.Value, id.Value)
		note(bind.at, "Invalid secret", secret.CheckSecretName(name))
		if stage.Value != "" {
			note(&stage.Range, "Invalid stage", secret.CheckStage(stage.Value))
		}
		if id.Value != "" {
			note(&id.Range, "Invalid version ID", secret.CheckVersionID(id.Value))
		}
	} else {
		bind.ref, err = secret.ParseRef(s.Parameter.Value)
		note(bind.at, "Invalid parameter", err)
	}
	bind.field, err = parseField(s.Field)
	note(&s.Field.Range, "Invalid field", err)
	bind.encoding, err = secret.ParseEncoding(cmp.Or(s.Encoding.Value, string(secret.Text)))
	note(&s.Encoding.Range, "Invalid encoding", err)
	bind.checks, err = expressions.Parse(s.MinLength.Value, s.Matches.Value)
	note(&s.Matches.Range, "Invalid expression", err)
	switch {
	case s.Matches.Value != "":
		bind.constraint = &s.Matches.Range
	case s.MinLength.Value > 0:
		bind.constraint = &s.MinLength.Range
	}
	if bind.asks = bind.constraint; bind.field != "" {
		bind.asks = &s.Field.Range
	}
}

func parseField(f manifest.Field) (secret.Field, error) {
	if len(f.Keys) > 0 {
		return secret.ParseFieldKeys(f.Keys)
	}
	return secret.ParseField(f.Path)
}

// refOf returns what a secret of a manifest is made from.
func refOf(s *manifest.Secret) (secret.Ref, error) {
	if name := s.SecretsManager.Value; name != "" {
		return secret.ParseSecretRef(name, s.Version.Stage.Value, s.Version.ID.Value)
	}
	return secret.ParseRef(s.Parameter.Value)
}

// sentence turns the text of an error into a sentence for a problem's detail, followed by what to write instead.
func sentence(err error) string {
	text := capitalized(err.Error()) + "."
	var ref *secret.RefError
	if errors.As(err, &ref) {
		text += " " + capitalized(ref.Remedy) + "."
	}
	return text
}

func capitalized(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// add adds a secret of a path import, unless its name is taken.
func (run *functionRun) add(bind *binding) problem.Problems {
	i := slices.IndexFunc(run.bindings, func(other *binding) bool { return other.name == bind.name })
	if i < 0 {
		bind.run = run
		run.bindings = append(run.bindings, bind)
		return nil
	}
	other, of := run.bindings[i], ""
	if other.ref.Store == secret.SecretsManager {
		of = " of Secrets Manager"
	}
	return problem.Problems{problem.New(problem.Manifest, bind.at, "Duplicate secret", fmt.Sprintf(
		"Function %q: the parameter %q would be imported as %q, but %q%s already has that name (%s). "+
			"Rename the secret, give the import another prefix, or rename the parameter.",
		run.fn.Name.Value, bind.ref, bind.name, other.ref, of, other.at))}
}

// stored records how a parameter or a secret of Secrets Manager is stored.
func (bind *binding) stored(f Found) {
	bind.kind, bind.dataType, bind.advanced = f.Parameter.Type, f.Parameter.DataType, f.Parameter.Advanced()
	if bind.elsewhere() {
		d := f.Secret.Description
		bind.described = &d
	}
}

// description returns what Secrets Manager said of a secret; zero if nothing was read.
func (bind *binding) description() (d secretsmanager.Description) {
	if bind.described != nil {
		d = *bind.described
	}
	return d
}

// syntax is how a parameter of a data type writes JSON. Parameter Store checks only
// those of the data type jsonc for comments and trailing commas.
func syntax(dataType string) secret.Syntax {
	if dataType == param.JSONC {
		return secret.JSONC
	}
	return secret.JSON
}

// header returns the document's header as far as it is known without packing.
func (run *functionRun) header(m *manifest.Manifest) sealed.Header {
	h := sealed.Header{
		Bundle:      m.Bundle.Name.Value,
		Environment: m.Environment.Name.Value,
		Function:    run.fn.Name.Value,
		Name:        run.fn.File(),
		Mode:        run.mode(),
		Sources:     make([]sealed.Source, 0, len(run.bindings)),
	}
	for _, bind := range run.bindings {
		h.Sources = append(h.Sources, sealed.Source{
			Secret: bind.name, Encoding: string(bind.encoding), ARN: bind.version.ARN,
			Version: bind.version.Number, ID: bind.version.ID, Modified: bind.version.Modified, Field: string(bind.field),
			Checks: bind.checks.String(),
		})
	}
	return h
}

// sort puts the secrets in the order of a document.
func (run *functionRun) sort() {
	slices.SortFunc(run.bindings, func(a, b *binding) int { return strings.Compare(a.name, b.name) })
}

// complete sorts the secrets and drops optional ones that do not exist. It reports
// a function without secrets or with too many.
func (run *functionRun) complete() problem.Problems {
	run.bindings = slices.DeleteFunc(run.bindings, func(bind *binding) bool { return bind.optional && bind.version.ARN == "" })
	run.sort()
	switch n := len(run.bindings); {
	case n == 0 && len(run.fn.Imports) > 0: // the empty path has been reported
	case n == 0:
		return problem.Problems{problem.New(problem.Missing, &run.fn.Range, "Function without secrets", fmt.Sprintf(
			"Every secret of %q is optional and missing, so there is nothing to seal. "+
				"Put the value of one of them, or remove this environment from the function's environments.", run.fn.Name.Value))}
	case n > sealed.MaxSources:
		return problem.Problems{tooManySecrets(&run.fn, n)}
	}
	return nil
}
