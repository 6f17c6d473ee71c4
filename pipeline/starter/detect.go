package starter

import (
	"path/filepath"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
)

// A Kind says what a source is.
type Kind int

// The kinds of sources.
const (
	Unknown Kind = iota
	ServerlessKind
	SAMKind
	DotenvKind
	PathKind
)

// IsPath reports whether a source may be a path of Parameter Store.
func IsPath(source string) bool { return manifest.BadPath(source) == "" }

// Detect tells what a file is, by its name or else by what it holds.
func Detect(name string, src []byte) Kind {
	base := filepath.Base(name)
	switch {
	case base == ".env", strings.HasPrefix(base, ".env."), strings.HasSuffix(base, ".env"):
		return DotenvKind
	case base == "serverless.yml", base == "serverless.yaml":
		return ServerlessKind
	}
	doc, err := parse(src)
	switch {
	case err != nil && (strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".yml")) && strings.HasPrefix(base, "template"):
		return SAMKind // which says what is wrong with it
	case err != nil:
		return Unknown
	case doc.get(doc.root, "Resources") != nil:
		return SAMKind
	case doc.get(doc.root, "functions") != nil:
		return ServerlessKind
	}
	return Unknown
}
