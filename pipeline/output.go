package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/whispering/bundle/internal/atomicfile"
	"github.com/whispering/bundle/internal/plainfile"
	"github.com/whispering/bundle/pipeline/problem"
)

// StateFolder is the folder next to the manifest with the state of the embedded AWS.
const StateFolder = ".bundle-local"

// An Outfile is a file that a run replaces, atomically: a layer or a report.
type Outfile struct {
	Path    string
	Content []byte // before the run; nil if there was no file

	kind outputKind
}

// OpenOutput checks the path of --out before anything else is done. There must be
// nothing at the path or a regular file, in a writable folder, and it must not be
// one of the inputs: a mistyped --out must not destroy a file, and for root a
// rename would replace even a device.
func OpenOutput(path string, inputs []string) (*Outfile, problem.Problems) {
	if path == "" {
		return nil, unusable(problem.Manifest, "Missing --out", "Add --out with the file to write, for example --out layer.zip.")
	}
	return openOutput(layerOutput, path, inputs)
}

// OpenReport is OpenOutput for the path of --report, without inputs. It refuses a file
// that has content which is not a report's.
func OpenReport(path string, isReport func(content []byte) bool) (*Outfile, problem.Problems) {
	out, problems := openOutput(reportOutput, path, nil)
	if len(problems) == 0 && len(out.Content) > 0 && !isReport(out.Content) {
		return nil, unusable(problem.Manifest, "Output file is not a report",
			"--report %s: the file exists and is not a report, so it is not replaced. Use another path, or remove the file.", path)
	}
	return out, problems
}

func openOutput(kind outputKind, path string, inputs []string) (*Outfile, problem.Problems) {
	info, problems := lookAtOutput(kind, path, inputs)
	if len(problems) > 0 {
		return nil, problems
	}
	if err := atomicfile.Probe(path); err != nil {
		return nil, unusable(problem.Output, "Unusable output", "%s %s: %s", kind.flag, path, WhyNotWritten(path, err))
	}
	return readOutput(kind, path, info)
}

// PeekOutput checks the path and reads what is there, for a run that writes
// nothing. It fails where OpenOutput does, except for a folder that is not writable.
// Without a path, or a file at the path, the content is nil.
func PeekOutput(path string) (*Outfile, problem.Problems) {
	if path == "" {
		return &Outfile{}, nil
	}
	info, problems := lookAtOutput(layerOutput, path, nil)
	if len(problems) > 0 {
		return nil, problems
	}
	return readOutput(layerOutput, path, info)
}

func unusable(kind problem.Kind, summary, format string, args ...any) problem.Problems {
	return problem.Problems{problem.New(kind, nil, summary, fmt.Sprintf(format, args...))}
}

// An outputKind says how messages name a file to write.
type outputKind struct {
	flag, example string
	notStdout     string // why it is not written to standard output
}

var (
	layerOutput  = outputKind{"--out", "layer.zip", "a layer cannot be written to standard output, which is used for the result"}
	reportOutput = outputKind{"--report", "report.md", "a report is a file. For standard output, there are --json and --markdown"}
)

// lookAtOutput checks the path, and returns nil if there is nothing at it.
func lookAtOutput(kind outputKind, path string, inputs []string) (fs.FileInfo, problem.Problems) {
	const summary = "Unusable output"
	flag, example := kind.flag, kind.example
	info, err := os.Lstat(path)
	switch {
	case path == "-":
		return nil, unusable(problem.Manifest, summary, "%s -: %s. Use a file name, for example %[1]s %[3]s. For a file named -, write ./-.", flag, kind.notStdout, example)
	case strings.HasPrefix(path, "-"), strings.TrimSpace(path) == "":
		return nil, unusable(problem.Manifest, summary, "%s %q looks like a mistake. Use a file name, for example %[1]s %[3]s. For a file with exactly this name, write %[4]q.", flag, path, example, "./"+path)
	case strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)):
		if file, err := os.Stat(filepath.Clean(path)); err == nil && !file.IsDir() {
			return nil, unusable(problem.Output, summary, "%s %s ends in a slash, but is not a folder. Remove the slash, or use another path.", flag, path)
		}
		return nil, unusable(problem.Output, summary, "%s %s is a folder. Use a file in it, for example %s.", flag, path, filepath.Join(path, example))
	case InStateFolder(path):
		return nil, unusable(problem.Manifest, summary, "%s %s is in %s, which belongs to the embedded AWS. Use a path outside of it.", flag, path, StateFolder)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unusable(problem.Output, summary, "%s %s: %s", flag, path, WhyNotWritten(path, err))
	case !info.Mode().IsRegular():
		return nil, unusable(problem.Output, summary, "%s %s is a %s, not a regular file. Use another path.", flag, path, plainfile.Kind(info.Mode()))
	}
	for _, input := range inputs {
		if other, err := os.Stat(input); err == nil && os.SameFile(info, other) {
			return nil, unusable(problem.Manifest, "Output file is also an input", "%s %s is %s, which this run reads. Use another path.", flag, path, input)
		}
	}
	if ReadOnly(info) {
		return nil, unusable(problem.Output, summary, "%s %s: %s", flag, path, readOnly)
	}
	return info, nil
}

func readOutput(kind outputKind, path string, info fs.FileInfo) (*Outfile, problem.Problems) {
	out := &Outfile{Path: path, kind: kind}
	if info == nil {
		return out, nil
	}
	var err error
	if out.Content, err = ReadLimited(path); err != nil {
		return nil, unusable(problem.Output, "Unusable output", "Cannot read %s %s: %v. Use another path, or remove the file.", kind.flag, path, Cause(err))
	}
	return out, nil
}

// InStateFolder reports whether a path is in the state folder of an embedded AWS.
func InStateFolder(path string) bool {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return false
	}
	inside := func(dir string) bool {
		for part := range strings.SplitSeq(filepath.ToSlash(dir), "/") {
			if strings.EqualFold(part, StateFolder) {
				return true
			}
		}
		return false
	}
	real, err := filepath.EvalSymlinks(dir)
	return inside(dir) || err == nil && inside(real) || strings.EqualFold(filepath.Base(path), StateFolder)
}

// Inside reports whether a path is in a folder.
func Inside(path, folder string) bool {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false // the folder does not exist yet
	}
	there, err := os.Stat(folder)
	if err != nil {
		return false
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for {
		if info, err := os.Stat(dir); err == nil && os.SameFile(info, there) {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}

// ReadOnly reports whether a file has no write permission for anyone.
func ReadOnly(info fs.FileInfo) bool { return info.Mode().Perm()&0o222 == 0 }

// readOnly is why a read-only file is not replaced.
const readOnly = "the file is read-only. Make it writable, for example with chmod u+w, or use another path."

// WhyNotWritten returns why a file could not be written at path, and what to do.
func WhyNotWritten(path string, err error) string {
	dir := filepath.Dir(path)
	why := Cause(err)
	info, statErr := os.Stat(dir)
	_, danglingErr := os.Lstat(dir)
	switch {
	case errors.Is(statErr, fs.ErrNotExist) && danglingErr == nil:
		return fmt.Sprintf("%s is a symbolic link to a path that does not exist. Use another path.", dir)
	case errors.Is(statErr, fs.ErrNotExist):
		return fmt.Sprintf("the folder %s does not exist. Create it first: mkdir -p %s", dir, ShellWord(dir))
	case errors.Is(statErr, syscall.ENOTDIR), statErr == nil && !info.IsDir():
		return fmt.Sprintf("%s is not a folder. Use another path.", dir)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Sprintf("%v. Use a shorter path.", why)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Sprintf("%v. Free space there, or use a path on another disk.", why)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("cannot write to its folder: %v. Use a path in a writable folder.", why)
	}
	return fmt.Sprintf("cannot write to its folder: %v. Check the disk and the limit for the size of files (ulimit -f), or use a path in another folder.", why)
}

// Cause returns an error without its path, which may be that of a temporary file.
func Cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// ShellWord returns a string as one word of a POSIX shell, in quotes only if it needs them.
func ShellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@+=-") == "" && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Replace replaces the output with b. A reader always finds the whole old file or
// the whole new file, even if the run is killed. If the content is equal, the file
// is not touched.
func (o *Outfile) Replace(b []byte) (problems problem.Problems) {
	if o.Content != nil && bytes.Equal(o.Content, b) {
		if _, err := os.Lstat(o.Path); err == nil {
			return nil
		}
	}
	if err := atomicfile.Write(o.Path, b); err != nil {
		summary := "Layer not written"
		if o.kind == reportOutput {
			summary = "Report not written"
		}
		return unusable(problem.Output, summary, "%s %s: %s The previous file is unchanged.", o.kind.flag, o.Path, WhyNotWritten(o.Path, err))
	}
	return nil
}
