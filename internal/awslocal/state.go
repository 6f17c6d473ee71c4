package awslocal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/whispering/bundle/internal/awslocal/call"
	"github.com/whispering/bundle/internal/plainfile"
)

// ErrLocked is wrapped by the error of New for a state directory that another process uses.
var ErrLocked = errors.New("the state directory is in use by another process")

// The files of a state directory.
const (
	stateName  = "state.json"
	lockName   = "lock"
	serverName = "server.json"
)

// ErrDamaged is wrapped by the error of New for a state that cannot be used any more.
var ErrDamaged = errors.New("is damaged")

// ErrForeign is wrapped by the error of New for a directory that has files but no state.
var ErrForeign = errors.New("has files, and none of them is a state of the embedded AWS")

// stateFormat is increased when older states can no longer be read.
const stateFormat = 1

// stateFile is the content of state.json.
type stateFile struct {
	Format   int                        `json:"format"`
	Sample   *sample                    `json:"sample"` // nil in a state of a release that did not remember the sample file
	Used     bool                       `json:"used"`
	Key      accessKey                  `json:"credentials"`
	Services map[string]json.RawMessage `json:"services"`
}

// serverFile is the content of server.json: how to reach the server that uses the directory.
type serverFile struct {
	URL string `json:"url"`
	accessKey
}

// stateDir is a state directory that this process has locked.
type stateDir struct {
	path string
	lock *os.File
}

// openStateDir makes the directory if it does not exist, and locks it. The lock ends with the process, however it ends. root is the
// folder that has the directories of all environments, or "".
func openStateDir(path, root string) (*stateDir, error) {
	if root != "" {
		if err := refuseForeign(root); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := refuseForeign(path); err != nil {
		return nil, err
	}
	if root != "" {
		if err := ignore(root); err != nil {
			return nil, err
		}
	}
	lock, err := lockFile(filepath.Join(path, lockName))
	if errors.Is(err, ErrLocked) {
		if server, err := readServerFile(path); err == nil {
			return nil, fmt.Errorf("%w: %s is served at %s", ErrLocked, path, server.URL)
		}
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	if err != nil {
		return nil, err
	}
	d := &stateDir{path: path, lock: lock}
	d.sweep()
	// A server.json that still exists is from a server that was killed.
	if err := os.Remove(filepath.Join(path, serverName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

// refuseForeign refuses a directory that is used for something else. Hidden files, such as .gitignore, do not count.
func refuseForeign(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	own := func(entry fs.DirEntry) bool {
		return slices.Contains([]string{stateName, lockName, serverName}, entry.Name())
	}
	foreign := false
	for _, entry := range entries {
		if own(entry) {
			return nil
		}
		empty := false
		if entry.IsDir() { // of another environment, which may be making it now
			below, err := os.ReadDir(filepath.Join(path, entry.Name()))
			if slices.ContainsFunc(below, own) {
				return nil
			}
			empty = err == nil && len(below) == 0
		}
		foreign = foreign || !empty && !strings.HasPrefix(entry.Name(), ".")
	}
	if foreign {
		return fmt.Errorf("%s %w", path, ErrForeign)
	}
	return nil
}

// sweep removes files that a killed process had begun to write. Only the holder of the
// lock writes.
func (d *stateDir) sweep() {
	for _, pattern := range []string{"*.new", "layers/*.new"} { // other folders may be states of other environments
		left, _ := fs.Glob(os.DirFS(d.path), pattern)
		for _, name := range left {
			_ = os.Remove(filepath.Join(d.path, filepath.FromSlash(name)))
		}
	}
}

// readServerFile reads server.json. A client sends credentials and values to the URL in it, so it must be a loopback address.
func readServerFile(dir string) (serverFile, error) {
	b, err := plainfile.Read(filepath.Join(dir, serverName), 1<<20)
	if err != nil {
		return serverFile{}, err
	}
	var server serverFile
	if json.Unmarshal(b, &server) != nil || !isOwnURL(server.URL) {
		return serverFile{}, fmt.Errorf("%s in %s is damaged", serverName, dir)
	}
	return server, nil
}

// isOwnURL reports whether a URL is one that Start returns.
func isOwnURL(url string) bool {
	address, plain := strings.CutPrefix(url, "http://")
	at, err := netip.ParseAddrPort(address)
	return plain && err == nil && at.Addr().IsLoopback() && at.String() == address
}

// announce writes server.json.
func (d *stateDir) announce(server serverFile) error {
	b, err := json.Marshal(server)
	if err != nil {
		return err
	}
	return d.write(serverName, b)
}

func (d *stateDir) close() error {
	err := os.Remove(filepath.Join(d.path, serverName))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, d.lock.Close())
}

// write replaces a file of the directory as a whole: after a crash, it is the old file or the new one.
func (d *stateDir) write(name string, b []byte) error {
	temporary := filepath.Join(d.path, name+".new") // no other process writes it, because of the lock
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(d.path, name)); err != nil {
		return err
	}
	return syncDir(d.path)
}

// load reads the state from the directory, in place of that in memory, or writes the one in memory if there is none.
func (s *Server) load() error {
	b, err := plainfile.Read(filepath.Join(s.options.dir, stateName), 1<<30)
	if errors.Is(err, fs.ErrNotExist) && s.dir != nil {
		s.dir.forgetOthers("")
		if s.sample.content != nil {
			return s.saveSample()
		}
		return s.writeState()
	}
	if err != nil {
		return err
	}
	var state stateFile
	if err := json.Unmarshal(b, &state); err != nil {
		return fmt.Errorf("%s in %s %w", stateName, s.options.dir, ErrDamaged)
	}
	if state.Format != stateFormat {
		return fmt.Errorf("%s in %s has format %d, but this version of bundle reads format %d: remove the directory to start over",
			stateName, s.options.dir, state.Format, stateFormat)
	}
	s.saver.used, s.key = state.Used, state.Key
	s.adopts, s.sample = state.Sample == nil && state.Used, sample{}
	if state.Sample != nil {
		s.sample = *state.Sample
	}
	for name, service := range s.services {
		snapshot := state.Services[name]
		if snapshot == nil {
			snapshot = s.pristine[name]
		}
		if err := service.Restore(snapshot); err != nil {
			return fmt.Errorf("the state of %s in %s cannot be restored: %w", name, s.options.dir, err)
		}
	}
	if s.dir != nil {
		s.dir.forgetOthers(s.sample.File)
	}
	return nil
}

// saver writes concurrent mutations to disk together.
type saver struct {
	changes atomic.Uint64 // mutations so far

	mu       sync.Mutex
	saved    uint64 // mutations that are in the file
	used     bool   // the state is no longer as New makes it
	released bool   // the directory is no longer locked
}

// persist returns when the latest mutation is on disk.
func (s *Server) persist() error {
	if s.options.readOnly {
		return call.NewError("ServiceUnavailableException", "The state of the embedded AWS is read-only.")
	}
	return s.store(true)
}

func (s *Server) store(used bool) error {
	change := s.saver.changes.Add(1)
	s.saver.mu.Lock()
	defer s.saver.mu.Unlock()
	s.saver.used = used
	if s.dir == nil || s.saver.saved >= change {
		return nil
	}
	upTo := s.saver.changes.Load()
	if err := s.writeState(); err != nil {
		return err
	}
	s.saver.saved = upTo
	return nil
}

// writeState writes state.json. The saver's lock must be held, except in New.
func (s *Server) writeState() error {
	if s.saver.released {
		return errors.New("the server is closed")
	}
	state := stateFile{Format: stateFormat, Sample: &s.sample, Used: s.saver.used, Key: s.key, Services: map[string]json.RawMessage{}}
	for name, service := range s.services {
		snapshot, err := service.Snapshot()
		if err != nil {
			return err
		}
		state.Services[name] = snapshot
	}
	b, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return s.dir.write(stateName, b)
}

// release unlocks the directory. A call that is still in progress can no longer change it.
func (s *Server) release() error {
	if s.dir == nil {
		return nil
	}
	s.saver.mu.Lock()
	defer s.saver.mu.Unlock()
	s.saver.released = true
	return s.dir.close()
}

// Reset removes every parameter, key, role and session. Then it brings in a sample file; nil is the one that was brought in last, or
// that the server was made with. If that is wrong, nothing is removed.
func (s *Server) Reset(content []byte) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.options.readOnly {
		return errors.New("the state of the embedded AWS is read-only")
	}
	if content == nil {
		known, err := s.knownSample()
		if err != nil {
			return err
		}
		if content = known; content == nil {
			content = s.options.seed
		}
	}
	err := s.change(sample{Environment: s.sample.Environment, content: content}, func() error {
		for name, service := range s.services {
			if err := service.Restore(s.pristine[name]); err != nil {
				return err
			}
		}
		s.adopts = false
		if content == nil {
			return nil
		}
		in, err := parseSeed(content)
		if err != nil {
			return err
		}
		return s.bringChanges(in, nil, nil)
	})
	if err == nil {
		s.options.seed = content
	}
	return err
}
