package manifest

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A direct parser makes what hclsyntax.ParseConfig makes of blocks whose lines are in ASCII and have an attribute each, or
// the beginning or end of a block. It gives up on everything else, and on every mistake. The parser of HCL makes tokens
// first, for which it takes several times as long.
type direct struct {
	src   []byte
	name  string // of the file
	at    int
	end   int // of the piece to parse
	line  int
	first int               // where the line begins
	words map[string]string // types of blocks and names of attributes, each once
}

// blocks parses the piece from p.at to end, where a line begins. If it gives up, it returns false and stays where it was.
func (p *direct) blocks(end int) (hclsyntax.Blocks, bool) {
	p.end, p.first = end, p.at
	before := *p
	body := hclsyntax.Body{Attributes: hclsyntax.Attributes{}}
	if !p.items(&body) || p.at < p.end || len(body.Attributes) > 0 {
		*p = before
		return nil, false
	}
	return body.Blocks, true
}

// skip goes past what another parser parsed, up to a place where a line begins.
func (p *direct) skip(end int) {
	p.line += bytes.Count(p.src[p.at:end], []byte{'\n'})
	p.at, p.first = end, end
}

func (p *direct) pos() hcl.Pos { return hcl.Pos{Line: p.line, Column: p.at - p.first + 1, Byte: p.at} }

func (p *direct) from(start hcl.Pos) hcl.Range {
	return hcl.Range{Filename: p.name, Start: start, End: p.pos()}
}

// next is the next byte behind spaces, 0 at the end.
func (p *direct) next() byte {
	for ; p.at < p.end; p.at++ {
		if c := p.src[p.at]; c != ' ' && c != '\t' {
			return c
		}
	}
	return 0
}

// newline goes past the end of a line with the comment before it, or stays at the end of the piece.
func (p *direct) newline() bool {
	switch c := p.next(); {
	case p.at == p.end:
		return true
	case c == '\n', c == '#', c == '/' && bytes.HasPrefix(p.src[p.at:p.end], []byte("//")):
		length := bytes.IndexByte(p.src[p.at:p.end], '\n')
		if length < 0 {
			return false
		}
		p.at += length + 1
		p.line++
		p.first = p.at
		return true
	}
	return false
}

// items adds the items of a body, up to a closing brace or the end of the piece.
func (p *direct) items(body *hclsyntax.Body) bool {
	body.Blocks = hclsyntax.Blocks{} // not nil, as HCL makes it
	for {
		switch c := p.next(); {
		case p.at == p.end, c == '}':
			return true
		case isWord(c) && !isDigit(c):
			name, place := p.word()
			if p.next() == '=' {
				if !p.attribute(body, name, place) || !p.newline() {
					return false
				}
				continue
			}
			b := p.block(name, place)
			if b == nil || !p.newline() {
				return false
			}
			body.Blocks = append(body.Blocks, b)
		case !p.newline():
			return false
		}
	}
}

func (p *direct) word() (string, hcl.Range) {
	start := p.pos()
	for p.at < p.end && (isWord(p.src[p.at]) || p.src[p.at] == '-') {
		p.at++
	}
	name, ok := p.words[string(p.src[start.Byte:p.at])]
	if !ok {
		name = string(p.src[start.Byte:p.at])
		p.words[name] = name
	}
	return name, p.from(start)
}

// sign goes past one byte.
func (p *direct) sign() hcl.Range {
	start := p.pos()
	p.at++
	return p.from(start)
}

// block parses a block from its labels on. It returns nil if it gives up.
func (p *direct) block(kind string, place hcl.Range) *hclsyntax.Block {
	made := &struct {
		hclsyntax.Block
		body hclsyntax.Body
	}{Block: hclsyntax.Block{Type: kind, TypeRange: place}}
	b := &made.Block
	b.Body = &made.body
	for p.next() == '"' {
		label, _, place, ok := p.text()
		if !ok {
			return nil
		}
		b.Labels, b.LabelRanges = append(b.Labels, label), append(b.LabelRanges, place)
	}
	if p.next() != '{' {
		return nil
	}
	b.OpenBraceRange = p.sign()
	b.Body.Attributes = hclsyntax.Attributes{}
	c := p.next()
	inline := isWord(c) && !isDigit(c) // one attribute, on the line of the braces
	if inline {
		name, place := p.word()
		if p.next() != '=' || !p.attribute(b.Body, name, place) {
			return nil
		}
		b.Body.SrcRange = b.Body.Attributes[name].SrcRange
	} else if !p.items(b.Body) {
		return nil
	}
	if p.next() != '}' {
		return nil
	}
	b.CloseBraceRange = p.sign()
	if !inline {
		b.Body.SrcRange = hcl.RangeBetween(b.OpenBraceRange, b.CloseBraceRange)
	}
	b.Body.EndRange = hcl.Range{Filename: p.name, Start: b.Body.SrcRange.End, End: b.Body.SrcRange.End}
	return b
}

// attribute parses an attribute from its equals sign on.
func (p *direct) attribute(body *hclsyntax.Body, name string, place hcl.Range) bool {
	a := &hclsyntax.Attribute{Name: name, NameRange: place, EqualsRange: p.sign()}
	p.next()
	if a.Expr = p.value(); a.Expr == nil {
		return false
	}
	a.SrcRange = p.from(place.Start)
	if body.Attributes[name] != nil {
		return false
	}
	body.Attributes[name] = a
	return true
}

// text goes past a string in quotes without templates and escapes. inside is the place of what is between the quotes.
func (p *direct) text() (s string, inside, place hcl.Range, ok bool) {
	start := p.pos()
	for i := p.at + 1; i < p.end; i++ {
		switch c := p.src[i]; {
		case c == '"':
			p.at = i + 1
			place = p.from(start)
			inside = place
			inside.Start.Column, inside.Start.Byte = inside.Start.Column+1, inside.Start.Byte+1
			inside.End.Column, inside.End.Byte = inside.End.Column-1, inside.End.Byte-1
			return string(p.src[start.Byte+1 : i]), inside, place, true
		case !isText(c):
			return "", inside, place, false
		}
	}
	return "", inside, place, false
}

// isText reports whether a byte in a string stands for itself.
func isText(c byte) bool {
	return ' ' <= c && c <= '~' && c != '"' && c != '\\' && c != '$' && c != '%'
}

// value parses an attribute's value. It returns nil if it gives up.
func (p *direct) value() hclsyntax.Expression {
	before := p.at
	for _, parse := range [...]func(*direct) hclsyntax.Expression{(*direct).literal, (*direct).template, (*direct).expression} {
		if expr := parse(p); expr != nil && p.ends() {
			return expr
		}
		p.at = before
	}
	return nil
}

// ends reports whether an attribute's value can end here.
func (p *direct) ends() bool {
	before := p.at
	c := p.next()
	comment := c == '#' || bytes.HasPrefix(p.src[p.at:p.end], []byte("//"))
	p.at = before
	return c == '\n' || c == '}' || comment
}

// literal parses a value that is a string like that of text, and not empty.
func (p *direct) literal() hclsyntax.Expression {
	if p.at == p.end || p.src[p.at] != '"' {
		return nil
	}
	s, inside, place, ok := p.text()
	if !ok || s == "" {
		return nil
	}
	made := &struct {
		hclsyntax.TemplateExpr
		text  hclsyntax.LiteralValueExpr
		parts [1]hclsyntax.Expression
	}{text: hclsyntax.LiteralValueExpr{Val: cty.StringVal(s), SrcRange: inside}}
	made.parts[0] = &made.text
	made.TemplateExpr = hclsyntax.TemplateExpr{Parts: made.parts[:], SrcRange: place}
	return &made.TemplateExpr
}

// template parses a value that is a string, and not empty, in which every template is a name like ${local.x}.
func (p *direct) template() hclsyntax.Expression {
	if p.at == p.end || p.src[p.at] != '"' {
		return nil
	}
	start := p.pos()
	p.at++
	var parts []hclsyntax.Expression
	for p.at < p.end && p.src[p.at] != '"' {
		begin := p.pos()
		for p.at < p.end && isText(p.src[p.at]) {
			p.at++
		}
		if p.at > begin.Byte {
			parts = append(parts, &hclsyntax.LiteralValueExpr{Val: cty.StringVal(string(p.src[begin.Byte:p.at])), SrcRange: p.from(begin)})
		} else if name := p.reference(); name != nil {
			parts = append(parts, name)
		} else {
			return nil
		}
	}
	if p.at == p.end || len(parts) == 0 {
		return nil
	}
	p.at++
	if name, ok := parts[0].(*hclsyntax.ScopeTraversalExpr); ok && len(parts) == 1 {
		return &hclsyntax.TemplateWrapExpr{Wrapped: name, SrcRange: p.from(start)}
	}
	return &hclsyntax.TemplateExpr{Parts: parts, SrcRange: p.from(start)}
}

// reference parses a template that is a name. It returns nil if it gives up.
func (p *direct) reference() *hclsyntax.ScopeTraversalExpr {
	if !bytes.HasPrefix(p.src[p.at:p.end], []byte("${")) {
		return nil
	}
	p.at += len("${")
	begin := p.pos()
	root, place := p.word()
	if root == "" || isDigit(root[0]) || root[0] == '-' || root == "true" || root == "false" || root == "null" || root == "for" {
		return nil
	}
	steps := hcl.Traversal{hcl.TraverseRoot{Name: root, SrcRange: place}}
	for p.at < p.end && p.src[p.at] == '.' {
		dot := p.sign()
		name, _ := p.word()
		if name == "" || isDigit(name[0]) || name[0] == '-' {
			return nil
		}
		steps = append(steps, hcl.TraverseAttr{Name: name, SrcRange: p.from(dot.Start)})
	}
	name := &hclsyntax.ScopeTraversalExpr{Traversal: steps, SrcRange: p.from(begin)}
	if p.at == p.end || p.src[p.at] != '}' {
		return nil
	}
	p.at++
	return name
}

// expression lets HCL parse a value of one line.
func (p *direct) expression() hclsyntax.Expression {
	text := bytes.TrimRight(p.valueText(), " \t")
	if len(text) == 0 {
		return nil
	}
	expr, diags := hclsyntax.ParseExpression(text, p.name, p.pos())
	if len(diags) > 0 {
		return nil
	}
	p.at += len(text)
	return expr
}

// valueText returns the text from p.at to the end of a value of one line, nil if it does not find the end.
func (p *direct) valueText() []byte {
	depth, quoted := 0, false
	for i := p.at; i < p.end; i++ {
		switch c := p.src[i]; {
		case c > '~', c < ' ' && c != '\t' && c != '\n', c == '\\', c == '%':
			return nil
		case c == '"':
			quoted = !quoted
		case quoted && c == '{' && p.src[i-1] == '$':
			length := bytes.IndexAny(p.src[i+1:p.end], "\"{}\n")
			if length < 0 || p.src[i+1+length] != '}' {
				return nil
			}
			i += 1 + length
		case quoted && c == '\n':
			return nil
		case quoted:
		case c == '[', c == '(', c == '{':
			depth++
		case depth > 0 && (c == ']' || c == ')' || c == '}'):
			depth--
		case depth > 0 && (c == '\n' || c == '#' || c == '/'):
			return nil
		case c == '\n', c == '#', c == '/', c == '}':
			return p.src[p.at:i]
		}
	}
	return nil
}
