// Package goroutines lets tests find goroutines that were started and not ended.
package goroutines

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// module is in the name of every function of this repository.
const module = "github.com/whispering/bundle/"

// patience is how long Left waits for goroutines that are about to end.
const patience = 3 * time.Second

// Left returns the stacks of all goroutines but the caller's that run a function of
// this repository, or were started by one. It waits up to three seconds for them to
// end. Goroutines of others, such as those of idle connections, and unstoppable ones
// do not count.
func Left() []string { return after(patience) }

func after(patience time.Duration) []string {
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		left := now()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}

func now() (left []string) {
	stacks := make([]byte, 1<<16)
	for {
		n := runtime.Stack(stacks, true)
		if n < len(stacks) {
			stacks = stacks[:n]
			break
		}
		stacks = make([]byte, 2*len(stacks))
	}
	for i, stack := range strings.Split(string(stacks), "\n\n") {
		if i > 0 && strings.Contains(stack, module) && !isUnstoppable(stack) { // the first is the caller's
			left = append(left, stack)
		}
	}
	return left
}

// isUnstoppable reports whether nothing can end a goroutine: one in which the AWS SDK
// gets credentials, which goes on after its caller has given up until the call has its
// own timeout, or one in which it reads a file that may be a pipe.
func isUnstoppable(stack string) bool {
	return strings.Contains(stack, "github.com/aws/aws-sdk-go-v2/internal/sync/singleflight.") || strings.Contains(stack, module+"internal/awsclient.load.func")
}

// Main is for TestMain: it runs the tests of a package, and returns the exit code.
// Tests that leave goroutines behind have failed; their stacks are written to stderr.
func Main(tests interface{ Run() int }, stderr io.Writer) int { return run(tests, patience, stderr) }

func run(tests interface{ Run() int }, patience time.Duration, stderr io.Writer) int {
	code := tests.Run()
	if left := after(patience); len(left) > 0 && code == 0 {
		_, _ = fmt.Fprintf(stderr, "%d goroutines are left after all tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		return 1
	}
	return code
}
