package execwrap

import "embed"

// Files has files/bundle/exec, the script that starts the binary for the
// machine's architecture. In a layer, its path is bundle/exec, and it must be
// executable.
//
//go:embed files
var Files embed.FS
