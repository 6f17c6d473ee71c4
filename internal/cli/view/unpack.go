package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/layerbuild/sealed"
)

// An Unpack is the result of bundle unpack, as --json prints it.
type Unpack struct {
	Changed     bool         `json:"changed"`
	Folder      string       `json:"folder"`
	Layer       Layer        `json:"layer"`
	Environment string       `json:"environment"`
	Function    string       `json:"function"`
	Name        string       `json:"name"`
	SHA256      string       `json:"sha256"` // of the document, for BUNDLE_SECRETS_SHA256
	Embedded    bool         `json:"embedded"`
	Helpers     []string     `json:"helpers"`
	HelpersOf   string       `json:"helpers_of"` // the release that they come from; "" if there are none
	Files       []unpackFile `json:"files"`      // ascending by path
}

type unpackFile struct {
	Path   string `json:"path"` // in the folder
	Mode   string `json:"mode"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// NewUnpack describes the files that were written into a folder: the document, and
// helpers of a release.
func NewUnpack(folder string, layer Layer, doc *sealed.Document, release string, files []layerbuild.File) *Unpack {
	r := &Unpack{
		Changed: true, Folder: folder, Layer: layer, Environment: doc.Header.Environment, Function: doc.Header.Function, Name: doc.Header.Name,
		SHA256: doc.SHA256(), Embedded: doc.Embedded(), Helpers: []string{}, HelpersOf: release,
	}
	document := sealed.Path(doc.Header.Name)
	for _, f := range files {
		file := unpackFile{Path: f.Path, Mode: "0644", SHA256: f.Sum().SHA256, Bytes: len(f.Data)}
		if f.Executable {
			file.Mode = "0755"
		}
		r.Files = append(r.Files, file)
		if helper := layerbuild.HelperOf(f.Path); f.Path != document && !slices.Contains(r.Helpers, helper) {
			r.Helpers = append(r.Helpers, helper)
		}
	}
	slices.SortFunc(r.Files, func(a, b unpackFile) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Helpers, func(a, b string) int {
		return slices.Index(layerbuild.Helpers(), a) - slices.Index(layerbuild.Helpers(), b)
	})
	return r
}

// Text prints the result.
func (r *Unpack) Text(out *printable.Stream) error {
	return out.Printf("%s\nfunction %s, environment %s\nhelpers %s\nsha256 %s\n%s\n", r.Folder, r.Name, r.Environment,
		cmp.Or(strings.Join(r.Helpers, ", "), "none"), r.SHA256, printable.Count(len(r.Files), "file"))
}
