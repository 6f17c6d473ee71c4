package awsenv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/awslocal"
	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline"
	"github.com/whispering/bundle/pipeline/manifest"
	"github.com/whispering/bundle/pipeline/problem"
)

// Embedded is the embedded AWS of one environment of a manifest.
type Embedded struct {
	module      *manifest.Module
	environment string
	file        manifest.Text // the sample file, relative to the manifest's folder
	data        string        // --data; "" for the folder next to the manifest
}

// EmbeddedOf returns the embedded AWS of an environment. data is the value of --data.
func EmbeddedOf(module *manifest.Module, environment manifest.Environment, data string) *Embedded {
	return &Embedded{module, environment.Name.Value, environment.Embedded, data}
}

// Sample reads the sample file. Its error is a problem at the line of the manifest
// that names it.
func (e *Embedded) Sample() ([]byte, error) {
	content, err := readBelow(e.module.Dir(), e.file.Value)
	if err != nil {
		return nil, e.refuse("Sample values not readable",
			"Cannot read %q, the sample file of the embedded environment: %v. Correct the path in embedded.", e.file.Value, pipeline.Cause(err))
	}
	return content, nil
}

// Check returns what is wrong with the sample file. It makes no state.
func (e *Embedded) Check() error {
	content, err := e.Sample()
	if err == nil {
		err = awslocal.CheckSample(content)
	}
	if errors.Is(err, awslocal.ErrSample) {
		err = e.wrong(err)
	}
	return err
}

func (e *Embedded) refuse(summary, detail string, args ...any) error {
	return console.Refuse(problem.Manifest, &e.file.Range, summary, detail, args...)
}

// WrongSample is the problem of a sample file that cannot be brought in, for an error
// that is an awslocal.ErrSample.
func (e *Embedded) WrongSample(content []byte, err error) error {
	if awslocal.CheckSample(content) == nil {
		return e.refuse("Sample file cannot be brought in",
			"%s. The state of the embedded AWS cannot follow this change of the sample file. Undo it, or start again with the sample values: bundle local reset.", e.where(err))
	}
	return e.wrong(err)
}

// wrong is the problem of a sample file that is wrong in itself.
func (e *Embedded) wrong(err error) error {
	return e.refuse("Wrong sample file", "%s. Correct the sample file.", e.where(err))
}

// where names the sample file, before what an awslocal.ErrSample says of it.
func (e *Embedded) where(err error) string {
	return e.file.Value + strings.TrimSuffix(strings.TrimPrefix(err.Error(), awslocal.ErrSample.Error()), ".")
}

// Folder says where the state is.
func (e *Embedded) Folder() awslocal.Folder {
	root := e.data
	if root == "" {
		root = filepath.Join(e.module.Dir(), pipeline.StateFolder)
	}
	return awslocal.Folder{Root: root, Environment: e.environment, Samples: e.samples}
}

// samples reads the sample files of all embedded environments that have one.
func (e *Embedded) samples() []awslocal.Sample {
	var all []awslocal.Sample
	for _, environment := range e.module.Samples() {
		if content, err := readBelow(e.module.Dir(), environment.Embedded.Value); err == nil {
			all = append(all, awslocal.Sample{Environment: environment.Name.Value, Content: content})
		}
	}
	return all
}

// open brings the sample file into the state, and returns a client of it. It uses the
// server of bundle local serve if that is running, and otherwise starts one. With
// looking, it makes no state. m is the manifest that uses the parameters; nil for none.
func (e *Embedded) open(ctx context.Context, con *console.Console, looking bool, m *manifest.Manifest) (*awslocal.Client, error) {
	content, err := e.Sample()
	if err != nil {
		return nil, err
	}
	folder := e.Folder()
	dir, options, err := folder.State()
	if err != nil {
		return nil, err
	}
	attach := awslocal.Attach
	if looking {
		attach = awslocal.Look
	}
	client, err := attach(ctx, dir, append(options, awslocal.WithSeed(content))...)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, inUse(folder.Root, &e.file.Range)
	case errors.Is(err, awslocal.ErrSample):
		return nil, e.WrongSample(content, err)
	case err != nil:
		return nil, e.refuse("Embedded AWS cannot start", "%v%s.", err, StateRemedy(err))
	}
	HintKept(con, client.Kept(), e.Flags())
	if m != nil {
		e.hintRemoved(con, client.Removed(), m)
		e.hintSecrets(ctx, con, client, m, content)
	}
	return client, nil
}

// BringIn brings the sample file into the state, for a command that makes no session. It
// makes no state.
func (e *Embedded) BringIn(ctx context.Context, con *console.Console) error {
	client, err := e.open(ctx, con, true, nil)
	if err != nil {
		return err
	}
	return client.Close()
}

// Flags are the flags with which the commands of bundle local work on this embedded AWS
// if they are run here, each behind a blank.
func (e *Embedded) Flags() (flags string) {
	if len(e.module.Samples()) > 1 {
		flags += " --env " + e.environment
	}
	if paths := e.module.Paths(); len(paths) > 1 {
		flags += " --manifest " + console.ShellWord(e.module.Dir())
	} else if paths[0] != console.DefaultManifest {
		flags += " --manifest " + console.ShellWord(paths[0])
	}
	if e.data != "" {
		flags += " --data " + console.ShellWord(e.data)
	}
	return flags
}

// HintKept names the parameters that were changed in the sample file and in the state.
// flags are those of bundle local for this state, each behind a blank.
func HintKept(con *console.Console, kept []string, flags string) {
	const changed = "changed in the sample file and by bundle local put"
	hintEach(con, kept, "was "+changed+", whose value stays. To take the sample file's: bundle local put --from-sample"+flags, "were "+changed)
}

// hintRemoved names the parameters of the sample file that were deleted, although the manifest uses them.
func (e *Embedded) hintRemoved(con *console.Console, removed []string, m *manifest.Manifest) {
	removed = slices.DeleteFunc(removed, func(name string) bool { return !uses(m, name) })
	hintEach(con, removed, "is in the sample file, but was deleted with bundle local rm. To put it again: bundle local put --from-sample"+e.Flags(),
		"of the sample file were deleted. To start again with all sample values: bundle local reset"+e.Flags())
}

// mostHints is how many parameters or secrets have a hint of their own.
const mostHints = 5

// hintEach prints a hint about each of the first parameters, which ends in its name, and one about the others.
func hintEach(con *console.Console, names []string, each, others string) {
	for _, name := range names[:min(len(names), mostHints)] {
		con.Hint("%s %s %s", name, each, name)
	}
	if more := len(names) - mostHints; more > 0 {
		con.Hint("%d more parameters %s", more, others)
	}
}

// uses reports whether a function of a manifest has a secret of a parameter, or imports a path above it.
func uses(m *manifest.Manifest, parameter string) bool {
	parameter = "/" + strings.TrimPrefix(parameter, "/")
	return slices.ContainsFunc(m.Functions, func(f manifest.Function) bool {
		return slices.ContainsFunc(f.Secrets, func(s manifest.Secret) bool {
			name, _, _ := strings.Cut(s.Parameter.Value, ":")
			return "/"+strings.TrimPrefix(name, "/") == parameter
		}) || slices.ContainsFunc(f.Imports, func(i manifest.Import) bool {
			below, ok := strings.CutPrefix(parameter, strings.TrimSuffix(i.Path.Value, "/")+"/")
			return ok && (i.Recursive || !strings.Contains(below, "/"))
		})
	})
}

// inUse is the error if another run uses the state of an embedded AWS for too long.
func inUse(data string, at *hcl.Range) error {
	return console.Failed(problem.Problems{problem.OutOfTime(at, fmt.Sprintf("the state folder %q, which another run is using", data),
		"Wait for that run to finish, or choose another folder with --data.")})
}

// StateRemedy returns what to do if the state of an embedded AWS cannot be written.
func StateRemedy(err error) string {
	if errors.Is(err, awslocal.ErrDamaged) {
		return ". To start again with the sample values, delete the folder that it is in"
	}
	if errors.Is(err, awslocal.ErrForeign) {
		return ". Name a new or an empty folder with --data, or the one that has the state"
	}
	for _, cause := range []error{fs.ErrPermission, fs.ErrExist, syscall.ENOTDIR, syscall.EROFS, syscall.ENOSPC} {
		if errors.Is(err, cause) {
			return ". Its state needs a writable folder: choose one with --data"
		}
	}
	return ""
}

// readBelow reads a file in the manifest's folder. It does not follow links that lead
// out of the folder.
func readBelow(dir, path string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.FromSlash(path)
	info, err := root.Stat(name) // before opening it: opening a pipe would wait for its other end
	if err == nil {
		err = plainfile.Check(info.Mode())
	}
	if err != nil {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return plainfile.All(f, info.Size(), awslocal.MaxSample)
}
