// Package node holds the helper for Node.js as it goes into a layer.
package node

import "embed"

// Files has the package bundle-secrets at the path where Lambda's runtimes
// look for it below /opt, nodejs/node_modules
// (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html).
//
//go:embed nodejs
var Files embed.FS
