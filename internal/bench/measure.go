package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A measure is one command in one world.
type measure struct {
	name  string
	world world
	args  []string
	alone bool                                 // the recorded commit does not know what the world has
	floor func(m map[string]int) time.Duration // from the calls that were made; nil for none
	peer  []string                             // what the other tool does beside it
}

func (m measure) named(part string) bool { return strings.Contains(m.name, part) }

const latency = 20 * time.Millisecond

// rounds returns the time of calls that are sent 32 at a time.
func rounds(calls int) time.Duration { return time.Duration((calls+31)/32) * latency }

// floor returns the minimum time of a first build: the account together with the keys, then reading from both stores at once, then
// sealing.
func floor(calls map[string]int) time.Duration {
	reading := max(rounds(calls["ssm:GetParameters"]), rounds(calls["secretsmanager:GetSecretValue"]))
	return latency + rounds(calls["kms:DescribeKey"]) + reading + rounds(calls["kms:Encrypt"])
}

// unchanged returns the minimum time of a build that seals nothing: the account beside the keys, then both stores at once.
func unchanged(calls map[string]int) time.Duration {
	looking := max(rounds(calls["ssm:GetParameters"]), rounds(calls["secretsmanager:DescribeSecret"]))
	return rounds(calls["kms:DescribeKey"]+calls["sts:GetCallerIdentity"]) + looking
}

// quota returns the minimum time of Parameter Store calls at 40 per second after a burst of 40.
func quota(calls map[string]int) time.Duration {
	return time.Duration(float64(calls["ssm:GetParameters"]-40) / 40 * float64(time.Second))
}

func measures(peer bool) []measure {
	build := func(more ...string) []string {
		return append([]string{"build", "--env", "local", "--out", "layer.zip", "--json"}, more...)
	}
	lifted := []string{"--ssm-tps", "0"}
	fresh := append([]string{"--previous", "none"}, lifted...)
	slow := func(secrets, functions int) world {
		return world{Secrets: secrets, Functions: functions, Latency: latency}
	}
	both := world{Secrets: 250, Managed: 250, Functions: 50, Latency: latency}
	many := world{Secrets: 5000, Managed: 5000, Functions: 500}
	paths := func(secrets int) world { return world{Secrets: secrets, Functions: 500, Paths: true} }
	all := []measure{
		{name: "version", args: []string{"version"}, peer: []string{"version"}},
		{name: "help", args: []string{"--help"}, peer: []string{"--help"}},
		{name: "first build, 200 × 20, 20 ms a call", world: slow(200, 20), args: build(fresh...), floor: floor},
		{name: "first build, 1,000 × 100, 20 ms a call", world: slow(1000, 100), args: build(fresh...), floor: floor, peer: []string{"export", "shop"}},
		{name: "unchanged build, 1,000 × 100, 20 ms a call", world: slow(1000, 100), args: build(lifted...), floor: unchanged},
		{name: "first build, 500 of both kinds × 50, 20 ms a call", world: both, args: build(fresh...), floor: floor, alone: true},
		{name: "unchanged build, 500 of both kinds × 50, 20 ms a call", world: both, args: build(lifted...), floor: unchanged, alone: true},
		{
			name: "first build, 1,000 × 100, at the quota", args: build("--previous", "none"), floor: quota,
			world: world{Secrets: 1000, Functions: 100, Latency: latency, Rate: 40, Burst: 40},
		},
		{name: "first build, 10,000 × 500", world: world{Secrets: 10000, Functions: 500}, args: build(fresh...)},
		{name: "unchanged build, 10,000 × 500", world: world{Secrets: 10000, Functions: 500}, args: build(lifted...)},
		{name: "unchanged build, 10,000 of both kinds × 500", world: many, args: build(lifted...), alone: true},
		{name: "validate, 10,000 × 500", world: world{Secrets: 10000, Functions: 500}, args: []string{"validate"}},
		{name: "first build, 1,000 below paths × 500", world: paths(1000), args: build(fresh...)},
		{name: "first build, 10,000 below paths × 500", world: paths(10000), args: build(fresh...)},
		{name: "first build, 50,000 below paths × 500", world: paths(50000), args: build(fresh...)},
		{
			name: "first build, a layer each for 40 functions, 20 ms a call", world: slow(120, 40),
			args: []string{"build", "--env", "local", "--out", "{function}.zip", "--json", "--previous", "none", "--ssm-tps", "0"},
		},
	}
	if !peer {
		for i := range all {
			all[i].peer = nil
		}
	}
	return all
}

// A bench is the runs so far.
type bench struct {
	dir      string
	programs map[string]string
	runs     int
	old      string
	rows     []row
}

// A row is the result of one measure: for each program, its runs in order.
type row struct {
	measure
	calls map[string]int // of this tree
	runs  map[string][]figure
}

// measure runs the programs in turns, so that other load on the machine affects all of them.
func (b *bench) measure(ctx context.Context, m measure) error {
	turns := []string{ours}
	if !m.alone {
		turns = append(turns, before)
	}
	if m.peer != nil {
		turns = append(turns, peers)
	}
	r := row{measure: m, runs: make(map[string][]figure)}
	worlds := make(map[string]*running)
	for _, who := range turns {
		w, err := m.prepare(ctx, filepath.Join(b.dir, fmt.Sprint(len(b.rows)), who))
		if err != nil {
			return err
		}
		defer w.stop()
		worlds[who] = w
	}
	for i := range b.runs + 1 {
		for _, who := range turns {
			f, err := timed(ctx, worlds[who], b.programs[who], m.argsOf(who)...)
			if err == nil && i > 0 { // the first warms the caches of the machine, and makes the layer that has not changed afterwards
				err = r.add(who, f)
			}
			if err != nil {
				return err
			}
		}
		if m.world.Rate > 0 {
			time.Sleep(time.Second) // until the bucket is full again
		}
	}
	b.rows = append(b.rows, r)
	fmt.Fprintf(os.Stderr, "%s\n", r.line())
	return nil
}

// prepare makes a folder for the runs of a program, and serves the world there if there is one.
func (m measure) prepare(ctx context.Context, dir string) (*running, error) {
	if m.world.Functions > 0 {
		return m.world.start(ctx, dir)
	}
	return &running{dir: dir, stop: func() {}}, os.MkdirAll(dir, 0o700)
}

func (m measure) argsOf(who string) []string {
	if who == peers {
		return m.peer
	}
	return m.args
}

// add keeps the figures of a run, and the calls of this tree's.
func (r *row) add(who string, f figure) (err error) {
	if who == ours && slices.Contains(r.args, "--json") {
		r.calls, err = calls(f.stdout)
	}
	f.stdout = nil
	r.runs[who] = append(r.runs[who], f)
	return err
}

// calls reads the calls of a run from its answer.
func calls(answer []byte) (map[string]int, error) {
	var a struct {
		Targets []struct {
			Result struct {
				Calls map[string]int `json:"aws_calls"`
			}
		}
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, err
	}
	if len(a.Targets) == 0 {
		return nil, errors.New("the answer has no targets")
	}
	all := make(map[string]int)
	for _, t := range a.Targets {
		for name, n := range t.Result.Calls {
			all[name] += n
		}
	}
	return all, nil
}

// median returns the median of figures.
func median(all []figure, of func(figure) float64) float64 {
	var values []float64
	for _, f := range all {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func wall(f figure) float64 { return f.wall }
func cpu(f figure) float64  { return f.cpu }
func most(f figure) float64 { return f.peak }

// ratio returns the median of the ratios of two programs, run by run.
func ratio(a, b []figure, of func(figure) float64) float64 {
	var values []float64
	for i := range a {
		values = append(values, of(a[i])/of(b[i]))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// list returns calls as text, the most frequent first.
func list(calls map[string]int) string {
	names := slices.SortedFunc(maps.Keys(calls), func(a, b string) int { return calls[b] - calls[a] })
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%d %s", calls[name], name))
	}
	return strings.Join(all, ", ")
}
