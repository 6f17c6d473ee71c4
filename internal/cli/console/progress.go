package console

import (
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// A Bar tells a person how far a run is: with a bar on a terminal, with
// one line per step elsewhere.
type Bar struct {
	mu   sync.Mutex
	w    *printable.Stream
	bar  *progressbar.ProgressBar // nil off a terminal
	done map[stretch]int
	all  map[stretch]int
}

// A stretch is a step of a target; of the only one where that has no name.
type stretch struct {
	target string
	step   pipeline.Step
}

func (s stretch) String() string {
	if s.target == "" {
		return string(s.step)
	}
	return s.target + ": " + string(s.step)
}

// NewBar returns a bar on standard error. It is drawn once a step begins.
func (c *Console) NewBar() *Bar {
	p := &Bar{w: c.Stderr, done: map[stretch]int{}, all: map[stretch]int{}}
	if Terminal(c.Stderr) > 0 && !c.CI() {
		p.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(c.Stderr.Screen()),
			progressbar.OptionEnableColorCodes(false),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(false),
		)
	}
	return p
}

// Progress implements pipeline.Observer.
func (p *Bar) Progress(step pipeline.Step, done, total int) {
	p.note(stretch{step: step}, done, total)
}

func (p *Bar) note(s stretch, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, begun := p.all[s]
	p.done[s], p.all[s] = done, total
	switch {
	case p.bar != nil:
		doneAll, all := 0, 0
		for s := range p.all {
			doneAll, all = doneAll+p.done[s], all+p.all[s]
		}
		p.bar.Describe(printable.Line(s.String()))
		p.bar.ChangeMax(all + 1) // never full before finish: a full bar is not drawn again
		_ = p.bar.Set(doneAll)
	case !begun:
		_ = p.w.Printf("bundle: %s (%d)\n", s, total)
	}
}

// Finish clears the bar.
func (p *Bar) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// Aside clears the bar for something else to be printed, until the next piece is
// done.
func (p *Bar) Aside(print func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	print()
}

// Of is the bar as it shows one of several targets.
func (p *Bar) Of(target string) Part { return Part{p, target} }

// A Part is the progress of one of several targets.
type Part struct {
	*Bar
	target string
}

// Progress implements pipeline.Observer.
func (p Part) Progress(step pipeline.Step, done, total int) {
	p.note(stretch{p.target, step}, done, total)
}

// Finish does nothing: the others go on.
func (p Part) Finish() {}
