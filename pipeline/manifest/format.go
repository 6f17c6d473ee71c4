package manifest

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Paths are the names of the manifest's files, in the order they were read.
func (m *Module) Paths() []string { return slices.Clone(m.order) }

// ErrFormat says that a file cannot be formatted without changing what it says.
var ErrFormat = errors.New("its formatted text would not mean the same")

// Format is a file of the manifest as it was read, and in canonical form: the spaces, indents and alignment of HCL's own
// formatter. JSON has no such form and stays as it is. The file must have been read without errors, and cannot be
// evaluated afterwards.
func (m *Module) Format(path string) (before, after []byte, err error) {
	before = m.inputs[path].src
	m.files[path].Body = nil // it has been looked at, and takes much memory
	if strings.HasSuffix(path, ".json") {
		return before, before, nil
	}
	after, err = format(before)
	return before, after, err
}

// pieceSize is how much of a file is formatted at a time, in bytes: hcl's formatter takes several hundred bytes of memory
// for each token.
const pieceSize = 32 << 10

// format lays out HCL. The formatter moves spaces only; that it did is checked, because its result replaces a file.
func format(src []byte) ([]byte, error) { return formatPieces(src, pieceSize) }

func formatPieces(src []byte, size int) ([]byte, error) {
	out := make([]byte, 0, len(src))
	for _, piece := range pieces(src, size) {
		after := hclwrite.Format(piece)
		for range 3 { // it sometimes needs a second go to come to rest
			again := hclwrite.Format(after)
			if bytes.Equal(again, after) {
				break
			}
			after = again
		}
		if !slices.EqualFunc(meaning(piece), meaning(after), func(a, b hclsyntax.Token) bool {
			return a.Type == b.Type && bytes.Equal(a.Bytes, b.Bytes)
		}) {
			return nil, ErrFormat
		}
		out = append(out, after...)
	}
	return out, nil
}

// pieces cuts a source behind closing braces that end both a top-level block and their line. The formatter aligns
// nothing across such a line: it has no equals sign and no comment.
func pieces(src []byte, size int) [][]byte {
	var all [][]byte
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos) // the parser has had its say
	depth, start := 0, 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenNewline:
			if end := t.Range.End.Byte; depth == 0 && i > 0 && tokens[i-1].Type == hclsyntax.TokenCBrace && end-start >= size && end < len(src) {
				all, start = append(all, src[start:end]), end
			}
		}
	}
	return append(all, src[start:])
}

// meaning is the tokens of a source; what stands between them is only for the eye. A comment may lose spaces at its end.
func meaning(src []byte) []hclsyntax.Token {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos) // the parser has had its say
	for i := range tokens {
		if tokens[i].Type == hclsyntax.TokenComment {
			tokens[i].Bytes = bytes.TrimRight(tokens[i].Bytes, " \t\r\n")
		}
	}
	return tokens
}

// Escape makes a text one that stands for itself between quotes.
func Escape(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{", `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
}

// Quote is a text as a manifest writes it.
func Quote(s string) string { return `"` + Escape(s) + `"` }
