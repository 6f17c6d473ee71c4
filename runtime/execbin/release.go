//go:build release

package execbin

import (
	"context"
	"embed"
)

// Released says whether this build holds the binaries.
const Released = true

// made is what make exec writes. A release cannot be built without.
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
