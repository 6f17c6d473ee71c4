package manifest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// TestSchemaNeverRefusesWhatTheDecoderAccepts writes manifests in JSON, in random forms and with random faults. What bundle
// accepts must fit the schema. There is one exception, which the manifests here avoid: bundle does not look at the values of
// attributes that no function uses, as in a group that none includes, and the schema does.
func TestSchemaNeverRefusesWhatTheDecoderAccepts(t *testing.T) {
	schema := compiled(t, false)
	const rounds = 8
	sound, faulty := 0, 0
	for path, src := range nativeManifests(t) {
		for round := range uint64(rounds) {
			w := &jsonWriter{Rand: rand.New(rand.NewPCG(1, round)), src: src, faults: round >= rounds/2}
			made := w.manifest(t)
			ok, diags := accepted(made)
			switch {
			case !ok && !w.faults:
				t.Errorf("%s, round %d: bundle refuses another form of it: %v\n%s", path, round, diags, made)
			case ok:
				if err := fits(schema, made); err != nil {
					t.Errorf("%s, round %d: the schema refuses what bundle accepts: %v\n%s", path, round, err, made)
				}
			}
			switch {
			case ok && w.faults:
				faulty++
			case ok:
				sound++
			}
		}
	}
	if sound < 200 || faulty < 20 {
		t.Errorf("only %d manifests without and %d with a random fault are accepted", sound, faulty)
	}
}

// nativeManifests returns manifests of the repository in HCL that are accepted, each in one file, by place.
func nativeManifests(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for place, src := range manifestFiles(t, "hcl") {
		m, diags := LoadSource("secrets.hcl", src, Options{Environ: []string{"BUNDLE_VAR_tier=web"}})
		for _, env := range m.Environments() {
			_, more := m.Evaluate(env)
			diags = append(diags, more...)
		}
		if len(diags) == 0 && len(m.Environments()) > 0 && !bytes.Contains(src, []byte("<<")) {
			found[place] = src
		}
	}
	if len(found) < 50 {
		t.Fatalf("only %d manifests", len(found))
	}
	return found
}

// A jsonWriter writes a manifest in HCL as JSON.
type jsonWriter struct {
	*rand.Rand
	src    []byte
	faults bool
}

func (w *jsonWriter) manifest(t *testing.T) []byte {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(w.src, "secrets.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	made := w.merged(w.body(rootSpec(), file.Body.(*hclsyntax.Body)), false)
	if !json.Valid([]byte(made)) {
		t.Fatalf("this is not JSON: %s", made)
	}
	return []byte(made)
}

// once reports true for one in n.
func (w *jsonWriter) once(n int) bool { return w.IntN(n) == 0 }

// A property is a member of an object in JSON: its name, and its value as JSON.
type property struct{ name, value string }

// body returns the properties of a body.
func (w *jsonWriter) body(spec *blockSpec, body *hclsyntax.Body) []property {
	var all []property
	for name, a := range body.Attributes {
		all = append(all, property{name, w.value(a.Expr)})
	}
	slices.SortFunc(all, func(a, b property) int { return strings.Compare(a.name, b.name) })
	for _, b := range spec.blocks {
		var of []*hclsyntax.Block
		for _, inner := range body.Blocks {
			if inner.Type == b.name {
				of = append(of, inner)
			}
		}
		switch {
		case len(of) > 0 && b.label != "":
			all = append(all, property{b.name, w.named(b, of)})
		case len(of) > 0:
			all = append(all, property{b.name, w.unnamed(b, of)})
		case w.once(8):
			all = append(all, property{b.name, []string{"null", "[]"}[w.IntN(2)]})
		}
	}
	if w.faults && w.once(12) {
		all = w.fault(spec, all)
	}
	return all
}

// fault changes something that may be a mistake.
func (w *jsonWriter) fault(spec *blockSpec, all []property) []property {
	values := []string{`null`, `true`, `"true"`, `1`, `1.5`, `""`, `"x"`, `"${true}"`, `"${null}"`, `"${\"x\"}"`, `[]`, `["x"]`, `[null]`, `[[]]`, `{}`, `{"a": 1}`, `[{}]`, `[[{}]]`, `{"//": {}}`}
	value := values[w.IntN(len(values))]
	switch names := spec.attrs; {
	case w.once(3) && len(all) > 0:
		all[w.IntN(len(all))].value = value
	case w.once(2) && len(names) > 0:
		name := names[w.IntN(len(names))].name
		if !slices.ContainsFunc(all, func(p property) bool { return p.name == name }) {
			all = append(all, property{name, value})
		}
	default:
		all = append(all, property{[]string{"x", "$schema", "blinds", "", "value", "secrets"}[w.IntN(6)], value})
	}
	return all
}

func (w *jsonWriter) object(all []property) string {
	if w.once(6) {
		all = append(slices.Clone(all), property{comment, []string{`"a comment"`, `null`, `[{"a": [1]}]`}[w.IntN(3)]})
	}
	var made []string
	for _, p := range all {
		made = append(made, quotedJSON(p.name)+": "+p.value)
	}
	return "{" + strings.Join(made, ", ") + "}"
}

// merged returns an object with properties, or a list of objects that are merged into it.
func (w *jsonWriter) merged(all []property, one bool) string {
	if one || w.once(2) {
		return w.object(all)
	}
	at := w.IntN(len(all) + 1)
	return "[" + w.object(all[:at]) + ", " + w.object(all[at:]) + "]"
}

// unnamed returns the blocks of a type without names.
func (w *jsonWriter) unnamed(spec *blockSpec, all []*hclsyntax.Block) string {
	var made []string
	for _, b := range all {
		made = append(made, w.merged(w.body(spec, b.Body), spec.open))
	}
	if len(made) == 1 && (made[0][0] == '{') && w.once(2) {
		return made[0]
	}
	return "[" + strings.Join(made, ", ") + "]"
}

// named returns the blocks of a type with names.
func (w *jsonWriter) named(spec *blockSpec, all []*hclsyntax.Block) string {
	var properties []property
	bodies := map[string][]string{}
	for _, b := range all {
		name := b.Labels[0]
		if bodies[name] == nil {
			properties = append(properties, property{name: name})
		}
		bodies[name] = append(bodies[name], w.merged(w.body(spec, b.Body), false))
	}
	for i, p := range properties {
		made := bodies[p.name]
		properties[i].value = "[" + strings.Join(made, ", ") + "]"
		if len(made) == 1 && made[0][0] == '{' && w.once(2) {
			properties[i].value = made[0]
		}
	}
	return w.merged(properties, false)
}

// value returns the value of an attribute: as a literal in JSON if it is one, else as a template.
func (w *jsonWriter) value(expr hclsyntax.Expression) string {
	v, diags := expr.Value(nil)
	if !diags.HasErrors() && w.once(2) {
		if made, err := (ctyjson.SimpleJSONValue{Value: v}).MarshalJSON(); err == nil && !strings.ContainsAny(string(made), "$%") {
			return string(made)
		}
	}
	if list, ok := expr.(*hclsyntax.TupleConsExpr); ok {
		var made []string
		for _, e := range list.Exprs {
			made = append(made, w.value(e))
		}
		return "[" + strings.Join(made, ", ") + "]"
	}
	return quotedJSON("${" + string(expr.Range().SliceBytes(w.src)) + "}")
}

func quotedJSON(s string) string {
	quoted, _ := json.Marshal(s) // of a string
	return string(quoted)
}
