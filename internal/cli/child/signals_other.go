//go:build !unix

package child

import "os"

// passedOn returns the signals that do not end this process while a program runs.
func passedOn() []os.Signal { return []os.Signal{os.Interrupt} }

// fromTerminal reports whether the program got a signal itself: on Windows, the
// console sends Ctrl-C to all its processes.
func fromTerminal(os.Signal) bool { return true }

func exitCode(p *os.ProcessState) int { return p.ExitCode() }
