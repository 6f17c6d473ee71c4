package manifest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"
)

// directly parses src, which is a whole file. It returns false if the direct parser gives up.
func directly(src string) (hclsyntax.Blocks, hcl.Pos, bool) {
	p := &direct{src: []byte(src), name: "x.hcl", line: 1, words: map[string]string{}}
	blocks, ok := p.blocks(len(src))
	return blocks, p.pos(), ok
}

func TestDirectTakesWhatMostManifestsHave(t *testing.T) {
	for _, src := range []string{
		"", "\n", " ", "# é\n", "// note\n\n", "f {}", "f { }\n", "f {\n}\n", "f { # note\n}\n", "f { a = \"b\" }", "f \"x\" {\n  a = \"b\" # c\n  b = \"c\"\n\n  s \"S\" { a = \"${b}/c\" }\n}\n",
		"f \"x\" \"y\" {\n  a = [\"b\", \"c\"]\n  b = true\n  c = 5\n  d = upper(\"x\") // note\n  e = { a = \"b\", \"c\" : [\"}\"] }\n}", "f {\n  a = \"\"\n  b = \"#\"\n  c = \"//\" # \"\n}\n", "f {\n  a = \"${b}\"\n  b = \"${b.c-d}${e} f\" // note\n  c = \"${ b[0] }\"\n}\n", large(2, 2),
	} {
		if _, _, ok := directly(src); !ok {
			t.Errorf("%q is not parsed directly", src)
		}
	}
}

func TestDirectGivesUp(t *testing.T) {
	for _, src := range []string{
		"a = 1\n", "f", "f {", "f }", "f { a = 1", "f { a = 1\n}", "f {\n  a = 1 }", "f {\n  a = 1\n  a = 2\n}\n", "f { a = 1, b = 2 }", "f { a = \"b\" b = \"c\" }", "f {} g {}", "f x {}\n", "0 {}\n", "f { 0 = 1 }\n",
		"f \"x {}\n", "f \"\\\"\" {}\n", "f \"${x}\" {}\n", "f \"é\" {}\n", "f\n{\n}\n", "f { a = }\n", "f {\n  a =\n}\n", "f { a = \"b }\n", "f {\n  a = \"b\" \"c\"\n}\n", "f {\n  a = [\n]\n}\n", "f {\n  a = \"é\"\n}\n",
		"f {\n  a = \"b\"\r\n}\n", "f { g {} }\n", "f { g \"x\" {} }\n", "f {} # é", "f { /* note */ }\n", "f {\n  a = <<E\nE\n}\n", "f {\n  a = \"${\"b\"}\"\n}\n", "f {\n  a = \"%%{\"\n}\n", "f {\n  a = 08a\n}\n", "f {\n\x00}\n", "f {}\n}\n",
	} {
		if _, _, ok := directly(src); ok {
			t.Errorf("%q is parsed directly", src)
		}
	}
}

// TestDirectIsParsedAlike compares what is parsed directly with what HCL makes of it: files of lines that most manifests
// have, with faults in them.
func TestDirectIsParsedAlike(t *testing.T) {
	pieces := []string{
		"f \"x\" {\n", "f {\n", "  s \"S\" { a = \"b\" }\n", "}\n", "}", "{", "a = \"b\"\n", "b = \"${c.d}/e\" # note\n", "c = [\"d\", 'e']", "d = [1, true, null]\n", "e = g(\"h\", i[0])\n", "f-1 { a = { b = \"c\" } }\n",
		"g = \"h\"", "# é\n", "// note", "\n", " ", "\t", "\r", "\"", "=", ",", "[", "]", "(", ")", ".", "$", "${", "%{", "\\", "\\\"", "é", "0", "for", "true", "-", "/", "<<E\n", "E\n", "\x00", "\x7f", "\ufeff", "a", "\"\"", "h = \"", "i = \"/x/", "${a.b}", "${a-b.c-d.e_f}", "${true}", "${a.0}", "${ a }", "${a}\"", "\" # é\n", "b",
	}
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "in a block") {
			src = "f {\n" + src + "}\n"
		}
		got, end, ok := directly(src)
		if !ok {
			return
		}
		taken++
		file, diags := hclsyntax.ParseConfig([]byte(src), "x.hcl", hcl.InitialPos)
		if len(diags) > 0 {
			t.Fatalf("%q: %v", src, diags)
		}
		body := file.Body.(*hclsyntax.Body)
		if len(body.Attributes) > 0 || !reflect.DeepEqual(got, body.Blocks) || end != body.EndRange.End {
			t.Fatalf("%q is parsed differently", src)
		}
	})
	if taken == 0 {
		t.Error("nothing was parsed directly")
	}
}
