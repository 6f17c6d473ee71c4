package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// Options are the inputs of a manifest besides its files.
type Options struct {
	// Vars are values of variables from the command line, as NAME=VALUE. They override Environ.
	Vars []string
	// Environ is a process environment. Only BUNDLE_VAR_NAME is used, and an empty value counts as unset.
	Environ []string
}

// Module is a manifest that was read but not evaluated. It does not change, and is safe for concurrent use.
type Module struct {
	dir    string
	order  []string // file names, as loaded
	files  map[string]*hcl.File
	show   sync.Once // see Files
	inputs map[string]*input
	root   *blockSpec // the schema of its files
	// partial is set if a syntax error may have hidden a part. Then nothing is reported as missing.
	partial bool
	// refused are the places of constructs that must not be evaluated, by file. They have been reported.
	refused map[string][]hcl.Range

	bundle, defaults                           *block
	variables, environments, groups, functions []*block
	index                                      map[named]*block // blocks with labels
	locals                                     map[string]*hcl.Attribute
	localOrder                                 []string // their names, in source order
	groupNames                                 string   // some of the groups, for a sentence
	vars                                       map[string]cty.Value
	standard                                   string        // default_environment
	samples                                    []Environment // see Forget
}

// Load reads the manifest at path, which is a file or a folder. In a folder, it reads every *.hcl and *.hcl.json, in the
// order of their names. The module is never nil. If there are errors, the rest can still be evaluated.
func Load(path string, o Options) (*Module, hcl.Diagnostics) {
	m, diags := Read(path)
	return m.understand(diags, o)
}

// LoadSource is Load for a manifest that is not in a file yet: src, with a file name.
func LoadSource(name string, src []byte, o Options) (*Module, hcl.Diagnostics) {
	m, diags := ReadSource(name, src)
	return m.understand(diags, o)
}

// Read reads the files of a manifest as Load does, but only finds what keeps them from being parsed.
func Read(path string) (*Module, hcl.Diagnostics) {
	m := newModule(path)
	names := []string{""}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return m, hcl.Diagnostics{unreadable(path, err)}
	case info.IsDir():
		names, err = listFolder(path)
		if err != nil {
			return m, hcl.Diagnostics{unreadable(path, err)}
		}
		if len(names) == 0 {
			return m, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No manifest in folder",
				Detail: fmt.Sprintf("The folder %q has no files that end in .hcl or .hcl.json. Name the folder of the manifest, or the manifest itself.", path)}}
		}
	default:
		m.dir, names[0] = filepath.Split(path)
		m.dir = filepath.Clean(m.dir)
	}
	return m, m.readAll(names)
}

// ReadSource is Read for a manifest that is not in a file yet.
func ReadSource(name string, src []byte) (*Module, hcl.Diagnostics) {
	m := newModule(filepath.Dir(name))
	m.take(name, src, len(src))
	return m, m.judge()
}

func newModule(dir string) *Module {
	return &Module{
		dir: dir, root: rootSpec(), files: map[string]*hcl.File{}, inputs: map[string]*input{},
		refused: map[string][]hcl.Range{}, locals: map[string]*hcl.Attribute{}, index: map[named]*block{},
	}
}

// understand reads the blocks of the parsed files. diags are the problems of parsing.
func (m *Module) understand(diags hcl.Diagnostics, o Options) (*Module, hcl.Diagnostics) {
	if len(m.order) == 0 {
		return m, m.Sort(diags)
	}
	r := &reader{m: m}
	for _, name := range m.order {
		f := m.files[name]
		if f.Body != nil && !m.inputs[name].foreign {
			r.file(f.Body)
		}
		f.Body = nil // no longer needed, and uses a lot of memory
	}
	m.groupNames = quoted(labels(m.groups), 20)
	r.take(m.once(o))
	found := slices.DeleteFunc(r.all(), func(d *hcl.Diagnostic) bool {
		return d.Subject != nil && m.inputs[d.Subject.Filename] != nil && m.inputs[d.Subject.Filename].nested
	})
	diags = append(diags, without(found, diags)...)
	return m, m.Sort(diags)
}

// without returns diags except those on the line of an earlier one: after a syntax error, others on its line mean nothing.
func without(diags, earlier hcl.Diagnostics) hcl.Diagnostics {
	type line struct {
		file   string
		number int
	}
	taken := map[line]bool{}
	for _, d := range earlier {
		if d.Subject != nil {
			taken[line{d.Subject.Filename, d.Subject.Start.Line}] = true
		}
	}
	return slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Subject != nil && taken[line{d.Subject.Filename, d.Subject.Start.Line}]
	})
}

func unreadable(path string, err error) *hcl.Diagnostic {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Manifest not readable",
		Detail: fmt.Sprintf("Cannot read %q: %s. Correct the path or the permissions.", path, err)}
}

func listFolder(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() && !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json")) {
			names = append(names, name)
		}
	}
	return names, nil
}

// readAll reads and parses files in the manifest's folder. It does not follow links out of the folder, because their
// targets are not part of the manifest.
func (m *Module) readAll(names []string) hcl.Diagnostics {
	root, err := os.OpenRoot(m.dir)
	if err != nil {
		return hcl.Diagnostics{unreadable(m.dir, err)}
	}
	defer root.Close()
	var diags hcl.Diagnostics
	size := 0
	for _, name := range names {
		path := filepath.Join(m.dir, name)
		src, err := readFile(root, name, maxSize-size)
		if err != nil {
			m.partial = true
			diags = append(diags, unreadable(path, err))
			continue
		}
		size += len(src)
		m.take(path, src, size)
		if size > maxSize {
			break
		}
	}
	return append(diags, m.judge()...)
}

// take adds one file. size is the total size up to and including this file.
func (m *Module) take(path string, src []byte, size int) {
	m.order = append(m.order, path)
	if strings.HasSuffix(path, ".json") {
		src = bytes.TrimPrefix(src, []byte("\ufeff")) // HCL skips it only in its native syntax
	}
	in := &input{src: src}
	m.inputs[path] = in
	m.files[path] = &hcl.File{}
	if size > maxSize {
		m.partial = true
		in.fatal = fault("Manifest too large",
			fmt.Sprintf("The files of a manifest can have at most %d bytes in total, and this file exceeds that. Split the manifest.", maxSize),
			hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos})
		return
	}
	m.parse(path, in)
}

func readFile(root *os.Root, name string, limit int) ([]byte, error) {
	info, err := root.Stat(name) // before opening it, because opening a pipe would block
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}

func (m *Module) parse(path string, in *input) {
	g := newLimits(in.src, path)
	if g.fatal == nil && !g.json() {
		if file := parsePlain(in.src, path); file != nil {
			m.files[path], in.plain = file, true
			return
		}
	}
	if g.fatal == nil {
		g.scanAll()
	}
	in.view, in.refused = g.view(m.root), g.refused
	g.tokens = nil // the parser makes its own
	if g.fatal != nil {
		m.partial = true
		in.fatal = g.fatal
		return
	}
	for _, d := range g.refused {
		m.refused[path] = append(m.refused[path], *d.Subject)
	}
	var file *hcl.File
	if g.json() {
		file, in.found = json.Parse(in.src, path)
		in.blocks = g.blocks(m.root)
	} else {
		file, in.found = hclsyntax.ParseConfig(in.src, path, hcl.InitialPos)
	}
	if file != nil {
		m.files[path] = file
	}
}

// Files returns the files of the manifest by name, for hcl.NewDiagnosticTextWriter, with what may be shown of them.
func (m *Module) Files() map[string]*hcl.File {
	m.show.Do(func() {
		for path, in := range m.inputs {
			if in.plain && in.shown {
				m.files[path].Bytes = viewPlain(in.src, path, m.root).bytes
			}
		}
	})
	return m.files
}

// Forget drops what evaluating takes, which is most of what a large manifest takes in memory. The module cannot be
// evaluated afterwards, but Samples remain.
func (m *Module) Forget() {
	m.samples = m.Samples()
	m.bundle, m.defaults, m.variables, m.environments, m.groups, m.functions = nil, nil, nil, nil, nil, nil
	m.index, m.locals, m.localOrder, m.vars = nil, nil, nil, nil
}

// Dir returns the manifest's folder, as given to Load.
func (m *Module) Dir() string { return m.dir }

// Environments returns the names of the environments in source order.
func (m *Module) Environments() []string { return labels(m.environments) }

// Embedded reports whether an environment is embedded. Evaluate reports what is wrong with it.
func (m *Module) Embedded(env string) bool { return m.environment(env).Embedded.Value != "" }

// Samples returns the embedded environments in source order. Evaluate reports what is wrong with them.
func (m *Module) Samples() []Environment {
	if m.samples != nil { // the rest is forgotten
		return m.samples
	}
	all := []Environment{}
	for _, name := range m.Environments() {
		if environment := m.environment(name); environment.Embedded.Value != "" {
			all = append(all, environment)
		}
	}
	return all
}

// environment evaluates the block of an environment alone. It is empty if there is none.
func (m *Module) environment(name string) Environment {
	e := m.newEvaluator()
	if e.env = m.find("environment", name); e.env == nil {
		return Environment{}
	}
	return e.environment()
}

// Default returns the name of the default environment, or "".
func (m *Module) Default() string { return m.standard }
