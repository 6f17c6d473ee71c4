// Package layerbuild writes and reads Lambda layers: reproducible zip files
// that contain sealed documents and the helpers that open them. docs/format.md,
// section 3, is its specification; L-n in a comment or an error is the number
// of a rule there.
//
// The package uses no clock, no environment variables and no randomness: the
// same content gives the same bytes (L-7).
package layerbuild

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/whispering/bundle/layerbuild/sealed"
)

// Limits of a layer (L-6). MaxBytes is the limit of a direct upload to Lambda,
// in bytes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
// An uncompressed zip is larger than its content, so a layer never reaches
// Lambda's limit of 250 MB for unpacked layers.
const (
	MaxBytes   = 50 << 20
	MaxEntries = 10000
)

// ErrTooLarge reports that a layer would exceed MaxBytes or MaxEntries.
var ErrTooLarge = errors.New("layer too large")

// A File is a helper in a layer.
type File struct {
	Path       string // below /opt, for example "python/bundle_secrets/__init__.py"
	Executable bool   // mode 0755 instead of 0644
	Data       []byte
}

// A Layer is the content of one zip.
type Layer struct {
	Documents []*sealed.Document // ascending by name after Read
	Helpers   []File             // ascending by path after Read
}

// Document returns the document of the function with the given name in Lambda,
// and whether the layer has one.
func (l *Layer) Document(name string) (*sealed.Document, bool) {
	for _, d := range l.Documents {
		if d.Header.Name == name {
			return d, true
		}
	}
	return nil, false
}

// HelperFiles returns all files of fsys. A file is executable if fsys has an
// executable bit for it. The errors are those of fsys.
func HelperFiles(fsys fs.FS) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		files = append(files, File{Path: path, Executable: info.Mode()&0o111 != 0, Data: data})
		return err
	})
	return files, err
}

// entries checks the layer against L-1, L-2, L-3, L-6 and L-8, and returns the
// files of its zip, in order, and the size of the zip in bytes.
func (l *Layer) entries() (all []File, size int, err error) {
	if len(l.Documents)+len(l.Helpers) == 0 {
		return nil, 0, broken("L-8", "", "it contains no documents and no helpers")
	}
	of := make(map[string]string, len(l.Documents)) // function to path
	for _, d := range l.Documents {
		if first := l.Documents[0]; !together(first, d) {
			return nil, 0, broken("L-1", sealed.Path(d.Header.Name),
				"it belongs to a different bundle, environment or region than "+sealed.Path(first.Header.Name))
		}
		path := sealed.Path(d.Header.Name)
		if other, ok := of[d.Header.Function]; ok && other != path { // the same path twice breaks L-3
			return nil, 0, broken("L-1", path, fmt.Sprintf("it is for function %q, and so is %s", d.Header.Function, other))
		}
		of[d.Header.Function] = path
		all = append(all, File{Path: path, Data: d.Bytes()})
	}
	for _, f := range l.Helpers {
		if !helperPath(f.Path) {
			return nil, 0, broken("L-2", f.Path, "it is neither a document nor a helper")
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	if err := checkPaths(all); err != nil {
		return nil, 0, err
	}
	size, err = checkSize(all)
	return all, size, err
}

// together reports whether two documents can be in the same layer.
func together(a, b *sealed.Document) bool {
	return a.Header.Bundle == b.Header.Bundle && a.Header.Environment == b.Header.Environment &&
		a.Partition() == b.Partition() && a.Region() == b.Region()
}

func helperPath(path string) bool {
	return path == "bundle/exec" || strings.HasPrefix(path, "bundle/bin/") ||
		strings.HasPrefix(path, "nodejs/") || strings.HasPrefix(path, "python/")
}

// checkPaths checks sorted entries against L-3.
func checkPaths(sorted []File) error {
	folded := make(map[string]string, len(sorted))
	for _, f := range sorted {
		if !validPath(f.Path) {
			return broken("L-3", f.Path, "it is not a valid path")
		}
		if other, ok := folded[strings.ToLower(f.Path)]; ok {
			return broken("L-3", f.Path, "it is the same path as "+other+" if case is ignored")
		}
		folded[strings.ToLower(f.Path)] = f.Path
	}
	for _, f := range sorted {
		lower := strings.ToLower(f.Path)
		for i := range len(lower) {
			if lower[i] != '/' {
				continue
			}
			if other, ok := folded[lower[:i]]; ok {
				return broken("L-3", f.Path, "it is below "+other+", which is a file")
			}
		}
	}
	return nil
}

func validPath(path string) bool {
	if len(path) > 256 {
		return false
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || len(part) > 128 {
			return false
		}
		if strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			return false
		}
	}
	return true
}

// Sizes of the records of a zip, without names
// (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
const (
	localHeader   = 30
	centralHeader = 46
	endRecord     = 22
)

// checkSize returns the size of the zip of entries in bytes, and checks it against L-6.
func checkSize(entries []File) (int, error) {
	size := endRecord
	for _, f := range entries {
		size += localHeader + centralHeader + 2*len(f.Path) + len(f.Data)
	}
	switch {
	case size > MaxBytes:
		return 0, fmt.Errorf("%w: %d bytes; Lambda allows at most %d (L-6)", ErrTooLarge, size, MaxBytes)
	case len(entries) > MaxEntries:
		return 0, fmt.Errorf("%w: %d files; at most %d are allowed (L-6)", ErrTooLarge, len(entries), MaxEntries)
	}
	return size, nil
}
