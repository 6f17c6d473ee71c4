// Command bundle-exec is the exec wrapper in a layer. It opens the secrets of the
// function, adds them to the environment, and becomes the command in its arguments.
//
//	AWS_LAMBDA_EXEC_WRAPPER=/opt/bundle/exec
//
// It has no flags, so every argument belongs to the command. docs/runtime.md lists the
// variables that it reads and its exit codes.
package main

import (
	"context"
	"io"
	"log" //nolint:depguard // only net/http writes to it
	"os"

	"github.com/whispering/bundle/runtime/execwrap"
)

func main() {
	log.SetOutput(io.Discard) // net/http writes unsolicited responses there
	w := execwrap.Wrapper{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(w.Run(context.Background()))
}
