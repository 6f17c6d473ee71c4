package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/whispering/bundle/pipeline"
)

// A progress tells a person how far a run is: with a bar on a terminal, with
// one line per step elsewhere.
type progress struct {
	mu   sync.Mutex
	w    io.Writer
	bar  *progressbar.ProgressBar // nil off a terminal
	done map[pipeline.Step]int
	all  map[pipeline.Step]int
}

func (a *app) newProgress() *progress {
	p := &progress{w: a.stderr, done: map[pipeline.Step]int{}, all: map[pipeline.Step]int{}}
	if terminal(a.stderr) > 0 && !a.ci() {
		p.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(a.stderr),
			progressbar.OptionEnableColorCodes(false),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(false),
		)
	}
	return p
}

// Progress implements pipeline.Observer.
func (p *progress) Progress(step pipeline.Step, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, begun := p.all[step]
	p.done[step], p.all[step] = done, total
	switch {
	case p.bar != nil:
		doneAll, all := 0, 0
		for s := range p.all {
			doneAll, all = doneAll+p.done[s], all+p.all[s]
		}
		p.bar.Describe(string(step))
		p.bar.ChangeMax(all + 1) // never full before finish: a full bar is not drawn again
		_ = p.bar.Set(doneAll)
	case !begun:
		fmt.Fprintf(p.w, "bundle: %s (%d)\n", step, total)
	}
}

// finish clears the bar.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
