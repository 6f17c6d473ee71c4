package lambda

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// digest is the SHA-256 of an archive, in hex.
type digest string

func digestOf(archive []byte) digest {
	sum := sha256.Sum256(archive)
	return digest(hex.EncodeToString(sum[:]))
}

func (d digest) valid() bool {
	return len(d) == 2*sha256.Size && strings.Trim(string(d), "0123456789abcdef") == ""
}

// base64 is the digest as AWS writes it: CodeSha256.
func (d digest) base64() string {
	sum, err := hex.DecodeString(string(d))
	if err != nil {
		return "" // valid digests are hex
	}
	return base64.StdEncoding.EncodeToString(sum)
}

// content keeps archives by their digest: as files, or in memory if dir is "".
type content struct {
	dir    string
	memory map[digest][]byte
}

func newContent(dir string) content { return content{dir: dir, memory: map[digest][]byte{}} }

func (c content) path(d digest) string { return filepath.Join(c.dir, string(d)+".zip") }

// put stores an archive. A file appears whole or not at all.
func (c content) put(archive []byte) (digest, error) {
	d := digestOf(archive)
	if c.dir == "" {
		c.memory[d] = archive
		return d, nil
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return "", err
	}
	temporary := c.path(d) + ".new"
	if err := os.WriteFile(temporary, archive, 0o600); err != nil {
		return "", err
	}
	return d, os.Rename(temporary, c.path(d))
}

// get returns an archive. It fails with fs.ErrNotExist if the archive is missing or changed.
func (c content) get(d digest) ([]byte, error) {
	archive, ok := c.memory[d]
	if c.dir != "" {
		var err error
		if archive, err = os.ReadFile(c.path(d)); err != nil {
			return nil, err
		}
		ok = digestOf(archive) == d
	}
	if !ok {
		return nil, fs.ErrNotExist
	}
	return archive, nil
}

// forget drops archives in memory that are no longer used.
func (c content) forget(used map[digest]bool) {
	for d := range c.memory {
		if !used[d] {
			delete(c.memory, d)
		}
	}
}

// clean removes unused files, and partial files of a killed process.
func (c content) clean(used map[digest]bool) error {
	if c.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		name, half := strings.CutSuffix(entry.Name(), ".new")
		name, ok := strings.CutSuffix(name, ".zip")
		if ok && digest(name).valid() && (half || !used[digest(name)]) {
			err = errors.Join(err, os.Remove(filepath.Join(c.dir, entry.Name())))
		}
	}
	return err
}

// DownloadPath is the path, below the endpoint, of the links in Location. Requests for it go to ServeHTTP.
const DownloadPath = "/awslocal-layers/"

// linkTime is how long a link works (https://docs.aws.amazon.com/lambda/latest/api/API_LayerVersionContentOutput.html).
const linkTime = 10 * time.Minute

// link returns the Location of an archive at an endpoint ("http://127.0.0.1:4566").
func (s *Service) link(endpoint string, d digest, now time.Time) string {
	expires := strconv.FormatInt(now.Add(linkTime).Unix(), 10)
	query := url.Values{"Expires": {expires}, "Signature": {s.sign(d, expires)}}
	return strings.TrimSuffix(endpoint, "/") + DownloadPath + string(d) + "?" + query.Encode()
}

func (s *Service) sign(d digest, expires string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(string(d) + " " + expires))
	return hex.EncodeToString(mac.Sum(nil))
}

// ServeHTTP sends the archive of a link to everyone who has the link, as S3 does for a Location.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d, query := digest(strings.TrimPrefix(r.URL.Path, DownloadPath)), r.URL.Query()
	expires, err := strconv.ParseInt(query.Get("Expires"), 10, 64)
	genuine := hmac.Equal([]byte(query.Get("Signature")), []byte(s.sign(d, query.Get("Expires"))))
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "a layer can only be read", http.StatusMethodNotAllowed)
		return
	case err != nil || !genuine:
		http.Error(w, "this link was not made here", http.StatusForbidden)
		return
	case s.clock().Unix() > expires:
		http.Error(w, "this link has expired", http.StatusForbidden)
		return
	}
	s.mu.RLock()
	archive, err := s.content.get(d)
	used := s.used()[d]
	s.mu.RUnlock()
	if err != nil || !used {
		http.Error(w, "this layer no longer exists", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Length", strconv.Itoa(len(archive)))
	_, _ = w.Write(archive) // the client may be gone
}
