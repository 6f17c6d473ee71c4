package main

import (
	"bytes"

	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/plan"
)

// A buildReport is the result of a build as --json prints it. Its members are
// kept stable; format_version is raised if one changes its meaning.
type buildReport struct {
	FormatVersion int              `json:"format_version"`
	Changed       bool             `json:"changed"`
	Embedded      bool             `json:"embedded"`
	Environment   string           `json:"environment"`
	Region        string           `json:"region"`
	Layer         layerReport      `json:"layer"`
	Functions     []functionReport `json:"functions"`
	AWSCalls      map[string]int   `json:"aws_calls"`
	DurationMS    int64            `json:"duration_ms"`
}

type layerReport struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

type functionReport struct {
	Function string   `json:"function"` // in the manifest
	Name     string   `json:"name"`     // to Lambda, and of the document
	Key      string   `json:"key"`      // ARN
	Mode     string   `json:"mode"`
	Secrets  int      `json:"secrets"`
	Boxes    int      `json:"boxes"`
	SHA256   string   `json:"sha256"` // of the document
	State    string   `json:"state"`  // sealed or carried
	Reasons  []string `json:"reasons,omitempty"`

	keyName string // as the manifest has it
}

const (
	stateSealed  = "sealed"
	stateCarried = "carried"
)

func newBuildReport(m *manifest.Manifest, region string, result *pipeline.Result, out *pipeline.Outfile, layer []byte) *buildReport {
	report := &buildReport{
		FormatVersion: 1,
		Changed:       result.Previous.Layer == nil || !bytes.Equal(result.Previous.Content, layer),
		Embedded:      m.Environment.Embedded.Value != "",
		Environment:   m.Environment.Name.Value,
		Region:        region,
		Layer:         layerReport{out.Path, pipeline.Digest(layer), len(layer)},
	}
	changes := make(map[string]plan.Change)
	for _, change := range result.Changes {
		changes[change.Name] = change
	}
	for _, d := range result.Documents {
		report.Functions = append(report.Functions, newFunctionReport(d, changes[d.Header.Name], keyName(m, d.Header.Name)))
	}
	return report
}

func newFunctionReport(d *sealed.Document, change plan.Change, key string) functionReport {
	report := functionReport{
		Function: d.Header.Function, Name: d.Header.Name, Key: d.Key, Mode: string(d.Header.Mode),
		Secrets: len(d.Header.Sources), Boxes: len(d.Header.Boxes), SHA256: d.SHA256(),
		State: stateSealed, keyName: key,
	}
	if change.Action == plan.Carry {
		report.State = stateCarried
	}
	for _, reason := range change.Reasons {
		report.Reasons = append(report.Reasons, reason.String())
	}
	return report
}

// keyName is what the manifest calls the key of a function.
func keyName(m *manifest.Manifest, file string) string {
	for _, fn := range m.Functions {
		if fn.File() == file {
			return fn.Key.Value
		}
	}
	return ""
}
