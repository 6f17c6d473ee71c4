package main

import (
	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
)

// A result is what came of a target. With --json it is printed as it is.
type result interface {
	text(out *printable.Stream) error // prints it for people
	notes() []string                  // what people are told besides, a line each
	markdown() string                 // for the step's summary, "" for nothing
	outputs() []actions.Output        // for later steps
	brief() brief
}

// A brief is a result in one row.
type brief struct {
	layer, sha256 string // "" where there is none
	state         string
	notable       bool   // it is what --exit-code asks about
	note          string // what the step's summary says besides; "" for nothing
}

type layerReport struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}
