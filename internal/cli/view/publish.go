package view

import (
	"fmt"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
)

// A Publish is the result of bundle publish, as --json prints it.
type Publish struct {
	Changed     bool            `json:"changed"` // a version was made
	Embedded    bool            `json:"embedded"`
	Environment string          `json:"environment"`
	Region      string          `json:"region"`
	Layer       Layer           `json:"layer"`
	Name        string          `json:"name"`
	Version     int64           `json:"version"`
	ARN         string          `json:"arn"`                // of the version
	LeftOut     []LeftOut       `json:"left_out,omitempty"` // what the previous version has, and this one lacks
	Parameter   *LayerParameter `json:"layer_parameter,omitempty"`
	AWSCalls    map[string]int  `json:"aws_calls"`
	DurationMS  int64           `json:"duration_ms"`
}

// A LayerParameter is the parameter that has the ARN of the newest version.
type LayerParameter struct {
	Name         string `json:"name"`
	LayerVersion int64  `json:"layer_version"` // what it has
	Version      int64  `json:"version"`       // of the parameter
	Changed      bool   `json:"changed"`
}

// what returns what was done with the parameter, as a line.
func (l *LayerParameter) what() string {
	if l.Changed {
		return fmt.Sprintf("parameter %s has layer version %d now, as its version %d", l.Name, l.LayerVersion, l.Version)
	}
	return fmt.Sprintf("parameter %s has layer version %d already", l.Name, l.LayerVersion)
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
	text := fmt.Sprintf("### bundle publish: %s %s\n\n| version | bytes | sha256 |\n|---|---|---|\n| %s | %d | %s |\n",
		actions.Cell(r.Layer.Path), r.what(), InCode(r.ARN), r.Layer.Bytes, r.Layer.SHA256)
	if r.Parameter != nil {
		text += "\n" + actions.Cell(r.Parameter.what()) + "\n"
	}
	return text
}

// Outputs implements Result. arn is the layer version to attach.
func (r *Publish) Outputs() []actions.Output {
	all := []actions.Output{
		{Name: "changed", Value: fmt.Sprint(r.Changed)}, {Name: "arn", Value: r.ARN}, {Name: "version", Value: fmt.Sprint(r.Version)},
		{Name: "sha256", Value: r.Layer.SHA256}, {Name: "layer", Value: r.Layer.Path},
	}
	if r.Parameter != nil {
		all = append(all, actions.Output{Name: "layer-parameter", Value: r.Parameter.Name})
	}
	return all
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
func (r *Publish) Notes() []string {
	all := []string{r.Layer.Path + " " + r.what()}
	if r.Parameter != nil {
		all = append(all, r.Parameter.what())
	}
	return all
}
