package main

import (
	"testing"

	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// TestUnpackWritesTheDocumentLast so that a tree that is not complete opens nothing.
func TestUnpackWritesTheDocumentLast(t *testing.T) {
	helpers := []layerbuild.File{{Path: "bundle/exec"}, {Path: "python/x.py"}}
	doc := &sealed.Document{Header: sealed.Header{Name: "hello"}}
	files := filesToUnpack(helpers, doc)
	if last := files[len(files)-1].Path; len(files) != 3 || last != sealed.Path("hello") {
		t.Errorf("%d files; the last is %s", len(files), last)
	}
}
