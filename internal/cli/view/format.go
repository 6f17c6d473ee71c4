package view

import "github.com/whispering/bundle/internal/printable"

// A Format is the result of bundle fmt, as --json prints it.
type Format struct {
	Changed bool         `json:"changed"` // with --check: a file would change
	Files   []FormatFile `json:"files"`
}

// A FormatFile is one file of the manifest.
type FormatFile struct {
	Path    string `json:"path"`
	Changed bool   `json:"changed"`

	Content []byte `json:"-"` // in canonical form
}

// Text prints the files that changed.
func (r *Format) Text(out *printable.Stream) error {
	for _, f := range r.Files {
		if !f.Changed {
			continue
		}
		if err := out.Printf("%s\n", f.Path); err != nil {
			return err
		}
	}
	return nil
}
