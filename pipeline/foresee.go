package pipeline

import (
	"context"
	"fmt"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/seal"
	"github.com/whispering/bundle/pipeline/secret"
)

// foresee finds out what a build would seal, and reports what would stop it, as
// far as replies tell that hold no value. What they do not tell is in
// docs/publishing.md.
func (r *run) foresee(ctx context.Context) Problems {
	problems := append(r.readVersions(ctx), r.checkBlind(ctx)...)
	for _, j := range r.jobs {
		problems = append(problems, j.checkStored()...)
	}
	if len(problems) > 0 {
		return problems
	}
	return r.checkSizes(ctx)
}

// checkStored reports the secrets of a blind function that KMS cannot move, by
// how they are stored.
func (j *job) checkStored() Problems {
	var problems Problems
	for _, w := range j.wants {
		if j.blind() && w.version.ARN != "" {
			problems = append(problems, j.immovable(w)...)
		}
	}
	return problems
}

// immovable reports a secret that KMS cannot move.
func (j *job) immovable(w *want) Problems {
	switch {
	case w.kind != secureString:
		return Problems{j.cannot(Missing, w, w.at, fmt.Sprintf("is a %s, which Parameter Store keeps and hands out in the clear. "+
			"Put the value as a SecureString, under a new name and a key of your own, or write blind = false for the function.", w.kind))}
	case w.advanced:
		return Problems{j.cannot(Missing, w, w.at, "is of the advanced tier, whose ciphertext KMS cannot re-encrypt. "+
			"Delete it and put it again in the standard tier (at most 4 KB, no policies), or write blind = false for the function.")}
	}
	return nil
}

const secureString = "SecureString"

// checkSizes reports the functions whose documents would be too large even if
// every value were one byte long.
func (r *run) checkSizes(context.Context) Problems {
	var problems Problems
	for _, j := range r.jobs {
		if j.key.ARN == "" || len(j.wants) == 0 {
			continue // which has been reported
		}
		if err := r.smallest(j); err != nil {
			problems = append(problems, unsealable(j, err))
		}
	}
	return problems
}

// smallest says why the function can have no document, however short its values.
func (r *run) smallest(j *job) error {
	header := j.header(r.Manifest)
	var named []seal.Named
	for _, w := range j.wants {
		if w.version.ARN == "" {
			return nil // which has been reported
		}
		if j.blind() {
			header.Boxes = append(header.Boxes, sealed.Box{Secrets: []string{w.name}})
			continue
		}
		named = append(named, seal.Named{Name: w.name, Value: secret.New([]byte("x"))})
	}
	if !j.blind() {
		boxes, err := seal.Pack(named)
		if err != nil {
			return err
		}
		for _, b := range boxes {
			header.Boxes = append(header.Boxes, b.Box)
		}
	}
	ciphertexts := make([][]byte, len(header.Boxes))
	for i := range ciphertexts {
		ciphertexts[i] = []byte("x")
	}
	_, err := sealed.New(header, j.key.ARN, ciphertexts)
	return err
}
