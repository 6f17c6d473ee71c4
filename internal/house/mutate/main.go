// Command mutate puts faults into packages and reports which of them the tests of
// the package do not find. It changes no file of the checkout:
//
//	go run ./internal/house/mutate [-min PERCENT] [-every N] [-skip TESTS] PACKAGE...
//
// A fault that makes the tests hang counts as found. One that does not compile does
// not count. The exit code is 1 if fewer than PERCENT of a package's faults are found.
//
// Gremlins, which does the same, makes no faults in the cases of a switch, which
// coverage profiles do not count, and counts a fault that does not compile as found.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	least := flag.Float64("min", 0, "fail where fewer percent of a package's faults are found")
	o := options{grace: 10 * time.Second}
	flag.IntVar(&o.every, "every", 1, "try only each Nth fault")
	flag.StringVar(&o.skip, "skip", "", "do not run these tests, a regular expression")
	flag.Parse()
	if flag.NArg() == 0 || o.every < 1 {
		flag.Usage()
		os.Exit(2)
	}
	failed := false
	for _, pattern := range flag.Args() {
		found, err := run(os.Stdout, pattern, o)
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", pattern, err)
			os.Exit(1)
		}
		if found < *least {
			fmt.Fprintf(os.Stderr, "mutate: %s: the tests find %.1f %% of the faults, and must find %g %%\n", pattern, found, *least)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
