// Command bench measures whole processes: bundle of this tree and of a recorded commit, in turns, against an embedded
// AWS in its own process. It prints ratios, which are comparable between machines, and the figures behind them.
//
//	go run ./internal/bench [-old COMMIT] [-peer DIR] [-runs N] [-only WORD] [-write FILE]
//	go run ./internal/bench -deployed [-write FILE]
//	go run ./internal/bench -opening [-write FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/whispering/bundle/internal/docpage"
)

// recorded is the commit that everything is compared with, so that results of different days are comparable.
const recorded = "767b0ab"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		exit(serve(ctx, os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "account" {
		exit(serveAccount(ctx, os.Args[2:]))
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
	write := flags.String("write", "", "the page to put everything into, and its picture beside it; not with -only")
	deployed := flags.Bool("deployed", false, "only bundle status --deployed, in large accounts at Lambda's quotas")
	openings := flags.Bool("opening", false, "only how a function of Python gets its secrets, by the helper and by a stand-in for the extension")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *deployed {
		table, err := measureDeployed(ctx, []account{{2000, 10, 40}, {500, 100, 500}})
		if err != nil || *write == "" {
			fmt.Print(table)
			return err
		}
		return docpage.Put(*write, "deployed", table)
	}
	if *openings {
		table, err := measureOpening(ctx, []int{1, 5, 20}, *runs)
		if err != nil || *write == "" {
			fmt.Print(table)
			return err
		}
		return docpage.Put(*write, "opening", table)
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
	page := b.table() + b.raw()
	var points []point
	if *only == "" {
		if points, err = b.curve(ctx); err != nil {
			return err
		}
		page += "\n![Time and calls of a first build by the number of parameters](performance.svg)\n\n" + curveHead + curveTable(points)
	}
	fmt.Print(page)
	if *write == "" || points == nil {
		return nil
	}
	drawing := strings.TrimSuffix(*write, ".md") + ".svg"
	if points, err = readCurve(page); err != nil { // rounded, as the test reads them
		return err
	}
	return errors.Join(docpage.Put(*write, "bench", page), os.WriteFile(drawing, []byte(drawn(points)), 0o644))
}
