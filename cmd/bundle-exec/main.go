// Command bundle-exec is the exec wrapper in a layer: it opens the secrets of
// the function, adds them to the environment and becomes the command that it
// was given.
//
//	AWS_LAMBDA_EXEC_WRAPPER=/opt/bundle/exec
//
// It takes no flags, so that every argument is the command's. docs/runtime.md
// lists the variables it reads and the statuses it ends with.
package main

import (
	"context"
	"io"
	"log" //nolint:depguard // net/http writes to it; nothing of ours does
	"os"

	"github.com/whispering/bundle/runtime/execwrap"
)

func main() {
	log.SetOutput(io.Discard) // where net/http writes what a server sends unasked
	w := execwrap.Wrapper{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(w.Run(context.Background()))
}
