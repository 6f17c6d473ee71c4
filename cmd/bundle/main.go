package main

import (
	"context"
	"io"
	"io/fs"
	"log" //nolint:depguard // only net/http writes to it
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/whispering/bundle/internal/cli/console"
	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/runtime/released"
)

func main() { os.Exit(start(released.Tables(), os.Stdout)) }

// endings returns the signals that end a run, which then cleans up and writes its --report. Under nohup, SIGHUP is ignored.
func endings() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// start runs bundle with the tables of the helper files of releases, and returns the
// exit code.
func start(tables fs.FS, stdout io.Writer) int {
	harden()
	log.SetOutput(io.Discard) // net/http writes unsolicited responses there
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400) // until 16 MB are in use; target.Sparing goes on from there
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endings()...)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals) // a second signal ends the process at once
			cancel(console.Interruption{Signal: s.(syscall.Signal)})
		case <-ended:
		}
	}()
	a := newApp(&console.Console{
		Args: os.Args, Environ: os.Environ(), Stdin: os.Stdin, Stdout: printable.New(stdout), Stderr: printable.New(os.Stderr),
	}, tables)
	return a.run(ctx)
}
