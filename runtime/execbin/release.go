//go:build release

package execbin

import (
	"context"
	"embed"
)

// Released reports whether this build contains the binaries.
const Released = true

// made has the binaries that make exec writes. A release cannot be built
// without them.
//
//go:embed dist/bundle/bin
var made embed.FS

// All returns the binaries that the release was built with.
func All(context.Context) ([]Binary, error) {
	var all []Binary
	for _, a := range architectures() {
		data, err := made.ReadFile("dist/" + layerPath(a[0]))
		if err != nil {
			return nil, err
		}
		all = append(all, Binary{layerPath(a[0]), data})
	}
	return all, nil
}
