package manifest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A likeness says what a file looks like.
type likeness int

const (
	foreign likeness = iota // not a manifest: it may be a dotenv file, or a key
	likely                  // it could be part of a manifest or another tool's file, or is empty
	ours                    // a manifest, or a guard file
)

// evidence are the blocks that identify a manifest or guard file. Other tools have variables and locals too.
var evidence = []string{"allow", "bundle", "defaults", "environment", "function", "group"}

// A view is a file as diagnostics can show it. A manifest contains no secrets, but people put some there, or name a file
// that is not a manifest. So a view hides everything that no attribute needs: values of unknown attributes, unknown
// blocks, objects, comments, strings that are long or have several lines, and whatever is not understood, each to the
// end of its line.
//
// It works on tokens, so that it knows what to hide even where a parser fails.
type view struct {
	src   []byte // as it was read
	bytes []byte // as it is shown, with the same length and lines

	tokens              hclsyntax.Tokens
	hidden              int  // everything before this offset is hidden or was examined
	strong, weak, other bool // what was seen at the top level
}

// viewNative makes a view of HCL.
func viewNative(src []byte, tokens hclsyntax.Tokens, root *blockSpec) *view {
	v := &view{src: src, bytes: bytes.Clone(src), tokens: tokens}
	v.body(0, root, true)
	v.tokens = nil // there may be many
	return v
}

func (v *view) likeness() likeness {
	switch {
	case v.strong:
		return ours
	case v.other:
		return foreign
	}
	return likely
}

// hide hides the bytes from start to end, and the rest of the line. It also hides their length, because spaces at the end
// of a line are not printed.
func (v *view) hide(start, end int) {
	if end > start && v.src[end-1] == '\n' { // a comment includes its line end
		end--
	}
	mark := "***"
	if start < v.hidden { // on a line whose end is already hidden
		start, mark = v.hidden, ""
	}
	for i := start; i < len(v.bytes); i++ {
		v.hidden = i
		switch {
		case v.bytes[i] == '\n' && i >= end:
			return
		case v.bytes[i] == '\n', v.bytes[i] == '\r':
		case mark != "":
			v.bytes[i], mark = mark[0], mark[1:]
		default:
			v.bytes[i] = ' '
		}
		if v.bytes[i] == '\n' { // the whole next line is hidden
			mark = ""
		}
	}
}

// hideTokens hides the tokens from one up to, but not including, another.
func (v *view) hideTokens(from, to int) {
	if from < to {
		v.hide(v.tokens[from].Range.Start.Byte, v.tokens[to-1].Range.End.Byte)
	}
}

// kindAt returns the type of a token, or TokenEOF after the last.
func (v *view) kindAt(i int) hclsyntax.TokenType {
	if i >= len(v.tokens) {
		return hclsyntax.TokenEOF
	}
	return v.tokens[i].Type
}

// body examines a body, and returns the index after its closing brace.
func (v *view) body(i int, spec *blockSpec, top bool) int {
	for {
		switch v.kindAt(i) {
		case hclsyntax.TokenEOF:
			return i
		case hclsyntax.TokenNewline:
			i++
		case hclsyntax.TokenComment:
			v.hideTokens(i, i+1)
			i++
		case hclsyntax.TokenCBrace:
			if !top {
				return i + 1
			}
			i = v.garbage(i, i+1, top)
		case hclsyntax.TokenIdent:
			i = v.item(i, spec, top)
		default:
			i = v.garbage(i, i, top)
		}
	}
}

// item examines what begins with a name: an attribute, a block, or neither.
func (v *view) item(i int, spec *blockSpec, top bool) int {
	name := string(v.tokens[i].Bytes)
	if v.kindAt(i+1) == hclsyntax.TokenEqual {
		v.other = v.other || top
		a, known := spec.attr(name)
		if spec.open {
			a, known = attrSpec{name, anyKind, false}, true
		}
		return v.attribute(i+2, a, known && !(spec.name == "variable" && name == "default"))
	}
	k, quoted := v.labels(i + 1)
	inner, known := spec.block(name)
	if v.kindAt(k) != hclsyntax.TokenOBrace {
		if _, attr := spec.attr(name); attr || known {
			return v.garbage(i, i+1, top)
		}
		return v.garbage(i, i, top)
	}
	if top {
		v.evident(name, known, k == i+1, quoted)
	}
	if known {
		v.hideTokens(v.extraLabels(i+1, inner.label != ""), k)
		return v.body(k+1, inner, false)
	}
	end := v.closing(k)
	from := i + 1
	if k == from {
		from++ // a brace reveals nothing
	}
	v.hideTokens(from, end)
	return end
}

// labels returns the index after the labels of a block, and whether one of them is in quotes.
func (v *view) labels(i int) (after int, quoted bool) {
	for inside := 0; ; i++ {
		switch t := v.kindAt(i); t {
		case hclsyntax.TokenOQuote:
			inside, quoted = inside+1, true
		case hclsyntax.TokenCQuote:
			inside--
		case hclsyntax.TokenIdent:
		default:
			if inside <= 0 || t == hclsyntax.TokenEOF || t == hclsyntax.TokenQuotedNewline {
				return i, quoted
			}
		}
	}
}

// extraLabels returns the index after the label that a block may have, if it may have one. The labels begin at i.
func (v *view) extraLabels(i int, labeled bool) int {
	switch {
	case !labeled:
	case v.kindAt(i) == hclsyntax.TokenIdent:
		return i + 1
	case v.kindAt(i) == hclsyntax.TokenOQuote:
		for ; v.kindAt(i) != hclsyntax.TokenCQuote; i++ { // labels has seen it
		}
		return i + 1
	}
	return i
}

// evident records a block at the top level. Shell scripts have functions too, but without quoted names.
func (v *view) evident(name string, known, bare, quoted bool) {
	labeled := name != "bundle" && name != "defaults" && name != "allow" && name != "locals"
	switch {
	case labeled != quoted || labeled == bare:
		v.other = v.other || !known
	case slices.Contains(evidence, name):
		v.strong = true
	case name == "variable" || name == "locals":
		v.weak = true
	default:
		v.other = true
	}
}

// closing returns the index after the brace that closes the one at i.
func (v *view) closing(i int) int {
	depth := 0
	for ; v.kindAt(i) != hclsyntax.TokenEOF; i++ {
		switch v.tokens[i].Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}

// garbage hides what comes from index from to the end of the line of index i.
func (v *view) garbage(i, from int, top bool) int {
	v.other = v.other || top
	for first := i; v.kindAt(i) != hclsyntax.TokenEOF; i++ {
		if t := v.tokens[i].Type; i > first && (t == hclsyntax.TokenNewline || t == hclsyntax.TokenComment) {
			break
		}
	}
	v.hideTokens(from, i)
	return i
}

// attribute examines the value of an attribute at i. It is shown only if it looks like a value of a known attribute.
func (v *view) attribute(i int, a attrSpec, known bool) int {
	end := v.end(i)
	if !known || v.suspect(i, end, a) {
		v.hideTokens(i, end)
	}
	return end
}

// end returns the end of the value at i: the index of a line end or brace that does not belong to it.
func (v *view) end(i int) int {
	depth := 0
	for ; v.kindAt(i) != hclsyntax.TokenEOF; i++ {
		switch v.tokens[i].Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			if depth <= 0 {
				return i
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			if depth--; depth < 0 {
				return i
			}
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl,
			hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
		}
	}
	return i
}

// suspect reports whether the value from i to end, exclusive, may be something other than a value of its attribute.
func (v *view) suspect(i, end int, a attrSpec) bool {
	if (a.kind == anyKind || a.kind == objectKind) && !v.refers(i, end) {
		return true // a literal value, which no message needs to show
	}
	if a.kind == textKind && v.kindAt(i) == hclsyntax.TokenOBrack {
		return true
	}
	brackets := 0
	for k := i; k < end; k++ {
		switch t := v.tokens[k]; t.Type {
		case hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			brackets++
		case hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			brackets--
		case hclsyntax.TokenQuotedLit:
			if !presentable(a.name, v.literal(k), k == i+1) {
				return true
			}
		case hclsyntax.TokenOBrace, hclsyntax.TokenOHeredoc, hclsyntax.TokenStringLit, hclsyntax.TokenComment, hclsyntax.TokenEqual,
			hclsyntax.TokenInvalid, hclsyntax.TokenBadUTF8, hclsyntax.TokenApostrophe, hclsyntax.TokenBacktick, hclsyntax.TokenSemicolon, hclsyntax.TokenQuotedNewline:
			return true
		}
		if k > i && v.beside(k) || v.tokens[k].Type == hclsyntax.TokenComma && brackets == 0 {
			return true
		}
	}
	return false
}

// literal returns the text of a string from k to its end or a template in it. The lexer divides it at percent and dollar signs.
func (v *view) literal(k int) string {
	var text strings.Builder
	for ; v.kindAt(k) == hclsyntax.TokenQuotedLit; k++ {
		text.Write(v.tokens[k].Bytes)
	}
	return text.String()
}

// beside reports whether two operands are next to each other, the second at i. This means that a quote ended early.
func (v *view) beside(i int) bool {
	switch v.kindAt(i) {
	case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenOQuote:
	default:
		return false
	}
	switch v.kindAt(i - 1) {
	case hclsyntax.TokenIdent:
		before, here := string(v.tokens[i-1].Bytes), string(v.tokens[i].Bytes)
		return before != "if" && before != "for" && before != "in" && here != "in"
	case hclsyntax.TokenNumberLit, hclsyntax.TokenCQuote, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
		return true
	}
	return false
}

// refers reports whether a value uses a name or a template.
func (v *view) refers(i, end int) bool {
	return slices.ContainsFunc(v.tokens[i:end], func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenTemplateInterp || t.Type == hclsyntax.TokenIdent && !slices.Contains([]string{"true", "false", "null"}, string(t.Bytes))
	})
}

// maxShown is the largest length of a literal string that is shown.
const maxShown = 512

// presentable reports whether a literal string in an attribute is shown. begins is true at the beginning of the value.
func presentable(attr, text string, begins bool) bool {
	switch {
	case len(text) > maxShown, strings.Contains(text, `\n`), strings.Contains(text, `\r`), strings.ContainsAny(text, "\r\n"):
		return false
	case begins && (attr == "parameter" || attr == "path"):
		return nameLike(text)
	case begins && attr == "secretsmanager":
		return secretNameLike(text)
	case begins && (attr == "version_stage" || attr == "version_id"): // messages hide the same
		return nameLike(text)
	}
	return true
}

// nameLike reports whether a string could be intended as the name of a parameter, or of a stage or version of a secret. A password could be anything, so a
// string that does not look like a name is not shown.
func nameLike(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "arn:") || strings.HasPrefix(text, "{{") ||
		!strings.ContainsFunc(text, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._:-", r))
		})
}

// secretNameLike is nameLike for secrets of Secrets Manager. The names of those that AWS services own begin with the service,
// as in rds!cluster-1. Other signs that are legal in names are usual in passwords.
func secretNameLike(text string) bool {
	service, rest, owned := strings.Cut(text, "!")
	if owned && service != "" && strings.Trim(service, "abcdefghijklmnopqrstuvwxyz-") == "" {
		return rest != "" && nameLike(rest)
	}
	return nameLike(text)
}
