package starter

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

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
	NamesKind // names of parameters or of variables: what chamber and sops write
	TaskKind  // a task definition of ECS
)

// LooksLikePath reports whether a source that is no file is meant as a path of a
// path import.
func LooksLikePath(source string) bool {
	return manifest.BadPath(source) == "" || strings.HasPrefix(source, "/") && !strings.Contains(filepath.Base(source), ".")
}

// OnePathLevel says what to do with a path of one level, as chamber has it; "" for
// other paths.
func OnePathLevel(path string) string {
	if service := strings.Trim(path, "/"); service != "" && !strings.Contains(service, "/") && strings.HasPrefix(path, "/") {
		return ". If chamber keeps parameters there, list their names instead: chamber list " + service + " >names.txt, then: bundle init --from names.txt"
	}
	return ""
}

// Detect returns the kind of a file, by its name or else by its content.
func Detect(name string, src []byte) Kind {
	base := filepath.Base(name)
	switch {
	case base == ".env", strings.HasPrefix(base, ".env."), strings.HasSuffix(base, ".env"):
		return DotenvKind
	case base == "serverless.yml", base == "serverless.yaml":
		return ServerlessKind
	}
	if len(parameterNames(src)) > 0 || len(chamberList(src)) > 0 {
		return NamesKind
	}
	doc, err := parse(src, nil)
	switch {
	case err != nil && (strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".yml")) && strings.HasPrefix(base, "template"):
		return SAMKind // SAM reports what is wrong with it
	case err != nil && looksLikeDotenv(src):
		return DotenvKind
	case err != nil:
		return Unknown
	case doc.task() != nil:
		return TaskKind
	case doc.get(doc.root, "Resources") != nil, doc.get(doc.root, "AWSTemplateFormatVersion") != nil, doc.get(doc.root, "Parameters") != nil:
		return SAMKind
	case doc.get(doc.root, "functions") != nil, doc.get(doc.root, "service") != nil && doc.get(doc.root, "provider") != nil:
		return ServerlessKind
	case flat(doc):
		return NamesKind
	}
	return Unknown
}

// Program returns what to do with a source that is a program, by its name; "" for
// other sources. bundle init runs no programs.
func Program(name string) string {
	ext := filepath.Ext(name)
	if !slices.Contains([]string{".ts", ".js", ".mts", ".mjs", ".cts", ".cjs", ".py", ".go"}, ext) {
		return ""
	}
	if strings.HasPrefix(filepath.Base(name), "serverless") {
		return "is a program, and bundle init does not run programs. Print what it returns as YAML, and use that:" +
			" serverless print --format yaml >printed.yml, then: bundle init --from-serverless printed.yml." +
			" If the framework replaces ${ssm:...} with values there, print the object itself instead:" +
			" node -p 'JSON.stringify(require(\"./" + filepath.Base(name) + "\"))' >printed.yml"
	}
	return "is a program, and bundle init does not run programs. Use what it makes: for the AWS CDK," +
		" run cdk synth, then: bundle init --from cdk.out/STACK.template.json"
}

// Unrecognized returns an error for a file of no kind that is known.
func Unrecognized(name string, src []byte) error {
	doc, err := parse(src, nil)
	switch {
	case filepath.Ext(name) == ".toml":
		return errors.New("it is a TOML file, which bundle init does not read; use the template that it belongs to")
	case err == nil && doc.get(doc.root, "services") != nil:
		return errors.New("it combines several services; use the serverless.yml of each service")
	case err == nil && doc.get(doc.root, "creation_rules") != nil:
		return errors.New("it is the configuration of sops; use a file that sops encrypts, for the names in it")
	case err == nil && refers(doc):
		return errors.New("it is a part of a source; use the serverless.yml or the template that includes it")
	case isSops(src):
		return errSops
	}
	return errors.New("cannot recognize its format. Name it with --from-serverless, --from-sam or --from-dotenv")
}

// refers reports whether a file has a reference to a parameter.
func refers(doc *document) (found bool) {
	doc.walk(doc.root, func(n *yaml.Node) { found = found || isReference(n.Value) })
	return found
}
