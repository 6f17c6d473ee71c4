// Package python has the helper for Python, the package bundle_secrets, for a
// layer.
package python

import "embed"

// Files has the package in the folder python, where Lambda's runtimes look for
// it below /opt
// (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html). The
// patterns exclude the files that interpreters write beside the sources.
//
//go:embed python/bundle_secrets/*.py python/bundle_secrets/py.typed
var Files embed.FS

// Package has, in the folder package, what the PyPI package contains besides Files.
//
//go:embed package/pyproject.toml package/README.md package/src/bundle_secrets_testing/*.py package/src/bundle_secrets_testing/py.typed
var Package embed.FS
