package manifest_test

import (
	"testing"

	"github.com/whispering/bundle/pipeline/manifest"
)

func TestBelowAPath(t *testing.T) {
	for _, c := range []struct {
		path, parameter, below string
		takes, recursive       bool
	}{
		{"/prod", "/prod/db", "db", true, true},
		{"/prod/", "/prod/db", "db", true, true},
		{"/prod", "/prod/db/password", "db/password", false, true},
		{"/", "/db", "db", true, true},
		{"/prod", "/production/db", "", false, false},
		{"/prod", "/prod", "", false, false},
		{"/prod", "/prod/", "", false, false},
		{"/prod/db", "/prod", "", false, false},
		{"/prod", "prod/db", "", false, false},
	} {
		im := manifest.Import{Path: manifest.Text{Value: c.path}}
		below, ok := im.Below(c.parameter)
		if ok != (c.below != "") || ok && below != c.below || ok && im.Parameter(below) != c.parameter {
			t.Errorf("%s below %s: %q, %t", c.parameter, c.path, below, ok)
		}
		if got := im.Takes(c.parameter); got != c.takes {
			t.Errorf("%s of %s is taken: %t", c.parameter, c.path, got)
		}
		if im.Recursive = true; im.Takes(c.parameter) != c.recursive {
			t.Errorf("%s of %s and all below is taken: %t", c.parameter, c.path, !c.recursive)
		}
	}
}
