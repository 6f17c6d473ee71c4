package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline/problem"
)

// Exit codes. They are part of bundle's interface, and are the same in every output
// mode. doc.go documents them.
const (
	ExitDone        = 0
	ExitFault       = 1
	ExitUsage       = 2
	exitDifferences = 3
	ExitAccess      = 4
	exitMissing     = 5
	exitUnavailable = 6
	ExitIntegrity   = 7
	ExitOutput      = 8
	exitPartial     = 9
	exitSignal      = 128 // plus the number of the signal
)

// An Interruption is the cause of a context that a signal ended.
type Interruption struct{ Signal syscall.Signal }

func (i Interruption) Error() string { return i.Signal.String() }

// A UsageError says what is wrong with the command line, and what to write instead.
type UsageError struct {
	Text string
	See  string // where to read on, "" for nowhere: a line of its own, and not for programs
}

func (e *UsageError) Error() string { return e.Text }

// Usagef returns a UsageError. Only the format can break lines.
func Usagef(format string, args ...any) error {
	return &UsageError{Text: printable.Sprintf(format, args...)}
}

// usageOf is Usagef for a command whose help has the answer.
func usageOf(command, format string, args ...any) error {
	return &UsageError{Text: printable.Sprintf(format, args...), See: fmt.Sprintf("See %s --help.", command)}
}

// usages returns the usage errors that an error joins, or the error itself if it is one.
func usages(err error) []*UsageError {
	var joined interface{ Unwrap() []error }
	var usage *UsageError
	var all []*UsageError
	switch {
	case errors.As(err, &joined):
		for _, one := range joined.Unwrap() {
			all = append(all, usages(one)...)
		}
	case errors.As(err, &usage):
		all = append(all, usage)
	}
	return all
}

// UsageLines returns a UsageError with several errors, one per line.
func UsageLines(beginning string, all []error) error {
	var lines []string
	for _, err := range all {
		lines = append(lines, printable.Line(err.Error()))
	}
	return &UsageError{Text: beginning + strings.Join(lines, "\n")}
}

// A Failure is a run that ended with problems.
type Failure struct {
	Problems        problem.Problems
	Aftermath       string // printed after their number
	AlreadyReported bool   // the problems were printed with their targets
}

func (f *Failure) Error() string { return fmt.Sprintf("%d problems", len(f.Problems)) }

// A ChildExit passes on the status of a command that bundle ran, or would have run.
type ChildExit struct {
	Code   int
	Reason string // why it was not run; "" if it was
}

func (e *ChildExit) Error() string {
	if e.Reason != "" {
		return e.Reason
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// ErrDifferences is the error of a command with --exit-code that found differences.
var ErrDifferences = errors.New("there are differences")

// nothingWritten is printed about a run that failed, unless its command never writes.
const nothingWritten = "; nothing was written"

// OnlyLooks is the Category of a command that writes nothing, neither files nor in AWS, and of bundle run and bundle policy,
// whose --split writes policies.
const OnlyLooks = "only looks"

// Failed returns a failure, or nil if there is no problem.
func Failed(problems problem.Problems) error {
	if len(problems) == 0 {
		return nil
	}
	return &Failure{Problems: problems, Aftermath: nothingWritten}
}

// Refuse returns the failure of a run with one problem, at a place in the manifest or
// at none.
func Refuse(kind problem.Kind, at *hcl.Range, summary, format string, args ...any) error {
	return Failed(problem.Problems{problem.New(kind, at, summary, fmt.Sprintf(format, args...))})
}

// ProblemsOf turns the error that ended a run, or the work on a target, into problems.
func ProblemsOf(err error) problem.Problems {
	var failure *Failure
	var usage *UsageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure):
		return failure.Problems
	case errors.As(err, &usage):
		var all problem.Problems
		for _, usage := range usages(err) {
			all = append(all, problem.New(problem.Manifest, nil, "Wrong command line", strings.ReplaceAll(usage.Text, "\n", "; ")))
		}
		return all
	}
	return problem.Problems{problem.New(problem.Fault, nil, "Unexpected error", err.Error())}
}

// exitCode returns the exit code for the error of a command.
func exitCode(ctx context.Context, err error) int {
	var signaled Interruption
	var failure *Failure
	var usage *UsageError
	var child *ChildExit
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &child): // also after a signal, which the command may have handled
		return child.Code
	case errors.As(context.Cause(ctx), &signaled):
		return exitSignal + int(signaled.Signal)
	case errors.Is(err, ErrDifferences):
		return exitDifferences
	case errors.As(err, &failure):
		return problemsCode(failure.Problems)
	case errors.As(err, &usage):
		return ExitUsage
	}
	return ExitFault
}

// problemsCode returns the smallest code of the problems, but 6 (try again) only if
// trying again would help with all of them, and 9 whenever a run has written a part.
func problemsCode(problems problem.Problems) int {
	var codes []int
	for _, p := range problems {
		if p.Kind == problem.Partial {
			return exitPartial
		}
		if p.Kind != problem.Unavailable {
			codes = append(codes, kindCode(p.Kind))
		}
	}
	if len(codes) == 0 {
		return exitUnavailable
	}
	return slices.Min(codes)
}

func kindCode(k problem.Kind) int {
	switch k {
	case problem.Manifest:
		return ExitUsage
	case problem.Access:
		return ExitAccess
	case problem.Missing:
		return exitMissing
	case problem.Unavailable:
		return exitUnavailable
	case problem.Integrity:
		return ExitIntegrity
	case problem.Output:
		return ExitOutput
	case problem.Partial:
		return exitPartial
	}
	return ExitFault
}
