package main

import (
	"slices"
	"testing"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline/manifest"
)

// TestHelperNames: what a manifest can ask for is what a layer can hold.
func TestHelperNames(t *testing.T) {
	if !slices.Equal(manifest.Helpers(), layerbuild.Helpers()) {
		t.Errorf("a manifest may name %q, a layer holds %q", manifest.Helpers(), layerbuild.Helpers())
	}
}
