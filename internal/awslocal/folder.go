package awslocal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/plainfile"
)

// Folder is a folder with the states of several environments, each in a folder of its own with the environment's name. The folder can
// itself be a state: of no environment, or of a release that had one state for all.
type Folder struct {
	Root        string
	Environment string // "" if it is not known
	// Samples returns the sample files of all embedded environments, in the order of the manifest. It is called only to find out which
	// environment a state of an older release belongs to. nil if they are not known.
	Samples func() []Sample
}

// Sample is the sample file of an environment.
type Sample struct {
	Environment string
	Content     []byte
}

// SeveralError is the error if a folder has the states of several environments and none was chosen.
type SeveralError struct {
	Root         string
	Environments []string
}

// Error implements error.
func (e *SeveralError) Error() string {
	return fmt.Sprintf("%s has the states of the environments %s", e.Root, strings.Join(e.Environments, ", "))
}

// State returns the state directory and the options with which New, Attach, Look and Serve open it. It makes nothing.
func (f Folder) State() (dir string, o []Option, err error) {
	o = []Option{withRoot(f.Root), withEnvironment(f.Environment)}
	switch name := f.Environment; {
	case name == "":
		dir, err = f.only()
		return dir, o, err
	case name == "." || name == ".." || filepath.Base(name) != name: // it may come from a layer
		return "", nil, fmt.Errorf("%q is not the name of an environment", name)
	}
	dir = filepath.Join(f.Root, f.Environment)
	if !hasState(dir) && hasState(f.Root) && f.owner() == f.Environment {
		dir = f.Root
	}
	return dir, o, nil
}

// only returns the only state directory.
func (f Folder) only() (string, error) {
	if hasState(f.Root) {
		return f.Root, nil
	}
	var names []string
	entries, _ := os.ReadDir(f.Root) // opening the state finds what is wrong
	for _, entry := range entries {
		if hasState(filepath.Join(f.Root, entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	switch len(names) {
	case 0:
		return f.Root, nil
	case 1:
		return filepath.Join(f.Root, names[0]), nil
	}
	return "", &SeveralError{f.Root, names}
}

func hasState(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, stateName))
	return err == nil
}

// owner returns the environment that the state in the root belongs to. If the state does not say so, that is the environment whose
// sample file it was made from; f.Environment, if there is no other.
func (f Folder) owner() string {
	if name := ownerOf(f.Root); name != "" {
		return name
	}
	if f.Samples == nil {
		return f.Environment
	}
	all := f.Samples()
	if len(all) < 2 {
		return f.Environment
	}
	s, err := New(WithDir(f.Root), WithReadOnly())
	if err != nil {
		return f.Environment // opening the state finds what is wrong
	}
	defer func() { _ = s.Close() }()
	best := slices.MaxFunc(all, func(a, b Sample) int { return cmp.Compare(s.likeness(a.Content), s.likeness(b.Content)) })
	return best.Environment
}

// ownerOf reads who owns a state, without reading all of the state.
func ownerOf(dir string) string {
	path := filepath.Join(dir, stateName)
	if info, err := os.Stat(path); err != nil || plainfile.Check(info.Mode()) != nil {
		return "" // opening the state finds what is wrong
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	d := json.NewDecoder(f)
	for {
		token, err := d.Token()
		if err != nil || token == "services" {
			return ""
		}
		if token == "sample" {
			var found *sample
			if d.Decode(&found) != nil || found == nil {
				return ""
			}
			return found.Environment
		}
	}
}

// likeness counts the parameters of a sample file that the state has with their first value, and half for those with another value.
func (s *Server) likeness(content []byte) (twice int) {
	in, err := parseSeed(content)
	if err != nil {
		return -1
	}
	for _, p := range in.Parameters {
		stored := s.ssm.Stored(Account, in.Region, p.Name)
		if len(stored) == 0 {
			continue
		}
		twice++
		if value, err := s.value(in.Region, p.Name, stored[0].Number); err == nil && value == p.versions()[0] {
			twice++
		}
	}
	return twice
}

// ignore makes git ignore everything in the folder of the states.
func ignore(root string) error {
	path := filepath.Join(root, ".gitignore")
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, []byte("*\n"), 0o600)
}
