package manifest

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Each of these manifests is small, but would take minutes or gigabytes to evaluate without limits. The test checks that
// each evaluation ends, with a short list of problems.
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
		"many functions everywhere":        {head + lines(99, "environment \"e%d\" {\n  embedded = \"seed.json\"\n}\n") + lines(800, "function \"f%d\" {\n  kms_key = \"alias/f%d\"\n  secret \"SX\" { parameter = \"p\" }\n}\n"), "Too many secrets"},
		"many functions with bad secrets":  {inGroup(lines(50, "secret \"S%d\" {\nparameter = x\n}\n")), "Unknown name"},
		"many functions with twin secrets": {inGroup(lines(50, "secret \"SX\" {\nparameter = \"p\"\n}\n")), "Duplicate secret"},
		"a tower of lists":                 {inLocals("l0 = \"x\"\n" + lines(200, "l1%d = [local.l0, local.l0]\n") + deepen(200)), "Value too large"},
		"doubling lists":                   {inLocals(doubling(40)), "Value too large"},
		"many unknown locals":              {inLocals(lines(20_000, "lo%d = local.lx%d\n")), "Unknown name"},
		"long text many times":             {inLocals("a0 = \"" + strings.Repeat("x", 4_000) + "\"\na1 = \"" + strings.Repeat("${local.a0}", 16) + "\"\nb = \"" + strings.Repeat("${local.a1}", 350) + "\"\n"), "Value too large"},
		"long list many times":             {inLocals("a = split(\"\", \"" + strings.Repeat("x", 1_000) + "\")\nb = flatten([" + strings.Repeat("local.a,", 400) + "])\n"), "Error in function call"},
		"a long chain of locals":           {inLocals(chain(5_000)), "Chain of locals too long"},
		"a heredoc of many lines":          {inLocals("a = <<E\n" + strings.Repeat("x\n", 50_000) + "E\n"), "String too long"},
		"a heredoc that nothing ends":      {inLocals("a = <<-E\n" + strings.Repeat("x\n", 50_000)), "String too long"},
		"many dollar signs":                {inLocals("a = \"" + strings.Repeat("$", 100_000) + "\"\n"), "String too long"},
		"many dollar signs between others": {inLocals("a = \"" + strings.Repeat("$${x}$", 20_000) + "\"\n"), "String too long"},
		"locals in many circles":           {inLocals(circles(250)), "Circular locals"},
		"many locals everywhere":           {lines(99, "environment \"e%d\" {\n  embedded = \"seed.json\"\n}\n") + inLocals(lines(20_000, "l%d = \"x%d\"\n")), "Too many locals"},
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

// chain returns n locals that each use the next.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d = local.x%d\n", i, i+1)
	}
	fmt.Fprintf(&b, "x%d = \"y\"\n", n)
	return b.String()
}

// deepen returns a chain of locals, each a list that contains the one before.
func deepen(n int) string {
	var b strings.Builder
	b.WriteString("d0 = local.l0\n")
	for i := range n {
		fmt.Fprintf(&b, "d%d = [local.d%d]\n", i+1, i)
	}
	return b.String()
}

// doubling returns a chain of locals, each a list that contains the one before twice.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("d0 = \"x\"\n")
	for i := range n {
		fmt.Fprintf(&b, "d%d = [local.d%d, local.d%d]\n", i+1, i, i)
	}
	return b.String()
}

// circles returns n locals that each use all of them.
func circles(n int) string {
	var all, b strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "local.x%d,", i)
	}
	for i := range n {
		fmt.Fprintf(&b, "x%d = [%s]\n", i, all.String())
	}
	return b.String()
}

// TestWhatIsLongInJSONIsRefusedToo checks that strings in JSON have the limits of those in quotes and heredocs.
func TestWhatIsLongInJSONIsRefusedToo(t *testing.T) {
	for _, text := range []string{strings.Repeat("$", 100_000), strings.Repeat(`\n`, 100_000), strings.Repeat("%", 100_000) + "${x}"} {
		path := write(t, map[string]string{"a.hcl.json": `{"bundle": {"name": "x"}, "locals": {"a": "` + text + `"}}`})
		if _, diags := Load(filepath.Join(path, "a.hcl.json"), Options{}); len(diags) != 1 || diags[0].Summary != "String too long" {
			t.Errorf("%.10q: %v", text, summaries(diags))
		}
	}
}

// TestProblemsTakeLinearMemory doubles the number of problems, and compares the memory that finding them takes.
func TestProblemsTakeLinearMemory(t *testing.T) {
	head := "bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\n"
	for name, faulty := range map[string]func(i int) string{
		"variables": func(i int) string {
			return fmt.Sprintf("variable \"a%d\" { default = \"\" }\nfunction \"f%d\" {\n  kms_key = var.b%d\n}\n", i, i, i)
		},
		"locals": func(i int) string {
			return fmt.Sprintf("locals { a%d = 1 }\nfunction \"f%d\" {\n  kms_key = local.b%d\n}\n", i, i, i)
		},
		"groups": func(i int) string {
			return fmt.Sprintf("group \"a%d\" {\n}\nfunction \"f%d\" {\n  kms_key = \"alias/f%d\"\n  include = [\"b%d\"]\n}\n", i, i, i, i)
		},
		"circles": func(i int) string {
			return fmt.Sprintf("locals {\n  a%d = local.b%d\n  b%d = local.a%d\n}\n", i, i, i, i)
		},
	} {
		taken := func(n int) uint64 {
			b := []byte(head)
			for i := range n {
				b = append(b, faulty(i)...)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, _ := LoadSource("a.hcl", b, Options{})
			m.Evaluate("e")
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if few, many := taken(1_000), taken(4_000); many > 6*few {
			t.Errorf("%s: %d bytes for 1,000 and %d for 4,000", name, few, many)
		}
	}
}
