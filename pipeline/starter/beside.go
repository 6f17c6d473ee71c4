package starter

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFiles is how many files a source can include. maxBytes is their size together.
const (
	maxFiles = 200
	maxBytes = 8 << 20
)

// include parses a file next to the source or below it. If it cannot be used, the
// reason says why.
func (d *document) include(name string) (*yaml.Node, string) {
	name = path.Clean(strings.ReplaceAll(strings.TrimSpace(name), "\\", "/"))
	if i := slices.IndexFunc(d.files, func(f file) bool { return f.name == name }); i > 0 {
		return d.files[i].root, d.files[i].err
	}
	root, why := d.read(name)
	if len(d.files) < maxFiles {
		d.files = append(d.files, file{name, root, why})
		d.shift(root, (len(d.files)-1)*fileLines)
	}
	return root, why
}

func (d *document) read(name string) (*yaml.Node, string) {
	switch {
	case path.IsAbs(name), name == "..", strings.HasPrefix(name, "../"), strings.HasPrefix(name, "~"), len(name) > 1 && name[1] == ':':
		return nil, "it is in a file outside of the source's folder, which bundle init does not read: " + shown(name)
	case !slices.Contains([]string{".yml", ".yaml", ".json"}, strings.ToLower(path.Ext(name))):
		return nil, "it is in a file that is neither YAML nor JSON, which bundle init does not read or run: " + shown(name)
	case d.beside == nil:
		return nil, "it is in another file, which is not read: " + shown(name)
	case len(d.files) >= maxFiles:
		return nil, "the source includes too many files"
	}
	f, err := d.beside.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "it is in a file that does not exist: " + shown(name) + "; correct its name, or create it"
		}
		return nil, "it is in a file that cannot be read: " + shown(name)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, "it is in a file that cannot be read: " + shown(name)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if d.bytes += len(src); err != nil || len(src) > maxSource || d.bytes > maxBytes {
		return nil, "it is in a file that is too large: " + shown(name)
	}
	root, err := parseNode(src)
	if err != nil {
		return nil, "it is in " + shown(name) + ", and " + err.Error()
	}
	return root, ""
}

// shift adds to the lines of all nodes of a file.
func (d *document) shift(n *yaml.Node, by int) {
	if n == nil {
		return
	}
	n.Line += by
	for _, inner := range n.Content {
		d.shift(inner, by)
	}
}

// place returns the file of a line, "" for the source, and the line in it.
func (d *document) place(line int) (string, int) {
	if at := line / fileLines; at > 0 && at < len(d.files) {
		return d.files[at].name, line % fileLines
	}
	return "", line
}
