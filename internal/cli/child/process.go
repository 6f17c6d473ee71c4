package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"

	"github.com/whispering/bundle/internal/cli/console"
)

// Run runs a program with the streams of this process, and waits until it ends. It
// passes signals on. The error is nil or a *console.ChildExit: the exit code of the
// program, 128 and the number of the signal that ended it, or those of notRun.
func Run(ctx context.Context, path string, argv, environ []string) error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedOn()...)
	defer signal.Stop(signals)
	if err := context.Cause(ctx); err != nil { // a signal before this
		return err
	}
	child := &exec.Cmd{Path: path, Args: argv, Env: environ, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := child.Start(); err != nil {
		return notRun(path, err)
	}
	ended := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case s := <-signals:
				if !fromTerminal(s) {
					_ = child.Process.Signal(s) // it may have ended
				}
			case <-ended:
				return
			}
		}
	}()
	err := child.Wait()
	close(ended)
	<-done
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return &console.ChildExit{Code: exitCode(exit.ProcessState)}
	}
	return err
}
