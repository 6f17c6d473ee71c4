package secrets

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whispering/bundle/layerbuild/sealed"
)

const settingPrefix = "BUNDLE_SECRETS_"

// settings are what a helper reads from its environment (docs/runtime.md, step 1).
type settings struct {
	dir, function, environment, key, sha256 string // "" if not set
	lambdaFunction, region                  string
}

// readSettings reads the settings. It refuses a variable that is not in the
// closed list of docs/runtime.md.
func readSettings(environ []string) (settings, error) {
	s := settings{}
	unread := ""
	known := map[string]*string{
		"BUNDLE_SECRETS_DIR": &s.dir, "BUNDLE_SECRETS_FUNCTION": &s.function, "BUNDLE_SECRETS_ENVIRONMENT": &s.environment,
		"BUNDLE_SECRETS_KEY": &s.key, "BUNDLE_SECRETS_SHA256": &s.sha256,
		"BUNDLE_SECRETS_NEXT_WRAPPER": &unread, "BUNDLE_SECRETS_ALLOW_SNAPSTART": &unread,
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case "AWS_LAMBDA_FUNCTION_NAME":
			s.lambdaFunction = value
		case "AWS_REGION":
			s.region = value
		}
		if !strings.HasPrefix(name, settingPrefix) {
			continue
		}
		to, ok := known[name]
		switch {
		case !ok:
			return s, failf(ErrSetting, "%s is not a variable of bundle: correct its name or remove it", name)
		case value == "":
			return s, failf(ErrSetting, "%s is empty: set a value or remove it", name)
		case name == "BUNDLE_SECRETS_ALLOW_SNAPSTART" && value != "1":
			return s, failf(ErrSetting, "%s must be 1 or not set", name)
		case name == "BUNDLE_SECRETS_FUNCTION" && !sealed.ValidName(value):
			return s, failf(ErrSetting, "%s is %q, which is not a valid function name", name, value)
		case name == "BUNDLE_SECRETS_SHA256" && (len(value) != 64 || strings.Trim(value, "0123456789abcdef") != ""):
			return s, failf(ErrSetting, "%s must be 64 lower-case hexadecimal digits", name)
		}
		*to = value
	}
	return s, nil
}

// name returns the name of the function, "" if it is not known.
func (s settings) name() string { return cmp.Or(s.function, s.lambdaFunction) }

// locate finds the function's document (F-29), and returns its bytes and the
// name of its file, without the extension.
func locate(s settings) (b []byte, name string, err error) {
	folder := filepath.Join(s.dir, filepath.FromSlash(sealed.Folder))
	names, err := list(folder)
	if err != nil {
		return nil, "", err
	}
	name = s.name()
	switch {
	case slices.Contains(names, name):
	case s.function != "":
		found := ofFunction(folder, names, name)
		switch len(found) {
		case 0:
			return nil, "", notFound(folder, s, names)
		case 1:
			name = found[0]
		default:
			return nil, "", failf(ErrBundleNotFound, "%s has documents for %s, which are all of function %q in the manifest: set BUNDLE_SECRETS_FUNCTION to one of them",
				folder, strings.Join(found, ", "), name)
		}
	case len(names) == 1:
		name = names[0]
	default:
		return nil, "", notFound(folder, s, names)
	}
	b, err = read(filepath.Join(folder, name+sealed.Extension), sealed.MaxDocument+1)
	if err != nil {
		return nil, "", &Error{ErrBundleNotFound, fmt.Sprintf("the document of function %s in %s cannot be read", name, folder), err}
	}
	return b, name, nil
}

// ofFunction returns the names of the documents of a function in the manifest: their
// fourth line says so (F-5). The lines up to it have at most 300 bytes.
func ofFunction(folder string, names []string, function string) []string {
	var found []string
	for _, name := range names {
		b, err := read(filepath.Join(folder, name+sealed.Extension), 512)
		if lines := strings.SplitN(string(b), "\n", 5); err == nil && len(lines) == 5 && lines[3] == "function "+function {
			found = append(found, name)
		}
	}
	return found
}

// notFound says which documents there are, and what to do.
func notFound(folder string, s settings, names []string) error {
	name := s.name()
	const most = 20
	listed := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		listed += fmt.Sprintf(" and %d more", len(names)-most)
	}
	switch {
	case len(names) == 0 && s.lambdaFunction == "":
		return failf(ErrBundleNotFound, "%s contains no documents: is the layer attached? On a laptop, use bundle run, or a test double (docs/testing.md)", folder)
	case len(names) == 0:
		return failf(ErrBundleNotFound, "%s contains no documents: is the layer attached?", folder)
	case name == "":
		return failf(ErrBundleNotFound, "neither BUNDLE_SECRETS_FUNCTION nor AWS_LAMBDA_FUNCTION_NAME is set, and %s contains documents for %s: "+
			"set BUNDLE_SECRETS_FUNCTION to one of them", folder, listed)
	}
	return failf(ErrBundleNotFound, "%s has no document for function %q; it contains documents for %s: set BUNDLE_SECRETS_FUNCTION to one of them, "+
		"or deployed_as in the manifest", folder, name, listed)
}

// read returns the beginning of a file, at most so many bytes.
func read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// list returns the names of the documents in a folder, in order. If the folder
// does not exist, there are none. Callers compare these names instead of opening
// a path, because some file systems ignore case.
func list(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{ErrBundleNotFound, fmt.Sprintf("folder %s cannot be read", folder), err}
	}
	var names []string
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), sealed.Extension)
		if ok && sealed.ValidName(name) && entry.Type().IsRegular() {
			names = append(names, name)
		}
	}
	return names, nil
}

// load does steps 1 to 5 of docs/runtime.md: it finds the document, parses it
// and compares it with the pins (F-29, F-30).
func load(o Options) (*sealed.Document, settings, error) {
	s, err := readSettings(o.Environ())
	if err != nil {
		return nil, s, err
	}
	if o.Dir != "" {
		s.dir = o.Dir
	}
	if s.dir == "" {
		s.dir = "/opt"
	}
	b, name := o.Document, s.function
	if b == nil {
		b, name, err = locate(s)
	}
	if err != nil {
		return nil, s, err
	}
	if sum := sha256.Sum256(b); s.sha256 != "" && hex.EncodeToString(sum[:]) != s.sha256 {
		return nil, s, failf(ErrWrongDigest, "the SHA-256 of the document of function %s is %x, but BUNDLE_SECRETS_SHA256 is %s", name, sum, s.sha256)
	}
	doc, err := sealed.Parse(b)
	if err != nil {
		return nil, s, unparsed(name, err)
	}
	switch h := doc.Header; {
	case h.Name != name && !(o.Document != nil && h.Function == name):
		return nil, s, failf(ErrWrongFunction, "the file for function %s contains the document of function %s", name, h.Name)
	case s.environment != "" && h.Environment != s.environment:
		return nil, s, failf(ErrWrongEnvironment, "the document of function %s belongs to environment %s, but BUNDLE_SECRETS_ENVIRONMENT is %q",
			name, h.Environment, s.environment)
	case s.key != "" && doc.Key != s.key:
		return nil, s, failf(ErrWrongKey, "the document of function %s is sealed under key %s, but BUNDLE_SECRETS_KEY is %q", name, doc.Key, s.key)
	}
	return doc, s, nil
}

func unparsed(name string, err error) error {
	code := ErrDocument
	var broken *sealed.FormatError
	if errors.As(err, &broken) && broken.Rule == "F-4" {
		code = ErrUnknownFormat
	}
	return &Error{code, fmt.Sprintf("the document of function %s: %v", name, err), err}
}
