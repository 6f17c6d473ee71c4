// Package node has the helper for Node.js, the package bundle-secrets, for a
// layer.
package node

import (
	"embed"
	"path"
	"slices"
	"strings"

	"github.com/whispering/bundle/internal/lazyregexp"
	"github.com/whispering/bundle/layerbuild"
)

// Folder is where Lambda's runtimes look for the package, below /opt
// (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html).
const Folder = "nodejs/node_modules/bundle-secrets"

//go:embed package/lib package/index.cjs package/index.d.ts package/package.json
var sources embed.FS

// Package has, in the folder package, what the npm package contains besides Files.
//
//go:embed package/README.md package/testing.cjs package/testing.d.ts
var Package embed.FS

// Files returns the package. It puts all modules into one file, each as a
// function that runs when it is first required, and leaves out the comments:
// Node finds, reads and compiles one file about 4 ms faster than ten, which
// matters in a cold start.
func Files() ([]layerbuild.File, error) {
	modules, err := sources.ReadDir("package/lib")
	if err != nil {
		return nil, err
	}
	var script strings.Builder
	script.WriteString(`"use strict";
// Generated from runtime/node/package of the project. Each part is a file there, and runs when it is first required.

const made = { __proto__: null };
const part = (name) => (made[name] ??= parts[name]());
const parts = { __proto__: null };
`)
	for _, entry := range modules {
		text, err := sources.ReadFile("package/lib/" + entry.Name())
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(entry.Name(), ".")
		body := strings.Replace(joined(text), "module.exports = ", "return ", 1)
		if slices.Contains(rare, name) {
			script.WriteString("\nparts." + name + " = () => {\n" + body + "};\n")
		} else {
			script.WriteString("\nparts." + name + " = (function () {\n" + body + "});\n")
		}
	}
	index, err := sources.ReadFile("package/index.cjs")
	if err != nil {
		return nil, err
	}
	script.WriteString("\n" + joined(index))
	files := []layerbuild.File{{Path: path.Join(Folder, "index.cjs"), Data: []byte(script.String())}}
	for _, name := range []string{"index.d.ts", "package.json"} {
		data, err := sources.ReadFile("package/" + name)
		if err != nil {
			return nil, err
		}
		files = append(files, layerbuild.File{Path: path.Join(Folder, name), Data: data})
	}
	return files, nil
}

// rare are the modules that most cold starts don't run. V8 only skims a
// function that it compiles later, and parses it again then, unless the
// function is in parentheses: it compiles that with the file.
var rare = []string{"container", "names", "proxy", "refusal"}

var (
	requireModule = lazyregexp.New(`require\("\./(?:lib/)?(\w+)\.cjs"\)`)
	comment       = lazyregexp.New(`(?m)^ *(?://.*|/\*\*(?s:.*?)\*/)\n`)
)

// joined makes a module require the others as parts of the same file, without
// the comments that have lines of their own.
func joined(text []byte) string {
	return comment.ReplaceAllString(requireModule.ReplaceAllString(string(text), `part("$1")`), "")
}
