package view

import (
	"fmt"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
)

// A Publish is the result of bundle publish, as --json prints it.
type Publish struct {
	Changed     bool           `json:"changed"` // a version was made
	Embedded    bool           `json:"embedded"`
	Environment string         `json:"environment"`
	Region      string         `json:"region"`
	Layer       Layer          `json:"layer"`
	Name        string         `json:"name"`
	Version     int64          `json:"version"`
	ARN         string         `json:"arn"`                // of the version
	LeftOut     []LeftOut      `json:"left_out,omitempty"` // what the previous version has, and this one lacks
	AWSCalls    map[string]int `json:"aws_calls"`
	DurationMS  int64          `json:"duration_ms"`
}

// A LeftOut is a function or secret that the previous version has, and the published one lacks.
type LeftOut struct {
	Function string `json:"function"`
	Secret   string `json:"secret,omitempty"` // "" for the whole function
}

// what returns the outcome, as the end of a sentence.
func (r *Publish) what() string {
	if r.Changed {
		return "was published"
	}
	return "is already published: the latest version has the same content"
}

// Text implements Result.
func (r *Publish) Text(out *printable.Stream) error {
	return out.Printf("%s\n", r.ARN)
}

// Markdown implements Result.
func (r *Publish) Markdown() string {
	return fmt.Sprintf("### bundle publish: %s %s\n\n| version | bytes | sha256 |\n|---|---|---|\n| %s | %d | %s |\n",
		actions.Cell(r.Layer.Path), r.what(), InCode(r.ARN), r.Layer.Bytes, r.Layer.SHA256)
}

// Outputs implements Result. arn is the layer version to attach.
func (r *Publish) Outputs() []actions.Output {
	return []actions.Output{
		{Name: "changed", Value: fmt.Sprint(r.Changed)}, {Name: "arn", Value: r.ARN}, {Name: "version", Value: fmt.Sprint(r.Version)},
		{Name: "sha256", Value: r.Layer.SHA256}, {Name: "layer", Value: r.Layer.Path},
	}
}

// Brief implements Result.
func (r *Publish) Brief() Brief {
	state := "published already"
	if r.Changed {
		state = "published"
	}
	return Brief{Layer: r.ARN, SHA256: r.Layer.SHA256, State: state, Notable: r.Changed}
}

// Notes implements Result.
func (r *Publish) Notes() []string { return []string{r.Layer.Path + " " + r.what()} }
