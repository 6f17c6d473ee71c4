package sealed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mode says how a document was sealed.
type Mode string

const (
	// Pack puts many secrets into each box: one KMS call per 4 KB opens them.
	Pack Mode = "pack"
	// Blind puts each secret into a box of its own, moved there by
	// kms:ReEncrypt without the build ever holding it.
	Blind Mode = "blind"
)

// A Source says which version of which parameter a secret was made from.
type Source struct {
	Secret   string    // name of the secret, a legal Lambda environment name
	Encoding string    // "text" or "base64": how a helper hands out bytes
	ARN      string    // of the parameter, without version
	Version  int64     // the parameter's version, from 1
	Modified time.Time // when that version was written; UTC, milliseconds
	Field    string    // path into a JSON value, or "" for the whole value
	Checks   string    // constraints that the value met, for writers to compare; "" for none (F-34)
}

// A Box is the content of one ciphertext: whole secrets, or one part of one.
type Box struct {
	Secrets []string // ascending; exactly one where Parts > 0
	Part    int      // from 1; 0 for a box of whole secrets
	Parts   int      // 1 or more; 0 for a box of whole secrets
}

// A Header is everything of a document that its encryption context binds.
type Header struct {
	Bundle      string // name of the bundle in the manifest
	Environment string
	Function    string // name of the function in the manifest
	Name        string // name that Lambda knows the function by
	Mode        Mode
	Sources     []Source // ascending by Secret
	Boxes       []Box    // ascending by first secret, then part
}

const dateLayout = "2006-01-02T15:04:05.000Z"

// Marshal returns the header's bytes, up to and including the empty line. It
// refuses, with a *FormatError, any header that Parse would refuse.
func (h Header) Marshal() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(h.Identity())
	for _, box := range h.Boxes {
		b.WriteString("box " + strings.Join(box.Secrets, " "))
		if box.Parts > 0 {
			b.WriteString(" " + strconv.Itoa(box.Part) + "/" + strconv.Itoa(box.Parts))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Identity returns the header's lines without its box lines: what is sealed,
// for whom and from which versions, but not how it was packed. A document is
// carried over from an earlier layer only where both identities are equal.
func (h Header) Identity() []byte {
	var b bytes.Buffer
	line := func(words ...string) {
		b.WriteString(strings.Join(words, " "))
		b.WriteByte('\n')
	}
	line(formatWord)
	line("bundle", h.Bundle)
	line("environment", h.Environment)
	line("function", h.Function)
	line("name", h.Name)
	line("mode", string(h.Mode))
	for _, s := range h.Sources {
		field := s.Field
		if field == "" {
			field = "-"
		}
		words := []string{"source", s.Secret, s.Encoding, "ssm", s.ARN,
			strconv.FormatInt(s.Version, 10), s.Modified.UTC().Format(dateLayout), field}
		if s.Checks != "" {
			words = append(words, s.Checks)
		}
		line(words...)
	}
	return b.Bytes()
}

// Contexts returns the encryption context of each box, in order (F-22). A
// writer uses it to seal, before there is a Document.
func Contexts(h Header) ([]map[string]string, error) {
	header, err := h.Marshal()
	if err != nil {
		return nil, err
	}
	return contexts(h, header), nil
}

func contexts(h Header, header []byte) []map[string]string {
	sum := sha256.Sum256(header)
	digest := hex.EncodeToString(sum[:])
	all := make([]map[string]string, len(h.Boxes))
	for i, box := range h.Boxes {
		all[i] = map[string]string{
			"bundle:document":    digest,
			"bundle:function":    h.Bundle + "/" + h.Function,
			"bundle:environment": h.Environment,
			"bundle:box":         strconv.Itoa(i+1) + "/" + strconv.Itoa(len(h.Boxes)),
		}
		if h.Mode == Blind {
			all[i]["bundle:secret"] = box.Secrets[0]
		}
	}
	return all
}

// Source returns the source of the named secret.
func (h Header) Source(secret string) (Source, bool) {
	i, ok := slices.BinarySearchFunc(h.Sources, secret, func(s Source, name string) int {
		return strings.Compare(s.Secret, name)
	})
	if !ok {
		return Source{}, false
	}
	return h.Sources[i], true
}

// Secrets returns the names of all secrets, ascending.
func (h Header) Secrets() []string {
	names := make([]string, len(h.Sources))
	for i, s := range h.Sources {
		names[i] = s.Secret
	}
	return names
}
