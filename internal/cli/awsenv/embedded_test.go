package awsenv

import (
	"testing"

	"github.com/whispering/bundle/pipeline/manifest"
)

func TestWhichParametersAManifestUses(t *testing.T) {
	m := &manifest.Manifest{Functions: []manifest.Function{
		{Secrets: []manifest.Secret{{Parameter: manifest.Text{Value: "/shop/db:3"}}, {Parameter: manifest.Text{Value: "single"}}}},
		{Imports: []manifest.Import{{Path: manifest.Text{Value: "/flat/x/"}}, {Path: manifest.Text{Value: "/deep/x"}, Recursive: true}}},
	}}
	for name, want := range map[string]bool{
		"/shop/db": true, "/shop/d": false, "/shop/db/x": false, "single": true, "/single": true,
		"/flat/x/a": true, "/flat/x/a/b": false, "/flat/xa": false, "/deep/x/a/b": true, "/deep/x": false,
	} {
		if got := uses(m, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
