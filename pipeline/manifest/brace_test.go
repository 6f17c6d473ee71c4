package manifest

import (
	"strings"
	"testing"
)

// TestOneSlipIsOneError checks that a missing brace, bracket or quote, which affects everything after it, is one error.
func TestOneSlipIsOneError(t *testing.T) {
	whole := "bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  account_id = \"222222222222\"\n  regions    = [\"us-west-2\"]\n}\nlocals {\n  root = upper(\"x\")\n}\n" +
		"group \"common\" {\n  secret \"LOG\" {\n    parameter = \"/a/log\"\n  }\n}\ndefaults {\n  include = [\"common\"]\n}\n" +
		repeated(200, "function \"g%d\" {\n  kms_key = \"alias/g%d\"\n  secret \"AB\" {\n    parameter = \"/a/${local.root}\"\n  }\n}\n")
	evaluated := func(src string) []string {
		m, diags := Load(write(t, map[string]string{"a.hcl": src}), Options{})
		_, more := m.Evaluate("e")
		return summaries(append(diags, more...))
	}
	if found := evaluated(whole); len(found) > 0 {
		t.Fatal(found)
	}
	if found := evaluated(whole + "/* a - b * c\n"); len(found) != 1 {
		t.Errorf("with a comment that has no end: %.8q", found)
	}
	at := 0
	for i := 0; i < len(whole) && at < 60; i++ {
		if !strings.ContainsRune("{}[]()\"", rune(whole[i])) || whole[i-1] == '$' { // "$local.root}" is an ordinary string
			continue
		}
		at++
		found := evaluated(whole[:i] + whole[i+1:])
		if len(found) != 1 {
			t.Errorf("without the %q of line %d: %.8q", whole[i], 1+strings.Count(whole[:i], "\n"), found)
		}
		if whole[i] != '}' {
			continue
		}
		if found = evaluated(whole[:i] + whole[i+1:] + "}\n"); len(found) != 1 { // the syntax is valid then
			t.Errorf("with the brace of line %d at the end: %.8q", 1+strings.Count(whole[:i], "\n"), found)
		}
	}
}
