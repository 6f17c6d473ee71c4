package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A listing is what a manifest lists for environments and functions.
type listing struct{ functions, secrets, parameters, regions []string }

func listingOf(name, src string, environments, functions []string) listing {
	m, _ := LoadSource(name, []byte(src), Options{})
	l := m.Listing(environments, functions)
	return listing{l.Functions(), l.Secrets(), l.Parameters(), l.Regions()}
}

func TestListingOfUnfinishedManifests(t *testing.T) {
	const whole = `
environment "local" { embedded = "sample.json" }
environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2", var.absent]
}
locals { root = "/${environment.name}/x" }
group "common" {
  secret "LOG_TOKEN" { parameter = "${local.root}/log:3" }
}
defaults {
  environments = ["local"]
  include      = ["common", "gone"]
}
function "hello" {
  secret "DB_PASSWORD" { parameter = "${local.root}/db" }
  secret "NOWHERE" { parameter = local.absent }
}
function "worker" {
  environments = ["prod"]
  include      = null
  secret "QUEUE" { parameter = "${local.root}/queue" }
}
`
	for name, c := range map[string]struct {
		src                     string
		environments, functions []string
		want                    listing
	}{
		"all": {whole, nil, nil, listing{[]string{"hello", "worker"}, []string{"DB_PASSWORD", "NOWHERE", "LOG_TOKEN", "QUEUE"},
			[]string{"/local/x/db", "/local/x/log"}, []string{"us-east-1"}}},
		"an environment":       {whole, []string{"prod"}, nil, listing{functions: []string{"worker"}, secrets: []string{"QUEUE"}}},
		"a function":           {whole, nil, []string{"hello"}, listing{[]string{"hello"}, []string{"DB_PASSWORD", "NOWHERE", "LOG_TOKEN"}, []string{"/local/x/db", "/local/x/log"}, []string{"us-east-1"}}},
		"neither in the other": {whole, []string{"prod"}, []string{"hello"}, listing{}},
		"no such names":        {whole, []string{"gone"}, []string{"gone"}, listing{}},
		"nothing":              {"", nil, nil, listing{}},
		"no environment yet": {"function \"hello\" {\n  secret \"DB_PASSWORD\" { parameter = \"/a/b\" }\n}\n", nil, nil,
			listing{functions: []string{"hello"}, secrets: []string{"DB_PASSWORD"}}},
		"a syntax error": {"environment \"e\" { embedded = \"s\" }\nfunction \"hello\" {\n  secret \"DB_PASSWORD\" { parameter = \"/a/b\" }\n  secret \"NEXT_ONE\" { parameter =", nil, nil,
			listing{[]string{"hello"}, []string{"DB_PASSWORD", "NEXT_ONE"}, []string{"/a/b"}, []string{"us-east-1"}}},
		"not a manifest": {"resource \"a\" \"b\" {}\nfunctions \"x\" {}\n", nil, nil, listing{}},
		"wrong types": {"environment \"e\" {\n  embedded = 5\n  regions = 7\n}\nfunction \"f\" {\n  environments = \"e\"\n  include = { a = 1 }\n  secret \"S_S\" { parameter = [] }\n}\n", nil, nil,
			listing{functions: []string{"f"}, secrets: []string{"S_S"}}},
	} {
		if diff := cmp.Diff(c.want, listingOf("secrets.hcl", c.src, c.environments, c.functions), cmp.AllowUnexported(listing{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	const inJSON = `{"environment": {"e": {"embedded": "s"}}, "function": {"hello": {"secret": {"DB_PASSWORD": {"parameter": "/a/b"}}}}}`
	if got := listingOf("secrets.hcl.json", inJSON, nil, nil); len(got.functions)+len(got.secrets)+len(got.parameters) != 3 {
		t.Errorf("in JSON: %v", got)
	}
}

// A manifest whose functions include large groups is limited as when it is evaluated.
func TestListingIsLimited(t *testing.T) {
	var src strings.Builder
	src.WriteString("environment \"e\" { embedded = \"s\" }\ngroup \"g\" {\n")
	for i := range 4000 {
		fmt.Fprintf(&src, "  secret \"S_%d\" { parameter = \"/a/b\" }\n", i)
	}
	src.WriteString("}\n")
	for i := range 4000 {
		fmt.Fprintf(&src, "function \"f%d\" { include = [\"g\"] }\n", i)
	}
	src.WriteString("function \"last\" {\n  secret \"LAST_ONE\" { parameter = \"/a/b\" }\n}\n")
	m, _ := LoadSource("secrets.hcl", []byte(src.String()), Options{})
	if got := m.Listing(nil, nil).Secrets(); len(got) != 4000 || slices.Contains(got, "LAST_ONE") {
		t.Errorf("%d secrets, the last is %s", len(got), got[len(got)-1])
	}
	if got := m.Listing(nil, []string{"last"}).Secrets(); !slices.Contains(got, "LAST_ONE") {
		t.Errorf("the last function has %v", got)
	}
}
