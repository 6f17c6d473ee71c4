package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/problem"
)

// Assemble puts documents and helpers into a layer's zip.
func Assemble(l *layerbuild.Layer) ([]byte, problem.Problems) {
	var b bytes.Buffer
	err := layerbuild.Write(&b, l)
	switch {
	case errors.Is(err, layerbuild.ErrTooLarge):
		return nil, problem.Problems{problem.New(problem.Manifest, nil, "Layer too large", sentence(err)+
			" Remove helpers from the layer, or split the bundle.")}
	case err != nil:
		return nil, problem.Problems{problem.New(problem.Fault, nil, "Layer cannot be written", sentence(err))}
	}
	return b.Bytes(), nil
}

// Digest returns the SHA-256 of a layer in lower-case hexadecimal.
func Digest(layer []byte) string {
	sum := sha256.Sum256(layer)
	return hex.EncodeToString(sum[:])
}
