// Command bench measures whole processes: bundle of this tree and of a recorded commit, in turns, against an embedded
// AWS in its own process. It prints ratios, which are comparable between machines, and the figures behind them.
//
//	go run ./internal/bench [-old COMMIT] [-peer DIR] [-runs N] [-only WORD] [-write FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

// recorded is the commit that everything is compared with, so that results of different days are comparable.
const recorded = "767b0ab"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exit(serve(ctx, os.Args[2:]))
	}
	exit(run(ctx, os.Args[1:]))
}

func exit(err error) {
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	old := flags.String("old", recorded, "the commit to compare with")
	peer := flags.String("peer", "", "a folder with the source code of chamber, to compare with as well")
	runs := flags.Int("runs", 5, "how often each command runs")
	only := flags.String("only", "", "only the measures whose name contains this")
	write := flags.String("write", "", "the page to put the table into")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bundle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := buildAll(ctx, dir, *old, *peer)
	if err != nil {
		return err
	}
	b := &bench{dir: filepath.Join(dir, "work"), programs: programs, runs: *runs, old: *old}
	for _, m := range measures(*peer != "") {
		if !m.named(*only) {
			continue
		}
		if err := b.measure(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	table := b.table()
	fmt.Print(table)
	if *write == "" {
		return nil
	}
	return writePage(*write, table)
}
