package main

import (
	"os"
	"path/filepath"
)

// helpersAttempts are those of bundle helpers, which has nothing to do with
// secrets, but with the same folders.
func helpersAttempts() []attempt {
	return []attempt{
		{name: "success", args: []string{"--out", "helpers.zip", "--helpers", "node,python"}},
		{name: "unchanged", args: []string{"--out", "helpers.zip", "--helpers", "node,python"}},
		{name: "no output", code: 2},
		{name: "unknown helper", args: []string{"--out", "helpers.zip", "--helpers", "ruby"}, code: 2},
		{name: "output is a layer with secrets", args: []string{"--out", "prod.zip", "--helpers", "node"}, code: 2},
		{name: "output is the sample", args: []string{"--out", "sample.json", "--helpers", "node"}, code: 2},
		{name: "an argument", args: []string{"--out", "helpers.zip", "node"}, code: 2},
		{name: "no folder", args: []string{"--out", "none/helpers.zip", "--helpers", "node"}, code: 8},
		{name: "packages", args: []string{"--unpack", "packages"}, before: func(s *stage) {
			if err := os.RemoveAll(filepath.Join(s.dir, "packages")); err != nil {
				s.Fatal(err)
			}
		}},
		{name: "packages over packages", args: []string{"--unpack", "packages"}, code: 2},
		{name: "packages over a file", args: []string{"--unpack", "sample.json"}, code: 2},
		{name: "closed output", args: []string{"--out", "helpers.zip", "--helpers", "node"}, closed: true, code: 8},
	}
}
