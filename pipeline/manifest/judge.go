package manifest

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// input is a file as it was read.
type input struct {
	src     []byte
	view    *view           // nil if it was not looked at
	fatal   *hcl.Diagnostic // why it was not parsed
	found   hcl.Diagnostics // by the parser
	slips   hcl.Diagnostics // those of syntax among them
	refused hcl.Diagnostics // by the limits
	foreign bool            // it is no manifest: nothing of it is read
	nested  bool            // its braces do not match: what stands in which block is not known
}

// judge says which of the files are ours, and what keeps them from being understood. Somebody who names a wrong file
// with --manifest must not find it in the log: of a file that is not ours, no word is repeated.
func (m *Module) judge() hcl.Diagnostics {
	known := slices.ContainsFunc(m.order, func(path string) bool {
		in := m.inputs[path]
		return in.view != nil && in.view.likeness() == ours
	})
	var diags hcl.Diagnostics
	for _, path := range m.order {
		in, file := m.inputs[path], m.files[path]
		like := foreign
		if in.view != nil {
			like = in.view.likeness()
		}
		if file.Bytes = nil; like == ours || like == likely && known {
			file.Bytes = in.view.bytes
		}
		file.Nav = m.around(file, len(in.found) > 0)
		in.slips = slices.DeleteFunc(slices.Clone(in.found), func(d *hcl.Diagnostic) bool { return d.Summary == redefined })
		switch {
		case in.fatal != nil && (like != foreign || !slices.Contains(in.refused, in.fatal)):
			diags = append(diags, in.fatal)
		case like == foreign:
			m.partial, in.foreign = true, true
			diags = append(diags, m.notOurs(path, in.found))
		default:
			found := m.syntax(in.found)
			for _, d := range found {
				in.nested = in.nested || misnested(d, in.src)
			}
			diags = append(append(diags, found...), without(slices.Clone(in.refused), found)...)
		}
	}
	return diags
}

// misnested reports whether a syntax error is that of a brace which is missing or
// one too many, and says so of the latter.
func misnested(d *hcl.Diagnostic, src []byte) bool {
	switch {
	case d.Summary == "Unclosed configuration block", d.Summary == "Invalid block definition":
		return true
	case d.Summary == "Argument or block definition required" && d.Subject != nil && d.Subject.Start.Byte < len(src) && src[d.Subject.Start.Byte] == '}':
		d.Summary = "Extra closing brace"
		d.Detail = "This brace does not close any block. Remove it, or remove the brace above that closes a block too early."
		return true
	}
	return false
}

// surroundings name the block that a place is in.
type surroundings struct {
	blocks []surrounding
}

// A surrounding is a block at the top level, with its name.
type surrounding struct {
	place hcl.Range
	name  string
}

// ContextString is what hcl's writer asks for.
func (s surroundings) ContextString(offset int) string {
	i := slices.IndexFunc(s.blocks, func(b surrounding) bool { return b.place.ContainsOffset(offset) })
	if i < 0 {
		return ""
	}
	return s.blocks[i].name
}

// nameOf names a block. Where the file is broken, what the parser takes for a label may be anything.
func (m *Module) nameOf(b *hclsyntax.Block, broken bool) string {
	text := b.Type
	if _, known := m.root.block(b.Type); !known {
		return text
	}
	for _, label := range b.Labels[:min(len(b.Labels), 2)] { // of a wrong block, there may be many
		if broken && !namePattern.MatchString(label) {
			return b.Type
		}
		text += fmt.Sprintf(" %q", label)
	}
	return text
}

// around is what names the surroundings of a place in a file; nil where nothing of the file is shown.
func (m *Module) around(file *hcl.File, broken bool) any {
	if file.Bytes == nil {
		return nil
	}
	if body, ok := file.Body.(*hclsyntax.Body); ok {
		s := surroundings{make([]surrounding, len(body.Blocks))} // which keep nothing of the body
		for i, b := range body.Blocks {
			s.blocks[i] = surrounding{b.Range(), m.nameOf(b, broken)}
		}
		return s
	}
	return file.Nav
}

// notOurs says that a file is another than was meant.
func (m *Module) notOurs(path string, found hcl.Diagnostics) *hcl.Diagnostic {
	place := hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos}
	if len(found) > 0 && found[0].Subject != nil {
		place = *found[0].Subject
	}
	summary, what, blocks, remedy := "Not a manifest", "manifest", "bundle, environment, function and some others", "Name the manifest, or move this file out of the manifest's folder. To create a manifest, run bundle init."
	if m.root.name != "" {
		summary, what, blocks, remedy = "Not a guard file", "guard file", "allow", "Name the guard file. To create one, run bundle init --guard."
	}
	return fault(summary, fmt.Sprintf("A %s has the blocks %s, but the file %q has none of them. Its content is not shown, because it could contain secrets. %s",
		what, blocks, path, remedy), place)
}

// redefined is how the parser calls an attribute that is there twice, which is no fault of syntax.
const redefined = "Attribute redefined"

// syntax keeps the first syntax error of a file: those after it are mostly its consequences.
func (m *Module) syntax(found hcl.Diagnostics) hcl.Diagnostics {
	var kept hcl.Diagnostics
	broken := false
	for _, d := range found {
		if d.Summary == redefined { // the parser keeps the first: nothing is lost
			if len(kept) < maxFindings {
				kept = append(kept, d)
			}
			continue
		}
		if !broken {
			kept = append(kept, unquoted(d))
		}
		broken = true
	}
	m.partial = m.partial || broken
	return kept
}

// unquoted is a syntax error without what the parser quotes of the source: where it does not understand a text, that
// may be anything.
func unquoted(d *hcl.Diagnostic) *hcl.Diagnostic {
	details := map[string]string{
		"Argument definition required":     "A block on one line can have at most one attribute, as in { name = \"…\" }, and no nested block. Write it on several lines.",
		"Invalid JSON keyword":             "This is not valid JSON. Write strings in double quotes, and numbers, true, false and null without quotes.",
		"Invalid escape sequence":          "A backslash in quotes starts an escape sequence, such as \\n, \\\" or \\u00e9. For a literal backslash, write \\\\.",
		"Invalid legacy index syntax":      "Write the index in brackets, as in list[0].",
		"Invalid template control keyword": "In quotes, %{ starts a template directive: if, else or endif. For a literal %{, write %%{.",
	}
	detail, ok := details[d.Summary]
	if !ok {
		return d
	}
	plain := *d
	plain.Detail = detail
	return &plain
}
