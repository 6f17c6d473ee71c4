package console

import (
	"io"
	"slices"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/whispering/bundle/internal/printable"
	"github.com/whispering/bundle/pipeline"
)

// A Bar shows the progress of a run: as a bar on a terminal, and as one line per step
// elsewhere.
type Bar struct {
	mu      sync.Mutex
	w       *printable.Stream
	bar     *progressbar.ProgressBar // nil off a terminal
	targets int                      // of the run
	done    map[string]parts         // by target; "" for the only one
	shown   int                      // thousandths
}

// parts are the steps of a target that have begun, and how much of each is done: 1 for all.
type parts map[pipeline.Step]float64

// whole returns how much of a target is done, from 0 to 1. All steps count the same, because the number of calls in later
// steps is unknown. A step that a run left out counts as done.
func (p parts) whole() float64 {
	steps := pipeline.Steps()
	done, later := 0.0, false
	for _, step := range slices.Backward(steps) {
		part, begun := p[step]
		switch {
		case begun:
			done, later = done+part, true
		case later:
			done++
		}
	}
	return done / float64(len(steps))
}

// NewBar returns a bar on standard error for a run with the given number of targets. It is drawn when a step begins.
func (c *Console) NewBar(targets int) *Bar {
	p := &Bar{w: c.Stderr, targets: targets, done: map[string]parts{}}
	if Terminal(c.Stderr) > 0 && !c.CI() && c.Getenv("TERM") != "dumb" {
		p.bar = progressbar.NewOptions(1000,
			progressbar.OptionSetWriter(c.Stderr.Screen()),
			progressbar.OptionEnableColorCodes(false),
			// Without these, the bar is cleared with as many spaces as its widest frame had. They would fill several lines
			// of a terminal that has been made narrower since.
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(false),
		)
	}
	return p
}

// NewQuietBar is NewBar for one target of a command whose own output matters: where no bar is drawn, nothing is printed.
func (c *Console) NewQuietBar() *Bar {
	p := c.NewBar(1)
	if p.bar == nil {
		p.w = printable.New(io.Discard)
	}
	return p
}

// Progress implements pipeline.Observer.
func (p *Bar) Progress(step pipeline.Step, done, total int) { p.note("", step, done, total) }

func (p *Bar) note(target string, step pipeline.Step, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := p.take(target, step, done, total)
	said := string(step)
	if target != "" {
		said = target + ": " + said
	}
	switch {
	case p.bar != nil:
		said, width := layout(columns(p.w), printable.Line(said))
		if width < 1 {
			_ = p.bar.Clear()
			return
		}
		progressbar.OptionSetWidth(width)(p.bar)
		p.bar.Describe(said)
		_ = p.bar.Set(p.thousandths())
	case !begun:
		_ = p.w.Printf("bundle: %s (%d)\n", said, total)
	}
}

// take takes in a step's progress, and reports whether the step had begun before.
func (p *Bar) take(target string, step pipeline.Step, done, total int) (begun bool) {
	if p.done[target] == nil {
		p.done[target] = parts{}
	}
	_, begun = p.done[target][step]
	p.done[target][step] = 1 // if there is nothing to do
	if total > 0 {
		p.done[target][step] = float64(done) / float64(total)
	}
	return begun
}

// thousandths is how much of the run is done. It never falls, and never is 1,000: a full bar is not drawn again.
func (p *Bar) thousandths() int {
	sum := 0.0
	for _, parts := range p.done {
		sum += parts.whole()
	}
	p.shown = max(p.shown, min(int(1000*sum/float64(max(p.targets, 1))), 990))
	return p.shown
}

// layout is what a bar says in so many columns, and how wide it is. A name without room is cut, or left out. The width is
// less than 1 if there is no room for a bar.
func layout(columns int, said string) (string, int) {
	const (
		most, least = 24, 8 // of the bar
		readable    = 12    // of a name that is cut
		beside      = 10    // the percentage, the ends of the bar, spaces
	)
	room := columns - beside - 1 // a line that is full would wrap on some terminals
	letters := []rune(said)
	switch {
	case len(letters) <= room-least:
	case room-least < readable:
		letters = nil
	default:
		letters = append(letters[:room-least-1], '…')
	}
	return string(letters), min(most, room-len(letters))
}

// Finish clears the bar.
func (p *Bar) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// Aside clears the bar while print prints something else.
func (p *Bar) Aside(print func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	print()
}

// Of returns the progress of one of several targets.
func (p *Bar) Of(target string) Part { return Part{p, target} }

// A Part is the progress of one of several targets.
type Part struct {
	*Bar
	target string
}

// Progress implements pipeline.Observer.
func (p Part) Progress(step pipeline.Step, done, total int) {
	p.note(p.target, step, done, total)
}

// Finish does nothing: the other targets continue.
func (p Part) Finish() {}
