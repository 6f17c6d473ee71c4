package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/problem"
)

// TestForeignFilesAreCounted checks that a message names the first files, and how
// many more there are.
func TestForeignFilesAreCounted(t *testing.T) {
	layer := &layerbuild.Layer{}
	for i := range 25 {
		layer.Helpers = append(layer.Helpers, layerbuild.File{Path: fmt.Sprintf("python/x%02d.py", i)})
	}
	check := &pipeline.HelperCheck{Releases: []layerbuild.Release{{Name: "v1.2.3"}}}
	_, problems := check.Run("layer.zip", layer)
	if len(problems) != 1 || problems[0].Kind != problem.Integrity || !strings.Contains(problems[0].Detail, "python/x00.py, ") ||
		!strings.Contains(problems[0].Detail, "python/x19.py, and 5 more: ") {
		t.Errorf("%v", problems)
	}
}
