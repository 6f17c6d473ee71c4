// Command make writes the table of a release's helper files, which later
// releases embed. Run it in the root folder of a checkout:
//
//	go run ./runtime/released/make [-check] v1.2.3
//
// With -check, it writes nothing, and fails if the existing table does not match
// the checkout. It compiles bundle-exec with the Go toolchain on PATH, so another
// toolchain gives another table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/whispering/bundle/runtime/helpers"
	"github.com/whispering/bundle/runtime/released"
)

func main() {
	check := flag.Bool("check", false, "check the existing table")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version string, check bool) error {
	if flag.NArg() != 1 || !released.IsVersion(version) {
		return fmt.Errorf("usage: make [-check] v1.2.3")
	}
	file := filepath.Join("runtime", "released", "tables", version+".txt")
	var there []byte
	if check {
		var err error
		if there, err = os.ReadFile(file); os.IsNotExist(err) {
			return fmt.Errorf("%s is missing: run make helpers VERSION=%s, and commit it with the changelog", file, version)
		} else if err != nil {
			return err
		}
	}
	own, err := helpers.Own(ctx, version, true)
	if err == nil {
		err = own.Missing
	}
	if err != nil {
		return err
	}
	made := released.Format(own.Files)
	switch {
	case !check:
		return os.WriteFile(file, []byte(made), 0o644)
	case string(there) != made:
		return fmt.Errorf("%s does not match this checkout and Go toolchain: run make helpers VERSION=%s with the Go version of the release, "+
			"and commit it", file, version)
	}
	return nil
}
