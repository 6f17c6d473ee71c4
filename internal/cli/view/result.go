// Package view turns results into text, JSON, Markdown and HTML. The JSON is stable: if
// a member changes its meaning, format_version increases.
package view

import (
	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// A Result is the result of a target. With --json, it is printed as JSON.
type Result interface {
	Text(out *printable.Stream) error // prints it as text
	Notes() []string                  // additional hints for the user, one per line
	Markdown() string                 // for the step's summary; "" for nothing
	Outputs() []actions.Output        // for later steps
	Brief() Brief
}

// A Brief is a result in one row.
type Brief struct {
	Layer, SHA256 string // "" if there is none
	State         string
	Notable       bool   // --exit-code reports it
	Note          string // additional text for the step's summary; "" for none
}

// A Layer is a layer in a result.
type Layer struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// NewLayer describes a layer. path is its file, or the ARN of a published layer.
func NewLayer(path string, content []byte) Layer {
	return Layer{path, pipeline.Digest(content), len(content)}
}
