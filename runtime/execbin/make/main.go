// Command make compiles the binaries that a release embeds, and writes them to
// runtime/execbin/dist. Run it in the root folder of a checkout:
//
//	go run ./runtime/execbin/make
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/whispering/bundle/runtime/execbin"
)

func main() {
	if err := write(context.Background(), filepath.Join("runtime", "execbin", "dist")); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, dist string) error {
	binaries, err := execbin.Build(ctx, ".")
	if err != nil {
		return err
	}
	for _, b := range binaries {
		path := filepath.Join(dist, filepath.FromSlash(b.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, b.Data, 0o755); err != nil {
			return err
		}
	}
	return nil
}
