package sealed

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mode says how a document was sealed.
type Mode string

const (
	// Pack puts many secrets into each box. One KMS call opens up to 4 KB.
	Pack Mode = "pack"
	// Blind puts each secret into its own box, with kms:ReEncrypt, so that the
	// build never holds the value.
	Blind Mode = "blind"
)

// A Source says which version of which parameter, or of which secret of Secrets
// Manager, a secret came from.
type Source struct {
	Secret   string    // name of the secret, which is valid as an environment variable in Lambda
	Encoding string    // "text", or "base64" if a helper decodes the value when asked for bytes
	ARN      string    // of the parameter or secret, without version
	Version  int64     // of the parameter, from 1; 0 for a secret of Secrets Manager
	ID       string    // of the secret's version; "" for a parameter
	Modified time.Time // when that version was put; UTC, in milliseconds
	Field    string    // path into a JSON value, in the dotted or the list form (F-15, F-38); "" for the whole value
	Checks   string    // constraints that the value met, which a writer compares; "" for none (F-34)
}

// A Box lists what one ciphertext contains: whole secrets, or one part of a
// secret.
type Box struct {
	Secrets []string // ascending; exactly one if Parts > 0
	Part    int      // from 1; 0 for a box of whole secrets
	Parts   int      // 1 or more; 0 for a box of whole secrets
}

// A Header is everything in a document up to the empty line. Its hash is in
// the encryption context of every box.
type Header struct {
	Bundle      string // name of the bundle in the manifest
	Environment string
	Function    string // name of the function in the manifest
	Name        string // name of the function in Lambda
	Mode        Mode
	Sources     []Source // ascending by Secret
	Boxes       []Box    // ascending by first secret, then part
}

// The stores of a source line.
const (
	storeParameters = "ssm"
	storeSecrets    = "secretsmanager"
)

const dateLayout = "2006-01-02T15:04:05.000Z"

// Format returns the first line of the header. Its content decides it (F-35).
func (h Header) Format() string {
	for _, s := range h.Sources {
		if s.ID != "" || strings.HasPrefix(s.Field, "/") {
			return Bundle2
		}
	}
	return Bundle1
}

// Marshal returns the header's bytes, up to and including the empty line. If
// Parse would refuse the header, Marshal returns a *FormatError.
func (h Header) Marshal() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	b := h.Identity()
	for _, box := range h.Boxes {
		b = append(b, "box"...)
		for _, name := range box.Secrets {
			b = append(append(b, ' '), name...)
		}
		if box.Parts > 0 {
			b = strconv.AppendInt(append(b, ' '), int64(box.Part), 10)
			b = strconv.AppendInt(append(b, '/'), int64(box.Parts), 10)
		}
		b = append(b, '\n')
	}
	return append(b, '\n'), nil
}

// Identity returns the header's lines without the box lines and the empty line:
// which secrets are sealed, for which function, and from which versions, but
// not how they are packed. A document is carried over from the previous layer
// only if both identities are equal.
func (h Header) Identity() []byte {
	b := make([]byte, 0, h.size())
	line := func(words ...string) {
		for i, word := range words {
			if i > 0 {
				b = append(b, ' ')
			}
			b = append(b, word...)
		}
		b = append(b, '\n')
	}
	line(h.Format())
	line("bundle", h.Bundle)
	line("environment", h.Environment)
	line("function", h.Function)
	line("name", h.Name)
	line("mode", string(h.Mode))
	for _, s := range h.Sources {
		b = append(b, "source "...)
		store, version := storeSecrets, s.ID
		if s.ID == "" {
			store, version = storeParameters, strconv.FormatInt(s.Version, 10)
		}
		for _, word := range [...]string{s.Secret, s.Encoding, store, s.ARN, version} {
			b = append(append(b, word...), ' ')
		}
		b = append(s.Modified.UTC().AppendFormat(b, dateLayout), ' ')
		b = append(b, cmp.Or(s.Field, "-")...)
		if s.Checks != "" {
			b = append(append(b, ' '), s.Checks...)
		}
		b = append(b, '\n')
	}
	return b
}

// Same reports whether two headers have the same identity.
func (h Header) Same(other Header) bool {
	return h.Bundle == other.Bundle && h.Environment == other.Environment && h.Function == other.Function &&
		h.Name == other.Name && h.Mode == other.Mode &&
		slices.EqualFunc(h.Sources, other.Sources, func(a, b Source) bool {
			same := a.Modified.Equal(b.Modified)
			a.Modified, b.Modified = time.Time{}, time.Time{}
			return same && a == b
		})
}

// size is about how many bytes a header has. If it is valid, that is at least as
// many as its identity has.
func (h Header) size() int {
	const settings = 512  // bytes of the lines before the first source, at most
	const source = 2 * 64 // bytes of a source line besides its name, ARN, ID, field and checks, at most
	n := settings
	for _, s := range h.Sources {
		n += source + 2*len(s.Secret) + len(s.ARN) + len(s.ID) + len(s.Field) + len(s.Checks)
	}
	return n
}

func contexts(h Header, header []byte) []map[string]string {
	document := digest(header)
	all := make([]map[string]string, len(h.Boxes))
	for i, box := range h.Boxes {
		all[i] = map[string]string{
			"bundle:document":    document,
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

// Source returns the source of the named secret, and whether there is one.
func (h Header) Source(secret string) (Source, bool) {
	i, ok := slices.BinarySearchFunc(h.Sources, secret, func(s Source, name string) int {
		return strings.Compare(s.Secret, name)
	})
	if !ok {
		return Source{}, false
	}
	return h.Sources[i], true
}

// Secrets returns the names of all secrets, in ascending order.
func (h Header) Secrets() []string {
	names := make([]string, len(h.Sources))
	for i, s := range h.Sources {
		names[i] = s.Secret
	}
	return names
}
