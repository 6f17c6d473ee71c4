package manifest

import (
	"fmt"
	"strings"
	"testing"
)

// Each of these manifests is small enough, and would take minutes or gigabytes if it were evaluated without limits. The
// test is that they come to an end, with a short list of what is wrong.
func TestHostileManifestsComeToAnEnd(t *testing.T) {
	head := "bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\n"
	lines := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
		}
		return b.String()
	}
	inGroup := func(secrets string) string {
		return head + "defaults {\n  kms_key = \"alias/${function.name}\"\n  include = [\"g\"]\n}\ngroup \"g\" {\n" + secrets + "}\n" + lines(12_000, "function \"f%d\" {\n}\n")
	}
	inLocals := func(attributes string) string {
		return head + "locals {\n" + attributes + "}\nfunction \"f\" {\n  kms_key = \"alias/f\"\n  secret \"S1\" {\n    parameter = \"p\"\n  }\n}\n"
	}
	for name, c := range map[string]struct{ source, want string }{
		"many functions with many secrets": {inGroup(lines(5_000, "secret \"S%d\" {\nparameter = \"p\"\n}\n")), "Too many secrets"},
		"many functions everywhere":        {head + lines(99, "environment \"e%d\" {\n  embedded = \"seed.json\"\n}\n") + lines(700, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n}\n"), "Too many secrets"},
		"many functions with bad secrets":  {inGroup(lines(50, "secret \"S%d\" {\nparameter = x\n}\n")), "Unknown name"},
		"many functions with twin secrets": {inGroup(lines(50, "secret \"SX\" {\nparameter = \"p\"\n}\n")), "Duplicate secret"},
		"a tower of lists":                 {inLocals("l0 = \"x\"\n" + lines(200, "l1%d = [local.l0, local.l0]\n") + deepen(200)), "Value too large"},
		"doubling lists":                   {inLocals(doubling(40)), "Value too large"},
		"many unknown locals":              {inLocals(lines(20_000, "lo%d = local.lx%d\n")), "Unknown name"},
		"long text many times":             {inLocals("a0 = \"" + strings.Repeat("x", 4_000) + "\"\na1 = \"" + strings.Repeat("${local.a0}", 16) + "\"\nb = \"" + strings.Repeat("${local.a1}", 350) + "\"\n"), "Value too large"},
		"long list many times":             {inLocals("a = split(\"\", \"" + strings.Repeat("x", 1_000) + "\")\nb = flatten([" + strings.Repeat("local.a,", 400) + "])\n"), "Error in function call"},
		"a long chain of locals":           {inLocals(chain(5_000)), "Chain of locals too long"},
		"many environments":                {head + lines(20_000, "environment \"e%d\" {\n}\n"), "Too many environments"},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.source) > maxSize {
				t.Fatalf("%d bytes never get that far", len(c.source))
			}
			m, diags := Load(write(t, map[string]string{"a.hcl": c.source}), Options{})
			_, more := m.Evaluate("e")
			if !strings.Contains(strings.Join(summaries(append(diags, more...)), "\n"), c.want) {
				t.Errorf("%d diagnostics, none of them %q", len(diags)+len(more), c.want)
			}
		})
	}
}

// chain is n locals that each need the next.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d = local.x%d\n", i, i+1)
	}
	fmt.Fprintf(&b, "x%d = \"y\"\n", n)
	return b.String()
}

// deepen is a chain of locals, each a list that holds the one before.
func deepen(n int) string {
	var b strings.Builder
	b.WriteString("d0 = local.l0\n")
	for i := range n {
		fmt.Fprintf(&b, "d%d = [local.d%d]\n", i+1, i)
	}
	return b.String()
}

// doubling is a chain of locals, each a list that holds the one before twice.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("d0 = \"x\"\n")
	for i := range n {
		fmt.Fprintf(&b, "d%d = [local.d%d, local.d%d]\n", i+1, i, i)
	}
	return b.String()
}
