package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// large returns a manifest of functions with secrets of their own.
func large(functions, each int) string {
	var b strings.Builder
	b.WriteString("bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\nlocals {\n  root = \"/${environment.name}/x\"\n}\n" +
		"defaults {\n  kms_key = \"alias/${function.name}\"\n}\n")
	for f := range functions {
		fmt.Fprintf(&b, "function \"f%d\" {\n", f)
		for s := range each {
			fmt.Fprintf(&b, "  secret \"S_%d\" {\n    parameter = \"${local.root}/f%d/s%d\"\n  }\n", s, f, s)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func BenchmarkLoadAndEvaluate(b *testing.B) {
	for _, size := range []struct{ functions, each int }{{20, 10}, {500, 20}} {
		b.Run(fmt.Sprintf("%d_secrets_%d_functions", size.functions*size.each, size.functions), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "secrets.hcl")
			if err := os.WriteFile(path, []byte(large(size.functions, size.each)), 0o600); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				m, diags := Load(path, Options{})
				manifest, more := m.Evaluate("e")
				if len(diags)+len(more) > 0 || len(manifest.Functions) != size.functions {
					b.Fatal(diags, more)
				}
			}
		})
	}
}
