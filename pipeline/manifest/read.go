package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// block is a block of the manifest, checked against the schema.
type block struct {
	spec   *blockSpec
	label  Text
	header hcl.Range
	attrs  attributes
	blocks []*block
	// partial is set if a part of the block was not understood. Then nothing is reported as missing in it.
	partial bool
}

// attributes are attributes with different names. A block has few, so that looking for one takes less than a map.
type attributes []*hcl.Attribute

// named returns the attribute with a name, or nil.
func (all attributes) named(name string) *hcl.Attribute {
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// listed returns attributes in source order.
func listed(attrs hcl.Attributes) attributes {
	return slices.SortedFunc(maps.Values(attrs), func(x, y *hcl.Attribute) int { return cmp.Compare(x.Range.Start.Byte, y.Range.Start.Byte) })
}

func labels(blocks []*block) []string {
	names := make([]string, len(blocks))
	for i, b := range blocks {
		names[i] = b.label.Value
	}
	return names
}

// named identifies a block with a label.
type named struct{ kind, label string }

// find returns the block of a kind (variable, environment, group or function) with a label, or nil.
func (m *Module) find(kind, label string) *block { return m.index[named{kind, label}] }

// reader checks files against the schema, and adds their blocks to a module.
type reader struct {
	m *Module
	findings
}

// file adds the blocks of one file.
func (r *reader) file(body hcl.Body) {
	root := r.body(body, r.m.root)
	r.m.partial = r.m.partial || root.partial
	for _, b := range root.blocks {
		switch b.spec.name {
		case "bundle":
			r.once(&r.m.bundle, b)
		case "defaults":
			r.once(&r.m.defaults, b)
		case "locals":
			r.locals(b)
		case "variable":
			r.add(&r.m.variables, b)
		case "environment":
			r.add(&r.m.environments, b)
		case "group":
			r.add(&r.m.groups, b)
		case "function":
			r.add(&r.m.functions, b)
		}
	}
}

func (r *reader) once(at **block, b *block) {
	if *at != nil {
		r.report(fault("Duplicate block",
			fmt.Sprintf("A manifest can have only one %s block, and the other one is at %s. Merge the two.", b.spec.name, (*at).header), b.header))
		return
	}
	*at = b
}

func (r *reader) add(list *[]*block, b *block) {
	key := named{b.spec.name, b.label.Value}
	if other := r.m.index[key]; other != nil {
		r.report(fault("Duplicate name",
			fmt.Sprintf("The %s %q is already declared at %s. Rename one of the two, or merge them.", b.spec.name, b.label.Value, other.header), b.label.Range, b.header))
		return
	}
	if problem := badName(b.spec.name, b.label.Value); problem != "" {
		r.report(fault("Invalid name", problem, b.label.Range, b.header))
	}
	r.m.index[key] = b
	*list = append(*list, b)
}

func (r *reader) locals(b *block) {
	for _, a := range b.attrs {
		name := a.Name
		if other := r.m.locals[name]; other != nil {
			r.report(fault("Duplicate local", fmt.Sprintf("The local %q is already declared at %s. Rename one of the two.", name, other.NameRange), a.NameRange, a.Range))
			continue
		}
		if !hclsyntax.ValidIdentifier(name) {
			r.report(fault("Invalid local name", fmt.Sprintf("The name %q cannot be used in an expression. Use letters, digits and underscores, starting with a letter.", name), a.NameRange, a.Range))
		}
		r.m.locals[name] = a
		r.m.localOrder = append(r.m.localOrder, name)
	}
}

// body reads what spec allows in a body and reports the rest.
func (r *reader) body(body hcl.Body, spec *blockSpec) *block {
	b := &block{spec: spec}
	before := r.count()
	if spec.open {
		attrs, diags := body.JustAttributes() // diags are about blocks
		b.attrs = listed(attrs)
		if !r.m.broken(body.MissingItemRange()) {
			r.report(diags...)
		}
		r.m.partial = r.m.partial || diags.HasErrors() // they may contain what seems to be missing
		return b
	}
	var blocks hcl.Blocks
	if native, ok := body.(*hclsyntax.Body); ok {
		r.native(native, spec)
		b.attrs, blocks = nativeContent(native, spec)
	} else {
		content, rest, diags := body.PartialContent(hclSchema(spec))
		b.attrs, blocks = listed(content.Attributes), content.Blocks
		blocks = slices.DeleteFunc(blocks, func(b *hcl.Block) bool { return len(b.Labels) > 0 && b.Labels[0] == comment })
		r.json(rest, spec)
		if in := r.m.inputs[body.MissingItemRange().Filename]; in != nil {
			diags = slices.DeleteFunc(diags, in.blocks.ignores)
		}
		r.report(diags...)
	}
	b.partial = r.count() > before
	if len(blocks) > 0 {
		b.blocks = make([]*block, 0, len(blocks))
	}
	for _, inner := range blocks {
		b.blocks = append(b.blocks, r.block(inner, spec))
	}
	return b
}

// nativeContent is what spec knows of a native body: attributes, and blocks with as many labels as they have to have.
func nativeContent(body *hclsyntax.Body, spec *blockSpec) (attributes, hcl.Blocks) {
	var attrs attributes
	for name, a := range body.Attributes {
		if _, ok := spec.attr(name); ok {
			attrs = append(attrs, a.AsHCLAttribute())
		}
	}
	var blocks hcl.Blocks
	for _, b := range body.Blocks {
		if inner, ok := spec.block(b.Type); ok && (len(b.Labels) == 1) == (inner.label != "") && len(b.Labels) <= 1 {
			blocks = append(blocks, b.AsHCLBlock())
		}
	}
	return attrs, blocks
}

// block reads a block of a body with the schema outer.
func (r *reader) block(inner *hcl.Block, outer *blockSpec) *block {
	spec, _ := outer.block(inner.Type)
	b := r.body(inner.Body, spec)
	b.header = inner.DefRange
	if _, native := inner.Body.(*hclsyntax.Body); !native {
		b.header = inner.TypeRange // the header of a JSON block is only a brace
	}
	if len(inner.Labels) > 0 {
		b.label = Text{inner.Labels[0], inner.LabelRanges[0]}
		if b.header == inner.TypeRange {
			b.header = b.label.Range
		}
	}
	if spec.name == "secret" {
		if problem := badSecretName(b.label.Value); problem != "" {
			r.report(fault("Invalid secret name", problem, b.label.Range, b.header))
		}
	}
	for _, a := range spec.attrs {
		if a.required && b.attrs.named(a.name) == nil && !b.partial && !r.m.partial && !slices.Contains(spec.later, a.name) {
			r.report(missing(b, a.name))
		}
	}
	if len(spec.either) > 0 && !b.partial && !r.m.partial && !slices.ContainsFunc(spec.either, func(name string) bool { return b.attrs.named(name) != nil }) {
		r.report(missingSource(b))
	}
	return b
}

func hclSchema(spec *blockSpec) *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, a := range spec.attrs {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: a.name})
	}
	for _, b := range spec.blocks {
		header := hcl.BlockHeaderSchema{Type: b.name}
		if b.label != "" {
			header.LabelNames = []string{b.label}
		}
		schema.Blocks = append(schema.Blocks, header)
	}
	return schema
}

func missing(b *block, attr string) *hcl.Diagnostic {
	return fault("Missing attribute", fmt.Sprintf("This %s needs %s. Add the line: %s = \"…\".", blockTitle(b.spec), attr, attr), b.header)
}

// missingSource reports a block without any of the attributes that say where secrets come from.
func missingSource(b *block) *hcl.Diagnostic {
	store, manager := b.spec.either[0], b.spec.either[1]
	example := "\"…\""
	if a, _ := b.spec.attr(store); a.kind == listKind {
		example = "[\"…\"]"
	}
	return fault("Missing attribute", fmt.Sprintf("This %s needs %s or %s. Add a line: %[2]s = %[4]s for Parameter Store, or %[3]s = %[4]s for Secrets Manager.",
		blockTitle(b.spec), store, manager, example), b.header)
}

func blockTitle(spec *blockSpec) string {
	if spec.label != "" {
		return spec.name
	}
	return spec.name + " block"
}

// native reports the attributes and blocks of a body that are not in spec, and missing or extra labels.
func (r *reader) native(body *hclsyntax.Body, spec *blockSpec) {
	var strange []*hclsyntax.Attribute
	for name, a := range body.Attributes {
		if _, ok := spec.attr(name); !ok && !r.m.broken(a.SrcRange) {
			strange = append(strange, a)
		}
	}
	slices.SortFunc(strange, func(x, y *hclsyntax.Attribute) int { return cmp.Compare(x.SrcRange.Start.Byte, y.SrcRange.Start.Byte) })
	for _, a := range strange {
		r.report(unknown(spec, a.Name, a.NameRange, a.SrcRange, false))
	}
	strays := 0
	for _, b := range body.Blocks {
		inner, ok := spec.block(b.Type)
		_, ofRoot := r.m.root.block(b.Type)
		switch {
		case !ok && ofRoot:
			if strays++; strays == 1 && !r.m.broken(b.TypeRange) {
				r.report(stray(spec, b))
			}
			r.m.partial = true // it may contain what seems to be missing
		case r.m.broken(b.TypeRange):
		case !ok:
			r.report(unknown(spec, b.Type, b.TypeRange, b.DefRange(), true))
		case inner.label == "" && len(b.Labels) > 0:
			r.report(fault("Label not allowed", fmt.Sprintf("A %s block cannot have a label. Write %s { … }.", b.Type, b.Type), b.LabelRanges[0], b.DefRange()))
		case inner.label != "" && len(b.Labels) == 0:
			r.report(fault("Missing label", fmt.Sprintf("A %s block needs a name. Write %s %q { … }.", b.Type, b.Type, inner.label), b.TypeRange, b.DefRange()))
		case len(b.Labels) > 1:
			r.report(fault("Label not allowed", fmt.Sprintf("A %s block has exactly one label, its name. Write %s %q { … }.", b.Type, b.Type, cmp.Or(namePattern.FindString(b.Labels[0]), inner.label)), b.LabelRanges[1], b.DefRange()))
		}
	}
}

// stray reports a top-level block inside another block. Usually, the other block's closing brace is missing, or there is
// an extra brace further down. All following blocks are inside it too, so it is reported once.
func stray(spec *blockSpec, b *hclsyntax.Block) *hcl.Diagnostic {
	return fault(fmt.Sprintf("Block %q inside another", b.Type),
		fmt.Sprintf("The enclosing %s is still open here. Add a closing brace before this line, and remove the extra one further down.", blockTitle(spec)), b.TypeRange, b.DefRange())
}

// broken reports whether a place is at or after the first syntax error of its file, or in its context. That error has been
// reported, and what is read there may be in the wrong block.
func (m *Module) broken(place hcl.Range) bool {
	return m.slip(place, func(at hcl.Range) bool { return place.End.Byte >= at.Start.Byte })
}

// spoiled reports whether there is a syntax error in a place or next to it.
func (m *Module) spoiled(place hcl.Range) bool {
	return m.slip(place, func(at hcl.Range) bool { return place.End.Byte >= at.Start.Byte && place.Start.Byte <= at.End.Byte })
}

func (m *Module) slip(place hcl.Range, reaches func(at hcl.Range) bool) bool {
	in := m.inputs[place.Filename]
	return in != nil && slices.ContainsFunc(in.slips, func(d *hcl.Diagnostic) bool {
		return d.Subject != nil && reaches(*d.Subject) || d.Context != nil && d.Context.Overlaps(place)
	})
}

// json reports the properties of a JSON body that are not in spec. rest is the body without those that are.
func (r *reader) json(rest hcl.Body, spec *blockSpec) {
	attrs, diags := rest.JustAttributes()
	if diags.HasErrors() { // an array of objects in the place of an object
		_, diags = rest.Content(&hcl.BodySchema{})
		r.report(diags...)
		return
	}
	for _, a := range listed(attrs) {
		switch {
		case !spec.file || a.Name != schemaAddress:
			r.report(unknown(spec, a.Name, a.NameRange, a.Range, false))
		case !isString(a.Expr):
			r.report(fault("Wrong type", "$schema must be a string: the address of the JSON schema that an editor checks this file with.", a.Expr.Range(), a.Range))
		}
	}
}

// schemaAddress is the name of a property of a whole file in JSON that editors read, and that has no meaning here.
const schemaAddress = "$schema"

// isString reports whether an expression in JSON is a string. It does not evaluate it.
func isString(expr hcl.Expression) bool {
	v, diags := expr.Value(nil)
	return !diags.HasErrors() && v.Type() == cty.String
}

// unknown returns what to write instead of an attribute or block that is not in spec.
func unknown(spec *blockSpec, name string, subject, context hcl.Range, isBlock bool) *hcl.Diagnostic {
	if detail := refusedAttributes()[name]; detail != "" && spec.name != "variable" {
		return fault(fmt.Sprintf("Attribute %q not allowed", name), detail, subject, context)
	}
	if inner, ok := spec.block(name); ok {
		header := name
		if inner.label != "" {
			header += fmt.Sprintf(" %q", inner.label)
		}
		return fault(fmt.Sprintf("Block, not attribute: %q", name), fmt.Sprintf("Write it without an equals sign: %s { … }.", header), subject, context)
	}
	if a, ok := spec.attr(name); ok {
		example := "…"
		if a.kind == objectKind {
			example = "{ … }"
		}
		return fault(fmt.Sprintf("Attribute, not block: %q", name), fmt.Sprintf("Write it with an equals sign: %s = %s.", name, example), subject, context)
	}
	summary := fmt.Sprintf("Unknown attribute %q", name)
	if isBlock {
		summary = fmt.Sprintf("Unknown block %q", name)
	}
	return fault(summary, unknownDetail(spec, name), subject, context)
}

func unknownDetail(spec *blockSpec, name string) string {
	var attrs, blocks []string
	for _, a := range spec.attrs {
		attrs = append(attrs, a.name)
	}
	for _, b := range spec.blocks {
		blocks = append(blocks, b.name)
	}
	place := "A manifest"
	switch {
	case spec.name == "guard file":
		place = "A guard file"
	case spec.name != "":
		place = "A " + spec.name + " block"
		if strings.ContainsAny(spec.name[:1], "ae") {
			place = "An " + spec.name + " block"
		}
	}
	if len(attrs) == 0 && len(blocks) == 0 {
		return place + " has no attributes or blocks. Remove this line."
	}
	detail := place + " has"
	if len(attrs) > 0 {
		detail += " the attributes " + strings.Join(attrs, ", ")
	}
	if len(blocks) > 0 {
		if len(attrs) > 0 {
			detail += ", and"
		}
		detail += " the blocks " + strings.Join(blocks, ", ")
	}
	return detail + "." + didYouMean(name, append(attrs, blocks...))
}
