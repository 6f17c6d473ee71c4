package manifest

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// parsePiece is how much of a plain file is parsed at a time, in bytes: the parser takes several hundred bytes of memory
// for each token of what it parses.
const parsePiece = 16 << 10

// parsePlain parses a file that is plain, which takes a quarter of the time and half of the memory that the limits and the
// parser take otherwise. It returns nil for any other file, and for one with a mistake in it.
func parsePlain(src []byte, name string) *hcl.File {
	cuts, ok := plain(src)
	if !ok {
		return nil
	}
	whole := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, Blocks: hclsyntax.Blocks{}}
	p := &direct{src: src, name: name, line: 1, words: map[string]string{}}
	for _, cut := range append(cuts, len(src)) {
		if blocks, ok := p.blocks(cut); ok {
			whole.Blocks = append(whole.Blocks, blocks...)
			whole.EndRange = p.from(p.pos())
			continue
		}
		file, diags := hclsyntax.ParseConfig(src[p.at:cut], name, p.pos())
		if len(diags) > 0 {
			return nil
		}
		body := file.Body.(*hclsyntax.Body)
		if len(body.Attributes) > 0 { // which no file of ours has
			return nil
		}
		whole.Blocks = append(whole.Blocks, body.Blocks...)
		whole.EndRange = body.EndRange
		p.skip(cut)
	}
	whole.SrcRange = hcl.Range{Filename: name, Start: hcl.InitialPos, End: whole.EndRange.End}
	return &hcl.File{Body: whole, Bytes: src}
}

// viewPlain makes a view of a plain file, in pieces like parsePlain: tokens take as much memory as what is parsed.
func viewPlain(src []byte, name string, root *blockSpec) *view {
	cuts, _ := plain(src)
	v := &view{src: src, bytes: bytes.Clone(src)}
	start := 0
	for _, cut := range append(cuts, len(src)) {
		v.tokens, _ = hclsyntax.LexConfig(src[start:cut], name, hcl.Pos{Line: 1, Column: 1, Byte: start})
		v.body(0, root, true)
		start = cut
	}
	v.tokens = nil
	return v
}

// A plainFrame is an open bracket of a plain file.
type plainFrame struct {
	opener byte // of { [ ( and $, for a template in a string
	steps  int  // see frame
}

// plain reports whether a file has only what most manifests have: blocks, attributes, strings, numbers, lists, objects,
// calls, names, templates that name something, and comments that run to the end of the line, all within the limits. It
// knows less of HCL than the lexer, and says no to what it does not know. Of a plain file, cuts are offsets of lines that
// begin behind a whole block.
func plain(src []byte) (cuts []int, ok bool) {
	p := plainScanner{src: src, stack: make([]plainFrame, 1, 16)}
	for p.at < len(src) {
		if !p.next() {
			return nil, false
		}
	}
	return p.cuts, len(p.stack) == 1
}

type plainScanner struct {
	src   []byte
	at    int
	stack []plainFrame // the outermost frame is the file
	depth int          // as in nesting
	last  byte         // the last byte that is neither space nor comment
	cuts  []int
}

func (p *plainScanner) top() *plainFrame { return &p.stack[len(p.stack)-1] }

// peek is the byte n places ahead, 0 behind the end.
func (p *plainScanner) peek(n int) byte {
	if p.at+n < len(p.src) {
		return p.src[p.at+n]
	}
	return 0
}

// next goes past what begins here, and reports whether it is plain.
func (p *plainScanner) next() bool {
	switch c := p.src[p.at]; {
	case c == ' ', c == '\t':
		p.at++
		return true
	case c == '\n', c == '\r' && p.peek(1) == '\n':
		return p.line()
	case c == '#', c == '/' && p.peek(1) == '/':
		return p.comment()
	case isWord(c) && !isDigit(c):
		return p.name()
	case isDigit(c):
		return p.number()
	case c == '"':
		p.at++
		return p.text()
	case c == '{', c == '[', c == '(':
		p.stack = append(p.stack, plainFrame{opener: c})
		return p.pass(c, 1)
	case c == '}', c == ']', c == ')':
		return p.close(c)
	case c == ',':
		p.depth -= p.top().steps
		p.top().steps = 0
		return p.pass(c, 0)
	case c == '=' && (p.peek(1) == '=' || p.peek(1) == '>'):
		return false
	case c == '=', c == ':' && p.peek(1) != ':', c == '.' && p.peek(1) != '.':
		return p.pass(c, 0)
	}
	return false
}

// pass goes past one byte, which nests so much deeper.
func (p *plainScanner) pass(c byte, deeper int) bool {
	p.last = c
	p.at++
	p.depth += deeper
	return p.depth <= maxDepth
}

func (p *plainScanner) line() bool {
	top := p.top()
	switch top.opener {
	case '$':
		return false // a template of several lines
	case 0, '{':
		p.depth -= top.steps
		top.steps = 0
	}
	p.at = p.at + bytes.IndexByte(p.src[p.at:], '\n') + 1
	start := 0
	if len(p.cuts) > 0 {
		start = p.cuts[len(p.cuts)-1]
	}
	if len(p.stack) == 1 && p.last == '}' && p.at-start >= parsePiece {
		p.cuts = append(p.cuts, p.at)
	}
	return true
}

// comment goes to the end of a comment's line.
func (p *plainScanner) comment() bool {
	if p.top().opener == '$' {
		return false
	}
	if end := bytes.IndexByte(p.src[p.at:], '\n'); end >= 0 {
		p.at += end
	} else {
		p.at = len(p.src)
	}
	return true
}

func (p *plainScanner) name() bool {
	start := p.at
	for p.at < len(p.src) && (isWord(p.src[p.at]) || p.src[p.at] == '-') {
		p.at++
	}
	p.last = 'a'
	return string(p.src[start:p.at]) != "for"
}

func (p *plainScanner) number() bool {
	start := p.at
	for p.at < len(p.src) && isDigit(p.src[p.at]) {
		p.at++
	}
	p.last = '0'
	if p.src[start] == '0' && p.at > start+1 {
		return false // it is refused
	}
	return p.at-start <= maxDigits && !isWord(p.peek(0)) && p.peek(0) != '.'
}

// maxPlainSigns is how many dollar signs a string of a plain file can have between its templates: with maxDepth templates,
// those are no more than maxPieces.
const maxPlainSigns = 2

// text goes to the end of a string, or to the beginning of a template in it.
func (p *plainScanner) text() bool {
	signs := 0
	for ; p.at < len(p.src); p.at++ {
		switch p.src[p.at] {
		case '"':
			return p.pass('"', 0)
		case '\\':
			if p.at++; p.peek(0) < ' ' {
				return false
			}
		case '\n', '\r', '%':
			return false
		case '$':
			if signs++; signs > maxPlainSigns || p.peek(1) == '$' {
				return false
			}
			if p.peek(1) == '{' {
				p.at++
				p.stack = append(p.stack, plainFrame{opener: '$'})
				return p.pass('{', 1)
			}
		}
	}
	return false
}

// close goes past what closes the innermost frame.
func (p *plainScanner) close(c byte) bool {
	top := *p.top()
	switch {
	case c == '}' && top.opener == '$':
		p.stack = p.stack[:len(p.stack)-1]
		p.depth -= top.steps + 1
		p.top().steps++ // the templates of a string are counted like its pieces
		p.depth++
		return p.pass('"', 0) && p.text()
	case c == '}' && top.opener != '{', c == ']' && top.opener != '[', c == ')' && top.opener != '(':
		return false
	}
	p.stack = p.stack[:len(p.stack)-1]
	p.depth -= top.steps + 1
	if c == ']' {
		p.top().steps++
		return p.pass(c, 1)
	}
	return p.pass(c, 0)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || isDigit(c)
}
