package main

import (
	"context"
	"io"
	"io/fs"
	"log" //nolint:depguard // net/http writes to it; nothing of ours does
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/runtime/released"
)

func main() { os.Exit(start(released.Tables(), os.Stdout)) }

// start runs the command, which knows the helper files of the releases in
// tables, and returns the status to exit with.
func start(tables fs.FS, stdout io.Writer) int {
	harden()
	log.SetOutput(io.Discard) // where net/http writes what a server sends unasked
	if os.Getenv("GOGC") == "" {
		// A run is over in a second or two: collecting half as often costs
		// 30 MB with 10,000 secrets, and saves a sixth of the processor's time.
		debug.SetGCPercent(200)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		signal.Stop(signals) // a second one ends the process at once
		cancel(console.Interruption{Signal: s.(syscall.Signal)})
	}()
	a := newApp(&console.Console{
		Args: os.Args, Environ: os.Environ(), Stdin: os.Stdin, Stdout: printable.New(stdout), Stderr: printable.New(os.Stderr),
	}, tables)
	return a.run(ctx)
}
