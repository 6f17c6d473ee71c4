package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// Many expressions, each within its own limit, would take minutes and gigabytes together. One error in each environment
// says so, and the evaluation stops.
func TestExpressionsAreBoundedTogether(t *testing.T) {
	long := "text = \"" + strings.Repeat("x", 4000) + "\"\nlong = \"" + strings.Repeat("${local.text}", 16) + "\"\n"
	list := "list = split(\"\", \"" + strings.Repeat("x", 900) + "\")\n"
	unique := "list = [" + repeated(400, "\"u%d\",") + "]\n"
	function := "function \"f\" {\n  kms_key = \"alias/f\"\n  secret \"S1\" {\n    parameter = \"p\"\n  }\n}\n"
	for name, body := range map[string]string{
		"a function of a text":   "locals {\n" + long + repeated(2000, "y%d = upper(local.long)\n") + "}\n" + function,
		"a template":             "locals {\n" + long + repeated(2000, "y%d = \"${local.long}\"\n") + "}\n" + function,
		"a function of a list":   "locals {\n" + list + repeated(2000, "y%d = contains(local.list, \"y\")\n") + "}\n" + function,
		"a comparison":           "locals {\n" + list + repeated(2000, "y%d = local.list == [local.list]\n") + "}\n" + function,
		"sets":                   "locals {\n" + unique + repeated(200, "y%d = setunion(local.list, local.list)\n") + "}\n" + function,
		"functions of functions": "locals {\n" + repeated(700, "y%d = length("+strings.Repeat("reverse(", 60)+"split(\"\", \""+strings.Repeat("x", 500)+"\")"+strings.Repeat(")", 60)+")\n") + "}\n" + function,
		"defaults": "locals {\n" + long + "}\ndefaults {\n  kms_key = \"alias/${function.name}${substr(local.long, 0, 1)}\"\n}\n" +
			repeated(2000, "function \"f%d\" {\n  secret \"S1\" {\n    parameter = \"p\"\n  }\n}\n"),
		"an environment's share": repeated(90, "environment \"e%d\" {\n  embedded = \"seed.json\"\n}\n") + "locals {\n" + long + repeated(50, "y%d = upper(local.long)\n") + "}\n" + function,
	} {
		src := "bundle {\n  name = \"x\"\n}\nenvironment \"e\" {\n  embedded = \"seed.json\"\n}\n" + body
		m, diags := Load(write(t, map[string]string{"a.hcl": src}), Options{})
		if len(diags) > 0 {
			t.Errorf("%s: %v", name, summaries(diags))
		}
		_, diags = m.Evaluate("e")
		if len(diags) != 1 || diags[0].Summary != "Expressions too large" || diags[0].Subject == nil {
			t.Errorf("%s: %v", name, summaries(diags))
		}
	}
}

func repeated(n int, line string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(line, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// The values of ordinary manifests do not count.
func TestSmallValuesAreFree(t *testing.T) {
	m := newMeter(100)
	for range 1_000_000 {
		m.use(cty.True, smallValue)
	}
	if m.empty() {
		t.Error("small values count")
	}
}
