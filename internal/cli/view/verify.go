package view

import (
	"fmt"
	"strings"

	"github.com/whispering/bundle/internal/actions"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
)

// A Verify is the result of bundle verify, as --json prints it.
type Verify struct {
	Layer     Layer            `json:"layer"`
	Against   string           `json:"against,omitempty"` // the manifest
	Opened    bool             `json:"opened"`
	Functions []VerifyFunction `json:"functions"`
	Helpers   int              `json:"helpers"` // files

	// The release that the helper files were compared with: this bundle's
	// version, or the release that they come from; "" if there are none.
	HelpersOf   string             `json:"helpers_of"`
	HelperNames []string           `json:"helper_names"`
	HelperFiles []helperFileReport `json:"helper_files"`

	Own bool `json:"-"` // HelpersOf is this bundle
}

// A VerifyFunction is the document of one function.
type VerifyFunction struct {
	Function string `json:"function"`
	Name     string `json:"name"`
	Secrets  int    `json:"secrets"`
	Boxes    int    `json:"boxes"`
	SHA256   string `json:"sha256"` // of the document
}

// NewVerify describes a layer that was checked. match is the comparison of its helper
// files with those of releases.
func NewVerify(path string, layer *layerbuild.Layer, content []byte, match *layerbuild.HelperMatch) *Verify {
	r := &Verify{
		Layer: NewLayer(path, content), Functions: []VerifyFunction{}, Helpers: len(layer.Helpers),
		HelperNames: append([]string{}, match.Helpers()...), HelperFiles: NewHelperFiles(match),
	}
	if len(layer.Helpers) > 0 {
		r.HelpersOf = match.Release.Name
	}
	for _, d := range layer.Documents {
		r.Functions = append(r.Functions, VerifyFunction{
			Function: d.Header.Function, Name: d.Header.Name, Secrets: len(d.Header.Sources), Boxes: len(d.Header.Boxes), SHA256: d.SHA256(),
		})
	}
	return r
}

// Brief implements Result.
func (r *Verify) Brief() Brief {
	return Brief{Layer: r.Layer.Path, SHA256: r.Layer.SHA256, State: "verified"}
}

// Outputs implements Result.
func (r *Verify) Outputs() []actions.Output { return nil }

// Markdown implements Result.
func (r *Verify) Markdown() string {
	return fmt.Sprintf("### bundle verify: %s is verified\n\n%s\n%s\n", actions.Cell(r.Layer.Path), MarkdownTable(r.rows()), actions.Cell("checked: "+strings.Join(r.checked(), "; ")))
}

func (r *Verify) rows() [][]string {
	rows := [][]string{{"FUNCTION", "SECRETS", "BOXES", "SHA256"}}
	for _, f := range r.Functions {
		rows = append(rows, []string{f.Function, fmt.Sprint(f.Secrets), fmt.Sprint(f.Boxes), f.SHA256})
	}
	return rows
}

// Text implements Result.
func (r *Verify) Text(out *printable.Stream) error {
	if len(r.Functions) > 0 {
		if err := out.Table(r.rows()); err != nil {
			return err
		}
		if err := out.Printf("\n"); err != nil {
			return err
		}
	}
	if err := out.Printf("checked: %s\n", strings.Join(r.checked(), "; ")); err != nil {
		return err
	}
	return out.Printf("%s: %s, %s, %s\n", r.Layer.Path, printable.Count(r.Layer.Bytes, "byte"), printable.Count(r.Helpers, "helper file"), r.conclusion())
}

// checked lists what was checked, and what was not.
func (r *Verify) checked() []string {
	all := []string{"the zip against the layer format"}
	if n := len(r.Functions); n > 0 {
		all = append(all, printable.Count(n, "document")+" against the document format")
	}
	if r.Helpers > 0 {
		release := "bundle " + r.HelpersOf
		if r.Own {
			release = "this bundle, " + r.HelpersOf
		}
		all = append(all, fmt.Sprintf("%s (%s) against %s: path, bytes and mode", printable.Count(r.Helpers, "helper file"),
			strings.Join(r.HelperNames, ", "), release))
	}
	switch {
	case r.Against != "":
		all = append(all, "functions, sources and helpers against "+r.Against)
	case r.Helpers > 0:
		all = append(all, "no manifest (add --manifest)")
	}
	if len(r.Functions) > 0 && !r.Opened {
		all = append(all, "no box opened (add --open)")
	}
	return all
}

func (r *Verify) conclusion() string {
	parts := []string{"every byte is accounted for"}
	switch {
	case r.Against != "":
		parts = append(parts, "it matches "+r.Against)
	case len(r.Functions) == 0:
		parts = append(parts, "it holds no secrets")
	}
	if r.Opened && len(r.Functions) > 0 {
		parts = append(parts, "every box opens")
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + ", and " + parts[last]
}

// Notes implements Result.
func (r *Verify) Notes() []string { return nil }
