package manifest

import _ "embed" // for the schemas

// The JSON schemas (draft-07) of manifests and guard files in JSON. go test -update makes them from the schema that this
// package reads files with, and from the tables of docs/manifest.md and docs/guard.md.
var (
	//go:embed schemas/manifest.json
	manifestSchema []byte
	//go:embed schemas/guard.json
	guardSchema []byte
)

// JSONSchema returns the JSON schema of a file in JSON syntax: of a manifest, for its file name ending in .hcl.json, or of
// a guard file. It describes a file alone: that a name is declared, and what an expression evaluates to, is not in it.
func JSONSchema(guard bool) []byte {
	if guard {
		return guardSchema
	}
	return manifestSchema
}
