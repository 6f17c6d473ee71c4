package manifest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A likeness is what a file looks like.
type likeness int

const (
	foreign likeness = iota // nothing of it is one of ours: it may be a dotenv file, or a key
	likely                  // it could be a part of a manifest, and as well one of another tool's files, or is empty
	ours                    // a manifest, or a guard file
)

// evidence are the blocks by which a file is told to be ours. Others have variables and locals too.
var evidence = []string{"allow", "bundle", "defaults", "environment", "function", "group"}

// A view is a file as diagnostics may show it. A manifest holds no secret, but people put some there, and name files
// that are none. So nothing is shown that no attribute has a use for: values of unknown attributes, what is in unknown
// blocks, objects, comments, long and many-line texts, and whatever is not understood, each to the end of its line.
//
// It goes by tokens, so that it knows what to hide where a parser stumbles.
type view struct {
	src   []byte // as it was read
	bytes []byte // as it is shown: of the same length, line by line

	tokens              hclsyntax.Tokens
	hidden              int  // what comes before is hidden, or was looked at
	strong, weak, other bool // what was seen at the top level
}

// viewNative looks through HCL.
func viewNative(src []byte, tokens hclsyntax.Tokens, root blockSpec) *view {
	v := &view{src: src, bytes: bytes.Clone(src), tokens: tokens}
	v.body(0, root, true)
	v.tokens = nil // of which there may be many
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

// hide hides what stands from start to end, and what follows to the end of the line. How long it is is not shown
// either: spaces at the end of a line are not printed.
func (v *view) hide(start, end int) {
	if end > start && v.src[end-1] == '\n' { // a comment's own
		end--
	}
	mark := "***"
	if start < v.hidden { // on a line that ends hidden already
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
		if v.bytes[i] == '\n' { // the next line is hidden as a whole
			mark = ""
		}
	}
}

// hideTokens hides the tokens from one to before another.
func (v *view) hideTokens(from, to int) {
	if from < to {
		v.hide(v.tokens[from].Range.Start.Byte, v.tokens[to-1].Range.End.Byte)
	}
}

// kindAt is the kind of a token, TokenEOF behind the last.
func (v *view) kindAt(i int) hclsyntax.TokenType {
	if i >= len(v.tokens) {
		return hclsyntax.TokenEOF
	}
	return v.tokens[i].Type
}

// body goes through a body, and returns where it goes on after its brace.
func (v *view) body(i int, spec blockSpec, top bool) int {
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

// item goes through what begins with a name: an attribute, a block, or neither.
func (v *view) item(i int, spec blockSpec, top bool) int {
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
		return v.body(k+1, inner, false)
	}
	end := v.closing(k)
	from := i + 1
	if k == from {
		from++ // a brace tells nothing
	}
	v.hideTokens(from, end)
	return end
}

// labels is where it goes on behind the labels of a block, and whether one of them is in quotes.
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

// evident notes a block at the top level. Shells have functions too, but these have no quoted name.
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

// closing is where it goes on behind the brace that closes the one at i.
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

// garbage hides from one place what stands to the end of the line that begins at another.
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

// attribute goes through the value of an attribute, from i. It is shown where it is what a known attribute has.
func (v *view) attribute(i int, a attrSpec, known bool) int {
	end := v.end(i)
	if !known || v.suspect(i, end, a) {
		v.hideTokens(i, end)
	}
	return end
}

// end is where the value that begins at i ends: before a line end or a brace that is none of its own.
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

// suspect says whether a value, from i to before end, may be another than one that its attribute has.
func (v *view) suspect(i, end int, a attrSpec) bool {
	if (a.kind == anyKind || a.kind == objectKind) && !v.refers(i, end) {
		return true // a plain value: a message that says what is wrong with it needs not show it
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
			if !presentable(a.name, string(t.Bytes), k == i+1) {
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

// beside says whether two operands stand side by side, the second of them at i: then a quote ended early.
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

// refers says whether a value uses a name or a template.
func (v *view) refers(i, end int) bool {
	return slices.ContainsFunc(v.tokens[i:end], func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenTemplateInterp || t.Type == hclsyntax.TokenIdent && !slices.Contains([]string{"true", "false", "null"}, string(t.Bytes))
	})
}

// maxShown is how long a literal text may be that is shown.
const maxShown = 512

// presentable says whether a literal text is shown that stands in an attribute, at its beginning or later.
func presentable(attr, text string, begins bool) bool {
	switch {
	case len(text) > maxShown, strings.Contains(text, `\n`), strings.Contains(text, `\r`), strings.ContainsAny(text, "\r\n"):
		return false
	case begins && (attr == "parameter" || attr == "path"):
		return nameLike(text)
	}
	return true
}

// nameLike says whether a text could have been meant to name a parameter. A password could be anything: what no name
// looks like is not shown.
func nameLike(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "arn:") || strings.HasPrefix(text, "{{") ||
		!strings.ContainsFunc(text, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._:-", r))
		})
}
