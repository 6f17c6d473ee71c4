package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSchemasAreOfTheDecoder compares the JSON schemas with what the decoder's tables and the documentation make.
func TestSchemasAreOfTheDecoder(t *testing.T) {
	for name, c := range map[string]struct {
		root         *blockSpec
		title, pages string
	}{
		"manifest": {rootSpec(), "bundle manifest", "manifest.md"},
		"guard":    {guardSpec(), "bundle guard file", "guard.md"},
	} {
		made, err := json.MarshalIndent(schemaOf(t, name, c.root, c.title, c.pages), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, '\n')
		path := filepath.Join("schemas", name+".json")
		if *update {
			if err := os.WriteFile(path, made, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if !bytes.Equal(made, JSONSchema(name == "guard")) {
			t.Errorf("%s is not what the decoder and docs/%s say (go test -update rewrites it)", path, c.pages)
		}
	}
}

// An object is a JSON object, for which the order of the members makes no difference.
type object map[string]any

// A schemaMaker makes the JSON schema of a kind of file. HCL reads JSON in more forms than one
// (https://github.com/hashicorp/hcl/blob/main/json/spec.md): the body of a block is an object, or a list of objects that are
// merged; blocks of one type are an object or a list; between the type and the bodies of blocks with names are an object, or a
// list of objects, with a property for each name. All of these are in the schema, since an editor must not mark what bundle
// accepts. The keywords of objects say nothing about lists and null, so that no schema needs a choice (anyOf), of which
// editors say only that none of its members fits.
type schemaMaker struct {
	t    *testing.T
	page string // of the documentation, as text
	all  object // definitions
}

func schemaOf(t *testing.T, name string, root *blockSpec, title, page string) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	s := &schemaMaker{t: t, page: string(text), all: object{}}
	file := s.body(root)
	properties := file["properties"].(object)
	s.all["file"] = object{"type": "object", "properties": properties, "additionalProperties": false}
	properties[schemaAddress] = object{"type": "string", "description": "The address of this schema, for editors. It has no meaning for bundle."}
	return object{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"$id":         "https://raw.githubusercontent.com/whispering/bundle/main/pipeline/manifest/schemas/" + name + ".json",
		"title":       title,
		"description": "See https://github.com/whispering/bundle/blob/main/docs/" + page,
		"type":        []string{"object", "array"},
		"if":          object{"type": "array"},
		"then":        object{"items": object{"allOf": []object{ref("file"), {"type": anObject, "properties": object{schemaAddress: false}}}}},
		"else":        ref("file"),
		"definitions": s.all,
	}
}

// present returns the schema of an object in which an attribute has a value. It says nothing about lists.
func (s *schemaMaker) present(spec *blockSpec, name string) object {
	a, _ := spec.attr(name)
	properties := object{name: object{"type": "string"}}
	if a.kind == listKind {
		properties[name] = object{"type": []string{aList, "string"}, "minItems": 1}
	}
	if name == "parameter" {
		properties["min_length"] = object{"type": []string{"integer", "string", aNull}, "maximum": maxParameterLength}
	}
	return object{"required": []string{name}, "properties": properties}
}

func ref(name string) object { return object{"$ref": "#/definitions/" + name} }

const (
	anObject = "object"
	aList    = "array"
	aNull    = "null"
)

// body returns the schema of an object with the attributes and blocks of a block, which says nothing about other types.
func (s *schemaMaker) body(spec *blockSpec) object {
	properties := object{comment: object{"description": "a comment"}}
	for _, a := range spec.attrs {
		properties[a.name] = s.attribute(spec, a)
	}
	for _, b := range spec.blocks {
		s.define(b)
		of := ref(b.name + ".blocks")
		if b.label != "" {
			of = ref(b.name + ".names")
		}
		properties[b.name] = of
	}
	body := object{"properties": properties, "additionalProperties": false}
	if spec.open {
		body["patternProperties"] = object{`^([A-Za-z_]|[^\x00-\x7f])([A-Za-z0-9_-]|[^\x00-\x7f])*$`: object{"description": "any value"}}
	}
	return body
}

// define adds the definitions for blocks of a type.
func (s *schemaMaker) define(spec *blockSpec) {
	if s.all[spec.name] != nil {
		return
	}
	s.all[spec.name] = object{} // while it is made
	body := s.body(spec)
	body["type"], body["description"] = []string{anObject, aList, aNull}, s.block(spec)
	s.all[spec.name] = body
	var required []string
	for _, a := range spec.attrs {
		if a.required {
			required = append(required, a.name)
		}
	}
	part := object{"allOf": []object{ref(spec.name)}, "type": anObject}
	// one returns the schema of something that stands for one block, or for several if it is a list.
	one := func(items object, types ...string) object {
		o := object{"allOf": []object{ref(spec.name)}, "type": types, "items": items}
		if len(required) > 0 {
			o["required"] = required
		}
		if len(spec.either) > 0 {
			o["if"], o["else"] = s.present(spec, spec.either[1]), s.present(spec, spec.either[0])
		}
		return o
	}
	if spec.label == "" {
		element := one(part, anObject, aList)
		if len(required) == 0 {
			element["type"] = []string{anObject, aList, aNull}
		}
		if spec.open {
			element = object{"allOf": []object{ref(spec.name)}, "type": anObject}
		}
		blocks := one(element, anObject, aList, aNull)
		blocks["description"] = s.block(spec)
		if spec.once {
			blocks["maxItems"] = 1
		}
		s.all[spec.name+".blocks"] = blocks
		return
	}
	merged := one(part, anObject, aList)
	merged["minItems"] = 1
	named := one(merged, anObject, aList)
	named["minItems"] = 1
	if spec.name != "secret" { // those of one name can be in different environments
		named["maxItems"] = 1
	}
	s.all[spec.name+".block"] = named
	names := func() object {
		return object{
			"properties":           object{comment: object{"description": "a comment"}},
			"patternProperties":    object{labelPattern(spec.name): ref(spec.name + ".block")},
			"additionalProperties": false,
		}
	}
	all, element := names(), names()
	element["type"] = anObject
	all["type"], all["items"], all["description"] = []string{anObject, aList, aNull}, element, s.block(spec)
	s.all[spec.name+".names"] = all
}

// labelPattern returns the pattern of the names of blocks of a type.
func labelPattern(block string) string {
	switch block {
	case "secret":
		return secretPattern.String()
	case "variable":
		return variablePattern.String()
	}
	return namePattern.String()
}

// aTemplate matches a string that may be another type than string: a template that is one expression.
const aTemplate = `^\$\{[\s\S]*\}$`

// mayBeEmpty are string attributes that can be "".
var mayBeEmpty = map[string]bool{"default": true, "description": true, "prefix": true}

func (s *schemaMaker) attribute(spec *blockSpec, a attrSpec) object {
	meaning, standard := s.row(spec, a)
	o := object{"description": meaning}
	types := map[kind]string{boolKind: "boolean", numberKind: "integer", listKind: aList, objectKind: anObject}
	accepted := []string{"string"}
	switch a.kind {
	case textKind:
	case pathKind:
		accepted = []string{"string", aList}
	default:
		accepted, o["pattern"] = []string{types[a.kind], "string"}, aTemplate
	}
	if !a.required {
		accepted = append(accepted, aNull)
	}
	o["type"] = accepted
	switch a.kind {
	case pathKind:
		o["minLength"], o["items"], o["minItems"] = 1, object{"type": "string", "minLength": 1}, 1
	case textKind:
		if !mayBeEmpty[a.name] {
			o["minLength"] = 1
		}
	case numberKind:
		o["minimum"], o["maximum"] = 1, maxSecretLength
	case listKind:
		o["items"] = object{"type": "string", "minLength": 1}
		if a.required { // of a guard file
			o["minItems"] = 1
		}
	case objectKind:
		if a.name == "tags" {
			o["additionalProperties"], o["maxProperties"] = object{"type": "string"}, maxSessionTags
		}
	}
	var value any
	if code, ok := strings.CutPrefix(standard, "`"); ok && json.Unmarshal([]byte(strings.TrimSuffix(code, "`")), &value) == nil {
		o["default"] = value
	}
	return o
}

var (
	meaningRow  = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\| ([^|]+) \\| (.*) \\|$")
	markdownURL = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
)

// row returns what the documentation says of an attribute.
func (s *schemaMaker) row(spec *blockSpec, a attrSpec) (meaning, standard string) {
	text := s.page
	if spec.name == "defaults" {
		function, _ := rootSpec().block("function")
		spec = function
	}
	if spec.name != "allow" {
		text = s.section(spec)
	}
	for _, row := range meaningRow.FindAllStringSubmatch(text, -1) {
		if row[1] == a.name {
			return plainText(row[3]), row[2]
		}
	}
	s.t.Errorf("the documentation has no row for %s of %s", a.name, spec.name)
	return "", ""
}

func (s *schemaMaker) section(spec *blockSpec) string {
	heading := "`" + spec.name + "`"
	if spec.label != "" {
		heading = "`" + spec.name + ` "` + spec.label + "\"`"
	}
	_, rest, ok := strings.Cut(s.page, "\n## "+heading+"\n")
	if !ok {
		s.t.Errorf("the documentation has no section %s", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// block returns the first paragraph of a block's section.
func (s *schemaMaker) block(spec *blockSpec) string {
	if spec.name == "allow" {
		return "What functions of environments can ask for. What no allow block allows is refused."
	}
	for _, paragraph := range strings.Split(strings.TrimSpace(s.section(spec)), "\n\n") {
		if strings.HasPrefix(paragraph, "```") || strings.HasPrefix(paragraph, "|") {
			break
		}
		if text := plainText(strings.ReplaceAll(paragraph, "\n", " ")); cmp.Or(text, "Once.") != "Once." {
			return text
		}
	}
	s.t.Errorf("the section of %s does not begin with what it is", spec.name)
	return ""
}

// plainText returns Markdown without links and emphasis.
func plainText(markdown string) string {
	return strings.ReplaceAll(markdownURL.ReplaceAllString(markdown, "$1"), "**", "")
}
