package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// Exit codes. They are part of the command's contract and the same in every
// mode of output; doc.go documents them.
const (
	exitDone        = 0
	exitFault       = 1
	exitUsage       = 2
	exitDifferences = 3
	exitAccess      = 4
	exitMissing     = 5
	exitUnavailable = 6
	exitIntegrity   = 7
	exitOutput      = 8
	exitSignal      = 128 // and the number of the signal
)

// An interruption is the cause of a context that a signal ended.
type interruption struct{ signal syscall.Signal }

func (i interruption) Error() string { return i.signal.String() }

// A usageError says that the command line is wrong, and what to write instead.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// usagef says what is wrong with the command line. Only the format makes lines.
func usagef(format string, args ...any) error {
	return &usageError{printable.Sprintf(format, args...)}
}

// usageLines says several things that are wrong, each in a line.
func usageLines(beginning string, all []error) error {
	var lines []string
	for _, err := range all {
		lines = append(lines, printable.Line(err.Error()))
	}
	return &usageError{beginning + strings.Join(lines, "\n")}
}

// A failure is a run that ended with problems.
type failure struct {
	problems  pipeline.Problems
	aftermath string // what to say besides their number
	told      bool   // the problems have been printed, each with its target
}

func (f *failure) Error() string { return fmt.Sprintf("%d problems", len(f.problems)) }

// A childExit passes on the status of a command that bundle ran.
type childExit struct{ code int }

func (e *childExit) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// errDifferences is how a command with --exit-code ends that found some.
var errDifferences = errors.New("there are differences")

// failed returns a failure, or nil if there is no problem.
func failed(problems pipeline.Problems) error {
	if len(problems) == 0 {
		return nil
	}
	return &failure{problems: problems, aftermath: "; nothing was written"}
}

// exitCode maps how a command ended to the status of the process.
func exitCode(ctx context.Context, err error) int {
	var signaled interruption
	var failure *failure
	var usage *usageError
	var child *childExit
	switch {
	case err == nil:
		return exitDone
	case errors.As(context.Cause(ctx), &signaled):
		return exitSignal + int(signaled.signal)
	case errors.Is(err, errDifferences):
		return exitDifferences
	case errors.As(err, &child):
		return child.code
	case errors.As(err, &failure):
		return problemsCode(failure.problems)
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFault
}

// problemsCode is the smallest code among the problems, but 6, try again,
// only where trying again would help with all of them.
func problemsCode(problems pipeline.Problems) int {
	var codes []int
	for _, p := range problems {
		if p.Kind != pipeline.Unavailable {
			codes = append(codes, kindCode(p.Kind))
		}
	}
	if len(codes) == 0 {
		return exitUnavailable
	}
	return slices.Min(codes)
}

func kindCode(k pipeline.Kind) int {
	switch k {
	case pipeline.Manifest:
		return exitUsage
	case pipeline.Access:
		return exitAccess
	case pipeline.Missing:
		return exitMissing
	case pipeline.Unavailable:
		return exitUnavailable
	case pipeline.Integrity:
		return exitIntegrity
	case pipeline.Output:
		return exitOutput
	}
	return exitFault
}
