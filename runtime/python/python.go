// Package python holds the helper for Python as it goes into a layer.
package python

import "embed"

// Files has the package bundle_secrets at the path where Lambda's runtimes
// look for it below /opt, python
// (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html). The
// patterns leave out what interpreters write beside the sources.
//
//go:embed python/bundle_secrets/*.py python/bundle_secrets/py.typed
var Files embed.FS
