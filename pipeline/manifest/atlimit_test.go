package manifest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestPathsAndRegionsOfOthers(t *testing.T) {
	levels := func(n int) string { return strings.Repeat("/aZ0_.-", n) }
	for path, good := range map[string]bool{
		levels(2): true, levels(15): true, levels(2) + "/": true, levels(1): false, levels(16): false, "": false, "/": false, "a/b": false,
		"/a//b": false, "/a/b c": false, "/a/b//": false, "/a/ü": false,
	} {
		if said := BadPath(path); (said == "") != good {
			t.Errorf("%s: %q", path, said)
		}
	}
	for region, good := range map[string]bool{"us-west-2": true, "us-gov-east-1": true, "us-west": false, "us-west-0": false, "US-west-2": false, "": false} {
		if said := BadRegion(region); (said == "") != good {
			t.Errorf("%s: %q", region, said)
		}
	}
}

func TestMinLengthAtItsLimits(t *testing.T) {
	const manifest = `
bundle { name = "payments" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
function "hello" {
  kms_key = "alias/hello"
  secret "DB" {
    parameter  = "/payments/db"
    min_length = %s
  }
}
`
	for written, want := range map[string]int{"1": 1, fmt.Sprint(maxParameterLength): maxParameterLength} {
		m := evaluate(t, fmt.Sprintf(manifest, written), "prod", Options{})
		if got := m.Functions[0].Secrets[0].MinLength.Value; got != want {
			t.Errorf("%s is %d", written, got)
		}
	}
	for _, written := range []string{"0", fmt.Sprint(maxParameterLength + 1), "1.5", "012", "000000000000000012", "0000000000000000012"} {
		_, diags := everything(filepath.Join(write(t, map[string]string{"secrets.hcl": fmt.Sprintf(manifest, written)}), "secrets.hcl"), Options{})
		if !diags.HasErrors() {
			t.Errorf("%s is accepted", written)
		}
	}
}

// Names can be used by index and by attribute.
func TestNamesByIndex(t *testing.T) {
	m := evaluate(t, `
bundle { name = "payments" }
variable "tier" { default = "web" }
locals { root = "/${environment["name"]}/${var["tier"]}" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
function "hello" {
  kms_key = "alias/${function["name"]}"
  secret "DB" { parameter = "${local["root"]}/db" }
}
`, "prod", Options{})
	if f := m.Functions[0]; f.Key.Value != "alias/hello" || f.Secrets[0].Parameter.Value != "/prod/web/db" {
		t.Errorf("%s, %s", f.Key.Value, f.Secrets[0].Parameter.Value)
	}
}

// What could be a value is not shown (docs/threat-model.md).
func TestTextsThatAreShown(t *testing.T) {
	for text, shown := range map[string]bool{
		"azAZ09/._:-": true, "payments/db": true, "/prod/pass word": true, "arn:aws:ssm:x y": true, "{{resolve:ssm:x}}": true, " a ": true,
		"pass word": false, "p@ss": false, "p[ss": false, "p`ss": false, "p{ss": false, "p;ss": false, "päss": false, "p,ss": false, "p!": false, "p=": false,
	} {
		if presentable("parameter", text, true) != shown || presentable("path", text, true) != shown || presentable("secretsmanager", text, true) != shown {
			t.Errorf("%q is shown otherwise than %v", text, shown)
		}
		if !presentable("parameter", text, false) || !presentable("kms_key", text, true) {
			t.Errorf("%q is not shown where it names no parameter", text)
		}
	}
	for text, shown := range map[string]bool{
		"rds!cluster-1": true, "opsworks-cm!x": true, "rds!p@ss": false, "!x": false, "P!ss": false, "1!x": false, "rds!a!b": false,
	} {
		if presentable("secretsmanager", text, true) != shown {
			t.Errorf("%q is shown otherwise than %v", text, shown)
		}
	}
	for text, shown := range map[string]bool{
		strings.Repeat("x", maxShown): true, strings.Repeat("x", maxShown+1): false, "a\nb": false, "a\rb": false, `a\nb`: false, `a\rb`: false,
	} {
		if presentable("kms_key", text, true) != shown {
			t.Errorf("%.20q, %d bytes, is shown otherwise than %v", text, len(text), shown)
		}
	}
}

func TestSuggestionsAreOfAFewNames(t *testing.T) {
	names := []string{"payments"}
	for len(names) < maxNames {
		names = append(names, fmt.Sprintf("other%d", len(names)))
	}
	if got := didYouMean("paymnets", names); got != ` Did you mean "payments"?` {
		t.Errorf("of %d names: %q", len(names), got)
	}
	if got := didYouMean("paymnets", append(names, "more")); got != "" {
		t.Errorf("of %d names: %q", len(names)+1, got)
	}
	for want, names := range map[string][]string{
		"": nil, `"a"`: {"a"}, `"a" and "b"`: {"a", "b"}, `"a", "b" and "c"`: {"a", "b", "c"}, `"a", "b" and 2 more`: {"a", "b", "c", "d"},
	} {
		if got := quoted(names, 3); got != want {
			t.Errorf("%v: %s, not %s", names, got, want)
		}
	}
}
