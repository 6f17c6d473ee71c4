// Package view turns results into text, JSON and Markdown. What it makes is kept
// stable: a member of JSON that changes its meaning raises format_version.
package view

import (
	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// A Result is what came of a target. With --json it is printed as it is.
type Result interface {
	Text(out *printable.Stream) error // prints it for people
	Notes() []string                  // what people are told besides, a line each
	Markdown() string                 // for the step's summary, "" for nothing
	Outputs() []actions.Output        // for later steps
	Brief() Brief
}

// A Brief is a result in one row.
type Brief struct {
	Layer, SHA256 string // "" where there is none
	State         string
	Notable       bool   // it is what --exit-code asks about
	Note          string // what the step's summary says besides; "" for nothing
}

// A Layer is a layer in a result.
type Layer struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// NewLayer describes a layer that is a file, or that is published under an ARN.
func NewLayer(path string, content []byte) Layer {
	return Layer{path, pipeline.Digest(content), len(content)}
}
