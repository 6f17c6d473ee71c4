package helpertest

import (
	"maps"
	"strings"
	"testing"

	"github.com/whispering/bundle/runtime/secrets"
)

// TestMissingDocumentsComeWithARemedy wants the same advice in every language.
func TestMissingDocumentsComeWithARemedy(t *testing.T) {
	cases := []struct {
		name  string
		files []string
		vars  map[string]string
		want  string
	}{
		{"no layer", nil, nil, "contains no documents: is the layer attached? On a laptop, use bundle run, or a test double (docs/testing.md)"},
		{"no layer in Lambda", nil, map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "x"}, "contains no documents: is the layer attached?"},
		{"no name", []string{"a", "b"}, nil, "contains documents for a, b: set BUNDLE_SECRETS_FUNCTION to one of them"},
		{"another name", []string{"a", "b"}, map[string]string{"AWS_LAMBDA_FUNCTION_NAME": "c"}, "; it contains documents for a, b: set BUNDLE_SECRETS_FUNCTION to one of them, or deployed_as in the manifest"},
		{"a name that is set", []string{"a"}, map[string]string{"BUNDLE_SECRETS_FUNCTION": "c"}, "; it contains documents for a: set BUNDLE_SECRETS_FUNCTION to one of them, or deployed_as in the manifest"},
		{"two documents of a function", []string{"a", "b"}, map[string]string{"BUNDLE_SECRETS_FUNCTION": "hello"}, "has documents for a, b, which are all of function"},
	}
	wrong := func(message, want string, vars map[string]string) bool {
		return !strings.Contains(message, want) || strings.Contains(message, "On a laptop") != (vars["AWS_LAMBDA_FUNCTION_NAME"] == "" && strings.Contains(want, "no documents"))
	}
	place := func(t *testing.T, files []string, vars map[string]string) map[string]string {
		v := readVector(t, "ok-one")
		v.files = nil
		for _, name := range files {
			v.files = append(v.files, name+".sealed")
		}
		all := map[string]string{"BUNDLE_SECRETS_DIR": v.place(t)}
		maps.Copy(all, vars)
		return all
	}
	t.Run("go", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				environ := listed(place(t, c.files, c.vars))
				_, err := secrets.New(secrets.Options{Environ: func() []string { return environ }}).All(t.Context())
				if secrets.CodeOf(err) != secrets.ErrBundleNotFound || wrong(err.Error(), c.want, c.vars) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		}
	})
	each(t, func(t *testing.T, l language) {
		d := l.start(t)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				got := d.call(t, request{Env: place(t, c.files, c.vars), Calls: [][]any{{"all"}}})[0]
				if got.Code != "bundle_not_found" || wrong(got.Message, c.want, c.vars) {
					t.Errorf("got %s: %s, want %q", got.Code, got.Message, c.want)
				}
			})
		}
	})
}
