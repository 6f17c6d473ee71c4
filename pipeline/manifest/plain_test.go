package manifest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func TestPlain(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	for _, src := range []string{
		"", "# note\n", "a = 1\r\n", "f \"x\" {\n  a = [\"b\", \"c\"] // note\n  o = { k = \"v\", l : 2 }\n}\n", `a = "/${environment.name}/${upper("x")}"`,
		`a = "\"quoted\" $5"`, "a = b[0].c-d", "a = \"é\" # é", "a = " + strings.Repeat("[", maxDepth/2-1) + strings.Repeat("]", maxDepth/2-1), "a = [\n1,\n2]\n",
	} {
		if _, ok := plain([]byte(src)); !ok {
			t.Errorf("%q is not plain", src)
		}
	}
	for _, src := range []string{
		"a = <<E\nx\nE\n", "/* note */", "a = 1 + 1", "a = -1", "a = !b", "a = b ? c : d", "a = [for x in y : x]", "a = b.*", "a = 1e9", "a = 1.5",
		"a = 1234567890123456789", "a = \"%{ if x }y%{ endif }\"", "a = \"$${b}\"", "a = \"$ $ $\"", "a = \"b\nc\"", "a = \"b", "a = {", "a = }", "a = (]", "é = 1", "a = b == c",
		"a = 'b'", "a = `b`", "a;b", "a = ..", "a::b()", "a = \"${b\n}\"", "a = \"${b # c}\"", "a = " + deep, "a = b" + strings.Repeat("[0]", maxDepth+1), "a\r", "a = \"\\", "a = \"\x00\\\n\"",
	} {
		if _, ok := plain([]byte(src)); ok {
			t.Errorf("%q is plain", src)
		}
	}
}

// TestPlainIsParsedAlike compares what is parsed in pieces with what is parsed at once.
func TestPlainIsParsedAlike(t *testing.T) {
	var b strings.Builder
	b.WriteString("bundle { name = \"shop\" }\n\n")
	for i := range 1000 { // whole pieces of characters that are not in ASCII, between pieces without
		letter := "e"
		if i/300%2 == 1 {
			letter = "é"
		}
		fmt.Fprintf(&b, "function \"f\" {\n  kms_key = \"alias/%s\" # with ${nothing}\n  secret \"S\" {\n    parameter = \"/a/${environment.name}\"\n  }\n}\n# }\n\n", letter)
	}
	src := []byte(b.String())
	if cuts, ok := plain(src); !ok || len(cuts) < 1 || len(src)/len(cuts) < parsePiece {
		t.Fatalf("%t, %d pieces of %d bytes", ok, len(cuts)+1, len(src))
	}
	sameParse(t, src)
	tokens, _ := hclsyntax.LexConfig(src, "x.hcl", hcl.InitialPos)
	if got, want := viewPlain(src, "x.hcl", rootSpec()), viewNative(src, tokens, rootSpec()); !bytes.Equal(got.bytes, want.bytes) {
		t.Error("in pieces it is shown differently")
	}
}

func sameParse(t *testing.T, src []byte) {
	t.Helper()
	file := parsePlain(src, "x.hcl")
	if file == nil {
		return
	}
	whole, diags := hclsyntax.ParseConfig(src, "x.hcl", hcl.InitialPos)
	if len(diags) > 0 {
		t.Fatalf("%q: %v", src, diags)
	}
	want, got := whole.Body.(*hclsyntax.Body), file.Body.(*hclsyntax.Body)
	if want.EndRange != got.EndRange || !reflect.DeepEqual(want.Blocks, got.Blocks) {
		t.Fatalf("%q: in pieces it is parsed differently", src)
	}
}

// FuzzPlain looks for plain files that the limits refuse, that look like something else, or that are parsed differently.
func FuzzPlain(f *testing.F) {
	for _, file := range samples(f, "*.hcl") {
		f.Add(file.src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if _, ok := plain(src); !ok {
			return
		}
		g := newLimits(src, "secrets.hcl")
		if g.fatal != nil {
			return // of the characters, which are looked at first
		}
		if g.scanAll(); g.fatal != nil || len(g.refused) > 0 {
			t.Fatalf("%q is not within the limits: %v %v", src, g.fatal, g.refused)
		}
		if file := parsePlain(src, "secrets.hcl"); file != nil {
			sameParse(t, src)
			m := &Module{root: rootSpec()}
			want := g.view(m.root)
			if got := m.plainLikeness(file, src); got != want.likeness() {
				t.Fatalf("%q looks like %d, not %d", src, got, want.likeness())
			}
			if got := viewPlain(src, "secrets.hcl", m.root); !bytes.Equal(got.bytes, want.bytes) {
				t.Fatalf("%q is shown differently", src)
			}
		}
	})
}
