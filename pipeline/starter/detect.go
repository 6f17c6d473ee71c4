package starter

import (
	"path/filepath"
	"strings"

	"github.com/whispering/bundle/pipeline/manifest"
)

// A Kind is the kind of a source.
type Kind int

// The kinds of sources.
const (
	Unknown Kind = iota
	ServerlessKind
	SAMKind
	DotenvKind
	PathKind
)

// IsPath reports whether a source is a valid path of a path import.
func IsPath(source string) bool { return manifest.BadPath(source) == "" }

// Detect returns the kind of a file, by its name or else by its content.
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
		return SAMKind // SAM reports what is wrong with it
	case err != nil:
		return Unknown
	case doc.get(doc.root, "Resources") != nil:
		return SAMKind
	case doc.get(doc.root, "functions") != nil:
		return ServerlessKind
	}
	return Unknown
}
