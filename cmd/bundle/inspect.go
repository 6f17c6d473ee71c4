package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/urfave/cli/v2"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline"
)

func (a *app) inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what a layer holds: functions, keys, parameters and versions; opens nothing",
		UsageText: "bundle inspect [--json] layer.zip",
		Flags:     []cli.Flag{console.JSONFlag()},
		Action:    a.inspect,
	}
}

type inspectReport struct {
	FormatVersion int               `json:"format_version"`
	Layer         layerReport       `json:"layer"`
	Documents     []inspectDocument `json:"documents"`
	Helpers       []string          `json:"helpers"`

	// What the helper files are, held to the release that they fit best.
	HelpersOf   string             `json:"helpers_of"` // "" where there are none
	HelperFiles []helperFileReport `json:"helper_files"`
	Absent      []string           `json:"absent_helper_files"` // that the same helpers have in that release
}

type inspectDocument struct {
	Bundle      string          `json:"bundle"`
	Environment string          `json:"environment"`
	Function    string          `json:"function"`
	Name        string          `json:"name"`
	Mode        string          `json:"mode"`
	Key         string          `json:"key"`
	SHA256      string          `json:"sha256"`
	Embedded    bool            `json:"embedded"`
	Boxes       int             `json:"boxes"`
	Secrets     []inspectSecret `json:"secrets"`
}

type inspectSecret struct {
	Name      string    `json:"name"`
	Parameter string    `json:"parameter"` // ARN
	Version   int64     `json:"version"`
	Modified  time.Time `json:"modified"`
	Encoding  string    `json:"encoding"`
	Field     string    `json:"field,omitempty"`
	Checks    string    `json:"checks,omitempty"`
}

func (a *app) inspect(c *cli.Context) error {
	path, err := console.OneArgument(c, "a layer")
	if err != nil {
		return err
	}
	layer, content, err := readLayer(path)
	if err != nil {
		return err
	}
	known, err := a.newHelperCheck()
	if err != nil {
		return err
	}
	check, err := known.of(c.Context, layer, nil, false)
	if err != nil {
		return err
	}
	found := layer.MatchHelpers(check.Releases)
	report := inspectReport{
		FormatVersion: 1,
		Layer:         layerReport{path, pipeline.Digest(content), len(content)},
		Documents:     []inspectDocument{},
		Helpers:       []string{},
		HelperFiles:   newHelperFiles(found),
		Absent:        []string{},
	}
	if len(layer.Helpers) > 0 {
		report.HelpersOf = found.Release.Name
	}
	for _, f := range found.Files {
		if f.Verdict == layerbuild.Absent {
			report.Absent = append(report.Absent, f.Path)
		}
	}
	for _, d := range layer.Documents {
		report.Documents = append(report.Documents, newInspectDocument(d))
	}
	for _, f := range layer.Helpers {
		report.Helpers = append(report.Helpers, f.Path)
	}
	if c.Bool("json") {
		return a.PrintJSON(report)
	}
	return a.renderInspect(&report)
}

func newInspectDocument(d *sealed.Document) inspectDocument {
	h := d.Header
	doc := inspectDocument{
		Bundle: h.Bundle, Environment: h.Environment, Function: h.Function, Name: h.Name, Mode: string(h.Mode),
		Key: d.Key, SHA256: d.SHA256(), Embedded: d.Embedded(), Boxes: len(h.Boxes),
	}
	for _, s := range h.Sources {
		doc.Secrets = append(doc.Secrets, inspectSecret{s.Secret, s.ARN, s.Version, s.Modified, s.Encoding, s.Field, s.Checks})
	}
	return doc
}

func (a *app) renderInspect(r *inspectReport) error {
	if err := a.Print("%s\nsha256 %s\n%d bytes\n", r.Layer.Path, r.Layer.SHA256, r.Layer.Bytes); err != nil {
		return err
	}
	for _, d := range r.Documents {
		if err := a.Print("\n%s/%s in %s, to Lambda %s\nkey %s\nsha256 %s\n%s, %s\n",
			d.Bundle, d.Function, d.Environment, d.Name, d.Key, d.SHA256, d.Mode, printable.Count(d.Boxes, "box")); err != nil {
			return err
		}
		rows := [][]string{{"SECRET", "PARAMETER", "VERSION", "MODIFIED", "ENCODING", "FIELD"}}
		for _, s := range d.Secrets {
			_, parameter, _ := strings.Cut(s.Parameter, ":parameter")
			rows = append(rows, []string{s.Name, parameter, fmt.Sprint(s.Version), s.Modified.Format(time.RFC3339), s.Encoding, s.Field})
		}
		if err := a.Table(rows); err != nil {
			return err
		}
	}
	if len(r.Helpers) == 0 {
		return nil
	}
	for _, line := range append([]string{"", "helpers"}, append(r.Helpers, r.notes()...)...) {
		if err := a.Print("%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// notes says what the helper files are, in lines.
func (r *inspectReport) notes() []string {
	lines := []string{""}
	note := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	var unread []string
	release := "bundle " + r.HelpersOf
	for _, f := range r.HelperFiles {
		switch layerbuild.Verdict(f.State) {
		case layerbuild.Same:
		case layerbuild.Foreign:
			note("FOREIGN %s: %s has no such file", f.Path, release)
		case layerbuild.OfOthers:
			note("OTHER %s: that of bundle %s", f.Path, f.Release)
		case layerbuild.Unread:
			unread = append(unread, f.Path)
		default:
			note("CHANGED %s: not that of %s", f.Path, release)
		}
	}
	for _, path := range r.Absent {
		note("ABSENT %s: %s has it", path, release)
	}
	switch {
	case len(unread) > 0:
		note("not compared, which bundle verify does: %s", strings.Join(unread, ", "))
	case len(lines) == 1:
		note("all are those of %s", release)
	}
	return lines
}

// readLayer reads a layer that the user names.
func readLayer(path string) (*layerbuild.Layer, []byte, error) {
	refuse := func(summary string, err error) error {
		return console.Failed(pipeline.Problems{{Kind: pipeline.Integrity, Diagnostic: hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf("%s: %v.", path, err),
		}}})
	}
	content, err := pipeline.ReadLimited(path)
	if err != nil {
		return nil, nil, console.Usagef("the layer cannot be read: %v", err)
	}
	layer, err := layerbuild.Read(content)
	if err != nil {
		return nil, nil, refuse("Layer refused", err)
	}
	return layer, content, nil
}
