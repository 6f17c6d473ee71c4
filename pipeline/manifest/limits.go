package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/whispering/bundle/internal/printable"
)

const (
	// maxSize is the largest size of all files of a manifest, in bytes.
	maxSize = 1 << 20
	// maxDepth is how deep brackets, template sequences and operators can nest. The HCL parser is recursive: v2.25.0 dies of
	// a stack overflow, from which a program cannot recover, on 140 kB of parentheses.
	maxDepth = 100
	// maxDigits is the largest length of a number.
	maxDigits = 18
	// maxLines is the largest number of lines in a file, and maxWords that of words and signs, as counted by crowded. The
	// lexer uses at least 100 bytes of memory for each.
	maxLines = 100_000
	maxWords = 350_000
	// maxPieces is the largest number of pieces of a template's text: lines, and dollar and percent signs. The parser
	// joins them in quadratic time.
	maxPieces = 500
	// maxRefusals is the number of refused constructs from which a file is not parsed at all.
	maxRefusals = 50
)

// limits checks a file before the parser reads it.
type limits struct {
	src  []byte
	name string
	// refused are constructs of HCL that a manifest cannot contain, because the cost of evaluating them is unbounded. The
	// file is parsed, but an expression with such a construct is not evaluated.
	refused hcl.Diagnostics
	// fatal is set if the file must not be parsed.
	fatal *hcl.Diagnostic

	crowded bool             // too large to be split into tokens
	tokens  hclsyntax.Tokens // of HCL
}

func newLimits(src []byte, name string) *limits {
	g := &limits{src: src, name: name}
	g.characters()
	if at := crowded(src); at >= 0 {
		g.crowded = true
		g.fatal = cmp.Or(g.fatal, fault("Manifest too large", fmt.Sprintf("A manifest file can have at most %d lines and %d tokens, "+
			"and this file exceeds that here. Remove what is not needed, or split the manifest.", maxLines, maxWords), g.at(at, at+1)))
	}
	return g
}

// json reports whether the file uses HCL's JSON syntax.
func (g *limits) json() bool { return strings.HasSuffix(g.name, ".json") }

// scanAll checks the limits that depend on tokens.
func (g *limits) scanAll() {
	if g.json() {
		g.scanJSON()
	} else {
		g.tokens, _ = hclsyntax.LexConfig(g.src, g.name, hcl.InitialPos) // the parser reports errors
		g.scan(g.tokens, 0, func(t hclsyntax.Token) hcl.Range { return t.Range })
	}
	if g.fatal == nil && len(g.refused) >= maxRefusals {
		g.fatal = g.refused[0]
	}
}

// characters refuses what could be invisible in a terminal or in a review.
func (g *limits) characters() {
	for i := 0; i < len(g.src); {
		r, size := utf8.DecodeRune(g.src[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			g.fatal = fault("Manifest is not UTF-8", "Save the file in UTF-8.", g.at(i, i+1))
			return
		case hides(r) && (i > 0 || r != '\ufeff'): // some Windows editors begin a file with it
			g.fatal = fault("Control character in manifest",
				fmt.Sprintf("The file contains the invisible character %U. Remove it.", r), g.at(i, i+size))
			return
		}
		i += size
	}
}

// hides reports whether a character is a control character, changes the writing direction, or is invisible. Joiners and
// variation selectors are allowed, because comments in Persian and with emoji need them.
func hides(r rune) bool {
	switch r {
	case '\n', '\r', '\t', 0x200c, 0x200d, 0xfe0e, 0xfe0f:
		return false
	}
	return printable.Hidden(r)
}

// view returns what diagnostics can show of the source, or nil for nothing.
func (g *limits) view(root *blockSpec) *view {
	switch {
	case g.crowded:
		return nil
	case g.json():
		return viewJSON(g.src, root)
	case g.tokens != nil:
		return viewNative(g.src, g.tokens, root)
	}
	src := g.printable()
	if crowded(src) >= 0 { // there is now a question mark for each byte
		return nil
	}
	tokens, _ := hclsyntax.LexConfig(src, g.name, hcl.InitialPos)
	return viewNative(src, tokens, root)
}

// printable returns the source for an excerpt, with a question mark for each byte that characters refuses.
func (g *limits) printable() []byte {
	src := bytes.Clone(g.src)
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 || hides(r) {
			copy(src[i:], "????"[:size])
		}
		i += size
	}
	return src
}

// frame is an open bracket or template.
type frame struct {
	closer hclsyntax.TokenType
	steps  int // operators since the last comma or line; each may nest the expression one level deeper
	pieces int // pieces of a template's text
}

// closer returns the token that closes what t opens.
func closer(t hclsyntax.TokenType) hclsyntax.TokenType {
	switch t {
	case hclsyntax.TokenOBrace:
		return hclsyntax.TokenCBrace
	case hclsyntax.TokenOBrack:
		return hclsyntax.TokenCBrack
	case hclsyntax.TokenOParen:
		return hclsyntax.TokenCParen
	case hclsyntax.TokenOQuote:
		return hclsyntax.TokenCQuote
	case hclsyntax.TokenOHeredoc:
		return hclsyntax.TokenCHeredoc
	}
	return hclsyntax.TokenTemplateSeqEnd
}

// nesting is the state of a scan: the open frames, and how deep an expression nests at this point.
type nesting struct {
	stack []frame
	depth int
}

func (n *nesting) open(closer hclsyntax.TokenType) { n.stack = append(n.stack, frame{closer: closer}) }

// step records an operator.
func (n *nesting) step() {
	n.stack[len(n.stack)-1].steps++
	n.depth++
}

// rest forgets the operators of the innermost frame.
func (n *nesting) rest() {
	top := &n.stack[len(n.stack)-1]
	n.depth -= top.steps
	top.steps = 0
}

func (n *nesting) token(t hclsyntax.TokenType) {
	awaited := n.stack[len(n.stack)-1].closer
	switch t {
	case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
		n.open(closer(t)) // only the sequences in it nest
	case hclsyntax.TokenTemplateControl:
		n.step() // %{ if } nests until its endif, not only until its own end
		n.open(closer(t))
		n.depth++
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp:
		n.open(closer(t))
		n.depth++
	case hclsyntax.TokenNewline:
		if awaited == hclsyntax.TokenNil || awaited == hclsyntax.TokenCBrace {
			n.rest()
		}
	case hclsyntax.TokenComma:
		n.rest()
	case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
		n.stack[len(n.stack)-1].pieces++
	case awaited: // never the outermost frame, because no token is a TokenNil
		n.rest()
		n.stack = n.stack[:len(n.stack)-1]
		if t != hclsyntax.TokenCQuote && t != hclsyntax.TokenCHeredoc {
			n.depth--
		}
	}
	if nests(t) {
		n.step()
	}
}

// shattered reports whether the text of the innermost template has too many pieces.
func (n *nesting) shattered() bool { return n.stack[len(n.stack)-1].pieces > maxPieces }

// scan counts nesting over tokens, starting at depth, and collects what is refused. place returns the place of a token.
// For the tokens of a JSON string, this is the place of the string.
func (g *limits) scan(tokens hclsyntax.Tokens, depth int, place func(hclsyntax.Token) hcl.Range) {
	n := nesting{stack: []frame{{closer: hclsyntax.TokenNil}}, depth: depth}
	before := hclsyntax.TokenNil // the last token that is neither comment nor line end
	for _, t := range tokens {
		n.token(t.Type)
		if n.depth > maxDepth {
			g.fatal = fault("Manifest nested too deeply",
				fmt.Sprintf("Brackets, template sequences and operators are nested more than %d levels deep here. Split the expression into named parts in a locals block.", maxDepth), place(t))
			return
		}
		if n.shattered() {
			g.fatal = inPieces(place(t))
			return
		}
		if summary, detail := refuse(t, before); summary != "" && len(g.refused) < maxRefusals {
			g.refused = append(g.refused, fault(summary, detail, place(t)))
		}
		if t.Type != hclsyntax.TokenNewline && t.Type != hclsyntax.TokenComment {
			before = t.Type
		}
	}
}

// nests reports whether a token can nest an expression one level deeper without an open bracket: operators, and the end
// of an index, because a[b][b] nests to the left.
func nests(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash,
		hclsyntax.TokenPercent, hclsyntax.TokenQuestion, hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenEqualOp,
		hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan,
		hclsyntax.TokenGreaterThanEq, hclsyntax.TokenCBrack:
		return true
	}
	return false
}

// refuse returns why a manifest cannot contain the token t after a token of type before.
func refuse(t hclsyntax.Token, before hclsyntax.TokenType) (summary, detail string) {
	switch t.Type {
	case hclsyntax.TokenIdent:
		opens := before == hclsyntax.TokenOBrack || before == hclsyntax.TokenOBrace || before == hclsyntax.TokenTemplateControl
		if opens && string(t.Bytes) == "for" {
			return "Loop in manifest", "A manifest cannot contain for expressions. Write the elements out, or use a function such as concat or join."
		}
	case hclsyntax.TokenStar:
		if before == hclsyntax.TokenDot || before == hclsyntax.TokenOBrack {
			return "", "" // a splat
		}
		return arithmetic()
	case hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenSlash, hclsyntax.TokenPercent:
		return arithmetic()
	case hclsyntax.TokenNumberLit:
		if len(t.Bytes) > 1 && t.Bytes[0] == '0' && isDigit(t.Bytes[1]) {
			return "Number begins with 0", "A number loses the zeros that it begins with. Account IDs and versions are strings: put them in quotes."
		}
		if len(t.Bytes) > maxDigits || bytes.ContainsAny(t.Bytes, "eE") {
			return longNumber()
		}
	}
	return "", ""
}

func arithmetic() (summary, detail string) {
	return "Arithmetic in manifest", "A manifest cannot contain arithmetic. If this is a string, put it in quotes. To join strings, write \"${a}${b}\"."
}

func longNumber() (summary, detail string) {
	return "Number out of range", fmt.Sprintf("A number can have at most %d digits and no exponent. Account IDs and versions are strings: put them in quotes.", maxDigits)
}

func inPieces(place hcl.Range) *hcl.Diagnostic {
	return fault("String too long", fmt.Sprintf("A string can have at most %d lines and %d dollar and percent signs, and this one exceeds that here. "+
		"If it should end earlier, add the missing closing quote or heredoc end there.", maxPieces, maxPieces), place)
}

// scanJSON does the same for JSON. Each string is a template.
func (g *limits) scanJSON() {
	depth := 0
	for i := 0; i < len(g.src) && g.fatal == nil; i++ {
		switch c := g.src[i]; {
		case c == '"':
			end := endOfString(g.src, i)
			g.scanString(i, end, depth)
			i = end - 1
		case c == '{' || c == '[':
			depth++
			if depth > maxDepth {
				g.fatal = fault("Manifest nested too deeply", fmt.Sprintf("Objects and arrays are nested more than %d levels deep here. Flatten them.", maxDepth), g.at(i, i+1))
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(g.src) && strings.IndexByte("0123456789+-.eE", g.src[end]) >= 0 {
				end++
			}
			if (end-i > maxDigits || bytes.ContainsAny(g.src[i:end], "eE")) && len(g.refused) < maxRefusals {
				summary, detail := longNumber()
				g.refused = append(g.refused, fault(summary, detail, g.at(i, end)))
			}
			i = end - 1
		}
	}
}

// endOfString returns the offset after the string that begins at start.
func endOfString(src []byte, start int) int {
	for i := start + 1; i < len(src); i++ {
		switch c := src[i]; {
		case c < ' ':
			return i // malformed: the parser reports it here
		case c == '\\':
			i++
		case c == '"':
			return i + 1
		}
	}
	return len(src)
}

func (g *limits) scanString(start, end, depth int) {
	raw := g.src[start:end]
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return // the parser reports it, and nothing is evaluated
	}
	pieces := strings.Count(text, "\n") + strings.Count(text, "$") + strings.Count(text, "%")
	if pieces <= maxPieces && !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(text), g.name, hcl.InitialPos)
	g.scan(tokens, depth, func(hclsyntax.Token) hcl.Range { return g.at(start, end) })
}

// at returns the range from start to end, which must be on one line.
func (g *limits) at(start, end int) hcl.Range {
	before := g.src[:start]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return hcl.Range{
		Filename: g.name,
		Start:    hcl.Pos{Line: line, Column: column, Byte: start},
		End:      hcl.Pos{Line: line, Column: column + utf8.RuneCount(g.src[start:end]), Byte: end},
	}
}
