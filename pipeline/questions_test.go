package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// asking returns a manifest for environments a and b of one account and c of
// another, with these secrets in a function.
func asking(secrets string) string {
	return `bundle { name = "payments" }
environment "a" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}
environment "b" {
  account_id = "222222222222"
  regions    = ["us-west-2", "us-east-1"]
}
environment "c" {
  account_id = "333333333333"
  regions    = ["us-west-2"]
}
environment "local" { embedded = "a.json" }
environment "local2" { embedded = "b.json" }
function "hello" {
  kms_key = "alias/hello"
` + secrets + "\n}\n"
}

func asks(name, attributes string) string {
	return fmt.Sprintf("  secret %q {\n    %s\n  }\n", name, strings.ReplaceAll(attributes, "; ", "\n    "))
}

func TestAValueIsAskedOneQuestion(t *testing.T) {
	for name, tt := range map[string]struct {
		secrets      string
		environments string
		refused      string // the environments with problems
	}{
		"one":                       {asks("A1", `parameter = "/x/y"; min_length = 8`), "a b c", ""},
		"the same again":            {asks("A1", `parameter = "/x/y"; min_length = 8`) + asks("A2", `parameter = "/x/y:3"; min_length = 8`), "a", ""},
		"a secret of both":          {asks("A1", `parameter = "/x/y"; min_length = 8; matches = "a.*"`) + asks("A2", `parameter = "/x/y"; matches = "a.*"; min_length = 8`), "a", ""},
		"other parameters":          {asks("A1", `parameter = "/x/y"; min_length = 8`) + asks("A2", `parameter = "/x/z"; min_length = 9`), "a", ""},
		"fields next to each other": {asks("A1", `parameter = "/x/y"; field = "a"; min_length = 8`) + asks("A2", `parameter = "/x/y"; field = "ab"; min_length = 9`), "a", ""},
		"no constraint on the rest": {asks("A1", `parameter = "/x/y"; field = "a"; min_length = 8`) + asks("A2", `parameter = "/x/y"`), "a", ""},
		"lengths":                   {asks("A1", `parameter = "/x/y"; min_length = 8`) + asks("A2", `parameter = "/x/y"; min_length = 9`), "a b c", "a b c"},
		"expressions":               {asks("A1", `parameter = "/x/y"; matches = "a"`) + asks("A2", `parameter = "/x/y"; matches = "b"`), "a", "a"},
		"of which one has both":     {asks("A1", `parameter = "/x/y"; matches = "a"`) + asks("A2", `parameter = "/x/y"; matches = "a"; min_length = 1`), "a", "a"},
		"a version":                 {asks("A1", `parameter = "/x/y:1"; min_length = 8`) + asks("A2", `parameter = "/x/y:2"; min_length = 9`), "a", "a"},
		"a label":                   {asks("A1", `parameter = "/x/y:old"; min_length = 8`) + asks("A2", `parameter = "/x/y"; min_length = 9`), "a", "a"},
		"two spellings":             {asks("A1", `parameter = "/x"; min_length = 8`) + asks("A2", `parameter = "x"; min_length = 9`), "a", "a"},
		"another encoding":          {asks("A1", `parameter = "/x/y"; encoding = "base64"; min_length = 8`) + asks("A2", `parameter = "/x/y"; min_length = 9`), "a", "a"},
		"an optional one":           {asks("A1", `parameter = "/x/y"; optional = true; min_length = 8`) + asks("A2", `parameter = "/x/y"; min_length = 9`), "a", "a"},
		"a field":                   {asks("A1", `parameter = "/x/y"; field = "a"; min_length = 8`) + asks("A2", `parameter = "/x/y"; field = "a"; min_length = 9`), "a", "a"},
		"a field and the whole":     {asks("A1", `parameter = "/x/y"; field = "a"; min_length = 8`) + asks("A2", `parameter = "/x/y"; min_length = 8`), "a", "a"},
		"the whole and a field":     {asks("A1", `parameter = "/x/y"; matches = "a"`) + asks("A2", `parameter = "/x/y"; field = "a.b"; matches = "b"`), "a", "a"},
		"a field and one within it": {asks("A1", `parameter = "/x/y"; field = "a"; min_length = 8`) + asks("A2", `parameter = "/x/y"; field = "a.0.b"; min_length = 8`), "a", "a"},
		"environments":              {asks("A1", `parameter = "/x/y"; min_length = environment.name == "a" ? 8 : 9`), "a b c", "b"},
		"environments, one by one":  {asks("A1", `parameter = "/x/y"; min_length = environment.name == "a" ? 8 : 9`), "b c", ""},
		"embedded environments":     {asks("A1", `parameter = "/x/y"; min_length = environment.name == "local" ? 8 : 9`), "local local2", "local2"},
		"a field in another":        {asks("A1", `parameter = "/x/y"; field = environment.name == "a" ? null : "f"; min_length = 8`), "a b c", "b"},
		"what is refused asks none": {asks("A1", `parameter = "/x/y"; min_length = 8`) + asks("A2", `parameter = "/x/y"; min_length = environment.name == "a" ? 9 : 8`), "a b", "a"},
		"only in one environment":   {asks("A1", `parameter = "/x/y"; min_length = 8; environments = ["a"]`) + asks("A2", `parameter = "/x/y"; min_length = 9; environments = ["c"]`), "a c", ""},
		"one for each environment":  {asks("A1", `parameter = "/x/y"; min_length = 8; environments = ["a"]`) + asks("A2", `parameter = "/x/y"; min_length = 9; environments = ["b"]`), "a b", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			module, diags := manifest.LoadSource("secrets.hcl", []byte(asking(tt.secrets)), manifest.Options{})
			var questions pipeline.Questions
			var refused []string
			for env := range strings.FieldsSeq(tt.environments) {
				m, more := module.Evaluate(env)
				if diags = append(diags, more...); diags.HasErrors() {
					t.Fatal(diags)
				}
				problems := questions.Add(pipeline.Read(m))
				if len(problems) > 1 {
					t.Errorf("%d problems of one parameter", len(problems))
				}
				for _, p := range problems {
					refused = append(refused, env)
					if p.Kind != problem.Manifest || p.Subject == nil || !strings.Contains(p.Detail, "Write") && !strings.Contains(p.Detail, "or write one for") {
						t.Errorf("%v: %s", p.Subject, p.Detail)
					}
				}
			}
			if got := strings.Join(refused, " "); got != tt.refused {
				t.Errorf("refused in %q, want %q", got, tt.refused)
			}
		})
	}
}

// Constraints cannot search for a value: however many questions a binary search
// asks, they are one problem.
func TestManyQuestionsAreOneProblem(t *testing.T) {
	var secrets strings.Builder
	for i := range 232 {
		secrets.WriteString(asks(fmt.Sprintf("Q%03d", i), fmt.Sprintf(`parameter = "/x/y"; matches = ".{%d}[%s].*"`, i/8, strings.Repeat("a-z", i%8+1))))
	}
	module, diags := manifest.LoadSource("secrets.hcl", []byte(asking(secrets.String())), manifest.Options{})
	m, more := module.Evaluate("a")
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	var questions pipeline.Questions
	problems := questions.Add(pipeline.Read(m))
	if len(problems) != 1 || !strings.Contains(problems[0].Detail, "228 more") || len(problems[0].Detail) > 2000 {
		t.Errorf("%d problems, and %v", len(problems), problems)
	}
}
