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
	view    *view           // nil if it was not examined
	plain   bool            // parsed by parsePlain
	shown   bool            // diagnostics may quote it
	fatal   *hcl.Diagnostic // why it was not parsed
	found   hcl.Diagnostics // by the parser
	slips   hcl.Diagnostics // the syntax errors among them
	refused hcl.Diagnostics // by the limits
	blocks  jsonBlocks      // of JSON
	foreign bool            // not a manifest: nothing in it is used
	nested  bool            // its braces do not match, so it is not known which block contains what
}

// judge finds out which files are manifests, and reports what keeps them from being parsed. If a user names the wrong
// file with --manifest, its content must not appear in the log, so no message quotes a file that is not a manifest.
func (m *Module) judge() hcl.Diagnostics {
	known := slices.ContainsFunc(m.order, func(path string) bool {
		return m.likeness(path) == ours
	})
	var diags hcl.Diagnostics
	for _, path := range m.order {
		in, file := m.inputs[path], m.files[path]
		like := m.likeness(path)
		in.shown = like == ours || like == likely && known
		if file.Bytes = nil; in.shown && !in.plain {
			file.Bytes = in.view.bytes
		}
		if in.shown {
			file.Nav = m.around(file, len(in.found) > 0)
		} else {
			file.Nav = nil
		}
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
			diags = append(append(append(diags, found...), without(slices.Clone(in.refused), found)...), in.blocks.dropped...)
			m.partial = m.partial || len(in.blocks.dropped) > 0
		}
	}
	return diags
}

// likeness returns what a file looks like.
func (m *Module) likeness(path string) likeness {
	in := m.inputs[path]
	switch {
	case in.plain:
		return m.plainLikeness(m.files[path], in.src)
	case in.view != nil:
		return in.view.likeness()
	}
	return foreign
}

// plainLikeness returns what a plain file looks like, without its tokens.
func (m *Module) plainLikeness(file *hcl.File, src []byte) likeness {
	v := &view{}
	for _, b := range file.Body.(*hclsyntax.Body).Blocks {
		_, known := m.root.block(b.Type)
		quoted := slices.ContainsFunc(b.LabelRanges, func(r hcl.Range) bool { return src[r.Start.Byte] == '"' })
		v.evident(b.Type, known, len(b.Labels) == 0, quoted)
	}
	return v.likeness()
}

// misnested reports whether a syntax error is about a missing or an extra brace. For an extra brace, it rewrites the
// error.
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

// surroundings has the top-level blocks of a file, to name the block of a place.
type surroundings struct {
	blocks []surrounding
}

// A surrounding is a top-level block and its name.
type surrounding struct {
	place hcl.Range
	name  string
}

// ContextString returns the name of the block at an offset, for HCL's diagnostic writer.
func (s surroundings) ContextString(offset int) string {
	i := slices.IndexFunc(s.blocks, func(b surrounding) bool { return b.place.ContainsOffset(offset) })
	if i < 0 {
		return ""
	}
	return s.blocks[i].name
}

// nameOf names a block. If the file is broken, what the parser considers a label may be anything.
func (m *Module) nameOf(b *hclsyntax.Block, broken bool) string {
	spec, known := m.root.block(b.Type)
	if !known || spec.label == "" || len(b.Labels) == 0 || broken && !namePattern.MatchString(b.Labels[0]) {
		return b.Type
	}
	return b.Type + fmt.Sprintf(" %q", b.Labels[0]) // an invalid block may have more
}

// around returns what names the block of a place in a file.
func (m *Module) around(file *hcl.File, broken bool) any {
	if body, ok := file.Body.(*hclsyntax.Body); ok {
		s := surroundings{make([]surrounding, len(body.Blocks))} // a copy, so that the body can be freed
		for i, b := range body.Blocks {
			s.blocks[i] = surrounding{b.Range(), m.nameOf(b, broken)}
		}
		return s
	}
	return file.Nav
}

// notOurs reports that a file is not a manifest, or not a guard file.
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

// redefined is the parser's summary for a duplicate attribute, which is not a syntax error.
const redefined = "Attribute redefined"

// syntax keeps only the first syntax error of a file, because it usually causes the others.
func (m *Module) syntax(found hcl.Diagnostics) hcl.Diagnostics {
	var kept hcl.Diagnostics
	broken := false
	for _, d := range found {
		if d.Summary == redefined { // the parser keeps the first one, so nothing is lost
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

// unquoted removes what the parser quotes of the source from a syntax error, because a string that the parser does not
// understand may be anything.
func unquoted(d *hcl.Diagnostic) *hcl.Diagnostic {
	details := map[string]string{
		"Argument definition required":     "A block on one line can have at most one attribute, as in { name = \"…\" }, and no nested block. Write it on several lines.",
		"Invalid JSON number":              "A number in JSON cannot begin with 0. Write account IDs and versions as strings, in quotes.",
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
