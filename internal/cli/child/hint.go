package child

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// PackageHint returns what may help if the command failed because an ES module, as
// also TypeScript and Vitest make them, did not find the helper: they ignore
// NODE_PATH. It is "" if the command does not look like that, or has the package.
func PackageHint(dir string, argv []string) string {
	project := ""
	for folder := dir; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "node_modules", "bundle-secrets")); err == nil {
			return ""
		}
		if _, err := os.Stat(filepath.Join(folder, "package.json")); err == nil && project == "" {
			project = filepath.Join(folder, "package.json")
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	if !slices.ContainsFunc(argv, esModule) && !(runsNode(argv[0]) && hasESModules(project)) {
		return ""
	}
	return `if Node did not find "bundle-secrets": ES modules, TypeScript and Vitest do not look in NODE_PATH, as require, Jest and Python's PYTHONPATH do. ` +
		`Install the package in the project: bundle helpers --unpack helpers, then npm install --save-dev ./helpers/npm`
}

// esModule reports whether a word of a command is a file with ES modules or a program
// for them.
func esModule(word string) bool {
	return slices.Contains([]string{".mjs", ".mts", ".cts", ".ts", ".tsx"}, filepath.Ext(word)) ||
		slices.Contains([]string{"vitest", "tsx", "ts-node"}, strings.TrimSuffix(filepath.Base(word), ".cmd"))
}

// runsNode reports whether a program is Node, or runs it.
func runsNode(program string) bool {
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(program), ".exe"), ".cmd")
	return slices.Contains([]string{"node", "npm", "npx", "pnpm", "yarn", "make", "sh", "bash"}, name)
}

// hasESModules reports whether a package.json says that the project has ES modules.
func hasESModules(path string) bool {
	text, err := os.ReadFile(path)
	var p struct {
		Type                          string
		Dependencies, DevDependencies map[string]any
	}
	if err != nil || json.Unmarshal(text, &p) != nil {
		return false
	}
	uses := func(name string) bool { return p.Dependencies[name] != nil || p.DevDependencies[name] != nil }
	return p.Type == "module" || uses("vitest") || uses("typescript") || uses("tsx")
}
