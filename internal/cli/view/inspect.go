package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/whispering/bundle/internal/arn"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
	"github.com/whispering/bundle/pipeline/secret"
)

// An Inspect is the result of bundle inspect, as --json prints it.
type Inspect struct {
	Layer     Layer             `json:"layer"`
	Documents []InspectDocument `json:"documents"`
	Helpers   []string          `json:"helpers"`

	// The helper files, compared with the release that matches them best.
	HelpersOf   string             `json:"helpers_of"` // "" if there are none
	HelperFiles []helperFileReport `json:"helper_files"`
	Absent      []string           `json:"absent_helper_files"` // files that the same helpers have in that release
}

// An InspectDocument is the document of one function.
type InspectDocument struct {
	Bundle      string          `json:"bundle"`
	Environment string          `json:"environment"`
	Function    string          `json:"function"`
	Name        string          `json:"name"`
	Format      string          `json:"format"` // "bundle/1" or "bundle/2"
	Mode        string          `json:"mode"`
	Key         string          `json:"key"`
	SHA256      string          `json:"sha256"`        // of the whole document, as BUNDLE_SECRETS_SHA256 pins it
	Header      string          `json:"header_sha256"` // of the header, as bundle:document names it in KMS
	Embedded    bool            `json:"embedded"`
	Boxes       int             `json:"boxes"`
	Secrets     []inspectSecret `json:"secrets"`
}

type inspectSecret struct {
	Name      string    `json:"name"`
	Kind      string    `json:"kind"` // "ssm" or "secretsmanager"
	ARN       string    `json:"arn"`
	Parameter string    `json:"parameter,omitempty"` // the ARN, if it is that of a parameter
	Version   int64     `json:"version,omitempty"`   // of the parameter
	VersionID string    `json:"version_id,omitempty"`
	Modified  time.Time `json:"modified"`
	Encoding  string    `json:"encoding"`
	Field     string    `json:"field,omitempty"`
	Checks    string    `json:"checks,omitempty"`
}

// NewInspect describes a layer. match is the comparison of its helper files with
// those of releases.
func NewInspect(path string, layer *layerbuild.Layer, content []byte, match *layerbuild.HelperMatch) *Inspect {
	r := &Inspect{Layer: NewLayer(path, content), Documents: []InspectDocument{}, Helpers: []string{}, HelperFiles: NewHelperFiles(match), Absent: []string{}}
	if len(layer.Helpers) > 0 {
		r.HelpersOf = match.Release.Name
	}
	for _, f := range match.Files {
		if f.Verdict == layerbuild.Absent {
			r.Absent = append(r.Absent, f.Path)
		}
	}
	for _, d := range layer.Documents {
		r.Documents = append(r.Documents, newInspectDocument(d))
	}
	for _, f := range layer.Helpers {
		r.Helpers = append(r.Helpers, f.Path)
	}
	return r
}

func newInspectDocument(d *sealed.Document) InspectDocument {
	h := d.Header
	doc := InspectDocument{
		Bundle: h.Bundle, Environment: h.Environment, Function: h.Function, Name: h.Name, Format: h.Format(), Mode: string(h.Mode),
		Key: d.Key, SHA256: d.SHA256(), Header: d.HeaderSHA256(), Embedded: d.Embedded(), Boxes: len(h.Boxes),
	}
	for _, s := range h.Sources {
		one := inspectSecret{
			Name: s.Secret, Kind: secret.ParameterStore.String(), ARN: s.ARN, Parameter: s.ARN, Version: s.Version, VersionID: s.ID,
			Modified: s.Modified, Encoding: s.Encoding, Field: secret.Field(s.Field).String(), Checks: s.Checks,
		}
		if s.ID != "" {
			one.Kind, one.Parameter = secret.SecretsManager.String(), ""
		}
		doc.Secrets = append(doc.Secrets, one)
	}
	return doc
}

// helperNotes describes the helper files, one line each.
func (r *Inspect) helperNotes() []string {
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
			note("OTHER %s: from bundle %s", f.Path, f.Release)
		case layerbuild.Unread:
			unread = append(unread, f.Path)
		default:
			note("CHANGED %s: differs from %s", f.Path, release)
		}
	}
	for _, path := range r.Absent {
		note("ABSENT %s: %s has it", path, release)
	}
	switch {
	case len(unread) > 0:
		note("not compared (bundle verify compares them): %s", strings.Join(unread, ", "))
	case len(lines) == 1:
		note("all match %s", release)
	}
	return lines
}

// Text prints the result as text.
func (r *Inspect) Text(out *printable.Stream) error {
	if err := out.Printf("%s\nsha256 %s\n%d bytes\n", r.Layer.Path, r.Layer.SHA256, r.Layer.Bytes); err != nil {
		return err
	}
	for _, d := range r.Documents {
		form := d.Mode
		if d.Format != sealed.Bundle1 { // not every helper reads another
			form = d.Format + ", " + form
		}
		if err := out.Printf("\n%s/%s in %s, to Lambda %s\nkey %s\n"+
			"sha256 %s (BUNDLE_SECRETS_SHA256)\nheader sha256 %s (bundle:document in KMS and CloudTrail)\n%s, %s\n",
			d.Bundle, d.Function, d.Environment, d.Name, d.Key, d.SHA256, d.Header, form, printable.Count(d.Boxes, "box")); err != nil {
			return err
		}
		source := "PARAMETER"
		if slices.ContainsFunc(d.Secrets, func(s inspectSecret) bool { return s.VersionID != "" }) {
			source = "SOURCE"
		}
		rows := [][]string{{"SECRET", source, "VERSION", "MODIFIED", "ENCODING", "FIELD"}}
		for _, s := range d.Secrets {
			from, version := arn.ParameterName(s.ARN), fmt.Sprint(s.Version)
			if s.VersionID != "" {
				from, version = "secret "+arn.SecretName(s.ARN), s.VersionID
			}
			rows = append(rows, []string{s.Name, from, version, s.Modified.Format(time.RFC3339), s.Encoding, s.Field})
		}
		if err := out.Table(rows); err != nil {
			return err
		}
	}
	if len(r.Helpers) == 0 {
		return nil
	}
	for _, line := range append([]string{"", "helpers"}, append(r.Helpers, r.helperNotes()...)...) {
		if err := out.Printf("%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
