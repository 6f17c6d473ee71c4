package pipeline

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/problem"
	"github.com/whispering/bundle/pipeline/secret"
)

// plaintexts are the values that a run has read. CheckLeaks looks for them in the
// layer before it is written.
type plaintexts struct {
	mu     sync.Mutex
	values []secret.Value
	places []place
	once   sync.Once
	search *secret.Search
}

// A place is a secret that a value was read for.
type place struct {
	name string
	at   *hcl.Range
}

func (p *plaintexts) add(v secret.Value, bind *binding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.values, p.places = append(p.values, v), append(p.places, place{bind.name, bind.at})
}

// sought returns the search for the values. No value may be added afterwards.
func (p *plaintexts) sought() *secret.Search {
	p.once.Do(func() { p.search = secret.NewSearch(p.values) })
	return p.search
}

// CheckLeaks looks in the bytes of a layer for every value of at least 8 bytes
// that the run has read: as it is, as in JSON, in base64 and in hexadecimal. It
// finds one only if this program, or what responds as KMS, has a fault.
//
// A value that also occurs in public text does not count: in the manifest's
// names, in ARNs and in the helpers.
func (b *Built) CheckLeaks(layer []byte, helpers []layerbuild.File) problem.Problems {
	i, how := b.read.sought().Find(layer, func() []byte {
		var known bytes.Buffer
		known.Write(b.public())
		for _, h := range helpers {
			known.WriteString(h.Path + "\n")
			known.Write(h.Data)
			known.WriteByte('\n')
		}
		return known.Bytes()
	})
	if i < 0 {
		return nil
	}
	p := b.read.places[i]
	return problem.Problems{problem.New(problem.Integrity, p.at, "Secret in the layer", fmt.Sprintf(
		"The layer contains the value of %s %s. Nothing was written. Check that the endpoint is AWS. If it is, please report this as a bug.", p.name, how))}
}

// public returns the text of a layer that contains no value: the headers, which
// follow from the manifest and from what AWS returns about parameters and keys.
func (c compared) public() []byte {
	var b bytes.Buffer
	for _, run := range c.functions {
		header := run.header(c.Manifest)
		b.Write(header.Identity())
		fmt.Fprintf(&b, "%s\nkey %s\n", sealed.Path(header.Name), run.key.ARN)
	}
	return b.Bytes()
}
