package pipeline

import (
	"context"
	"fmt"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/param"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// foresee finds out what a build would seal, and reports what would stop it, as
// far as that is possible without reading a value. docs/publishing.md lists what
// it cannot find.
func (l listed) foresee(ctx context.Context, parameters Versions, blind BlindParameters) (versioned, problem.Problems) {
	v, problems := l.readVersions(ctx, l.withoutValues(parameters, blind))
	problems = append(problems, v.checkBlind()...)
	for _, run := range v.functions {
		problems = append(problems, run.checkStored()...)
	}
	if len(problems) == 0 {
		problems = v.checkSizes()
	}
	return v, problems
}

// withoutValues returns how to read versions if nothing is moved afterwards. For
// a blind function, Ciphertexts also returns how the parameter is stored.
func (b bound) withoutValues(parameters Versions, blind BlindParameters) reading {
	if b.anyBlind() {
		return blind.Ciphertexts
	}
	return parameters.Versions
}

// byVersion returns how to read versions if what is moved is read by version
// afterwards.
func (b bound) byVersion(parameters Versions, blind BlindParameters) reading {
	if b.anyBlind() {
		return blind.Versions
	}
	return parameters.Versions
}

// checkStored reports the secrets of a blind function that KMS cannot move
// because of how they are stored.
func (run *functionRun) checkStored() problem.Problems {
	var problems problem.Problems
	for _, bind := range run.bindings {
		if run.blind() && bind.version.ARN != "" {
			problems = append(problems, run.immovable(bind)...)
		}
	}
	return problems
}

// immovable reports a parameter that KMS cannot move. checkBlind reports a secret of Secrets
// Manager.
func (run *functionRun) immovable(bind *binding) problem.Problems {
	switch {
	case bind.elsewhere():
	case bind.kind != secureString:
		return problem.Problems{run.cannot(problem.Missing, bind, bind.at, fmt.Sprintf("is a %s, which Parameter Store stores and returns unencrypted. "+
			"Put the value as a SecureString under a new name with a customer managed key, or write blind = false for the function.", bind.kind))}
	case bind.advanced && param.NeedsAdvanced(bind.dataType):
		return problem.Problems{run.cannot(problem.Missing, bind, bind.at, fmt.Sprintf("has the data type %q, which Parameter Store keeps only in the advanced tier, whose ciphertext KMS cannot re-encrypt. "+
			"A shorter value would not change that. Delete the parameter and put it again as a standard-tier SecureString with the data type text, or write blind = false for the function.", bind.dataType))}
	case bind.advanced:
		return problem.Problems{run.cannot(problem.Missing, bind, bind.at, "is an advanced-tier parameter, whose ciphertext KMS cannot re-encrypt. "+
			"Delete it and put it again as a standard-tier parameter (at most 4 KB, no policies), or write blind = false for the function.")}
	}
	return nil
}

const secureString = "SecureString"

// checkSizes reports the functions whose documents would be too large even if
// every value were one byte long.
func (b bound) checkSizes() problem.Problems {
	var problems problem.Problems
	for _, run := range b.functions {
		if run.key.ARN == "" || len(run.bindings) == 0 {
			continue // this has been reported
		}
		if err := b.smallest(run); err != nil {
			problems = append(problems, unsealable(run, err))
		}
	}
	return problems
}

// smallest returns why the function cannot have a document, even with the shortest values.
func (b bound) smallest(run *functionRun) error {
	run.sort() // doctor comes here without complete
	header := run.header(b.Manifest)
	var named []seal.Named
	for _, bind := range run.bindings {
		if bind.version.ARN == "" {
			return nil // this has been reported
		}
		if run.blind() {
			header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{bind.name}})
			continue
		}
		named = append(named, seal.Named{Name: bind.name, Value: secret.New([]byte("x"))})
	}
	if !run.blind() {
		boxes, err := seal.Pack(named)
		if err != nil {
			return err
		}
		for _, box := range boxes {
			header.Boxes = append(header.Boxes, box.Box)
		}
	}
	ciphertexts := make([][]byte, len(header.Boxes))
	for i := range ciphertexts {
		ciphertexts[i] = []byte("x")
	}
	_, err := sealed.New(header, run.key.ARN, ciphertexts)
	return err
}
