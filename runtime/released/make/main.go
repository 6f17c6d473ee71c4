// Command make writes the table of a release's helper files, which later
// releases embed, from the checkout at whose top it runs:
//
//	go run ./runtime/released/make [-check] v1.2.3
//
// With -check it writes nothing, and fails unless the table there is the
// checkout's. bundle-exec is compiled by the Go toolchain on PATH: another one
// makes another table.
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
	check := flag.Bool("check", false, "compare the table that is there")
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
		return fmt.Errorf("%s is not the table of this checkout, made by this Go toolchain: run make helpers VERSION=%s with the Go of the release, and commit it", file, version)
	}
	return nil
}
