package execwrap

import "embed"

// Files holds what goes into a layer as it stands: files/bundle/exec, the
// script that chooses the binary of the machine's architecture. It must be
// executable there.
//
//go:embed files
var Files embed.FS
