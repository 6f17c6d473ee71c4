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

// Paths returns the names of the manifest's files, in the order they were read.
func (m *Module) Paths() []string { return slices.Clone(m.order) }

// ErrFormat reports a file that cannot be formatted without changing its meaning.
var ErrFormat = errors.New("its formatted text would not mean the same")

// Format returns a file of the manifest as it was read, and in canonical form: with the spaces, indents and alignment of
// HCL's own formatter. A JSON file has no canonical form and is returned unchanged. The file must have been read without
// errors, and cannot be evaluated afterward.
func (m *Module) Format(path string) (before, after []byte, err error) {
	before = m.inputs[path].src
	m.files[path].Body = nil // no longer needed, and uses a lot of memory
	if strings.HasSuffix(path, ".json") {
		return before, before, nil
	}
	after, err = format(before)
	return before, after, err
}

// pieceSize is how much of a file is formatted at a time, in bytes. HCL's formatter uses several hundred bytes of memory
// for each token.
const pieceSize = 32 << 10

// format formats HCL. The formatter should only move spaces. This is checked, because the result replaces a file.
func format(src []byte) ([]byte, error) { return formatPieces(src, pieceSize) }

func formatPieces(src []byte, size int) ([]byte, error) {
	out := make([]byte, 0, len(src))
	for _, piece := range pieces(src, size) {
		after := hclwrite.Format(piece)
		for range 3 { // the formatter is not always idempotent
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

// pieces cuts a source after closing braces that end both a top-level block and their line. The formatter aligns nothing
// across such a line, because it has neither an equals sign nor a comment.
func pieces(src []byte, size int) [][]byte {
	var all [][]byte
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos) // the parser has already reported errors
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

// meaning returns the tokens of a source. White space between them has no meaning. A comment may lose trailing spaces.
func meaning(src []byte) []hclsyntax.Token {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos) // the parser has already reported errors
	for i := range tokens {
		if tokens[i].Type == hclsyntax.TokenComment {
			tokens[i].Bytes = bytes.TrimRight(tokens[i].Bytes, " \t\r\n")
		}
	}
	return tokens
}

// Escape escapes a string for a literal in quotes.
func Escape(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{", `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
}

// Quote returns a string as a literal in quotes.
func Quote(s string) string { return `"` + Escape(s) + `"` }
