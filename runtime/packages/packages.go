// Package packages has the npm package and the PyPI package bundle-secrets: the
// helpers of a layer, byte for byte, with types, test doubles and what package
// managers read.
package packages

import (
	_ "embed"
	"io/fs"
	"path"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/layerbuild"
	"github.com/whispering/bundle/runtime/node"
	"github.com/whispering/bundle/runtime/python"
)

// Folders of the packages: "npm install ./npm" and "pip install ./python" install them.
const (
	NPM  = "npm"
	PyPI = "python"
)

//go:embed LICENSE
var license []byte

// unreleased is the version in the sources, and that of packages without a release.
const unreleased = "0.0.0"

var released = lazyregexp.New(`^v\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?$`)

// Version returns the version of the packages for a version of bundle: that of a
// release, without its v, or 0.0.0. Both npm and PyPI know its form
// (https://semver.org, https://packaging.python.org/en/latest/specifications/version-specifiers/).
func Version(bundle string) string {
	if !released.MatchString(bundle) {
		return unreleased
	}
	return strings.TrimPrefix(bundle, "v")
}

// Files returns the files of both packages, in the folders NPM and PyPI, for a version
// of bundle. The same version has the same bytes on every system.
func Files(bundle string) ([]layerbuild.File, error) {
	files, err := npm()
	if err != nil {
		return nil, err
	}
	more, err := pypi()
	if err != nil {
		return nil, err
	}
	files = append(files, more...)
	version := Version(bundle)
	for i, f := range files {
		switch f.Path {
		case NPM + "/package.json":
			files[i].Data = []byte(strings.Replace(string(f.Data), `"version": "`+unreleased+`"`, `"version": "`+version+`"`, 1))
		case PyPI + "/pyproject.toml":
			files[i].Data = []byte(strings.Replace(string(f.Data), `version = "`+unreleased+`"`, `version = "`+version+`"`, 1))
		}
	}
	return files, nil
}

func npm() ([]layerbuild.File, error) {
	files, err := node.Files()
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		files[i].Path = path.Join(NPM, path.Base(f.Path))
	}
	rest, err := fs.Sub(node.Package, "package")
	if err != nil {
		return nil, err
	}
	more, err := below(NPM, rest)
	return append(append(files, more...), layerbuild.File{Path: NPM + "/LICENSE", Data: license}), err
}

func pypi() ([]layerbuild.File, error) {
	helper, err := fs.Sub(python.Files, "python")
	if err != nil {
		return nil, err
	}
	files, err := below(PyPI+"/src", helper)
	if err != nil {
		return nil, err
	}
	rest, err := fs.Sub(python.Package, "package")
	if err != nil {
		return nil, err
	}
	more, err := below(PyPI, rest)
	return append(append(files, more...), layerbuild.File{Path: PyPI + "/LICENSE", Data: license}), err
}

// below returns the files of a tree, below a folder.
func below(folder string, tree fs.FS) ([]layerbuild.File, error) {
	files, err := layerbuild.HelperFiles(tree)
	for i, f := range files {
		files[i].Path = path.Join(folder, f.Path)
	}
	return files, err
}
